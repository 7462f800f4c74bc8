"""Profiles of parameters that are infinite, or as good as that: they end, with one finite limit."""

from __future__ import annotations

import math
import time
import warnings

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels import MixedModelsWarning, SeparationWarning


@pytest.fixture(scope="module")
def counts() -> mm.GeneralizedMixedModel:
    """Counts that vary no more than Poisson's."""
    rng = np.random.default_rng(104)
    cells = [(a, g) for _ in range(12) for g in range(6) for a in (1, 2, 3)]
    table = pd.DataFrame(cells, columns=["a", "g"])
    table["y"] = rng.binomial(10, table["a"] / 10)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = mm.glmer_nb("y ~ a + (1 | g)", table)
    texts = [str(w.message) for w in caught if w.category is MixedModelsWarning]
    assert len(texts) == 1
    assert texts[0].startswith("theta of 'y ~ a + (1 | g)' is infinite: the counts 'y' hardly vary more")
    return fit


def test_the_profile_of_an_infinite_theta_ends(counts: mm.GeneralizedMixedModel) -> None:
    began = time.process_time()
    lower, upper = counts.confint(parm=["theta"]).to_frame().iloc[0, -2:]
    assert time.process_time() - began < 20
    assert 0 < lower < 1e6
    assert upper == math.inf


def test_a_separated_coefficient_has_one_finite_limit() -> None:
    rng = np.random.default_rng(2)
    table = pd.DataFrame({"g": np.repeat(np.arange(12), 10), "x": np.tile([0, 0, 0, 0, 0, 0, 0, 0, 1, 1], 12)})
    eta = 0.5 * rng.normal(size=12)[table["g"]]
    table["y"] = np.where(table["x"] == 1, 1, rng.random(120) < 1 / (1 + np.exp(-eta)))
    with pytest.warns(SeparationWarning, match="x"):
        fit = mm.glmer("y ~ x + (1 | g)", table, "binomial")
    lower, upper = fit.confint(parm=["x"]).to_frame().iloc[0, -2:]
    assert upper == math.inf
    assert 0 < lower < 5
    # The lower limit by its definition: the deviance with the coefficient held there, by an offset, is higher by 3.84.
    held = mm.glmer("y ~ 1 + (1 | g)", table, "binomial", offset=lower * table["x"].to_numpy(float))
    assert 2 * (fit.loglik - held.loglik) == pytest.approx(3.841459, abs=1e-3)
