"""Sorted residuals beside the quantiles of a normal distribution, with bands (see `normal_band`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Vector
from mixedmodels.diagnose.checks.normal_band import Band, normal_band

LEVEL = 0.95  # of both bands
BANDS: tuple[Band, ...] = ("pointwise", "simultaneous")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """Points of a QQ plot, sorted.

    Attributes
    ----------
    order : ndarray of int, shape (n,)
        Places of the values before they were sorted.
    quantile, value : ndarray, shape (n,)
        Quantiles of the distribution, and the sorted values.
    low, high : ndarray
        Limits of the pointwise band of level 0.95.
    joint_low, joint_high : ndarray
        Limits of the simultaneous band of level 0.95.
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

    finite = np.flatnonzero(np.isfinite(values))
    order = finite[np.argsort(values[finite], kind="stable")]
    n = len(order)
    low, high, joint_low, joint_high = (centre + spread * end for band in BANDS for end in normal_band(n, band, LEVEL))
    return Quantiles(
        order=order,
        quantile=np.asarray(ndtri(points(n))),
        value=values[order],
        low=low,
        high=high,
        joint_low=joint_low,
        joint_high=joint_high,
    )


def points(n: int) -> Vector:
    """R's ``ppoints``: probabilities of n order statistics."""
    a = 3 / 8 if n <= 10 else 1 / 2
    return np.asarray((np.arange(1, n + 1) - a) / (n + 1 - 2 * a))
