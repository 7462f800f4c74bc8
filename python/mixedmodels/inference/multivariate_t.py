"""How far the largest of several correlated t (or normal) statistics strays: tails and equicoordinate quantiles.

Let T = A z / s with z normal of r dimensions, ``A A'`` the correlation matrix of rank r, and s^2 chi-squared(df) / df.
In the direction u the length of z / s has its own law, F(r, df) of the square over r, so with ``m(u) = max_i a_i'u``
(absolute values for two-sided bounds)

    P(max_i T_i > c) = E_u P(F(r, df) > c^2 / (r m(u)^2))                      for c > 0,

an average of Scheffe's tails over directions. The law of m(u) belongs to the correlation matrix alone: it is computed
once and serves all bounds, all degrees of freedom and quantiles, and tails far out keep their relative precision.
A singular correlation matrix (all pairwise comparisons) only makes r smaller. Source: the spherical-radial form of Deak
(1980), Three digit accurate multiple normal probabilities, Numer. Math. 35, 369-380.

Exact to rounding: rank 1 and 2 (by quadrature between the kinks of m), correlations of product form ``l_i l_j`` (many
comparisons with one, equal correlations; a single integral) and all pairs of equally precise means (the studentized
range). Everything else averages over a lattice on the sphere; `Law.error` is its standard error.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import inf, isinf

import numpy as np
from numpy.typing import NDArray

from mixedmodels.errors import DataError
from mixedmodels.inference import lattice
from mixedmodels.inference.studentized import mixed_tail, panels, ptukey_tail, root

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

BINS = 2048
SAME = 1e-9  # correlations that agree to this are one


@dataclass(frozen=True)
class Law:
    """The law of the largest of k statistics, as a tail function.

    Attributes
    ----------
    rank : of the correlation matrix.
    m, weights : values of m(u), negative ones with one-sided bounds, and their weights, shape (sets, nodes), each set
        an estimate of its own; None where a single integral serves.
    loadings : l of a product form, else None.
    means : number of means of which these are all pairwise comparisons, else None.
    two_sided : bounds on absolute values.
    """

    rank: int
    two_sided: bool
    m: Matrix | None = None
    weights: Matrix | None = None
    loadings: Vector | None = None
    means: int | None = None

    def tail(self, c: float, df: float = inf) -> float:
        """P(the largest statistic > c)."""
        if np.isnan(c) or np.isnan(df):
            return float("nan")
        if self.two_sided and c <= 0:
            return 1.0
        if self.means is not None:
            return ptukey_tail(np.sqrt(2) * c, self.means, df)
        if self.loadings is not None:
            return min(mixed_tail(self._product_tail, c, df), 1.0)
        return float(self._averages(c, df).mean())

    def error(self, c: float, df: float = inf) -> float:
        """Standard error of `tail`; about 1e-12 where the integral is exact."""
        if self.m is None or len(self.m) == 1:
            return 1e-12
        each = self._averages(c, df)
        return max(float(each.std(ddof=1) / np.sqrt(len(each))), 1e-12)

    def quantile(self, level: float, df: float = inf) -> float:
        """Bound c with P(all statistics <= c) = `level`."""
        low = 0.0 if self.two_sided else -8.0
        return root(lambda c: self.tail(c, df) - (1 - level), low, 4.0)

    def _averages(self, c: float, df: float) -> Vector:
        assert self.m is not None
        assert self.weights is not None
        m = self.m
        # above 0 the region holds the origin and the length may not pass c / m; below, it has to pass it
        inside = np.sign(c) * m > 0 if c != 0 else m > 0
        with np.errstate(divide="ignore"):
            square = np.where(inside, (c / np.where(inside, m, 1.0)) ** 2, inf)
        tails = np.where(inside, _length_tail(square, self.rank, df), 0.0)
        total: Vector = np.sum(tails * self.weights, axis=1)
        return total if c >= 0 else np.asarray(1 - total)

    def _product_tail(self, w: Vector) -> Vector:
        from scipy.special import log_ndtr, ndtr

        assert self.loadings is not None
        z, weights = panels(np.linspace(-8.5, 8.5, 5))
        density = weights * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
        log_inside = np.zeros((len(w), len(z)))
        spread = np.sqrt(np.maximum(1 - self.loadings**2, 1e-300))
        for loading, sd in zip(self.loadings, spread, strict=True):
            upper = (w[:, None] - loading * z) / sd
            if self.two_sided:
                lower = (-w[:, None] - loading * z) / sd
                log_inside += np.log1p(-np.minimum(ndtr(-upper) + ndtr(lower), 1 - 1e-16))
            else:
                log_inside += log_ndtr(upper)
        return np.asarray(np.clip(-np.expm1(log_inside) @ density, 0.0, 1.0))


def _length_tail(square: Matrix, rank: int, df: float) -> Matrix:
    from scipy.special import chdtrc, fdtrc

    return np.asarray(chdtrc(rank, square) if isinf(df) else fdtrc(rank, df, square / rank))


def law(corr: Matrix, two_sided: bool = True) -> Law:
    """The law of the largest statistic with this correlation matrix.

    Parameters
    ----------
    corr : shape (k, k), may be singular.
    two_sided : of absolute values.

    Raises
    ------
    DataError
        If `corr` is not a correlation matrix.
    """
    corr = np.ascontiguousarray(corr, dtype=float)
    if corr.ndim != 2 or corr.shape[0] != corr.shape[1] or not np.allclose(np.diag(corr), 1, atol=1e-8):
        raise DataError(f"a correlation matrix is square with ones on its diagonal; this has shape {corr.shape}.")
    if not np.isfinite(corr).all():
        raise DataError("the correlation matrix of the estimates has missing values: a standard error is 0 or unknown.")
    return _law(np.round((corr + corr.T) / 2, 14).tobytes(), len(corr), two_sided)


@lru_cache(maxsize=64)
def _law(data: bytes, k: int, two_sided: bool) -> Law:
    corr = np.frombuffer(data).reshape(k, k)
    corr = _distinct(corr, two_sided)
    rows = _factor(corr)
    rank = rows.shape[1]
    if rank == 1:
        m = np.array([[1.0]]) if two_sided else np.array([[rows.max(), -rows.min()]])
        return Law(rank, two_sided, m, np.full(m.shape, 1 / m.size))
    if rank == 2:
        return Law(rank, two_sided, *_plane(rows, two_sided))
    if two_sided and _all_pairs(corr, rank):
        return Law(rank, two_sided, means=rank + 1)
    loadings = _product_form(corr)
    if loadings is not None:
        return Law(rank, two_sided, loadings=loadings)
    return Law(rank, two_sided, *_sphere(rows, two_sided))


def _distinct(corr: Matrix, two_sided: bool) -> Matrix:
    """Without statistics that are, up to their sign where it does not count, another one."""
    same = (np.abs(corr) if two_sided else corr) > 1 - SAME
    first = same.argmax(axis=1)
    kept = np.unique(first)
    return np.asarray(corr[np.ix_(kept, kept)])


def _factor(corr: Matrix) -> Matrix:
    """Rows of unit length, shape (k, rank), with these inner products."""
    values, vectors = np.linalg.eigh(corr)
    kept = values > values[-1] * len(values) * 1e-11
    rows = vectors[:, kept] * np.sqrt(values[kept])
    unit: Matrix = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def _plane(rows: Matrix, two_sided: bool) -> tuple[Matrix, Matrix]:
    """Quadrature over the circle, between the angles at which another row becomes the largest or a sign changes."""
    i, j = np.triu_indices(len(rows), 1)
    apart = np.concatenate([rows[i] - rows[j], rows[i] + rows[j] if two_sided else rows])
    turns = np.arctan2(apart[:, 0], -apart[:, 1])  # the directions orthogonal to these
    circle = np.pi if two_sided else 2 * np.pi
    turns = np.concatenate([turns % circle, (turns + np.pi) % circle])
    angle, weights = panels(np.unique(np.concatenate([[0.0, circle], turns])), 24)
    projections = rows @ np.array([np.cos(angle), np.sin(angle)])
    m = np.abs(projections).max(axis=0) if two_sided else projections.max(axis=0)
    return m[None, :], weights[None, :] / circle


def _all_pairs(corr: Matrix, rank: int) -> bool:
    """Whether these are all pairwise differences of equally precise, independent (or equally correlated) means."""
    k = len(corr)
    if k != rank * (rank + 1) // 2:
        return False
    off = np.abs(corr[np.triu_indices(k, 1)])
    halves = np.abs(off - 0.5) < SAME
    # of the pairs of pairs, rank (rank + 1) (rank - 1) / 2 share a mean; and the differences surround it evenly
    even = np.allclose(np.linalg.eigvalsh(corr)[-rank:], (rank + 1) / 2, atol=1e-8)
    return bool(np.all(halves | (off < SAME)) and even and halves.sum() == rank * (rank + 1) * (rank - 1) // 2)


def _product_form(corr: Matrix) -> Vector | None:
    """Loadings l with ``corr[i, j] = l[i] l[j]`` off the diagonal, where there is one with abs(l) <= 1."""
    k = len(corr)
    off = corr - np.diag(np.diag(corr))
    related = np.flatnonzero((np.abs(off) > SAME).any(axis=1))
    loadings = np.zeros(k)
    if len(related) == 2:
        i, j = related
        loadings[i] = np.sqrt(abs(off[i, j]))
        loadings[j] = np.sign(off[i, j]) * loadings[i]
    elif len(related) > 2:
        first, second, third = related[:3]
        if min(abs(off[first, second]), abs(off[first, third]), abs(off[second, third])) < SAME:
            return None
        square = off[first, second] * off[first, third] / off[second, third]
        if not SAME < square <= 1:
            return None
        loadings = off[first] / np.sqrt(square)
        loadings[first] = np.sqrt(square)
    fits = np.abs(np.outer(loadings, loadings) - off)
    np.fill_diagonal(fits, 0)
    return loadings if fits.max() < SAME and np.abs(loadings).max() < 1 - SAME else None


def _sphere(rows: Matrix, two_sided: bool) -> tuple[Matrix, Matrix]:
    """Values of m(u) over a lattice of directions, gathered in bins: each set's bins by their means and shares."""
    values, weights = [], []
    for u in lattice.directions(rows.shape[1]):
        projections = rows @ u.T
        m = np.abs(projections).max(axis=0) if two_sided else projections.max(axis=0)
        low, high = float(m.min()), float(m.max())
        place = np.minimum(((m - low) / (high - low) * BINS).astype(np.int64), BINS - 1)
        if not two_sided:  # a bin does not hold both signs
            place += BINS * (m > 0)
        size = BINS if two_sided else 2 * BINS
        count = np.bincount(place, minlength=size)
        total = np.bincount(place, weights=m, minlength=size)
        values.append(np.where(count > 0, total / np.maximum(count, 1), 1.0))
        weights.append(count / len(m))
    return np.array(values), np.array(weights)
