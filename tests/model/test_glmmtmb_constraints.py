"""REML, priors, held and tied parameters of `mm.glmmTMB`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support import glmmtmb_reference as theirs
from tests.support.glmmtmb_models import ARGUMENTS, family_of

import mixedmodels as mm
from mixedmodels.errors import DataError

REFERENCE = theirs.reference()
# What `models.json` says by TMB's blocks, by our names: a held standard deviation is that of theta's logarithm.
HELD = {
    "map_sd": {"g.(Intercept)": float(np.exp(-0.693147180559945))},
    "map_fixed": {"x": 0.3},
    "map_tied": {"g.(Intercept)": "same", "h.(Intercept)": "same"},
    "map_zi": {"zi~(Intercept)": -1.0},
}


def _fit(name: str, **more: Any) -> Any:
    model = REFERENCE[name]
    arguments = {argument: model[argument] for argument in ARGUMENTS if argument in model}
    return mm.glmmTMB(model["formula"], theirs.data_of(model), family_of(model), **arguments, **more)


@pytest.mark.parametrize("name", [name for name, model in REFERENCE.items() if "REML" in model])
def test_restricted_likelihoods_are_glmmtmbs(name: str) -> None:
    model, fit = REFERENCE[name], _fit(name, REML=True)
    assert fit._fit.criterion == pytest.approx(model["criterion"], abs=1e-6)
    assert fit.npar == model["df"]
    assert fit.aic == pytest.approx(model["AIC"], abs=1e-6)
    assert list(fit.fixef().values()) == pytest.approx(list(model["fixef"]["cond"].values()), rel=1e-3)
    errors = theirs.block(model, "beta", "se")
    assert np.sqrt(np.diag(np.asarray(fit.vcov()))) == pytest.approx(errors, rel=2e-3)


def test_a_gaussian_model_has_the_restricted_likelihood_of_lmer() -> None:
    sleep = mm.datasets.load("sleepstudy")
    linear = mm.lmer("Reaction ~ Days + (Days | Subject)", sleep)
    fit = mm.glmmTMB("Reaction ~ Days + (Days | Subject)", sleep, REML=True)
    assert fit.loglik == pytest.approx(linear.loglik, abs=1e-7)
    assert fit.sigma == pytest.approx(linear.sigma, rel=1e-5)
    assert np.asarray(fit.vcov()) == pytest.approx(np.asarray(linear.vcov()), rel=1e-4)


@pytest.mark.parametrize("name", HELD)
def test_held_and_tied_parameters_are_glmmtmbs(name: str) -> None:
    model, fit = REFERENCE[name], _fit(name, map=HELD[name])
    assert fit._fit.criterion == pytest.approx(model["criterion"], abs=1e-6)
    assert (fit.npar, fit.aic) == (model["df"], pytest.approx(model["AIC"], abs=1e-6))
    assert list(fit.fixef().values()) == pytest.approx(list(model["fixef"]["cond"].values()), rel=1e-3, abs=1e-5)


def test_what_is_held_has_no_standard_error() -> None:
    fit = _fit("map_fixed", map={"x": 0.3})
    errors = fit.tidy().set_index("term")["std_error"]
    assert fit.fixef()["x"] == pytest.approx(0.3)
    assert np.isnan(errors["x"])
    assert errors.drop("x").notna().all()


def _small() -> Any:
    rng = np.random.default_rng(5)
    x, g = rng.normal(size=60), np.repeat(np.arange(12), 5)
    y = rng.poisson(np.exp(0.3 + 0.4 * x + rng.normal(size=12)[g] * 0.5))
    return {"x": x, "g": g, "y": y}


def test_a_prior_gives_the_maximum_of_likelihood_and_prior() -> None:
    from scipy.optimize import minimize
    from scipy.stats import gamma, norm

    plain = mm.glmmTMB("y ~ x + (1 | g)", _small(), "poisson")
    priors = [
        {"prior": "normal(0, 0.1)", "class": "fixef", "coef": "x"},
        {"prior": "gamma(1, 2.5)", "class": "ranef_sd", "coef": "g"},
    ]
    fit = mm.glmmTMB("y ~ x + (1 | g)", _small(), "poisson", priors=priors)

    def penalised(at: np.ndarray) -> float:
        sd = float(np.exp(at[0]))
        prior = norm.logpdf(at[2], 0, 0.1) + gamma.logpdf(sd, 2.5, scale=1 / 2.5)
        return float(plain.objective([sd], at[1:]) - 2 * prior)

    best = minimize(penalised, [-0.5, 0.3, 0.2], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})
    assert [np.log(fit.theta[0]), *fit.fixef().values()] == pytest.approx(best.x, abs=1e-4)
    assert fit.loglik == pytest.approx(-plain.objective(fit.theta, list(fit.fixef().values())) / 2, abs=1e-8)
    assert abs(fit.fixef()["x"]) < abs(plain.fixef()["x"])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"map": {"z": 0.0}}, "no parameter 'z'"),
        ({"map": {"x": "alone"}}, "once"),
        ({"map": {"x": None}}, "held"),
        ({"priors": [{"prior": "normal(0)", "class": "fixef"}]}, "normal"),
        ({"priors": [{"prior": "normal(0, 1)", "class": "slopes"}]}, "class"),
        ({"priors": [{"prior": "normal(0, 1)", "class": "fixef", "coef": "z"}]}, "no parameter"),
        ({"priors": [{"prior": "normal(0, 1)", "class": "fixef_zi"}]}, "no parameter"),
        ({"priors": [{"prior": "lkj(2)", "class": "fixef"}]}, "correlations"),
        ({"priors": "normal(0, 1)"}, "rows"),
    ],
)
def test_what_matches_nothing_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        mm.glmmTMB("y ~ x + (1 | g)", _small(), "poisson", **wrong)
