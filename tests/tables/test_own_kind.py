"""Each verb answers in the kind of table that the model's data, or new rows, came in."""

from __future__ import annotations

import gc
import pickle
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mixedmodels as mm

FORMULA = "Reaction ~ Days + (Days | Subject)"
KINDS = {
    "pandas": (pd.DataFrame, pd.Series),
    "polars": (pl.DataFrame, pl.Series),
    "lazy": (pl.DataFrame, pl.Series),
    "pyarrow": (pa.Table, pa.Array),
    "duckdb": (duckdb.DuckDBPyRelation, np.ndarray),
    "dict": (pd.DataFrame, np.ndarray),
}


def held(kind: str, table: pd.DataFrame, connection: Any = duckdb) -> Any:
    """The table as the library of that kind has it."""
    texts = {c: table[c].astype(object if table[c].dtype == "category" else table[c].dtype) for c in table}
    plain = pd.DataFrame(texts)
    makers: dict[str, Any] = {
        "pandas": lambda: plain,
        "polars": lambda: pl.from_pandas(plain),
        "lazy": lambda: pl.from_pandas(plain).lazy(),
        "pyarrow": lambda: pl.from_pandas(plain).to_arrow(),
        "duckdb": lambda: connection.from_df(plain),
        "dict": lambda: {name: plain[name].to_numpy() for name in plain},
    }
    return makers[kind]()


def as_pandas(table: Any) -> pd.DataFrame:
    if isinstance(table, pd.DataFrame):  # whose columns are attributes too, such as df
        return table
    return table.df() if isinstance(table, duckdb.DuckDBPyRelation) else table.to_pandas()


@pytest.fixture(scope="module")
def sleep() -> pd.DataFrame:
    return mm.datasets.load("sleepstudy")


