"""Profiles of a theta that is infinite, or as good as that, end."""

from __future__ import annotations

import math
import time

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels import MixedModelsWarning, SingularFitWarning


def test_the_profile_of_a_theta_that_is_as_good_as_infinite_ends() -> None:
    rng = np.random.default_rng(101)
    cells = [(a, b, g) for _ in range(15) for g in range(9) for b in (1, 2) for a in (1, 2, 3)]
    table = pd.DataFrame(cells, columns=["a", "b", "g"])
    table["y"] = rng.poisson(5 * (-4 + table["a"] + 4 * table["b"]))
    with pytest.warns(SingularFitWarning), pytest.warns(MixedModelsWarning, match=r"^theta .* is as good as infinite"):
        fit = mm.glmer_nb("y ~ factor(a) * factor(b) + (1 | g)", table)
    began = time.process_time()
    lower, upper = fit.confint(parm=["theta"]).to_frame().iloc[0, -2:]
    assert time.process_time() - began < 20
    assert upper == math.inf
    # The lower limit by its definition: at that theta the deviance is higher by 3.84.
    held = mm.families.NegativeBinomial(theta=lower)
    with pytest.warns(SingularFitWarning):
        there = mm.glmer("y ~ factor(a) * factor(b) + (1 | g)", table, held)
    assert 2 * (fit.loglik - there.loglik) == pytest.approx(3.841459, abs=1e-2)


def test_a_theta_that_is_infinite_is_said_and_has_a_lower_limit() -> None:
    rng = np.random.default_rng(104)
    cells = [(a, g) for _ in range(12) for g in range(6) for a in (1, 2, 3)]
    table = pd.DataFrame(cells, columns=["a", "g"])
    table["y"] = rng.binomial(10, table["a"] / 10)
    with pytest.warns(SingularFitWarning), pytest.warns(MixedModelsWarning, match=r"^theta .* is infinite: the counts"):
        fit = mm.glmer_nb("y ~ a + (1 | g)", table)
    limits = fit.confint()
    lower, upper = limits.row("theta").values()
    assert upper == math.inf
    assert "theta: no upper limit" in str(limits)
    with pytest.warns(SingularFitWarning):
        there = mm.glmer("y ~ a + (1 | g)", table, mm.families.NegativeBinomial(theta=lower))
    assert 2 * (fit.loglik - there.loglik) == pytest.approx(3.841459, abs=1e-4)
    # The others have the limits of the Poisson model, which this is.
    with pytest.warns(SingularFitWarning):
        poisson = mm.glmer("y ~ a + (1 | g)", table, "poisson").confint()
    for name in ("(Intercept)", "a", "sd_(Intercept)|g"):
        assert list(limits.row(name).values()) == pytest.approx(list(poisson.row(name).values()), abs=1e-4)
