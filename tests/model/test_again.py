"""New models from old ones, new responses, and models that come back from disk."""

from __future__ import annotations

import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.support.model_tables import tables

import mixedmodels as mm

FORMULA = "Reaction ~ Days + (Days | Subject)"


@pytest.fixture(scope="module")
def fit() -> mm.MixedModel:
    return mm.lmer(FORMULA, tables()["sleep"])


def test_update_of_formula_and_arguments(fit: mm.MixedModel) -> None:
    smaller = fit.update(". ~ . - (Days | Subject) + (1 | Subject)", REML=False)
    assert smaller.formula == "Reaction ~ Days + (1 | Subject)"
    assert not smaller.is_reml
    assert smaller.loglik == mm.lmer(smaller.formula, tables()["sleep"], REML=False).loglik
    weighted = fit.update(weights="w")
    assert "Weights: w" in str(weighted.summary())
    with pytest.raises(mm.DataError, match=r"update\(\) has no argument 'reml_'"):
        fit.update(reml_=True)


def test_refit_is_the_fit_to_the_other_response(fit: mm.MixedModel) -> None:
    y = np.asarray(tables()["sleep"]["Reaction"]) ** 2
    again = fit.refit(y)
    direct = mm.lmer(FORMULA, tables()["sleep"].assign(Reaction=y))
    assert again.reml_criterion == pytest.approx(direct.reml_criterion, abs=1e-6)
    np.testing.assert_allclose(np.asarray(again.fixef()), np.asarray(direct.fixef()), rtol=1e-6)
    assert fit.reml_criterion == pytest.approx(1743.628, abs=1e-3)


def test_refit_takes_one_value_per_row_of_the_table_too() -> None:
    gaps = tables()["gaps"]
    fit = mm.lmer("Reaction ~ Days + (1 | Subject)", gaps, subset="Days < 9")
    whole = np.asarray(tables()["sleep"]["Reaction"])
    used = fit.frame.index
    np.testing.assert_allclose(fit.refit(whole).theta, fit.refit(whole[used]).theta, rtol=1e-9)
    with pytest.raises(mm.DataError, match=r"has shape \(5,\), and the model uses"):
        fit.refit(whole[:5])
    with pytest.raises(mm.DataError, match="is inf in row"):
        fit.refit(np.full(len(used), np.inf))
    with pytest.raises(mm.DesignError, match="nothing to explain"):
        fit.refit(np.ones(len(used)))


def test_scaling_the_response_scales_the_estimates(fit: mm.MixedModel) -> None:
    again = fit.refit(10 * tables()["sleep"]["Reaction"])
    assert again.sigma == pytest.approx(10 * fit.sigma, rel=1e-6)
    np.testing.assert_allclose(again.theta, fit.theta, rtol=1e-5)


def test_scaling_the_weights_leaves_the_likelihood(fit: mm.MixedModel) -> None:
    sleep = tables()["sleep"]
    one, other = (mm.lmer(FORMULA, sleep, weights=c * sleep["w"], REML=False) for c in (1, 7))
    assert other.loglik == pytest.approx(one.loglik, abs=1e-7)
    assert other.sigma**2 == pytest.approx(7 * one.sigma**2, rel=1e-6)


def test_simulation_is_reproducible_and_has_the_moments_of_the_model(fit: mm.MixedModel) -> None:
    draws = fit.simulate(400, seed=1)
    assert draws.equals(fit.simulate(400, seed=1))
    assert not draws.equals(fit.simulate(400, seed=2))
    assert list(draws.columns[:2]) == ["sim_1", "sim_2"]
    y = draws.to_numpy()
    z, lam = fit.getME("Z").toarray(), fit.getME("Lambda").toarray()
    variance = fit.sigma**2 * np.diag(z @ lam @ lam.T @ z.T + np.eye(len(y)))
    # 400 draws: a mean is known to sd / 20, a variance to about 7%; 180 rows are compared, so four to five such errors.
    assert np.abs((y.mean(axis=1) - fit.predict(re_form="~0")) / np.sqrt(variance / 400)).max() < 4.5
    assert np.abs(y.var(axis=1) / variance - 1).max() < 0.4
    conditional = fit.simulate(400, seed=1, re_form=None).to_numpy()
    assert np.abs(conditional.mean(axis=1) - fit.fitted()).max() < 4.5 * fit.sigma / 20
    assert np.abs(conditional.var(axis=1) / fit.sigma**2 - 1).max() < 0.4


def test_simulation_given_some_random_effects_draws_the_others(fit: mm.MixedModel) -> None:
    y = fit.simulate(400, seed=3, re_form="~ (1 | Subject)").to_numpy()
    first_day = np.asarray(tables()["sleep"]["Days"]) == 0  # where the slopes have no part
    assert np.abs(y.var(axis=1)[first_day] / fit.sigma**2 - 1).max() < 0.35
    assert y.var(axis=1)[~first_day].mean() > 1.2 * fit.sigma**2


