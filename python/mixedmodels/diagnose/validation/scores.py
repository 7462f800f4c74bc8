"""Scores of predictions of rows that a model was not fitted to: smaller is better but for r2, auc and log_score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.fit.family_moments import off_bounds, unit_deviance

if TYPE_CHECKING:
    from mixedmodels.families import Family


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Rows that were left out, with what was predicted for them.

    Attributes
    ----------
    observed : ndarray, shape (n,)
        Responses as the family sees them (of a binomial one proportions).
    predicted : ndarray, shape (n,)
        Predicted means, NaN where there is no prediction.
    log_density : ndarray, shape (n,)
        Logarithm of the predictive density at the response.
    weights : ndarray, shape (n,)
        Weights of the rows (of a binomial response trials).
    cases : bool
        Whether a weight says how often a row counts, so that its log-density does.
    """

    observed: Vector
    predicted: Vector
    log_density: Vector
    weights: Vector
    cases: bool

    def __len__(self) -> int:
        return len(self.observed)

    def take(self, rows: np.ndarray) -> HeldOut:
        """Some of the rows."""
        return HeldOut(
            observed=self.observed[rows],
            predicted=self.predicted[rows],
            log_density=self.log_density[rows],
            weights=self.weights[rows],
            cases=self.cases,
        )


def rmse(rows: HeldOut) -> float:
    """Root of the (weighted) mean squared error."""
    return float(np.sqrt(_mean((rows.observed - rows.predicted) ** 2, rows.weights)))


def mae(rows: HeldOut) -> float:
    """(Weighted) mean absolute error."""
    return _mean(np.abs(rows.observed - rows.predicted), rows.weights)


def r2(rows: HeldOut) -> float:
    """1 less the squared error over that of the mean of these same rows; NaN of one row or of a constant."""
    around = rows.observed - _mean(rows.observed, rows.weights)
    total = float(rows.weights @ around**2)
    if len(rows) < 2 or not total > 0:
        return float("nan")
    return 1 - float(rows.weights @ (rows.observed - rows.predicted) ** 2) / total


def brier(rows: HeldOut) -> float:
    """Mean squared difference between the outcome of a trial, 0 or 1, and its probability."""
    y, p = rows.observed, rows.predicted
    return _mean(y * (1 - p) ** 2 + (1 - y) * p**2, rows.weights)


def auc(rows: HeldOut) -> float:
    """Probability that a success has a larger prediction than a failure, ties halved; NaN without both."""
    successes, failures = rows.weights * rows.observed, rows.weights * (1 - rows.observed)
    if not (successes.sum() > 0 and failures.sum() > 0):
        return float("nan")
    _, place = np.unique(rows.predicted, return_inverse=True)
    s, f = (np.bincount(place, weights=v) for v in (successes, failures))
    below = np.cumsum(f) - f
    return float(s @ (below + f / 2) / (s.sum() * f.sum()))


def log_score(rows: HeldOut) -> float:
    """Mean log predictive density of a row."""
    return _mean(rows.log_density, rows.weights if rows.cases else np.ones(len(rows)))


def deviance_of(family: Family) -> Callable[[HeldOut], float]:
    """Mean unit deviance of a row (of a binomial response: of a trial)."""

    def deviance(rows: HeldOut) -> float:
        y, mu = rows.observed, off_bounds(family, rows.predicted)
        unit = unit_deviance(family, y, mu)
        if family.support == "proportion":  # trials of a row differ among themselves too
            with np.errstate(divide="ignore", invalid="ignore"):
                unit = unit - 2 * (np.where(y > 0, y * np.log(y), 0.0) + np.where(y < 1, (1 - y) * np.log1p(-y), 0.0))
        return _mean(unit, rows.weights)

    return deviance


def scores_for(family: Family) -> dict[str, Callable[[HeldOut], float]]:
    """The scores that a family of responses has, by name."""
    if family.support == "proportion":
        deviance = {"deviance": deviance_of(family)} if family.has_deviance else {}
        return {"brier": brier, "auc": auc, **deviance, "log_score": log_score}
    scores: dict[str, Callable[[HeldOut], float]] = {"rmse": rmse, "mae": mae, "r2": r2}
    own = family.weights_role != "precision" and family.shapes  # the deviance is by each fold's own shapes
    if family.name != "gaussian" and family.has_deviance and not own:
        scores["deviance"] = deviance_of(family)
    return {**scores, "log_score": log_score}


def _mean(values: Vector, weights: Vector) -> float:
    total = float(weights.sum())
    return float(weights @ values) / total if total > 0 else float("nan")
