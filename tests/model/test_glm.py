"""What a generalised linear model answers; its numbers beside R's are in tests/fit/test_glm_against_r.py."""

from __future__ import annotations

import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.support.glm_reference import fitted, models, tables

import mixedmodels as mm
from mixedmodels import DataError, r
from mixedmodels.cli import main
from mixedmodels.families import Binomial, Gamma


def test_tables() -> None:
    fit = fitted("gamma_missing")
    tidy = fit.tidy(conf_int=True)
    assert list(tidy) == ["term", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"]
    np.testing.assert_allclose(tidy["p_value"], fit.pvalues)
    glance = fit.glance()
    assert list(glance) == [
        "null_deviance", "df_null", "dispersion", "loglik", "aic", "bic", "deviance", "df_resid", "nobs",
    ]  # fmt: skip
    assert glance["df_null"][0] - glance["df_resid"][0] == 3
    augmented = fit.augment()
    assert list(augmented) == ["Ozone", "Temp", "Month", "fitted", "resid"]
    assert len(augmented) == fit.nobs == 59
    assert fit.n_dropped == 31
    assert "(31 observations deleted due to missingness)" in str(fit.summary())
    html = fit.summary()._repr_html_()
    assert "Month7" in html
    assert "Residual deviance" in html


def test_aliased_coefficients() -> None:
    fit = fitted("aliased")
    assert math.isnan(fit.coef()["copy"])
    assert "copy" not in fit.fixef()
    assert "Coefficients: (1 not defined because of singularities)" in str(fit.summary())
    assert fit.tidy()["estimate"].isna().tolist() == [False, False, True, False, False]
    np.testing.assert_allclose(fit.predict(tables()["warp"]), fit.predict())


@pytest.mark.parametrize("name", models())
def test_new_rows_and_old_rows_are_predicted_alike(name: str) -> None:
    fit = fitted(name)
    if "subset" in models()[name]["call"]:
        return
    table = tables()[models()[name]["call"].split("data = ")[1].split(",")[0].rstrip(")")]
    whole = fit.predict(table, type="response", se_fit=True)
    rows = whole if fit.n_dropped == 0 else whole[table["Ozone"].notna()]
    old = fit.predict(type="response", se_fit=True)
    np.testing.assert_allclose(rows["fit"], old["fit"], rtol=1e-10)
    np.testing.assert_allclose(rows["se_fit"], old["se_fit"], rtol=1e-8)


def test_predictions_keep_labels_and_gaps() -> None:
    new = pd.DataFrame({"wt": [2.0, np.nan, 4.0]}, index=["a", "b", "c"])
    fit = fitted("zero_one")
    link, mean = fit.predict(new), fit.predict(new, type="response")
    assert list(link.index) == ["a", "b", "c"]
    np.testing.assert_allclose(mean, 1 / (1 + np.exp(-link)))
    assert link.isna().tolist() == [False, True, False]
    errors = fit.predict(new, se_fit=True)["se_fit"]
    x = np.array([1.0, 2.0])
    assert errors["a"] == pytest.approx(math.sqrt(x @ np.asarray(fit.vcov()) @ x))
    assert isinstance(fit.predict(pl.DataFrame({"wt": [2.0]})), pl.Series)
    with pytest.raises(DataError, match="'link' or 'response'"):
        fit.predict(type="terms")


def test_residuals() -> None:
    fit = fitted("gamma_weights")
    np.testing.assert_allclose((fit.residuals() ** 2).sum(), fit.deviance)
    scaled = fit.residuals("pearson", scaled=True)
    assert (scaled**2).sum() == pytest.approx(fit.df_resid)
    with pytest.raises(DataError, match="residual type 'student'"):
        fit.residuals("student")
    padded = mm.glm("Ozone ~ Temp", tables()["air"], "Gamma(log)", na_action="exclude")
    assert padded.residuals().isna().sum() == padded.n_dropped == 31


def test_simulate_and_refit() -> None:
    fit = fitted("cbind")
    sims = fit.simulate(200, seed=3)
    assert sims.shape == (56, 200)
    pd.testing.assert_frame_equal(sims, fit.simulate(200, seed=3))
    np.testing.assert_allclose(sims.to_numpy().mean(axis=1).mean(), fit.fitted().mean(), rtol=0.05)
    again = fit.refit(sims["sim_1"])
    assert again.formula == fit.formula
    assert again.deviance != fit.deviance
    trials = tables()["cbpp"]["size"]
    counts = np.column_stack([sims["sim_1"] * trials, trials - sims["sim_1"] * trials]).round()
    np.testing.assert_allclose(fit.refit(counts).params, again.params, rtol=1e-10)


@pytest.mark.parametrize("name", ["gamma", "inverse_gaussian_log", "gaussian_log", "glm_nb", "poisson_weights"])
def test_simulated_responses_have_the_variance_of_the_model(name: str) -> None:
    fit = fitted(name)
    sims = fit.simulate(4000, seed=5).to_numpy()
    mu = np.asarray(fit.fitted())
    psi = (0.0,) * len(fit.family.shapes)
    weights = 1.0 if fit._fit.weights is None or name == "poisson_weights" else fit._fit.weights
    expected = fit.dispersion * fit.family.variance(mu, psi) / weights
    np.testing.assert_allclose(sims.mean(axis=1), mu, atol=5 * np.sqrt(expected.max() / 4000))
    assert np.mean(sims.var(axis=1) / expected) == pytest.approx(1, abs=0.08)


def test_update() -> None:
    fit = fitted("poisson")
    smaller = fit.update(". ~ . - wool:tension")
    assert smaller.fixef().names == ("(Intercept)", "woolB", "tensionM", "tensionH")
    assert smaller.deviance > fit.deviance
    other = fit.update(family="Gamma(log)")
    assert other.family == Gamma(link="log")
    assert 'family = Gamma(link = "log")' in str(other.summary())
    assert fit.update(penalty="jeffreys").penalty == "jeffreys"
    assert fitted("glm_nb").update(". ~ Sex").theta < fitted("glm_nb").theta


@pytest.mark.parametrize("name", ["probit", "gamma_missing", "glm_nb", "few_rows", "negative_binomial", "aliased"])
def test_a_saved_model_comes_back(name: str, tmp_path: Path) -> None:
    fit = fitted(name)
    fit.save(tmp_path / "fit.json")
    back: Any = mm.load(tmp_path / "fit.json")
    assert type(back) is mm.GeneralizedLinearModel
    assert back.summary().text(show_residuals=True) == fit.summary().text(show_residuals=True)
    assert repr(back) == repr(fit)
    assert (back.family, back.aic, back.npar, back.theta_se) == (fit.family, fit.aic, fit.npar, fit.theta_se)
    new = tables()[models()[name]["call"].split("data = ")[1].split(",")[0].rstrip(")")][:4]
    pd.testing.assert_frame_equal(back.predict(new, se_fit=True), fit.predict(new, se_fit=True))
    with pytest.raises(DataError, match="needs the rows"):
        back.residuals()
    with pytest.raises(DataError, match="needs the rows"):
        back.predict()
    copy = pickle.loads(pickle.dumps(fit))
    assert repr(copy) == repr(fit)


def test_statsmodels_spellings() -> None:
    fit = fitted("zero_one")
    assert fit.llf == fit.loglik
    assert fit.scale == 1
    np.testing.assert_allclose(fit.tvalues, fit.params / fit.bse)
    test = fit.t_test([[0, 1]])
    assert test.pvalue[0] == pytest.approx(fit.pvalues["wt"])
    gamma = fitted("gamma")
    assert gamma.scale == pytest.approx(gamma.dispersion)
    assert math.sqrt(gamma.scale) == pytest.approx(gamma.sigma)


def test_r_spellings() -> None:
    warp = tables()["warp"]
    fit = r.glm("breaks ~ tension", "poisson", warp)
    assert "data = warp" in str(r.summary(fit))
    assert r.deviance(fit) == fit.deviance
    assert (r.AIC(fit), r.BIC(fit), r.nobs(fit)) == (fit.aic, fit.bic, 54)
    assert str(r.family(fit)) == "poisson (log)"
    np.testing.assert_allclose(r.residuals(fit), fit.residuals("deviance"))
    np.testing.assert_allclose(r.residuals(fit, "working"), fit.residuals("working"))
    np.testing.assert_allclose(r.predict(fit, type="response"), r.fitted(fit))
    assert r.glm_nb("breaks ~ tension", warp).theta == pytest.approx(mm.glm_nb("breaks ~ tension", warp).theta)
    with pytest.raises(DataError, match=r"glm\(\) needs a table"):
        r.glm("breaks ~ tension", "poisson")


def test_weights_that_are_no_trials() -> None:
    """Single trials may be weighted by any number: the likelihood is raised to that power."""
    cars = tables()["cars"].assign(ipw=1.5)
    plain, weighted = fitted("zero_one"), mm.glm("am ~ wt", cars, Binomial(), weights="ipw")
    np.testing.assert_allclose(weighted.params, plain.params, rtol=1e-10)
    np.testing.assert_allclose(weighted.bse, plain.bse / math.sqrt(1.5), rtol=1e-9)
    assert weighted.loglik == pytest.approx(1.5 * plain.loglik)


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "warp.csv"
    tables()["warp"].to_csv(path, index=False)
    assert main(["fit", "breaks ~ wool", str(path), "--family", "poisson"]) == 0
    assert "(Dispersion parameter for poisson family taken to be 1)" in capsys.readouterr().out
    assert main(["fit", "breaks ~ wool", str(path), "--family", "Gamma(log)", "--json"]) == 0
    assert '"null_deviance"' in capsys.readouterr().out
    assert main(["fit", "breaks ~ wool", str(path), "--family", "poison"]) == 2
    assert "poisson" in capsys.readouterr().err


@pytest.mark.parametrize(("value", "what"), [(0.5, "0.5, is not a whole number"), (-1.0, "-1, is negative")])
def test_what_is_no_count_is_refused_in_the_name_of_the_family(value: float, what: str) -> None:
    data = pd.DataFrame({"y": [1.0, 7.0, 0.0, value, 2.0, 9.0] * 4, "x": np.arange(24.0), "g": np.repeat(range(6), 4)})
    for fit in (
        lambda: mm.glm_nb("y ~ x", data),
        lambda: mm.glm("y ~ x", data, "negative_binomial"),
        lambda: mm.glm("y ~ x", data, mm.families.NegativeBinomial(theta=2)),
        lambda: mm.glmer_nb("y ~ x + (1 | g)", data),
        lambda: mm.glm_nb("y ~ x", data.assign(y=data["y"].clip(0).round())).refit(data["y"]),
    ):
        with pytest.raises(mm.DataError, match=f"{what}: the Negative Binomial family cannot have it"):
            fit()
    with pytest.raises(mm.DataError, match=f"{what}: the poisson family cannot have it"):
        mm.glm("y ~ x", data, "poisson")
