"""A table without rows has an empty prediction, with all columns, whatever library it is of."""

from functools import lru_cache
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mixedmodels as mm
from mixedmodels.errors import DataError, UnknownColumnError

N = 120


def _data() -> pd.DataFrame:
    rng = np.random.default_rng(2026)
    data = pd.DataFrame(
        {
            "x": rng.normal(size=N),
            "p": rng.uniform(1, 3, N),
            "f": rng.choice(list("abc"), N),
            "o": pd.Categorical(rng.choice(list("lmh"), N), categories=list("lmh"), ordered=True),
            "b": rng.random(N) < 0.5,
            "day": pd.date_range("2024-01-01", periods=N).astype("M8[us]"),
            "g": np.repeat(np.arange(12), 10),
        }
    )
    data["y"] = data.x + rng.normal(size=12)[data.g] + rng.normal(size=N)
    data["n"] = rng.poisson(np.exp(0.5 + 0.3 * data.x + 0.4 * rng.normal(size=12)[data.g]))
    return data


DATA = _data()
EMPTY = {
    "pandas": lambda: DATA[:0],
    "untyped pandas": lambda: pd.DataFrame(columns=list(DATA.columns)),
    "dict": lambda: {name: [] for name in DATA},
    "polars": lambda: pl.from_pandas(DATA).clear(),
    "polars nulls": lambda: pl.DataFrame({name: [] for name in DATA}),
    "lazy polars": lambda: pl.from_pandas(DATA).clear().lazy(),
    "arrow": lambda: pa.Table.from_pandas(DATA[:0], preserve_index=False),
    "duckdb": lambda: duckdb.from_arrow(pa.Table.from_pandas(DATA.drop(columns="o"), preserve_index=False)).filter(
        "x > 1e9"
    ),
}
# Everything whose value depends on a column's kind: bases, codings, comparisons, conversions, a caller's function.
RIGHTS = (
    "poly(x, 2) + ns(p, 2) * f + b",
    "bs(x, df = 4) + log(p) + relevel(factor(f), ref = 'b') + as.numeric(day)",
    "scale(x) + cut(p, c(0, 2, 10)) + I(f == 'b') + cube(x) + offset(p)",
    "poly(p, 2, raw = TRUE) + ifelse(x > 0, x, 0) + factor(b) + I(x > 0)",
)
ENV = {"cube": lambda v: v**3}
WITH_LIMITS = ["fit", "conf_low", "conf_high"]


@lru_cache
def _models(right: str) -> list[Any]:
    return [
        mm.lm(f"y ~ {right}", DATA, env=ENV),
        mm.lmer(f"y ~ {right} + (1 | g) + (1 | g:f)", DATA, env=ENV),
        mm.glm(f"n ~ {right}", DATA, "poisson", env=ENV),
        mm.glmer(f"n ~ {right} + (1 | g)", DATA, "poisson", env=ENV),
    ]


def _shape(result: Any) -> tuple[int, list[str]]:
    if isinstance(result, pa.Table):
        return result.num_rows, result.column_names
    if isinstance(result, duckdb.DuckDBPyRelation):
        return result.shape[0], list(result.columns)
    return len(result), list(getattr(result, "columns", []))


@pytest.mark.filterwarnings("ignore:boundary")
@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize("library", EMPTY)
def test_predictions_of_no_rows_are_empty(library: str, right: str) -> None:
    rows = EMPTY[library]()
    for model in _models(right):
        assert _shape(model.predict(rows))[0] == 0
        assert _shape(model.predict(rows, interval="confidence")) == (0, WITH_LIMITS)
        assert _shape(model.predict(rows, interval="prediction", type="response", seed=1)) == (0, WITH_LIMITS)
        drawn = model.predict(rows, interval="confidence", method="simulation", nsim=5, seed=1)
        assert _shape(drawn) == (0, WITH_LIMITS)
        assert _shape(model.simulate(2, 1, newdata=rows)) == (0, ["sim_1", "sim_2"])
        if model._fit.mixed:
            assert _shape(model.predict(rows, kind="marginal", se_fit=True)) == (0, ["fit", "se_fit"])
            assert _shape(model.simulate(2, 1, newdata=rows, re_form=None))[0] == 0


def test_effects_of_no_rows_are_empty() -> None:
    model = _models(RIGHTS[0])[0]
    for by in (None, "f"):
        for table in (
            model.predictions(newdata=DATA[:0], by=by),
            model.comparisons(newdata=DATA[:0], variables="x", by=by),
            model.slopes(newdata=DATA[:0], variables="x", by=by),
        ):
            columns = table.to_frame()
            assert len(columns) == 0
            assert {"estimate", "conf_low", "conf_high"} <= set(columns)
    with pytest.raises(DataError, match="there are none: newdata has no rows"):
        model.predictions(newdata=DATA[:0], hypothesis="pairwise")


def test_trials_of_no_rows() -> None:
    herds = mm.datasets.load("cbpp")
    model = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", herds, "binomial")
    assert _shape(model.simulate(1, 1, newdata=herds[:0])) == (0, ["sim_1"])
    weighted = mm.glmer("incidence / size ~ period + (1 | herd)", herds, "binomial", weights="size")
    assert _shape(weighted.simulate(1, 1, newdata=herds[:0])) == (0, ["sim_1"])


def test_a_column_must_be_there_even_without_rows() -> None:
    with pytest.raises(UnknownColumnError, match="no column 'f'"):
        _models(RIGHTS[0])[0].predict(DATA[:0].drop(columns="f"))


def test_a_fit_needs_rows() -> None:
    with pytest.raises(DataError, match="the table has no rows"):
        mm.lm("y ~ x", DATA[:0])


@pytest.mark.parametrize("ordered", [["g"], ["k"], ["g", "k"]])
def test_responses_simulated_for_no_rows_of_crossed_levels(ordered: list[str]) -> None:
    rng = np.random.default_rng(8)
    data = pd.DataFrame({"g": list("abcdef") * 10, "k": np.repeat(list("uvwxyz"), 10), "y": rng.normal(size=60)})
    data = data.assign(**{c: pd.Categorical(data[c]) for c in ordered})
    fit = mm.lmer("y ~ 1 + (1 | g:k)", data)
    assert fit.simulate(2, seed=1, newdata=data.iloc[:0]).shape == (0, 2)
