"""First and second terms of inclusion and exclusion for several t statistics: exact tails of one and of two.

With N statistics beyond the bound, P(N > 0) = S1 - S2 + E[(N - 1)(N - 2) / 2; N > 2], where S1 = E[N] and S2 =
E[N (N - 1) / 2] are sums over single statistics and over pairs. Far out the last term is small.
"""

from __future__ import annotations

from math import isinf

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.inference.multiplicity.studentized_range import panels


def one_and_two(corr: Matrix, c: float, df: float, two_sided: bool) -> float:
    """S1 - S2 for the bound ``c > 0``; absolute error 1e-12."""
    from scipy.special import ndtr, stdtr

    k = len(corr)
    single = float(ndtr(-c) if isinf(df) else stdtr(df, -c))
    angle = np.arccos(np.clip(corr[np.triu_indices(k, 1)], -1, 1))
    pairs = _both_beyond(angle, c, df)
    if two_sided:
        return 2 * (k * single - float(np.sum(pairs + _both_beyond(np.pi - angle, c, df))))
    return k * single - float(np.sum(pairs))


def _both_beyond(angle: Vector, c: float, df: float) -> Vector:
    """P(two statistics > c) when their directions are so far apart: an integral over half the arc between them.

    The smaller of the two projections of a direction of the plane is the cosine of its angle to the farther one.
    """
    x, weights = panels(np.linspace(0, 1, 3), 32)
    low = angle[:, None] / 2
    cosine = np.cos(low + (np.pi / 2 - low) * x)
    square = (c / np.maximum(cosine, 1e-150)) ** 2
    tail = np.exp(-square / 2) if isinf(df) else np.exp(-df / 2 * np.log1p(square / df))
    return np.asarray(tail @ weights * (np.pi / 2 - angle / 2) / np.pi)


def bound_of_singles(total: float, k: int, two_sided: bool) -> float:
    """The bound at which the tails of `k` normal statistics sum to `total`."""
    from scipy.special import ndtri

    return -float(ndtri(total / k / (1 + two_sided)))
