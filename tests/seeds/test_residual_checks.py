"""Residual checks of the texts: the counts at sites that "DHARMa residual" stands beside, and the presents."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.support.places import SEEDS
from tests.support.seed_texts import beside

import mixedmodels as mm
from mixedmodels.errors import DataError


def test_counts_at_sites_are_negative_binomial() -> None:
    """The picture beside the text's model shows no deviation; a Poisson model of the same counts deviates."""
    sites = pd.read_csv(SEEDS / "sites.csv")
    fit = mm.glmer_nb("y2 ~ x + (x | site)", sites)
    for re_form in (None, "~0"):
        res = fit.simulate_residuals(seed=123, re_form=re_form)
        three = res.test_residuals()
        assert three.uniformity.p_value > 0.2
        assert three.dispersion.p_value > 0.1
        assert three.outliers.p_value > 0.1
        assert res.quantile_table().p_value > 0.2
        assert res.test_zero_inflation().p_value > 0.2
        # With random effects drawn, a site's counts share what its random effects are: its residuals are not uniform.
        assert (res.test_categorical("site").p_value > 0.05) == (re_form is None)
    poisson = mm.glmer("y2 ~ x + (x | site)", sites, "poisson").simulate_residuals(seed=123)
    assert poisson.test_outliers().p_value < 0.02
    assert poisson.test_dispersion(type="PearsonChisq", alternative="greater").p_value < 1e-5


FORMULA = "presents ~ milkAndCookies + naughtiness + chimneyWidth + (1 | sites)"


def test_presents_are_overdispersed_and_rich_in_zeros() -> None:
    presents = beside("presentDat.csv")
    res = mm.glmer(FORMULA, presents, "poisson").simulate_residuals(seed=123)
    assert res.test_dispersion().p_value < 0.01
    assert res.test_dispersion().statistic > 1.3
    assert res.test_dispersion(type="PearsonChisq", alternative="greater").statistic == pytest.approx(2.68, abs=0.01)
    zeros = res.test_zero_inflation()
    assert zeros.p_value < 0.01
    assert zeros.statistic > 2
    assert res.test_outliers().p_value < 0.01
    better = mm.glmer_nb(FORMULA, presents).simulate_residuals(seed=123)
    assert better.test_zero_inflation().p_value > 0.2
    assert better.test_residuals().to_frame()["p_value"].min() > 0.2


def test_presents_in_space() -> None:
    """Several presents are of one place: they are added up there, and then there is a distance between any two."""
    presents = beside("presentDat.csv")
    res = mm.glmer_nb(FORMULA, presents).simulate_residuals(seed=123)
    with pytest.raises(DataError, match="20 different places"):
        res.test_spatial_autocorrelation("lon", "lat")
    places = res.recalculate("lon")
    assert places.nobs == 20
    found = places.test_spatial_autocorrelation("lon", "lat")
    assert list(found.statistics) == ["observed", "expected", "sd"]
    assert found.statistics["expected"] == pytest.approx(-1 / 19)
    assert found.p_value > 0.05
    # A gradient from west to east is found.
    west = np.array([float(v) for v in places.scaled_residuals.index])
    made = mm.lm("y ~ 1", pd.DataFrame({"y": west, "lon": west, "lat": np.zeros(20)})).simulate_residuals(seed=123)
    assert made.test_spatial_autocorrelation("lon", "lat", alternative="greater").p_value < 1e-4
