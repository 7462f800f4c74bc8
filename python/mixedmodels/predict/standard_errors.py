"""Standard errors and limits of predictions by each method."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald
from mixedmodels.estimates.coefficients import Coefficients, Ddf
from mixedmodels.estimates.ddf import method_name
from mixedmodels.fit.seeds import generator
from mixedmodels.fit.simulated_responses import checked
from mixedmodels.predict import draws
from mixedmodels.predict.new_levels import new_level_variance, quadratic
from mixedmodels.predict.point import prediction_errors, values
from mixedmodels.predict.table import Columns, Form, family_columns, marginal_columns, normal_columns
from mixedmodels.predict.target import Target
from mixedmodels.predict.variances import GeneralizedMixedErrors, LinearMixedErrors, Spread

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel
    from mixedmodels.predict.options import Options

SIMULATIONS, REPLICATES = 2000, 500


def uncertain(model: FittedModel, rows: Target, options: Options, weights: Vector | None, own: bool) -> Columns:
    """Columns fit, se_fit, conf_low, conf_high, as the options request."""
    wald.check_level(options.level)
    identity = _normal(model)
    if options.interval == "prediction" and options.type == "link" and not identity:
        raise DataError(
            "interval='prediction' is of new responses, which have no linear predictor; give type='response' with it."
        )
    form = Form(options.type == "response", options.se_fit, options.interval, options.level)
    if options.method == "bootstrap":
        return _by_draws(model, rows, options, form, weights)
    spread, df = _spread(model, rows, options)
    if options.method == "simulation":
        return _by_draws(model, rows, options, form, weights, spread)
    if identity:
        return _normal_columns(model, rows, options, form, weights, spread, df)
    fit = model._fit
    if fit.mixed and options.kind == "marginal":
        columns = marginal_columns(fit, rows, spread, form, fit.family, df)
    else:
        unseen = new_level_variance(fit, rows.unseen, len(rows)) if fit.mixed else np.zeros(len(rows))
        counted = options.ddf is None and options.uncertainty == "all" and any(z is not None for z in rows.unseen)
        errors = prediction_errors(model)
        if counted and isinstance(errors, GeneralizedMixedErrors):
            df = errors.df(spread, rows.unseen)
        columns = family_columns(rows, spread, form, fit.family, unseen, df)
    if options.interval == "prediction":
        limits = _observations(model, rows, options, weights, spread)
        columns |= dict(zip(("conf_low", "conf_high"), limits, strict=True))
    return columns


def draws_at_random(model: FittedModel, options: Options) -> bool:
    """Whether standard errors or limits come from random draws."""
    return options.method != "delta" or (options.interval == "prediction" and not _normal(model))


def _normal(model: FittedModel) -> bool:
    """Whether responses are normal around their linear predictor."""
    family = model._fit.family
    return bool(family.name == "gaussian" and family.link == "identity")


def _spread(model: FittedModel, rows: Target, options: Options) -> tuple[Spread, Any]:
    """Errors of the linear predictors, and degrees of freedom: a number, numbers, or None for Satterthwaite's."""
    fit, ddf = model._fit, options.ddf
    of_means = options.interval != "prediction" and options.method == "delta"
    fixed_alone = rows.of_fixed_effects if not fit.generalized else rows.plain
    if not fit.mixed or (fixed_alone and of_means and not fit.generalized):
        return _of_coefficients(_coefficients(model, ddf), rows)
    method = _method_of_all(model, ddf)
    if method is None:
        _check_fixed_alone(fixed_alone and of_means, ddf)
        return _of_coefficients(_coefficients(model, ddf), rows)
    df = inf if method == "normal" else None
    if fixed_alone and options.method == "delta" and not fit.generalized:
        return _of_coefficients(_coefficients(model, ddf), rows)[0], df
    return prediction_errors(model).spread(rows.x, rows.random, options.uncertainty == "all"), df


def _coefficients(model: FittedModel, ddf: Ddf) -> Coefficients:
    """The fixed effects by a method; refused where they are of another fit than the predictions."""
    coefficients = model._coefficients(ddf)
    if coefficients.refitted is not None:
        raise DataError(
            f"ddf={ddf!r} is a method for REML, and this model was fitted by maximum likelihood; fit it by REML."
        )
    return coefficients


