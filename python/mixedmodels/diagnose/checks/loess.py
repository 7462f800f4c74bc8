"""A smooth curve through points: local lines, weighted by distance (Cleveland 1979)."""

from __future__ import annotations

import math

import numpy as np

from mixedmodels._typing import Vector

POINTS = 80  # at which a line is computed
ROBUST_STEPS = 2
SHARE = 2 / 3  # of the points that a line looks at


def smooth(x: Vector, y: Vector) -> Vector:
    """The mean of y along x, at every x, shape (n,); where fewer than four values of x differ, the mean at each."""
    at, line = lowess(x, y, robust=False)
    if len(at):
        return np.asarray(np.interp(x, at, line))
    _, place = np.unique(x, return_inverse=True)
    return np.asarray((np.bincount(place, y) / np.bincount(place))[place])


def lowess(
    x: Vector, y: Vector, share: float = SHARE, points: int = POINTS, *, robust: bool = True
) -> tuple[Vector, Vector]:
    """A locally linear line, after Cleveland (1979).

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Coordinates of the points, finite.
    share : float, optional
        Share of the points that take part in each local regression.
    points : int, default 80
        Number of places, at quantiles of `x`, at which the line is computed.
    robust : bool, default True
        Whether values far off the line count less; without, the line follows the mean.

    Returns
    -------
    tuple of two ndarray
        Places, ascending, and the line there; empty where fewer than four values of `x` differ.
    """
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    if len(np.unique(x)) < 4:
        return np.empty(0), np.empty(0)
    n = len(x)
    k = min(n, max(4, math.ceil(share * n)))
    at = np.unique(np.quantile(x, np.linspace(0, 1, min(points, n))))
    first = _nearest(x, at, k)
    weights = np.ones(n)
    for step in range(ROBUST_STEPS + 1):
        line = np.array(
            [_local(x[s : s + k], y[s : s + k], weights[s : s + k], a) for s, a in zip(first, at, strict=True)]
        )
        rest = np.abs(y - np.interp(x, at, line))
        scale = 6 * float(np.median(rest))
        if not robust or step == ROBUST_STEPS or scale <= 1e-12 * (np.ptp(y) or 1.0):
            break
        weights = np.clip(1 - (rest / scale) ** 2, 0, None) ** 2
    return at, line


def _nearest(x: Vector, at: Vector, k: int) -> list[int]:
    """Position of the first of the `k` nearest values of sorted `x` for each place."""
    out, start = [], 0
    for a in at:
        while start + k < len(x) and a - x[start] > x[start + k] - a:
            start += 1
        out.append(start)
    return out


def _local(x: Vector, y: Vector, weights: Vector, at: float) -> float:
    """The value at a place of a weighted line through its neighbours."""
    reach = max(float(np.max(np.abs(x - at))), 1e-300) * 1.0001
    w = weights * (1 - (np.abs(x - at) / reach) ** 3) ** 3
    total = float(w.sum())
    if total <= 0:
        return float(np.median(y))
    mx, my = float(w @ x) / total, float(w @ y) / total
    sxx = float(w @ (x - mx) ** 2)
    if sxx <= 1e-10 * total * reach**2:
        return my
    return my + float(w @ ((x - mx) * (y - my))) / sxx * (at - mx)
