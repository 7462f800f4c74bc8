"""Kernel densities."""

from __future__ import annotations

import math

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.diagnose.checks.predictive import bandwidth


def density(
    values: Vector, points: int = 161, bounds: tuple[float, float] = (-math.inf, math.inf)
) -> tuple[Vector, Vector]:
    """A Gaussian kernel density with Silverman's bandwidth; empty if all values are the same.

    Parameters
    ----------
    bounds : tuple of two float, default (-math.inf, math.inf)
        Bounds of the possible values. Density beyond a bound is reflected back inside.

    Returns
    -------
    tuple of two ndarray
        Places, from three bandwidths below the least to three above the largest value, and the density there.
    """
    v = np.asarray(values, dtype=float)
    v = v[np.isfinite(v)]
    if len(v) < 2 or np.ptp(v) == 0:
        return np.empty(0), np.empty(0)
    width = bandwidth(v)
    at = np.linspace(max(v.min() - 3 * width, bounds[0]), min(v.max() + 3 * width, bounds[1]), points)
    mirrors = [v, *(2 * b - v for b in bounds if math.isfinite(b))]
    out = np.zeros(points)
    for chunk in np.array_split(np.concatenate(mirrors), max(1, len(v) // 5000)):
        out += np.exp(-0.5 * ((at[:, None] - chunk) / width) ** 2).sum(axis=1)
    return at, out / (len(v) * width * math.sqrt(2 * math.pi))
