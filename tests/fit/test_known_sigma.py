"""Models whose residual standard deviation is known: the numbers of likelihoods written out, and no parameter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2, norm
from tests.support.dense_kenward_roger import DenseKenwardRoger
from tests.support.places import REFERENCE

import mixedmodels as mm
from mixedmodels.errors import DataError, FitError
from mixedmodels.estimates.satterthwaite import joint_df
from mixedmodels.r import anova, exactRLRT

FOLDER = REFERENCE / "known_sigma"
VALUES = json.loads((FOLDER / "known_sigma.json").read_text())
SLOPES = "Reaction ~ Days + (Days | Subject)"
SIGMA = 30.0
# The references' optimiser has no derivatives: its deviance is right to 1e-8, its estimates to the root of that.
TIGHT, ESTIMATES = 1e-8, 2e-4


@pytest.fixture(scope="module")
def sleep() -> Any:
    return mm.datasets.load("sleepstudy")


@pytest.fixture(scope="module")
def model(sleep: Any) -> Any:
    return mm.lmer(SLOPES, sleep, sigma=SIGMA)


@pytest.fixture(scope="module")
def trials() -> Any:
    """The BCG trials: log risk ratios and their sampling variances."""
    data = pd.read_csv(FOLDER / "bcg.csv")
    treated, control = data["tpos"] + data["tneg"], data["cpos"] + data["cneg"]
    data["yi"] = np.log(data["tpos"] / treated) - np.log(data["cpos"] / control)
    data["vi"] = 1 / data["tpos"] - 1 / treated + 1 / data["cpos"] - 1 / control
    return data


def meta(formula: str, trials: Any, **how: Any) -> Any:
    return mm.lmer(f"{formula} + (1 | study)", trials, weights=1 / trials["vi"], sigma=1, **how)


@pytest.fixture(scope="module")
def effects(trials: Any) -> Any:
    return meta("yi ~ ablat", trials)


# -- the numbers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", VALUES["sleepstudy"], ids=lambda c: f"REML={c['REML']}, sigma={c['sigma']}")
def test_estimates_are_those_of_the_likelihood_written_out(case: dict[str, Any], sleep: Any) -> None:
    fit = mm.lmer(SLOPES, sleep, REML=case["REML"], sigma=case["sigma"])
    assert fit.converged
    assert -2 * fit.loglik == pytest.approx(case["deviance"], abs=1e-6)
    assert np.asarray(fit.fixef()) == pytest.approx(case["beta"], rel=TIGHT)
    assert np.asarray(fit.vcov()) == pytest.approx(np.array(case["vcov"]), rel=ESTIMATES)
    assert np.asarray(fit.VarCorr()["Subject"]) == pytest.approx(np.array(case["covariance"]), rel=ESTIMATES)


@pytest.mark.parametrize("case", VALUES["bcg"], ids=lambda c: f"{c['formula']}, REML={c['REML']}")
def test_weights_at_a_sigma_of_1_are_known_sampling_variances(case: dict[str, Any], trials: Any) -> None:
    """A level for each row: what random-effects meta-analysis fits."""
    fit = meta(case["formula"], trials, REML=case["REML"])
    assert float(np.asarray(fit.VarCorr()["study"])[0, 0]) == pytest.approx(
        case["tau2"], rel=1e-5
    )  # by golden sections
    assert -2 * fit.loglik == pytest.approx(case["deviance"], abs=TIGHT)
    assert np.asarray(fit.fixef()) == pytest.approx(case["beta"], rel=1e-5)
    assert np.asarray(fit.vcov()) == pytest.approx(np.array(case["vcov"]), rel=1e-5)


def test_the_published_analysis_of_the_trials(trials: Any) -> None:
    """Viechtbauer (2010), Journal of Statistical Software 36(3), section 3.1."""
    fit = meta("yi ~ 1", trials)
    assert fit.fixef()["(Intercept)"] == pytest.approx(-0.7145, abs=5e-5)
    assert fit.bse["(Intercept)"] == pytest.approx(0.1798, abs=5e-5)
    assert fit.VarCorr().stddevs[0][0] ** 2 == pytest.approx(0.3132, abs=5e-5)
    low, high = fit.confint("beta_", method="Wald", ddf="normal").row("(Intercept)").values()
    assert (low, high) == pytest.approx((-1.0669, -0.3622), abs=5e-5)


def test_at_the_estimate_of_sigma_nothing_changes(sleep: Any) -> None:
    free = mm.lmer(SLOPES, sleep)
    known = mm.lmer(SLOPES, sleep, sigma=free.sigma)
    assert known.loglik == pytest.approx(free.loglik, abs=1e-8)
    assert known.theta == pytest.approx(free.theta, abs=1e-5)


def test_units_do_not_matter(sleep: Any, model: Any) -> None:
    for unit in (1e-9, 1e9):
        scaled = mm.lmer(SLOPES, sleep.assign(Reaction=unit * sleep["Reaction"]), sigma=unit * SIGMA)
        assert scaled.theta == pytest.approx(model.theta, abs=1e-6)


# -- no parameter -----------------------------------------------------------------------------------------------------


def test_sigma_is_not_counted(model: Any) -> None:
    assert (model.npar, model.df_resid, model.sigma) == (5, 175, SIGMA)
    assert model.aic == pytest.approx(-2 * model.loglik + 10)
    assert model.bic == pytest.approx(-2 * model.loglik + 5 * np.log(180))
    assert model.glance()["npar"].tolist() == [5]
    assert "The residual variance is known, not estimated." in str(model.summary())


def test_likelihoods_at_theta_hold_sigma(model: Any) -> None:
    assert model.reml_criterion == pytest.approx(-2 * model.loglik, abs=1e-9)
    ml = model.update(REML=False)
    assert ml.deviance == pytest.approx(-2 * ml.loglik, abs=1e-9)
    assert model.objective(model.theta) == pytest.approx(-2 * model.loglik, abs=1e-9)


def test_what_follows_keeps_sigma(sleep: Any, model: Any, tmp_path: Path) -> None:
    path = tmp_path / "fit.mm"
    model.save(path)
    loaded = mm.load(path)
    for other in (model.refit(2 * sleep["Reaction"]), model.update(". ~ . - Days"), model.update(REML=False), loaded):
        assert (other.sigma, other.npar - len(other.fixef())) == (SIGMA, 3)
    assert loaded.aic == model.aic
    assert str(loaded.summary("Satterthwaite")) == str(model.summary("Satterthwaite"))
    assert model.update(sigma=25).sigma == 25
    assert model.update(sigma=None).sigma == pytest.approx(25.59, abs=0.01)
    assert "sigma = 30" in model._fit.method.title(True)


def test_simulated_responses_have_it(sleep: Any) -> None:
    """The mean squared distance from the subjects' own lines."""
    wide = mm.lmer("Reaction ~ Days + (1 | Subject)", sleep, sigma=40)
    draws = np.asarray(wide.simulate(400, seed=1, re_form=None))
    assert (draws - np.asarray(wide.fitted())[:, None]).std() == pytest.approx(40, rel=0.02)


