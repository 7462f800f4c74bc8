"""Probabilities of boxes under the multivariate normal and t distributions, whose correlations may be singular.

One variable after the other, each within what those before it leave of its bounds (Genz 1992, Numerical computation of
multivariate normal probabilities, J. Comput. Graph. Statist. 1, 141-149); variables that are functions of earlier
ones narrow the bounds of the last of these (Genz and Kwong 2000, J. Stat. Comput. Simul. 68, 1-21). The order puts the
least probable first. The points are scrambled Sobol sequences, doubled until their error is small enough.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from math import inf, isinf

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector

SETS = 8
FIRST, LAST = 12, 17  # powers of 2 of the points of a set
NOTHING = 1e-9  # what is left of a row of length 1


@dataclass(frozen=True)
class _Sequence:
    """Rows in order: `coefficients` (k, rank), and for each variable the rows it is the last of."""

    coefficients: Matrix
    groups: list[NDArray[np.intp]]


def box_probability(
    lower: Vector, upper: Vector, rows: Matrix, df: float = inf, within: float = 2e-7, last: int = LAST
) -> tuple[float, float]:
    """P(lower <= T <= upper) and its standard error.

    Parameters
    ----------
    lower, upper : ndarray, shape (k,)
        Bounds, which may be infinite.
    rows : ndarray, shape (k, rank)
        Factor of the correlation matrix, rows of length 1.
    df : float, default inf
        Degrees of freedom that all statistics share; infinite for the normal distribution.
    within : float, default 2e-07
        Standard error to stop at.
    last : int, optional
        Power of 2 of the points of a set to stop at.
    """
    if np.any(lower > upper):
        return 0.0, 0.0
    some = np.isfinite(lower) | np.isfinite(upper)
    if not some.any():
        return 1.0, 0.0
    low, high = lower[some], upper[some]
    steps = _in_order(low, high, rows[some])
    dimension = len(steps.groups) - 1 + (not isinf(df))
    if dimension == 0:
        value = float(_probabilities(np.empty((1, 0)), low, high, steps, df)[0])
        return value, 1e-15
    value, error = 0.0, inf
    for power in range(FIRST, last + 1):
        each = np.array(
            [np.mean(_probabilities(_points(dimension, power, s), low, high, steps, df)) for s in range(SETS)]
        )
        value, error = float(each.mean()), float(each.std(ddof=1) / np.sqrt(SETS))
        if error < within:
            break
    return value, max(error, 1e-15)


def _points(dimension: int, power: int, seed: int) -> Matrix:
    from scipy.stats import qmc

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer versions of scipy say rng
        sampler = qmc.Sobol(dimension, scramble=True, seed=1000 + seed)
        points = sampler.random_base2(power)
    return np.asarray(np.clip(points, 1e-15, 1 - 1e-15))


def _in_order(low: Vector, high: Vector, rows: Matrix) -> _Sequence:
    from scipy.special import ndtr

    k, rank = rows.shape
    left = rows.copy()
    coefficients = np.zeros((k, rank))
    expected = np.zeros(rank)
    groups: list[NDArray[np.intp]] = []
    waiting = np.arange(k)
    for step in range(rank):
        if not len(waiting):
            break
        length = np.linalg.norm(left[waiting], axis=1)
        mu = coefficients[waiting, :step] @ expected[:step]
        a, b = (low[waiting] - mu) / length, (high[waiting] - mu) / length
        best = int(np.argmin(ndtr(b) - ndtr(a)))
        direction = left[waiting[best]] / length[best]
        coefficients[waiting, step] = left[waiting] @ direction
        left[waiting] -= np.outer(coefficients[waiting, step], direction)
        expected[step] = _mean_within(a[best], b[best])
        done = np.linalg.norm(left[waiting], axis=1) < NOTHING
        done[best] = True
        groups.append(waiting[done])
        waiting = waiting[~done]
    return _Sequence(coefficients[:, : len(groups)], groups)


def _mean_within(a: float, b: float) -> float:
    """Mean of a standard normal variable between two bounds."""
    from scipy.special import ndtr

    share = float(ndtr(b) - ndtr(a))
    if share < 1e-200:
        return float(np.clip(0.0, a, b))
    return float((np.exp(-(a**2) / 2) - np.exp(-(b**2) / 2)) / np.sqrt(2 * np.pi) / share)


def _probabilities(points: Matrix, low: Vector, high: Vector, steps: _Sequence, df: float) -> Vector:
    from scipy.special import gammaincinv, ndtr, ndtri

    n = len(points)
    scale = np.ones(n) if isinf(df) else np.sqrt(2 * gammaincinv(df / 2, points[:, -1]) / df)
    z = np.zeros((len(steps.groups), n))
    out = np.ones(n)
    for step, group in enumerate(steps.groups):
        a, b = np.full(n, -inf), np.full(n, inf)
        for row in group:
            slope = steps.coefficients[row, step]
            mu = steps.coefficients[row, :step] @ z[:step]
            ends = [(bound * scale - mu) / slope if np.isfinite(bound) else None for bound in (low[row], high[row])]
            below, above = ends if slope > 0 else ends[::-1]
            a = a if below is None else np.maximum(a, below)
            b = b if above is None else np.minimum(b, above)
        # in the lower half, where small probabilities keep their digits
        flip = a > 0
        a, b = np.where(flip, -b, a), np.where(flip, -a, b)
        from_, to = ndtr(a), ndtr(b)
        share = np.maximum(to - from_, 0.0)
        out *= share
        if step + 1 < len(steps.groups):
            drawn = ndtri(np.clip(from_ + points[:, step] * share, 1e-300, 1 - 1e-16))
            z[step] = np.where(flip, -drawn, drawn)
    return out
