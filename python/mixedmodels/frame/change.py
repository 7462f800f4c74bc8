"""Rows and columns of a user's own table changed in a copy, in the library that it came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels.frame.align import in_native_order
from mixedmodels.frame.columns import Factor, Logical
from mixedmodels.frame.relations import rows_at_hand
from mixedmodels.frame.table import read


def take_rows(data: Any, rows: NDArray[np.intp]) -> Any:
    """Rows by position, in any order and as often as they are asked for.

    What is not pandas, polars or Arrow becomes pandas.
    """
    table = read(data)
    if table.kind == "polars":
        return rows_at_hand(data)[rows.tolist()]
    if table.kind == "pyarrow":
        return data.take(rows)
    return in_native_order(as_pandas(data)).iloc[rows].reset_index(drop=True)


def with_columns(data: Any, columns: Mapping[str, Any]) -> Any:
    """The table with columns (arrays or lists of its length) added or replaced."""
    kind = read(data).kind
    if kind == "polars":
        import polars as pl

        return rows_at_hand(data).with_columns(**{k: pl.Series(k, _listed(v)) for k, v in columns.items()})
    if kind == "pyarrow":
        for name, values in columns.items():
            place = data.schema.get_field_index(name)
            data = data.append_column(name, [_listed(values)]) if place < 0 else data.set_column(place, name, [values])
        return data
    return as_pandas(data).assign(**columns)


def as_pandas(data: Any) -> Any:
    """A pandas table of the same columns."""
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data
    table = read(data)
    return pd.DataFrame({name: values_of(table.column(name)) for name in table.names})


def values_of(column: Any) -> Any:
    """The values of a column as pandas holds them: numbers, truth values, a Categorical."""
    import pandas as pd

    if isinstance(column, Factor):
        levels: Any = list(column.levels.values)
        return pd.Categorical.from_codes(column.codes.astype(np.int64), categories=levels, ordered=column.ordered)
    if isinstance(column, Logical):
        return column.values.astype(bool) if not np.isnan(column.values).any() else column.values
    whole = column.origin is not None and not np.isnan(column.values).any()
    return column.origin if whole else column.values


def _listed(values: Any) -> Any:
    """An array as it is; a Categorical as texts, which every library takes."""
    return values if isinstance(values, np.ndarray) else list(values)
