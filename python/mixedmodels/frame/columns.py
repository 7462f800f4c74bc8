"""Columns of a table as models read them: numbers, truth values, or factors.

Every table library is read into these three kinds; nothing below this room knows pandas or polars.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels.errors import DataError


class Levels:
    """The ordered distinct values of a factor, with their labels made only when somebody asks.

    A level is its value; its label is how it prints. Labels are what R's ``as.character`` gives: ``308``, ``2.5``,
    ``TRUE``, ``a``, with more digits where two levels would print alike. A factor of 100,000 integer levels costs
    nothing until it is printed.

    Parameters
    ----------
    values : array_like
        The values in level order: an array, or a table library's own index, which is converted on first use.
    """

    __slots__ = ("_index", "_labels", "_size", "_values")

    def __init__(self, values: Any) -> None:
        self._values = values
        self._size = len(values)
        self._labels: tuple[str, ...] | None = None
        self._index: dict[str, int] | None = None

    def __len__(self) -> int:
        return self._size

    def __reduce__(self) -> tuple[type[Levels], tuple[NDArray[Any]]]:
        return Levels, (self.values,)

    def __repr__(self) -> str:
        shown = ", ".join(self.labels[:8])
        return f"Levels({shown}{', ...' if len(self) > 8 else ''})"

    @property
    def values(self) -> NDArray[Any]:
        """The values in level order, a numpy array of any dtype."""
        if type(self._values) is not np.ndarray:
            self._values = np.asarray(self._values)
        return self._values

    @property
    def labels(self) -> tuple[str, ...]:
        """The values as text."""
        if self._labels is None:
            self._labels = _distinct_labels(self.values)
        return self._labels

    @property
    def index(self) -> dict[str, int]:
        """Label to position."""
        if self._index is None:
            self._index = {text: i for i, text in enumerate(self.labels)}
        return self._index

    def take(self, keep: NDArray[np.intp]) -> Levels:
        """The levels at these positions."""
        return Levels(self.values[keep])

    def places_of(self, other: Levels) -> NDArray[np.int32]:
        """The position here of each level of `other`; -1 where it is not among these.

        Numbers and dates are compared as such, so that the levels of a part of the data, which may print otherwise,
        are the same levels. Between texts and numbers the label decides.
        """
        kinds = (self.values.dtype.kind, other.values.dtype.kind)
        if kinds == ("M", "M"):
            unit = np.promote_types(self.values.dtype, other.values.dtype)
            own, theirs = (levels.values.astype(unit).tolist() for levels in (self, other))
        elif set(kinds) <= set("iufM"):  # dates beside numbers are numbers, as in a grid of predictions
            own, theirs = (list(map(number_key, _numbers(levels.values).tolist())) for levels in (self, other))
        else:
            own, theirs = list(self.labels), list(other.labels)
        index = {key: i for i, key in enumerate(own)}
        return np.array([index.get(key, -1) for key in theirs], dtype=np.int32)


def _numbers(values: NDArray[Any]) -> NDArray[Any]:
    return date_numbers(values) if values.dtype.kind == "M" else values


def number_key(value: float) -> float | str:
    """What makes a number a level: whole numbers themselves, others their fifteen digits, as R has it.

    Examples
    --------
    >>> from mixedmodels.frame.columns import number_key
    >>> number_key(0.1 * 3) == number_key(0.3)
    True
    """
    return value if not math.isfinite(value) or value == int(value) else f"{value:.15g}"


def date_unit(dates: NDArray[Any]) -> str:
    """What dates count as numbers: "days", or of times of day "seconds"."""
    return "days" if np.datetime_data(dates.dtype)[0] in ("Y", "M", "W", "D") else "seconds"


def date_numbers(dates: NDArray[Any]) -> NDArray[np.float64]:
    """Dates as numbers since 1970-01-01, in their unit."""
    unit = np.timedelta64(1, "D" if date_unit(dates) == "days" else "s")
    numbers: NDArray[np.float64] = (dates - np.datetime64(0, "s").astype(dates.dtype)) / unit
    return numbers


def like_dates(values: Any, column: Column) -> Any:
    """Dates that a user writes for a column of dates, as the numbers that it counts; other values as they are.

    Parameters
    ----------
    values : str, date or sequence of these
        Texts such as ``"2024-03-01"``, Python's or numpy's dates; numbers stay.
    column : Column
        Column of the data.

    Raises
    ------
    DataError
        If a text is no date.
    """
    if not isinstance(column, Numeric) or column.origin is None or column.origin.dtype.kind != "M":
        return values
    single = np.ndim(values) == 0
    items = [values] if single else list(values)
    if all(map(_is_number, items)):
        return values
    try:
        dates = np.array(items, dtype="M8[us]")
    except (ValueError, TypeError) as cause:
        raise DataError(
            f"{items!r:.60} holds what is no date; write dates as 2024-03-01 or 2024-03-01T12:00"
        ) from cause
    if date_unit(column.origin) == "days":
        dates = dates.astype("M8[D]")
    numbers = date_numbers(dates)
    return float(numbers[0]) if single else numbers.tolist()


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lstrip("+-").replace(".", "", 1).isdigit()
    return isinstance(value, (int, float, np.number))


def _distinct_labels(values: NDArray[Any]) -> tuple[str, ...]:
    labels = _labels(values)
    if len(set(labels)) == len(labels):
        return labels
    alike = {text for text, count in Counter(labels).items() if count > 1}
    longer = tuple(
        f"{value:.17g}" if text in alike and isinstance(value, float) else text
        for text, value in zip(labels, values.tolist(), strict=True)
    )
    if len(set(longer)) < len(longer):
        text, count = Counter(longer).most_common(1)[0]
        raise DataError(
            f"{count} levels of a factor print as {text!r}, so that nothing could tell which is which; "
            "give them texts of their own, or make them one."
        )
    return longer


def _labels(values: NDArray[Any]) -> tuple[str, ...]:
    if values.dtype.kind == "M":
        return _date_labels(values)
    return tuple(label(v) for v in values)


def _date_labels(values: NDArray[Any]) -> tuple[str, ...]:
    """Dates as R prints them: the time of day only where some value has one, fractions only where needed."""
    for unit in ("D", "s", "us"):
        coarse = values.astype(f"M8[{unit}]")
        if bool(np.all(coarse == values)):
            return tuple(str(v).replace("T", " ") for v in coarse)
    return tuple(str(v).replace("T", " ") for v in values)


def label(value: Any) -> str:
    """A level's label as R writes it: no trailing ``.0``, fifteen significant digits, TRUE and FALSE.

    Examples
    --------
    >>> from mixedmodels import frame
    >>> frame.label(1.0)
    '1'
    """
    if isinstance(value, (bool, np.bool_)):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (float, np.floating)):
        if np.isinf(value):
            return "Inf" if value > 0 else "-Inf"
        return f"{value + 0.0:.15g}"  # adding 0.0 turns -0.0 into 0
    return str(value)


@dataclass(frozen=True, slots=True, eq=False)
class Numeric:
    """Numbers, float64 of length n; NaN marks a missing value.

    `origin` is the column as it stood in the table where float64 says less than it did: integers (exact beyond
    2**53) and dates. Factor levels are made from it where it is there, so that a date level reads as a date. Where
    `values` is NaN it may hold anything.
    """

    values: NDArray[np.float64]
    origin: NDArray[Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Logical:
    """Truth values as float64 0, 1 or NaN (missing), length n. R codes them as a factor FALSE, TRUE."""

    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """Integer codes into ordered levels, signed integers of length n; -1 marks a missing value."""

    codes: NDArray[Any]
    levels: Levels
    ordered: bool = False


Column = Numeric | Logical | Factor


def length(column: Column) -> int:
    """Number of rows."""
    return len(column.codes if isinstance(column, Factor) else column.values)


def take(column: Column, rows: Any) -> Column:
    """Some rows of a column."""
    if isinstance(column, Factor):
        return Factor(column.codes[rows], column.levels, column.ordered)
    if isinstance(column, Logical):
        return Logical(column.values[rows])
    return Numeric(column.values[rows], None if column.origin is None else column.origin[rows])
