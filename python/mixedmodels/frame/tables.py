"""Results as tables: in the library that the data came from, or labelled as a pandas DataFrame."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels.errors import DataError, MissingLibraryError
from mixedmodels.frame.relations import as_relation
from mixedmodels.frame.table import Kind

if TYPE_CHECKING:
    import pandas

LIBRARIES = ("pandas", "polars", "pyarrow", "duckdb", "dict")


def to_kind(columns: Mapping[str, Any], kind: Kind, index: Any = None) -> Any:
    """A table of these columns in the library of `kind`.

    Parameters
    ----------
    columns : mapping of str
        Array of each column, all of one length.
    kind : {"pandas", "polars", "pyarrow", "duckdb", "dict"}
        Library of the table; what came as a dict goes back as a pandas DataFrame.
    index : pandas.Index, optional
        Index of the rows of a pandas table; other libraries have none.

    Raises
    ------
    DataError
        If no library is called so.
    MissingLibraryError
        If the library is not installed.

    Examples
    --------
    >>> from mixedmodels import frame
    >>> frame.to_kind({"x": [1, 2]}, "pandas").shape
    (2, 1)
    """
    if kind == "polars":
        return _library("polars").DataFrame(dict(columns))
    if kind in ("pyarrow", "arrow"):
        return _library("pyarrow").table(dict(columns))
    if kind == "duckdb":
        _library("duckdb")
        return as_relation(_pandas(columns, None), kind)
    if kind in ("pandas", "dict"):
        return _pandas(columns, index)
    raise DataError(f"{kind!r:.60} is no library of tables; give one of {', '.join(map(repr, LIBRARIES))}.")


def given_back(table: Any, kind: Kind) -> Any:
    """A pandas table of rows that came from `kind`: a DuckDB relation where that is DuckDB, else as it is."""
    return as_relation(table, kind) if kind == "duckdb" else table


def arrow_stream(columns: Mapping[str, Any], requested_schema: Any = None) -> Any:
    """Columns as a stream of the Arrow C data interface, made by pyarrow or, where that is missing, by polars.

    Raises
    ------
    MissingLibraryError
        If neither is installed.
    """
    for library, made in (("pyarrow", "table"), ("polars", "DataFrame")):
        try:
            table = getattr(importlib.import_module(library), made)(dict(columns))
        except ImportError:
            continue
        return table.__arrow_c_stream__(requested_schema)
    raise MissingLibraryError("an Arrow stream needs the package pyarrow or polars: pip install pyarrow.")


def _pandas(columns: Mapping[str, Any], index: Any) -> Any:
    import pandas

    return pandas.DataFrame(dict(columns), index=index)


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingLibraryError(
            f"a table of {name} needs the package {name}: pip install {name}; to_pandas() works without it."
        ) from error


def matrix(values: Any, rows: Any, columns: Sequence[str], kind: Kind) -> Any:
    """A matrix in the library of `kind`, whose ``numpy.asarray`` are the numbers alone.

    polars and Arrow name the columns. pandas labels the rows too, and serves DuckDB as well: a relation has no order of
    rows, and is no array.

    Parameters
    ----------
    values : ndarray, shape (n, p)
        The matrix.
    rows : sequence of str, pandas.Index or None
        Labels of the rows.
    columns : sequence of str
        Names of the columns.
    kind : {"pandas", "polars", "pyarrow", "duckdb", "dict"}
        Library of the caller's table.

    Examples
    --------
    >>> from mixedmodels import frame
    >>> frame.matrix(np.eye(2), ["a", "b"], ["a", "b"], "polars").columns
    ['a', 'b']
    """
    if kind in ("polars", "pyarrow"):
        return to_kind(dict(zip(columns, np.ascontiguousarray(values.T), strict=True)), kind)
    return labelled(values, rows, columns)


def labelled(matrix: Any, rows: Any, columns: Sequence[str]) -> pandas.DataFrame:
    """A matrix with names on its rows and columns, as a pandas DataFrame."""
    import pandas

    return pandas.DataFrame(matrix, index=rows, columns=list(columns))
