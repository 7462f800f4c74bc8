"""Labelled linear functions of a model's coefficients: what a reference grid, its means and their contrasts all are.

A row l of a table stands for ``l'beta`` plus an offset. Rows count all columns of X, also those that the fit dropped
because others determine them; a row can then be estimated if it is orthogonal to the null space of X.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design
from mixedmodels.estimates.coefficients import Coefficients

Level = str | float | bool

TOLERANCE = 1e-8  # emmeans' own: squared length of the part within the null space, relative to the whole


@dataclass(frozen=True, kw_only=True)
class LinearFunctions:
    """A table of linear functions with their labels.

    Attributes
    ----------
    levels : mapping of str to tuple of Level
        Levels of each factor; a regular grid runs through them with the first factor fastest.
    labels : mapping of str to tuple of Level
        Level of each factor in each of the r rows.
    rows : ndarray, shape (r, P)
        Rows with P columns of X, dropped ones too.
    offset : ndarray, shape (r,) or None
        Offset added to each function, or None.
    weights : ndarray, shape (r,)
        Number of rows of the data (their prior weights summed) that each stands for.
    shown : ndarray of bool, shape (r,), optional
        Rows that exist where factors are nested, or None where all do.
    nesting : mapping of str to tuple of str, optional
        Factors that a factor is nested in.
    """

    levels: Mapping[str, tuple[Level, ...]]
    labels: Mapping[str, tuple[Level, ...]]
    rows: Matrix
    offset: Vector | None
    weights: Vector
    shown: NDArray[np.bool_] | None = None
    nesting: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, chosen: NDArray[np.intp]) -> LinearFunctions:
        """Some rows, with the levels that are left."""
        labels = {name: tuple([values[i] for i in chosen]) for name, values in self.labels.items()}
        levels = {name: tuple(v for v in values if v in set(labels[name])) for name, values in self.levels.items()}
        return LinearFunctions(
            levels=levels,
            labels=labels,
            rows=self.rows[chosen],
            offset=_at(self.offset, chosen),
            weights=self.weights[chosen],
            shown=None,
            nesting=self.nesting,
        )

    def without_absent(self) -> LinearFunctions:
        """Without the combinations of nested factors that do not exist."""
        if self.shown is None:
            return self
        return replace(self.take(np.flatnonzero(self.shown)), shown=None)

    def groups(self, by: Sequence[str]) -> list[NDArray[np.intp]]:
        """Positions of the rows of each combination of `by`, which runs through its levels, the first fastest."""
        if not by:
            return [np.arange(len(self))]
        keys = list(zip(*(self.labels[name] for name in by), strict=True))
        order = {key[::-1]: i for i, key in enumerate(product(*(self.levels[name] for name in reversed(by))))}
        members: dict[int, list[int]] = {}
        for i, key in enumerate(keys):
            members.setdefault(order[key], []).append(i)
        return [np.array(members[place], dtype=np.intp) for place in sorted(members)]

    @property
    def is_regular(self) -> bool:
        """Whether each combination of levels is there once, in standard order."""
        return len(self) == prod(map(len, self.levels.values())) and self.labels == cells(self.levels)


def cells(levels: Mapping[str, Sequence[Level]]) -> dict[str, tuple[Level, ...]]:
    """All combinations of levels, the first factor fastest: factor -> its level in each."""
    if not levels:
        return {}
    rows = list(product(*reversed(list(levels.values()))))
    return {name: tuple(row[-1 - j] for row in rows) for j, name in enumerate(levels)}


def _at(values: Vector | None, chosen: NDArray[np.intp]) -> Vector | None:
    return None if values is None else values[chosen]


@dataclass(frozen=True)
class Basis:
    """The coefficients that linear functions are functions of, and the rows of X behind them.

    Attributes
    ----------
    coefficients : Coefficients
        Coefficients of the kept columns, with their covariance and degrees of freedom.
    kept : tuple of int
        Positions of these columns among all columns of X.
    null_space : ndarray, shape (P, k) or None
        Combinations of coefficients that the data do not determine, orthonormal; or None.
    """

    coefficients: Coefficients
    kept: tuple[int, ...]
    null_space: Matrix | None

    def estimable(self, rows: Matrix) -> NDArray[np.bool_]:
        """A mask of the rows that the data determine; a row with a missing number is not determined."""
        finite = np.asarray(np.isfinite(rows).all(axis=1))
        if self.null_space is None:
            return finite
        filled = np.where(finite[:, None], rows, 0.0)
        size = np.einsum("ij,ij->i", filled, filled)
        lost = np.sum((filled @ self.null_space) ** 2, axis=1)
        return np.asarray(finite & (lost < TOLERANCE * np.where(size < TOLERANCE, 1.0, size)))

    def estimates(self, functions: LinearFunctions) -> tuple[Vector, Vector, Vector]:
        """Estimates, standard errors and degrees of freedom, NaN where a row cannot be estimated."""
        estimate, error, df = (np.full(len(functions), np.nan) for _ in range(3))
        good = self.estimable(functions.rows)
        c = np.ascontiguousarray(functions.rows[good][:, list(self.kept)])
        if len(c):
            estimate[good], error[good] = self.coefficients.estimates(c)
            df[good] = self.coefficients.df(c)
        if functions.offset is not None:
            estimate = estimate + functions.offset
        return estimate, error, df

    def covariance(self, rows: Matrix) -> Matrix:
        """Covariance of the functions, shape (r, r); NaN where one cannot be estimated."""
        c = rows[:, list(self.kept)]
        v = c @ self.coefficients.vcov @ c.T
        lost = ~self.estimable(rows)
        v[lost] = np.nan
        v[:, lost] = np.nan
        return np.asarray(v)

    def estimable_part(self, rows: Matrix) -> Matrix:
        """Rows that span what can be estimated of the span of `rows`."""
        if self.null_space is None or self.estimable(rows).all():
            return rows
        lost = rows @ self.null_space
        lost[np.abs(lost) <= TOLERANCE] = 0.0
        u, s, _ = np.linalg.svd(lost)
        rank = int(np.sum(s > TOLERANCE * max(1.0, s.max(initial=0.0))))
        return np.asarray(u[:, rank:].T @ rows)


def null_space(design: Design, kept: Sequence[int]) -> Matrix | None:
    """Orthonormal basis of the vectors v with X v = 0, shape (P, k); None where X has full rank.

    Parameters
    ----------
    design : Design
        Design with the rows of the fit.
    kept : sequence of int
        Positions of the columns that the fit kept, linearly independent and of the same span as all.
    """
    columns = design.fixed.columns
    dropped = [j for j in range(len(columns)) if j not in set(kept)]
    if not dropped:
        return None
    n = next((len(c) for c in columns if c is not None), 1)
    x = np.column_stack([np.ones(n) if c is None else c for c in columns])
    largest = np.abs(x).max(axis=0)  # squares of a column of 1e200 are infinite
    largest[largest == 0] = 1.0
    scale = largest * np.linalg.norm(x / largest, axis=0)
    scale[scale == 0] = 1.0
    solved, *_ = np.linalg.lstsq(x[:, list(kept)] / scale[list(kept)], x[:, dropped] / scale[dropped], rcond=None)
    basis = np.zeros((len(columns), len(dropped)))
    basis[list(kept)] = solved * (1 / scale[list(kept)])[:, None]
    basis[dropped, range(len(dropped))] = -1 / scale[dropped]
    q, _ = np.linalg.qr(basis)
    q[np.abs(q) < 1e-14] = 0.0
    return np.asarray(q)
