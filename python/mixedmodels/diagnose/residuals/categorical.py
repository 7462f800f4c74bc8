"""Uniformity of scaled residuals within the levels of a factor, and equal variance among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Vector
from mixedmodels.diagnose.residuals.uniformity import uniformity
from mixedmodels.errors import DataError
from mixedmodels.inference.multiplicity.p_adjust import adjust


@dataclass(frozen=True, slots=True, kw_only=True)
class Categorical:
    """Tests by level; k levels that occur.

    Attributes
    ----------
    levels : tuple of str
        Labels of the levels; `n` are the numbers of their residuals, shape (k,).
    d, p_value, p_adjusted : ndarray, shape (k,)
        Kolmogorov and Smirnov's statistic of each level, its p-value, and this adjusted by Holm's method.
    f : float
        F statistic of Levene's test of equal variances, around the medians; NaN with one level.
    df : tuple of two int
        Numerator and denominator degrees of freedom of Levene's test.
    p_levene : float
        P-value of Levene's test; NaN with one level.
    """

    levels: tuple[str, ...]
    n: NDArray[np.int64]
    d: Vector
    p_value: Vector
    p_adjusted: Vector
    f: float
    df: tuple[int, int]
    p_levene: float


def categorical(residuals: Vector, codes: NDArray[np.intp], labels: tuple[str, ...]) -> Categorical:
    """Tests of residuals, shape (n,), in the levels that codes, shape (n,), point to."""
    seen, local = np.unique(codes, return_inverse=True)
    if len(seen) and seen[0] < 0:
        raise DataError(f"the factor is missing in {int((codes < 0).sum())} of the rows; give every row its level.")
    parts = [residuals[local == i] for i in range(len(seen))]
    tests = [uniformity(part) for part in parts]
    p = np.array([t.p_value for t in tests])
    f, df, p_levene = levene(parts)
    return Categorical(
        levels=tuple(labels[i] for i in seen.tolist()),
        n=np.array([len(part) for part in parts], dtype=np.int64),
        d=np.array([t.statistics["D"] for t in tests]),
        p_value=p,
        p_adjusted=adjust(p, "holm"),
        f=f,
        df=df,
        p_levene=p_levene,
    )


def levene(parts: list[Vector]) -> tuple[float, tuple[int, int], float]:
    """F of the analysis of variance of distances from the groups' medians, its degrees of freedom, p-value.

    Reference: Brown and Forsythe (1974), JASA 69, 364-367.
    """
    from scipy.special import fdtrc

    k, n = len(parts), sum(map(len, parts))
    df = (k - 1, n - k)
    if k < 2 or n <= k:
        return float("nan"), df, float("nan")
    away = [np.abs(part - np.median(part)) for part in parts]
    means = np.array([a.mean() for a in away])
    overall = float(np.concatenate(away).mean())
    among = float(np.array([len(a) for a in away]) @ np.square(means - overall)) / df[0]
    within = sum(float(np.square(a - m).sum()) for a, m in zip(away, means, strict=True)) / df[1]
    if within == 0:
        return float("nan"), df, float("nan")
    f = among / within
    return f, df, float(fdtrc(*df, f))
