"""The data that marginaleffects is given: the same kinds of columns, whatever library the table is of."""

import decimal

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm

pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

RNG = np.random.default_rng(5)
DATA = pd.DataFrame({"x": RNG.normal(size=80).round(2), "f": RNG.choice(list("abc"), 80), "g": np.repeat(range(8), 10)})
DATA["b"] = RNG.random(80) < 0.5
DATA["y"] = DATA.x + (DATA.f == "b") + DATA.b + RNG.normal(size=8)[DATA.g] + 0.5 * RNG.normal(size=80)
FORMULA = "y ~ x + f + b + (1 | g)"
TABLES = {
    "pandas": lambda: DATA,
    "polars": lambda: pl.from_pandas(DATA),
    "lazy": lambda: pl.from_pandas(DATA).lazy(),
    "enum": lambda: pl.from_pandas(DATA).with_columns(pl.col("f").cast(pl.Enum(["a", "b", "c"]))),
    "arrow": lambda: pa.Table.from_pandas(DATA),
    "arrow decimals": lambda: pa.table(
        {**DATA.to_dict("list"), "x": pa.array([decimal.Decimal(str(v)) for v in DATA.x], pa.decimal128(6, 2))}
    ),
    "dict": lambda: {name: DATA[name].to_numpy() for name in DATA},
    "decimals": lambda: DATA.assign(x=[decimal.Decimal(str(v)) for v in DATA.x]),
    "nullable": lambda: DATA.convert_dtypes(),
    "category of numbers": lambda: DATA.assign(f=pd.Categorical(DATA.f.map({"a": 0.5, "b": 1.0, "c": 1e10}))),
    "category of truth values": lambda: DATA.assign(b=pd.Categorical(DATA.b)),
    "other order of bytes": lambda: DATA.assign(x=DATA.x.to_numpy().astype(">f8")),
}


@pytest.mark.parametrize("name", TABLES)
def test_data_of_each_library(name: str) -> None:
    fit = mm.lmer(FORMULA, TABLES[name]())
    data = fit.get_modeldata()
    assert set(data.columns) == set(DATA.columns)
    assert sum(data.null_count().row(0)) == 0
    assert data["x"].dtype == pl.Float64
    assert data["f"].dtype.categories.to_list() == list(fit.design.spec.kinds["f"].levels.labels)
    assert fit.get_variable_type("x") == "numeric"
    assert fit.get_variable_type("b") == ("character" if name == "category of truth values" else "boolean")
    reference = mm.lmer(FORMULA, DATA)
    estimate = fit.get_predict(fit.get_coef(), fit.get_exog(data))["estimate"]
    np.testing.assert_allclose(estimate, reference.predict(re_form="~0"), rtol=1e-9)


def test_dates_are_the_days_that_they_count() -> None:
    days = pd.date_range("2024-01-01", periods=80).date
    fit = mm.lm("y ~ day + x", DATA.assign(day=days))
    data = fit.get_modeldata()
    assert data["day"].to_list()[:2] == [19723.0, 19724.0]
    assert fit.get_variable_type("day") == "numeric"
    moved = data.with_columns(pl.col("day") + 1)
    change = fit.get_predict(fit.get_coef(), moved)["estimate"] - fit.get_predict(fit.get_coef(), data)["estimate"]
    np.testing.assert_allclose(change, fit.params["day"], rtol=1e-6)


def test_rows_that_the_model_used() -> None:
    gaps = DATA.assign(b=pd.array([None, *DATA.b[1:]], dtype="boolean"))
    fit = mm.lmer(FORMULA, gaps, subset="x > -1")
    assert fit.get_modeldata().height == fit.nobs == int((DATA.x[1:] > -1).sum())
