"""What a generalised mixed model answers: beside formulas written out here, and beside lme4 at its looser optimum."""

from __future__ import annotations

import json
import pickle
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import special, stats

import mixedmodels as mm
from mixedmodels import r

HERDS = "cbind(incidence, size - incidence) ~ period + (1 | herd)"


def herds() -> pd.DataFrame:
    return mm.datasets.load("cbpp")


def ticks() -> pd.DataFrame:
    return mm.datasets.load("grouseticks")


@cache
def binomial() -> Any:
    return mm.glmer(HERDS, herds(), "binomial")


@cache
def counts() -> Any:
    return mm.glmer("TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | LOCATION)", ticks(), "poisson")


@cache
def slopes() -> Any:
    return mm.glmer_nb("y2 ~ x + (x | site)", mm.datasets.load("sites"))


@cache
def positive() -> Any:
    return mm.glmer("Reaction ~ Days + (1 | Subject)", mm.datasets.load("sleepstudy"), "Gamma(log)")


MODELS = {"binomial": binomial, "counts": counts, "slopes": slopes, "positive": positive}
EACH = pytest.mark.parametrize("name", MODELS)


def numbers(values: Any) -> np.ndarray:
    return np.asarray(values, dtype=float)


# ---- the fit ---------------------------------------------------------------------------------------------------


def test_kind_of_model_and_what_it_was_asked_for() -> None:
    fit = binomial()
    assert isinstance(fit, mm.GeneralizedMixedModel)
    assert (fit.nAGQ, fit.laplace, fit.nobs, fit.ngroups) == (1, "observed", 56, {"herd": 15})
    assert (fit.family.name, fit.family.link) == ("binomial", "logit")
    assert fit.formula == HERDS
    assert fit.converged
    assert not fit.is_singular


def test_likelihood_has_all_constants_and_counts_every_parameter() -> None:
    fit = binomial()
    assert fit.loglik == pytest.approx(-92.02628, abs=2e-5)
    assert (fit.npar, fit.df_resid) == (5, 51)
    assert fit.aic == pytest.approx(-2 * fit.loglik + 10)
    assert fit.bic == pytest.approx(-2 * fit.loglik + 5 * np.log(56))
    assert fit.logLik().df == 5
    assert slopes().npar == 2 + 3 + 1


def test_likelihood_by_quadrature_is_comparable() -> None:
    """lme4 leaves the saturated likelihood out of what it reports with several points."""
    data = herds()
    fit = binomial().update(nAGQ=9)
    saturated = stats.binom.logpmf(data["incidence"], data["size"], data["incidence"] / data["size"]).sum()
    assert fit.loglik == pytest.approx(-50.00500 + saturated, abs=1e-4)
    assert fit.loglik == pytest.approx(-91.98, abs=5e-3)
    # lme4 stops a little before the optimum, which is why estimates are compared to three digits.
    np.testing.assert_allclose(numbers(fit.fixef()), [-1.3992, -0.9914, -1.1278, -1.5795], atol=1e-3)


def test_the_crude_estimator_is_worse_and_not_called_laplace() -> None:
    fit = binomial().update(nAGQ=0)
    assert fit.loglik < binomial().loglik - 0.01
    assert fit.loglik == pytest.approx(-92.0543, abs=1e-3)
    assert "nAGQ = 0" in str(fit.summary())
    assert "Laplace" not in str(fit.summary())


def test_the_mixed_count_model_of_the_text() -> None:
    fit = slopes()
    assert fit.loglik == pytest.approx(-307.8764, abs=1e-4)
    np.testing.assert_allclose(numbers(fit.fixef()), [0.3413, 0.1103], atol=6e-5)
    np.testing.assert_allclose(numbers(fit.bse), [0.3217, 0.0470], atol=6e-5)
    np.testing.assert_allclose(numbers(fit.VarCorr()["site"].stddev), [1.198, 0.170], atol=6e-4)
    assert fit.VarCorr()["site"].correlation.iloc[0, 1] == pytest.approx(0.92, abs=6e-3)
    assert fit.sigma == pytest.approx(5.12, abs=6e-3)
    assert fit.shapes == {"theta": pytest.approx(fit.sigma)}
    assert "Family: Negative Binomial(5.1" in str(fit.summary())


