"""Adaptive quadrature with up to 100 points, lme4's limit, beside lme4."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.support.places import REFERENCE

import mixedmodels as mm

FOLDER = REFERENCE / "glmm"


@lru_cache
def reference() -> dict[str, Any]:
    return dict(json.loads((FOLDER / "many_points.json").read_text()))


@pytest.mark.parametrize("points", [25, 26, 60, 100])
@pytest.mark.parametrize("case", ["cbpp", "binary"])
def test_many_points_agree_with_lme4(case: str, points: int) -> None:
    if case == "cbpp":
        formula, data = "cbind(incidence, size - incidence) ~ period + (1 | herd)", mm.datasets.load("cbpp")
    else:
        formula, data = "y ~ x + (1 | g)", pd.read_csv(FOLDER / "many_points.csv")
    fit = mm.glmer(formula, data, "binomial", nAGQ=points)
    expected = reference()[case][str(points)]
    assert fit.converged
    assert fit.loglik == pytest.approx(expected["loglik"], abs=1e-8)
    # lme4 has no derivatives: its estimates are within 1e-6 of the optimum
    np.testing.assert_allclose(list(fit.fixef().values()), expected["beta"], atol=1e-6)
    np.testing.assert_allclose(fit.theta, expected["theta"], atol=1e-6)


def test_the_limit_is_lme4s() -> None:
    with pytest.raises(mm.FitError, match=r"nAGQ is 101.*2 to 100"):
        mm.glmer("incidence / size ~ 1 + (1 | herd)", mm.datasets.load("cbpp"), "binomial", weights="size", nAGQ=101)
