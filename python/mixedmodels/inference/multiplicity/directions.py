"""Averages over directions: the law of a function m(u) of the direction u of normal variables, and tails from it."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isinf

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.inference.multiplicity.studentized_range import panels

BINS = 2048


@dataclass(frozen=True)
class DirectionalLaw:
    """Weighted values of m(u) among directions in `rank` dimensions.

    Attributes
    ----------
    rank : int
        Number of dimensions.
    m, weights : ndarray, shape (sets, nodes)
        Values, and their weights, each set an estimate of its own.
    """

    rank: int
    m: Matrix
    weights: Matrix

    def averages(self, c: float, df: float = inf) -> Vector:
        """P(``m(u)`` times the length > c) by each set; below 0, one less that of what lies within."""
        # above 0 the region holds the origin and the length may not pass c / m; below, it has to pass it
        inside = np.sign(c) * self.m > 0 if c != 0 else self.m > 0
        with np.errstate(divide="ignore"):
            square = np.where(inside, (c / np.where(inside, self.m, 1.0)) ** 2, inf)
        tails = np.where(inside, _length_tail(square, self.rank, df), 0.0)
        total: Vector = np.sum(tails * self.weights, axis=1)
        return total if c >= 0 else np.asarray(1 - total)


def _length_tail(square: Matrix, rank: int, df: float) -> Matrix:
    from scipy.special import chdtrc, fdtrc

    return np.asarray(chdtrc(rank, square) if isinf(df) else fdtrc(rank, df, square / rank))


def gathered(values: Matrix, weights: Vector | None = None) -> tuple[Vector, Vector]:
    """Values in bins: means and total weights of `BINS` bins, no bin holding both signs.

    Parameters
    ----------
    values : ndarray
        Values, shape (n,) or (n, columns).
    weights : ndarray, optional
        Weights of the columns; 1 unless given. All are over n in the result.
    """
    n = len(values)
    flat = values.ravel()
    low, high = float(flat.min()), float(flat.max())
    place = np.minimum(((flat - low) * (BINS / max(high - low, 1e-300))).astype(np.intp), BINS - 1)
    size = BINS
    if low < 0 < high:
        place += BINS * (flat > 0)
        size = 2 * BINS
    w = None if weights is None else np.broadcast_to(weights, values.shape).ravel()
    count = np.bincount(place, w, size)
    total = np.bincount(place, flat if w is None else w * flat, size)
    return np.where(count > 0, total / np.maximum(count, 1e-300), 1.0), count / n


def circle(rows: Matrix, two_sided: bool) -> DirectionalLaw:
    """Quadrature in two dimensions, between the angles at which another row becomes the largest or a sign changes."""
    i, j = np.triu_indices(len(rows), 1)
    apart = np.concatenate([rows[i] - rows[j], rows[i] + rows[j] if two_sided else rows])
    turns = np.arctan2(apart[:, 0], -apart[:, 1])  # the directions orthogonal to these
    whole = np.pi if two_sided else 2 * np.pi
    turns = np.concatenate([turns % whole, (turns + np.pi) % whole])
    angle, weights = panels(np.unique(np.concatenate([[0.0, whole], turns])), 24)
    projections = rows @ np.array([np.cos(angle), np.sin(angle)])
    m = np.abs(projections).max(axis=0) if two_sided else projections.max(axis=0)
    return DirectionalLaw(2, m[None, :], weights[None, :] / whole)
