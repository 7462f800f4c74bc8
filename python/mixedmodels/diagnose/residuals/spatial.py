"""Whether scaled residuals of near places are alike: Moran's I with inverse distances as weights.

Rows of weights are scaled to sum to 1, and mean and variance are those over permutations of the residuals, as
``Moran.I`` of the R package ape has them. The n x n matrix is never held as a whole where coordinates are given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.tables.test_record import ResidualTest, check_alternative

BLOCK = 1 << 21  # distances at once
FEWEST = 4
AGGREGATE = (
    "a test for spatial autocorrelation needs each place once; aggregate residuals by recalculate(group=...), or "
    "choose some by recalculate(sel=...)."
)
Distances = Callable[[int, int], Matrix]


@dataclass(frozen=True, slots=True)
class Moran:
    """Moran's I with its mean and standard deviation over permutations, and the p-value of a normal approximation."""

    observed: float
    expected: float
    sd: float
    p_value: float


def spatial(residuals: Vector, distances: Distances, alternative: str = "two.sided") -> ResidualTest:
    """Moran's test of residuals, shape (n,), whose distances are given by rows (see `between` and `of_matrix`)."""
    alternative = check_alternative(alternative)
    test = moran(residuals, distances, alternative)
    return ResidualTest(
        method="DHARMa Moran's I test for distance-based autocorrelation",
        statistics={"observed": test.observed, "expected": test.expected, "sd": test.sd},
        p_value=test.p_value,
        alternative="Distance-based autocorrelation",
    )


def between(x: Vector, y: Vector) -> Distances:
    """Euclidean distances of places, block by block.

    Raises
    ------
    DataError
        If a place comes twice.
    """
    places, counts = np.unique(np.column_stack([x, y]), axis=0, return_counts=True)
    if len(places) < len(x):
        twice = places[int(counts.argmax())]
        raise DataError(
            f"{len(x)} residuals are at {len(places)} different places ({twice[0]:g}, {twice[1]:g} comes "
            f"{counts.max()} times), and {AGGREGATE}"
        )
    return lambda first, last: np.hypot(x[first:last, None] - x, y[first:last, None] - y)


def of_matrix(table: Matrix, n: int) -> Distances:
    """Distances of a matrix, shape (n, n).

    Raises
    ------
    DataError
        If it is none, or has a distance of 0 beside the diagonal.
    """
    try:
        matrix = np.asarray(table, dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"distances must be a matrix of numbers; got {table!r:.60}.") from error
    if matrix.shape != (n, n):
        raise DataError(f"distances have shape {matrix.shape}, and there are {n} residuals; give shape ({n}, {n}).")
    if not np.isfinite(matrix).all() or (matrix < 0).any() or not np.allclose(matrix, matrix.T, rtol=1e-10, atol=0.0):
        raise DataError("distances must be finite, not negative, and the same both ways.")
    if (matrix + np.eye(n) == 0).any():
        i, j = np.argwhere(matrix + np.eye(n) == 0)[0]
        raise DataError(f"rows {i} and {j} are at distance 0, and {AGGREGATE}")
    return lambda first, last: matrix[first:last]


def moran(values: Vector, distances: Distances, alternative: str = "two.sided") -> Moran:
    """Moran's I of values, shape (n,), by inverse distances."""
    from scipy.special import ndtr

    n = len(values)
    if n < FEWEST:
        raise DataError(f"there are {n} residuals; a test for spatial autocorrelation needs {FEWEST}.")
    z = values - values.mean()
    square = float(z @ z)
    if square == 0:
        raise DataError("all residuals are the same, so they have no autocorrelation.")
    cross, s1, columns = _sums(z, distances)
    observed, expected = cross / square, -1 / (n - 1)  # rows sum to 1, so that all weights sum to n
    s2 = float(np.square(1 + columns).sum())
    kurtosis = n * float((z**4).sum()) / square**2
    free = n * ((n * n - 3 * n + 3) * s1 - n * s2 + 3 * n * n)
    bound = kurtosis * (n * (n - 1) * s1 - 2 * n * s2 + 6 * n * n)
    sd = float(np.sqrt((free - bound) / ((n - 1) * (n - 2) * (n - 3) * n * n) - expected**2))
    lower = float(ndtr((observed - expected) / sd))
    p = {"greater": 1 - lower, "less": lower, "two.sided": 2 * min(lower, 1 - lower)}[alternative]
    return Moran(float(observed), expected, sd, float(p))


def _sums(z: Vector, distances: Distances) -> tuple[float, float, Vector]:
    """z'Wz, half the sum of (w_ij + w_ji)^2, and the sums of W's columns."""
    n = len(z)
    blocks = [(at, min(at + max(1, BLOCK // n), n)) for at in range(0, n, max(1, BLOCK // n))]
    of_rows = np.concatenate([_inverse(distances, *block).sum(axis=1) for block in blocks])
    cross, s1, columns = 0.0, 0.0, np.zeros(n)
    for first, last in blocks:
        inverse = _inverse(distances, first, last)
        w = inverse / of_rows[first:last, None]
        cross += float(z[first:last] @ (w @ z))
        s1 += 0.5 * float(np.square(w + inverse / of_rows).sum())  # distances are the same both ways
        columns += w.sum(axis=0)
    return cross, s1, columns


def _inverse(distances: Distances, first: int, last: int) -> Matrix:
    d = distances(first, last)
    out = np.divide(1.0, d, out=np.zeros_like(d), where=d > 0)
    out[np.arange(last - first), np.arange(first, last)] = 0.0
    return out
