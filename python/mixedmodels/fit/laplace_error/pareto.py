"""The tail of importance weights."""

from __future__ import annotations

import math

import numpy as np

from mixedmodels._typing import Vector

FEWEST = 20


def tail_shape(logs: Vector) -> float:
    """Shape k of a generalised Pareto distribution fitted to the largest weights; their mean needs k below 0.7.

    By the quasi-Bayesian estimator of Zhang and Stephens (2009, Technometrics 51), over the upper fifth of the weights
    or three times the root of their number, and drawn towards 1/2 as Vehtari, Simpson, Gelman, Yao and Gabry (2024,
    JMLR 25) do. NaN with too few weights.
    """
    logs = np.sort(np.asarray(logs, dtype=float))
    count = min(len(logs) // 5, int(3 * math.sqrt(len(logs))))
    if count < FEWEST or not np.isfinite(logs).all():
        return math.nan
    weights = np.exp(logs - logs[-1])
    over = weights[-count:] - weights[-count - 1]
    if over[0] <= 0:
        return math.nan  # ties: no tail to speak of
    grid = np.arange(1, 30 + int(math.sqrt(count)) + 1)
    b = 1 / over[-1] + (1 - np.sqrt(len(grid) / (grid - 0.5))) / (3 * over[int(count / 4 + 0.5) - 1])
    k = np.log1p(-b[:, None] * over).mean(axis=1)
    profile = count * (np.log(-b / k) - k - 1)
    share = np.exp(profile - profile.max())
    chosen = float(b @ share / share.sum())
    shape = float(np.log1p(-chosen * over).mean())
    return (count * shape + 10 * 0.5) / (count + 10)