# ---- covariances -----------------------------------------------------------------------------------------------


@EACH
def test_covariance_is_the_block_of_the_joint_one(name: str) -> None:
    fit = MODELS[name]()
    full = fit.vcov(full=True)
    names = list(fit.fixef())
    np.testing.assert_array_equal(full.loc[names, names], fit.vcov())
    np.testing.assert_allclose(np.sqrt(np.diag(fit.vcov())), numbers(fit.bse))
    inverse = 2 * np.linalg.inv(fit.objective.hessian(fit.theta, fit.params, fit._fit.psi))
    np.testing.assert_allclose(np.asarray(full), inverse, rtol=2e-3, atol=2e-3 * np.abs(inverse).max() * 1e-2)
    root = fit.getME("RX")  # of X'WX - X'WZL (L'Z'WZL + I)^-1 L'Z'WX
    np.testing.assert_allclose(np.asarray(fit.vcov(conditional=True)), np.linalg.inv(root.T @ root), rtol=1e-5)


def test_names_of_the_joint_covariance() -> None:
    assert list(slopes().vcov(full=True).columns) == [
        "site.(Intercept)", "site.x.(Intercept)", "site.x", "(Intercept)", "x", "log(theta)",
    ]  # fmt: skip
    with pytest.raises(mm.DataError, match="choose one"):
        slopes().vcov(full=True, conditional=True)


def test_standard_errors_of_the_herds_are_those_of_the_exact_hessian() -> None:
    """lme4's, 0.2312, 0.3032, 0.3228, 0.4220, come from differences of a loosely converged deviance."""
    np.testing.assert_allclose(numbers(binomial().bse), [0.2325, 0.3066, 0.3266, 0.4274], atol=1e-4)


# ---- random effects --------------------------------------------------------------------------------------------


def test_conditional_modes_solve_their_equation() -> None:
    """At the mode the score of a herd's rows is b / Var(b); its conditional variance is the inverse curvature."""
    fit, data = binomial(), herds()
    b = fit.ranef(cond_var=True)
    variance = fit.theta[0] ** 2
    mu = numbers(fit.fitted())
    score = (data["incidence"] - data["size"] * mu).groupby(data["herd"], observed=True).sum()
    np.testing.assert_allclose(score, numbers(b["herd"])[:, 0] / variance, atol=1e-6)
    weight = (data["size"] * mu * (1 - mu)).groupby(data["herd"], observed=True).sum()
    np.testing.assert_allclose(numbers(b.cond_var["herd"]).ravel(), 1 / (weight + 1 / variance), rtol=1e-6)


def test_coefficients_by_level_and_statsmodels_spellings() -> None:
    fit = slopes()
    sums = numbers(fit.ranef()["site"]) + numbers(fit.fixef())
    np.testing.assert_allclose(numbers(fit.coef()["site"]), sums)
    np.testing.assert_allclose(numbers(fit.random_effects["b"]), numbers(fit.ranef()["site"])[1])
    np.testing.assert_allclose(numbers(fit.cov_re), numbers(fit.VarCorr()["site"]))
    lower = np.array([[fit.theta[0], 0], [fit.theta[1], fit.theta[2]]])
    np.testing.assert_allclose(numbers(fit.cov_re), lower @ lower.T)  # no residual scale multiplies it


def test_only_a_family_with_a_dispersion_has_a_residual() -> None:
    assert "Residual" not in repr(binomial().VarCorr())
    assert "sigma" not in set(binomial().tidy("ran_pars")["term"])
    fit = positive()
    assert "Residual" in repr(fit.VarCorr())
    assert fit.sigma == pytest.approx(fit.shapes["shape"] ** -0.5)
    assert fit.scale == pytest.approx(fit.sigma**2)
    assert "t value" in str(fit.summary())
    assert binomial().sigma == binomial().scale == slopes().scale == 1.0


