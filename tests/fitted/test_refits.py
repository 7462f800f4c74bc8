"""New models from old ones: an updated formula, another response, other units."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from tests.support.model_tables import tables

import mixedmodels as mm

FORMULA = "Reaction ~ Days + (Days | Subject)"


def test_update_of_formula_and_arguments(fit: mm.MixedModel) -> None:
    smaller = fit.update(". ~ . - (Days | Subject) + (1 | Subject)", REML=False)
    assert smaller.formula == "Reaction ~ Days + (1 | Subject)"
    assert not smaller.is_reml
    assert smaller.loglik == mm.lmer(smaller.formula, tables()["sleep"], REML=False).loglik
    weighted = fit.update(weights="w")
    assert "Weights: w" in str(weighted.summary())
    with pytest.raises(mm.DataError, match=r"update\(\) has no argument 'reml_'"):
        fit.update(reml_=True)


def test_refit_is_the_fit_to_the_other_response(fit: mm.MixedModel) -> None:
    y = np.asarray(tables()["sleep"]["Reaction"]) ** 2
    again = fit.refit(y)
    direct = mm.lmer(FORMULA, tables()["sleep"].assign(Reaction=y))
    assert again.reml_criterion == pytest.approx(direct.reml_criterion, abs=1e-6)
    np.testing.assert_allclose(np.asarray(again.fixef()), np.asarray(direct.fixef()), rtol=1e-6)
    assert fit.reml_criterion == pytest.approx(1743.628, abs=1e-3)


def test_refit_takes_one_value_per_row_of_the_table_too() -> None:
    gaps = tables()["gaps"]
    fit = mm.lmer("Reaction ~ Days + (1 | Subject)", gaps, subset="Days < 9")
    whole = np.asarray(tables()["sleep"]["Reaction"])
    used = fit.frame.index
    np.testing.assert_allclose(fit.refit(whole).theta, fit.refit(whole[used]).theta, rtol=1e-9)
    with pytest.raises(mm.DataError, match=r"has shape \(5,\), and the model uses"):
        fit.refit(whole[:5])
    with pytest.raises(mm.DataError, match="is inf in row"):
        fit.refit(np.full(len(used), np.inf))
    with pytest.raises(mm.DesignError, match="nothing to explain"):
        fit.refit(np.ones(len(used)))


def test_scaling_the_response_scales_the_estimates(fit: mm.MixedModel) -> None:
    again = fit.refit(10 * tables()["sleep"]["Reaction"])
    assert again.sigma == pytest.approx(10 * fit.sigma, rel=1e-6)
    np.testing.assert_allclose(again.theta, fit.theta, rtol=1e-5)


def test_scaling_the_weights_leaves_the_likelihood(fit: mm.MixedModel) -> None:
    sleep = tables()["sleep"]
    one, other = (mm.lmer(FORMULA, sleep, weights=c * sleep["w"], REML=False) for c in (1, 7))
    assert other.loglik == pytest.approx(one.loglik, abs=1e-7)
    assert other.sigma**2 == pytest.approx(7 * one.sigma**2, rel=1e-6)


def test_warnings_point_at_the_line_that_fitted() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = mm.lmer("Yield ~ 1 + (1 | Batch)", tables()["dye2"])
        fit.update(REML=False)
    assert [w.category for w in caught] == [mm.SingularFitWarning] * 2
    assert {Path(w.filename).name for w in caught} == {"test_refits.py"}


def test_an_update_leaves_out_contrasts_of_factors_that_it_lacks() -> None:
    sleep = mm.datasets.load("sleepstudy").assign(f=list("abc") * 60, h=list("uvwxy") * 36)
    codings = {"f": "sum", "h": "helmert"}
    for fit in (
        mm.lm("Reaction ~ Days + f + h", sleep, contrasts=codings),
        mm.lmer("Reaction ~ Days + f + h + (1 | Subject)", sleep, contrasts=codings),
    ):
        smaller = fit.update(". ~ . - f")
        assert smaller.design.fixed.contrasts == {"h": "helmert"}
        assert 0 <= fit.pbmodcomp(smaller, 3, seed=1, progress=False).p_value <= 1
        with pytest.raises(mm.DesignError, match="contrasts are given for 'f', which is not a factor"):
            fit.update(". ~ . - f", contrasts={"f": "sum"})
