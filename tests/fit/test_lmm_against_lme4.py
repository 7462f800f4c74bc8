"""Linear mixed models beside lme4's tightened fits: never a worse optimum, the same estimates where they are unique."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.lmm_reference import criterion, fitted, models, relative_error

MODELS = models()
INTERIOR = [name for name, model in MODELS.items() if model.interior]
BOUNDARY = [name for name, model in MODELS.items() if model.lme4["singular"]]
WITH_MODES = [name for name, model in MODELS.items() if model.keep == "modes"]

# Interior optima of lme4 were polished by Newton steps and are right to about 1e-8; what is left of 1e-5 is ours.
TIGHT = 1e-5
# On the boundary lme4's optimisers feel their way along a face without derivatives: its own estimates scatter by this.
LOOSE = 2e-4


def unique(names: list[str]) -> list[str]:
    """A name that comes again gets .1, .2 ... as in R, whose VarCorr then has a dot for every colon."""
    if len(set(names)) < len(names):
        names = [name.replace(":", ".") for name in names]
    return [name + (f".{names[:i].count(name)}" if name in names[:i] else "") for i, name in enumerate(names)]


def test_the_models_are_as_many_and_as_varied_as_promised() -> None:
    theta = [len(model.lme4["theta"]) for model in MODELS.values()]
    terms = [len(model.lme4["terms"]) for model in MODELS.values()]
    assert len(MODELS) >= 45
    assert max(theta) == 20
    assert set(terms) >= {1, 2, 3, 4, 5}
    assert len(BOUNDARY) >= 10
    assert {model.REML for model in MODELS.values()} == {True, False}


@pytest.mark.parametrize("name", MODELS)
def test_criterion_is_never_above_lme4s(name: str) -> None:
    model = MODELS[name]
    assert criterion(fitted(name), model.REML) <= model.lme4["criterion"] + 1e-6


@pytest.mark.parametrize("name", [n for n, m in MODELS.items() if m.interior])
def test_criterion_is_lme4s_where_the_optimum_is_interior(name: str) -> None:
    """A criterion far *below* would mean that it is another function."""
    model = MODELS[name]
    assert criterion(fitted(name), model.REML) == pytest.approx(model.lme4["criterion"], abs=1e-5, rel=1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_certificate_holds(name: str) -> None:
    fit = fitted(name)
    assert fit.converged
    assert fit.engine.certificate["holds"]


SINGULAR_BY_UNIT = ("large_covariate",)


@pytest.mark.parametrize("name", MODELS)
def test_evaluations_stay_within_the_promise(name: str) -> None:
    fit = fitted(name)
    assert fit.engine.evaluations <= (12 if len(MODELS[name].lme4["theta"]) <= 6 else 25)


@pytest.mark.parametrize("name", MODELS)
def test_names_and_counts(name: str) -> None:
    fit, lme4 = fitted(name), MODELS[name].lme4
    assert list(dict(fit.fixef())) == lme4["coefficients"]
    assert list(fit.VarCorr()) == unique(lme4["groups"])
    assert dict(fit.ngroups) == lme4["levels"]
    assert list(fit.ngroups) == list(lme4["levels"])
    assert (fit.nobs, fit.df_resid, fit.theta.size) == (lme4["nobs"], lme4["df_resid"], len(lme4["theta"]))
    # lme4 looks at theta, which the unit of a slope makes small; here a column is standardised before.
    assert fit.is_singular == (lme4["singular"] and name not in SINGULAR_BY_UNIT)


@pytest.mark.parametrize("name", INTERIOR)
def test_estimates_and_standard_errors(name: str) -> None:
    fit, lme4 = fitted(name), MODELS[name].lme4
    errors = np.sqrt(np.diag(np.atleast_2d(lme4["vcov"])))
    beta = np.array(list(dict(fit.fixef()).values()))
    # An estimate near zero has no relative accuracy of its own; its standard error is the scale then.
    assert relative_error(beta, lme4["beta"], np.maximum(np.abs(lme4["beta"]), errors)) < TIGHT
    assert relative_error(np.sqrt(np.diag(fit.vcov())), errors, errors) < TIGHT
    assert relative_error(fit.vcov(), np.atleast_2d(lme4["vcov"]), np.outer(errors, errors)) < TIGHT
    assert fit.sigma == pytest.approx(lme4["sigma"], rel=TIGHT)


@pytest.mark.parametrize("name", INTERIOR)
def test_covariance_parameters(name: str) -> None:
    fit, model = fitted(name), MODELS[name]
    for ours, theirs in zip(fit.VarCorr().values(), model.lme4["varcorr"], strict=True):
        deviations = np.sqrt(np.diag(theirs))
        assert relative_error(ours, theirs, np.outer(deviations, deviations)) < TIGHT
    # Sign-free columns are rectified, so that theta itself is lme4's, column-major.
    theta = np.abs(model.lme4["theta"])
    assert relative_error(fit.theta, model.lme4["theta"], np.maximum(theta, 1e-2 * theta.max())) < TIGHT


@pytest.mark.parametrize("name", BOUNDARY)
def test_estimates_on_the_boundary(name: str) -> None:
    fit, model = fitted(name), MODELS[name]
    lme4 = model.lme4
    if criterion(fit, model.REML) < lme4["criterion"] - 1e-5:
        pytest.skip("ours is a better optimum than lme4's, so that estimates differ")
    errors = np.sqrt(np.diag(np.atleast_2d(lme4["vcov"])))
    beta = np.array(list(dict(fit.fixef()).values()))
    assert relative_error(beta, lme4["beta"], np.maximum(np.abs(lme4["beta"]), errors)) < LOOSE
    assert relative_error(np.sqrt(np.diag(fit.vcov())), errors, errors) < LOOSE
    assert fit.sigma == pytest.approx(lme4["sigma"], rel=LOOSE)
    if not model.flat:
        for ours, theirs in zip(fit.VarCorr().values(), lme4["varcorr"], strict=True):
            scale = np.max(np.diag(theirs), initial=0.0) + 1e-3 * lme4["sigma"] ** 2
            assert relative_error(ours, theirs, scale) < 10 * LOOSE


@pytest.mark.parametrize("name", MODELS)
def test_information_criteria(name: str) -> None:
    fit, lme4 = fitted(name), MODELS[name].lme4
    better = lme4["criterion"] - criterion(fit, MODELS[name].REML)  # allowed, and then it shows in all of them
    assert fit.loglik == pytest.approx(lme4["loglik"] + better / 2, abs=1e-6, rel=1e-10)
    assert fit.aic == pytest.approx(lme4["aic"] - better, abs=1e-6, rel=1e-10)
    assert fit.bic == pytest.approx(lme4["bic"] - better, abs=1e-6, rel=1e-10)


@pytest.mark.parametrize("name", INTERIOR)
def test_fitted_values_and_residuals(name: str) -> None:
    fit, lme4 = fitted(name), MODELS[name].lme4
    ours = np.asarray(fit.fitted(), float)[: len(lme4["fitted"])]
    rest = np.asarray(fit.residuals(), float)[: len(lme4["residuals"])]
    assert relative_error(ours, lme4["fitted"], lme4["sigma"]) < TIGHT
    assert relative_error(rest, lme4["residuals"], lme4["sigma"]) < TIGHT


@pytest.mark.parametrize("name", [n for n in WITH_MODES if n in INTERIOR])
def test_conditional_modes(name: str) -> None:
    fit, lme4 = fitted(name), MODELS[name].lme4
    modes = fit.ranef()
    assert list(modes) == list(lme4["modes"])
    for group, theirs in lme4["modes"].items():
        ours, values = modes[group], np.asarray(theirs["values"])
        assert [str(level) for level in ours.index] == theirs["levels"]
        assert list(ours.columns) == theirs["effects"]
        assert relative_error(ours, values, np.abs(values).max(axis=0)) < 2 * TIGHT


@pytest.mark.parametrize("name", [n for n in WITH_MODES if n in INTERIOR])
def test_conditional_variances(name: str) -> None:
    """Where a factor has several terms lme4 gives a block per term; they lie on the diagonal of our joint ones."""
    fit, lme4 = fitted(name), MODELS[name].lme4
    blocks = fit.ranef(cond_var=True).cond_var
    for group, parts in lme4["condvar"].items():
        ours, at = np.asarray(blocks[group]), 0
        for part in parts.values() if isinstance(parts, dict) else parts:
            theirs = np.asarray(part, float)
            theirs = theirs.reshape(len(ours), -1, 1) if theirs.ndim == 1 else theirs
            k = theirs.shape[-1]
            assert relative_error(ours[:, at : at + k, at : at + k], theirs, np.abs(theirs).max()) < 2 * TIGHT
            at += k
        assert at == ours.shape[-1]
