"""polars columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedmodels.frame.columns import Column, Factor, Levels, Logical, Numeric
from mixedmodels.frame.factors import sort_levels
from mixedmodels.frame.from_numpy import date_column, durations, object_column, unusable


def polars_column(name: str, series: Any) -> Column:
    """A polars Series as a column; float64 in one chunk without missing values is not copied."""
    import polars as pl

    dtype = series.dtype
    if dtype.is_float() or dtype.is_decimal() or dtype == pl.Null:
        return Numeric(_floats(series))
    if dtype.is_integer() and str(dtype).endswith("128"):  # numpy has no such integers
        return _wide_integers(series)
    if dtype.is_integer():
        return Numeric(_floats(series), (series.fill_null(0) if series.null_count() else series).to_numpy())
    if dtype == pl.Boolean:
        return Logical(_floats(series))
    if dtype == pl.Enum:
        return Factor(_codes(series.to_physical()), Levels(np.array(dtype.categories.to_list(), dtype=object)))
    if dtype == pl.String or dtype == pl.Categorical:
        return _text(series)
    if dtype == pl.Date:
        return date_column(series.to_numpy().astype("M8[D]"))
    if dtype == pl.Datetime:
        return date_column(series.dt.replace_time_zone(None).to_numpy() if dtype.time_zone is None else _utc(series))
    if dtype == pl.Duration or dtype == pl.Time:
        raise durations(name, f"times of polars type {dtype}")
    if dtype == pl.Object:
        return object_column(name, np.array(series.to_list(), dtype=object))
    raise unusable(name, f"values of polars type {dtype}")


def _wide_integers(series: Any) -> Numeric:
    import polars as pl

    narrow = series.cast(pl.Int64, strict=False)
    fits = narrow.null_count() == series.null_count()
    return Numeric(_floats(series), narrow.fill_null(0).to_numpy() if fits else None)


def _floats(series: Any) -> Any:
    import polars as pl

    if series.dtype != pl.Float64:
        series = series.cast(pl.Float64)
    return np.ascontiguousarray(series.to_numpy(), dtype=np.float64)


def _utc(series: Any) -> Any:
    return series.dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_numpy()


def _codes(physical: Any) -> Any:
    import polars as pl

    return physical.cast(pl.Int32).fill_null(-1).to_numpy()


def _text(series: Any) -> Factor:
    """Text, and polars' Categorical: it has no order of its own (Enum has), so its levels are sorted as text is."""
    import polars as pl

    texts = series.drop_nulls().unique().cast(pl.String).to_list()
    return sort_levels(_codes(series.cast(pl.String).cast(pl.Enum(texts)).to_physical()), texts)