# ---- rows ------------------------------------------------------------------------------------------------------


def test_predictions_on_both_scales_with_and_without_effects() -> None:
    fit, data = binomial(), herds()
    np.testing.assert_allclose(fit.predict(type="response"), fit.fitted())
    np.testing.assert_allclose(special.expit(fit.predict()), fit.fitted())
    fixed = fit.model_matrix("X") @ fit.params
    np.testing.assert_allclose(fit.predict(re_form="~0"), fixed)
    np.testing.assert_allclose(fit.predict(data.iloc[5:9]), fit.predict()[5:9])
    new = pd.DataFrame({"period": ["2", "2"], "herd": ["3", "new"], "incidence": 0, "size": 1})
    with pytest.raises(mm.DataError, match="allow_new_levels=True"):
        fit.predict(new)
    known, unknown = fit.predict(new, allow_new_levels=True, type="response")
    assert unknown == pytest.approx(special.expit(fit.params["(Intercept)"] + fit.params["period2"]))
    assert known > unknown
    with pytest.raises(mm.DataError, match="must be 'link' or 'response'"):
        fit.predict(type="mean")


def test_offset_goes_into_the_predictor() -> None:
    data = ticks().assign(o=0.5)
    plain = mm.glmer("TICKS ~ cHEIGHT + (1 | LOCATION)", data, "poisson")
    fit = mm.glmer("TICKS ~ cHEIGHT + (1 | LOCATION)", data, "poisson", offset="o")
    assert fit.loglik == pytest.approx(plain.loglik, abs=1e-6)
    assert fit.params["(Intercept)"] == pytest.approx(plain.params["(Intercept)"] - 0.5, abs=1e-5)
    np.testing.assert_allclose(fit.fitted(), plain.fitted(), rtol=1e-4)
    assert "Offset: o" in str(fit.summary())


@EACH
def test_residuals_and_deviance(name: str) -> None:
    fit = MODELS[name]()
    y, mu, w = (numbers(fit.getME(part)) for part in ("y", "mu", "weights"))
    np.testing.assert_allclose(fit.residuals("response"), y - mu)
    np.testing.assert_allclose(fit.residuals(), fit.residuals("deviance"))
    assert fit.deviance == pytest.approx(float((numbers(fit.residuals()) ** 2).sum()))
    variance = {
        "binomial": lambda: mu * (1 - mu),
        "counts": lambda: mu,
        "slopes": lambda: mu + mu**2 / fit.sigma,
        "positive": lambda: mu**2,
    }[name]()
    pearson = (y - mu) * np.sqrt(w / variance)
    np.testing.assert_allclose(fit.residuals("pearson"), pearson)
    np.testing.assert_allclose(fit.residuals("pearson", scaled=True), pearson / np.sqrt(fit.scale))
    slope = mu * (1 - mu) if name == "binomial" else mu
    np.testing.assert_allclose(fit.residuals("working"), (y - mu) / slope)


def test_tables_have_the_columns_of_every_model() -> None:
    fit = binomial()
    fixed = fit.tidy(conf_int=True)
    assert list(fixed.columns) == [
        "effect", "term", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high",
    ]  # fmt: skip
    np.testing.assert_allclose(fixed["p_value"], 2 * stats.norm.sf(np.abs(fixed["statistic"])))
    np.testing.assert_allclose(fixed["p_value"], fit.pvalues)
    assert set(fit.tidy(["fixed", "ran_pars", "ran_vals"])["effect"]) == {"fixed", "ran_pars", "ran_vals"}
    row = fit.glance().iloc[0]
    assert row["deviance"] == pytest.approx(fit.deviance)
    assert row["loglik"] == pytest.approx(fit.loglik)
    rows = fit.augment()
    np.testing.assert_allclose(rows["fitted"], fit.fitted())
    np.testing.assert_allclose(rows["resid"], fit.residuals())
    np.testing.assert_allclose(rows["fixed"], fit.predict(re_form="~0", type="response"))


