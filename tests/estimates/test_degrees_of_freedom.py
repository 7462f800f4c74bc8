"""Degrees of freedom and tests beside lmerTest's and pbkrtest's, for every model of tests/reference/ddf."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support.ddf_reference import differences, fitted, models, numbers, values
from tests.support.printed_text import differences as text_differences

import mixedmodels as mm
from mixedmodels.estimates import wald
from mixedmodels.estimates.satterthwaite import Satterthwaite, joint_df
from mixedmodels.estimates.theta_information import theta_information
from mixedmodels.inference.anova.r_tables import drop1_f_table
from mixedmodels.r import Anova

NAMES = list(models("ddf"))
PRINTED = [name for name in NAMES if models("ddf")[name].get("print")]

# Both sides stand at the optimum to 8 digits (lme4 on the boundary to 6); lmerTest differentiates to about 1e-7.
DF, P = 1e-5, 5e-7


def reference(name: str) -> dict[str, Any]:
    return values("ddf")[name]


def identity(model: Any) -> np.ndarray:
    return np.eye(len(model.fixef()))


@pytest.mark.parametrize("name", NAMES)
def test_satterthwaite(name: str) -> None:
    model, theirs = fitted("ddf", name), reference(name)["satterthwaite"]
    table = model.contest(identity(model), joint=False)
    assert table["df"] == pytest.approx(numbers(theirs["df"]), rel=DF)
    assert table["statistic"] == pytest.approx(numbers(theirs["t"]), rel=DF)
    assert table["p_value"] == pytest.approx(numbers(theirs["p"]), abs=P)
    f, ddf, p = theirs["joint"]
    joint = model.contest(identity(model)).row("joint")
    assert (joint["f_value"], joint["den_df"]) == pytest.approx((f, ddf), rel=DF)
    assert joint["p_value"] == pytest.approx(p, abs=P)


@pytest.mark.parametrize("name", NAMES)
def test_kenward_roger(name: str) -> None:
    model, theirs = fitted("ddf", name), reference(name)["kr"]
    found = model._coefficients("Kenward-Roger")
    vcov = np.array(theirs["vcov"], float).reshape(found.vcov.shape)
    assert np.abs(found.vcov - vcov).max() < 1e-6 * np.abs(vcov).max()
    assert found.df(identity(model)) == pytest.approx(numbers(theirs["df"]), rel=DF)
    tests = [found.f_test(row[None]) for row in identity(model)]
    assert [t.p_value for t in tests] == pytest.approx(numbers(theirs["p"]), abs=P)
    # With one row F is not scaled, and its degrees of freedom are those of t.
    assert [t.scale for t in tests] == pytest.approx([1.0] * len(tests))
    assert [t.den_df for t in tests] == pytest.approx(found.df(identity(model)).tolist())
    t = found.f_test(identity(model))
    f, ndf, ddf, scale, p = theirs["joint"]
    assert (t.f_value, t.num_df, t.den_df, t.scale) == pytest.approx((f, ndf, ddf, scale), rel=DF)
    assert t.p_value == pytest.approx(p, abs=P)


@pytest.mark.parametrize("name", NAMES)
def test_tables_of_terms(name: str) -> None:
    model, theirs = fitted("ddf", name), reference(name)
    ours = {
        "anova1": lambda: model.anova(type=1),
        "anova2": lambda: model.anova(type=2),
        "anova3": lambda: model.anova(),
        "anova_kr": lambda: model.anova(ddf="Kenward-Roger"),
        "anova_lme4": lambda: model.anova(ddf="lme4"),
        "drop1": lambda: drop1_f_table(model),
        "car2": lambda: model.car_anova(),
        "car3": lambda: model.car_anova("III"),
        "car2_f": lambda: Anova(model, 2, "F"),
        "car3_f": lambda: Anova(model, 3, "F"),
    }
    given = [key for key in ours if key in theirs]
    assert len(given) >= 6
    wrong = {key: found for key in given if (found := differences(ours[key](), theirs[key], DF, P))}
    assert wrong == {}


@pytest.mark.parametrize("name", PRINTED)
def test_print_line_for_line(name: str) -> None:
    model, theirs = fitted("ddf", name), reference(name)["printed"]
    ours = {
        "satterthwaite": model.summary(ddf="Satterthwaite"),
        "kr": model.summary(ddf="KR"),
        "anova": model.anova(),
        "anova1": model.anova(type="I"),
        "anova_kr": model.anova(ddf="KR"),
        "anova_lme4": model.anova(ddf="lme4"),
        "drop1": drop1_f_table(model),
        "car2": model.car_anova(),
        "car3_f": Anova(model, 3, "F"),
    }
    wrong = {key: found for key, text in ours.items() if (found := text_differences(text, "\n".join(theirs[key])))}
    assert wrong == {}


def test_kenward_roger_is_not_satterthwaite() -> None:
    """In an unbalanced design degrees of freedom differ, and so do standard errors."""
    model = fitted("ddf", "plots_covariate")
    kr, satterthwaite, c = model._coefficients("KR"), model._coefficients("Satterthwaite"), identity(model)
    assert np.all(satterthwaite.df(c) > kr.df(c))
    assert satterthwaite.df(c)[3] > 2 * kr.df(c)[3]
    assert np.all(np.diag(kr.vcov) > 1.03 * np.diag(satterthwaite.vcov))
    assert satterthwaite.vcov == pytest.approx(np.asarray(model.vcov()))
    assert kr.unadjusted == pytest.approx(np.asarray(model.vcov()))
    assert model.contest(c, ddf="KR")["f_value"][0] < 0.95 * model.contest(c)["f_value"][0]


def test_sigma_is_uncertain_too() -> None:
    """Without sigma's share of the variance of a variance the degrees of freedom are far too many."""
    model = fitted("ddf", "oats")
    known = theta_information(model._engine, model._fit)
    c, v, s2 = np.eye(6), model._fit.vcov_unscaled, model.sigma**2
    g = np.einsum("ri,mij,rj->rm", c, known.vcov_slope, c) * s2
    theta_alone = (s2 * np.diag(v)) ** 2 / np.einsum("rm,mk,rk->r", g, known.inverse_hessian, g)
    right = numbers(reference("oats")["satterthwaite"]["df"])
    assert model._coefficients("Satterthwaite").df(c) == pytest.approx(right, rel=DF)
    # The slopes' standard errors hang on sigma alone, which then has the whole say.
    assert right[3:] == pytest.approx([51.0] * 3)
    assert np.all(theta_alone[3:] > 1e4)


