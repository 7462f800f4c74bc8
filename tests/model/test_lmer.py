"""What a mixed model answers beside what lme4 answers at the same optimum (tests/reference/model/make.R)."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.support.model_tables import reference, tables

import mixedmodels as mm

EXPECTED = reference("verbs")
# Both sides are at the optimum to about ten digits of the criterion, which is five to six of the estimates.
CLOSE = {"rel": 2e-5, "abs": 1e-7}

FORMULAS: dict[str, dict[str, Any]] = {
    "slopes": {"formula": "Reaction ~ Days + (Days | Subject)"},
    "ml": {"formula": "Reaction ~ Days + (Days | Subject)", "REML": False},
    "twice": {"formula": "Reaction ~ Days + (1 | Subject) + (0 + Days | Subject)"},
    "three": {"formula": "log(Reaction) ~ Days + I(Days^2) + f + (Days + I(Days^2) | Subject)"},
    "nested": {"formula": "strength ~ 1 + (1 | batch/cask)", "data": "paste_data"},
    "weighted": {"formula": "Reaction ~ Days + (1 | Subject)", "weights": "w", "offset": "o", "subset": "Days > 1"},
}


@cache
def model(name: str) -> mm.MixedModel:
    options = dict(FORMULAS[name])
    return mm.lmer(options.pop("formula"), tables()[options.pop("data", "sleep")], **options)


def close(actual: Any, expected: Any, **tolerance: float) -> None:
    np.testing.assert_allclose(
        np.asarray(actual, dtype=float).ravel(),
        np.asarray(expected, dtype=float).ravel(),
        rtol=tolerance.get("rel", CLOSE["rel"]),
        atol=tolerance.get("abs", CLOSE["abs"]),
    )


@pytest.mark.parametrize("name", FORMULAS)
def test_figures_about_the_fit(name: str) -> None:
    fit, r = model(name), EXPECTED[name]
    assert fit.loglik == pytest.approx(r["loglik"], abs=1e-6)
    assert (fit.npar, fit.nobs, fit.df_resid) == (r["df"], r["nobs"], r["df_resid"])
    assert (fit.logLik().df, fit.logLik().nobs) == (r["df"], r["nobs"])
    assert (fit.aic, fit.bic) == pytest.approx((r["aic"], r["bic"]), abs=1e-5)
    assert fit.sigma == pytest.approx(r["sigma"], rel=1e-6)
    close(fit.fixef(), r["fixef"])
    close(np.asarray(fit.vcov()), r["vcov"])


def test_deviance_and_reml_criterion_of_either_fit() -> None:
    assert model("ml").deviance == pytest.approx(EXPECTED["ml_deviance"], abs=1e-6)
    assert model("ml").reml_criterion == pytest.approx(EXPECTED["ml_remlcrit"], abs=1e-4)
    assert model("slopes").deviance == pytest.approx(EXPECTED["reml_deviance"], abs=1e-4)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize(("order", "key"), [("cov.last", "varcorr"), ("lower.tri", "varcorr_lower")])
def test_table_of_varcorr(name: str, order: str, key: str) -> None:
    table, r = model(name).VarCorr().table(order), EXPECTED[name][key]
    assert list(table.columns) == ["grp", "var1", "var2", "vcov", "sdcor"]
    for column in ("grp", "var1", "var2"):
        assert [None if pd.isna(v) else v for v in table[column]] == r[column]
    close(table["vcov"], r["vcov"], rel=1e-4)
    close(table["sdcor"], r["sdcor"], rel=1e-4)


def test_matrices_of_varcorr() -> None:
    matrix = model("slopes").VarCorr()["Subject"]
    assert list(matrix.index) == list(matrix.columns) == ["(Intercept)", "Days"]
    np.testing.assert_allclose(matrix.stddev**2, np.diag(matrix))
    cor = matrix.correlation.loc["Days", "(Intercept)"]
    assert cor == pytest.approx(matrix.loc["Days", "(Intercept)"] / matrix.stddev.prod())
    assert list(model("twice").VarCorr()) == ["Subject", "Subject.1"]
    with pytest.raises(KeyError, match=r"no random term 'Batch'; there are Subject"):
        model("slopes").VarCorr()["Batch"]


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("component", ["Lind", "Gp", "u", "b", "RX", "X"])
def test_get_me(name: str, component: str) -> None:
    value = model(name).getME(component)
    expected = EXPECTED[name][component]
    if component in ("RX", "X"):
        value = np.asarray(value).T  # R's matrices run down their columns
    # Conditional modes near 0 are known to a share of sigma.
    close(value, expected, abs=1e-4 if component in "ub" else 1e-6, rel=1e-4)


@pytest.mark.parametrize("name", FORMULAS)
def test_sparse_components_theta_and_devcomp(name: str) -> None:
    fit, r = model(name), EXPECTED[name]
    for component in ("Lambdat", "Zt"):
        close(fit.getME(component).toarray().T, r[component], abs=1e-5, rel=1e-4)
    assert list(fit.getME("theta")) == np.atleast_1d(r["theta_names"]).tolist()
    close(fit.getME("theta"), r["theta"], abs=1e-5, rel=1e-4)
    assert ["-Inf" if v < 0 else "0" for v in fit.getME("lower").values()] == np.atleast_1d(r["lower"]).tolist()
    ours, theirs = fit.getME("devcomp"), r["reml"]
    assert ours["dims"] == theirs["dims"]
    for key in ("ldL2", "ldRX2", "wrss", "ussq", "pwrss", "REML", "dev", "sigmaML", "sigmaREML"):
        expected = theirs["cmp"][key]
        assert ours["cmp"][key] == pytest.approx(np.nan if expected is None else expected, rel=1e-3, nan_ok=True)


def test_get_me_of_all_several_and_none() -> None:
    fit = model("slopes")
    everything = fit.getME("ALL")
    assert {"X", "Z", "Zt", "theta", "Lambda", "RZX", "devcomp", "cnms", "flist"} <= set(everything)
    np.testing.assert_allclose(everything["Lambda"].toarray() @ everything["u"], everything["b"])
    assert set(fit.getME(["n", "p"])) == {"n", "p"}
    with pytest.raises(mm.DataError, match="no component 'Q'"):
        fit.getME("Q")


@pytest.mark.parametrize("kind", ["response", "pearson", "working", "deviance"])
def test_residuals_of_a_weighted_model(kind: str) -> None:
    close(model("weighted").residuals(kind), EXPECTED["residuals"][kind], abs=1e-3)


def test_scaled_residuals_and_fitted_values_keep_the_labels_of_the_rows() -> None:
    fit = model("weighted")
    close(fit.residuals(scaled=True), EXPECTED["residuals"]["scaled"], abs=1e-5)
    close(fit.residuals("pearson", scaled=True), EXPECTED["residuals"]["pearson"] / np.float64(fit.sigma), abs=1e-5)
    close(fit.fitted(), EXPECTED["residuals"]["fitted"], abs=1e-3)
    days = tables()["sleep"]["Days"]
    assert list(fit.fitted().index) == list(days.index[days > 1])


def test_excluded_rows_are_shown_as_missing() -> None:
    gaps = tables()["gaps"]
    fit = mm.lmer("Reaction ~ Days + (1 | Subject)", gaps, na_action="exclude")
    r = EXPECTED["excluded"]
    expected = [np.nan if v is None else v for v in r["fitted"]]
    np.testing.assert_allclose(fit.fitted(), expected, rtol=1e-4)
    assert fit.fitted().index.equals(gaps.index)
    assert fit.residuals().isna().sum() == fit.n_dropped == 3
    omitted = fit.update(na_action="omit")
    assert len(omitted.fitted()) == omitted.nobs == len(omitted.frame) == 177
    assert "(3 observations deleted due to missingness)" in str(fit.summary())


NEW = pd.DataFrame({"Days": [0, 4, 12], "Subject": ["308", "370", "999"]})


@pytest.mark.parametrize(
    ("key", "rows", "options"),
    [
        ("conditional", 2, {}),
        ("population", 3, {"re_form": "~0"}),
        ("population", 3, {"re_form": float("nan")}),
        ("new_levels", 3, {"allow_new_levels": True}),
        ("intercepts", 2, {"re_form": "~ (1 | Subject)"}),
        ("slopes", 2, {"re_form": "~ (0 + Days | Subject)"}),
    ],
)
def test_predictions_of_new_rows(key: str, rows: int, options: dict[str, Any]) -> None:
    close(model("slopes").predict(NEW[:rows], **options), EXPECTED["predict"][key])


def test_population_predictions_need_no_grouping_column() -> None:
    close(model("slopes").predict(NEW[["Days"]], re_form="~0"), EXPECTED["predict"]["population"])


def test_predictions_of_the_rows_of_the_fit_are_those_of_the_same_rows_as_new_ones() -> None:
    sleep = tables()["sleep"]
    for name in ("slopes", "twice", "three"):
        fit = model(name)
        for re_form in (None, "~0", "~ (1 | Subject)"):
            close(fit.predict(re_form=re_form), fit.predict(sleep, re_form=re_form), rel=1e-12)
    close(model("slopes").predict(), model("slopes").fitted(), rel=1e-12)


def test_refused_predictions() -> None:
    fit = model("slopes")
    with pytest.raises(mm.DataError, match=r"'Subject' has a level in row 2 .*allow_new_levels=True"):
        fit.predict(NEW)
    with pytest.raises(mm.FormulaError, match=r"\(1 \| g\) is not part of the model.*\(Days \| Subject\)"):
        fit.predict(NEW, re_form="~ (1 | g)")
    with pytest.raises(mm.FormulaError, match="one-sided"):
        fit.predict(NEW, re_form="~ Days")
    with pytest.raises(mm.DataError, match="'link' or 'response'"):
        fit.predict(NEW, type="mean")


def test_a_missing_predictor_or_group_predicts_nothing() -> None:
    rows = pd.DataFrame({"Days": [1.0, np.nan, 2.0], "Subject": ["308", "308", None]})
    assert model("slopes").predict(rows).isna().tolist() == [False, True, True]


def test_conditional_modes_and_their_variances() -> None:
    ranef = model("twice").ranef(cond_var=True)
    table = ranef["Subject"]
    assert list(table.columns) == ["(Intercept)", "Days"]
    close(table.to_numpy(), EXPECTED["ranef"]["twice"], abs=1e-3)
    blocks = ranef.cond_var["Subject"]
    assert blocks.shape == (18, 2, 2)
    assert (np.linalg.eigvalsh(blocks) > 0).all()
    close(model("slopes").ranef(cond_var=True).cond_var["Subject"], EXPECTED["ranef"]["post"], rel=1e-3)
    assert model("slopes").ranef().cond_var is None


def test_long_table_of_conditional_modes() -> None:
    table, r = model("slopes").ranef(cond_var=True).table(), EXPECTED["ranef"]["long"]
    assert list(table["level"]) == r["grp"]
    assert list(table["term"]) == r["term"]
    close(table["estimate"], r["condval"], abs=1e-3)
    close(table["std_error"], r["condsd"], rel=1e-4)


def test_joint_blocks_are_those_of_the_dense_covariance() -> None:
    """Var(b | y) = sigma^2 Lambda (Lambda'Z'Z Lambda + I)^-1 Lambda', straight from the whole matrix."""
    fit = model("twice")
    z, lam = fit.getME("Z").toarray(), fit.getME("Lambda").toarray()
    whole = fit.sigma**2 * lam @ np.linalg.inv(lam.T @ z.T @ z @ lam + np.eye(z.shape[1])) @ lam.T
    blocks = fit.ranef(cond_var=True).cond_var["Subject"]
    for level in range(18):
        at = [level, 18 + level]
        np.testing.assert_allclose(blocks[level], whole[np.ix_(at, at)], rtol=1e-8)


