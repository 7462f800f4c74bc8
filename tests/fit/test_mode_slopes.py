"""Derivatives of coefficients and modes against differences of what the engine finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support.crossed_table import FORMULAS, crossed

import mixedmodels as mm
from mixedmodels.fit.henderson import Henderson
from mixedmodels.fit.mode_slopes import mode_slopes

pytestmark = pytest.mark.filterwarnings("ignore::mixedmodels.errors.MixedModelsWarning")
STEP = 1e-4  # the error of central differences is of the order of its square
TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}


def differences(at: Any, parameters: np.ndarray) -> list[np.ndarray]:
    """Central differences of a list of arrays, parameters last."""
    out: list[list[np.ndarray]] = []
    for j in range(len(parameters)):
        step = np.zeros(len(parameters))
        step[j] = STEP
        up, down = at(parameters + step), at(parameters - step)
        out.append([(a - b) / (2 * STEP) for a, b in zip(up, down, strict=True)])
    return [np.stack(parts, axis=-1) for parts in zip(*out, strict=True)]


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("name", ["one factor", "two terms of a factor", "nested", "all"])
def test_linear_models(name: str, sparse: bool) -> None:
    model = mm.lmer(FORMULAS[name], crossed(), weights="w")
    weights = model._working_weights()
    equations = Henderson(model.design, model._fit, weights, form="sparse" if sparse else None)
    slopes = mode_slopes(model.design, model._fit, weights, equations)

    def at(theta: np.ndarray) -> list[np.ndarray]:
        found = model._engine.at(theta)
        return [*found["b"], found["beta"]]

    *b, beta = differences(at, model.theta)
    for got, expected in zip(slopes.b, b, strict=True):
        np.testing.assert_allclose(got, expected, **TOLERANCE)
    np.testing.assert_allclose(slopes.beta, beta, **TOLERANCE)


@pytest.mark.parametrize(("family", "random"), [("poisson", "(x | a) + (1 | b)"), ("negative_binomial", "(1 | a)")])
def test_generalised_models(family: str, random: str) -> None:
    model = mm.glmer(f"z ~ x + {random}", crossed(), family=family)
    fit, weights = model._fit, model._working_weights()
    slopes = mode_slopes(model.design, fit, weights, Henderson(model.design, fit, weights, known_beta=True))
    cuts = np.cumsum([len(fit.theta), len(fit.beta)])

    def at(parameters: np.ndarray) -> list[np.ndarray]:
        return list(model._engine.at(*np.split(parameters, cuts))["b"])

    b = differences(at, np.concatenate([fit.theta, fit.beta, fit.psi]))
    for got, expected in zip(slopes.b, b, strict=True):
        np.testing.assert_allclose(got, expected, **TOLERANCE)
