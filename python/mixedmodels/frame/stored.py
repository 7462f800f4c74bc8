"""Columns of a table as values that JSON has, and the table again, in the library that it came from.

What comes back reads as the same columns, value for value: numbers, integers, truth values, dates, texts and categories
with their levels. Narrow types of numbers come back as their widest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels.errors import MissingLibraryError
from mixedmodels.frame.columns import Column, Factor, Levels, Logical
from mixedmodels.frame.relations import Fetched, rows_at_hand
from mixedmodels.frame.table import any_column, read, split_matrices

_CATEGORIES = ("category", "Enum", "dictionary")


def columns_out(data: Any, names: Sequence[str]) -> dict[str, Any]:
    """Columns of a table, each as a mapping of JSON's values."""
    rows, table = rows_at_hand(data), read(data)
    if table.matrices:
        rows = split_matrices(rows)[0]
    return {name: column_out(rows[name], table.column(name)) for name in names}


def column_out(values: Any, column: Column) -> dict[str, Any]:
    """A column as a mapping of JSON's values; `values` is the library's own, which tells texts from categories."""
    if isinstance(column, Factor):
        return _factor_out(values, column)
    missing = np.isnan(column.values)
    if isinstance(column, Logical):
        return {"type": "logical", "values": _with_none(column.values.astype(bool), missing)}
    if column.origin is None:
        return {"type": "number", "values": column.values.tolist()}
    if column.origin.dtype.kind == "M":
        unit = np.datetime_data(column.origin.dtype)[0]
        return {"type": "time", "unit": unit, "values": _with_none(column.origin.astype(np.int64), missing)}
    return {"type": "integer", "dtype": column.origin.dtype.str, "values": _with_none(column.origin, missing)}


def array_out(name: str, values: Any) -> dict[str, Any]:
    """An array of any library, which stands alone, as a mapping of JSON's values."""
    return column_out(values, any_column(name, values))


def array_in(stored: Mapping[str, Any]) -> Any:
    """The inverse of `array_out`, as numpy has it, or pandas where that is a Categorical."""
    return _numpy(stored)


def table_in(stored: Mapping[str, Mapping[str, Any]], kind: str, index: Any = None) -> Any:
    """The inverse of `columns_out`: a table of `kind`.

    Raises
    ------
    MissingLibraryError
        If its library is not installed.
    """
    try:
        if kind == "polars":
            import polars

            return polars.DataFrame({name: _polars(name, column) for name, column in stored.items()})
        if kind in ("pyarrow", "duckdb"):
            import pyarrow

            table = pyarrow.table({name: _arrow(column) for name, column in stored.items()})
            return Fetched(table, "duckdb", None) if kind == "duckdb" else table
    except ImportError as error:
        raise MissingLibraryError(f"the rows of this model are of {kind}, which is not installed: {error}.") from error
    if kind == "dict":
        return {name: _numpy(column) for name, column in stored.items()}
    import pandas

    return pandas.DataFrame({name: _pandas(column) for name, column in stored.items()}, index=index)


