"""Scores of fitted values, and the rank of models by several measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mixedmodels._typing import Vector

SMALLER_IS_BETTER = ("rmse", "sigma", "log_loss")
RAW = ("aic", "aicc", "bic")  # their weights take part in ranks


def aicc(loglik: float, npar: int, n: int) -> float:
    """AIC corrected for few observations; NaN where there are no more of them than parameters and one."""
    return -2 * loglik + 2 * npar * n / (n - npar - 1) if n > npar + 1 else float("nan")


def weights_of(criterion: Vector) -> Vector:
    """Akaike weights: exp(-difference / 2), adding up to 1."""
    relative = np.exp(-0.5 * (criterion - np.nanmin(criterion)))
    return np.asarray(relative / np.nansum(relative))


def log_loss(successes: Vector, trials: Vector, mu: Vector) -> float:
    """Mean of -log of the fitted probability of what happened, over the trials."""
    failures = trials - successes
    with np.errstate(divide="ignore"):
        logs = np.where(successes > 0, successes * np.log(mu), 0.0) + np.where(
            failures > 0, failures * np.log1p(-mu), 0.0
        )
    return float(-logs.sum() / trials.sum())


def ranks(columns: Mapping[str, Sequence[float]]) -> Vector:
    """Mean over the measures of a model's place between the worst (0) and the best (1) of all models.

    Criteria take part by their weights. A measure that some model lacks, or that is the same for all, takes no part.
    """
    places = []
    for name, values in columns.items():
        v = np.asarray(values, dtype=float)
        if name in RAW or not np.isfinite(v).all() or np.ptp(v) == 0:
            continue
        place = (v - v.min()) / np.ptp(v)
        places.append(1 - place if name in SMALLER_IS_BETTER else place)
    count = len(next(iter(columns.values())))
    return np.mean(places, axis=0) if places else np.full(count, np.nan)
