"""Exact tests of one variance against RLRsim, and their refusals."""

from __future__ import annotations

import gzip
import json
import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.support.comparison_reference import table
from tests.support.places import REFERENCE

import mixedmodels as mm
from mixedmodels.inference.comparison.exact_table import ExactTest
from mixedmodels.r import exactLRT, exactRLRT

FILE = REFERENCE / "comparison" / "rlrt.json.gz"
DRAWS = 10_000
STATISTIC = 1e-6  # R's optimum, tightened
ERRORS = 4.5  # standard errors that two simulated shares may differ by


@cache
def reference() -> dict[str, Any]:
    with gzip.open(FILE, "rt", encoding="utf-8") as lines:
        return dict(json.load(lines))


def lmer(formula: str, case: dict[str, Any], **more: Any) -> mm.MixedModel:
    data = table(case["data"])
    if "response" in case:
        data = data.assign(y_=case["response"])
        formula = formula.replace(".y", "y_")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.errors.SingularFitWarning)
        return mm.lmer(formula, data, **more)


def exact_test(case: dict[str, Any], nsim: int) -> ExactTest:
    if "full" in case:
        alone, full, null = (lmer(case[which], case) for which in ("alone", "full", "null"))
        return exactRLRT(alone, full, null, seed=1, nsim=nsim)
    if "null" in case:
        null = mm.lm(case["null"].replace(".y", "y_"), table(case["data"]).assign(y_=case["response"]))
        return exactLRT(lmer(case["formula"], case, REML=False), null, seed=1, nsim=nsim)
    return exactRLRT(lmer(case["formula"], case), seed=1, nsim=nsim)


def agrees(name: str, nsim: int) -> None:
    case, draws = reference()["cases"][name], reference()["draws"]
    ours = exact_test(case, nsim)
    assert ours.name == case["name"]
    assert ours.statistic == pytest.approx(case["statistic"], abs=STATISTIC)
    if ours.statistic == 0:
        assert ours.p_value == 1
        return
    share = (ours.p_value + case["p_value"]) / 2
    error = np.sqrt(share * (1 - share) * (1 / nsim + 1 / draws)) + 1 / nsim
    assert abs(ours.p_value - case["p_value"]) < ERRORS * error
    assert ours.std_error == pytest.approx(np.sqrt(ours.p_value * (1 - ours.p_value) / nsim))
    # A quantile's error is that of its share over the density; of a tail as exp(-x / 2) that is about 2 / (1 - share).
    for probability, theirs in zip(reference()["probabilities"], case["quantiles"], strict=True):
        wide = ERRORS * np.sqrt(probability * (1 - probability) * (1 / nsim + 1 / draws)) * 2.5 / (1 - probability)
        assert ours.quantiles[probability] == pytest.approx(theirs, abs=wide)


@pytest.mark.parametrize("name", reference()["cases"])
def test_statistic_and_distribution_are_those_of_rlrsim(name: str) -> None:
    agrees(name, DRAWS)


@pytest.mark.slow
@pytest.mark.parametrize("name", reference()["cases"])
def test_they_are_with_many_draws(name: str) -> None:
    agrees(name, 400_000)


@pytest.mark.parametrize("which", ["rlrt", "lrt"])
def test_print_is_that_of_r_but_for_the_draws(which: str) -> None:
    data = table("Dyestuff")
    if which == "rlrt":
        ours = exactRLRT(mm.lmer("Yield ~ 1 + (1 | Batch)", data), seed=1)
    else:
        ours = exactLRT(mm.lmer("Yield ~ 1 + (1 | Batch)", data, REML=False), mm.lm("Yield ~ 1", data), seed=1)
    lines, theirs = repr(ours).split("\n"), reference()["printed"][which]
    assert [line.split("p-value = ")[0] for line in lines] == [line.split("p-value = ")[0] for line in theirs]


def test_each_term_of_several_in_one_table() -> None:
    fit = mm.lmer("Reaction ~ Days + (Days || Subject)", table("sleepstudy"))
    rows = fit.rlrt(nsim=2000, seed=3)
    assert rows.names == ("(1 | Subject)", "(0 + Days | Subject)")
    full = fit.loglik
    without = [mm.lmer(f"Reaction ~ Days + {t}", table("sleepstudy")).loglik for t in reversed(rows.names)]
    assert rows["rlrt"] == pytest.approx([2 * (full - value) for value in without], abs=1e-7)
    assert rows["p_value"] == pytest.approx(1 / 2001)
    assert fit.rlrt(nsim=2000, seed=3)["p_value"].tolist() == rows["p_value"].tolist()


def test_a_term_with_correlated_effects_has_no_exact_test() -> None:
    fit = mm.lmer("angle ~ recipe + temperature + (1 | replicate) + (1 | recipe:replicate)", table("cake"))
    assert np.isfinite(fit.rlrt(nsim=500, seed=1)["p_value"]).all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.errors.SingularFitWarning)
        fit = mm.lmer("angle ~ recipe + (1 | recipe:replicate) + (recipe | replicate)", table("cake"))
    rows = fit.rlrt(nsim=500, seed=1)
    assert np.isnan(rows.row("(recipe | replicate)")["p_value"])
    assert "no exact test: (recipe | replicate)" in rows.footer[-1]


def test_refusals_say_what_to_do() -> None:
    data = table("sleepstudy")
    slopes = mm.lmer("Reaction ~ Days + (Days | Subject)", data)
    one = mm.lmer("Reaction ~ Days + (1 | Subject)", data)
    flat = mm.lmer("Reaction ~ 1 + (1 | Subject)", data)
    with pytest.raises(mm.DataError, match=r"ranova\(test='mixture'\)"):
        slopes.rlrt()
    with pytest.raises(mm.DataError, match="one variance"):
        exactRLRT(slopes)
    with pytest.raises(mm.DataError, match="neither"):
        exactRLRT(one, mA=slopes)
    with pytest.raises(mm.DataError, match="2 parameters more"):
        exactRLRT(one, slopes, one)
    with pytest.raises(mm.DataError, match="same fixed effects"):
        exactRLRT(one, slopes, flat)
    with pytest.raises(mm.DataError, match="m0 must be a linear model"):
        exactLRT(one, slopes)  # type: ignore[arg-type]
    with pytest.raises(mm.DataError, match="do not lie within"):
        exactLRT(flat, mm.lm("Reaction ~ Days", data))
    with pytest.raises(mm.DataError, match="nsim"):
        one.rlrt(nsim=0)
    with pytest.raises(mm.DataError, match="linear mixed models"):
        exactRLRT(mm.lm("Reaction ~ Days", data))  # type: ignore[arg-type]
    with pytest.raises(mm.DataError, match="linear mixed models"):
        mm.lm("Reaction ~ Days", data).rlrt()