def test_plans_keep_it_known(model: Any) -> None:
    """At other parameters and other sizes; a new sigma is the one that is known then."""
    for plan, sigma in ((model.with_parameters(fixef={"Days": 5}), SIGMA), (model.with_parameters(sigma=35), 35.0)):
        assert plan._fit.method.sigma == sigma
        assert plan.power("Days", nsim=5, seed=1).seed == 1
        assert plan.extend(along="Subject", n=30)._fit.method.sigma == sigma


def test_bootstraps_have_no_sigma(model: Any) -> None:
    table = model.bootstrap(30, seed=1).confint()
    assert len(table.names) == 5
    assert "sigma" not in table.names


# -- tests ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ddf", ["Satterthwaite", "Kenward-Roger"])
def test_balanced_data_have_the_degrees_of_freedom_of_their_subjects(model: Any, ddf: str) -> None:
    """The variance of an estimate is that of 18 subjects' own: a chi-squared with 17, whatever is known within."""
    assert model.tidy("fixed", ddf=ddf)["df"].to_numpy() == pytest.approx([17, 17], rel=1e-6)


def test_satterthwaite_is_two_squares_over_the_variance(effects: Any, trials: Any) -> None:
    """With tau^2 alone: df = 2 f^2 / (f'^2 Var tau^2), the variance from the second difference of the deviance."""
    theta = effects.theta
    h = 1e-4
    curvature = (effects.objective.gradient(theta + h)[0] - effects.objective.gradient(theta - h)[0]) / (2 * h)
    x, v = np.asarray(effects.model_matrix("X")), trials["vi"].to_numpy()

    def covariance(t: float) -> Any:
        return np.linalg.inv(x.T @ (x / (v + t**2)[:, None]))

    f, slope = covariance(theta[0]), (covariance(theta[0] + h) - covariance(theta[0] - h)) / (2 * h)
    df = 2 * np.diag(f) ** 2 / (np.diag(slope) ** 2 * 2 / curvature)
    assert effects.tidy("fixed", ddf="Satterthwaite")["df"].to_numpy() == pytest.approx(df, rel=1e-4)


