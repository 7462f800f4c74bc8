"""Matrices as predictors: two-dimensional arrays in a mapping of columns, and ``cbind()``, named as R names them."""

from __future__ import annotations

import json
import pickle
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.support.places import REFERENCE

import mixedmodels as mm

FOLDER = REFERENCE / "design"
NEW = np.array([[1.0, 0.0], [0.0, 1.0], [np.nan, 1.0]])


@lru_cache
def reference() -> dict[str, Any]:
    return dict(json.loads((FOLDER / "matrices.json").read_text()))


def columns(named: bool = False) -> dict[str, Any]:
    table = pd.read_csv(FOLDER / "matrices.csv")
    out: dict[str, Any] = {name: table[name].to_numpy() for name in ("g", "f", "x", "y")}
    return {**out, "m": table[["a", "b"]] if named else table[["a", "b"]].to_numpy()}


@lru_cache
def model() -> mm.MixedModel:
    return mm.lmer("y ~ m + (1 | g)", columns())


def assert_coefficients(fit: Any, case: str) -> None:
    expected = reference()[case]
    assert list(fit.fixef()) == list(expected)
    np.testing.assert_allclose(list(fit.fixef().values()), list(expected.values()), rtol=1e-5)


def test_coefficients_have_rs_names_and_values() -> None:
    fit = mm.lm("y ~ m * f + x", columns())
    assert_coefficients(fit, "lm")
    assert fit.anova()["df"].tolist() == reference()["anova"]  # a matrix is one term
    assert_coefficients(mm.lm("y ~ m", columns(named=True)), "named")
    assert_coefficients(mm.lm("y ~ log(m + 5)", columns()), "log")
    assert_coefficients(model(), "lmer")
    table = pd.read_csv(FOLDER / "matrices.csv")
    assert_coefficients(mm.lm("y ~ cbind(a, b) + f", table), "cbind")
    assert_coefficients(mm.lm("y ~ cbind(first = a, x + 1)", table), "cbind_names")


def test_predictions_take_the_matrix_or_its_columns() -> None:
    beta = np.array(list(model().fixef().values()))
    expected = np.column_stack([np.ones(3), NEW]) @ beta
    whole = model().predict({"m": NEW}, kind="typical", interval="prediction")
    np.testing.assert_allclose(whole["fit"], expected, rtol=1e-12)
    parts = model().predict(pd.DataFrame({"m1": NEW[:, 0], "m2": NEW[:, 1]}), kind="typical")
    np.testing.assert_allclose(parts, expected, rtol=1e-12)
    table = pd.read_csv(FOLDER / "matrices.csv")
    bound = mm.lm("y ~ cbind(a, b)", table)
    again = bound.predict(pd.DataFrame({"a": [1.0], "b": [2.0]}))
    assert again[0] == pytest.approx(np.array([1, 1, 2]) @ list(bound.fixef().values()))
    simulated = model().simulate(2, seed=1, newdata={"m": NEW[:2], "g": ["a", "new"]})
    assert simulated.shape == (2, 2)
    with pytest.raises(mm.DataError, match="columns m1, m2, m3, and had m1, m2 at the fit"):
        model().predict({"m": np.ones((2, 3))}, kind="typical")


def test_updates_tests_means_and_effects_know_the_matrix() -> None:
    fit = model()
    assert fit.update(". ~ . - m").formula == "y ~ (1 | g)"
    assert list(fit.update(". ~ . + x").fixef()) == ["(Intercept)", "m1", "m2", "x"]
    assert fit.drop1("Chisq")["npar"].tolist()[1:] == [2]
    everything = mm.lm("y ~ .", {name: columns()[name] for name in ("y", "m", "x")})
    assert everything.formula == "y ~ m + x"
    grid = fit.ref_grid()
    assert grid.levels == {"m1": (np.mean(columns()["m"][:, 0]),), "m2": (np.mean(columns()["m"][:, 1]),)}
    slopes = fit.avg_slopes()
    np.testing.assert_allclose(slopes["estimate"], list(fit.fixef().values())[1:], rtol=1e-6)
    assert "m2 = " in repr(fit.ggpredict("m1"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.SingularFitWarning)  # the slopes do not vary in these data
        slope = mm.lmer("y ~ m + diag(0 + m | g)", columns())
    assert slope.ranef()["g"].shape == (6, 2)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("rows", [False, True])
def test_a_saved_model_has_the_matrix(tmp_path: Path, rows: bool, named: bool) -> None:
    data = columns(named)
    fit = mm.lmer("y ~ m + (1 | g)", data)
    fit.save(tmp_path / "fit.json", rows=rows)
    for again in (mm.load(tmp_path / "fit.json"), pickle.loads(pickle.dumps(fit))):
        new = data["m"][:2]
        np.testing.assert_array_equal(
            again.predict({"m": new}, kind="typical"), fit.predict({"m": new}, kind="typical")
        )
        assert again.formula == "y ~ m + (1 | g)"
    if rows:
        assert list(mm.load(tmp_path / "fit.json").update(". ~ . - 1").fixef()) == list(fit.fixef())[1:]


def test_rows_that_miss_a_part_are_left_out() -> None:
    data = columns()
    data["m"] = data["m"].copy()
    data["m"][3, 1] = np.nan
    fit = mm.lm("y ~ m", data)
    assert fit.nobs == 59
    data["m"][:] = 0  # the fit has its own
    assert np.isfinite(fit.update(". ~ . + x").fixef()["m1"])


def test_names_that_collide_are_refused() -> None:
    with pytest.raises(mm.DataError, match="both called 'm1'"):
        mm.lm("y ~ m", {**columns(), "m1": columns()["x"]})
    with pytest.raises(mm.DataError, match="name each"):
        mm.lm("y ~ m", {**columns(), "m": np.empty((60, 0))})
    with pytest.raises(mm.DataError, match="shape"):
        mm.lm("y ~ m", {**columns(), "m": np.ones((60, 2, 2))})
    with pytest.raises(mm.FormulaError, match="one value per row, and m is a matrix"):
        mm.lmer("y ~ x + (1 | m)", columns())
