"""Coefficients as ratios, and all parameters in one table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.support.places import REFERENCE

import mixedmodels as mm

CBPP = mm.datasets.load("cbpp")
MODELS: dict[str, Any] = {
    "logit": lambda: mm.glm("cbind(incidence, size - incidence) ~ period", CBPP, "binomial"),
    "counts": lambda: mm.glm("incidence ~ period + offset(log(size))", CBPP, "poisson"),
    "nights": lambda: mm.lmer("log(Reaction) ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy")),
}


@pytest.mark.parametrize("name", MODELS)
def test_ratios_are_those_of_r(name: str) -> None:
    expected = pd.read_csv(REFERENCE / "tidy" / "exponentiated.csv").query("model == @name")
    model = MODELS[name]()
    how = {"ddf": "asymptotic"} if name == "nights" else {}
    table = model.tidy(exponentiate=True, conf_int=True, **how)
    plain = model.tidy(conf_int=True, **how)
    assert table["term"].tolist() == expected["term"].tolist()
    for column in ("estimate", "std_error", "conf_low", "conf_high"):
        # lme4's optimiser stops a little before the optimum: at standard errors that differ in the sixth digit.
        np.testing.assert_allclose(table[column], expected[column], rtol=2e-5 if name == "nights" else 2e-6)
    for column in ("statistic", "p_value"):
        np.testing.assert_array_equal(table[column], plain[column])


@pytest.mark.parametrize(
    ("formula", "family", "exponentiated"),
    [
        ("incidence / size ~ period", mm.families.Binomial(link="cloglog"), np.exp),
        ("log2(size) ~ period", None, np.exp2),
        ("log10(size + 1) ~ period", None, lambda b: 10.0**b),
    ],
)
def test_each_logarithm_has_its_base(formula: str, family: Any, exponentiated: Any) -> None:
    model = (
        mm.lm(formula, CBPP) if family is None else mm.glm(formula, CBPP, family, weights="size")
    )  # a shifted logarithm: ratios of size + 1
    table, b = model.tidy(exponentiate=True), np.asarray(model.fixef())
    np.testing.assert_allclose(table["estimate"], exponentiated(b), rtol=1e-12)
    step = 1e-6
    slope = (exponentiated(b + step) - exponentiated(b - step)) / (2 * step)
    np.testing.assert_allclose(table["std_error"], slope * np.sqrt(np.diag(model.vcov())), rtol=1e-8)


def test_only_fixed_effects_are_ratios() -> None:
    gm = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", CBPP, "binomial")
    table = gm.tidy("all", exponentiate=True)
    assert table["effect"].tolist() == ["fixed"] * 4 + ["ran_pars"]
    assert table["term"].tolist()[-1] == "sd_(Intercept)|herd"
    assert table["estimate"].iloc[-1] == gm.tidy("ran_pars")["estimate"].iloc[0]
    np.testing.assert_allclose(table["estimate"][:4], np.exp(np.asarray(gm.fixef())), rtol=1e-14)
    with pytest.raises(mm.DataError, match="add 'fixed' to effects"):
        gm.tidy("ran_vals", exponentiate=True)


def test_what_is_no_logarithm_is_refused(fit: mm.MixedModel) -> None:
    with pytest.raises(mm.DataError, match="on the identity link are none; leave it out, or fit a log or logit"):
        fit.tidy(exponentiate=True)
    with pytest.raises(mm.DataError, match="on the probit link"):
        mm.glm("incidence / size ~ 1", CBPP, "binomial(probit)", weights="size").tidy(exponentiate=True)
    with pytest.raises(mm.DataError, match="on the identity link"):
        mm.lm("sqrt(size) ~ period", CBPP).tidy(exponentiate=True)


def test_all_are_the_parameters_of_the_model(fit: mm.MixedModel) -> None:
    pd.testing.assert_frame_equal(fit.tidy("all"), fit.tidy(("fixed", "ran_pars")))
    with_modes = fit.tidy(("all", "ran_vals", "fixed"))
    assert list(dict.fromkeys(with_modes["effect"])) == ["fixed", "ran_pars", "ran_vals"]
    assert len(with_modes) == 2 + 4 + 36
