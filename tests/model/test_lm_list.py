"""Separate models of groups against lme4's lmList on stored values, and groups that cannot be fitted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.support.model_tables import reference

import mixedmodels as mm
from mixedmodels import r


@pytest.mark.parametrize("name", ["sleep", "own", "cake"])
def test_against_lme4(name: str) -> None:
    case = reference("lm_list")[name]
    found = mm.lm_list(case["formula"], mm.datasets.load(case["data"]), pool=case.get("pool", True))
    assert found.levels == tuple(case["levels"])
    assert found.terms == tuple(case["terms"])
    assert np.asarray(found.coef()) == pytest.approx(np.array(case["coef"]), rel=1e-9)
    table, limits = found.summary(), found.confint()
    assert table["std_error"] == pytest.approx(np.ravel(case["std_error"]), rel=1e-9)
    assert table["p_value"] == pytest.approx(np.ravel(case["p_value"]), rel=1e-7)
    assert limits["conf_low"] == pytest.approx(np.ravel(case["low"]), rel=1e-9, abs=1e-9)
    assert limits["conf_high"] == pytest.approx(np.ravel(case["high"]), rel=1e-9, abs=1e-9)
    assert found.loglik == pytest.approx(case["loglik"], rel=1e-10)
    if "pool" not in case:
        assert found.pooled_sd == pytest.approx(case["pooled_sd"], rel=1e-10)
        assert found.df_residual == case["df_residual"]


def test_models_are_those_of_the_groups() -> None:
    sleep = mm.datasets.load("sleepstudy")
    found = mm.lm_list("Reaction ~ Days | Subject", sleep)
    alone = mm.lm("Reaction ~ Days", sleep[sleep["Subject"] == "308"])
    assert dict(found["308"].fixef()) == pytest.approx(dict(alone.fixef()))
    assert len(found) == 18
    whole = mm.lmer("Reaction ~ Days + (Days | Subject)", sleep)
    # Balanced data: the mean of separate lines is the mixed model's line.
    assert found.fixef() == pytest.approx(dict(whole.fixef()), rel=1e-6)
    tidy = found.tidy()
    assert list(tidy.columns[:2]) == ["Subject", "term"]
    assert len(tidy) == 36
    assert "pooled residual standard deviation: 25.59" in repr(found)
    with pytest.raises(mm.UnknownColumnError, match="no level 'x'"):
        found["x"]
    assert r.lmList("Reaction ~ Days | Subject", sleep).pooled_sd == found.pooled_sd


def test_weights_offsets_and_subsets_go_with_their_rows() -> None:
    sleep = mm.datasets.load("sleepstudy").assign(w=lambda d: 1 + d["Days"] % 4 / 2)
    found = mm.lm_list("Reaction ~ Days | Subject", sleep, weights="w", subset="Days > 1", offset="2 * Days")
    part = sleep[(sleep["Subject"] == "310") & (sleep["Days"] > 1)]
    alone = mm.lm("Reaction ~ Days", part, weights="w", offset="2 * Days")
    assert found["310"].rsquared == pytest.approx(alone.rsquared)
    total = sum(m._fit.rss for m in found.values())
    assert found.pooled_sd == pytest.approx(np.sqrt(total / (18 * 6)))


def test_groups_that_cannot_be_fitted_are_told() -> None:
    table = pd.DataFrame({"y": [1.0, 2, 4, 3, 5, np.nan, np.nan], "x": [0.0, 1, 2, 0, 1, 0, 1], "g": list("aaabbcc")})
    with pytest.warns(mm.MixedModelsWarning, match="1 of 3 groups could not be fitted; c"):
        found = mm.lm_list("y ~ x | g", table)
    assert list(found) == ["a", "b"]
    assert np.isnan(np.asarray(found.coef())[2]).all()
    assert found.df_residual == 1
    assert "Without a model: c." in repr(found)
    with pytest.raises(mm.DataError, match="c has no model"):
        found["c"]
    assert found.to_frame()["g"].tolist() == ["a", "b", "c"]


def test_families() -> None:
    cbpp = mm.datasets.load("cbpp")
    found = mm.lm_list("cbind(incidence, size - incidence) ~ 1 | period", cbpp, family="binomial")
    alone = mm.glm("cbind(incidence, size - incidence) ~ 1", cbpp[cbpp["period"] == "2"], "binomial")
    assert found.coef().loc["2", "(Intercept)"] == pytest.approx(alone.fixef()["(Intercept)"])
    assert found.pooled_sd == 1
    assert "df" not in found.summary().columns
    assert found.summary()["std_error"][1] == pytest.approx(np.sqrt(np.asarray(alone.vcov())[0, 0]))
    ticks = mm.lm_list("TICKS ~ cHEIGHT | YEAR", mm.datasets.load("grouseticks"), family="poisson")
    assert np.asarray(ticks.coef()).shape == (3, 2)


@pytest.mark.parametrize("formula", ["y ~ x", "y ~ x | g | h", "y ~ x |", "y ~ x || g", "y ~ (x | g)"])
def test_formulas_without_one_grouping_factor_are_refused(formula: str) -> None:
    with pytest.raises(mm.FormulaError, match=r"one '[|]'"):
        mm.lm_list(formula, {"y": [1.0, 2], "x": [1.0, 2], "g": ["a", "b"], "h": ["a", "b"]})


def test_unknown_groups_are_refused() -> None:
    with pytest.raises(mm.UnknownColumnError, match="Subjekt"):
        mm.lm_list("Reaction ~ Days | Subjekt", mm.datasets.load("sleepstudy"))
    with pytest.raises(mm.DataError, match="level"):
        mm.lm_list("Reaction ~ Days | Subject", mm.datasets.load("sleepstudy")).confint(level=95)
