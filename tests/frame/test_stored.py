"""Columns come back from JSON as they were, whichever library holds them."""

from __future__ import annotations

import datetime
import json
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from tests.frame.test_same_in_each_library import columns, in_each_library

from mixedmodels import frame
from mixedmodels.frame import stored
from mixedmodels.model.loading import _numbers
from mixedmodels.model.saving import plain


def through_json(table: Any) -> tuple[Any, frame.Table, frame.Table]:
    """The table from JSON, and both as they are read."""
    held = frame.fetched(table)
    read = frame.read(held)
    text = json.dumps(plain(stored.columns_out(held, read.names)), allow_nan=False)
    again = stored.table_in(_numbers(json.loads(text)), read.kind, stored.index_in(stored.index_out(read.index)))
    return again, read, frame.read(again)


def assert_same(a: frame.Column, b: frame.Column, what: str) -> None:
    assert type(a) is type(b), what
    if isinstance(a, frame.Factor):
        assert isinstance(b, frame.Factor)
        np.testing.assert_array_equal(a.codes, b.codes, what)
        assert (a.levels.labels, a.ordered) == (b.levels.labels, b.ordered), what
        return
    assert not isinstance(b, frame.Factor)
    np.testing.assert_array_equal(a.values, b.values, what)
    np.testing.assert_array_equal(np.signbit(a.values), np.signbit(b.values), what)
    if isinstance(a, frame.Numeric) and a.origin is not None:
        assert isinstance(b, frame.Numeric), what
        assert b.origin is not None, what
        there = ~np.isnan(a.values)
        np.testing.assert_array_equal(a.origin[there], b.origin[there], what)


@settings(derandomize=True, max_examples=120, deadline=None)
@given(columns())
def test_columns_come_back(drawn: tuple[str, list[Any]]) -> None:
    kind, cells = drawn
    levels = sorted({cell for cell in cells if cell is not None}, reverse=True)
    if all(cell is None for cell in cells):
        return
    for library, table in in_each_library(kind, cells, levels).items():
        again, before, after = through_json(table)
        assert after.kind == before.kind, library
        assert_same(before.column("a"), after.column("a"), library)
        if library in ("polars", "pandas", "arrow"):
            assert type(again) is type(table)


DAYS = [datetime.date(2020, 2, 29), None, datetime.date(1969, 12, 31)]
TIMES = [datetime.datetime(2020, 2, 29, 12, 30, 1, 5), None, datetime.datetime(1969, 12, 31)]


@pytest.mark.parametrize("values", [DAYS, TIMES], ids=["days", "times"])
@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "duckdb", "dict"])
def test_dates_come_back(kind: str, values: list[Any]) -> None:
    import duckdb

    table = {
        "pandas": lambda: pd.DataFrame({"a": values}),
        "polars": lambda: pl.DataFrame({"a": values}),
        "pyarrow": lambda: pa.table({"a": values}),
        "duckdb": lambda: duckdb.from_arrow(pa.table({"a": values})),
        "dict": lambda: {"a": values},
    }[kind]()
    _, before, after = through_json(table)
    assert_same(before.column("a"), after.column("a"), kind)


def test_categories_of_numbers_and_dates_come_back() -> None:
    table = pd.DataFrame(
        {
            "n": pd.Categorical([3, 1, 3], categories=[3, 2, 1], ordered=True),
            "x": pd.Categorical([0.5, 1.5, 0.5]),
            "d": pd.Categorical(pd.to_datetime(["2020-01-01", "2019-01-01", "2020-01-01"])),
            "b": pd.Categorical([True, False, True]),
        }
    )
    again, before, after = through_json(table)
    for name in table:
        assert_same(before.column(name), after.column(name), name)
    assert again["n"].dtype == table["n"].dtype


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(5, 11, 2, name="row"),
        pd.Index(["b", "a", "b"]),
        pd.Index([7, 5, 3], name="id"),
        pd.to_datetime(["2020-01-01", "2020-01-03", "2020-01-02"]),
        pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["g", None]),
    ],
)
def test_an_index_comes_back(index: Any) -> None:
    again = stored.index_in(_numbers(json.loads(json.dumps(plain(stored.index_out(index))))))
    pd.testing.assert_index_equal(again, index)
