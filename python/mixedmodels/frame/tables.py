"""Results as tables: in the library that the data came from, or labelled as a pandas DataFrame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mixedmodels.frame.table import Kind

if TYPE_CHECKING:
    import pandas


def to_kind(columns: Mapping[str, Any], kind: Kind, index: Any = None) -> Any:
    """A table of these columns in the library of `kind`.

    Parameters
    ----------
    columns : mapping of str
        Array of each column, all of one length.
    kind : {"pandas", "polars", "pyarrow", "duckdb", "dict"}
        Where the data came from; what came as a dict or from DuckDB goes back as a pandas DataFrame.
    index : pandas.Index, optional
        Index of the rows of a pandas table; other libraries have none.

    Examples
    --------
    >>> from mixedmodels import frame
    >>> frame.to_kind({"x": [1, 2]}, "pandas").shape
    (2, 1)
    """
    if kind == "polars":
        import polars

        return polars.DataFrame(dict(columns))
    if kind == "pyarrow":
        import pyarrow

        return pyarrow.table(dict(columns))
    import pandas

    return pandas.DataFrame(dict(columns), index=index)


def labelled(matrix: Any, rows: Sequence[str] | None, columns: Sequence[str]) -> pandas.DataFrame:
    """A matrix with names on its rows and columns, as a pandas DataFrame."""
    import pandas

    return pandas.DataFrame(matrix, index=None if rows is None else list(rows), columns=list(columns))
