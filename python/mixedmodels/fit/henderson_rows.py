"""Rows of a mixed model as Henderson's equations meet them: one level of each grouping factor, in the scale of u."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels.design.records import Design, Vector
from mixedmodels.fit.record import Matrix

Columns = Sequence[Vector | None]
TermRows = tuple[NDArray[Any], Columns] | None  # codes and columns of a random term; None takes no part


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """Rows [Z Lambda, X].

    There are n of them, with K effects in a level of the lead factor and m in the levels of all others.

    Attributes
    ----------
    code : ndarray of int, shape (n,)
        Level of the lead factor.
    lead : ndarray, shape (n, K)
        Values in that level's columns; zeros where a row has no level.
    places : ndarray of int, shape (n, m)
        Columns of the tail.
    values : ndarray, shape (n, m)
        Values in these columns.
    x : ndarray, shape (n, p)
        Columns of X.
    """

    code: NDArray[np.intp]
    lead: Matrix
    places: NDArray[np.intp]
    values: Matrix
    x: Matrix

    def take(self, rows: Any) -> Scaled:
        """Some of the rows."""
        return Scaled(
            code=self.code[rows],
            lead=self.lead[rows],
            places=self.places[rows],
            values=self.values[rows],
            x=self.x[rows],
        )


def fixed_rows(design: Design, kept: Sequence[int], n: int) -> Matrix:
    """The kept columns of X, shape (n, p)."""
    x = np.empty((n, len(kept)))
    for a, j in enumerate(kept):
        column = design.fixed.columns[j]
        x[:, a] = 1.0 if column is None else column
    return x


def random_rows(design: Design) -> list[TermRows]:
    """Codes and columns of every random term of a design."""
    return [(design.groups[term.group].codes, term.columns) for term in design.random]


def rows_of(places: NDArray[np.intp], values: Matrix, width: int) -> Any:
    """A sparse matrix whose rows have as many numbers each, shape (n, width)."""
    from scipy import sparse

    n, m = places.shape
    return sparse.csr_array((values.ravel(), places.ravel(), np.arange(0, n * m + 1, m)), shape=(n, width))


def loadings(rows: tuple[NDArray[Any], Columns], t: Matrix, n: int) -> tuple[NDArray[np.intp], Matrix]:
    """Codes (0 without a level) and rows z'T (zeros without a level), shapes (n,) and (n, k)."""
    codes, columns = rows
    z = np.empty((n, len(t)))
    for j, column in enumerate(columns):
        z[:, j] = 1.0 if column is None else column
    known = codes >= 0
    if not known.all():
        z[~known] = 0.0
    return np.where(known, codes, 0).astype(np.intp), z @ t


def sums(code: NDArray[np.intp], lead: Matrix, x: Matrix, levels: int) -> Matrix:
    """Per level the sum of the products of the rows' lead values with x, shape (levels, K, p)."""
    out = np.empty((levels, lead.shape[1], x.shape[1]))
    for a in range(lead.shape[1]):
        for j in range(x.shape[1]):
            out[:, a, j] = np.bincount(code, lead[:, a] * x[:, j], levels)
    return out


def tail_places(design: Design, lead: int) -> tuple[list[int], int]:
    """Where the columns of each random term begin in the tail (the lead factor's have none), and the tail's width."""
    starts, q = [], 0
    for term in design.random:
        starts.append(q)
        if term.group != lead:
            q += design.groups[term.group].n_levels * len(term.columns)
    return starts, q
