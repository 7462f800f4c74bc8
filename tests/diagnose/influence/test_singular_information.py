"""Leverage and deletion where the rows say nothing of some direction of the coefficients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import mixedmodels as mm
from mixedmodels.diagnose.influence.deletion import rows_deleted
from mixedmodels.diagnose.influence.leverage import leverage, whitened
from mixedmodels.diagnose.influence.linearised import Linearised
from mixedmodels.errors import FitError

RNG = np.random.default_rng(3)
N = 12


@pytest.fixture
def blind():
    """Weighted least squares whose third coefficient is of rows without weight only."""
    apart = np.arange(N) >= 9
    x = np.column_stack([np.ones(N), 1e6 * RNG.normal(size=N), apart])
    weights, residual = np.where(apart, 0.0, RNG.uniform(1, 3, N)), RNG.normal(size=N)
    return Linearised(
        x=x, weights=weights, residual=residual, response=residual, scale=1.0, df=None, beta=np.array([1.0, 2.0, 30.0])
    )


def test_leverage_is_of_the_projection_on_what_the_rows_determine(blind):
    root = np.sqrt(blind.weights)
    columns = root[:, None] * blind.x[:, :2]
    projection = columns @ np.linalg.pinv(columns)
    np.testing.assert_allclose(leverage(blind).total, np.diag(projection), atol=1e-12)


def test_deletion_moves_only_what_the_rows_determine(blind):
    without = replace(blind, x=blind.x[:, :2], beta=blind.beta[:2])
    whole, part = rows_deleted(blind), rows_deleted(without)
    np.testing.assert_allclose(whole.estimates[:, :2], part.estimates, rtol=1e-10)
    np.testing.assert_array_equal(whole.estimates[:, 2], 30.0)
    np.testing.assert_allclose(whole.cooks * 3, part.cooks * 2, rtol=1e-8)


def test_an_information_that_is_not_finite_is_refused(blind):
    with pytest.raises(FitError, match="not finite"):
        whitened(replace(blind, x=blind.x * 1e200))


def test_a_nearly_separated_glm_has_influences():
    data = {"y": [1, 0], "t": ["L0", "L1"], "z": [0.3, -0.7]}
    with pytest.warns(mm.MixedModelsWarning):
        fit = mm.glm("y ~ t + z", data, "binomial(log)")
    assert len(fit.cooks_distance()) == 2
    assert ((fit.hat_values() >= 0) & (fit.hat_values() <= 1)).all()
