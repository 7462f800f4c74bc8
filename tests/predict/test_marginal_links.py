"""Marginal predictions of links with a closed form: means, their standard errors, and the bootstrap's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

import mixedmodels as mm

NEW = pd.DataFrame({"x": [-1.0, 0.0, 1.5]})


def _table(seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    g, x = np.repeat(np.arange(30), 12), rng.normal(size=360)
    eta = 0.4 * x + 0.7 * rng.normal(size=30)[g]
    return pd.DataFrame(
        {"g": g, "x": x, "count": rng.poisson((4 + eta) ** 2), "yes": (rng.normal(size=360) < eta).astype(int)}
    )


MODELS = {
    "sqrt": ("count ~ x + (1 | g)", "poisson(sqrt)", lambda eta: eta**2),
    "probit": ("yes ~ x + (1 | g)", "binomial(probit)", stats.norm.cdf),
    "log": ("count ~ x + (1 | g)", "poisson(log)", np.exp),
    "logit": ("yes ~ x + (1 | g)", "binomial(logit)", lambda eta: 1 / (1 + np.exp(-eta))),
}


def _fit(link: str) -> Any:
    formula, family, _ = MODELS[link]
    return mm.glmer(formula, _table(), family=family)


def _mean(link: str, parameters: np.ndarray[Any, Any], x: float) -> float:
    """E h(eta + theta z) by quadrature, whatever the closed form."""
    theta, *beta = parameters
    eta, inverse = beta[0] + beta[1] * x, MODELS[link][2]
    value, _ = integrate.quad(lambda z: inverse(eta + theta * z) * stats.norm.pdf(z), -10, 10, epsabs=1e-12, limit=200)
    return float(value)


@pytest.mark.parametrize("link", MODELS)
def test_means_and_standard_errors_are_those_of_the_integral(link: str) -> None:
    """The delta method over beta and the variance, with differences of the integral and the joint covariance."""
    fit = _fit(link)
    parameters = np.r_[fit.theta, np.asarray(fit.fixef())]
    got = fit.predict(NEW, kind="marginal", type="response", se_fit=True)
    covariance = np.asarray(fit._fit.vcov_joint)[:3, :3]
    by_theta = []
    for i, x in enumerate(NEW["x"]):
        assert got["fit"].iloc[i] == pytest.approx(_mean(link, parameters, x), abs=1e-9)
        steps = 1e-5 * np.eye(3)
        slope = [(_mean(link, parameters + s, x) - _mean(link, parameters - s, x)) / 2e-5 for s in steps]
        both, known = (float(np.sqrt(s @ covariance @ s)) for s in (np.array(slope), np.array([0.0, *slope[1:]])))
        assert got["se_fit"].iloc[i] == pytest.approx(both, rel=1e-4)
        by_theta.append(abs(both / known - 1))
    assert max(by_theta) > 1e-3  # what is not known of the variance is in them


@pytest.mark.parametrize("link", ["sqrt", "probit"])
def test_the_bootstrap_has_the_same_means_and_errors(link: str) -> None:
    """Standard errors of 200 replicates have a relative error of five per cent; the seed decides all of it."""
    fit = _fit(link)
    how: dict[str, Any] = {"kind": "marginal", "type": "response", "se_fit": True, "interval": "confidence"}
    delta = fit.predict(NEW, **how)
    drawn = fit.predict(NEW, method="bootstrap", nsim=200, seed=9, progress=False, **how)
    np.testing.assert_allclose(drawn["fit"], delta["fit"], rtol=1e-12)
    np.testing.assert_allclose(drawn["se_fit"], delta["se_fit"], rtol=0.25)
    width = (delta["conf_high"] - delta["conf_low"]).to_numpy()
    for limit in ("conf_low", "conf_high"):
        assert np.max(np.abs(drawn[limit] - delta[limit]) / width) < 0.2
    conditional = fit.predict(NEW, method="bootstrap", nsim=200, seed=9, progress=False, **how | {"kind": "typical"})
    assert (np.abs(conditional["fit"] - drawn["fit"]) > 1e-3).any()


def test_the_bootstrap_of_a_linear_models_marginal_means() -> None:
    fit = mm.lmer("Reaction ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy"))
    new = pd.DataFrame({"Days": [0.0, 9.0]})
    how: dict[str, Any] = {"kind": "marginal", "se_fit": True}
    delta = fit.predict(new, **how)
    drawn = fit.predict(new, method="bootstrap", nsim=300, seed=2, progress=False, **how)
    np.testing.assert_allclose(drawn["fit"], delta["fit"], rtol=1e-12)
    np.testing.assert_allclose(drawn["se_fit"], delta["se_fit"], rtol=0.2)
