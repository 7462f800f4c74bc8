"""Results come in the kind of table that came."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.support.model_tables import tables

import mixedmodels as mm

FORMULA = "Reaction ~ Days + (Days | Subject)"


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "dict", "duckdb"])
def test_results_come_in_the_kind_of_table_that_came(kind: str, fit: mm.MixedModel) -> None:
    import duckdb

    pandas_table = tables()["sleep"][["Reaction", "Days", "Subject"]].astype({"Subject": str})
    data: Any = {
        "pandas": lambda: pandas_table,
        "polars": lambda: pl.from_pandas(pandas_table),
        "pyarrow": lambda: pl.from_pandas(pandas_table).to_arrow(),
        "dict": lambda: {name: pandas_table[name].to_numpy() for name in pandas_table},
        "duckdb": lambda: duckdb.from_df(pandas_table),
    }[kind]()
    other = mm.lmer(FORMULA, data)
    assert other.reml_criterion == pytest.approx(fit.reml_criterion, abs=1e-8)
    expected = {
        "polars": pl.DataFrame,
        "pyarrow": type(pl.DataFrame().to_arrow()),
        "duckdb": duckdb.DuckDBPyRelation,
    }.get(kind, pd.DataFrame)
    tidy_tables = (
        other.tidy("fixed"),
        other.tidy("ran_vals"),
        other.glance(),
        other.augment(),
        other.simulate(2, 1),
        other.frame,
    )
    for table in tidy_tables:
        assert isinstance(table, expected)
    np.testing.assert_allclose(np.asarray(other.fitted()), fit.fitted(), rtol=1e-6)
    if kind != "duckdb":  # a relation belongs to its connection
        assert str(pickle.loads(pickle.dumps(other)).summary()) == str(other.summary())
