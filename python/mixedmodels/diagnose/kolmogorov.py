"""Distribution of Kolmogorov and Smirnov's statistic for a known continuous distribution."""

from __future__ import annotations

from math import ceil, exp, factorial, sqrt

import numpy as np

from mixedmodels.fit.record import Matrix


def p_value(d: float, n: int, alternative: str, exact: bool) -> float:
    """P(D >= d) of n observations; exact, or in the limit of large n."""
    from scipy.special import kolmogorov, smirnov

    if alternative == "two.sided":
        out = 1 - two_sided(d, n) if exact else kolmogorov(sqrt(n) * d)
    else:
        out = smirnov(n, min(max(d, 0.0), 1.0)) if exact else exp(-2 * n * d * d)
    return min(1.0, max(0.0, float(out)))


def two_sided(d: float, n: int) -> float:
    """P(D < d) for n observations.

    Reference: Marsaglia, Tsang and Wang (2003), J. Stat. Software 8(18).
    """
    if d <= 0 or d >= 1:
        return float(d >= 1)
    k = ceil(n * d)
    size, h = 2 * k - 1, k - n * d
    i, j = np.indices((size, size))
    steps = np.maximum(i - j + 1, 0)
    inverse_factorials = np.array([1 / factorial(s) if s < 171 else 0.0 for s in range(size + 1)])
    matrix = np.where(i - j + 1 >= 0, inverse_factorials[steps], 0.0)
    powers = h ** np.arange(1, size + 1) * inverse_factorials[1:]
    matrix[:, 0] -= powers
    matrix[-1, :] -= powers[::-1]
    if 2 * h - 1 > 0:
        matrix[-1, 0] += (2 * h - 1) ** size * inverse_factorials[size]
    power, exponent = _power(matrix, n)
    out = power[k - 1, k - 1]
    for s in range(1, n + 1):
        out *= s / n
        if out < 1e-140:
            out, exponent = out * 1e140, exponent - 140
    return float(out * 10.0**exponent)


def _power(matrix: Matrix, n: int) -> tuple[Matrix, int]:
    """Power of a matrix as a matrix and a power of 10 that multiplies it."""
    out, exponent = np.eye(len(matrix)), 0
    base, base_exponent = matrix, 0
    while n:
        if n & 1:
            out, exponent = out @ base, exponent + base_exponent
        base, base_exponent = base @ base, 2 * base_exponent
        n >>= 1
        middle = len(base) // 2
        if base[middle, middle] > 1e140:
            base, base_exponent = base * 1e-140, base_exponent + 140
        if out[middle, middle] > 1e140:
            out, exponent = out * 1e-140, exponent + 140
    return out, exponent
