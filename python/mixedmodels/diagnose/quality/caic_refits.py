"""Linear predictors of a model fitted to other responses, each from the estimates and with the engine of the fit."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.errors import ConvergenceWarning, MixedModelsWarning, users_line
from mixedmodels.fit.engine import EngineError
from mixedmodels.fit.lmm import as_control, engine_input
from mixedmodels.fit.many_responses.other_classes import start_of
from mixedmodels.fit.separation import fixed_effects

if TYPE_CHECKING:
    from mixedmodels.fit.engine import Glmm
    from mixedmodels.fit.record import GlmmFit

MOST = 60  # evaluations of a refit: one that starts beside its optimum takes ten


class LinearRefits:
    """Of a linear mixed model."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def eta(self, y: Vector) -> Vector:
        """Fitted values, shape (n,)."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MixedModelsWarning)
            return np.asarray(self._model.refit(y, start=self._model._fit.theta)._fitted())

    def warn_unfinished(self, count: int) -> None:
        """Every linear mixed model has an optimum."""


class GeneralizedRefits:
    """Of a generalised one: without the checks of a fit, as only the linear predictors are wanted."""

    def __init__(self, model: Any) -> None:
        fit: GlmmFit = model._fit
        control = as_control(model._request.control if model._request else None)
        self._model, self._engine = model, _handle(model)
        self._inputs = replace(engine_input(model.design, fit.kept), weights=fit.weights)
        self._how = (fit.nagq, start_of(fit), min(control.max_evaluations, MOST), control.tolerance)
        self._penalised = fit.penalised is not None
        self._unfinished = 0

    def eta(self, y: Vector) -> Vector:
        """Linear predictors, shape (n,); of a binomial model `y` are proportions."""
        rows = self._inputs.rows(y, self._model.design.offset)
        try:
            out = self._engine.with_response(rows).fit(*self._how, None, self._penalised)
        except EngineError:  # from other starts, or with an error that says why there is none
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", MixedModelsWarning)
                fit: GlmmFit = self._model.refit(y, start=start_of(self._model._fit))._fit
            return self._counted(fit.eta, fit.run.converged)
        return self._counted(np.asarray(out["eta"]), out["certificate"]["holds"])

    def _counted(self, eta: Vector, arrived: bool) -> Vector:
        family = self._model._fit.family
        self._unfinished += not arrived or (fixed_effects.concerned(family) and fixed_effects.at_bounds(family, eta))
        return eta

    def warn_unfinished(self, count: int) -> None:
        """Warn if some refits came to no optimum.

        Warns
        -----
        ConvergenceWarning
            If some did not, or only at infinity.
        """
        if self._unfinished:
            message = (
                f"{self._unfinished} of {count} refits have no finite optimum, as where one event less leaves a level "
                f"without any, or none within {MOST} evaluations: the degrees of freedom depend on where they stopped. "
                "Use method='hat', or a model with fewer fixed effects."
            )
            warnings.warn(ConvergenceWarning(message), stacklevel=users_line())


def _handle(model: Any) -> Glmm:
    engine: Glmm = model._engine
    return engine
