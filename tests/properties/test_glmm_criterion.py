"""The criterion of generalised mixed models and its derivatives beside the dense twin, and beside the likelihood."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support.glmm_cases import EACH, ONE_FACTOR, TABLE, Case, criterion, fit, fitted, near, table, twin


@pytest.mark.parametrize("definition", ["observed", "fisher"])
@EACH
def test_criterion_and_gradient_away_from_the_optimum(case: Case, definition: Any) -> None:
    model = fitted(case, laplace=definition)
    at = near(model)
    slow = twin(case)
    assert model.objective(*at) == pytest.approx(slow.laplace(*at, definition), abs=1e-7)
    cuts = np.cumsum([len(part) for part in at])[:-1]
    theirs = slow.gradient(lambda v: slow.laplace(*np.split(v, cuts), definition), np.concatenate(at))
    ours = np.asarray(model.objective.gradient(*at))
    assert np.abs(ours).max() > 1, "the point is no test of a gradient"
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6 * np.abs(theirs).max())


@EACH
def test_gradient_is_the_derivative_of_our_own_criterion(case: Case) -> None:
    model = fitted(case)
    at = near(model, seed=6)
    cuts = np.cumsum([len(part) for part in at])[:-1]
    slow = twin(case)
    theirs = slow.gradient(lambda v: model.objective(*np.split(v, cuts)), np.concatenate(at))
    np.testing.assert_allclose(model.objective.gradient(*at), theirs, rtol=1e-6, atol=1e-6 * np.abs(theirs).max())


@EACH
def test_covariance_is_twice_the_inverse_of_the_hessian(case: Case) -> None:
    """The full Hessian, theta and shapes included, from differences of the gradient."""
    at = fitted(case)._fit
    hessian = fitted(case).objective.hessian(at.theta, at.beta, at.psi)
    size = np.sqrt(np.diag(at.vcov_joint))
    np.testing.assert_allclose(
        2 * np.linalg.inv(hessian) / np.outer(size, size), at.vcov_joint / np.outer(size, size), atol=1e-5
    )
    m, p = len(at.theta), len(at.beta)
    np.testing.assert_allclose(np.asarray(fitted(case).vcov()), at.vcov_joint[m : m + p, m : m + p], rtol=1e-9)


@pytest.mark.parametrize("nagq", [2, 5])
@pytest.mark.parametrize("case", [*ONE_FACTOR, Case("c", "Poisson", "log", "(x || g)")], ids=str)
@pytest.mark.filterwarnings("ignore:.*'\\|\\|' splits terms")
def test_quadrature_away_from_the_optimum(case: Case, nagq: int) -> None:
    model = fitted(case, nAGQ=nagq)
    at = near(model, 0.05)
    slow = twin(case)
    cuts = np.cumsum([len(part) for part in at])[:-1]
    assert model.objective(*at) == pytest.approx(slow.quadrature(*at, nagq), abs=1e-7)
    ours = np.asarray(model.objective.gradient(*at))
    theirs = slow.gradient(lambda v: slow.quadrature(*np.split(v, cuts), nagq), np.concatenate(at))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6 * np.abs(theirs).max())


@pytest.mark.parametrize("case", ONE_FACTOR, ids=str)
def test_one_point_of_quadrature_is_laplace(case: Case) -> None:
    at = near(fitted(case))
    assert twin(case).quadrature(*at, 1) == pytest.approx(fitted(case).objective(*at), abs=1e-7)


SMOOTH = [
    Case("cbind(s, t - s)", "Binomial", "probit"),
    Case("c", "Poisson", "log"),
    Case("n", "NegativeBinomial", "log"),
    Case("p", "Gamma", "log"),
]


@pytest.mark.parametrize("case", SMOOTH, ids=str)
def test_many_points_of_quadrature_give_the_likelihood_itself(case: Case) -> None:
    model = fitted(case, nAGQ=25)
    at = model._fit
    exact = twin(case).marginal(at.theta, at.beta, at.psi, points=251)
    assert criterion(model) == pytest.approx(exact, abs=1e-6)
    assert abs(fitted(case).objective(at.theta, at.beta, at.psi) - exact) > 1e-5  # Laplace's is another number


@pytest.mark.filterwarnings("ignore::mixedmodels.SingularFitWarning")
def test_many_points_of_quadrature_in_two_dimensions() -> None:
    case, few = Case("b", "Binomial", "logit", "(x | g)", "x"), table(3, 120, 8)
    model = fit(case, few, nAGQ=25)
    at = model._fit
    assert criterion(model) == pytest.approx(twin(case, few).marginal(at.theta, at.beta, points=141), abs=1e-6)


def test_quadrature_does_not_depend_on_where_a_predictor_is_zero() -> None:
    case = Case("c", "Poisson", "log", "(x | g)", "x")
    moved = TABLE.assign(x=TABLE["x"] + 3)
    assert criterion(fit(case, moved, nAGQ=3)) == pytest.approx(criterion(fit(case, nAGQ=3)), abs=1e-7)
