"""Sorted residuals beside the quantiles of a normal distribution, with bands.

The bands come from the law of order statistics of uniform numbers, Beta(i, n + 1 - i). The pointwise one holds each of
them with its level. The simultaneous one holds all of them together with probability 0.95: each with the same smaller
level eta (Aldor-Noiman et al. 2013, American Statistician 67), whose approximation is that of Weine, McPeek and Abney
(2023, J. Stat. Software 106).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixedmodels.fit.record import Vector

# eta of a joint level of 0.05, simulated (200,000 samples at first, 40,000 at n = 100).
SMALL = (3, 5, 10, 20, 50, 100)
ETA = (0.0186, 0.0122, 0.00738, 0.00470, 0.00287, 0.00218)


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Points of a QQ plot, sorted.

    Attributes
    ----------
    order : places of the values before they were sorted, shape (n,).
    quantile, value : shape (n,).
    low, high : of the pointwise band of level 0.95.
    joint_low, joint_high : of the simultaneous band of level 0.95.
    """

    order: NDArray[np.intp]
    quantile: Vector
    value: Vector
    low: Vector
    high: Vector
    joint_low: Vector
    joint_high: Vector

    @property
    def outside(self) -> int:
        """Points outside the simultaneous band."""
        return int(np.sum((self.value < self.joint_low) | (self.value > self.joint_high)))


def normal_quantiles(values: Vector, centre: float = 0.0, spread: float = 1.0) -> Quantiles:
    """Values against the normal distribution with this mean and standard deviation; NaN are left out."""
    from scipy.special import ndtri

    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    n = len(order)
    bands = [centre + spread * band for level in (0.05, joint_level(n)) for band in _band(n, level)]
    return Quantiles(order, np.asarray(ndtri(points(n))), values[order], *bands)


def points(n: int) -> Vector:
    """R's ``ppoints``: probabilities of n order statistics."""
    a = 3 / 8 if n <= 10 else 1 / 2
    return np.asarray((np.arange(1, n + 1) - a) / (n + 1 - 2 * a))


def joint_level(n: int) -> float:
    """The level of each order statistic's interval with which all n hold together with probability 0.95."""
    if n <= SMALL[0]:
        return ETA[0]
    if n <= SMALL[-1]:
        return float(np.exp(np.interp(np.log(n), np.log(SMALL), np.log(ETA))))
    twice = np.log(np.log(n))
    return float(-np.log(0.95) / (2 * twice * np.log(n)) * (1 - 1.3 * np.log(twice) / twice))


def _band(n: int, level: float) -> tuple[Vector, Vector]:
    from scipy.special import betaincinv, ndtri

    i = np.arange(1, n + 1)
    low, high = (np.asarray(ndtri(betaincinv(i, n + 1 - i, q))) for q in (level / 2, 1 - level / 2))
    return low, high
