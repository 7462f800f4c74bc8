"""R's functions for influence and other checks.

Where R's packages differ, these are theirs: ``dfbeta`` of a linear model is with all rows less without, of lme4's
``influence()`` without less with. The verbs of a model (`fit.dfbeta()`, ...) are of one sign, with less without.
"""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np

from mixedmodels.diagnose.checks.page import ModelChecks
from mixedmodels.diagnose.influence.from_model import leverage_of, linearised_of
from mixedmodels.diagnose.influence.leverage import whitened
from mixedmodels.diagnose.influence.linearised import working
from mixedmodels.diagnose.influence.record import Influence
from mixedmodels.diagnose.influence.standardised import (
    cooks_by_leverage,
    covariance_ratio,
    dfbeta_by_residuals,
    sigma_without,
    studentised,
)
from mixedmodels.errors import MixedModelsWarning
from mixedmodels.tables.check import Check, Checks
from mixedmodels.tables.result_table import ResultTable

__all__ = [
    "check_autocorrelation",
    "check_collinearity",
    "check_heteroscedasticity",
    "check_model",
    "check_normality",
    "check_outliers",
    "check_overdispersion",
    "check_zeroinflation",
    "cooks_distance",
    "covratio",
    "dfbeta",
    "dfbetas",
    "hatvalues",
    "influence",
    "rstandard",
    "rstudent",
    "vif",
]


def influence(model: Any, groups: Any = None, *, progress: bool | None = None) -> Influence:
    """As lme4's ``influence(model, groups)``: the model fitted again without each row or each level of `groups`.

    For an lm or glm it is R's, by row and without refits. ``model.influence(groups)`` keeps the variances and is faster
    by orders of magnitude.

    Examples
    --------
    >>> from mixedmodels.r import influence
    >>> influence(lin).cooks_distance().shape
    (180,)
    """
    deletions: Influence = model.influence(groups, "refit" if model._fit.mixed else "fixed", progress=progress)
    return deletions


def hatvalues(model: Any) -> Any:
    """Leverages; a glmer has lme4's prior weights instead of the working weights, and its warning.

    Examples
    --------
    >>> from mixedmodels.r import hatvalues
    >>> round(float(hatvalues(lin).sum()), 6)
    2.0
    """
    values = leverage_of(model).total
    if model._fit.mixed and model._fit.generalized:
        warnings.warn(
            MixedModelsWarning(
                "the hat matrix may not make sense for GLMMs: lme4 multiplies by prior weights where the working "
                "weights belong, so that values may exceed 1; model.hat_values() has the working weights."
            ),
            stacklevel=2,
        )
        values = _prior_hat(model)
    return model._rows.label(values)


def cooks_distance(model: Any) -> Any:
    """R's ``cooks.distance``.

    A model has one distance per row. An lm or glm has that of `model.cooks_distance`. A mixed model has lme4's, which
    puts the leverages of fixed and random effects together into the formula of a linear model. For the result of
    `influence` of a mixed model, it is lme4's too, which multiplies by (J - p) / J for J deletions.

    Examples
    --------
    >>> from mixedmodels.r import cooks_distance
    >>> cooks_distance(fit).shape
    (180,)
    """
    if isinstance(model, Influence):
        values, j, p = model._changes.cooks, len(model), len(model.names)
        return model._vector(values * (j - p) / j if model.mixed else values)
    fit = model._fit
    if not fit.mixed:
        return model.cooks_distance()
    hat = _prior_hat(model) if fit.generalized else leverage_of(model).total
    values = cooks_by_leverage(model._residuals("pearson"), hat, _scale(model), len(fit.kept))
    return model._rows.label(values)


def dfbeta(model: Any) -> Any:
    """R's ``dfbeta`` as a table: estimates with all rows minus without; the opposite sign for a mixed model.

    Parameters
    ----------
    model : fitted model or Influence
        A model, or the result of `influence`. A mixed model is fitted again without each row, as in lme4.

    Examples
    --------
    >>> from mixedmodels.r import dfbeta
    >>> dfbeta(lin).shape
    (180, 2)
    """
    if isinstance(model, Influence):
        change = model.beta - model._changes.estimates
        return model._columns(model.names, -change if model.mixed else change)
    if not model._fit.mixed:
        return _row_table(model, _by_residuals(model)[0])
    return dfbeta(influence(model))


def dfbetas(model: Any) -> Any:
    """R's ``dfbetas`` as a table, with the signs and arguments of `dfbeta`.

    Examples
    --------
    >>> from mixedmodels.r import dfbetas
    >>> dfbetas(lin).columns.tolist()
    ['(Intercept)', 'Days']
    """
    if isinstance(model, Influence):
        return model._columns(model.names, -model._scaled if model.mixed else model._scaled)
    if not model._fit.mixed:
        change, sigma = _by_residuals(model)
        unit = np.sqrt(np.diag(model._fit.vcov_unscaled))
        return _row_table(model, change / sigma[:, None] / unit)
    return dfbetas(influence(model))


def covratio(model: Any) -> Any:
    """R's ``covratio`` of an lm or glm, HLMdiag's of an lmer, by row; or that of the result of `influence`.

    Examples
    --------
    >>> from mixedmodels.r import covratio
    >>> covratio(lin).shape
    (180,)
    """
    if isinstance(model, Influence) or model._fit.mixed:
        return model.cov_ratio()
    e, h, fit = _weighted_residuals(model), leverage_of(model).total, model._fit
    return model._rows.label(covariance_ratio(e, h, fit.df_resid, len(fit.kept)))


