"""A search that starts on the boundary of the covariances leaves it, and the certificate there does not hold."""

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm

SLEEP, HERDS = mm.datasets.load("sleepstudy"), mm.datasets.load("cbpp")


def _counts():
    rng = np.random.default_rng(8)
    g, x = np.repeat(np.arange(25), 12), rng.normal(size=300)
    effects = rng.normal(size=(25, 2)) * [0.6, 0.4]
    return pd.DataFrame({"g": g, "x": x, "y": rng.poisson(np.exp(0.5 + 0.3 * x + effects[g, 0] + effects[g, 1] * x))})


LINEAR = [
    ("Reaction ~ Days + (1 | Subject)", [[0.0]]),
    ("Reaction ~ Days + (Days | Subject)", [[0.0, 0.0, 0.0], [1.0, 0.2, 0.0], [0.0, 0.0, 0.3]]),
    ("Reaction ~ Days + (Days || Subject)", [[0.0, 0.0], [1.0, 0.0], [0.0, 0.3]]),
]


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize(("formula", "starts"), LINEAR)
def test_a_linear_model_arrives_from_the_boundary(formula, starts, reml):
    usual = mm.lmer(formula, SLEEP, REML=reml)
    assert np.abs(usual.theta).max() > 0.1
    for start in starts:
        fit = mm.lmer(formula, SLEEP, REML=reml, start=start)
        assert fit.converged
        assert fit._fit.criterion == pytest.approx(usual._fit.criterion, abs=1e-7)
        np.testing.assert_allclose(fit.theta, usual.theta, atol=1e-4)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize(("formula", "starts"), LINEAR)
def test_the_certificate_of_a_linear_model_does_not_hold_on_the_boundary(formula, starts, reml):
    fit = mm.lmer(formula, SLEEP, REML=reml)
    assert fit.engine.certificate["holds"]
    for start in starts:
        there = fit._engine.at(np.array(start))
        certificate = there["certificate"]
        assert there["criterion"] > fit._fit.criterion + 1
        assert certificate["escape_gain"] > 0.1
        assert min(certificate["min_score_eigenvalue"]) < 0
        assert not certificate["holds"]


def test_the_certificate_holds_where_the_boundary_is_the_optimum():
    """What distinguishes these points from the others is the sign of the score alone."""
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(12), 10)
    y = rng.normal(size=120)
    y -= np.repeat(y.reshape(12, 10).mean(axis=1), 10)
    with pytest.warns(mm.SingularFitWarning):
        fit = mm.lmer("y ~ 1 + (1 | g)", pd.DataFrame({"y": y, "g": g}))
    certificate = fit._engine.at(np.zeros(1))["certificate"]
    assert certificate["holds"]
    assert certificate["escape_gain"] == 0
    assert certificate["min_score_eigenvalue"][0] > 0


GENERALISED = [
    ("cbind(incidence, size - incidence) ~ period + (1 | herd)", "cbpp", "binomial", [[0.0]]),
    ("y ~ x + (x | g)", "counts", "poisson", [[0.0, 0.0, 0.0], [0.6, 0.1, 0.0], [0.0, 0.0, 0.4]]),
]


@pytest.mark.parametrize("options", [{}, {"laplace": "fisher"}, {"nAGQ": 5}])
@pytest.mark.parametrize(("formula", "table", "family", "starts"), GENERALISED)
def test_a_generalised_model_arrives_from_the_boundary(formula, table, family, starts, options):
    data = HERDS if table == "cbpp" else _counts()
    usual = mm.glmer(formula, data, family=family, **options)
    for start in starts:
        fit = mm.glmer(formula, data, family=family, start=start, **options)
        assert fit.converged
        assert fit._fit.criterion == pytest.approx(usual._fit.criterion, abs=1e-6)
        np.testing.assert_allclose(fit.theta, usual.theta, atol=1e-3)


@pytest.mark.parametrize(("formula", "table", "family", "starts"), GENERALISED)
def test_the_certificate_of_a_generalised_model_does_not_hold_on_the_boundary(formula, table, family, starts):
    data = HERDS if table == "cbpp" else _counts()
    fit = mm.glmer(formula, data, family=family)
    assert fit.engine.certificate["holds"]
    for start in starts:
        certificate = fit._engine.at(np.array(start), np.array(fit._fit.beta), np.empty(0))["certificate"]
        assert certificate["escape_gain"] > 0.01
        assert min(certificate["min_score_eigenvalue"]) < 0
        assert not certificate["holds"]
