"""The rows that are predicted: those of the fit, a table, or a grid; and copies of them with variables changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels import frame
from mixedmodels._typing import Vector
from mixedmodels.design import numbers_of
from mixedmodels.effects.adjusted.from_model import array_offset
from mixedmodels.effects.adjusted.variables import Variables
from mixedmodels.effects.marginal.grids import GRIDS, grid_columns
from mixedmodels.errors import DataError
from mixedmodels.estimates.predictors import distinct, take_rows
from mixedmodels.frame import Column, Factor, Logical, Table


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Rows to be predicted.

    Attributes
    ----------
    table : Table
        Columns by name.
    numbers : ndarray of int, shape (n,)
        Number of each row in the table that it is from.
    own : bool
        Whether they are the rows of the fit.
    offset : ndarray, shape (n,), or float, optional
        Offset of the rows where the argument of the fit was an array.
    weights : ndarray, shape (n,), optional
        Weights of averages over rows.
    shown : tuple of str, default ()
        Columns that tell the rows apart.
    """

    table: Table
    numbers: NDArray[np.intp]
    own: bool
    offset: Vector | float | None = None
    weights: Vector | None = None
    shown: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.table.n_rows

    def changed(self, columns: Mapping[str, Column]) -> Table:
        """The table with columns in place of others."""
        return overlaid(self.table, columns)

    def repeated(self, times: int, columns: Mapping[str, Column]) -> Rows:
        """The rows once for each of several values of other columns, which are of the whole length.

        Values change slowest.
        """
        n = len(self)
        rows = np.tile(np.arange(n, dtype=np.intp), times)
        taken = Table(
            "dict", n * times, lambda: self.table.names, lambda name: take_rows(self.table.column(name), rows), _as_is
        )
        offset = np.tile(self.offset, times) if isinstance(self.offset, np.ndarray) else self.offset
        return replace(
            self,
            table=overlaid(taken, columns),
            numbers=self.numbers[rows],
            offset=offset,
            weights=None if self.weights is None else self.weights[rows],
            shown=tuple(dict.fromkeys((*columns, *self.shown))),
        )


def overlaid(table: Table, columns: Mapping[str, Column]) -> Table:
    """A table with columns in place of others, or added."""

    def find(name: str) -> Column:
        return columns[name] if name in columns else table.column(name)

    names = tuple(dict.fromkeys((*table.names, *columns)))
    return Table("dict", table.n_rows, lambda: names, find, _as_is)


def _as_is(_name: str, column: Column) -> Column:
    return column


def rows_for(model: Any, variables: Variables, newdata: Any, by: Sequence[str], wts: Any) -> Rows:
    """The rows that `newdata` stands for, with weights.

    Parameters
    ----------
    newdata : table, str, mapping or None
        See `MarginalVerbs.predictions`.
    by : sequence of str
        Columns of which a grid has all values.
    wts : str, bool, array_like or None
        Weights: a column, numbers, or True for the prior weights of the fit.

    Raises
    ------
    DataError
        If a grid has no such name, or weights do not fit the rows.
    """
    rows = _rows(model, variables, newdata, by)
    return replace(rows, weights=_weights(model, rows, wts))


def _rows(model: Any, variables: Variables, newdata: Any, by: Sequence[str]) -> Rows:
    if newdata is None:
        model._need_rows("predictions of the rows of the fit")
        return own_rows(model, variables)
    if isinstance(newdata, str):
        if newdata not in GRIDS:
            raise DataError(
                f"newdata is {newdata!r}; it is a table, a dict of values, or one of {', '.join(map(repr, GRIDS))}."
            )
        return _grid(model, variables, dict.fromkeys(by, np.unique), newdata)
    if isinstance(newdata, Mapping):
        return _grid(model, variables, newdata, "mean")
    table = frame.read(newdata)
    if model.design.spec.offset is True:
        raise DataError(
            "the offset= of the fit was an array, which new rows do not have; make it a column and fit with its name."
        )
    used = [name for name in variables.columns if name in table]
    shown = tuple(name for name in used if len(distinct(table.column(name))) > 1)
    return Rows(table=table, numbers=np.arange(table.n_rows, dtype=np.intp), own=False, shown=shown)


def own_rows(model: Any, variables: Variables) -> Rows:
    """The rows of the fit, with all columns of the caller's table."""
    source = frame.read(model._request.data)
    positions = model.design.positions

    def find(name: str) -> Column:
        if name in variables.columns:
            return variables.columns[name]
        column = source.column(name)
        return column if positions is None else take_rows(column, positions)

    n = int(model._fit.n)
    return Rows(
        table=Table("dict", n, lambda: source.names, find, _as_is),
        numbers=np.arange(source.n_rows, dtype=np.intp) if positions is None else np.asarray(positions),
        own=True,
        offset=array_offset(model, variables),
    )


def _grid(model: Any, variables: Variables, values: Mapping[str, Any], how: str) -> Rows:
    model._need_rows("a grid at means of the data")
    offset = array_offset(model, variables)
    columns = grid_columns(variables, own_rows(model, variables).table, values, how)
    n = _length(columns)
    shown = tuple(name for name, column in columns.items() if name in values or len(distinct(column)) > 1)
    return Rows(
        table=Table("dict", n, lambda: tuple(columns), columns.__getitem__, _as_is),
        numbers=np.arange(n, dtype=np.intp),
        own=False,
        offset=None if offset is None else np.full(n, float(np.mean(offset))),
        shown=shown,
    )


def _length(columns: Mapping[str, Column]) -> int:
    first = next(iter(columns.values()), None)
    if first is None:
        return 1  # without predictors every row of a grid is the same
    return len(first.codes) if isinstance(first, Factor) else len(first.values)


def _weights(model: Any, rows: Rows, wts: Any) -> Vector | None:
    if wts is None or wts is False:
        return None
    if wts is True:
        prior = model._prior_weights()
        if not rows.own or prior is None:
            why = "the model has none" if prior is None else "these rows are not those of the fit"
            raise DataError(f"wts=True takes the prior weights of the fit, but {why}; name a column or give numbers.")
        return np.asarray(prior, dtype=float)
    weights = numbers_of(model.design.spec, rows.table, wts, "wts")
    assert weights is not None
    if len(weights) != len(rows):
        raise DataError(f"wts has {len(weights)} numbers for {len(rows)} rows; give one for each row.")
    if not (weights >= 0).all() or not weights.sum() > 0:
        raise DataError("wts must not be negative or missing, and not all 0.")
    return np.asarray(weights, dtype=float)


def shown_values(column: Column) -> Any:
    """The values of a column as a result shows them: levels as they stood in the data, numbers, truth values."""
    if isinstance(column, Factor):
        if (column.codes < 0).any():
            return [None if c < 0 else column.levels.labels[c] for c in column.codes]
        values = column.levels.values
        return [column.levels.labels[c] for c in column.codes] if values.dtype.kind in "OUS" else values[column.codes]
    if isinstance(column, Logical):
        return column.values if np.isnan(column.values).any() else column.values.astype(bool)
    whole = column.origin is not None and not np.isnan(column.values).any()
    return column.origin if whole else column.values
