"""Checks of assumptions against R's performance and car (tests/reference/checks)."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.influence_reference import array, check_model, check_values

import mixedmodels as mm
from mixedmodels import r

NAMES = [name for name in check_values() if name != "versions"]
GAUSSIAN = [name for name in NAMES if check_values()[name]["breusch_pagan"] is not None]
# Estimates of mixed models differ by the tolerance of lme4's optimiser, standard errors of a glmer by its finite
# differences, a glm by where its iterations end in R.
CLOSE = {name: 2e-3 if name.startswith("glmer") else 1e-9 if name in ("lm", "lm_slopes") else 1e-5 for name in NAMES}


@pytest.mark.parametrize("name", [n for n in NAMES if check_values()[n]["vif"] is not None])
def test_variance_inflation_is_that_of_car(name):
    theirs, ours = check_values()[name]["vif"], check_model(name).vif()
    np.testing.assert_allclose(ours["vif"], array(theirs["gvif"]), rtol=CLOSE[name])
    if "df" in theirs:
        np.testing.assert_allclose(ours["df"], array(theirs["df"]))
        np.testing.assert_allclose(ours["vif_scaled"], array(theirs["scaled"]), rtol=CLOSE[name])
    assert [t.replace("as.", "") for t in theirs["terms"]] == [
        {"number": "numeric(replicate)"}.get(t, t) for t in ours.names
    ]


@pytest.mark.parametrize("name", [n for n in NAMES if check_values()[n]["collinearity"] is not None])
def test_limits_of_inflation_are_those_of_performance(name):
    theirs, ours = check_values()[name]["collinearity"], r.check_collinearity(check_model(name))
    for column, what in [
        ("vif", "VIF"), ("conf_low", "VIF_CI_low"), ("conf_high", "VIF_CI_high"), ("se_factor", "SE_factor"),
        ("tolerance", "Tolerance"), ("tolerance_low", "Tolerance_CI_low"), ("tolerance_high", "Tolerance_CI_high"),
    ]:  # fmt: skip
        values, wanted = np.asarray(ours[column]), array(theirs[what])
        known = np.isfinite(wanted) & (array(theirs["VIF"]) > 1 + 1e-9)  # a factor of 1 has no limits
        rtol = 0.02 if name.startswith("glmer") and "CI" in what else CLOSE[name]
        np.testing.assert_allclose(values[known], wanted[known], rtol=rtol, err_msg=column)


@pytest.mark.parametrize("name", GAUSSIAN)
def test_variance_and_normality(name):
    theirs, model = check_values()[name], check_model(name)
    np.testing.assert_allclose(r.check_heteroscedasticity(model)["p_value"], theirs["breusch_pagan"], rtol=1e-4)
    if name.startswith("lm_") or name == "lm":
        np.testing.assert_allclose(theirs["breusch_pagan"], theirs["heteroscedasticity"], rtol=1e-6)
    np.testing.assert_allclose(r.check_normality(model)["p_value"], theirs["normality"], rtol=1e-4)


@pytest.mark.parametrize("name", [n for n in NAMES if "lmer" in n or "glmer" in n])
def test_normality_of_random_effects(name):
    theirs, ours = (
        np.atleast_1d(array(check_values()[name]["normality_random"])),
        r.check_normality(check_model(name), "random"),
    )
    np.testing.assert_allclose([c["p_value"] for c in ours], theirs, rtol=5e-3)


@pytest.mark.parametrize("name", [n for n in NAMES if check_values()[n]["overdispersion"] is not None])
def test_overdispersion(name):
    theirs, ours = check_values()[name]["overdispersion"], r.check_overdispersion(check_model(name))
    assert ours["df"] == theirs["residual_df"]
    np.testing.assert_allclose(ours["statistic"], theirs["chisq_statistic"], rtol=CLOSE[name])
    np.testing.assert_allclose(ours["ratio"], theirs["dispersion_ratio"], rtol=CLOSE[name])
    np.testing.assert_allclose(ours["p_value"], theirs["p_value"], rtol=0.01, atol=1e-15)


@pytest.mark.parametrize("name", [n for n in NAMES if check_values()[n]["zeroinflation"] is not None])
def test_zeros(name):
    theirs, ours = check_values()[name]["zeroinflation"], r.check_zeroinflation(check_model(name))
    assert ours["observed"] == theirs["observed.zeros"]
    assert round(ours["expected"]) == theirs["predicted.zeros"]  # performance rounds it
    assert ours.suspicious


@pytest.mark.parametrize("name", NAMES)
def test_durbin_and_watson(name):
    theirs, ours = check_values()[name], r.check_autocorrelation(check_model(name), nsim=2000)
    np.testing.assert_allclose(ours["statistic"], theirs["durbin_watson"], rtol=2e-4)
    if not name.startswith("lm") or name.startswith("lmer"):
        return  # performance adds fitted values to what it resamples, which X alone does not take out again
    # p-values of 2,000 and 20,000 resamples: twice a proportion, four standard errors
    p = theirs["autocorrelation"]
    assert abs(ours["p_value"] - p) < 4 * 2 * np.sqrt(max(p / 2, 1e-3) * (1 - p / 2) * (1 / 2000 + 1 / 20000))


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith("glmer")])
def test_influential_rows(name):
    theirs, ours = check_values()[name]["outliers"], r.check_outliers(check_model(name))
    np.testing.assert_allclose(ours["threshold"], theirs["threshold"], rtol=1e-9)
    assert (np.asarray(ours["rows"]) + 1).tolist() == theirs["which"]


def test_binned_residuals():
    theirs, ours = (
        check_values()["bernoulli"]["binned"],
        check_model("bernoulli").check_model().binned_residuals_table(),
    )
    for column, what in [("fitted", "xbar"), ("residual", "ybar"), ("rows", "n"), ("high", "se")]:
        np.testing.assert_allclose(ours[column], array(theirs[what]), rtol=1e-4, atol=1e-6)


def test_dispersion_of_a_negative_binomial_is_beside_its_own_variance():
    ticks = mm.datasets.load("grouseticks")
    model = mm.glm_nb("TICKS ~ YEAR + cHEIGHT", ticks)
    mu, y = np.asarray(model.fitted()), ticks["TICKS"].to_numpy()
    chisq = np.sum((y - mu) ** 2 / (mu + mu**2 / model.theta))
    np.testing.assert_allclose(model.check_overdispersion()["statistic"], chisq, rtol=1e-10)
