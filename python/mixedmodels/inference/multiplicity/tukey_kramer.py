"""All pairwise comparisons of means that are not equally precise: a neighbouring problem with an exact solution.

The absolute differences of independent means all stay within ``c (s_i + s_j)`` exactly where the intervals of half
widths ``c s_i`` around the means meet pairwise, and then they have a point in common (Helly's theorem on the line).
The largest of their left ends, y, has one integral over it:

    P = sum_i int phi_i(y + c s_i) prod_{j != i} P(y - c s_j <= x_j <= y + c s_j) dy.

Bounds of the form ``s_i + s_j`` are near to the ``c sd(x_i - x_j)`` of a comparison, more so the more balanced the
means; averages over directions of the difference between the two problems have little error.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.inference.multiplicity.studentized_range import mixed_tail, panels

SAME = 1e-7  # squared sines of angles below this are zero
FARTHEST = 14.0  # the table of the normal problem ends there, where its tail is below 1e-20
DEGREE = 160


@dataclass(frozen=True)
class AdditiveBounds:
    """Independent means and their half widths.

    Attributes
    ----------
    sd, half : ndarray, shape (means,)
        Standard deviations and half widths, in the same unit.
    """

    sd: Vector
    half: Vector

    def tail(self, c: float, df: float = inf) -> float:
        """P(some absolute difference > ``c (s_i + s_j)``)."""
        return mixed_tail(self._normal_tail, c, df)

    def _normal_tail(self, w: Vector) -> Vector:
        near = np.polynomial.chebyshev.chebval(2 * np.minimum(w, FARTHEST) / FARTHEST - 1, self._series)
        return np.where(w < FARTHEST, np.clip(near, 0.0, 1.0), 0.0)

    @cached_property
    def _series(self) -> Vector:
        """The normal problem's tail as a function of c, in Chebyshev polynomials over 0 to `FARTHEST`."""
        nodes = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))
        table = np.polynomial.chebyshev.chebvander(nodes, DEGREE)
        table[:, 0] /= 2
        return np.asarray(2 / (DEGREE + 1) * table.T @ self._exact(FARTHEST * (nodes + 1) / 2))

    def _exact(self, w: Vector) -> Vector:
        from scipy.special import ndtr

        z, weights = panels(np.linspace(-8.5, 8.5, 4))
        density = weights * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
        inside = np.zeros(len(w))
        for i, (sd, half) in enumerate(zip(self.sd, self.half, strict=True)):
            y = sd * z - w[:, None] * half
            others = np.ones_like(y)
            for j in range(len(self.sd)):
                if j != i:
                    reach = w[:, None] * self.half[j]
                    others *= ndtr((y + reach) / self.sd[j]) - ndtr((y - reach) / self.sd[j])
            inside += others @ density
        return 1 - inside


def as_pairs(corr: Matrix, rows: Matrix) -> tuple[Matrix, NDArray[np.intp]] | None:
    """Points whose pairwise differences have these directions, where there are any.

    Parameters
    ----------
    corr : ndarray, shape (k, k)
        Correlation matrix of the comparisons, none of them perfect.
    rows : ndarray
        Factor of the correlation matrix, shape (k, rank).

    Returns
    -------
    tuple of two ndarray or None
        Points of shape (rank + 1, rank), and the two that each row compares, shape (k, 2); None where the rows are not
        all pairwise comparisons. Three comparisons depend on each other only around a triangle, which says who meets
        whom.
    """
    k, rank = rows.shape
    means = rank + 1
    if rank < 3 or k != means * rank // 2:
        return None
    triangle = _triangles(corr)
    meets: NDArray[np.bool_] = np.any(triangle, axis=2)
    if not np.array_equal(triangle.sum(axis=2), meets) or set(meets.sum(axis=1).tolist()) != {2 * (means - 2)}:
        return None
    second = int(np.flatnonzero(meets[0])[0])
    star = np.flatnonzero(meets[0] & meets[second] & ~triangle[0, second])
    star = np.concatenate([[0, second], star[(star != 0) & (star != second)]])  # all comparisons of one mean
    if len(star) != rank:
        return None
    ends = np.zeros((k, 2), dtype=np.intp)
    points = np.zeros((means, rank))
    points[1] = rows[0]
    for b in range(1, means):
        ends[star[b - 1]] = 0, b
        for a in range(1, b):
            third = np.flatnonzero(triangle[star[a - 1], star[b - 1]])
            if len(third) != 1:
                return None
            ends[third[0]] = a, b
            if a == 1:
                both = np.column_stack([rows[0], rows[star[b - 1]]])
                p, q = np.linalg.lstsq(both, rows[third[0]], rcond=None)[0]
                points[b] = -q / p * rows[star[b - 1]]
    apart = points[ends[:, 0]] - points[ends[:, 1]]
    cosine = np.sum(apart * rows, axis=1) / np.linalg.norm(apart, axis=1)
    return (points, ends) if np.allclose(np.abs(cosine), 1, atol=SAME) else None


def _triangles(corr: Matrix) -> NDArray[np.bool_]:
    """Whether each lies in the plane of two others, shape (k, k, k)."""
    p, q = corr[:, None, :], corr[None, :, :]
    between = corr[:, :, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        outside = 1 - (p**2 + q**2 - 2 * between * p * q) / (1 - between**2)
    flat: NDArray[np.bool_] = np.less(outside, SAME)
    each = np.arange(len(corr))
    flat[each, each, :] = flat[each, :, each] = flat[:, each, each] = False
    return flat


def neighbour(points: Matrix, ends: NDArray[np.intp]) -> tuple[Matrix, Matrix, AdditiveBounds]:
    """The comparisons, and their neighbours with additive bounds, as functions of the same normal variables.

    Returns
    -------
    tuple of (ndarray, ndarray, ProductForm or AdditiveBounds)
        Rows of the comparisons and of the neighbouring problem, both (k, rank), and the exact law of the latter.
    """
    means, rank = points.shape
    square = np.sum((points[ends[:, 0]] - points[ends[:, 1]]) ** 2, axis=1)
    both = np.zeros((len(ends), means))
    each = np.arange(len(ends))
    both[each, ends[:, 0]] = both[each, ends[:, 1]] = 1
    variance = np.linalg.lstsq(both, square, rcond=None)[0]
    variance = np.maximum(variance, 0.05 * square.mean())
    half = np.linalg.lstsq(both, np.sqrt(square), rcond=None)[0]
    half = np.maximum(half, 0.05 * np.sqrt(square.mean()))
    centred = np.eye(means) - 1 / means
    basis = np.linalg.svd(centred)[0][:, :rank]
    own = _symmetric_root(points @ points.T, basis)
    other = _symmetric_root(np.diag(variance), basis)
    a, b = ends.T
    rows = (own[a] - own[b]) / np.sqrt(square)[:, None]
    near = (other[a] - other[b]) / (half[a] + half[b])[:, None]
    return rows, near, AdditiveBounds(np.sqrt(variance), half)


def _symmetric_root(vcov: Matrix, basis: Matrix) -> Matrix:
    """The factor of a covariance matrix among contrasts that moves least when the matrix does."""
    values, vectors = np.linalg.eigh(basis.T @ vcov @ basis)
    return np.asarray(basis @ (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)
