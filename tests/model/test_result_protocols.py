"""Every verb of every class of models: a table is a table, a test is a test, what comes by name has a long table.

The walk calls each public name of a fit as `tests.support.every_verb` says. A verb without an entry there fails it.
"""

from __future__ import annotations

import html
import importlib.util
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.support.every_verb import FURTHER, MODELS, VERBS, Verb, model

import mixedmodels as mm
from mixedmodels.tables.exported import ByName, Exported
from mixedmodels.tables.single_test import SeveralTests, SingleTest
from mixedmodels.tables.table import Table

ARROW = importlib.util.find_spec("pyarrow") is not None
LEGEND = re.compile(r"^Signif\. codes:.*$", re.MULTILINE)
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def names(fit: Any) -> list[str]:
    """Everything public, also what completion does not offer."""
    return [name for name in object.__dir__(fit) if not name.startswith("_")]


@pytest.mark.parametrize("name", MODELS)
def test_every_verb_has_an_entry(name: str) -> None:
    missing = [verb for verb in names(model(name)) if verb not in VERBS]
    assert not missing, f"say in tests/support/every_verb.py how to call {missing}, and what they return"


def test_no_entry_is_of_a_verb_that_is_gone() -> None:
    assert not set(VERBS) - {verb for name in MODELS for verb in names(model(name))}


CALLS = [
    *((name, verb, VERBS[verb]) for name in MODELS for verb in names(model(name)) if verb in VERBS),
    *((name, title, verb) for name in MODELS for title, verb in FURTHER.items()),
]


@pytest.mark.parametrize(("name", "title", "verb"), CALLS, ids=[f"{name}-{title}" for name, title, _ in CALLS])
@pytest.mark.filterwarnings("ignore")
def test_results_answer_their_protocol(
    name: str, title: str, verb: Verb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # for verbs that write files
    fit = model(name)
    if name in verb.refused_by:
        with pytest.raises((mm.MixedModelsError, AttributeError)):
            verb.call(fit)
        return
    result = verb.call(fit)
    check = {"table": is_table, "test": is_test, "tests": are_tests, "named": is_named, "other": is_neither}
    check[verb.kind](result)


# -- protocols ----------------------------------------------------------------------------------------------------


def is_table(result: Any) -> None:
    assert isinstance(result, Table), type(result)
    assert isinstance(result, Mapping)
    frame = is_exported(result)
    assert list(result) == list(frame.columns)
    assert len(result) == len(frame)
    assert len(result.keys()) == len(frame.columns)
    first = frame.columns[0]
    for header, column in result._aliases().items():
        assert result[header] is result[column]
    if len(result):
        row = result.row(str(frame[first].iloc[0]))
        assert list(row) == list(frame.columns[1:])
    with pytest.raises(mm.MixedModelsError, match="no column"):
        result["no such column"]
    same(pd.DataFrame(result), frame)
    same(pl.DataFrame(result), frame)


def is_test(result: Any) -> None:
    if isinstance(result, Table):
        is_table(result)
    else:
        is_exported(result)
    assert isinstance(result, SingleTest | SeveralTests), type(result)
    for value in (result.statistic, result.p_value, result.pvalue):
        assert np.isscalar(value) or value.shape == (1,)
    assert 0 <= float(result.p_value) <= 1 or np.isnan(result.p_value)
    degrees = result.df
    assert degrees is None or isinstance(degrees, int | float) or len(degrees) == 2
    assert isinstance(result.method, str)
    assert result.method
    with pytest.raises(TypeError, match="truth value"):
        bool(result)


def are_tests(result: Any) -> None:
    is_table(result)
    assert isinstance(result, SeveralTests), type(result)
    assert np.shape(result.statistic) == np.shape(result.p_value) == np.shape(result.pvalue) == (len(result),)
    assert result.method
    with pytest.raises(TypeError, match="truth value"):
        bool(result)


def is_named(result: Any) -> None:
    is_exported(result)
    assert not isinstance(result, Table)
    if isinstance(result, ByName) and isinstance(result, Mapping):
        with pytest.raises(TypeError, match="holds several results"):
            pd.DataFrame(result)


def is_neither(result: Any) -> None:
    """Numbers, models, pictures, the caller's tables: nothing that hands over a table of its own way."""
    assert not isinstance(result, SingleTest)
    if type(result).__module__.startswith("mixedmodels."):
        assert isinstance(result, Exported) or not hasattr(result, "to_frame")


def is_exported(result: Any) -> pd.DataFrame:
    """That it hands its table to every library, and writes it; the table as of pandas."""
    assert isinstance(result, Exported), type(result)
    frame = result.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert isinstance(frame.index, pd.RangeIndex)
    first = frame.columns[0]
    assert frame.empty or first in ("x", "order") or not pd.api.types.is_float_dtype(frame[first]), "labels come first"
    for other in ("pandas", "polars"):
        same(result.to_frame(other), frame)
    same(result.to_polars(), frame)
    same(pl.DataFrame(Stream(result)), frame)
    same(nw.from_native(result, eager_only=True), frame)
    if ARROW:
        import duckdb
        import pyarrow as pa

        same(result.to_arrow(), frame)
        same(pa.table(result), frame)
        same(pa.table(Stream(result)), frame)
        same(duckdb.sql("from result"), frame)
        same(result.to_frame("duckdb"), frame)
    with pytest.raises(mm.DataError, match="no library of tables"):
        result.to_frame("nonsense")
    is_written(result)
    assert repr(pickle.loads(pickle.dumps(result))) == repr(result)
    return frame


def is_written(result: Any) -> None:
    assert result.to_latex(caption="A caption").startswith(r"\begin{table}")
    assert result.to_markdown().count("|") > 3
    assert result.to_html()
    shown = html.unescape(re.sub(r"<[^>]+>", " ", result._repr_html_()))
    text = LEGEND.sub("", repr(result))
    missing = set(NUMBER.findall(text)) - set(NUMBER.findall(shown))
    assert not missing, (missing, text, shown)


class Stream:
    """What a library sees of a result by the Arrow interface alone."""

    def __init__(self, result: Any) -> None:
        self.result = result

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.result.__arrow_c_stream__(requested_schema)


def same(table: Any, frame: pd.DataFrame) -> None:
    """Whether a table of any library has the columns and the values of a pandas table."""
    columns = as_lists(table)
    assert list(columns) == list(map(str, frame.columns))
    for name, values in columns.items():
        assert [plain(v) for v in values] == [plain(v) for v in frame[name]], name


def as_lists(table: Any) -> dict[str, list[Any]]:
    if isinstance(table, pd.DataFrame):
        return {str(name): list(table[name]) for name in table.columns}
    if isinstance(table, pl.DataFrame | nw.DataFrame):
        return table.to_dict(as_series=False)
    table = table.to_arrow_table() if hasattr(table, "to_arrow_table") else table
    return {name: table[name].to_pylist() for name in table.column_names}


def plain(value: Any) -> Any:
    """A value that can be compared: nothing for what is missing, numbers of Python."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and np.isnan(value) else value
