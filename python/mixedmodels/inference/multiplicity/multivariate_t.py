"""The largest of several correlated t (or normal) statistics: tail probabilities and equicoordinate quantiles.

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
range). Everything else averages over a lattice on the sphere, and helps itself to what is known exactly: the law of a
neighbouring problem (additive bounds for pairs of means, else the nearest product form), averaging only the difference;
or inclusion and exclusion up to pairs, averaging only what is beyond. Which of them serves a bound best, the sets of
the lattice tell; `Law.error` is the standard error of what was chosen. One-sided bounds below `LOW` ask for a small
box, which `boxes` integrates variable by variable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from math import inf

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.inference.multiplicity import bonferroni_bounds, sphere_lattice, tukey_kramer
from mixedmodels.inference.multiplicity.directions import DirectionalLaw, circle, gathered
from mixedmodels.inference.multiplicity.mvt_rectangles import box_probability
from mixedmodels.inference.multiplicity.product_form import ProductForm, nearest_product_form, product_form
from mixedmodels.inference.multiplicity.studentized_range import ptukey_tail, root
from mixedmodels.inference.multiplicity.tukey_kramer import AdditiveBounds

Bins = tuple[Vector, Vector]

SAME = 1e-9  # correlations that agree to this are one
LOW = 0.5
SORTED = 30  # most statistics whose pairs are looked at
FLOPS = 200_000  # multiplications of a block of directions: in the cache, and not worth several threads
COARSE = 1e-6  # standard error of an average above which a box is tried as well
ENOUGH = 5e-7  # standard error at a p-value about 0.1; twice the points where it is not reached


@dataclass(frozen=True, kw_only=True)
class Law:
    """The law of the largest of k statistics, as a tail function.

    Attributes
    ----------
    corr : ndarray
        Correlation matrix, shape (k, k).
    rows : ndarray, shape (k, rank)
        Factor of the correlation matrix.
    two_sided : bool
        Whether bounds are on absolute values.
    exact : ProductForm or int, optional
        Product form of the whole law where it is known, or the number of means where the statistics are all their
        pairs.
    largest : DirectionalLaw, optional
        Law of m(u).
    near : DirectionalLaw, optional
        Law of the neighbouring problem's m(u) over the same directions.
    near_exact : ProductForm or AdditiveBounds, optional
        Exact law of the neighbouring problem.
    beyond : DirectionalLaw, optional
        Law of what inclusion and exclusion leave after the pairs.
    """

    corr: Matrix
    rows: Matrix
    two_sided: bool
    exact: ProductForm | int | None = None
    largest: DirectionalLaw | None = None
    near: DirectionalLaw | None = None
    beyond: DirectionalLaw | None = None
    near_exact: ProductForm | AdditiveBounds | None = None

    def tail(self, c: float, df: float = inf) -> float:
        """P(the largest statistic > c)."""
        return self.estimate(c, df)[0]

    def error(self, c: float, df: float = inf) -> float:
        """Standard error of `tail`; about 1e-12 where the integral is exact."""
        return max(self.estimate(c, df)[1], 1e-12)

    def estimate(self, c: float, df: float = inf) -> tuple[float, float]:
        """`tail` and its standard error."""
        if np.isnan(c) or np.isnan(df):
            return float("nan"), float("nan")
        if self.two_sided and c <= 0:
            return 1.0, 0.0
        if isinstance(self.exact, int):
            return ptukey_tail(np.sqrt(2) * c, self.exact, df), 0.0
        if self.exact is not None:
            return min(self.exact.tail(c, df), 1.0), 0.0
        assert self.largest is not None
        if len(self.largest.m) == 1:
            return float(self.largest.averages(c, df)[0]), 0.0
        if not self.two_sided and c < LOW:
            k = len(self.rows)
            inside, error = box_probability(np.full(k, -inf), np.full(k, c), self.rows, df)
            return 1 - inside, error
        return self._best_average(c, df)

    def quantile(self, level: float, df: float = inf) -> float:
        """Bound c with P(all statistics <= c) = `level`."""
        low = 0.0 if self.two_sided else -8.0
        return root(lambda c: self.tail(c, df) - (1 - level), low, 4.0)

    def _best_average(self, c: float, df: float) -> tuple[float, float]:
        """The average with the smallest standard error among those of m(u) and of what differs from exact laws."""
        assert self.largest is not None
        plain = self.largest.averages(c, df)
        candidates = [plain]
        if self.near is not None and self.near_exact is not None:
            candidates.append(plain - self.near.averages(c, df) + self.near_exact.tail(c, df))
        if self.beyond is not None:
            exact = bonferroni_bounds.one_and_two(self.corr, c, df, self.two_sided)
            candidates.append(self.beyond.averages(c, df) + exact)
        errors = [float(each.std(ddof=1)) / np.sqrt(len(each)) for each in candidates]
        best = int(np.argmin(errors))
        value = float(np.clip(candidates[best].mean(), 0.0, 1.0))
        k = len(self.rows)
        if errors[best] > COARSE and self.rows.shape[1] == k:  # moderate tails of many statistics
            low = np.full(k, -c if self.two_sided else -inf)
            inside, error = box_probability(low, np.full(k, c), self.rows, df, COARSE / 2, 16)
            if error < errors[best]:
                return 1 - inside, error
        return value, errors[best]


def law(corr: Matrix, two_sided: bool = True) -> Law:
    """The law of the largest statistic with this correlation matrix.

    Parameters
    ----------
    corr : ndarray, shape (k, k)
        Correlation matrix, which may be singular.
    two_sided : bool, default True
        Whether the law is of absolute values.

    Raises
    ------
    DataError
        If `corr` is not a correlation matrix.
    """
    corr = np.ascontiguousarray(corr, dtype=float)
    check_correlation(corr)
    return _law(np.round((corr + corr.T) / 2, 14).tobytes(), len(corr), two_sided)


def check_correlation(corr: Matrix) -> None:
    """Refuse a matrix that is not a correlation matrix."""
    if corr.ndim != 2 or corr.shape[0] != corr.shape[1] or not np.allclose(np.diag(corr), 1, atol=1e-8):
        raise DataError(f"a correlation matrix is square with ones on its diagonal; this has shape {corr.shape}.")
    if not np.isfinite(corr).all():
        raise DataError("the correlation matrix of the estimates has missing values: a standard error is 0 or unknown.")


@lru_cache(maxsize=64)
def _law(data: bytes, k: int, two_sided: bool) -> Law:
    corr = _distinct(np.frombuffer(data).reshape(k, k), two_sided)
    rows = factor(corr)
    rank = rows.shape[1]
    if rank == 1:
        m = np.array([[1.0]]) if two_sided else np.array([[rows.max(), -rows.min()]])
        return Law(
            corr=corr, rows=rows, two_sided=two_sided, largest=DirectionalLaw(1, m, np.full(m.shape, 1 / m.size))
        )
    if rank == 2:
        return Law(corr=corr, rows=rows, two_sided=two_sided, largest=circle(rows, two_sided))
    if two_sided and _all_pairs(corr, rank):
        return Law(corr=corr, rows=rows, two_sided=two_sided, exact=rank + 1)
    loadings = product_form(corr)
    if loadings is not None:
        return Law(corr=corr, rows=rows, two_sided=two_sided, exact=ProductForm(loadings, two_sided))
    return averaged(corr, rows, two_sided)


def averaged(corr: Matrix, rows: Matrix, two_sided: bool) -> Law:
    """The law by averages over a lattice of directions, without exact laws."""
    rank = rows.shape[1]
    near: Matrix | None = None
    exact: ProductForm | AdditiveBounds | None = None
    pairs = tukey_kramer.as_pairs(corr, rows) if two_sided else None
    if pairs is not None:
        own, near, exact = tukey_kramer.neighbour(*pairs)
    elif rank == len(rows):
        loadings, own, near = nearest_product_form(corr)
        exact = ProductForm(loadings, two_sided)
    else:
        own = rows
    parts = _averages(own, near, two_sided)
    sets = list(islice(parts, sphere_lattice.SHIFTS))
    largest, nearest, beyond = _laws(rank, sets)
    average_law = Law(
        corr=corr,
        rows=rows,
        two_sided=two_sided,
        exact=None,
        largest=largest,
        near=nearest,
        beyond=beyond,
        near_exact=exact,
    )
    if average_law.estimate(bonferroni_bounds.bound_of_singles(0.1, len(rows), two_sided))[1] > ENOUGH:
        largest, nearest, beyond = _laws(rank, sets + list(parts))
        average_law = Law(
            corr=corr,
            rows=rows,
            two_sided=two_sided,
            exact=None,
            largest=largest,
            near=nearest,
            beyond=beyond,
            near_exact=exact,
        )
    return average_law


def _averages(rows: Matrix, near: Matrix | None, two_sided: bool) -> Iterator[tuple[Bins, Bins | None, Bins | None]]:
    """By sets of the lattice: m(u), that of its neighbour, and what is beyond pairs, in bins."""
    k, rank = rows.shape
    for u in sphere_lattice.directions(rank, 2 * sphere_lattice.SHIFTS):
        yield (
            gathered(_largest(rows, u, two_sided)),
            None if near is None else gathered(_largest(near, u, two_sided)),
            gathered(_third_and_on(rows, u, two_sided), np.arange(k - 2, 0, -1.0)) if 2 < k <= SORTED else None,
        )


def _largest(rows: Matrix, u: Matrix, two_sided: bool) -> Vector:
    out = np.empty(u.shape[1])
    block = max(FLOPS // rows.size, 32)
    for begin in range(0, u.shape[1], block):
        each = rows @ u[:, begin : begin + block]
        largest = each.max(axis=0)
        out[begin : begin + block] = np.maximum(largest, -each.min(axis=0)) if two_sided else largest
    return out


def _third_and_on(rows: Matrix, u: Matrix, two_sided: bool) -> Matrix:
    """All but the two largest, in increasing order, shape (n, k - 2); what is not above 0 does not count."""
    out = np.empty((u.shape[1], len(rows) - 2))
    block = max(FLOPS // rows.size, 32)
    for begin in range(0, u.shape[1], block):
        each = u[:, begin : begin + block].T @ rows.T
        each = np.abs(each, out=each) if two_sided else np.maximum(each, 1e-12, out=each)
        each.sort(axis=1)
        out[begin : begin + block] = each[:, :-2]
    return out


def _laws(
    rank: int, sets: list[tuple[Bins, Bins | None, Bins | None]]
) -> tuple[DirectionalLaw | None, DirectionalLaw | None, DirectionalLaw | None]:
    """Each law from all its sets."""
    first, second, third = ([b for b in each if b is not None] for each in zip(*sets, strict=True))
    return _one_law(rank, first), _one_law(rank, second), _one_law(rank, third)


def _one_law(rank: int, sets: list[Bins]) -> DirectionalLaw | None:
    if not sets:
        return None
    size = max(len(m) for m, _ in sets)
    m, w = (
        np.array([np.pad(each[i], (0, size - len(each[i])), constant_values=1 - i) for each in sets]) for i in (0, 1)
    )
    return DirectionalLaw(rank, m, w)


def _distinct(corr: Matrix, two_sided: bool) -> Matrix:
    """Without statistics that are, up to their sign where it does not count, another one."""
    same = (np.abs(corr) if two_sided else corr) > 1 - SAME
    first = same.argmax(axis=1)
    kept = np.unique(first)
    return np.asarray(corr[np.ix_(kept, kept)])


def factor(corr: Matrix) -> Matrix:
    """Rows of unit length, shape (k, rank), with these inner products."""
    values, vectors = np.linalg.eigh(corr)
    kept = values > values[-1] * len(values) * 1e-11
    rows = vectors[:, kept] * np.sqrt(values[kept])
    unit: Matrix = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


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
