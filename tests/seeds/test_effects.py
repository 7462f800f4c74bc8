"""Bats by forest cover and species with site as random and as fixed, and the partial effect at the average site."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.support.places import SEEDS
from tests.support.seed_texts import beside

import mixedmodels as mm
from mixedmodels.r import ggpredict, residualize_over_grid

TERMS = ["forest [0, 25, 50, 100]", "species"]
OPTIMUM = 1e-6  # R's values are at its tightened optimum, good to about eight digits of theta


@cache
def expected() -> dict[str, Any]:
    return json.loads((SEEDS / "effects.json").read_text())


def agree(found, name: str, tolerance: float) -> None:
    theirs = expected()[name]
    assert [str(g) for g in found["group"]] == theirs["group"]
    assert [float(v) for v in found["x"]] == pytest.approx(theirs["x"])
    for column in ("predicted", "std_error", "conf_low", "conf_high"):
        scale = np.abs(theirs[column]).max()
        np.testing.assert_allclose(found[column], theirs[column], rtol=0, atol=tolerance * scale, err_msg=column)


@pytest.fixture(scope="module")
def bats() -> pd.DataFrame:
    return beside("batMass.csv")


def test_bats_with_site_as_random(bats) -> None:
    fit = mm.lmer("mass ~ forest * species + (1 | sites)", bats)
    agree(ggpredict(fit, TERMS), "bats_random", OPTIMUM)


def test_bats_with_site_as_fixed(bats) -> None:
    fit = mm.lm("mass ~ forest * species + sites", bats)
    agree(fit.ggpredict(TERMS), "bats_fixed", 1e-10)  # at one site, the first
    agree(fit.ggemmeans(TERMS), "bats_fixed_mean", 1e-10)  # at the average of the sites


def test_both_approaches_tell_the_same_slopes(bats) -> None:
    random = mm.lmer("mass ~ forest * species + (1 | sites)", bats).ggpredict(TERMS)
    fixed = mm.lm("mass ~ forest * species + sites", bats).ggemmeans(TERMS)
    # shrinkage of 15 sites moves means of about 35 by a few tenths, and the random sites are uncertain themselves
    assert np.abs(random.predicted - fixed.predicted).max() < 0.5
    assert (random.std_error > fixed.std_error).all()


def test_the_partial_effect_at_the_average_site() -> None:
    sites = pd.read_csv(SEEDS / "sites.csv")
    fit = mm.lmer("y ~ x + (x | site)", sites)
    line = ggpredict(fit, "x")
    agree(line, "sites", OPTIMUM)
    agree(ggpredict(fit, ["x [-10, 0, 10]", "site"], type="random"), "sites_by_site", OPTIMUM)
    points = residualize_over_grid(line, fit)
    np.testing.assert_allclose(points["partial_residual"], expected()["sites_residuals"], rtol=0, atol=1e-5)
    exact = fit.partial_residuals("x")
    np.testing.assert_allclose(exact["residual"], fit.residuals(), rtol=1e-9)
