"""Truth values that miss some, in every form that libraries give them, at the fit and in new rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mixedmodels as mm

RNG = np.random.default_rng(8)
TRUTH = RNG.random(60) < 0.5
DATA = pd.DataFrame({"x": RNG.normal(size=60), "g": np.repeat(np.arange(6), 10)})
DATA["y"] = DATA["x"] + TRUTH + RNG.normal(size=6)[DATA["g"]] + RNG.normal(size=60)
CELLS = [None if i in (3, 50) else bool(v) for i, v in enumerate(TRUTH)]
KEPT = np.array([cell is not None for cell in CELLS])
COLUMNS = {name: DATA[name].tolist() for name in DATA}
TABLES: dict[str, Any] = {
    "numbers": DATA.assign(b=[np.nan if cell is None else float(cell) for cell in CELLS]),
    "nullable": DATA.assign(b=pd.array(CELLS, dtype="boolean")),
    "objects": DATA.assign(b=pd.Series(CELLS, dtype=object)),
    "objects with NaN": DATA.assign(b=pd.Series([np.nan if c is None else c for c in CELLS], dtype=object)),
    "objects with NA": DATA.assign(b=pd.Series([pd.NA if c is None else c for c in CELLS], dtype=object)),
    "pandas over arrow": DATA.assign(b=pd.array(CELLS, dtype="bool[pyarrow]")),
    "polars": pl.DataFrame({**COLUMNS, "b": CELLS}),
    "arrow": pa.table({**COLUMNS, "b": CELLS}),
    "dict": {**COLUMNS, "b": CELLS},
}


@pytest.mark.parametrize("name", TABLES)
def test_new_rows_that_miss_truth_values(name: str) -> None:
    fit = mm.lmer("y ~ x + b + (1 | g)", DATA.assign(b=TRUTH))
    expected = np.where(KEPT, fit.fitted(), np.nan)
    np.testing.assert_allclose(np.asarray(fit.predict(TABLES[name]), dtype=float), expected, rtol=1e-12)
    table = fit.predict(TABLES[name], interval="prediction")
    limits = np.asarray(table["conf_low"], dtype=float)
    np.testing.assert_array_equal(np.isnan(limits), ~KEPT)


def test_new_rows_without_any_truth_value() -> None:
    fit = mm.lm("y ~ x + b", DATA.assign(b=TRUTH))
    for nothing in ([None, None], [np.nan, np.nan], pd.array([None, None], dtype="boolean")):
        assert fit.predict(DATA[:2].assign(b=nothing)).isna().all()
    with pytest.raises(mm.DataError, match="was logical at the fit and is numbers"):
        fit.predict(DATA[:2].assign(b=[0.5, np.nan]))
    with pytest.raises(mm.DataError, match="has no level '<NA>'"):
        fit.predictions(newdata={"b": [True, pd.NA]})


@pytest.mark.parametrize("name", [name for name in TABLES if name != "numbers"])
def test_fits_that_miss_truth_values(name: str) -> None:
    data, complete = TABLES[name], DATA.assign(b=TRUTH)[KEPT]
    for formula in ("y ~ x * b + (1 | g)", "y ~ I(!b) + ifelse(b, x, 0) + (1 | g)", "y ~ x + (1 | g:b)"):
        got, expected = (mm.lmer(formula, table, REML=False) for table in (data, complete))
        assert got.nobs == 58
        assert got.loglik == pytest.approx(expected.loglik, rel=1e-9)
    assert mm.lm("y ~ x", data, subset="b").nobs == int(TRUTH[KEPT].sum())
    assert mm.lm("y ~ x", data, subset=data["b"]).nobs == int(TRUTH[KEPT].sum())
    chance, expected = (mm.glm("b ~ x", table, "binomial") for table in (data, complete))
    assert chance.loglik == pytest.approx(expected.loglik, rel=1e-9)
