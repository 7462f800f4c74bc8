"""Rows by the values of some columns, and averages over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._names import listed, meant
from mixedmodels._typing import Vector
from mixedmodels.effects.marginal.jets import Jet, stacked
from mixedmodels.effects.marginal.rows import Rows, shown_values
from mixedmodels.errors import DataError
from mixedmodels.frame import Column, Factor

NO_ROWS = np.empty(0, dtype=np.intp)  # rows need not have a group


@dataclass(frozen=True, kw_only=True, eq=False)
class Groups:
    """Rows that are averaged together.

    Attributes
    ----------
    rows : tuple of ndarray of int
        Positions of the rows of each group.
    columns : mapping of str
        Values by which the groups differ, one for each group.
    """

    rows: tuple[NDArray[np.intp], ...]
    columns: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.rows)


def by_names(by: bool | str | Sequence[str] | None) -> tuple[str, ...]:
    """The columns that `by` names.

    Raises
    ------
    DataError
        If it is neither True, False nor names.
    """
    if by is None or isinstance(by, bool):
        return ()
    names = listed(by)
    if not names or not all(isinstance(name, str) for name in names):
        raise DataError(f"by is {by!r:.60}; it is True, False, or names of columns.")
    return names


def groups_of(rows: Rows, names: Sequence[str]) -> Groups:
    """Groups by the values of columns, the first slowest; all rows together without names.

    Raises
    ------
    UnknownColumnError
        If the rows have no such column.
    DataError
        If a value is missing.
    """
    n = len(rows)
    if not names:
        return Groups(rows=(np.arange(n, dtype=np.intp),), columns={})
    names = [meant(name, rows.table.names) for name in names]
    columns = [rows.table.column(name) for name in names]
    codes = np.column_stack([_codes(name, column) for name, column in zip(names, columns, strict=True)])
    _, first, place = np.unique(codes, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(place.reshape(-1), kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(place.reshape(-1)))[:-1]) if n else []
    shown = {name: _taken(shown_values(column), first) for name, column in zip(names, columns, strict=True)}
    return Groups(rows=tuple(parts), columns=shown)


def _codes(name: str, column: Column) -> NDArray[np.intp]:
    """Positions among the ordered values of a column."""
    if isinstance(column, Factor):
        missing, codes = column.codes < 0, column.codes.astype(np.intp)
    else:
        missing = np.isnan(column.values)
        codes = np.unique(column.values, return_inverse=True)[1].reshape(-1)
    if missing.any():
        row = int(np.flatnonzero(missing)[0])
        raise DataError(f"by groups rows by {name!r}, which is missing in row {row}; leave such rows out of newdata.")
    return codes


def _taken(values: Any, rows: NDArray[np.intp]) -> Any:
    return values[rows] if isinstance(values, np.ndarray) else [values[i] for i in rows]


def taken(columns: Mapping[str, Any], rows: NDArray[np.intp]) -> dict[str, Any]:
    """Some rows of columns."""
    return {name: _taken(values, rows) for name, values in columns.items()}


def averages(jet: Jet, groups: Groups, weights: Vector | None) -> Jet:
    """The mean of each group over its rows with a prediction; NaN where it has none."""
    return stacked([jet.take(NO_ROWS), *(average_of(jet, rows, weights) for rows in groups.rows)])


def average_of(jet: Jet, rows: NDArray[np.intp], weights: Vector | None) -> Jet:
    """The mean over some rows, those without a prediction left out."""
    chosen = rows[np.isfinite(jet.value[rows])]
    w = None if weights is None else weights[chosen]
    if not len(chosen) or (w is not None and not w.sum() > 0):
        return Jet(np.full(1, np.nan), np.full((1, jet.gradient.shape[1]), np.nan))
    return jet.take(chosen).average(w)
