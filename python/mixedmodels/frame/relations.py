"""Tables that are run when they are asked: rows fetched once, and results on the connection that they came from."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import count
from typing import Any

from mixedmodels.errors import DataError

_VIEW = "mixedmodels_rows"  # the name that DuckDB's `query` wants for the relation; nothing reads it
_numbers = count(1)


class OnConnection(str):
    """The kind "duckdb", which remembers the connection of a relation, so that results join with what is there.

    Pickled, or copied to another process, it is the plain kind: a connection stays where it is.
    """

    __slots__ = ("anchor",)
    anchor: Any

    def __new__(cls, relation: Any) -> OnConnection:
        """The kind of a relation's rows."""
        self = super().__new__(cls, "duckdb")
        self.anchor = _anchor(relation)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return str, ("duckdb",)


@dataclass(frozen=True, slots=True, eq=False)
class Fetched:
    """Rows of a lazy table as they were when a model was fitted: run again, they might come in another order.

    Attributes
    ----------
    rows : polars.DataFrame or pyarrow.Table
        The rows.
    kind : {"polars", "duckdb"}
        Library of the lazy table.
    origin : object
        The lazy table itself, to know it again; None after pickling.
    """

    rows: Any
    kind: Any
    origin: Any

    def __reduce__(self) -> tuple[Any, ...]:
        return Fetched, (self.rows, str(self.kind), None)


def fetched(data: Any) -> Any:
    """A polars LazyFrame or a DuckDB relation with its rows fetched; any other table as it is.

    Raises
    ------
    DataError
        If a relation's rows cannot be fetched because pyarrow is missing.
    """
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(data, polars.LazyFrame):
        return Fetched(data.collect(), "polars", data)
    duckdb = sys.modules.get("duckdb")
    if duckdb is not None and isinstance(data, duckdb.DuckDBPyRelation):
        return Fetched(_arrow_rows(data), OnConnection(data), data)
    return data


def rows_at_hand(data: Any) -> Any:
    """The rows of a lazy table as an eager one of polars or Arrow; any other table as it is."""
    table = fetched(data)
    return table.rows if isinstance(table, Fetched) else table


def same_table(a: Any, b: Any) -> bool:
    """Whether two tables are one, lazy or not."""
    if isinstance(a, Fetched) and isinstance(b, Fetched):
        return a is b or (a.origin is not None and a.origin is b.origin)
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(a, pandas.DataFrame) and isinstance(b, pandas.DataFrame):
        return bool(a.index.is_(b.index))  # copies of one table share its index
    return a is b


def as_relation(table: Any, kind: Any) -> Any:
    """A pandas table as a relation, on the connection that `kind` remembers, or else on DuckDB's default one.

    The default connection serves too where the remembered one is closed, or cannot read what is in memory.
    """
    import duckdb

    if isinstance(kind, OnConnection) and kind.anchor is not None:
        mixedmodels_result = table  # DuckDB finds it by this name
        try:
            relation = kind.anchor.query(_VIEW, "select * from mixedmodels_result")
            _forget_view(kind.anchor)
        except duckdb.Error:
            return duckdb.from_df(mixedmodels_result)
        # Relations of one connection join if their names differ.
        return relation.set_alias(f"mixedmodels_{next(_numbers)}")
    return duckdb.from_df(table)


def _anchor(relation: Any) -> Any:
    """A relation of one row on the same connection, which outlives the tables of `relation`; None if it is closed."""
    import duckdb

    try:
        anchor = relation.query(_VIEW, "select 1 as one")
        _forget_view(relation)
        return anchor.materialize() if hasattr(anchor, "materialize") else anchor
    except duckdb.Error:
        return None


def _forget_view(relation: Any) -> None:
    """Drop the view that DuckDB 1 makes for `query`; DuckDB 2 makes none."""
    relation.query(_VIEW, f"drop view if exists {_VIEW}")


def _arrow_rows(relation: Any) -> Any:
    """A relation is run once: run again for each column, its rows might come in another order."""
    fetch = getattr(relation, "to_arrow_table", None) or relation.fetch_arrow_table
    try:
        return fetch()
    except ModuleNotFoundError as cause:
        raise DataError("reading a DuckDB relation needs pyarrow; install it, or pass relation.df()") from cause