def test_rows_come_back_in_the_kind_of_table_that_came_in() -> None:
    fit = mm.glmer(HERDS, pl.from_pandas(herds()), "binomial")
    assert isinstance(fit.fitted(), pl.Series)
    assert isinstance(fit.augment(), pl.DataFrame)
    assert isinstance(fit.simulate(1, seed=1), pl.DataFrame)
    np.testing.assert_allclose(fit.theta, binomial().theta, rtol=1e-6)


# ---- components ------------------------------------------------------------------------------------------------


@EACH
def test_components_by_lme4s_names(name: str) -> None:
    fit = MODELS[name]()
    parts = fit.getME("ALL")
    np.testing.assert_allclose(parts["Lambda"] @ parts["u"], parts["b"], atol=1e-10)
    eta = parts["X"] @ parts["beta"] + parts["Z"] @ parts["b"] + parts["offset"]
    np.testing.assert_allclose(eta, fit.predict(), atol=1e-8)
    cmp, dims = parts["devcomp"]["cmp"], parts["devcomp"]["dims"]
    assert dims["GLMM"] == 1
    assert dims["useSc"] == int(name == "positive")
    assert cmp["ldL2"] == pytest.approx(2 * np.log(np.diag(parts["L"])).sum(), rel=1e-6)
    assert cmp["pwrss"] == pytest.approx(fit.deviance + float(parts["u"] @ parts["u"]))
    assert not parts["is_REML"]


@EACH
def test_objective_is_the_criterion_and_flat_at_the_estimates(name: str) -> None:
    fit = MODELS[name]()
    at = (fit.theta, fit.params, fit._fit.psi)
    assert fit.objective(*at) == pytest.approx(-2 * fit.loglik, abs=1e-7)
    scaled = fit.objective.gradient(*at) * np.sqrt(np.diag(fit.vcov(full=True)))
    assert np.abs(scaled).max() < 1e-3
    away = fit.objective(fit.theta, fit.params + 0.3 * fit.bse, fit._fit.psi)
    assert away > -2 * fit.loglik
    with pytest.raises(mm.FitError, match="there are"):
        fit.objective(fit.theta, [1.0])


def test_the_engines_account() -> None:
    fit = binomial()
    assert fit.engine.certificate["holds"]
    assert fit.engine.inner >= fit.engine.evaluations > 0
    assert "because" in repr(fit.engine.describe())


# ---- again -----------------------------------------------------------------------------------------------------


def test_simulated_proportions_come_from_the_model_and_can_be_refitted() -> None:
    fit, data = binomial(), herds()
    drawn = fit.simulate(300, seed=1)
    assert drawn.equals(fit.simulate(300, seed=1))
    whole = numbers(drawn) * numbers(data["size"])[:, None]
    np.testing.assert_allclose(whole, np.round(whole), atol=1e-9)
    # Conditional on the modes the mean is what was fitted; without them it is spread by the herds.
    kept = numbers(fit.simulate(400, seed=2, re_form=None))
    mu, n = numbers(fit.fitted()), numbers(data["size"])
    z = (kept.mean(axis=1) - mu) / np.sqrt(mu * (1 - mu) / n / 400)
    assert np.abs(z).max() < 4.5
    assert numbers(drawn).var(axis=1).sum() > 1.3 * kept.var(axis=1).sum()
    again = fit.refit(drawn["sim_1"])
    successes = np.round(drawn["sim_1"] * data["size"])
    both = fit.refit(np.column_stack([successes, data["size"] - successes]))
    assert again.loglik == pytest.approx(both.loglik, abs=1e-9)
    assert again.loglik != pytest.approx(fit.loglik, abs=1e-3)


