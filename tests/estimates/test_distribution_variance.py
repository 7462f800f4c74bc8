"""Variances of distributions on the scale of the link: against integrals, draws and each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixedmodels.estimates import distribution_variance as distributions
from mixedmodels.families import Binomial, Gamma, NegativeBinomial, Poisson


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "loglog"])
def test_latent_variances_are_those_of_the_links(link: str) -> None:
    """Of the distribution whose distribution function is the inverse link, by integration."""
    family = Binomial(link=link)
    eta = np.linspace(-40, 40, 400_001)
    density = np.asarray(family.mean_derivative(eta))
    step = eta[1] - eta[0]
    mean = (eta * density).sum() * step
    variance = ((eta - mean) ** 2 * density).sum() * step
    assert distributions.variance_at(family, "theoretical", 0.5, ()) == pytest.approx(variance, rel=1e-5)


@given(mu=st.floats(0.05, 50.0), shape=st.floats(0.2, 20.0))
def test_approximations_are_near_each_other_where_the_mean_is_large(mu: float, shape: float) -> None:
    for family, psi, ratio in (
        (Poisson(), (), 1 / mu),
        (NegativeBinomial(), (np.log(shape),), 1 / mu + 1 / shape),
        (Gamma(link="log"), (np.log(shape),), 1 / shape),
    ):
        found = {a: distributions.variance_at(family, a, mu, psi) for a in distributions.approximations(family)}
        assert found["delta"] == pytest.approx(ratio, rel=1e-9)
        assert found["lognormal"] == pytest.approx(np.log1p(ratio), rel=1e-9)
        assert found["lognormal"] < found["delta"] < found["trigamma"]


@pytest.mark.parametrize("family", [Poisson(), Binomial(), Binomial(link="probit"), Binomial(link="cloglog")])
def test_marginal_means_are_those_of_draws(family: Any) -> None:
    rng = np.random.default_rng(1)
    eta = np.array([0.3, -0.2, 0.3])
    draws = family.mean(eta[:, None] + 0.7 * rng.standard_normal((3, 200_000)))
    # Half a percent: the standard error of the mean of so many draws, three times.
    assert distributions.marginal_mean(family, eta, 0.49) == pytest.approx(float(draws.mean()), rel=5e-3)
    assert distributions.marginal_mean(family, eta, 0.0) == pytest.approx(float(np.mean(family.mean(eta))))


def test_sqrt_link_has_a_quarter_whatever_the_mean() -> None:
    family = Poisson(link="sqrt")
    assert not distributions.needs_mean(family, "delta", ())
    assert distributions.variance_at(family, "delta", 3.0, ()) == pytest.approx(0.25)
    # A negative predictor has no mean with this link, so that none is taken over normal effects.
    assert distributions.mean_of(family, None) == "observed"
