"""Profiles of variances and of logarithms beside lme4's varianceProf and logProf, and what a change keeps."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from tests.support.places import REFERENCE

import mixedmodels as mm
from mixedmodels.inference.profile.record import Profile
from mixedmodels.r import confint, logProf, varianceProf

FORMULAS = {
    "Dyestuff": "Yield ~ 1 + (1 | Batch)",
    "Pastes": "strength ~ 1 + (1 | batch) + (1 | sample)",
    "sleepstudy": "Reaction ~ Days + (Days || Subject)",
}


@lru_cache
def reference() -> dict[str, Any]:
    return dict(json.loads((REFERENCE / "profile" / "scales.json").read_text()))


@lru_cache
def fitted(name: str) -> mm.MixedModel:
    return mm.lmer(FORMULAS[name], mm.datasets.load(name), REML=False)


@lru_cache
def profiled(name: str) -> Profile:
    return fitted(name).profile(signames=True)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("scale", ["variance", "log", "sigma"])
def test_limits_are_those_of_lme4(name: str, scale: str) -> None:
    old = profiled(name)
    made = logProf(old, base=2) if scale == "log" else varianceProf(old, ranef=scale != "sigma")
    ours, theirs = confint(made), reference()[name][scale]
    assert made.names == tuple(theirs)
    for row, (low, high) in theirs.items():
        if (row, scale) == (".lsig02", "log") and name == "Pastes":
            low = -np.inf  # lme4 has the limit 0 of the standard deviation here
        # lme4's splines miss zeta between their points by some 1e-4.
        got = ours.row(row)
        np.testing.assert_allclose([got["conf_low"], got["conf_high"]], [low, high], rtol=3e-4)


def test_zeta_stays_and_limits_are_transformed() -> None:
    fit = mm.lmer("Reaction ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy"))
    plain, squared = fit.profile(points=3), fit.profile(points=3, scale="variance")
    assert squared.names[:4] == (
        "var_(Intercept)|Subject",
        "var_Days|Subject",
        "cor_Days.(Intercept)|Subject",
        "sigma^2",
    )
    ours, before = squared.confint(), plain.confint()
    power = np.array([2, 2, 1, 2, 1, 1])
    for side in ("conf_low", "conf_high"):
        np.testing.assert_allclose(ours[side], before[side] ** power, rtol=1e-12)  # a correlation is not squared
    sd = np.array([20.0, 25, 30])
    np.testing.assert_allclose(squared.zeta("sigma^2")(sd**2), plain.zeta("sigma")(sd), rtol=1e-12)
    np.testing.assert_allclose(squared.zeta(0).inverse([-1, 1]), plain.zeta(0).inverse([-1, 1]) ** 2, rtol=1e-12)
    table, old = squared.to_frame(), plain.to_frame()
    np.testing.assert_allclose(table["sigma^2"], old["sigma"] ** 2, rtol=1e-12)
    np.testing.assert_allclose(table["Days"], old["Days"], rtol=1e-12)


@pytest.mark.parametrize("scale", ["variance", "log"])
def test_a_density_has_its_mass_on_every_scale(scale: str) -> None:
    made = profiled("sleepstudy").on_scale(scale)
    plain = profiled("sleepstudy").density(".sigma", 2001)
    density = made.density(made.names[2], 2001)
    for table in (plain, density):
        mass = np.trapezoid(table["density"], table["value"])
        assert mass == pytest.approx(1, abs=2e-3)  # the tails beyond the cut-off


def test_limits_by_confint() -> None:
    fit = fitted("Dyestuff")
    limits = fit.confint("sigma", scale="variance")
    assert list(limits.names) == ["sigma^2"]
    np.testing.assert_allclose(limits["conf_low"], fit.confint("sigma")["conf_low"] ** 2, rtol=1e-12)
    theta = fit.confint("theta_", scale="theta")
    assert list(theta.names) == ["theta_(Intercept)|Batch", "sigma"]
    glmm = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", mm.datasets.load("cbpp"), "binomial")
    sd, logs = glmm.confint("theta_")["conf_high"], glmm.confint("theta_", scale="log")
    np.testing.assert_allclose(logs["conf_high"], np.log(sd), rtol=1e-12)
    restricted = mm.lmer(FORMULAS["Dyestuff"], mm.datasets.load("Dyestuff")).confint(scale="variance", criterion="REML")
    assert list(restricted.names) == ["var_(Intercept)|Batch", "sigma^2"]


def test_what_is_no_scale_is_refused() -> None:
    fit, made = fitted("Dyestuff"), profiled("Dyestuff")
    with pytest.raises(mm.DataError, match=r"scale must be one of .*'squared'"):
        fit.profile(scale="squared")
    with pytest.raises(mm.DataError, match=r"scale must be one of .*'squared'"):
        fit.confint(scale="squared")
    with pytest.raises(mm.DataError, match="profile limits of a mixed model"):
        fit.confint(scale="variance", method="wald")
    with pytest.raises(mm.DataError, match="another scale already"):
        made.on_scale("log").on_scale("variance")
    with pytest.raises(mm.DataError, match="base is 1"):
        made.on_scale("log", base=1)
    assert made.on_scale("sdcor") is made