def test_refused_simulation(fit: mm.MixedModel) -> None:
    with pytest.raises(mm.DataError, match="nsim must be a positive whole number; got 0"):
        fit.simulate(0)
    with pytest.raises(mm.DataError, match="seed must be a whole number"):
        fit.simulate(1, seed="a")
    with pytest.raises(mm.DataError, match="must be numbers"):
        fit.refit("abc")


def test_pickle(fit: mm.MixedModel) -> None:
    again = pickle.loads(pickle.dumps(fit))
    assert str(again.summary()) == str(fit.summary())
    assert again.objective(fit.theta) == pytest.approx(fit.reml_criterion, abs=1e-9)
    np.testing.assert_allclose(
        again.ranef(cond_var=True).cond_var["Subject"], fit.ranef(cond_var=True).cond_var["Subject"]
    )
    assert again.update(REML=False).loglik == fit.update(REML=False).loglik


SAVED = {
    "slopes": ("lmer", FORMULA, {}),
    "ml": ("lmer", "Reaction ~ poly(Days, 2) * f + (1 | Subject)", {"REML": False}),
    "weighted": ("lmer", "log(Reaction) ~ factor(Days) + (1 | Subject) + (0 + Days | Subject)", {"weights": "w"}),
    "aliased": ("lm", "Reaction ~ Days + D2 + f", {}),
    "lm": ("lm", "Reaction ~ Days", {"weights": "w", "subset": "Days > 1"}),
}


@pytest.mark.parametrize("name", SAVED)
def test_saved_models_come_back(name: str, tmp_path: Path) -> None:
    function, formula, options = SAVED[name]
    sleep = tables()["sleep"]
    saved: Any = getattr(mm, function)(formula, sleep, **options)
    path = tmp_path / "fit.json"
    saved.save(path)
    assert path.stat().st_size < 8000
    loaded: Any = mm.load(path)
    assert type(loaded) is type(saved)
    assert str(loaded.summary()) == str(saved.summary())
    assert repr(loaded) == repr(saved)
    assert (loaded.loglik, loaded.aic, loaded.df_resid) == (saved.loglik, saved.aic, saved.df_resid)
    np.testing.assert_array_equal(np.asarray(loaded.vcov()), np.asarray(saved.vcov()))
    np.testing.assert_allclose(loaded.predict(sleep[:9]), saved.predict(sleep[:9]), rtol=1e-12)
    if function == "lmer":
        np.testing.assert_allclose(loaded.ranef()["Subject"], saved.ranef()["Subject"], rtol=1e-12)
        assert loaded.VarCorr().table().equals(saved.VarCorr().table())
        assert loaded.engine.describe() == json.loads(json.dumps(saved.engine.describe()))
        assert loaded.converged
    loaded.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == path.read_text()


def test_a_loaded_model_says_what_it_cannot_do(fit: mm.MixedModel, tmp_path: Path) -> None:
    fit.save(tmp_path / "fit.json")
    loaded: Any = mm.load(tmp_path / "fit.json")
    for ask in (
        loaded.fitted, loaded.residuals, loaded.augment, loaded.predict, loaded.simulate,
        lambda: loaded.objective, lambda: loaded.model_matrix("Z"), lambda: loaded.model_matrix("X"),
        lambda: loaded.frame,
        lambda: loaded.ranef(cond_var=True), lambda: loaded.refit([1.0]), lambda: loaded.getME("mu"),
    ):  # fmt: skip
        with pytest.raises(mm.DataError, match="loaded from a file"):
            ask()
    with pytest.raises(mm.DataError, match="no data to be fitted again"):
        loaded.update(REML=False)


def test_files_that_are_no_models(tmp_path: Path) -> None:
    path = tmp_path / "fit.json"
    for text, message in (
        ("no", "is no JSON"),
        ("[1]", "does not say format 'mixedmodels'"),
        ('{"format": "mixedmodels", "version": 99, "package": "7.1"}', "written by mixedmodels 7.1"),
        ('{"format": "mixedmodels", "version": 1, "kind": "lm"}', "is damaged"),
    ):
        path.write_text(text)
        with pytest.raises(mm.DataError, match=message):
            mm.load(path)


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
    expected = {"polars": pl.DataFrame, "pyarrow": type(pl.DataFrame().to_arrow())}.get(kind, pd.DataFrame)
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


def test_warnings_point_at_the_line_that_fitted() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = mm.lmer("Yield ~ 1 + (1 | Batch)", tables()["dye2"])
        fit.update(REML=False)
    assert [w.category for w in caught] == [mm.SingularFitWarning] * 2
    assert {Path(w.filename).name for w in caught} == {"test_again.py"}