@pytest.mark.parametrize("kind", KINDS)
def test_verbs_answer_in_the_kind_of_the_data(kind: str, sleep: pd.DataFrame, fit: mm.MixedModel) -> None:
    table, vector = KINDS[kind]
    other = mm.lmer(FORMULA, held(kind, sleep))
    for ask in (
        lambda m: m.tidy(("fixed", "ran_pars", "ran_vals")), lambda m: m.glance(), lambda m: m.augment(),
        lambda m: m.simulate(2, 1), lambda m: m.predict(se_fit=True), lambda m: m.dfbetas(), lambda m: m.leverage(),
        lambda m: m.dfbeta("Subject"), lambda m: m.ranef()["Subject"], lambda m: m.coef()["Subject"], lambda m: m.frame,
    ):  # fmt: skip
        answer = ask(other)
        assert isinstance(answer, table), kind
        numbers, expected = as_pandas(answer).select_dtypes("number"), as_pandas(ask(fit)).select_dtypes("number")
        assert numbers.columns.tolist() == expected.columns.tolist()
        np.testing.assert_allclose(numbers.to_numpy(), expected.to_numpy(), rtol=1e-6, atol=1e-7)
    for ask in (
        lambda m: m.fitted(), lambda m: m.residuals(), lambda m: m.hat_values(), lambda m: m.cooks_distance(),
        lambda m: m.rstandard(),
    ):  # fmt: skip
        assert isinstance(ask(other), vector), kind
        np.testing.assert_allclose(np.asarray(ask(other)), np.asarray(ask(fit)), rtol=1e-6, atol=1e-8)
    if kind == "duckdb":
        prediction = other.predict()
        assert isinstance(prediction, table)
        assert prediction.columns == ["fit"]
        np.testing.assert_allclose(prediction.fetchnumpy()["fit"], fit.predict(), rtol=1e-6)
    else:
        assert isinstance(other.predict(), vector)
        np.testing.assert_allclose(np.asarray(other.predict()), fit.predict(), rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("verb", ["vcov", "vcov_robust", "vcov_full", "model_matrix"])
def test_a_matrix_is_an_array_whatever_its_library(
    kind: str, verb: str, sleep: pd.DataFrame, fit: mm.MixedModel
) -> None:
    other = mm.lmer(FORMULA, held(kind, sleep))
    answer, expected = getattr(other, verb)(), np.asarray(getattr(fit, verb)())
    assert isinstance(answer, pd.DataFrame if kind in ("duckdb", "dict") else KINDS[kind][0])
    assert np.asarray(answer).shape == expected.shape
    np.testing.assert_allclose(np.asarray(answer), expected, rtol=1e-4, atol=1e-7)
    if verb == "vcov":
        assert tuple(answer.column_names if kind == "pyarrow" else answer.columns) == fit.fixef().names


def test_levels_are_a_first_column_where_there_is_no_index(sleep: pd.DataFrame, fit: mm.MixedModel) -> None:
    other = mm.lmer(FORMULA, held("polars", sleep))
    assert other.ranef()["Subject"].columns == ["level", "(Intercept)", "Days"]
    assert other.ranef()["Subject"]["level"].to_list() == list(fit.ranef()["Subject"].index)
    assert other.fitted().name == "fitted"
    assert other.predict().name == "fit"


def test_a_random_effect_may_be_called_level() -> None:
    rng = np.random.default_rng(3)
    data = pl.DataFrame({"g": [str(i // 9) for i in range(90)], "level": rng.normal(size=90), "y": rng.normal(size=90)})
    data = data.with_columns(y=pl.col("y") + pl.col("level") * (pl.col("g").cast(pl.Int64) - 4.5))
    fit = mm.lmer("y ~ level + (0 + level | g)", data)
    assert fit.ranef()["g"].columns == ["level_", "level"]


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_are_of_the_kind_of_the_new_rows(kind: str, sleep: pd.DataFrame, fit: mm.MixedModel) -> None:
    table, vector = KINDS[kind]
    new = held(kind, sleep.iloc[5:9])
    assert isinstance(fit.predict(new), table if kind == "duckdb" else vector)
    assert isinstance(fit.predict(new, interval="confidence"), table)
    assert isinstance(fit.simulate(1, 1, newdata=new), table)
    np.testing.assert_allclose(as_pandas(fit.predict(new, se_fit=True))["fit"], fit.predict()[5:9], rtol=1e-10)


# -- DuckDB's connections ---------------------------------------------------------------------------------------------


def test_results_are_on_the_connection_of_the_relation(sleep: pd.DataFrame) -> None:
    connection = duckdb.connect()
    connection.from_df(held("pandas", sleep)).create("nights")
    connection.sql("create table names as select distinct Subject as level, 'patient ' || Subject as name from nights")
    fit = mm.lmer(FORMULA, connection.sql("select * from nights"))
    modes, tidied, tests = fit.ranef()["Subject"], fit.tidy("ran_vals"), fit.anova().to_frame()
    gc.collect()
    joined = connection.table("names").join(modes, "level")
    assert len(joined.fetchall()) == 18
    assert len(modes.join(tidied, "level").fetchall()) == 36
    assert len(tests.join(modes, "1 = 1").fetchall()) == 18
    predictions = fit.predict()
    assert predictions.columns == ["fit"]
    both = connection.sql("select Reaction, fit from (select * from nights) positional join predictions").df()
    np.testing.assert_allclose(both["fit"], fit.fitted(), rtol=1e-12)
    views = connection.sql("select view_name from duckdb_views() where not internal").fetchall()
    assert views == []


def test_new_rows_bring_their_connection(sleep: pd.DataFrame, fit: mm.MixedModel) -> None:
    connection = duckdb.connect()
    new = connection.from_df(held("pandas", sleep.iloc[:3]))
    predicted = fit.predict(new, se_fit=True)
    assert len(new.join(predicted, "1 = 1").fetchall()) == 9
    assert fit.predict(new).columns == ["fit"]


def test_results_outlive_the_table_and_the_connection(sleep: pd.DataFrame) -> None:
    connection = duckdb.connect()
    connection.from_df(held("pandas", sleep)).create("nights")
    fit = mm.lmer(FORMULA, connection.sql("select * from nights"))
    before = fit.augment().df()
    connection.sql("drop table nights")
    pd.testing.assert_frame_equal(fit.augment().df(), before)
    connection.close()
    pd.testing.assert_frame_equal(fit.augment().df(), before)  # on the default connection
    assert fit.update(". ~ . + I(Days^2)").nobs == 180


def test_a_connection_that_cannot_see_memory_leaves_results_to_the_default_one(sleep: pd.DataFrame) -> None:
    connection = duckdb.connect(config={"python_enable_replacements": "false"})
    fit = mm.lmer(FORMULA, connection.from_df(held("pandas", sleep)))
    assert len(duckdb.sql("select 1 as one").join(fit.glance(), "1 = 1").fetchall()) == 1


def test_a_model_of_a_relation_pickles_with_its_rows(sleep: pd.DataFrame) -> None:
    connection = duckdb.connect()
    fit = mm.lmer(FORMULA, connection.from_df(held("pandas", sleep)))
    again = pickle.loads(pickle.dumps(fit))
    assert isinstance(again.tidy(), duckdb.DuckDBPyRelation)
    pd.testing.assert_frame_equal(again.augment().df(), fit.augment().df())
    assert str(again.update(REML=False).summary()) == str(fit.update(REML=False).summary())


def test_lazy_rows_are_fetched_once(sleep: pd.DataFrame) -> None:
    """Run again, a lazy table may have its rows in another order; the model keeps those that it was fitted to."""
    runs = []

    def note(table: pl.DataFrame) -> pl.DataFrame:
        runs.append(len(table))
        return table.reverse() if len(runs) % 2 else table

    lazy = held("polars", sleep).lazy().map_batches(note)
    fit = mm.lmer(FORMULA, lazy)
    augmented = fit.augment()
    np.testing.assert_allclose(augmented["Reaction"] - augmented["fitted"], augmented["resid"], atol=1e-9)
    assert len(runs) == 1


def test_models_of_one_relation_are_of_one_table(sleep: pd.DataFrame) -> None:
    relation = held("duckdb", sleep)
    larger, smaller = (mm.lmer(f, relation, subset=s) for f, s in ((FORMULA, "Days > 0"), (FORMULA, "Days < 9")))
    with pytest.raises(mm.DataError, match="different rows of the table"):
        larger.anova(smaller)