@pytest.mark.parametrize("name", ["sleepstudy", "oats", "weights_wide", "plots_three_way", "correlation_plus_one"])
def test_derivatives_beside_differences(name: str) -> None:
    """Slopes of log(sigma) by the envelope theorem, of the covariance and of the gradient as the engine has them."""
    model = fitted("ddf", name)
    engine, fit = model._engine, model._fit

    def values_at(theta: np.ndarray) -> np.ndarray:
        at = engine.at(theta)
        parts = [engine.evaluate(theta)["gradient"], [np.log(at["pwrss"]) / 2], np.ravel(at["vcov_unscaled"])]
        return np.concatenate(parts)

    m, p = len(fit.theta), len(fit.kept)
    h = 1e-5
    rows = np.array([(values_at(fit.theta + h * e) - values_at(fit.theta - h * e)) / (2 * h) for e in np.eye(m)])
    known = theta_information(engine, fit)
    assert known.log_sigma_slope == pytest.approx(rows[:, m], abs=1e-7)
    assert known.vcov_slope == pytest.approx(rows[:, m + 1 :].reshape(m, p, p), rel=1e-5, abs=1e-8)
    hessian = rows[:, :m]
    assert known.inverse_hessian @ hessian @ known.inverse_hessian == pytest.approx(
        known.inverse_hessian, rel=1e-5, abs=1e-7
    )


def test_the_share_of_sigma_by_the_joint_hessian() -> None:
    """The block inverse of the module's docstring beside lmerTest's way, a dense Hessian in (theta, sigma)."""
    model = fitted("ddf", "plots_covariate")
    fit, objective = model._fit, model._engine
    m, d = len(fit.theta), fit.n - len(fit.kept)

    def deviance(at: np.ndarray) -> float:
        theta, sigma = at[:m], at[m]
        # The profiled criterion's logdet part, and r^2 and sigma in full.
        profiled = objective.criterion(theta)
        r2 = objective.at(theta)["pwrss"]
        return profiled - d * (1 + np.log(2 * np.pi * r2 / d)) + r2 / sigma**2 + d * np.log(2 * np.pi * sigma**2)

    at = np.concatenate([fit.theta, [fit.sigma]])
    h = 2e-3 * np.maximum(np.abs(at), 0.05)
    e = np.diag(h)
    hessian = np.empty((m + 1, m + 1))
    for i in range(m + 1):
        for j in range(m + 1):
            hessian[i, j] = (
                deviance(at + e[i] + e[j])
                - deviance(at + e[i] - e[j])
                - deviance(at - e[i] + e[j])
                + deviance(at - e[i] - e[j])
            ) / (4 * h[i] * h[j])
    known = theta_information(model._engine, fit)
    p = len(fit.kept)
    slopes = [*(fit.sigma**2 * known.vcov_slope), 2 * fit.sigma * fit.vcov_unscaled]
    g = np.array([np.diag(s) for s in slopes]).T
    covariance = 2 * np.linalg.inv(hessian)
    f = fit.sigma**2 * np.diag(fit.vcov_unscaled)
    slow = 2 * f**2 / np.einsum("ri,ij,rj->r", g, covariance, g)
    assert Satterthwaite(("",) * p, fit, known).df(np.eye(p)) == pytest.approx(slow, rel=2e-4)


