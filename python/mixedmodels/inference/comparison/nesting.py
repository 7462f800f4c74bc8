"""Nesting of models: is one within the other, and which random terms of the larger hold those of the smaller."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design, RandomTerm
from mixedmodels.fit.any_fit import AnyFit, AnyPredictor
from mixedmodels.fit.ols import dense_columns

TOLERANCE = 1e-7  # of a column that lies in the span of others, relative to its length


@dataclass(frozen=True, slots=True)
class Block:
    """A random term of the larger model, and the effects of it that the smaller model has.

    Attributes
    ----------
    term : int
        Position among the random terms of the larger model.
    within : tuple of tuple of (int, ndarray)
        Position of each term of the smaller model inside it, and its effects as combinations of this term's columns,
        shape (k, columns of the term).
    """

    term: int
    within: tuple[tuple[int, Matrix], ...]

    @property
    def existing(self) -> int:
        """Effects that the smaller model has."""
        return sum(len(m) for _, m in self.within)


def fixed_nested(small: tuple[Design, AnyFit | AnyPredictor], large: tuple[Design, AnyFit | AnyPredictor]) -> bool:
    """Whether the fixed effects (and the difference of the offsets) of `small` lie in the column space of `large`."""
    n = large[0].n
    x = dense_columns(large[0], large[1].kept, n)
    inner = dense_columns(small[0], small[1].kept, n)
    shift = _offset(small[0], n) - _offset(large[0], n)
    if shift.any():
        inner = np.column_stack([inner, shift])
    return bool(_in_span(inner, x).all())


def blocks(small: Design, large: Design) -> tuple[Block, ...] | None:
    """Positions of the random terms of `small` in those of `large`; None where one has no position."""
    taken: set[int] = set()
    out = []
    for place, term in enumerate(large.random):
        columns = _dense(term, large)
        within: list[tuple[int, Matrix]] = []
        for i, other in enumerate(small.random):
            if i in taken or not _same_group(small, other, large, term):
                continue
            inner = _dense(other, small)
            if not _in_span(inner, columns).all():
                continue
            taken.add(i)
            within.append((i, np.asarray(np.linalg.lstsq(columns, inner, rcond=None)[0].T, dtype=float)))
        out.append(Block(place, tuple(within)))
    return tuple(out) if len(taken) == len(small.random) else None


def _offset(design: Design, n: int) -> Vector:
    return np.zeros(n) if design.offset is None else design.offset


def _same_group(small: Design, a: RandomTerm, large: Design, b: RandomTerm) -> bool:
    """Whether two terms group the rows alike, up to the order of the levels."""
    g, h = small.groups[a.group], large.groups[b.group]
    if g.n_levels != h.n_levels:
        return False
    if np.array_equal(g.codes, h.codes):
        return True
    pairs = np.unique(g.codes.astype(np.int64) * h.n_levels + h.codes)
    return len(pairs) == g.n_levels


def _dense(term: RandomTerm, design: Design) -> Matrix:
    n = len(design.groups[term.group].codes)
    return np.column_stack([np.ones(n) if c is None else c for c in term.columns])


def _in_span(columns: Matrix, of: Matrix) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """For each column whether it is a combination of the columns of `of`."""
    lengths = np.linalg.norm(columns, axis=0)
    scale = np.linalg.norm(of, axis=0)
    q, r = np.linalg.qr(of / np.where(scale > 0, scale, 1.0))
    q = q[:, np.abs(np.diag(r)) > 1e-10]
    rest = columns - q @ (q.T @ columns)
    rest -= q @ (q.T @ rest)
    out: np.ndarray[tuple[int], np.dtype[np.bool_]] = np.linalg.norm(rest, axis=0) <= TOLERANCE * lengths
    return out