@pytest.mark.parametrize("name", ["model", "effects"])
def test_kenward_roger_is_the_dense_twin_without_the_residual(name: str, request: pytest.FixtureRequest) -> None:
    fit = request.getfixturevalue(name)
    twin = DenseKenwardRoger(fit)
    own = fit._coefficients("Kenward-Roger")
    assert own.vcov == pytest.approx(twin.vcov, rel=1e-6)
    for c in np.eye(2):
        assert own.f_test(c[None]).den_df == pytest.approx(twin.f_test(c[None])["den_df"], rel=1e-5)


def test_a_contrast_that_no_theta_moves_is_normal(sleep: Any) -> None:
    """Within subjects of a balanced design the variance of a slope is sigma^2 alone, which is known."""
    fit = mm.lmer("Reaction ~ Days + (1 | Subject)", sleep, sigma=SIGMA)
    df = fit.tidy("fixed", ddf="Satterthwaite")["df"].to_numpy()
    assert 10 < df[0] < 30
    assert df[1] > 1e9


@pytest.mark.parametrize("ddf", ["Satterthwaite", "Kenward-Roger"])
def test_several_contrasts_that_no_theta_moves_are_chi_squared(ddf: Any) -> None:
    """Recipe and temperature vary within replicates: degrees of freedom beyond all bounds, or 1e13 by rounding."""
    fit = mm.lmer("angle ~ recipe + temp + (1 | replicate)", mm.datasets.load("cake"), sigma=5.0)
    table = anova(fit, ddf=ddf)
    assert (np.asarray(table["den_df"]) > 1e9).all()
    chisq = np.asarray(table["f_value"]) * np.asarray(table["num_df"])
    assert np.asarray(table["p_value"]) == pytest.approx(chi2.sf(chisq, table["num_df"]), rel=1e-6)


def test_joint_degrees_of_freedom_with_infinite_ones() -> None:
    """The limit of those with ever larger ones."""
    assert joint_df(np.array([np.inf, np.inf])) == np.inf
    limit = joint_df(np.array([10.0, np.inf]))
    assert limit == pytest.approx(joint_df(np.array([10.0, 1e9])), rel=1e-6)
    assert joint_df(np.array([1.5, np.inf])) == 2.0


