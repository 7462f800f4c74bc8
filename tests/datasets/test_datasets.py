"""The data sets that the package ships: complete, described, and the same in each library."""

from __future__ import annotations

import gzip
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from mixedmodels import datasets, frame
from mixedmodels.datasets.catalogue import FOLDER
from mixedmodels.errors import DataError

# Rows and columns as R's dim() gives them for the tables of lme4 1.1-31 and mlmRev 1.0-8.
SHAPES = {
    "Arabidopsis": (625, 8),
    "cake": (270, 5),
    "cbpp": (56, 4),
    "Contraception": (1934, 6),
    "Dyestuff": (30, 2),
    "Dyestuff2": (30, 2),
    "grouseticks": (403, 7),
    "InstEval": (73421, 7),
    "Pastes": (60, 4),
    "Penicillin": (144, 3),
    "Salamanders": (644, 9),
    "sites": (160, 4),
    "sleepstudy": (180, 3),
    "VerbAgg": (7584, 9),
}


def test_the_list_is_complete() -> None:
    assert datasets.names() == tuple(SHAPES)


@pytest.mark.parametrize("name", SHAPES)
def test_each_is_whole_and_described(name: str) -> None:
    table, about = datasets.load(name), datasets.describe(name)
    assert table.shape == SHAPES[name] == (about.rows, len(about.columns))
    assert tuple(table.columns) == tuple(about.columns)
    assert not table.isna().any(axis=None)
    for fact in (about.title, about.source, about.reference, about.licence, *about.columns.values()):
        assert fact
    assert about.licence.startswith(("GPL-2.0-or-later", "MIT", "CC0"))
    factors = {column: about.factors[column] for column in about.factors}
    assert set(factors) == {column for column in table if table[column].dtype == "category"}
    for column, factor in factors.items():
        assert tuple(table[column].cat.categories) == factor.levels
        assert table[column].cat.ordered == factor.ordered
    shown = str(about)
    assert about.reference.split()[0] in shown
    assert all(column in shown for column in about.columns)


def test_factors_keep_an_order_that_is_not_alphabetical() -> None:
    assert list(datasets.load("InstEval")["dept"].cat.categories)[:4] == ["15", "5", "10", "12"]
    assert list(datasets.load("VerbAgg")["mode"].cat.categories) == ["want", "do"]
    assert datasets.load("cake")["temperature"].cat.ordered


def test_numbers_of_the_sleep_study() -> None:
    sleep = datasets.load("sleepstudy")
    assert sleep["Reaction"].dtype == np.float64
    assert sleep["Days"].dtype == np.int64
    assert sleep["Reaction"].iloc[0] == 249.56
    assert sleep["Reaction"].mean() == pytest.approx(298.507891666667, rel=1e-14)  # R: mean(sleepstudy$Reaction)


@pytest.mark.parametrize(("as_", "kind"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame), ("pyarrow", pa.Table)])
@pytest.mark.parametrize("name", ["cake", "grouseticks"])
def test_each_library_holds_the_same(name: str, as_: Any, kind: type) -> None:
    plain, held = datasets.load(name, as_="dict"), datasets.load(name, as_=as_)
    assert isinstance(held, kind)
    read, expected = frame.read(held), frame.read(plain)
    assert read.names == expected.names
    for column in expected.names:
        ours, theirs = read.column(column), expected.column(column)
        assert type(ours) is type(theirs)
        if isinstance(ours, frame.Factor) and isinstance(theirs, frame.Factor):
            assert ours.levels.labels == theirs.levels.labels
            np.testing.assert_array_equal(ours.codes, theirs.codes)
            assert ours.ordered == (theirs.ordered and as_ != "polars")  # polars knows no ordered factors
        else:
            np.testing.assert_array_equal(ours.values, theirs.values)  # type: ignore[union-attr]


def test_every_call_gives_a_fresh_table() -> None:
    first = datasets.load("Dyestuff")
    first.loc[0, "Yield"] = 0
    assert datasets.load("Dyestuff").loc[0, "Yield"] == 1545


def test_mistakes_are_answered() -> None:
    with pytest.raises(DataError, match="no data set 'sleepstudi'; did you mean 'sleepstudy'"):
        datasets.load("sleepstudi")
    with pytest.raises(DataError, match="as_='julia' is no table library; choose 'pandas'"):
        datasets.load("cake", as_="julia")  # type: ignore[arg-type]


def test_every_table_stands_beside_its_description() -> None:
    tables = {path.name.removesuffix(".csv.gz") for path in FOLDER.glob("*.csv.gz")}
    assert tables == set(datasets.names())
    header = gzip.decompress((FOLDER / "sites.csv.gz").read_bytes()).splitlines()[0]
    assert header == b'"y","x","site","y2"'
