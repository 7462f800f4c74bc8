"""A table of any library, read column by column and only when a column is asked for."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np

from mixedmodels._names import meant, text_of
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.frame.columns import Column
from mixedmodels.frame.from_numpy import array_column
from mixedmodels.frame.from_pandas import pandas_column
from mixedmodels.frame.relations import Fetched, fetched

Kind = Literal["pandas", "polars", "pyarrow", "duckdb", "dict"]

_READABLE = (
    "a pandas or polars DataFrame, an Arrow table, a DuckDB relation, a mapping of names to arrays, "
    "a structured numpy array, or any table that narwhals reads"
)


class Table:
    """The columns of one table by name.

    Attributes
    ----------
    kind : {"pandas", "polars", "pyarrow", "duckdb", "dict"}
        The library that the table came from.
    n_rows : int
        Number of rows.
    index : pandas.Index or None
        Index of a pandas table, to label what is computed for each row; None for other libraries.
    matrices : mapping of str to tuple of str
        Matrices of a mapping of arrays: the names of the columns that each stands for.
    """

    __slots__ = ("_columns", "_find", "_names", "_read", "index", "kind", "matrices", "n_rows")

    def __init__(
        self,
        kind: Kind,
        n_rows: int,
        names: Callable[[], tuple[str, ...]],
        find: Callable[[str], Any],
        read: Callable[[str, Any], Column],
        index: Any = None,
        matrices: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.kind: Kind = kind
        self.n_rows = n_rows
        self.index = index
        self.matrices: Mapping[str, tuple[str, ...]] = matrices or {}
        self._names = names
        self._find = find  # the library's own column of that name; KeyError where there is none
        self._read = read
        self._columns: dict[str, Column] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self._names()

    @property
    def variables(self) -> tuple[str, ...]:
        """Names as a formula uses them: a matrix in place of its columns."""
        if not self.matrices:
            return self.names
        matrix_of = {part: name for name, parts in self.matrices.items() for part in parts}
        return tuple(dict.fromkeys(matrix_of.get(name, name) for name in self.names))

    def __contains__(self, name: object) -> bool:
        return text_of(name) in self.names

    def __repr__(self) -> str:
        return f"Table({self.kind}, {self.n_rows} rows: {', '.join(self.names)})"

    def column(self, name: str) -> Column:
        """The column of that name, read once.

        Raises
        ------
        UnknownColumnError
            If the table has no such column; names the nearest one.
        DataError
            If its values are neither numbers, truth values, dates, text nor categories.
        """
        name = name if type(name) is str else text_of(name)
        column = self._columns.get(name)
        if column is None:
            try:
                values = self._find(name)
            except KeyError:
                own = meant(name, self.names)
                if own in self.names and own != name:
                    return self.column(own)
                if name in self.matrices:
                    parts = self.matrices[name]
                    raise DataError(
                        f"column {name!r} is an array of shape {(self.n_rows, len(parts))}, and here a column has one "
                        f"value per row; name one of its columns: {', '.join(parts)}"
                    ) from None
                raise self._unknown(name) from None
            column = self._columns[name] = self._read(name, values)
        return column

    def _unknown(self, name: str) -> UnknownColumnError:
        names = self.names
        near = nearest(name, names)
        offer = f"did you mean {near!r}?" if near is not None else "check the spelling."
        shown = ", ".join(names[:20]) + (f", ... ({len(names)} in all)" if len(names) > 20 else "")
        return UnknownColumnError(f"the table has no column {name!r}; {offer} Its columns are: {shown}")


def nearest(name: str, names: tuple[str, ...]) -> str | None:
    """The name that somebody who typed `name` most likely meant, if any is close."""
    import difflib

    folded = {n.casefold(): n for n in reversed(names)}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def read(data: Any) -> Table:
    """Any table, made readable column by column; no column is looked at before it is asked for.

    Parameters
    ----------
    data : table
        Pandas or polars DataFrame, polars LazyFrame, pyarrow Table, DuckDB relation, mapping of names to arrays,
        structured numpy array, or whatever narwhals reads.

    Raises
    ------
    DataError
        If it is none of these, has no columns, or has a name twice.

    Examples
    --------
    >>> from mixedmodels import frame
    >>> frame.read({"x": [1.0, 2.0]}).names
    ('x',)
    """
    if isinstance(data, Table):
        return data
    # A library that has not been imported cannot have made the table.
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(data, pandas.DataFrame):
        return _pandas(data)
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(data, polars.DataFrame):
        return _polars(data)
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None and isinstance(data, (pyarrow.Table, pyarrow.RecordBatch)):
        return _arrow(data, "pyarrow")
    lazy = fetched(data)
    if isinstance(lazy, Fetched):
        return _polars(lazy.rows) if lazy.kind == "polars" else _arrow(lazy.rows, lazy.kind)
    if isinstance(data, Mapping):
        return _mapping(data)
    if isinstance(data, np.ndarray) and data.dtype.names is not None:
        return _mapping({name: data[name] for name in data.dtype.names})
    return _other(data)


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        twice = [name for name, count in Counter(names).items() if count > 1]
        raise DataError(
            f"the table has more than one column called {', '.join(map(repr, twice))}; "
            "rename them, so that a formula can say which one it means"
        )
    return names


def _pandas(data: Any) -> Table:
    columns = data.columns
    if columns.nlevels > 1:
        raise DataError(
            "the table's column names have several levels (a pandas MultiIndex); "
            "join them to one name each, so that a formula can name them"
        )

    def names() -> tuple[str, ...]:
        return _unique(tuple(map(str, columns)))

    if not columns.is_unique:
        names()

    # pandas' own way to the array behind a column, at a tenth of the cost of making a Series. It is not public,
    # so the public one stands in where it is missing.
    array_at = getattr(data, "_get_column_array", None) or (lambda i: data.iloc[:, i].array)

    def find(name: str) -> Any:
        try:
            place = columns.get_loc(name)
        except KeyError:
            place = None
        if type(place) is not int:
            # The name of a column may be a number or a date; a formula can only write it as text.
            place = names().index(name) if name in names() else None
        if place is None:
            raise KeyError(name)
        return array_at(place)

    return Table("pandas", len(data), names, find, pandas_column, data.index)


def _polars(data: Any) -> Table:
    from mixedmodels.frame.from_polars import polars_column

    names = tuple(data.columns)
    series = dict(zip(names, data.get_columns(), strict=True))
    return Table("polars", data.height, lambda: names, series.__getitem__, polars_column)


def _arrow(data: Any, kind: Kind) -> Table:
    from mixedmodels.frame.from_arrow import arrow_column

    names = _unique(tuple(data.schema.names))
    position = {name: i for i, name in enumerate(names)}
    return Table(kind, data.num_rows, lambda: names, lambda name: data.column(position[name]), arrow_column)


def _mapping(data: Mapping[Any, Any]) -> Table:
    names = _unique(tuple(map(str, data)))
    values = dict(zip(names, data.values(), strict=True))
    if not names:
        raise DataError("the table has no columns; a model needs data to be fitted to")
    lengths = {name: _length(name, column) for name, column in values.items()}
    first = names[0]
    for name, length in lengths.items():
        if length != lengths[first]:
            raise DataError(
                f"columns {first!r} and {name!r} have {lengths[first]} and {length} values; "
                "all columns of a table are of one length"
            )
    if not any(getattr(column, "ndim", 1) == 2 for column in values.values()):
        return Table("dict", lengths[first], lambda: names, values.__getitem__, any_column)
    split, matrices = split_matrices(values)
    return Table("dict", lengths[first], lambda: tuple(split), split.__getitem__, any_column, matrices=matrices)


def split_matrices(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, tuple[str, ...]]]:
    """Columns of a mapping with each matrix split, and the columns of each matrix: ``m1``, ``m2``, as R names them.

    Raises
    ------
    DataError
        If a matrix has no columns, or the name of one is that of another column.
    """
    out: dict[str, Any] = {}
    matrices: dict[str, tuple[str, ...]] = {}
    for name, column in values.items():
        if getattr(column, "ndim", 1) != 2:
            parts = {name: column}
        else:
            array = np.asarray(column)
            ends = [str(end) for end in getattr(column, "columns", range(1, array.shape[1] + 1))]
            parts = {f"{name}{end}": array[:, j] for j, end in enumerate(ends)}
            matrices[name] = tuple(parts)
            if len(parts) != array.shape[1] or not parts:
                raise DataError(f"matrix {name!r} has shape {array.shape}; its columns need one name each.")
        twice = [part for part in parts if part in out]
        if twice:
            raise DataError(f"matrix {name!r} and another column are both called {twice[0]!r}; rename one of them.")
        out |= parts
    return out, matrices


def _length(name: str, values: Any) -> int:
    if isinstance(values, (str, bytes, Mapping)) or not hasattr(values, "__len__") or getattr(values, "ndim", 1) == 0:
        raise DataError(f"column {name!r} is a {type(values).__name__}, {values!r:.60}; a column is an array of values")
    return len(values)


def any_column(name: str, values: Any) -> Column:
    """An array of any library, or a list, as a column."""
    library = type(values).__module__.partition(".")[0]
    if library == "pandas":
        return pandas_column(name, getattr(values, "array", values))
    if library == "polars":
        from mixedmodels.frame.from_polars import polars_column

        return polars_column(name, values)
    if library == "pyarrow":
        from mixedmodels.frame.from_arrow import arrow_column

        return arrow_column(name, values)
    return array_column(name, _as_array(name, values))


def _as_array(name: str, values: Any) -> Any:
    if isinstance(values, np.ndarray):
        return values
    try:
        array = np.asarray(values)
    except ValueError as cause:
        raise DataError(f"column {name!r} is no one-dimensional array: {cause}") from cause
    # numpy writes numbers as text where a list mixes both; the list itself tells them apart.
    if array.dtype.kind in "US":
        return np.array([*values, None], dtype=object)[:-1]
    return array


def _other(data: Any) -> Table:
    """A table that narwhals supports, or that exports an Arrow stream; read as Arrow."""
    import narwhals

    try:
        frame = narwhals.from_native(data)
    except TypeError as cause:
        hint = (
            f" ({data!r:.60}): read a file first, and give the formula before the table"
            if isinstance(data, str)
            else ""
        )
        raise DataError(f"data is a {type(data).__name__}{hint}; give {_READABLE}") from cause
    if type(narwhals.to_native(frame)) is not type(data):
        return read(narwhals.to_native(frame))  # a frame that was narwhals' already
    eager = frame.collect("pyarrow") if isinstance(frame, narwhals.LazyFrame) else frame
    return _arrow(eager.to_arrow(), "pyarrow")