def with_matrices(columns: Mapping[str, Any], matrices: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """A mapping of columns with those of each matrix put together again; split, they have the same names."""
    import pandas

    parts = {part for names in matrices.values() for part in names}
    out = {name: values for name, values in columns.items() if name not in parts}
    for name, names in matrices.items():
        ends = [part.removeprefix(name) for part in names]
        out[name] = pandas.DataFrame({end: columns[part] for end, part in zip(ends, names, strict=True)})
    return out


def index_out(index: Any) -> dict[str, Any] | None:
    """A pandas index as a mapping of JSON's values; None for None.

    Raises
    ------
    DataError
        If its values are neither numbers, truth values, dates nor text.
    """
    if index is None:
        return None
    names = [None if name is None else str(name) for name in index.names]
    if hasattr(index, "start"):
        return {"names": names, "range": [index.start, index.stop, index.step]}
    levels = [index.get_level_values(i).array for i in range(index.nlevels)]
    return {"names": names, "levels": [array_out("the table's index", level) for level in levels]}


def index_in(stored: Mapping[str, Any] | None) -> Any:
    """The inverse of `index_out`."""
    import pandas

    if stored is None:
        return None
    names = stored["names"]
    if "range" in stored:
        return pandas.RangeIndex.from_range(range(*stored["range"]), name=names[0])
    levels = [_pandas(level) for level in stored["levels"]]
    if len(levels) > 1:
        return pandas.MultiIndex.from_arrays(levels, names=names)
    return pandas.Index(levels[0], name=names[0])


# -- one column -------------------------------------------------------------------------------------------------------


def _with_none(values: NDArray[Any], missing: NDArray[np.bool_]) -> list[Any]:
    return [None if gone else value for value, gone in zip(values.tolist(), missing.tolist(), strict=True)]


def _factor_out(values: Any, column: Factor) -> dict[str, Any]:
    dtype = str(getattr(values, "dtype", getattr(values, "type", "")))
    stored: dict[str, Any] = {"type": "factor", "codes": column.codes.tolist()}
    if dtype.startswith(_CATEGORIES):
        return {**stored, **_levels_out(column.levels.values), "ordered": column.ordered}
    return {**stored, "levels": list(column.levels.labels), "texts": "categories" if dtype == "Categorical" else "yes"}


def _levels_out(values: NDArray[Any]) -> dict[str, Any]:
    if values.dtype.kind == "M":
        return {"levels": values.astype(np.int64).tolist(), "dtype": values.dtype.str}
    if values.dtype.kind in "biuf":
        return {"levels": values.tolist(), "dtype": values.dtype.str}
    return {"levels": [v if isinstance(v, bool | int | float) else str(v) for v in values.tolist()]}


def _levels(stored: Mapping[str, Any]) -> Levels:
    if "dtype" not in stored:
        return Levels(np.array([*stored["levels"], None], dtype=object)[:-1])
    dtype = np.dtype(stored["dtype"])
    whole = np.array(stored["levels"], dtype=np.int64 if dtype.kind == "M" else dtype)
    return Levels(whole.view(dtype) if dtype.kind == "M" else whole)


def _texts(stored: Mapping[str, Any]) -> list[str | None]:
    levels = stored["levels"]
    return [None if code < 0 else levels[code] for code in stored["codes"]]


def _gone(stored: Mapping[str, Any]) -> bool:
    return any(value is None for value in stored["values"])


def _times(stored: Mapping[str, Any]) -> NDArray[Any]:
    least = np.iinfo(np.int64).min  # numpy's NaT
    counts = np.array([least if v is None else v for v in stored["values"]], dtype=np.int64)
    return counts.view(f"M8[{stored['unit']}]")


def _pandas(stored: Mapping[str, Any]) -> Any:
    """What pandas takes for a column."""
    import pandas

    kind = stored["type"]
    if kind == "factor" and "texts" not in stored:
        levels = pandas.Index(_levels(stored).values)
        return pandas.Categorical.from_codes(stored["codes"], categories=levels, ordered=stored["ordered"])
    if kind == "integer" and _gone(stored):
        return pandas.array(stored["values"], dtype=np.dtype(stored["dtype"]).name.replace("i", "I").replace("u", "U"))
    if kind == "logical" and _gone(stored):
        return pandas.array(stored["values"], dtype="boolean")
    if kind == "time" and stored["unit"] in ("Y", "M", "W", "D"):
        return _objects(_times(stored).tolist())  # pandas itself has no days
    return _numpy(stored)


def _numpy(stored: Mapping[str, Any]) -> Any:
    kind = stored["type"]
    if kind == "factor":
        return _objects(_texts(stored)) if "texts" in stored else _pandas(stored)
    if kind == "time":
        return _times(stored)
    if kind == "number":
        return np.array(stored["values"], dtype=np.float64)
    if _gone(stored):
        return _objects(stored["values"])
    return np.array(stored["values"], dtype=bool if kind == "logical" else stored["dtype"])


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    array = np.empty(len(values), dtype=object)
    array[:] = list(values)
    return array


def _polars(name: str, stored: Mapping[str, Any]) -> Any:
    import polars as pl

    kind = stored["type"]
    if kind == "factor":
        enum = pl.Enum([str(v) for v in stored["levels"]])
        dtype: Any = {"yes": pl.String, "categories": pl.Categorical}.get(stored.get("texts", ""), enum)
        return pl.Series(name, _texts(stored), dtype=dtype)
    if kind == "integer":
        unsigned, size = stored["dtype"][1] == "u", int(stored["dtype"][2:]) * 8
        return pl.Series(name, stored["values"], dtype=getattr(pl, f"{'UInt' if unsigned else 'Int'}{size}"))
    if kind == "time":
        if stored["unit"] == "D":
            return pl.Series(name, stored["values"], dtype=pl.Int32).cast(pl.Date)
        return pl.Series(name, _times(stored).astype("M8[ms]") if stored["unit"] == "s" else _times(stored))
    return pl.Series(name, stored["values"], dtype=pl.Boolean if kind == "logical" else pl.Float64)


def _arrow(stored: Mapping[str, Any]) -> Any:
    import pyarrow as pa

    kind = stored["type"]
    if kind == "factor":
        if "texts" in stored:
            return pa.array(_texts(stored), pa.string())
        codes = pa.array([None if c < 0 else c for c in stored["codes"]], pa.int32())
        levels = _levels(stored).values
        words = pa.array(levels.tolist() if levels.dtype.kind == "O" else levels)
        return pa.DictionaryArray.from_arrays(codes, words, ordered=stored["ordered"])
    if kind == "number":
        return pa.array(np.array(stored["values"], dtype=np.float64))
    if kind == "integer":
        return pa.array(stored["values"], pa.from_numpy_dtype(np.dtype(stored["dtype"])))
    return pa.array(stored["values"], pa.bool_()) if kind == "logical" else pa.array(_times(stored))
