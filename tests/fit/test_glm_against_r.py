"""Generalised linear models beside R's glm and MASS's glm.nb (tests/reference/glm/make_reference.R)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.support.glm_reference import fitted, models, numbers, tables
from tests.support.printed_text import differences

import mixedmodels as mm

NAMES = list(models())
SURE = 1e-7  # R's standard errors are those of the step before its last: 1e-7 of their size at a deviance of 1e-14

# R's estimates of these converge linearly, and stop where the deviance no longer changes.
LOOSE = {"negative_binomial": 1e-6, "poisson_identity": 1e-6}


@pytest.mark.parametrize("name", NAMES)
def test_estimates(name: str) -> None:
    fit, r = fitted(name), models()[name]
    kept = list(fit._fit.kept)
    table = numbers(r["table"]).reshape(-1, 4)
    assert np.isnan(np.asarray(fit.coef())).tolist() == np.isnan(numbers(r["coef"] or [])).tolist()
    ours = np.column_stack([fit.params, fit.bse])
    np.testing.assert_allclose((ours[:, 0] - table[:, 0]) / table[:, 1], 0, atol=LOOSE.get(name, SURE))
    np.testing.assert_allclose(ours[:, 1], table[:, 1], rtol=2 * SURE)
    np.testing.assert_allclose(fit.pvalues, table[:, 3], rtol=1e-5, atol=1e-15)
    if kept:
        complete = numbers(r["vcov"]).reshape(len(kept), -1)
        np.testing.assert_allclose(np.asarray(fit.vcov()), complete, rtol=1e-6, atol=1e-6 * np.abs(complete).max())
    if r["confint"] is not None:
        limits = numbers(r["confint"]).reshape(-1, 2)
        limits = limits[~np.isnan(limits[:, 0])]
        z = limits[:, 0] + (limits[:, 1] - limits[:, 0]) / 2
        np.testing.assert_allclose((z - table[:, 0]) / table[:, 1], 0, atol=1e-10)
        if fit.dispersion == 1:  # R takes normal limits in every family, we t where there is a dispersion
            np.testing.assert_allclose(np.asarray(fit.conf_int()), limits, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_figures_about_the_fit(name: str) -> None:
    fit, r = fitted(name), models()[name]
    scale = max(1.0, abs(r["loglik"]))
    assert fit.deviance <= r["deviance"] + 1e-11 * scale or r["family"].startswith("Negative")
    assert fit.deviance == pytest.approx(r["deviance"], rel=1e-9)
    assert fit.null_deviance == pytest.approx(r["null_deviance"], rel=1e-9)
    assert fit.dispersion == pytest.approx(r["dispersion"], rel=SURE)
    assert fit.loglik == pytest.approx(r["loglik"], abs=1e-9 * scale)
    assert fit.aic == pytest.approx(r["aic"], abs=1e-8 * scale)
    assert (fit.df_resid, fit.df_null, fit.rank) == (r["df_resid"], r["df_null"], r["rank"])
    assert (fit.npar, fit.nobs) == (r["df"], r["nobs"])
    assert fit.iterations == r["iterations"]
    if name != "zero_weights":  # there R's BIC counts rows that its nobs() does not
        assert fit.bic == pytest.approx(r["bic"], abs=1e-8 * scale)
    assert fit.converged


@pytest.mark.parametrize("name", NAMES)
def test_rows(name: str) -> None:
    fit, r = fitted(name), models()[name]
    loose = LOOSE.get(name, 3e-7)
    for kind, theirs in r["residuals"].items():
        np.testing.assert_allclose(np.asarray(fit.residuals(kind)), numbers(theirs), rtol=loose, atol=loose)
    np.testing.assert_allclose(np.asarray(fit.residuals()), np.asarray(fit.residuals("deviance")), rtol=0)
    np.testing.assert_allclose(np.asarray(fit.fitted()), numbers(r["fitted"]), rtol=loose)
    np.testing.assert_allclose(np.asarray(fit.predict()), numbers(r["link_fit"]), rtol=loose, atol=loose)
    if r["link_se"]:
        link, response = fit.predict(se_fit=True), fit.predict(type="response", se_fit=True)
        np.testing.assert_allclose(link["se_fit"], numbers(r["link_se"]), rtol=1e-6)
        np.testing.assert_allclose(response["se_fit"], numbers(r["response_se"]), rtol=1e-6)
        np.testing.assert_allclose(response["fit"], numbers(r["fitted"]), rtol=loose)


@pytest.mark.parametrize("name", NAMES)
def test_printed_texts(name: str) -> None:
    fit, r = fitted(name), models()[name]
    summary = replace(fit.summary(), modelled="")  # which outcome is modelled is said by us alone
    assert differences(summary.text(show_residuals=True), r["summary"]) == []
    assert differences(repr(fit), r["print"]) == []


def test_summary_leaves_residuals_out_as_r_does_since_4_3() -> None:
    lines = str(fitted("poisson").summary()).split("\n")
    assert lines[:5] == [
        "",
        "Call:",
        "glm(formula = breaks ~ wool * tension, family = poisson, data = warp)",
        "",
        "Coefficients:",
    ]


@pytest.mark.parametrize("name", ["glm_nb", "glm_nb_weights", "glm_nb_sqrt"])
def test_theta(name: str) -> None:
    fit, r = fitted(name), models()[name]
    assert fit.theta == pytest.approx(r["theta"], rel=1e-8)
    assert fit.theta_se == pytest.approx(r["theta_se"], rel=1e-4)  # R's is that of the step before its last
    assert 2 * fit.loglik >= r["twologlik"] - 1e-10
    assert fit.theta == pytest.approx(fit.sigma)


def test_forms_of_a_binomial_response_agree() -> None:
    cbind, proportion = fitted("cbind"), fitted("proportion")
    np.testing.assert_allclose(cbind.params, proportion.params, rtol=1e-13)
    assert cbind.deviance == pytest.approx(proportion.deviance, rel=1e-13)
    cars = tables()["cars"].assign(stick=lambda d: d["am"].map({0: "auto", 1: "by hand"}), yes=lambda d: d["am"] == 1)
    for formula in ("stick ~ wt", "yes ~ wt", "I(am == 1) ~ wt"):
        np.testing.assert_allclose(mm.glm(formula, cars, "binomial").params, fitted("zero_one").params, rtol=1e-13)


def test_loglog_is_cloglog_of_failures() -> None:
    table = tables()["menarche"]
    loglog = mm.glm("cbind(Total - Menarche, Menarche) ~ Age", table, "binomial(loglog)")
    np.testing.assert_allclose(loglog.params, -fitted("cloglog").params, rtol=1e-9)
    assert loglog.deviance == pytest.approx(fitted("cloglog").deviance, rel=1e-12)
