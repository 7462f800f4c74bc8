"""Linear models beside R's lm (tests/reference/model/make.R)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.support.model_tables import reference, tables

import mixedmodels as mm

EXPECTED = reference("verbs")["lm"]
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("Reaction ~ Days", {}),
    "weighted": ("Reaction ~ Days + f", {"weights": "w", "offset": "o", "subset": "Days > 1"}),
    "aliased": ("Reaction ~ Days + D2 + f", {}),
}
EXACT = 1e-9  # least squares in another order of operations


def model(name: str) -> mm.LinearModel:
    formula, options = MODELS[name]
    return mm.lm(formula, tables()["sleep"], **options)


@pytest.mark.parametrize("name", MODELS)
def test_figures(name: str) -> None:
    fit, r = model(name), EXPECTED[name]
    expected = [math.nan if v is None else v for v in r["coef"]]
    np.testing.assert_allclose(np.asarray(fit.coef()), expected, rtol=EXACT)
    known = [v for v in r["vcov"] if v is not None]  # R shows aliased coefficients there
    np.testing.assert_allclose(np.asarray(fit.vcov()).ravel(), known, rtol=1e-7, atol=1e-12)
    for ours, theirs in (
        ("sigma", "sigma"),
        ("loglik", "loglik"),
        ("aic", "aic"),
        ("bic", "bic"),
        ("deviance", "deviance"),
    ):
        assert getattr(fit, ours) == pytest.approx(r[theirs], rel=EXACT)
    assert fit.rsquared == pytest.approx(r["r2"], rel=EXACT)
    assert fit.rsquared_adj == pytest.approx(r["adj"], rel=EXACT)
    assert fit.fstatistic == pytest.approx(r["f"], rel=EXACT)
    np.testing.assert_allclose(fit.residuals(), r["residuals"], rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(fit.residuals("pearson"), r["pearson"], rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(np.asarray(fit.conf_int()).T.ravel(), r["confint"], rtol=1e-8)


def test_aliased_coefficients_are_nan_without_a_warning() -> None:
    fit = model("aliased")
    assert math.isnan(fit.coef()["D2"])
    assert "D2" not in fit.fixef()
    assert fit.rank == 4
    assert math.isnan(fit.tidy().set_index("term").loc["D2", "p_value"])
    same = mm.lm("Reaction ~ Days + f", tables()["sleep"])
    np.testing.assert_allclose(fit.predict(tables()["sleep"]), same.fitted(), rtol=1e-10)


def test_tables() -> None:
    fit = model("plain")
    tidy = fit.tidy(conf_int=True)
    assert list(tidy) == ["term", "estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"]
    assert tidy["p_value"][1] == pytest.approx(9.894e-15, rel=1e-3)
    assert fit.glance()["p_value"][0] == pytest.approx(tidy["p_value"][1], rel=1e-8)
    augmented = fit.augment()
    assert list(augmented) == ["Reaction", "Days", "fitted", "resid"]
    np.testing.assert_allclose(augmented["fitted"] + augmented["resid"], augmented["Reaction"])


def test_offset_is_part_of_the_prediction() -> None:
    sleep = tables()["sleep"]
    for fit in (mm.lm("Reaction ~ Days", sleep, offset="o"), mm.lm("Reaction ~ Days + offset(o)", sleep)):
        np.testing.assert_allclose(fit.predict(sleep), fit.fitted())
        np.testing.assert_allclose(fit.fitted() + fit.residuals(), sleep["Reaction"])
    by_array = mm.lm("Reaction ~ Days", sleep, offset=sleep["o"].to_numpy())
    np.testing.assert_allclose(by_array.predict(sleep, offset="o"), by_array.fitted())


def test_transformed_predictors_remember_their_basis() -> None:
    sleep = tables()["sleep"]
    fit = mm.lm("Reaction ~ poly(Days, 2) + scale(o)", sleep)
    np.testing.assert_allclose(fit.predict(sleep[7:12]), fit.fitted()[7:12])


def test_update_refit_and_simulate() -> None:
    fit = model("plain")
    assert fit.update(". ~ . + f").fixef().names == ("(Intercept)", "Days", "fb", "fc")
    doubled = fit.refit(2 * tables()["sleep"]["Reaction"])
    np.testing.assert_allclose(np.asarray(doubled.fixef()), 2 * np.asarray(fit.fixef()))
    draws = model("weighted").simulate(500, seed=4)
    weights = model("weighted").design.weights
    assert weights is not None
    scaled = draws.sub(model("weighted").fitted(), axis=0).to_numpy() * np.sqrt(weights)[:, None]
    # 500 draws of 144 rows: the pooled variance is known to sqrt(2 / 72000) = 0.5%.
    assert scaled.var() / model("weighted").sigma ** 2 == pytest.approx(1, abs=0.025)


def test_a_random_term_belongs_into_lmer() -> None:
    with pytest.raises(mm.MixedModelsError, match="lmer"):
        mm.lm("Reaction ~ Days + (1 | Subject)", tables()["sleep"])


def test_several_responses_are_refused() -> None:
    with pytest.raises(mm.DesignError, match="2 columns"):
        mm.lm("cbind(Reaction, Days) ~ f", tables()["sleep"])


def test_no_degrees_of_freedom() -> None:
    fit = mm.lm("y ~ factor(x)", pd.DataFrame({"y": [1.0, 3.0, 2.0], "x": [1, 2, 3]}))
    assert math.isnan(fit.sigma)
    assert fit.df_resid == 0
    assert "ALL 3 residuals are 0" in str(fit.summary())


def test_perfect_and_degenerate_fits_are_printed() -> None:
    x = np.arange(10.0)
    with pytest.warns(mm.PerfectFitWarning, match="'y ~ x' fits the response exactly: .* 0, is rounding error"):
        perfect = mm.lm("y ~ x", {"y": 0 * x, "x": x})
    assert math.isnan(perfect.rsquared)
    assert "Residual standard error: 0 on 8 degrees of freedom" in str(perfect.summary())
    aliased = mm.lm("y ~ z", {"y": x, "z": 0 * x})
    assert "z                 NA         NA      NA       NA" in str(aliased.summary())
