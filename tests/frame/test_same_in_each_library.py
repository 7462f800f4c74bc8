"""The same table gives the same columns whichever library holds it."""

from __future__ import annotations

import math
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from mixedmodels import frame

WORDS = st.text(alphabet="abAB12 _é.-", max_size=4)
CELLS: dict[str, st.SearchStrategy[Any]] = {
    "number": st.floats(allow_nan=False, width=64),
    "integer": st.integers(-(2**62), 2**62),
    "truth": st.booleans(),
    "text": WORDS,
    "category": WORDS,
}
ARROW = {"number": pa.float64(), "integer": pa.int64(), "truth": pa.bool_(), "text": pa.string()}


@st.composite
def columns(draw: st.DrawFn) -> tuple[str, list[Any]]:
    kind = draw(st.sampled_from(sorted(CELLS)))
    cells = draw(st.lists(st.none() | CELLS[kind], min_size=1, max_size=12))
    return kind, cells


def arrow(kind: str, cells: list[Any], levels: list[str]) -> pa.Array:
    if kind != "category":
        return pa.array(cells, ARROW[kind])
    codes = [None if cell is None else levels.index(cell) for cell in cells]
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(levels, pa.string()))


def in_each_library(kind: str, cells: list[Any], levels: list[str]) -> dict[str, Any]:
    table = pa.table({"a": arrow(kind, cells, levels)})
    nullable = {"number": "Float64", "integer": "Int64", "truth": "boolean", "text": "string"}
    category = pd.CategoricalDtype(pd.Index(levels, dtype="str"))
    held = {
        "arrow": table,
        "arrow chunks": pa.concat_tables([table.slice(0, 1), table.slice(1)]),
        "polars": pl.DataFrame(
            {"a": pl.Series(cells, dtype=pl.Enum(levels), strict=True)} if kind == "category" else pl.from_arrow(table)
        ),
        "pandas": pd.DataFrame({"a": pd.Series(cells, dtype=category if kind == "category" else nullable[kind])}),
        "pandas over arrow": table.to_pandas(types_mapper=None if kind == "category" else pd.ArrowDtype),
        "dict of arrays": {
            "a": pd.Categorical(cells, dtype=category) if kind == "category" else np.array(cells, dtype=object)
        },
        "dict of lists": {"a": pd.Categorical(cells, dtype=category) if kind == "category" else cells},
    }
    if kind != "category":
        held["duckdb"] = duckdb.from_arrow(table)
        held["pandas objects"] = pd.DataFrame({"a": pd.Series(cells, dtype=object)})
    return held


def as_values(column: frame.Column) -> list[Any]:
    if isinstance(column, frame.Factor):
        return [None if c < 0 else column.levels.labels[c] for c in column.codes]
    return [None if math.isnan(v) else v for v in column.values]


@settings(derandomize=True, max_examples=150, deadline=None)
@given(columns())
def test_the_same_table_gives_the_same_columns(drawn: tuple[str, list[Any]]) -> None:
    kind, cells = drawn
    levels = sorted({cell for cell in cells if cell is not None}, reverse=True)
    if all(cell is None for cell in cells):
        return  # a list of nothing but None has no kind
    for library, table in in_each_library(kind, cells, levels).items():
        column = frame.read(table).column("a")
        factor = frame.as_factor(column)
        expected = [None if c is None else c if isinstance(c, str) else float(c) for c in cells]
        assert as_values(column) == expected, library
        distinct = {cell for cell in cells if cell is not None}
        if kind == "category":
            assert factor.levels.labels == tuple(levels), library
        elif kind == "text":
            order = sorted(distinct)
            assert factor.levels.labels == tuple(order[i] for i in frame.text_order(order)), library
        elif kind == "truth":
            assert factor.levels.labels == ("FALSE", "TRUE"), library
        elif kind == "number":
            assert list(factor.levels.values) == sorted(distinct), library
        else:
            assert [int(v) for v in factor.levels.values] == sorted(distinct), library