def _method_of_all(model: FittedModel, ddf: Ddf) -> str | None:
    """The way to degrees of freedom that predictions of all kinds have; None if `ddf` is about fixed effects alone.

    A model whose own way is Kenward and Roger's has Satterthwaite's here, as theirs ends at the fixed effects.
    """
    if isinstance(ddf, Coefficients):
        return None
    if model._fit.generalized:
        model._coefficients(ddf)  # which refuses what it does not know
        return "normal"
    if ddf is not None:
        name = method_name(ddf)
        return None if name == "Kenward-Roger" else name
    return "normal" if model._coefficients().method == "normal" else "Satterthwaite"


def _check_fixed_alone(fixed_alone: bool, ddf: Ddf) -> None:
    """Refuse a covariance of the fixed effects for predictions that need more than these."""
    if not fixed_alone:
        raise DataError(
            f"ddf={ddf!r:.40} is for the fixed effects alone: use it with kind='typical', interval='confidence' and "
            "method='delta'; other predictions take ddf='Satterthwaite' (of an lmer) or 'normal'."
        )


def _of_coefficients(coefficients: Coefficients, rows: Target) -> tuple[Spread, Vector]:
    none = np.empty((len(rows), 0))
    return Spread(quadratic(rows.x, coefficients.vcov), none, np.empty((0, 0))), coefficients.df(rows.x)


def _normal_columns(
    model: FittedModel, rows: Target, options: Options, form: Form, weights: Vector | None, spread: Spread, df: Any
) -> Columns:
    fit, n = model._fit, len(rows)
    variance = (fit.residual_sd or 0.0) ** 2
    residual = np.zeros(n) if weights is None else 1 / weights
    errors = prediction_errors(model)
    added_variance = (np.zeros(n), np.zeros(n))
    if fit.mixed:
        scale = fit.effects_scale**2
        added_variance = (
            scale * new_level_variance(fit, rows.unseen, n),
            scale * new_level_variance(fit, rows.new_effects, n),
        )

    def degrees(new: bool) -> Any:
        if df is not None:
            return df
        assert isinstance(errors, LinearMixedErrors)
        return errors.df(rows.x, rows.random, rows.new_effects if new else rows.unseen, residual * new)

    return normal_columns(rows, spread, form, added_variance, variance * residual, degrees)


def _shared(model: FittedModel, spread: Spread, options: Options, rng: np.random.Generator) -> draws.Parameters:
    nsim = checked(SIMULATIONS if options.nsim is None else options.nsim)
    slope = None
    if model._fit.mixed and not model._fit.generalized and len(spread.covariance):
        errors = prediction_errors(model)
        assert isinstance(errors, LinearMixedErrors)
        slope = errors.information.log_sigma_slope
    return draws.drawn_parameters(model._fit, spread.covariance, slope, nsim, rng)


def _family(model: FittedModel) -> Any:
    return model._fit.family if model._fit.generalized else None


def _observations(
    model: FittedModel, rows: Target, options: Options, weights: Vector | None, spread: Spread
) -> tuple[Vector, Vector]:
    """Limits for new observations of a family, by simulation."""
    assert weights is not None
    rng = generator(options.seed)
    shared = _shared(model, spread, options, rng)
    chunks = draws.drawn_predictors(model._fit, rows, spread, shared, True, rng)
    return draws.observation_limits(_family(model), chunks, shared, weights, options.level, rng)


def _by_draws(
    model: FittedModel,
    rows: Target,
    options: Options,
    form: Form,
    weights: Vector | None,
    spread: Spread | None = None,
) -> Columns:
    """Standard errors and limits from draws: of the parameters' normal distribution, or of the bootstrap."""
    fit, family = model._fit, _family(model)
    marginal = fit.mixed and fit.generalized and options.kind == "marginal"
    rng = generator(options.seed)
    estimate = values(model, rows, options)
    if spread is None:
        from mixedmodels.predict.bootstrap import bootstrapped

        made = bootstrapped(model, rows, checked(REPLICATES if options.nsim is None else options.nsim), rng, options)
        shared = made.shared
    else:
        shared = _shared(model, spread, options, rng)

    def chunks(new: bool) -> draws.Chunks:
        if spread is None:
            return made.predictors(new, rng)
        return draws.drawn_predictors(fit, rows, spread, shared, new, rng)

    # of the bootstrap these are draws of the mean over random effects already
    integrate = marginal and spread is not None
    se, low, high = draws.mean_limits(family, chunks(False), len(rows), form.level, form.response, integrate)
    if form.interval == "prediction":
        assert weights is not None
        low, high = draws.observation_limits(family, chunks(True), shared, weights, form.level, rng)
    return form.columns(estimate, se, None if form.interval is None else low, high)
