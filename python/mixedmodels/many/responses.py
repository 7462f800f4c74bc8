"""Responses as columns: of a table, of the model's own data, or of an array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels import frame
from mixedmodels._typing import Matrix
from mixedmodels.design import Design
from mixedmodels.errors import DataError
from mixedmodels.frame import Factor, Table


@dataclass(frozen=True)
class Responses:
    """Values of many responses.

    Attributes
    ----------
    names : sequence
        Label of each response; numbers from 0 for the columns of an array.
    values : ndarray, shape (rows given, B)
        Responses, NaN where missing.
    taken : ndarray of int or None
        Positions of the rows used among the rows of the responses; None if they are the same.
    n : int
        Number of rows used.
    """

    names: Sequence[Any]
    values: Matrix
    taken: NDArray[np.intp] | None
    n: int

    def rows(self, first: int, last: int) -> tuple[Matrix, bool]:
        """Responses `first` to `last` at the rows used, shape (last - first, n), and whether no value is missing."""
        block = self.values[:, first:last]
        if self.taken is not None:
            block = block[self.taken]
        out = np.ascontiguousarray(block.T, dtype=float)
        if complete(out):
            return out, True
        infinite = np.isinf(out)
        if infinite.any():
            i, row = (int(k) for k in np.argwhere(infinite)[0])
            where = row if self.taken is None else int(self.taken[row])
            raise DataError(
                f"response {self.names[first + i]!r} is {out[i, row]:g} in row {where}, rows counted from 0; make it "
                "a finite number, or NaN where it is missing."
            )
        return out, not np.isnan(out).any()


def complete(values: Matrix) -> bool:
    """Whether all are finite, by one sum; False may also mean that they are huge."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(values.sum()))


def read_responses(responses: Any, design: Design, n: int, table: Table | None) -> Responses:
    """Read responses and find the rows that the design uses.

    Parameters
    ----------
    responses : table, array_like or sequence of str
        Names of columns of `table`, a table, or an array of shape (rows, B). Rows are the rows used, or the rows of the
        data before or after `subset`.
    n : int
        Number of rows used.
    table : Table or None
        Data of the model, or None.

    Raises
    ------
    DataError
        If it is none of these, a column is no number, or the number of rows fits neither.
    """
    names, values = _columns(responses, table)
    lengths: dict[int, Any] = {}
    if table is not None:
        lengths[table.n_rows] = design.positions
    lengths[design.n_table] = design.rows
    lengths[n] = None
    if table is not None and table.n_rows == n:
        lengths[n] = design.positions
    if values.shape[0] not in lengths:
        rows = " or ".join(str(k) for k in sorted(lengths))
        raise DataError(
            f"the responses have {values.shape[0]} rows where the model has {rows}; give a column per response and a "
            "row per row of the data."
        )
    if not len(names):
        raise DataError("there is no response; give at least one column.")
    return Responses(names, values, lengths[values.shape[0]], n)


def _columns(responses: Any, table: Table | None) -> tuple[Sequence[Any], Matrix]:
    if isinstance(responses, str):
        responses = [responses]
    if isinstance(responses, Sequence) and responses and all(isinstance(name, str) for name in responses):
        if table is None:
            raise DataError("names of responses need the model's data, which is not here; give the columns.")
        return tuple(responses), _stacked(table, tuple(responses))
    if isinstance(responses, np.ndarray) and responses.dtype.names is None:
        return _array(responses)
    if isinstance(responses, Mapping) or hasattr(responses, "columns") or hasattr(responses, "column_names"):
        return _table(responses)
    try:
        return _array(np.asarray(responses, dtype=float))
    except (TypeError, ValueError) as error:
        raise DataError(
            f"responses are {responses!r:.60}; give a table, an array of shape (rows, responses), or names of columns."
        ) from error


def _array(values: NDArray[Any]) -> tuple[Sequence[Any], Matrix]:
    if values.ndim != 2 or values.dtype.kind not in "fiub":
        raise DataError(
            f"responses are an array of shape {values.shape} and type {values.dtype}; give numbers of shape "
            "(rows, responses)."
        )
    return range(values.shape[1]), np.asarray(values, dtype=float)


def _table(responses: Any) -> tuple[Sequence[Any], Matrix]:
    dtypes: Any = getattr(responses, "dtypes", None)
    # pandas: all columns at once where they are numbers
    if hasattr(responses, "to_numpy") and hasattr(dtypes, "to_numpy"):
        kinds = {getattr(d, "kind", "O") if isinstance(d, np.dtype) else "O" for d in dtypes}
        if kinds <= set("fiub"):
            return tuple(responses.columns), responses.to_numpy(dtype=float)
    table = frame.read(responses)
    return table.names, _stacked(table, table.names)


def _stacked(table: Table, names: tuple[str, ...]) -> Matrix:
    out = np.empty((table.n_rows, len(names)), order="F")
    for j, name in enumerate(names):
        column = table.column(name)
        if isinstance(column, Factor):
            raise DataError(f"the response {name!r} is text or categories where numbers are needed; convert it.")
        out[:, j] = column.values
    return out
