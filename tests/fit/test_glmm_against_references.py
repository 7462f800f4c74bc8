"""Generalised mixed models beside glmmTMB and lme4: never a worse optimum, the same estimates where they are unique."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.support import dense_glmm
from tests.support.glmm_reference import beta, data_of, fitted, models, relative_error, standard_errors

import mixedmodels as mm

MODELS = models()
INTERIOR = [name for name, model in MODELS.items() if not model.singular]
UNIQUE = [name for name in INTERIOR if not MODELS[name].flat]
BOUNDARY = [name for name, model in MODELS.items() if model.singular]
PEER = [name for name in UNIQUE if MODELS[name].r.get("glmmTMB")]
LME4 = [name for name, model in MODELS.items() if model.r.get("lme4")]
FISHER = [name for name in LME4 if MODELS[name].r["lme4"]["definition"] == "fisher"]
QUADRATURE = [(name, nagq) for name, model in MODELS.items() for nagq in model.nagq]
ZERO = [name for name, model in MODELS.items() if model.r.get("zero")]

# The references' gradients are zero to 1e-8, so that what is left of 1e-5 is ours.
TIGHT = 1e-5
# lme4's function has no derivatives, but its estimates lie within 3e-6 standard errors of its criterion's optimum.
LOOSE = 2e-5
# A variance of zero keeps some optimisers from arriving.
EDGE = 3e-4


def criterion(fit: Any) -> float:
    return -2 * float(fit.loglik)


def twin(name: str) -> dense_glmm.DenseGlmm:
    m = MODELS[name]
    options = {"weights": m.weights, "offset": m.offset, "theta": m.theta}
    return dense_glmm.build(m.formula, data_of(m), m.family, m.link, **options)


def unique(names: list[str]) -> list[str]:
    """A name that comes again gets .1, .2 ... as in R."""
    return [name + (f".{names[:i].count(name)}" if name in names[:i] else "") for i, name in enumerate(names)]


def assert_covariances(fit: Any, theirs: list[Any], tolerance: float) -> None:
    for ours, its in zip(fit.VarCorr().values(), theirs, strict=True):
        its = np.atleast_2d(its)
        deviations = np.sqrt(np.diag(its))
        assert relative_error(np.asarray(ours), its, np.outer(deviations, deviations)) < tolerance


def covariances(name: str, theta: Any) -> list[np.ndarray]:
    return [t @ t.T for t in twin(name).factors(np.asarray(theta, float))]


# ---- the optimum -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_criterion_is_never_above_the_best_of_the_others(name: str) -> None:
    assert criterion(fitted(name)) <= MODELS[name].observed + 1e-6


@pytest.mark.parametrize("name", INTERIOR)
def test_criterion_is_theirs_where_the_optimum_is_interior(name: str) -> None:
    """A criterion far *below* would mean that it is another function."""
    assert criterion(fitted(name)) == pytest.approx(MODELS[name].observed, abs=2e-6)


@pytest.mark.parametrize("name", [name for name in MODELS if name not in ("verbagg", "immun")])
def test_criterion_is_the_twins_at_our_own_estimates(name: str) -> None:
    fit = fitted(name)
    ours = fit._fit
    assert twin(name).laplace(ours.theta, ours.beta, ours.psi) == pytest.approx(criterion(fit), abs=1e-7)


@pytest.mark.parametrize("name", MODELS)
def test_certificate_holds(name: str) -> None:
    fit = fitted(name)
    assert fit.converged
    assert fit.engine.certificate["holds"]
    assert np.abs(fit._fit.gradient).max() < 1e-2


@pytest.mark.parametrize("name", MODELS)
def test_evaluations_stay_few(name: str, record_property: Callable[[str, object], None]) -> None:
    fit = fitted(name)
    record_property("evaluations", fit.engine.evaluations)
    record_property("inner", fit._fit.inner)
    # A curve with additive errors is the hardest: the curvature of its residuals is far from the expected one.
    assert fit.engine.evaluations <= (30 if MODELS[name].family == "gaussian" else 25)
    assert fit._fit.inner <= 7 * fit.engine.evaluations


def test_evaluations_of_verbagg_stay_within_the_promise() -> None:
    fit = fitted("verbagg")
    assert criterion(fit) == pytest.approx(8151.39972, abs=5e-6)
    assert fit.engine.evaluations <= 9
    assert fit._fit.inner <= 30


@pytest.mark.parametrize("name", MODELS)
def test_names_and_counts(name: str) -> None:
    fit, r = fitted(name), MODELS[name].r
    assert list(dict(fit.fixef())) == r["coefficients"]
    assert list(fit.VarCorr()) == unique(r["groups"])
    assert dict(fit.ngroups) == dict(zip(r["groups"], r["levels"], strict=True))
    assert (fit.nobs, fit.theta.size) == (r["nobs"], len(r["plain"]["theta"]))
    assert fit.df_resid == fit.nobs - len(r["coefficients"]) - fit.theta.size - len(r["plain"]["psi"])
    assert fit.is_singular == MODELS[name].singular


# ---- estimates -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", INTERIOR)
def test_fixed_effects_and_standard_errors(name: str) -> None:
    fit, plain = fitted(name), MODELS[name].plain
    errors = np.asarray(plain["se_beta"])
    # An estimate near zero has no relative accuracy of its own; its standard error is the scale then.
    assert relative_error(beta(fit), plain["beta"], np.maximum(np.abs(plain["beta"]), errors)) < TIGHT
    assert relative_error(standard_errors(fit), errors, errors) < 1e-4
    assert relative_error(np.asarray(fit.vcov()), np.atleast_2d(plain["vcov"]), np.outer(errors, errors)) < 1e-4


@pytest.mark.parametrize("name", PEER)
def test_standard_errors_are_glmmTMBs(name: str) -> None:
    theirs = np.asarray(MODELS[name].r["glmmTMB"]["se_beta"])
    assert relative_error(standard_errors(fitted(name)), theirs, theirs) < 1e-4


@pytest.mark.parametrize("name", UNIQUE)
def test_covariance_parameters(name: str) -> None:
    fit, plain = fitted(name), MODELS[name].plain
    assert_covariances(fit, plain["covariances"], 2 * TIGHT)
    theta = np.abs(plain["theta"])
    assert relative_error(fit.theta, plain["theta"], np.maximum(theta, 1e-1 * theta.max())) < 2 * TIGHT


@pytest.mark.parametrize("name", [n for n, m in MODELS.items() if m.plain["psi"]])
def test_shapes(name: str) -> None:
    fit, model = fitted(name)._fit, MODELS[name]
    (psi,) = model.plain["psi"]
    tolerance = TIGHT if name in UNIQUE else EDGE
    if model.family == "nbinom2":
        assert np.exp(fit.psi[0]) == pytest.approx(np.exp(psi), rel=tolerance)
    else:
        dispersion = np.exp(2 * psi if model.family == "gaussian" else -psi)
        assert float(fit.family.dispersion(fit.psi)) == pytest.approx(dispersion, rel=2 * tolerance)


@pytest.mark.parametrize("name", [n for n in UNIQUE if MODELS[n].plain["psi"] and MODELS[n].family != "gaussian"])
def test_standard_errors_of_shapes(name: str) -> None:
    """The logarithm of the shape is the last of the joint covariance (of a gaussian its scale is the family's own)."""
    (theirs,) = MODELS[name].plain["se_psi"]
    assert np.sqrt(fitted(name)._fit.vcov_joint[-1, -1]) == pytest.approx(theirs, rel=1e-4)


@pytest.mark.parametrize("name", BOUNDARY)
def test_estimates_on_the_boundary(name: str) -> None:
    fit, model = fitted(name), MODELS[name]
    if criterion(fit) < model.observed - 1e-5:
        pytest.skip("ours is a better optimum than theirs, so that estimates differ")
    plain, errors = model.plain, standard_errors(fit)
    assert np.isfinite(errors).all()
    assert relative_error(beta(fit), plain["beta"], errors) < EDGE
    for ours, theirs in zip(fit.VarCorr().values(), plain["covariances"], strict=True):
        scale = np.max(np.abs(theirs), initial=0.0) + 1e-2
        assert relative_error(np.asarray(ours), np.atleast_2d(theirs), scale) < 10 * EDGE


# ---- lme4's definition, quadrature ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", FISHER)
def test_fisher_definition_is_never_above_lme4s(name: str) -> None:
    """lme4's own value has rough digits: its criterion is computed anew at its estimates."""
    fit, lme4 = fitted(name, laplace="fisher"), MODELS[name].r["lme4"]
    at_theirs = twin(name).laplace(lme4["theta"], lme4["beta"], (), "fisher")
    assert criterion(fit) <= at_theirs + 1e-6
    assert criterion(fit) == pytest.approx(lme4["criterion"], abs=1e-2 if fit.is_singular else 1e-5)
    ours = fit._fit
    assert twin(name).laplace(ours.theta, ours.beta, (), "fisher") == pytest.approx(criterion(fit), abs=1e-7)


@pytest.mark.parametrize("name", [name for name in FISHER if name in UNIQUE])
def test_fisher_estimates_are_lme4s(name: str) -> None:
    fit, lme4 = fitted(name, laplace="fisher"), MODELS[name].r["lme4"]
    assert relative_error(beta(fit), lme4["beta"], standard_errors(fit)) < LOOSE
    theta = np.abs(lme4["theta"])
    assert relative_error(fit.theta, lme4["theta"], np.maximum(theta, 0.1 * theta.max())) < LOOSE


@pytest.mark.parametrize("name", ["cbpp", "epil", "logit_crossed_slopes", "poisson_crossed_nested"])
def test_definitions_coincide_for_canonical_links(name: str) -> None:
    observed, fisher = fitted(name), fitted(name, laplace="fisher")
    assert criterion(fisher) == pytest.approx(criterion(observed), abs=1e-8)
    np.testing.assert_allclose(standard_errors(fisher), standard_errors(observed), rtol=1e-5)


@pytest.mark.parametrize("name", ["probit", "cauchit", "poisson_sqrt", "nb_fixed"])
def test_definitions_differ_for_other_links(name: str) -> None:
    assert abs(criterion(fitted(name, laplace="fisher")) - criterion(fitted(name))) > 1e-3


@pytest.mark.parametrize(("name", "nagq"), QUADRATURE)
def test_quadrature(name: str, nagq: int) -> None:
    fit, lme4 = fitted(name, nAGQ=nagq), MODELS[name].r["nagq"][str(nagq)]
    assert criterion(fit) <= lme4["criterion"] + (5e-6 if name == "visits" else 1e-6)
    assert criterion(fit) == pytest.approx(lme4["criterion"], abs=1e-5)
    assert relative_error(beta(fit), lme4["beta"], standard_errors(fit)) < LOOSE
    np.testing.assert_allclose(fit.theta, lme4["theta"], rtol=LOOSE)
    assert fit.engine.certificate["holds"]


@pytest.mark.parametrize("name", ZERO)
def test_no_quadrature(name: str) -> None:
    """beta at the joint mode: another estimator, whose likelihood cannot be above that of the maximum."""
    fit, zero = fitted(name, nAGQ=0), MODELS[name].r["zero"]
    assert criterion(fit) <= zero["criterion"] + 1e-6
    assert criterion(fit) >= criterion(fitted(name)) - 1e-9
    assert relative_error(beta(fit), zero["beta"], standard_errors(fit)) < LOOSE
    np.testing.assert_allclose(fit.theta, zero["theta"], rtol=5 * LOOSE)


# ---- numbers that one knows ------------------------------------------------------------------------------------


def test_cbpp() -> None:
    assert fitted("cbpp").loglik == pytest.approx(-92.0263, abs=5e-5)
    assert fitted("cbpp_proportion").loglik == pytest.approx(fitted("cbpp").loglik, abs=1e-9)
    # The constant is kept, so that it can be compared with Laplace's and with that of glm().
    assert fitted("cbpp", nAGQ=9).loglik == pytest.approx(-91.98, abs=5e-3)
    np.testing.assert_allclose(standard_errors(fitted("cbpp")), [0.2325, 0.3066, 0.3266, 0.4274], atol=6e-5)


def test_sites_by_glmer_nb() -> None:
    model = MODELS["sites"]
    fit = mm.glmer_nb(model.formula, data_of(model))
    assert fit.loglik == pytest.approx(-307.8764, abs=5e-5)
    assert criterion(fit) == pytest.approx(criterion(fitted("sites")), abs=1e-8)
    np.testing.assert_allclose(beta(fit), [0.3413, 0.1103], atol=5e-5)
    np.testing.assert_allclose(standard_errors(fit), [0.3217, 0.0470], atol=6e-5)
    assert_covariances(fit, covariances("sites", model.plain["theta"]), 2 * TIGHT)
    assert np.exp(fit._fit.psi[0]) == pytest.approx(5.12, abs=5e-3)