def rstandard(model: Any, type: Literal["deviance", "pearson"] | None = None) -> Any:  # noqa: A002
    """R's ``rstandard``: residuals divided by their standard deviation.

    Examples
    --------
    >>> from mixedmodels.r import rstandard
    >>> rstandard(lin).round(2).tolist()[:3]
    [-0.04, -0.07, -0.45]
    """
    return model.rstandard(type)


def rstudent(model: Any) -> Any:
    """R's ``rstudent``; for a glmer lme4's, with the leverages of `hatvalues`.

    Examples
    --------
    >>> from mixedmodels.r import rstudent
    >>> rstudent(lin).round(2).tolist()[:3]
    [-0.04, -0.07, -0.45]
    """
    fit = model._fit
    if not (fit.mixed and fit.generalized):
        return model.rstudent()
    e, pearson, h = model._residuals(model.family.shown_residual), model._residuals("pearson"), _prior_hat(model)
    with np.errstate(invalid="ignore"):
        return model._rows.label(studentised(e, pearson, h, float(np.sqrt(_scale(model)))))


def vif(model: Any) -> ResultTable:
    """As car's ``vif``: generalised variance inflation factors; see `Model.vif`.

    Examples
    --------
    >>> from mixedmodels.r import vif
    >>> list(vif(baking).names)
    ['recipe', 'temperature', 'recipe:temperature']
    """
    factors: ResultTable = model.vif()
    return factors


def check_model(model: Any, seed: Any = None) -> ModelChecks:
    """As performance's ``check_model``, in words and as tables; see `Model.check_model`.

    Examples
    --------
    >>> from mixedmodels.r import check_model
    >>> checks = check_model(lin)
    >>> type(checks).__name__
    'ModelChecks'
    """
    checks: ModelChecks = model.check_model(seed)
    return checks


def check_collinearity(model: Any, ci: float = 0.95) -> ResultTable:
    """As performance's ``check_collinearity``; see `Model.check_collinearity`.

    Examples
    --------
    >>> from mixedmodels.r import check_collinearity
    >>> list(check_collinearity(baking).names)
    ['recipe', 'temperature', 'recipe:temperature']
    """
    factors: ResultTable = model.check_collinearity(ci)
    return factors


def check_normality(model: Any, effects: Literal["fixed", "random"] = "fixed") -> Check | Checks:
    """As performance's ``check_normality``; see `Model.check_normality`.

    Examples
    --------
    >>> from mixedmodels.r import check_normality
    >>> check_normality(lin).suspicious
    True
    """
    check: Check | Checks = model.check_normality(effects)
    return check


def check_heteroscedasticity(model: Any) -> Check:
    """As performance's ``check_heteroscedasticity``; see `Model.check_heteroscedasticity`.

    Examples
    --------
    >>> from mixedmodels.r import check_heteroscedasticity
    >>> check_heteroscedasticity(lin).suspicious
    True
    """
    check: Check = model.check_heteroscedasticity()
    return check


def check_autocorrelation(model: Any, nsim: int = 1000, seed: Any = None) -> Check:
    """As performance's ``check_autocorrelation``; see `Model.check_autocorrelation`.

    Examples
    --------
    >>> from mixedmodels.r import check_autocorrelation
    >>> check_autocorrelation(lin, nsim=100).suspicious
    True
    """
    check: Check = model.check_autocorrelation(nsim, seed)
    return check


def check_outliers(model: Any, threshold: float | None = None) -> Check:
    """As performance's ``check_outliers(method = "cook")``; see `Model.check_outliers`.

    Examples
    --------
    >>> from mixedmodels.r import check_outliers
    >>> check_outliers(lin).suspicious
    False
    """
    check: Check = model.check_outliers(threshold)
    return check


def check_overdispersion(model: Any) -> Check:
    """As performance's ``check_overdispersion``; see `Model.check_overdispersion`.

    Examples
    --------
    >>> from mixedmodels.r import check_overdispersion
    >>> check_overdispersion(gm).suspicious
    False
    """
    check: Check = model.check_overdispersion()
    return check


def check_zeroinflation(model: Any, tolerance: float = 0.05) -> Check:
    """As performance's ``check_zeroinflation``; see `Model.check_zeroinflation`.

    Examples
    --------
    >>> from mixedmodels.r import check_zeroinflation
    >>> ticks = mm.datasets.load("grouseticks")
    >>> poisson = mm.glm("TICKS ~ YEAR", ticks, "poisson")
    >>> check_zeroinflation(poisson).suspicious
    True
    """
    check: Check = model.check_zeroinflation(tolerance)
    return check


def _prior_hat(model: Any) -> Any:
    """lme4's leverages of a glmer."""
    prior, w = model._prior_weights(), working(model._fit)[0]
    ratio = np.where(w > 0, (1.0 if prior is None else prior) / np.where(w > 0, w, 1.0), 0.0)
    return leverage_of(model).total * ratio


def _scale(model: Any) -> float:
    """Variance of a row of weight 1 beside the family's."""
    sd = model._fit.residual_sd
    return 1.0 if sd is None else sd**2


def _weighted_residuals(model: Any) -> Any:
    return model._residuals(model.family.shown_residual)


def _by_residuals(model: Any) -> tuple[Any, Any]:
    """R's dfbeta of an lm or glm, and the residual standard deviation without each row."""
    e, h = _weighted_residuals(model), leverage_of(model).total
    rows = linearised_of(model)
    change = dfbeta_by_residuals(whitened(rows), rows.weights, e, h)
    return change, sigma_without(e, h, model._fit.df_resid)


def _row_table(model: Any, values: Any) -> Any:
    from mixedmodels.fitted.labels import kept_names

    return model._rows.table(dict(zip(kept_names(model.design, model._fit), values.T, strict=True)))
