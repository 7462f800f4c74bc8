"""numpy arrays, and lists of Python values, into columns."""

from __future__ import annotations

import datetime
import decimal
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels.errors import DataError
from mixedmodels.frame.columns import Column, Factor, Logical, Numeric, date_numbers
from mixedmodels.frame.factors import text_factor


def array_column(name: str, values: NDArray[Any]) -> Column:
    """A numpy array of any dtype as a column; float64 that lies in one piece is not copied."""
    if values.ndim != 1:
        raise DataError(
            f"column {name!r} is an array of shape {values.shape}; a column has one value per row: "
            "give each of its columns a name of its own"
        )
    kind = values.dtype.kind
    if kind == "f":
        return Numeric(np.ascontiguousarray(_plain(values), dtype=np.float64))
    if kind in "iu":
        return _integers(values)
    if kind == "b":
        return Logical(_plain(values, np.float64))
    if kind == "M":
        return date_column(_plain(values))
    if kind == "m":
        raise durations(name, f"times of dtype {values.dtype}")
    if kind == "c":
        raise complex_values(name, values)
    if kind in "UTS":
        return _fixed_width_text(values)
    if kind == "O":
        return object_column(name, values)
    raise unusable(name, f"values of dtype {values.dtype}")


def _plain(values: NDArray[Any], dtype: Any = None) -> NDArray[Any]:
    """The array without its mask: masked values become NaN (NaT for dates)."""
    if not isinstance(values, np.ma.MaskedArray):
        return values if dtype is None else values.astype(dtype)
    masked: Any = values
    if values.dtype.kind != "M":
        masked = values.astype(np.float64)
    filled: NDArray[Any] = masked.filled(np.datetime64("NaT") if values.dtype.kind == "M" else np.nan)
    return filled


def _integers(values: NDArray[Any]) -> Numeric:
    if isinstance(values, np.ma.MaskedArray):
        return Numeric(_plain(values), values.data)
    return Numeric(values.astype(np.float64), values)


def date_column(dates: NDArray[Any]) -> Numeric:
    """Dates count days since 1970-01-01, times of day count seconds, as R's ``as.numeric`` has it."""
    return Numeric(date_numbers(dates), dates)


def _fixed_width_text(values: NDArray[Any]) -> Factor:
    if isinstance(values, np.ma.MaskedArray):
        return text_factor([None if v is np.ma.masked else str(v) for v in values])
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "backslashreplace")
    return text_factor(values.tolist())


def object_column(name: str, values: NDArray[Any]) -> Column:
    """Python objects: what kind of column they are is read off their types."""
    if isinstance(values, np.ma.MaskedArray):
        values = values.filled(None)
    items: list[Any] = values.tolist()
    types = set(map(type, items))
    if not types <= {str, type(None)}:  # text is the common case, and none of it is NaN
        items = [None if is_missing(v) else v for v in items]
        types = set(map(type, items))
    types -= {type(None)}
    if types and all(issubclass(t, str) for t in types):
        return text_factor(items)
    if types and all(issubclass(t, (bool, np.bool_)) for t in types):
        return Logical(_floats(name, items))
    if all(issubclass(t, (numbers.Real, decimal.Decimal, np.bool_)) for t in types):
        return _object_numbers(name, items, types)
    if all(issubclass(t, datetime.date) for t in types):
        return _object_dates(items, types)
    raise _mixed(name, items, types)


def is_missing(value: Any) -> bool:
    """None, NaN, NaT and pandas.NA: what does not equal itself, or does not say whether it does."""
    if value is None:
        return True
    if isinstance(value, (str, int)):
        return False
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        return type(value).__name__ == "NAType"


def _floats(name: str, items: Sequence[Any]) -> NDArray[np.float64]:
    floats = np.full(len(items), np.nan)
    for row, value in enumerate(items):
        try:
            if value is not None:
                floats[row] = float(value)
        except (OverflowError, ValueError) as cause:
            raise DataError(
                f"column {name!r} holds a {type(value).__name__} in row {row} (counted from 0) that is beyond "
                f"double precision ({cause}); rescale the column or mark the value as missing"
            ) from cause
    return floats


def _object_numbers(name: str, items: Sequence[Any], types: set[type]) -> Numeric:
    if all(issubclass(t, (int, np.integer)) for t in types):
        whole = [0 if v is None else int(v) for v in items]
        if whole and min(whole) >= -(2**63) and max(whole) < 2**63:
            return Numeric(_floats(name, items), np.array(whole, dtype=np.int64))
    return Numeric(_floats(name, items))


def _object_dates(items: Sequence[Any], types: set[type]) -> Numeric:
    if not any(issubclass(t, datetime.datetime) for t in types):
        return date_column(np.array(items, dtype="M8[D]"))
    moments = [None if v is None else _utc(v) for v in items]
    return date_column(np.array(moments, dtype="M8[us]"))


def _utc(value: datetime.date) -> datetime.datetime:
    """The moment without its time zone, in UTC; what names no zone is taken as it stands."""
    if not isinstance(value, datetime.datetime):
        return datetime.datetime(value.year, value.month, value.day)
    if value.tzinfo is None:
        return value
    return value.astimezone(datetime.UTC).replace(tzinfo=None)


def _mixed(name: str, items: Sequence[Any], types: set[type]) -> DataError:
    if any(issubclass(t, complex) for t in types):
        row = next(i for i, v in enumerate(items) if isinstance(v, complex))
        return _complex(name, items[row], row)
    if len(types) == 1:
        return unusable(name, f"values of type {next(iter(types)).__name__}")
    first = next(i for i, v in enumerate(items) if v is not None)
    other = next(i for i, v in enumerate(items) if v is not None and type(v) is not type(items[first]))
    return DataError(
        f"column {name!r} mixes {type(items[first]).__name__} ({items[first]!r} in row {first}) and "
        f"{type(items[other]).__name__} ({items[other]!r} in row {other}, rows counted from 0); "
        "make it all numbers or all text before fitting"
    )


def complex_values(name: str, values: NDArray[Any]) -> DataError:
    """The error for a column with complex numbers."""
    row = int(np.argmax(values.imag != 0))
    return _complex(name, values[row], row)


def _complex(name: str, value: Any, row: int) -> DataError:
    return DataError(
        f"column {name!r} holds complex numbers, such as {value} in row {row}; models here are over real numbers: "
        "use the real part, the imaginary part or the modulus as a column"
    )


def unusable(name: str, what: str) -> DataError:
    """The error for a column whose values a model cannot read."""
    return DataError(
        f"column {name!r} holds {what}; a model reads numbers, truth values, dates, text and categories: "
        "turn it into one of these"
    )


def durations(name: str, what: str) -> DataError:
    """The error for a column of durations."""
    return DataError(
        f"column {name!r} holds {what}, which are numbers only in a unit; divide it by one, "
        "such as a day or a second, before fitting"
    )
