"""pandas columns; no step here imports pandas, the caller's table has done so."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedmodels.frame.columns import Column, Factor, Levels, Logical, Numeric
from mixedmodels.frame.factors import sort_levels
from mixedmodels.frame.from_numpy import array_column, date_column, durations, unusable


def pandas_column(name: str, values: Any) -> Column:
    """The array behind a pandas Series, an ndarray or an extension array, as a column."""
    if type(values) is np.ndarray:
        if values.dtype == np.float64 and values.flags.c_contiguous:  # in this machine's order of bytes
            return Numeric(values)
        return array_column(name, values)
    dtype = values.dtype
    type_name = type(dtype).__name__
    read = _READERS.get(type_name)
    if read is not None:
        return read(name, values)
    if type_name == "ArrowDtype":
        from mixedmodels.frame.from_arrow import arrow_column

        return arrow_column(name, values.__arrow_array__())
    if getattr(dtype, "_is_numeric", False):
        return _nullable(name, values)
    raise unusable(name, f"values of pandas type {dtype}")


def _wrapped(name: str, values: Any) -> Column:
    return array_column(name, values.to_numpy())


def _categorical(name: str, values: Any) -> Factor:
    return Factor(values.codes, Levels(values.categories), bool(values.ordered))


def _nullable(name: str, values: Any) -> Numeric:
    """Int64, Float32 ...: numbers beside a mask."""
    floats = values.to_numpy(dtype=np.float64, na_value=np.nan)
    if values.dtype.kind in "iu":
        return Numeric(floats, values.to_numpy(dtype=values.dtype.numpy_dtype, na_value=0))
    return Numeric(floats)


def _boolean(name: str, values: Any) -> Logical:
    return Logical(values.to_numpy(dtype=np.float64, na_value=np.nan))


def _text(name: str, values: Any) -> Factor:
    codes, texts = values.factorize()
    return sort_levels(codes, texts.tolist())


def _zoned(name: str, values: Any) -> Numeric:
    """Times: those with a time zone are counted in UTC."""
    dates = values.tz_convert("UTC").tz_localize(None) if values.tz is not None else values
    return date_column(np.asarray(dates))


def _sparse(name: str, values: Any) -> Column:
    return array_column(name, np.asarray(values))


def _duration(name: str, values: Any) -> Column:
    raise durations(name, f"times of pandas type {values.dtype}")


def _period(name: str, values: Any) -> Column:
    raise unusable(name, "periods (Series.dt.to_timestamp() makes dates of them)")


# Keyed by the name of the dtype's class, so that pandas need not be imported to look one up.
_READERS = {
    "NumpyEADtype": _wrapped,
    "CategoricalDtype": _categorical,
    "BooleanDtype": _boolean,
    "StringDtype": _text,
    "DatetimeTZDtype": _zoned,
    "DateTime64DType": _zoned,
    "TimeDelta64DType": _duration,
    "SparseDtype": _sparse,
    "PeriodDtype": _period,
}
