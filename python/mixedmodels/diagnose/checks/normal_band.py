"""Limits of the sorted values of a normal sample, pointwise or simultaneous.

The i-th of n sorted uniform values is Beta(i, n + 1 - i). For all together each gets the same tail probability, small
enough that none lies outside with the level wanted (Aldor-Noiman et al. 2013, American Statistician 67, 249-260). Up
to `EXACT` values it is found by following the counts from bound to bound, as Noe (1972, Ann. Math. Stat. 43, 58-64)
does; of more values by the asymptotic form of Gontscharuk, Landwehr and Finner (2016, Biometrical Journal 58).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald

Band = Literal["simultaneous", "pointwise"]

EXACT = 200
STEPS = 40  # of the bisection


def normal_band(n: int, band: Band, level: float) -> tuple[Vector, Vector]:
    """Limits of the sorted values of a standard normal sample of `n`, two arrays of shape (n,).

    Raises
    ------
    DataError
        If there is no such band, or `level` is not between 0 and 1.
    """
    from scipy.special import betaincinv

    if band not in ("simultaneous", "pointwise"):
        raise DataError(f"band must be 'simultaneous', 'pointwise' or None, not {band!r}.")
    wald.check_level(level)
    tail = (1 - level if band == "pointwise" else local_level(n, level)) / 2
    i = np.arange(1, n + 1)
    low, high = betaincinv(i, n + 1 - i, tail), betaincinv(i, n + 1 - i, 1 - tail)
    return wald.quantile(low, math.inf), wald.quantile(high, math.inf)


def local_level(n: int, level: float) -> float:
    """The probability with which each sorted value may lie outside, so that all lie inside with `level`."""
    if n <= 1:
        return 1 - level
    if n <= EXACT:
        return _exact_level(n, level)
    return _exact_level(EXACT, level) * _asymptotic(n, level) / _asymptotic(EXACT, level)


def _asymptotic(n: int, level: float) -> float:
    return -math.log(level) / (2 * math.log(math.log(n)) * math.log(n))


@lru_cache(maxsize=32)
def _exact_level(n: int, level: float) -> float:
    from scipy.special import betaincinv

    i = np.arange(1, n + 1)
    low, high = math.log((1 - level) / n), math.log(1 - level)
    for _ in range(STEPS):
        middle = (low + high) / 2
        tail = math.exp(middle) / 2
        inside = stays_between(betaincinv(i, n + 1 - i, tail), betaincinv(i, n + 1 - i, 1 - tail))
        low, high = (middle, high) if inside > level else (low, middle)
        if high - low < 1e-5:
            break
    return math.exp((low + high) / 2)


def stays_between(low: Vector, high: Vector) -> float:
    """Probability that each sorted value of a uniform sample lies between its bounds, shapes (n,), both ascending.

    Counts of a Poisson process of rate n on (0, 1), followed from bound to bound, given that n fall in all: at low[i]
    at most i values have come (i from 0), at high[i] at least i + 1.
    """
    n = len(low)
    # At a time t the count lies in [#(high <= t), #(low < t)]: those with high <= t must have come, and only those
    # with low < t may have.
    times = np.unique(np.concatenate([low, high, [1.0]]))
    must = np.searchsorted(high, times, side="right")
    may = np.searchsorted(low, times, side="left")
    chance = np.zeros(n + 1)
    chance[0] = 1.0
    before = 0.0
    for t, least, greatest in zip(times, must, may, strict=True):
        steps = _poisson(n * (t - before), n)
        moved = np.convolve(chance, steps)[: n + 1]
        moved[:least] = 0.0
        moved[greatest + 1 :] = 0.0
        chance, before = moved, float(t)
    return float(chance[n] / _poisson(float(n), n)[n])


def _poisson(rate: float, n: int) -> Vector:
    """Probabilities of 0..n."""
    from scipy.special import gammaln

    k = np.arange(n + 1)
    return np.asarray(np.exp(k * math.log(rate) - rate - gammaln(k + 1)))
