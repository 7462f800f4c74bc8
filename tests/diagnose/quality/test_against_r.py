"""ICC and R2 against performance and MuMIn on stored values; where they differ from each other, which one this is.

Tolerances: the optimisers of lme4 and glmmTMB stop where theta is good to about 1e-5, and variances follow.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support.quality_reference import cases, fitted, reference

CLOSE: dict[str, Any] = {"rel": 2e-4, "abs": 1e-7}
# insight takes one of several terms of a group only, so that performance's figures of (x || g) are too small.
ONE_TERM_ONLY = "uncorrelated"
# MuMIn counts random effects with a level per row as likeness within groups.
EXTRA = "overdispersed"


def case(name: str) -> Any:
    return reference()["cases"][name]


def like_performance(name: str) -> dict[str, str]:
    """Options that make these figures those of performance 0.10."""
    if name == "Gamma":
        return {"approximation": "delta"}
    return {"per": "unit"} if case(name)["kind"] == "lmer" else {"mean": "intercept"}


@pytest.mark.parametrize("name", [n for n in cases(mixed=True) if n != ONE_TERM_ONLY])
def test_icc_and_r2_are_those_of_performance(name: str) -> None:
    expected, fit, options = case(name), fitted(name), like_performance(name)
    icc, r2 = fit.icc(**options), fit.r2(**options)
    assert icc.adjusted == pytest.approx(expected["icc"]["ICC_adjusted"], **CLOSE)
    assert icc.unadjusted == pytest.approx(expected["icc"]["ICC_unadjusted"], **CLOSE)
    assert r2.marginal == pytest.approx(expected["r2"]["R2_marginal"], **CLOSE)
    assert r2.conditional == pytest.approx(expected["r2"]["R2_conditional"], **CLOSE)


@pytest.mark.parametrize("name", [n for n in cases(mixed=True) if "slopes" not in n and n != ONE_TERM_ONLY])
def test_groups_and_levels_are_those_of_performance(name: str) -> None:
    """With random slopes performance takes the intercept's variance alone, and says that this is inaccurate."""
    expected, fit, options = case(name), fitted(name), like_performance(name)
    found = fit.icc(by_group=True, **options)
    for group, value in zip(found.names, found["icc"], strict=True):
        assert value == pytest.approx(expected["icc_by_group"][group], **CLOSE)
    # Of (1 | a:b) performance looks for a and for b, and finds nothing.
    levels = {"within" if k == "Level 1" else k: v for k, v in expected.get("r2_by_group", {}).items()}
    table = fit.r2(by_group=True, **options)
    for level, value in zip(table.names, table["r2"], strict=True):
        if name == EXTRA and level in ("within", "INDEX"):
            continue  # performance counts (1 | INDEX) as residual variance in one model and as a group in the table
        if levels.get(level) is not None:
            assert value == pytest.approx(levels[level], rel=2e-3, abs=1e-4)


@pytest.mark.parametrize("name", [n for n in cases() if "mumin" in case(n) and n not in ("trials", "offset")])
def test_r2_is_that_of_mumin(name: str) -> None:
    fit = fitted(name)
    for approximation, expected in case(name)["mumin"].items():
        given = {} if case(name)["kind"] in ("lmer", "lm") else {"approximation": approximation}
        r2 = fit.r2("nakagawa", per="unit", **given)
        # MuMIn approximates the marginal mean of a proportion, which matters to the delta method only.
        close = {"rel": 1e-2} if approximation == "delta" and fit.family.support == "proportion" else CLOSE
        assert r2.marginal == pytest.approx(expected["R2m"], **close)
        if name == EXTRA:
            shares = fit.variance_partition(approximation=approximation)
            assert r2.conditional + shares.row("(1 | INDEX)")["share"] == pytest.approx(expected["R2c"], **CLOSE)
        elif "conditional" in r2:
            assert r2.conditional == pytest.approx(expected["R2c"], **close)


def test_proportions_of_several_trials() -> None:
    """MuMIn's R2 is of a proportion of the mean number of trials; per="row" takes the mean of 1 / trials instead."""
    fit, expected = fitted("trials"), case("trials")["mumin"]
    trials = np.asarray(fit._prior_weights())
    of = fit.variance_partition()
    fixed, among, residual = of["variance"]
    per_proportion = residual / trials.mean()
    assert fixed / (fixed + among + per_proportion) == pytest.approx(expected["theoretical"]["R2m"], **CLOSE)
    row = fit.variance_partition(per="row").row("residual")["variance"]
    assert row == pytest.approx(residual * np.mean(1 / trials), rel=1e-12)


def test_offset_counts_in_the_mean() -> None:
    """Performance takes the mean of counts where the offset is 0, at an exposure of 1, however large exposures are."""
    fit, expected = fitted("offset"), case("offset")
    observed = fit.icc(mean="observed").adjusted
    assert fit.icc().adjusted == pytest.approx(observed, rel=0.02)
    assert fit.r2().marginal == pytest.approx(expected["mumin"]["lognormal"]["R2m"], rel=5e-3)
    assert observed > 1.5 * expected["icc"]["ICC_adjusted"]


def test_r2_of_models_without_random_effects() -> None:
    for name, figure in (("lm", "r2"), ("lm_weighted", "r2")):
        found, expected = fitted(name).r2(), case(name)["r2"]
        assert found[figure] == pytest.approx(expected["R2"], rel=1e-10)
        assert found["r2_adjusted"] == pytest.approx(expected["R2_adjusted"], rel=1e-10)
    assert fitted("glm_logit").r2()["tjur"] == pytest.approx(case("glm_logit")["r2"]["R2_Tjur"], rel=1e-8)
    for name in ("glm_probit", "glm_poisson"):
        assert fitted(name).r2()["nagelkerke"] == pytest.approx(case(name)["r2"]["R2_Nagelkerke"], rel=1e-8)
    expected = case("glm_logit")["mcfadden"]
    found = fitted("glm_logit").r2("mcfadden")
    assert found["mcfadden"] == pytest.approx(expected["R2"], rel=1e-8)
    # Performance subtracts 1 from the log-likelihood, however many coefficients there are.
    null = (found["mcfadden"] - expected["R2_adjusted"]) ** -1
    assert found["mcfadden_adjusted"] == pytest.approx(found["mcfadden"] - 3 / null, rel=1e-6)


@pytest.mark.parametrize("name", [n for n in cases() if "lr" in case(n)])
def test_likelihood_ratio_r2_is_that_of_mumin(name: str) -> None:
    found, expected = fitted(name).r2("lr"), case(name)["lr"]
    assert found["lr"] == pytest.approx(expected["lr"], rel=1e-8)
    assert found["lr_adjusted"] == pytest.approx(expected["adjusted"], rel=1e-8)
