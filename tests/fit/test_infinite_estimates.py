"""Estimates that run to infinity without separation, and starts that lie in the domain of the link."""

from __future__ import annotations

import gzip
import json
from typing import Any

import numpy as np
import pytest
from tests.support.glm_reference import REFERENCE

import mixedmodels as mm
from mixedmodels import FitError, SingularFitWarning
from mixedmodels.fit.generalized_linear import infinite, irls

HEAVY = json.loads(gzip.decompress(REFERENCE.with_name("heavy_tails.json.gz").read_bytes()))


@pytest.fixture(scope="module")
def beyond() -> dict[str, Any]:
    """A response around 0, as a link to proportions or positive means has none."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=60)
    return {"x": x, "g": np.repeat(np.arange(10), 6), "y": 1.5 * rng.normal(size=60) + 0.3 * x}


def test_heavy_tails_are_fitted_at_no_higher_deviance_than_rs() -> None:
    """R's own estimates are at infinity for most of these tables, with converged TRUE (deviances to 1e30 and more)."""
    same = 0
    for case in HEAVY:
        table = {"x": np.array(case["x"]), "y": np.array(case["y"])}
        fit = mm.glm("y ~ x", table, "inverse_gaussian(log)")  # a warning would be an error
        assert np.asarray(fit.fitted()).min() < table["y"].max()
        assert fit.deviance <= case["deviance"] * (1 + 1e-7)
        same += abs(fit.deviance - case["deviance"]) <= 1e-7 * case["deviance"]
    assert same >= 15


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog", "loglog", "cauchit", "1/mu^2"])
@pytest.mark.parametrize("formula", ["y ~ x", "y ~ x + (1 | g)"])
def test_no_estimate_at_infinity_is_reported(beyond: dict[str, Any], link: str, formula: str) -> None:
    fit = mm.glmer if "|" in formula else mm.glm
    with pytest.raises(FitError) as caught:
        fit(formula, beyond, f"gaussian({link})")
    if (link, formula) != ("loglog", "y ~ x + (1 | g)"):  # whose start has no information at all
        text = str(caught.value)
        assert f"has no finite estimate as gaussian ({link})" in text
        assert "(Intercept) (at " in text
        assert "cannot find valid starting values" in text


def test_an_estimate_that_is_finite_is_found_beyond_the_domain_too(beyond: dict[str, Any]) -> None:
    """R with start = c(0.1, 0): coefficients -60.30805 and 28.79149, deviance 89.58967."""
    fit = mm.glm("y ~ x", beyond, "gaussian(log)")
    assert fit.deviance == pytest.approx(89.58967, rel=1e-7)
    assert list(fit.fixef().values()) == pytest.approx([-60.30805, 28.79149], rel=1e-5)
    with pytest.warns(SingularFitWarning):
        mixed = mm.glmer("y ~ x + (1 | g)", beyond, "gaussian(log)")
    assert mixed.converged
    assert list(mixed.fixef().values()) == pytest.approx(list(fit.fixef().values()), rel=1e-3)


def test_a_search_that_goes_to_infinity_starts_again(beyond: dict[str, Any]) -> None:
    fit = mm.glm("y ~ x", beyond, "gaussian(inverse)")
    assert fit.converged
    assert np.abs(list(fit.fixef().values())).max() < 10
    with pytest.warns(SingularFitWarning):
        mixed = mm.glmer("y ~ x + (1 | g)", beyond, "gaussian(inverse)")
    assert mixed.converged
    assert list(mixed.fixef().values()) == pytest.approx(list(fit.fixef().values()), rel=1e-4)


def test_a_group_without_a_mean_is_named() -> None:
    rng = np.random.default_rng(3)
    g = np.repeat(["a", "b", "c"], 20)
    y = 2 + 0.3 * rng.normal(size=60)
    y[20:40] -= 2.5
    with pytest.raises(FitError, match=r"on the way of gb \(at -.*to infinity.*link reaches 1\d values of 'y'"):
        mm.glm("y ~ g", {"y": y, "g": g}, "gaussian(log)")


def test_small_means_are_no_infinite_estimates() -> None:
    """Little information alone is no divergence: a mean 1000 times smaller than the others has an estimate."""
    rng = np.random.default_rng(5)
    g = np.repeat(["a", "b"], 20)
    y = np.where(g == "a", 5000.0, 5.0) + 0.5 * rng.normal(size=40)
    fit = mm.glm("y ~ g", {"y": y, "g": g}, "gaussian(log)")
    assert np.exp(sum(fit.fixef().values())) == pytest.approx(y[20:].mean(), rel=1e-6)


def test_a_direction_is_told_by_what_going_on_costs() -> None:
    x = np.column_stack([np.ones(4), [0.0, 0.0, 1.0, 1.0]])
    family = mm.families.resolve("gaussian(log)")
    y = np.array([1.0, 1.2, -1.0, -1.1])
    problem = irls.Problem(x=x, y=y, weights=np.ones(4), offset=np.zeros(4), family=family)
    beta = np.array([np.log(1.1), -12.0])
    eta = x @ beta
    root = problem.root(problem.working(eta)[0])

    def away(cost: bool) -> Any:
        return infinite.direction(problem, eta, beta, root, irls.flat_predictor(problem), lambda step: cost)

    assert away(True) is None
    direction = away(False)
    assert abs(direction[0]) < 1e-8 * abs(direction[1])
