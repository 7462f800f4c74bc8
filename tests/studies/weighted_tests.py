"""How often Kenward and Roger's method rejects what is true in a weighted model, with and without its weights."""

from __future__ import annotations

import warnings

import numpy as np
from scipy import stats

import mixedmodels as mm
from tests.studies.shares import Shares
from tests.studies.study_designs import SIZES, groups_and_covariates
from tests.support.dense_kenward_roger import DenseKenwardRoger

UNIT_SD = 3.0  # of one observation; a row is a mean of 1 to 20
METHODS = ("Wald, z", "Satterthwaite", "Kenward-Roger, residual W^-1", "Kenward-Roger, residual I (pbkrtest)")


def rejection_rates(runs: int, seed: int) -> Shares:
    """40 means of eight groups; a row's weight is the number of observations behind it."""
    rng = np.random.default_rng(seed)
    g, data = groups_and_covariates(SIZES)
    weights = np.random.default_rng(5).integers(1, 21, len(g)).astype(float)
    terms = ("treated", "x")
    counts = {method: dict.fromkeys(terms, 0) for method in METHODS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.MixedModelsWarning)
        fit = mm.lmer("y ~ treated + x + (1 | g)", data.assign(y=rng.normal(size=len(g))), weights=weights)
        for _ in range(runs):
            y = 0.7 * rng.normal(size=len(SIZES))[g] + rng.normal(size=len(g)) * UNIT_SD / np.sqrt(weights)
            fit = fit.refit(y)
            for method, p in zip(METHODS, _p_values(fit), strict=True):
                for term, value in zip(terms, p, strict=True):
                    counts[method][term] += value <= 0.05
    cells = {m: {f"{t}, 5 %": c / runs for t, c in row.items()} for m, row in counts.items()}
    return Shares("test", runs, cells)


def _p_values(fit: mm.MixedModel) -> list[np.ndarray]:
    """Of the two slopes, by each method."""
    c = np.eye(3)[1:]
    z = np.array([fit.fixef()["treated"], fit.fixef()["x"]]) / np.sqrt(np.diag(np.asarray(fit.vcov())))[1:]
    twin = DenseKenwardRoger(fit, identity=True)
    return [
        2 * stats.norm.sf(np.abs(z)),
        fit._coefficients("Satterthwaite").t_tests(c).p_value,
        fit._coefficients("Kenward-Roger").t_tests(c).p_value,
        np.array([twin.f_test(row[None])["p_value"] for row in c]),
    ]
