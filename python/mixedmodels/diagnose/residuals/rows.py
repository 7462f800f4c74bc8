"""Rows of residuals without a model, and rows that are groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Vector
from mixedmodels.diagnose.residuals.recalculate import Grouping
from mixedmodels.errors import DataError
from mixedmodels.frame import Column, Factor
from mixedmodels.frame.columns import length, take

Find = Callable[[Any, str], Column]


class LabelledRows(Protocol):
    """Numbers of rows, given back with labels in the caller's kind of table."""

    def label(self, values: Vector) -> Any:
        """One number per row."""

    def columns(self, columns: dict[str, Any]) -> dict[str, Any]:
        """Several, after a column of the rows' labels."""


@dataclass(frozen=True)
class PlainRows:
    """Rows with labels, or without.

    Attributes
    ----------
    kind : str, default "pandas"
        The library of tables.
    index : sequence of str, optional
        Labels of the rows, or None.
    name : str, default "group"
        Name of the column of labels if rows have no index.
    """

    kind: Any = "pandas"
    index: Sequence[str] | None = None
    name: str = "group"

    def label(self, values: Vector) -> Any:
        """A pandas or polars Series or an Arrow array; a numpy array where rows have no labels."""
        if self.kind == "polars":
            import polars as pl

            return pl.Series(values)
        if self.kind == "pyarrow":
            import pyarrow as pa

            return pa.array(values)
        if self.index is None:
            return values
        import pandas as pd

        return pd.Series(values, index=pd.Index(self.index, name=self.name))

    def columns(self, columns: dict[str, Any]) -> dict[str, Any]:
        """Values of the rows, after a column of their labels, or of their numbers."""
        n = len(next(iter(columns.values())))
        labels = {"row": np.arange(n)} if self.index is None else {self.name: list(self.index)}
        return {**labels, **columns}


def row_values(n: int, values: Any, what: str) -> Column:
    """One value per row.

    Raises
    ------
    DataError
        If it is a name, for which there is no table, or not as long.
    """
    if isinstance(values, str):
        raise DataError(f"{what} is {values!r}, and there is no table to look it up in; give {n} values.")
    column = frame.any_column(what, values)
    if length(column) != n:
        raise DataError(f"{what} has {length(column)} values, and there are {n} residuals; give one for each.")
    return column


def of_groups(find: Find, groups: Grouping, values: Any, what: str) -> Column:
    """One value per group; a column of the rows' table where it is the same in all rows of a group."""
    if not isinstance(values, str):
        return row_values(len(groups.levels), values, what)
    column = find(values, what)
    kept = take(column, groups.rows)
    codes = kept.codes if isinstance(kept, Factor) else kept.values
    if not np.array_equal(np.repeat(codes[groups.starts], np.diff([*groups.starts, len(codes)])), codes):
        raise DataError(
            f"{what} {values!r} differs within groups; give {len(groups.levels)} values, one for each group."
        )
    return take(kept, groups.starts)


def numbers(column: Column, what: str) -> Vector:
    """A column of numbers or dates, none of them missing.

    Raises
    ------
    DataError
        If it is a factor, or some value is missing.
    """
    if isinstance(column, Factor):
        raise DataError(f"{what} is a factor with levels {', '.join(column.levels.labels[:3])} ...; give numbers.")
    values = np.asarray(column.values, dtype=float)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise DataError(f"{what} is {values[row]} in row {row} of the {len(values)} rows used; give finite numbers.")
    return values
