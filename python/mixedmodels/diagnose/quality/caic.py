"""Conditional AIC: the choice of its degrees of freedom, and the refits that they need."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.diagnose.quality import conditional_likelihood
from mixedmodels.diagnose.quality.caic_record import ConditionalAIC, conditional_aic
from mixedmodels.diagnose.quality.caic_refits import GeneralizedRefits, LinearRefits
from mixedmodels.diagnose.quality.effective_df import from_estimating_theta, reml_engine, trace_at_theta
from mixedmodels.errors import DataError, FitError
from mixedmodels.estimates.singular_directions import states
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.fit.lmm import new_engine
from mixedmodels.fit.progress import counted
from mixedmodels.fit.re_form import chosen_effects
from mixedmodels.fit.record import GlmmFit, MixedFit
from mixedmodels.fit.seeds import drawn_seed, generator, seed_text
from mixedmodels.fit.simulated_responses import checked, simulate_fit

if TYPE_CHECKING:
    from mixedmodels.fit.engine import Lmm
    from mixedmodels.fitted.model import FittedModel

Method = str | None
TINY = 1e-10  # a working weight
WORDS = {
    "analytic": "df: sum of d yhat / d y, the estimation of theta counted (Greven and Kneib, 2010){sigma}",
    "hat": "df: trace of the hat matrix at theta, as if that were known (Vaida and Blanchard, 2005)",
    "steinian": "df: from refits with one event less, or one trial reversed (Lian, 2012; Efron, 2004)",
    "bootstrap": "df: covariances of responses and natural parameters over {n} refits, given the random effects "
    "(Efron, 2004)",
    "aic": "no random effects: this is AIC",
}


def caic(model: FittedModel, method: Method, nsim: int | None, seed: Any) -> ConditionalAIC:
    """See `QualityVerbs.caic`."""
    fit = model._fit
    if not fit.mixed:
        if method is not None:
            raise DataError(f"caic(method={method!r}) is about random effects, and {model.formula!r} has none.")
        parts = {"parameters": float(model.npar)}
        return _record(model, model.loglik, parts, "aic", 0.0)
    model._need_rows("caic()")
    model._need_one_predictor("caic()", "aic has the marginal likelihood's, cross_validate() predicts held-out rows")
    chosen = _checked(fit, method)
    loglik = conditional_likelihood.conditional_loglik(model.design, fit)
    shapes = _shape_parameters(fit)
    if chosen == "bootstrap":
        draws = max(fit.n, 100) if nsim is None else nsim
        seed = drawn_seed(seed)
        cost, error = _bootstrap(model, draws, seed)
        return _record(model, loglik, {"fitted values": cost, **shapes}, chosen, error, draws, seed)
    if chosen == "steinian":
        return _record(model, loglik, {"fitted values": _steinian(model), **shapes}, chosen, 0.0)
    if fit.generalized:
        return _record(model, loglik, {"hat matrix": _working_trace(model), **shapes}, chosen, 0.0)
    parts = {"hat matrix": _trace(model)}
    if chosen == "analytic":
        ranks = [s.rank for s in states(model.design, fit)]
        parts["estimating theta"] = from_estimating_theta(model.design, fit, _handle(model), ranks)
    return _record(model, loglik, {**parts, **shapes}, chosen, 0.0)


def _record(
    model: FittedModel,
    loglik: float,
    parts: dict[str, float],
    method: str,
    error: float,
    draws: int = 0,
    seed: Any = None,
) -> ConditionalAIC:
    words = WORDS[method].format(n=draws, sigma=", and sigma" if model._fit.has_dispersion else "") + (
        f", {seed_text(seed)}." if draws else "."
    )
    return conditional_aic(model.formula, loglik, parts, method, words, error, model._source.kind, seed)


def _checked(fit: AnyMixedFit, method: Method) -> str:
    if not fit.generalized:
        possible: tuple[str, ...] = ("analytic", "hat", "bootstrap")
    elif fit.family.engine_name in ("poisson", "binomial"):
        possible = ("steinian", "hat", "bootstrap")
    else:
        possible = ("bootstrap", "hat")
    if method is None:
        return possible[0]
    if method not in possible:
        raise DataError(f"method is {method!r}; caic() of this model has {', '.join(map(repr, possible))}.")
    return method


def _shape_parameters(fit: AnyMixedFit) -> dict[str, float]:
    if not fit.generalized:
        return {} if fit.known_sigma else {"sigma": 1.0}
    return dict.fromkeys(fit.family.shapes, 1.0)


def _handle(model: Any) -> Lmm:
    engine: Lmm = model._engine
    if engine.describe().get("path") == "estimated":
        raise FitError(
            "the degrees of freedom of cAIC need exact derivatives of the criterion, which for this model are out of "
            "reach (see fit.engine); fit it to part of the rows."
        )
    return engine


def _trace(model: FittedModel) -> float:
    fit: MixedFit = model._fit
    return trace_at_theta(model.design, fit.theta, fit.kept, reml_engine(model.design, fit, _handle(model)))


def _working_trace(model: FittedModel) -> float:
    """tr(H) of the weighted linear model that the modes solve."""
    fit: GlmmFit = model._fit
    weights = np.maximum(model._working_weights(), TINY)
    working = fit.eta + model._residuals("working")
    design = replace(model.design, response=working, weights=weights, offset=None)
    return trace_at_theta(design, fit.theta, fit.kept, new_engine(design, bool(fit.kept)))


def _steinian(model: FittedModel) -> float:
    fit: GlmmFit = model._fit
    todo = conditional_likelihood.perturbed(fit)
    total = float(todo.own @ _natural(model, fit.eta, fit))
    refits = GeneralizedRefits(model)
    with counted(len(todo.row), "refits") as tell:
        for done, (row, value, weight) in enumerate(zip(todo.row, todo.value, todo.weight, strict=True)):
            y = fit.y.copy()
            y[row] = value
            total += weight * float(_natural(model, refits.eta(y)[row : row + 1], fit)[0])
            tell(done + 1)
    refits.warn_unfinished(len(todo.row))
    return total


def _bootstrap(model: FittedModel, draws: int, seed: Any) -> tuple[float, float]:
    fit = model._fit
    if checked(draws) < 2:
        raise DataError(f"nsim is {draws}; covariances need two draws or more.")
    y = simulate_fit(model.design, fit, draws, generator(seed), chosen_effects(model.design, None)).T
    parameters = np.empty_like(y)
    refits: GeneralizedRefits | LinearRefits = GeneralizedRefits(model) if fit.generalized else LinearRefits(model)
    with counted(draws, "refits") as tell:
        for done, response in enumerate(y):
            parameters[done] = _natural(model, refits.eta(response), fit)
            tell(done + 1)
    refits.warn_unfinished(draws)
    weights = model._prior_weights()
    scale = np.ones(fit.n) if weights is None else weights
    return conditional_likelihood.covariance_cost(parameters, y, scale / (fit.residual_sd or 1.0) ** 2)


def _natural(model: FittedModel, eta: Vector, fit: AnyMixedFit) -> Vector:
    if not fit.generalized:
        return eta
    theta = fit.free_shapes.get("theta", fit.family.theta)
    return conditional_likelihood.natural(fit.family, model._on_scale(eta, "response"), theta)
