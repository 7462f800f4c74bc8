"""The rows that a model uses: the rows of the subset that have all variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixedmodels.design.values import Array, Value, all_finite, nan_rows, take
from mixedmodels.errors import DataError
from mixedmodels.frame import Factor

Positions = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class UsedRows:
    """The rows that a model uses.

    Attributes
    ----------
    positions : ndarray of int or None
        Positions of the rows used in the table; None if all are used.
    kept : ndarray of int or None
        Positions of the rows used among the rows of the subset; None if all of these are used.
    n_table : int
        Number of rows of the subset.
    dropped : int
        Number of rows of the subset that miss a value.
    suspects : tuple of str
        Variables with a missing or infinite value anywhere in the table.
    """

    positions: Positions | None
    kept: Positions | None
    n_table: int
    dropped: int
    suspects: tuple[str, ...]

    def of(self, value: Value) -> Value:
        """A variable at these rows; itself where all are used."""
        return value if self.positions is None else take(value, self.positions)

    def position(self, i: int) -> int:
        """The position in the table of the i-th row used."""
        return int(i if self.positions is None else self.positions[i])


def used_rows(values: Mapping[str, Value], n_rows: int, subset: Positions | None, na_action: str) -> UsedRows:
    """Find the rows without missing values.

    Parameters
    ----------
    values : mapping of str to Value
        Values of all variables that the model needs, by their names in messages.
    subset : ndarray of int or None
        Positions of the subset, or None for all rows.
    na_action : str
        Treatment of rows with a missing value; with "fail" they are an error.
    """
    n_table = n_rows if subset is None else len(subset)
    suspects = tuple([what for what, value in values.items() if not _complete(value)])
    gaps = {what: gone for what in suspects if (gone := _gaps(values[what], subset)).any()}
    if not gaps:
        return UsedRows(positions=subset, kept=None, n_table=n_table, dropped=0, suspects=suspects)
    absent = np.logical_or.reduce(list(gaps.values()))
    dropped = int(np.count_nonzero(absent))
    where = ", ".join(f"{what!r} ({np.count_nonzero(gone)})" for what, gone in gaps.items())
    if na_action == "fail":
        first = int(np.flatnonzero(absent)[0])
        raise DataError(
            f"{dropped} of {n_table} rows miss a value that the model needs, the first is row "
            f"{first if subset is None else int(subset[first])}, counted from 0; missing values are in {where}: "
            "fill or drop them, or use na_action='omit'"
        )
    if dropped == n_table:
        raise DataError(
            f"no row is left: each of the {n_table} rows misses some value; missing values are in {where}: "
            "fill them, or leave a variable out"
        )
    kept = np.flatnonzero(~absent)
    return UsedRows(
        positions=kept if subset is None else subset[kept],
        kept=kept,
        n_table=n_table,
        dropped=dropped,
        suspects=suspects,
    )


def _complete(value: Value) -> bool:
    if isinstance(value, Factor):
        return not value.codes.size or bool(value.codes.min() >= 0)
    return all_finite(value.values)


def _gaps(value: Value, subset: Positions | None) -> NDArray[np.bool_]:
    if isinstance(value, Factor):
        gone: NDArray[np.bool_] = value.codes < 0
    else:
        gone = nan_rows(value.values)
    return gone if subset is None else gone[subset]


def refuse_infinite(values: Array, what: str, rows: UsedRows) -> None:
    """Raise a DataError naming the first row that is infinite, if one is."""
    infinite = np.isinf(values)
    wrong = np.flatnonzero(infinite if infinite.ndim == 1 else infinite.any(axis=1))
    if len(wrong):
        first = int(wrong[0])
        value = np.ravel(values[first])
        value = value[np.isinf(value)][0]
        more = f" (and in {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise DataError(
            f"{what} is {value:g} in row {rows.position(first)}{more}, rows counted from 0; drop these rows, or "
            "transform the column so that every value is finite"
        )
