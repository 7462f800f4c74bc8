"""A table of results is a read-only mapping of columns that every library of tables takes."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mixedmodels as mm
from mixedmodels.tables.long_table import LongTable
from mixedmodels.tables.result_table import ResultTable

COLUMNS = {"estimate": np.array([1.5, 2.25]), "note": ["a & b", None], "p_value": np.array([0.01, np.nan])}


def results() -> ResultTable:
    return ResultTable(
        columns=COLUMNS,
        names=("x", "y_2"),
        headers={"p_value": "Pr(>|t|)"},
        heading=("Two rows",),
        footer=("50% of them",),
    )


def test_it_is_a_mapping_of_columns_with_the_length_of_its_rows() -> None:
    table = results()
    assert isinstance(table, Mapping)
    assert list(table) == list(table.keys()) == ["term", "estimate", "note", "p_value"]
    assert len(table) == 2
    assert len(table.keys()) == len(table.values()) == len(table.items()) == 4
    assert table["term"].tolist() == ["x", "y_2"]
    assert table["Pr(>|t|)"] is table["p_value"]
    assert "Pr(>|t|)" in table
    assert table.get("nothing") is None
    assert table.row("x") == {"estimate": 1.5, "note": "a & b", "p_value": 0.01}
    assert {**table}.keys() == dict(table).keys() == table.copy().keys() == (table | {}).keys() == ({} | table).keys()
    with pytest.raises(mm.MixedModelsError, match="no column 'nothing'; there are term, estimate"):
        table["nothing"]
    with pytest.raises(KeyError, match="no row 'z'; there are x, y_2"):
        table.row("z")


def test_each_library_takes_it() -> None:
    table = results()
    expected = pd.DataFrame({"term": ["x", "y_2"], **COLUMNS})
    pd.testing.assert_frame_equal(pd.DataFrame(table), expected)
    pd.testing.assert_frame_equal(table.to_pandas(), expected)
    rows = [("x", 1.5, "a & b", 0.01), ("y_2", 2.25, None)]
    for frame in (pl.DataFrame(table), table.to_polars(), nw.from_native(table).to_polars()):
        assert frame.columns == list(table)
        assert frame.rows()[0] == rows[0]
        assert frame.rows()[1][:3] == rows[1]
    for arrow in (pa.table(table), table.to_arrow(), pa.RecordBatchReader.from_stream(table).read_all()):
        assert arrow.column_names == list(table)
        assert arrow["note"].to_pylist() == ["a & b", None]
    by_name = table  # noqa: F841 - DuckDB finds it by its name
    assert duckdb.sql("select estimate, note from by_name").fetchall() == [(1.5, "a & b"), (2.25, None)]
    with pytest.raises(mm.DataError, match="no library of tables"):
        table.to_frame("nonsense")


def test_it_cannot_be_changed_and_survives_copies() -> None:
    table = results()
    with pytest.raises(TypeError, match="read only"):
        table["estimate"] = 0
    for change in (table.clear, table.popitem, lambda: table.update(a=1), lambda: table.pop("note")):
        with pytest.raises(TypeError, match="read only"):
            change()
    for other in (pickle.loads(pickle.dumps(table)), copy.copy(table), copy.deepcopy(table)):
        assert type(other) is ResultTable
        assert repr(other) == repr(table)
        assert other["note"].tolist() == ["a & b", None]


def test_its_text_for_documents_escapes_what_they_would_read() -> None:
    table = results()
    markdown = table.to_markdown().splitlines()
    assert markdown[0] == "Two rows"
    assert markdown[2] == r"|  | Estimate | note | Pr(\>\|t\|) |"
    assert markdown[3] == "| :--- | ---: | :--- | ---: |"
    assert markdown[4] == "| x | 1.50 | a & b | 0.01 |"
    assert markdown[5].startswith(r"| y\_2 | 2.25 |")
    assert markdown[-1] == "50% of them"
    latex = table.to_latex(label="tab:two")
    for line in (r"\caption{Two rows}", r"\label{tab:two}", r"\begin{tabular}{lrlr}", r"x & 1.50 & a \& b & 0.01 \\"):
        assert line in latex
    assert r"y\_2" in latex
    assert r"50\% of them" in latex
    assert r"\caption{Mine}" in table.to_latex(caption="Mine")
    assert "<p>50% of them</p>" in table.to_html() == table._repr_html_()


def test_a_long_table_is_whole_in_documents_and_short_in_print() -> None:
    table = LongTable(columns={"x": np.arange(50.0), "g": ["a"] * 50}, title="Fifty")
    assert "... 30 rows more" in repr(table)
    assert "... 30 rows more" in table._repr_html_()
    assert table.to_html().count("<tr>") == 51
    assert len(table.to_markdown().splitlines()) == 54
    assert pd.DataFrame(table).shape == (50, 2)


def test_figures_by_name_stay_a_mapping_and_refuse_to_be_an_array() -> None:
    fit = mm.lmer("Reaction ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy"))
    r2 = fit.r2()
    assert set(r2) == {"conditional", "marginal"}
    assert r2.to_pandas()["figure"].tolist() == list(r2)
    with pytest.raises(TypeError, match="take its long table with to_pandas"):
        pd.DataFrame(r2)
    assert pl.DataFrame(r2.to_polars()).height == 2
