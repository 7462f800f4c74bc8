"""A smooth curve through points: local lines, weighted by distance (Cleveland 1979), interpolated."""

from __future__ import annotations

import numpy as np

from mixedmodels.fit.record import Vector

PLACES = 60  # at which lines are fitted
SHARE = 2 / 3  # of the points that a line looks at


def smooth(x: Vector, y: Vector) -> Vector:
    """The curve at every x, shape (n,); the mean of y where x does not vary."""
    n = len(x)
    if n < 3 or np.ptp(x) <= 1e-12 * np.abs(x).max(initial=1e-300):
        return np.full(n, y.mean())
    order = np.argsort(x, kind="stable")
    xs, ys = x[order], y[order]
    at = np.unique(xs[np.linspace(0, n - 1, min(n, PLACES)).round().astype(int)])
    count = max(3, int(np.ceil(SHARE * n)))
    values = np.array([_local(xs, ys, place, count) for place in at])
    return np.asarray(np.interp(x, at, values))


def _local(x: Vector, y: Vector, place: float, count: int) -> float:
    """The line's value at a place, through the `count` nearest points of the sorted x."""
    low, high = 0, len(x) - count
    while low < high:  # the window moves on while the point that it would gain is nearer than the one it would lose
        middle = (low + high) // 2
        if x[middle + count] - place < place - x[middle]:
            low = middle + 1
        else:
            high = middle
    start = low
    d, v = x[start : start + count] - place, y[start : start + count]
    width = np.abs(d).max()
    if width == 0:
        return float(v.mean())
    w = (1 - np.minimum(np.abs(d) / (width * (1 + 1e-9)), 1.0) ** 3) ** 3
    mean, centre = w @ v / w.sum(), w @ d / w.sum()
    spread = w @ (d - centre) ** 2
    if spread <= 1e-12 * w.sum() * width**2:
        return float(mean)
    return float(mean - centre * (w @ ((d - centre) * v)) / spread)
