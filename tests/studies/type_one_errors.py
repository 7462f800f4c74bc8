"""How often tests reject what is true."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

import mixedmodels as mm
from tests.studies.shares import Shares
from tests.studies.study_designs import Design

LEVELS = (0.01, 0.05, 0.10)
STEPS = (40, 40, 40, 40, 39)  # 199 draws: 200 times each level is whole, so that the test could be exact
ENOUGH = 20  # so many larger ratios among 199 mean p > 0.1: every decision is known, and drawing may stop

Tests = dict[str, np.ndarray]  # p-values, shape (runs, hypotheses)


def rejection_rates(design: Design, runs: int, seed: int) -> Shares:
    """Shares of p-values at or below each level, for each true hypothesis."""
    responses = design.draw(np.random.default_rng(seed), runs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.MixedModelsWarning)
        model = design.fit(design.data.assign(y=responses[:, 0]))
        tests = {**wald_tests(model, design, responses), **likelihood_tests(model, design, responses)}
    cells = {}
    for method in [m for m in ORDER if m in tests]:
        p = tests[method]
        assert np.isfinite(p).all(), method
        cells[method] = {
            f"{term}, {level:.0%}".replace("%", " %"): float(np.mean(p[:, j] <= level))
            for j, term in enumerate(design.hypotheses)
            for level in LEVELS
        }
    return Shares("test", runs, cells)


ORDER = (
    "Wald, z",
    "likelihood ratio, chi-squared",
    "t, Satterthwaite",
    "t, Kenward-Roger",
    "robust, CR2",
    "robust, CR1",
    "parametric bootstrap",
)


def wald_tests(model: Any, design: Design, responses: np.ndarray) -> Tests:
    many = model.refit_many(responses)
    at = [many.terms.index(term) for term in design.hypotheses]
    found = {"Wald, z": 2 * stats.norm.sf(np.abs(many.fits.beta / many.fits.std_error)[:, at])}
    if design.linear:
        table = many.to_frame()
        found["t, Satterthwaite"] = np.column_stack(
            [table.loc[table["term"] == term, "p_value"] for term in design.hypotheses]
        )
        rows = np.eye(len(many.terms))[at]

        def kenward_roger(fit: Any) -> np.ndarray:
            return np.asarray(fit.contest(rows, joint=False, ddf="Kenward-Roger")["p_value"])

        found["t, Kenward-Roger"] = each(model, responses, kenward_roger)
    found[f"robust, {design.robust}"] = each(
        model, responses, lambda fit: np.asarray(fit.robust(design.robust).table["p_value"])[at]
    )
    return found


def likelihood_tests(model: Any, design: Design, responses: np.ndarray) -> Tests:
    """Tests by the likelihood ratio of fits by maximum likelihood."""
    large = model.update(REML=False) if design.linear else model
    criterion = large.refit_many(responses, ddf=False).fits.criterion
    chi, drawn = [], []
    for term in design.hypotheses:
        small = large.update(f". ~ . - {term}")
        ratio = small.refit_many(responses, ddf=False).fits.criterion - criterion
        chi.append(stats.chi2.sf(ratio, 1))
        drawn.append([bootstrap(large.refit(y), small.refit(y), i) for i, y in enumerate(responses.T)])
    return {"likelihood ratio, chi-squared": np.column_stack(chi), "parametric bootstrap": np.column_stack(drawn)}


def bootstrap(large: Any, small: Any, seed: int) -> float:
    extreme = positive = 0
    for step, count in enumerate(STEPS):
        test = large.pbmodcomp(small, count, seed=[seed, step]).test
        extreme, positive = extreme + test.extreme, positive + test.positive
        if extreme >= ENOUGH:
            break
    return (1 + extreme) / (1 + positive)


def each(model: Any, responses: np.ndarray, p_values: Callable[[Any], np.ndarray]) -> np.ndarray:
    return np.array([p_values(model.refit(y)) for y in responses.T])
