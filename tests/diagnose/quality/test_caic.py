"""Effective degrees of freedom: against dense matrices, against differences of refits, and against cAIC4."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.support.dense_caic import effective_df
from tests.support.places import SEEDS
from tests.support.quality_reference import reference

import mixedmodels as mm
from mixedmodels.diagnose.quality.caic_refits import GeneralizedRefits
from mixedmodels.diagnose.quality.conditional_likelihood import perturbed

SLEEP = "Reaction ~ Days + (Days | Subject)"


@cache
def table(name: str) -> Any:
    if name == "shrinkage":
        path = SEEDS / "shrinkage.csv"
        return pd.read_csv(path, dtype={"group": "category"})
    if name == "ticks":
        ticks = mm.datasets.load("grouseticks")
        return ticks[ticks["YEAR"].astype(str) == "97"]
    whole = mm.datasets.load(name)
    if name == "sleepstudy":
        return whole.assign(w=1 + whole["Days"] % 4 / 2, known=3.0 * whole["Days"], slow=1 * (whole["Reaction"] > 300))
    return whole


@cache
def fitted(formula: str, data: str, **more: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.MixedModelsWarning)
        return (mm.glmer if "family" in more else mm.lmer)(formula, table(data), **more)


def of_case(case: dict[str, Any]) -> Any:
    more = {key: case[key] for key in ("REML", "weights", "family") if key in case}
    return fitted(case["formula"], case["data"], **more)


@pytest.mark.parametrize("name", list(reference("caic.json")))
def test_against_caic4(name: str) -> None:
    """cAIC4 1.0 has half of one term of the derivative of theta by y, and unweighted residuals where weights belong."""
    case = reference("caic.json")[name]
    model = of_case(case)
    found = model.caic()
    # lme4's theta is good to about 1e-5.
    assert found.loglik == pytest.approx(case["loglik"], abs=1e-4)
    if "family" in case:
        assert found.df == pytest.approx(case["df"], abs=1e-4)
        assert found.caic == pytest.approx(case["caic"], abs=5e-4)
        return
    exact, halved = effective_df(model)
    assert found.df == pytest.approx(exact + 1, abs=1e-6)
    if "weights" not in case:
        assert halved + 1 == pytest.approx(case["df"], abs=1e-5)
    assert found.df == pytest.approx(case["df"], abs=0.06)


@pytest.mark.parametrize(
    ("formula", "data", "more"),
    [
        (SLEEP, "sleepstudy", {"REML": False}),
        ("Reaction ~ Days + (1 | Subject)", "sleepstudy", {"weights": "w", "offset": "known"}),
        ("y ~ (1 + x | group)", "shrinkage", {}),  # rank 1 of 2
        ("y ~ x + (1 + x | group)", "shrinkage", {"REML": False}),
        ("Yield ~ 1 + (1 | Batch)", "Dyestuff2", {}),  # rank 0
        ("Reaction ~ 0 + (Days || Subject)", "sleepstudy", {}),
    ],
)
def test_sum_of_derivatives(formula: str, data: str, more: dict[str, Any]) -> None:
    """Differences of refits err by the step squared, and by what the optimiser leaves of theta over the step."""
    model = fitted(formula, data, **more)
    y, step = model.design.response, 0.03 * model.sigma
    total = 0.0
    for i in range(len(y)):
        ends = []
        for sign in (1, -1):
            moved = y.copy()
            moved[i] += sign * step
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", mm.MixedModelsWarning)
                ends.append(model.refit(moved, start=model.theta)._fitted()[i])
        total += (ends[0] - ends[1]) / (2 * step)
    assert model.caic().df == pytest.approx(total + 1, abs=1e-4)


def test_hat_is_smaller_and_a_trace() -> None:
    model = fitted(SLEEP, "sleepstudy")
    hat, analytic = model.caic("hat"), model.caic()
    assert hat.df < analytic.df
    assert hat.df == pytest.approx(analytic.df - analytic.parts["estimating theta"], abs=1e-12)
    assert hat.loglik == analytic.loglik


def test_working_trace_is_that_of_dense_matrices() -> None:
    model = fitted("cbind(incidence, size - incidence) ~ period + (1 | herd)", "cbpp", family="binomial")
    x, z, w = model._dense_x(), model.model_matrix("Z").toarray(), model._working_weights()
    u = z * model.theta[0]
    both = np.hstack([u, x])
    m = both.T @ (w[:, None] * both)
    m[: u.shape[1], : u.shape[1]] += np.eye(u.shape[1])
    trace = np.trace(np.linalg.solve(m, both.T @ (w[:, None] * both)))
    assert model.caic("hat").df == pytest.approx(trace, rel=1e-9)


def test_trials_are_turned_one_by_one() -> None:
    """Rows of several trials cost what they cost when each trial is a row of its own."""
    cbpp = mm.datasets.load("cbpp").iloc[:24]
    rows = [
        {"herd": row.herd, "period": row.period, "y": int(k < row.incidence)}
        for row in cbpp.itertuples()
        for k in range(int(row.size))
    ]
    long = pd.DataFrame(rows)
    merged = mm.glmer("cbind(incidence, size - incidence) ~ 1 + (1 | herd)", cbpp, "binomial")
    single = mm.glmer("y ~ 1 + (1 | herd)", long, "binomial")
    assert len(perturbed(single._fit).row) == len(long)
    assert merged.caic().df == pytest.approx(single.caic().df, abs=1e-4)


def test_bootstrap_agrees_within_its_error() -> None:
    model = fitted("TICKS ~ cHEIGHT + (1 | BROOD)", "ticks", family="poisson")
    found = model.caic("bootstrap", nsim=300, seed=1)
    again = model.caic("bootstrap", nsim=300, seed=1)
    assert found.df == again.df
    # The two estimate the same expectation, each at the data's own estimates: 4 standard errors and a tenth.
    assert abs(found.df - model.caic().df) < 4 * found.mc_error + 0.1 * found.df


def test_families_without_a_formula_are_bootstrapped() -> None:
    model = fitted("Reaction ~ Days + (1 | Subject)", "sleepstudy", family="Gamma(log)")
    found = model.caic(nsim=60, seed=2)
    assert found.method == "bootstrap"
    assert found.parts["shape"] == 1
    assert found.df == pytest.approx(model.caic("hat").df, abs=5 * found.mc_error)
    with pytest.raises(mm.DataError, match="'bootstrap', 'hat'"):
        model.caic("steinian")


def test_models_without_random_effects_have_aic() -> None:
    model = mm.lm("Reaction ~ Days", table("sleepstudy"))
    assert model.caic().caic == pytest.approx(model.aic)
    with pytest.raises(mm.DataError, match="has none"):
        model.caic("hat")


def test_bad_requests(tmp_path: Path) -> None:
    model = fitted(SLEEP, "sleepstudy")
    with pytest.raises(mm.DataError, match="'analytic', 'hat', 'bootstrap'"):
        model.caic("exact")
    with pytest.raises(mm.DataError, match="two draws"):
        model.caic("bootstrap", nsim=1)
    model.save(tmp_path / "m.json")
    with pytest.raises(mm.DataError, match="loaded from a file"):
        mm.load(tmp_path / "m.json").caic()


def test_refits_are_of_the_engine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The degrees of freedom want linear predictors: no fit is checked, warned of and recorded for each row."""
    model = fitted("cbind(incidence, size - incidence) ~ period + (1 | herd)", "cbpp", family="binomial")
    refits = GeneralizedRefits(model)
    todo = perturbed(model._fit)
    for row, value in zip(todo.row[:4], todo.value, strict=False):
        y = model._fit.y.copy()
        y[row] = value
        assert refits.eta(y) == pytest.approx(model.refit(y)._fit.eta, abs=1e-6)
    expected = model.caic().df
    monkeypatch.setattr(type(model), "refit", lambda *_, **__: pytest.fail("a whole fit"))
    assert model.caic().df == expected


def test_infinite_estimates_of_refits_are_said() -> None:
    """A level with one event has none after a refit with one event less, and its estimate goes to minus infinity."""
    data = pd.DataFrame({"g": list("aabbccdd") * 4, "f": ["u", "v"] * 16, "y": [1, 0, 2, 1, 0, 0, 3, 0] * 4})
    data.loc[data["f"] == "v", "y"] = 0
    data.loc[1, "y"] = 1
    model = mm.glmer("y ~ f + (1 | g)", data, "poisson")
    with pytest.warns(mm.errors.ConvergenceWarning, match="1 of .* refits have no finite optimum"):
        model.caic()
    assert np.isfinite(model.caic("hat").df)
