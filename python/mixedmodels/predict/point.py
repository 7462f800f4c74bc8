"""The predictions themselves, and the object that computes their errors."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.errors import DataError
from mixedmodels.estimates.ddf import or_normal
from mixedmodels.estimates.satterthwaite import Satterthwaite
from mixedmodels.fitted.model import FittedModel
from mixedmodels.predict import variances
from mixedmodels.predict.options import Options
from mixedmodels.predict.target import Target


def values(model: FittedModel, rows: Target, options: Options) -> Vector:
    """The predictions of these rows."""
    if model._fit.mixed and model._fit.generalized and options.kind == "marginal":
        from mixedmodels.predict.marginal import marginal_mean
        from mixedmodels.predict.new_levels import new_level_variance

        family = model._fit.family
        mean = marginal_mean(family, rows.eta, new_level_variance(model._fit, rows.integrated, len(rows))).mean
        return mean if options.type == "response" else np.asarray(family.predictor(mean))
    return model._on_scale(rows.eta, options.type)


def prediction_errors(model: FittedModel) -> variances.PredictionErrors:
    """Errors of the linear predictors of a fit."""
    return model._once("errors", lambda: _prediction_errors(model))


def _prediction_errors(model: FittedModel) -> variances.PredictionErrors:
    fit = model._fit
    if not fit.mixed:
        return variances.PredictionErrors(fit)
    errors = variances.GeneralizedMixedErrors if fit.generalized else variances.LinearMixedErrors

    def weights() -> Vector:
        _need_rows(model)
        return model._working_weights()

    def engine() -> Any:
        _need_rows(model)
        return model._engine

    made = errors(model.design, fit, weights, engine)
    if model._stored is not None and isinstance(made, variances.LinearMixedErrors):
        kept = or_normal("Satterthwaite", model._coefficients)
        if isinstance(kept, Satterthwaite):
            made.information = kept.facts
    return made


def _need_rows(model: FittedModel) -> None:
    if model._stored is not None:
        raise DataError(
            "these standard errors need the rows that the model was fitted to, and a model loaded from a file has "
            "none; it has the predictions themselves, and standard errors and limits of means with kind='typical'."
        )