def test_refit_is_the_fit_to_the_other_response() -> None:
    y = ticks()["TICKS"] + 1
    again = counts().refit(y)
    direct = mm.glmer(counts().formula, ticks().assign(TICKS=y), "poisson")
    assert again.loglik == pytest.approx(direct.loglik, abs=1e-6)
    with pytest.raises(mm.DataError, match="negative"):
        counts().refit(-y)


def test_update_of_formula_family_and_points() -> None:
    smaller = binomial().update(". ~ . - period")
    assert smaller.formula == "cbind(incidence, size - incidence) ~ (1 | herd)"
    assert 2 * (binomial().loglik - smaller.loglik) > 20
    probit = binomial().update(family="binomial(probit)")
    assert probit.family.link == "probit"
    assert probit.loglik == pytest.approx(-92.5834, abs=1e-3)
    fisher = probit.update(laplace="fisher")
    assert fisher.laplace == "fisher"
    assert fisher.loglik != pytest.approx(probit.loglik, abs=1e-6)
    assert binomial().update(laplace="fisher").loglik == pytest.approx(binomial().loglik, abs=1e-8)  # canonical


def test_forms_of_a_start() -> None:
    fit = binomial()
    for start in ([0.3], {"theta": [0.3]}, {"fixef": [-1.0, -1.0, -1.0, -1.0]}, {"theta": [2.0], "beta": fit.params}):
        assert fit.update(start=start).loglik == pytest.approx(fit.loglik, abs=1e-6)
    for start, said in (
        ({"thta": [1.0]}, "no part 'thta'"),
        ({"beta": [1.0]}, "there are 4 fixed effects"),
        ({"psi": [1.0]}, "0 free shapes"),
        ({"beta": [1.0, 2.0, np.nan, 3.0]}, "nan at position 2"),
    ):
        with pytest.raises(mm.FitError, match=said):
            fit.update(start=start)
    with pytest.raises(mm.FitError, match="a mixed model takes penalty='soft'"):
        fit.update(penalty="jeffreys")


@EACH
def test_pickled_and_saved_models_answer_the_same(name: str, tmp_path: Path) -> None:
    fit = MODELS[name]()
    pickled = pickle.loads(pickle.dumps(fit))
    assert pickled.objective(fit.theta, fit.params, fit._fit.psi) == pytest.approx(-2 * fit.loglik, abs=1e-7)
    fit.save(tmp_path / "fit.json")
    loaded = mm.load(tmp_path / "fit.json")
    assert isinstance(loaded, mm.GeneralizedMixedModel)
    assert str(loaded.summary()) == str(fit.summary())
    assert (loaded.family, loaded.deviance, loaded.sigma) == (fit.family, fit.deviance, fit.sigma)
    assert loaded.vcov(full=True).equals(fit.vcov(full=True))
    np.testing.assert_allclose(numbers(loaded.ranef().modes[0]), numbers(fit.ranef().modes[0]))
    some = fit.frame.iloc[:5]
    np.testing.assert_allclose(loaded.predict(some, type="response"), fit.predict(some, type="response"))
    with pytest.raises(mm.DataError, match="needs the rows"):
        loaded.residuals()
    assert "eta" not in json.loads((tmp_path / "fit.json").read_text())["fit"]


def test_rs_spellings() -> None:
    fit = r.glmer(HERDS, herds(), "binomial")
    assert r.logLik(fit) == pytest.approx(binomial().loglik)
    assert r.deviance(fit) == binomial().deviance
    np.testing.assert_array_equal(r.weights(fit), herds()["size"])
    np.testing.assert_allclose(r.residuals(fit), binomial().residuals())
    assert not r.isREML(fit)
    assert not r.isSingular(fit)
    assert "   Data: cbpp\n" in str(r.summary(fit))
    nb = r.glmer_nb("y2 ~ x + (x | site)", mm.datasets.load("sites"))
    assert nb.loglik == pytest.approx(slopes().loglik, abs=1e-7)