def test_maximum_likelihood_is_refitted_for_kenward_roger() -> None:
    ml, reml = fitted("ddf", "sleepstudy_ml"), fitted("ddf", "sleepstudy")
    assert ml._coefficients("KR").vcov == pytest.approx(reml._coefficients("KR").vcov, rel=1e-6)
    assert ml._coefficients("KR").refitted
    assert not reml._coefficients("KR").refitted
    assert "from a refit by REML" in " ".join(str(ml.summary(ddf="KR")).split())
    assert "refit by REML" in str(ml.anova(ddf="KR"))
    assert "refit" not in str(reml.anova(ddf="KR"))


def test_singular_fit_keeps_the_degrees_of_freedom_of_sigma() -> None:
    """With every variance at 0 the model is a linear one: n - p degrees of freedom."""
    model = fitted("ddf", "all_zero_two")
    assert model.is_singular
    assert model._coefficients().df(np.eye(2)) == pytest.approx(model.nobs - 2)


def test_scale_of_response_and_covariate_does_not_matter() -> None:
    """pbkrtest and lmerTest call an eigenvalue small on an absolute scale; ours is that of the parameters."""
    data = fitted("ddf", "plots")._request.data
    small = data.assign(y=data["y"] * 1e-6, x=data["x"] * 1e7)
    formula = "y ~ a * x + o + (1 | block) + (1 | field)"
    one, other = mm.lmer(formula, data), mm.lmer(formula, small)
    for ddf in ("Satterthwaite", "Kenward-Roger"):
        found = [m._coefficients(ddf).df(identity(m)) for m in (one, other)]
        assert found[0] == pytest.approx(found[1], rel=1e-5)


def test_weights_by_a_constant_change_nothing() -> None:
    data = fitted("ddf", "plots")._request.data
    twice = mm.lmer("y ~ a + x + (1 | block)", data, weights=np.full(len(data), 4.0))
    plain = mm.lmer("y ~ a + x + (1 | block)", data)
    for ddf in ("Satterthwaite", "Kenward-Roger"):
        ours, theirs = twice._coefficients(ddf), plain._coefficients(ddf)
        assert ours.df(np.eye(4)) == pytest.approx(theirs.df(np.eye(4)), rel=1e-6)
        assert ours.vcov == pytest.approx(theirs.vcov, rel=1e-6, abs=1e-12)


def test_joint_degrees_of_freedom() -> None:
    assert joint_df(np.array([7.0])) == 7.0
    assert joint_df(np.array([5.0, 5.0])) == 5.0
    assert joint_df(np.array([1.5, 30.0])) == 2.0
    # E = 10 / 8 + 20 / 18
    assert joint_df(np.array([10.0, 20.0])) == pytest.approx(2 * (85 / 36) / (85 / 36 - 2))


def test_tidy_has_degrees_of_freedom() -> None:
    model = fitted("ddf", "machines_unbalanced")
    table = model.tidy(conf_int=True, ddf="Kenward-Roger")
    kr = model._coefficients("KR")
    assert list(table.columns) == [
        "effect", "term", "estimate", "std_error", "statistic", "df", "p_value", "conf_low", "conf_high"
    ]  # fmt: skip
    assert table["std_error"].to_numpy() == pytest.approx(np.sqrt(np.diag(kr.vcov)))
    df = kr.df(np.eye(3))
    half = wald.intervals(np.zeros(1), np.ones(1), 0.95, df[1])[0, 1] * table["std_error"][1]
    assert table["conf_high"][1] == pytest.approx(table["estimate"][1] + half)
    assert table["p_value"].to_numpy() == pytest.approx(numbers(reference("machines_unbalanced")["kr"]["p"]), abs=P)
    normal = model.tidy(ddf="normal")
    assert np.all(np.isinf(normal["df"]))
    assert model.tidy().equals(model.tidy(ddf="Satterthwaite"))
    assert model.update(ddf="Kenward-Roger").tidy(conf_int=True).equals(table)


def test_a_method_is_computed_once() -> None:
    model = fitted("ddf", "sleepstudy")
    assert model._coefficients("KR") is model._coefficients("Kenward-Roger")
    assert model._coefficients(None) is model._coefficients("Satterthwaite")
    assert model._coefficients("lme4") is model._coefficients("z")


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(mm.DataError, match="ddf 'Satterthwait' is not for this model; it has 'Satterthwaite', 'Kenw"):
        fitted("ddf", "sleepstudy").summary(ddf="Satterthwait")