def test_profiles_are_of_the_constrained_likelihood(effects: Any, trials: Any) -> None:
    """Limits of tau, where the deviance written out has risen by the quantile."""
    table = effects.confint("sd_(Intercept)|study")
    x, y, v = np.asarray(effects.model_matrix("X")), trials["yi"].to_numpy(), trials["vi"].to_numpy()

    def deviance(tau: float) -> float:
        w = 1 / (v + tau**2)
        beta = np.linalg.solve(x.T @ (x * w[:, None]), x.T @ (w * y))
        return float(-np.log(w).sum() + np.sum(w * (y - x @ beta) ** 2))

    best = min(deviance(t) for t in np.linspace(0, 1, 4001))
    high = table["conf_high"][0]
    assert deviance(high) - best == pytest.approx(chi2.ppf(0.95, 1), abs=1e-3)
    assert table["conf_low"][0] == 0
    names = effects.confint().names
    assert names == ("sd_(Intercept)|study", "(Intercept)", "ablat")


def test_profiles_of_theta_and_of_derived_quantities(model: Any) -> None:
    sd = model.profile("sd_Days|Subject").confint()
    derived = model.profile([], derived={"share": "`sd_Days|Subject`^2 / sigma^2"}).confint()
    for side in ("conf_low", "conf_high"):
        assert derived[side][0] == pytest.approx((sd[side][0] / SIGMA) ** 2, rel=1e-4)
    one = mm.lmer("Reaction ~ Days + (1 | Subject)", model._request.data, sigma=SIGMA)
    by_sd, by_theta = (one.profile("theta_", scale=scale).confint() for scale in ("sdcor", "theta"))
    for side in ("conf_low", "conf_high"):
        assert by_theta[side][0] == pytest.approx(by_sd[side][0] / SIGMA, rel=1e-4)


# -- comparisons ------------------------------------------------------------------------------------------------------


def test_a_known_sigma_lies_within_an_estimated_one(model: Any) -> None:
    free = model.update(sigma=None)
    table = anova(free, model)
    ml = free.update(REML=False).loglik - model.update(REML=False).loglik
    assert table["df"].tolist()[1] == 1
    assert table["chisq"].tolist()[1] == pytest.approx(2 * ml, abs=1e-6)
    with pytest.raises(DataError, match="has the known sigma"):
        anova(model, model.update(". ~ . - Days", sigma=25))
    with pytest.raises(DataError, match="known sigma"):
        exactRLRT(mm.lmer("Reaction ~ Days + (1 | Subject)", model._request.data, sigma=SIGMA))


def test_a_mixture_has_no_direction_of_the_residual(model: Any) -> None:
    small = model.update("Reaction ~ Days + (1 | Subject)")
    known = anova(small, model, test="mixture")
    gain = 2 * (model.update(REML=False).loglik - small.update(REML=False).loglik)
    assert known["chisq"].tolist()[1] == pytest.approx(gain, abs=1e-6)
    assert known["p_value"].tolist()[1] < 1e-6


def test_the_conditional_aic_counts_no_sigma(model: Any) -> None:
    """The sum of d yhat / d y, by differences of refits."""
    table = model.caic()
    assert "sigma" not in str(table)
    y = np.asarray(model.fitted()) + np.asarray(model.residuals())
    total, h = 0.0, 0.5
    for i in range(180):
        up, down = (np.asarray(model.refit(y + h * sign * (np.arange(180) == i)).fitted())[i] for sign in (1, -1))
        total += (up - down) / (2 * h)
    assert table.df == pytest.approx(total, rel=1e-4)


# -- influence, robust covariances -----------------------------------------------------------------------------------


def test_deletions_keep_sigma(model: Any, sleep: Any) -> None:
    without = mm.lmer(SLOPES, sleep[sleep["Subject"].astype(str) != "308"], sigma=SIGMA)
    refit = model.influence("Subject", theta="refit").fixed_effects()
    assert refit.iloc[0, 1:].to_numpy(float) == pytest.approx(np.asarray(without.fixef()), rel=1e-5)
    step = model.influence("Subject", theta="one_step").fixed_effects()
    assert step.iloc[0, 1:].to_numpy(float) == pytest.approx(np.asarray(without.fixef()), rel=1e-3)


