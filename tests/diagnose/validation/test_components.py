"""Cross-validation of models of several components."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from scipy.stats import nbinom, poisson
from tests.support.component_fits import fitted, numbers, salamanders

import mixedmodels as mm
from mixedmodels.diagnose.validation.component_folds import (
    _covariances,
    component_log_density,
    fold_rows,
)
from mixedmodels.errors import DataError, MixedModelsWarning
from mixedmodels.fit.re_form import chosen_effects
from mixedmodels.predict.kinds import Parts


def _scores(fit: Any, **how: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MixedModelsWarning)
        return fit.cross_validate(k=3, seed=2, progress=False, **how)


@pytest.mark.parametrize("family", ["poisson", "gaussian", "nbinom2"])
def test_one_predictor_has_the_scores_of_a_glmer(family: str) -> None:
    rows = salamanders()
    formula = "count ~ clean + (1 | site)"
    if family == "gaussian":
        other = mm.lmer(formula, rows, REML=False)
    else:
        other = mm.glmer(formula, rows, {"nbinom2": "negative_binomial"}.get(family, family))
    one, two = _scores(mm.glmmTMB(formula, rows, family)), _scores(other)
    for score in ("rmse", "mae", "r2", "log_score"):
        np.testing.assert_allclose(one.table[score], two.table[score], rtol=2e-5)


@pytest.mark.parametrize("name", ["both_random", "hurdle", "no_random"])
def test_held_out_predictions_are_those_of_a_model_without_the_fold(name: str) -> None:
    fit, rows = fitted(name), salamanders()
    validation = _scores(fit)
    fold = np.asarray(validation.rows["fold"])
    here = fold == fold[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MixedModelsWarning)
        other = fit.update(subset=np.flatnonzero(~here))
    expected = other.predict(rows[here], type="response", allow_new_levels=True)
    np.testing.assert_allclose(np.asarray(validation.rows["predicted"])[here], numbers(expected), rtol=2e-4)


def _rows_of(fit: Any) -> Any:
    kept = tuple(np.zeros_like(c) for c in chosen_effects(fit.design, None))
    return fold_rows(fit, fit.design, Parts(kept, tuple(~c for c in kept)))


def _mass(fit: Any, y: float, etas: np.ndarray) -> np.ndarray:
    """The probability of a count given linear predictors, from its definition."""
    mu, p = np.exp(etas[:, 0]), 1 / (1 + np.exp(-etas[:, 1]))
    if fit.family.base.engine_name == "poisson":
        own = poisson.pmf(y, mu)
    else:
        size = np.exp(fit._fit.psi[0])
        own = nbinom.pmf(y, size, size / (size + mu))
    return p * (y == 0) + (1 - p) * own


@pytest.mark.parametrize("name", ["both_random", "no_random"])
def test_predictive_density_is_the_integral_over_both_predictors(name: str) -> None:
    fit = fitted(name)
    rows = _rows_of(fit)
    y = fit._response()
    value, covariance = component_log_density(fit, rows, y), _covariances(fit, rows)
    points, weights = np.polynomial.hermite_e.hermegauss(61)
    grid = np.stack(np.meshgrid(points, points, indexing="ij"), axis=-1).reshape(-1, 2)
    share = np.outer(weights, weights).ravel() / weights.sum() ** 2
    for i in range(0, len(y), 61):
        mean = np.array([eta[i] for eta in rows.etas])
        etas = mean + grid @ np.linalg.cholesky(covariance[i] + 1e-15 * np.eye(2)).T
        assert np.exp(value[i]) == pytest.approx(share @ _mass(fit, y[i], etas), rel=1e-4)


def test_a_marginal_mean_is_refused() -> None:
    with pytest.raises(DataError, match="marginal"):
        _scores(fitted("both_random"), kind="marginal")


def test_a_family_without_a_deviance_has_its_other_scores() -> None:
    table = _scores(fitted("both_random")).table
    assert "deviance" not in table.columns
    assert np.isfinite(table["log_score"]).all()
