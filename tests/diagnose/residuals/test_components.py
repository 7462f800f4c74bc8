"""Simulated residuals of models of several components."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from tests.support.component_fits import fitted, numbers, salamanders

import mixedmodels as mm
from mixedmodels.errors import DataError, MixedModelsWarning


@pytest.mark.parametrize("name", ["both_random", "hurdle", "no_random"])
def test_residuals_are_of_the_model_s_own_draws(name: str) -> None:
    fit = fitted(name)
    residuals = fit.simulate_residuals(60, seed=5)
    draws = numbers(fit.simulate(60, seed=5, re_form=None))
    y = fit._response()
    below, same = (draws < y[:, None]).sum(axis=1), (draws == y[:, None]).sum(axis=1)
    scaled = numbers(residuals.to_frame()["scaled_residual"])
    assert (scaled >= below / 61 - 1e-9).all() or (scaled >= below / 60 - 1e-9).all()
    assert (scaled <= (below + same + 1) / 60 + 1e-9).all()
    np.testing.assert_array_equal(scaled, numbers(fit.simulate_residuals(60, seed=5).to_frame()["scaled_residual"]))
    mean = numbers(residuals.to_frame()["fitted_predicted"])
    np.testing.assert_allclose(mean, numbers(fit.predict(type="response", re_form="~0")), rtol=1e-12)


def test_the_tests_tell_a_model_that_is_right_from_one_that_lacks_zeros() -> None:
    rows = salamanders()
    true = fitted("both_random")
    made = rows.assign(made=numbers(true.simulate(1, seed=8, re_form=None))[:, 0])
    right = mm.glmmTMB("made ~ clean + (1 | site)", made, "poisson", ziformula="~ clean + (1 | site)")
    wrong = mm.glmmTMB("made ~ clean + (1 | site)", made, "poisson")
    good, bad = (m.simulate_residuals(250, seed=2) for m in (right, wrong))
    assert good.test_zero_inflation().p_value > 0.05 > bad.test_zero_inflation().p_value
    assert good.test_dispersion().p_value > 0.05 > bad.test_dispersion().p_value
    assert good.test_uniformity().p_value > 0.01
    assert good.test_outliers().p_value > 0.01
    assert good.test_quantiles().p_value > 0.01


def test_refits_to_draws_keep_all_components() -> None:
    fit = fitted("hurdle")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MixedModelsWarning)
        residuals = fit.simulate_residuals(4, seed=3, refit=True)
    assert residuals.failures == {}
    assert np.isfinite(numbers(residuals.to_frame()["scaled_residual"])).all()


def test_squared_residuals_are_no_test_of_an_estimated_dispersion() -> None:
    with pytest.raises(DataError, match="without a dispersion"):
        fitted("spread").simulate_residuals(20, seed=1).test_dispersion(type="PearsonChisq")


def test_zeros_expected_include_the_structural_ones() -> None:
    fit = fitted("both_random")
    check = fit.check_zeroinflation()
    assert check["expected"] == pytest.approx(numbers(fit.predict(type="zero_probability")).sum(), rel=1e-10)
    assert check["observed"] == int((fit._response() == 0).sum())