@pytest.mark.parametrize("scale", ["theta", "variance"])
def test_full_covariances_are_of_what_is_estimated(model: Any, scale: Any) -> None:
    table = model.vcov_full("model", scale=scale)
    assert table.shape == (5, 5)
    assert not any("sigma" in name or "residual" in name for name in table.columns)
    if scale == "theta":
        expected = 2 * np.linalg.inv(model.objective.hessian(model.theta))
        assert np.asarray(table)[2:, 2:] == pytest.approx(expected, rel=0.2)  # the information about beta apart


# -- linear models ----------------------------------------------------------------------------------------------------


def test_linear_models_are_those_of_rs_scale() -> None:
    case = VALUES["lm"]
    data = pd.DataFrame(case["data"])
    fit = mm.lm("mpg ~ wt + hp", data, sigma=2.5)
    assert np.asarray(fit.bse) == pytest.approx(case["se"], rel=TIGHT)
    assert fit.tidy()["p_value"].to_numpy() == pytest.approx(case["p"], rel=1e-6)
    assert fit.loglik == pytest.approx(case["loglik"], rel=TIGHT)
    assert (fit.npar, fit.df_resid) == (3, 29)
    dropped = fit.drop1(test="Chisq")
    assert dropped["aic"] == pytest.approx(case["drop1_cp"], rel=TIGHT)
    assert dropped["p_value"][1:] == pytest.approx(case["drop1_p"][1:], rel=1e-6)
    small = fit.update(". ~ . - hp")
    assert small.sigma == 2.5
    assert anova(small, fit)["p_value"][1] == pytest.approx(case["anova_p"][1], rel=1e-6)
    text = str(fit.summary())
    assert "z value" in text
    assert "Residual standard error: 2.5, known" in text


def test_tests_of_a_linear_model_rest_on_no_residuals() -> None:
    data = pd.DataFrame(VALUES["lm"]["data"])
    fit = mm.lm("mpg ~ wt + hp", data, sigma=2.5)
    z = fit.fixef()["hp"] / fit.bse["hp"]
    p = 2 * norm.sf(abs(z))
    assert anova(fit)["p_value"][1] == pytest.approx(p, rel=1e-6)
    assert fit.drop1(test="F")["p_value"][2] == pytest.approx(p, rel=1e-6)
    assert fit.joint_tests()["p_value"][1] == pytest.approx(p, rel=1e-6)
    assert fit.linear_hypothesis("hp = 0")["p_value"][0] == pytest.approx(p, rel=1e-6)
    many = fit.bootstrap(20, seed=1).confint()
    assert many.names == ("(Intercept)", "wt", "hp")
    rows = np.asarray(fit.influence().fixed_effects())
    assert rows[0] == pytest.approx(np.asarray(mm.lm("mpg ~ wt + hp", data.iloc[1:]).fixef()), rel=1e-8)


def test_a_linear_model_without_degrees_of_freedom_has_errors() -> None:
    """Three rows, three coefficients: R's t tests are missing, and at a known sigma there are normal ones."""
    data = pd.DataFrame({"y": [1.0, 3.0, 2.0], "x": [0.0, 1.0, 2.0], "z": [1.0, 0.0, 0.0]})
    fit = mm.lm("y ~ x + z", data, sigma=0.5)
    assert np.isfinite(fit.tidy()["p_value"]).all()
    assert np.isfinite(fit.loglik)


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [0, -1.0, float("nan"), float("inf"), "1", True, [1.0], 1e-200, 1e200])
def test_a_sigma_that_is_none_is_refused(wrong: Any, sleep: Any, model: Any) -> None:
    for call in (
        lambda: mm.lmer(SLOPES, sleep, sigma=wrong),
        lambda: mm.lm("Reaction ~ Days", sleep, sigma=wrong),
        lambda: model.update(sigma=wrong),
    ):
        with pytest.raises(FitError, match="sigma"):
            call()


def test_a_level_for_each_row_needs_a_known_sigma(trials: Any) -> None:
    with pytest.raises(mm.errors.DesignError, match="cannot be distinguished from the residual"):
        mm.lmer("yi ~ 1 + (1 | study)", trials, weights=1 / trials["vi"])