def test_coefficients_by_level() -> None:
    table = model("slopes").coef()["Subject"]
    close(table.to_numpy(), EXPECTED["coef"]["slopes"], rel=1e-4)
    fit = mm.lmer("Reaction ~ 1 + (Days | Subject)", tables()["sleep"])
    assert list(fit.coef()["Subject"].columns) == EXPECTED["coef"]["names"]


def test_principal_components_are_of_the_relative_factor() -> None:
    fit = model("three")
    part = fit.rePCA()["Subject"]
    relative = np.asarray(fit.VarCorr()["Subject"]) / fit.sigma**2
    np.testing.assert_allclose(part.rotation @ np.diag(part.sdev**2) @ part.rotation.T, relative, atol=1e-12)
    assert part.proportion.sum() == pytest.approx(1)


def test_start_by_name_as_in_lme4() -> None:
    sleep = mm.datasets.load("sleepstudy")
    formula = "Reaction ~ Days + (Days | Subject)"
    by_name = mm.lmer(formula, sleep, start={"theta": [2, 0, 0.5]})
    np.testing.assert_array_equal(by_name.theta, mm.lmer(formula, sleep, start=[2, 0, 0.5]).theta)
    for start, message in (
        ({"theta": [1, 0, 1], "fixef": [250, 10]}, "the fixed effects of a linear mixed model follow from theta"),
        ({"tau": 1}, "start has no part 'tau'"),
        ({}, "start is an empty mapping"),
        ({"theta": [1, 0]}, "theta has 3 elements"),
    ):
        with pytest.raises(mm.FitError, match=message):
            mm.lmer(formula, sleep, start=start)
    herds = mm.datasets.load("cbpp")
    fit = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", herds, "binomial")
    again = fit.update(start={"theta": fit.theta, "fixef": fit.params})
    assert again.loglik == pytest.approx(fit.loglik, abs=1e-9)
