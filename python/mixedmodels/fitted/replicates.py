"""New responses of a fitted model, and its design fitted to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixedmodels._spellings import word
from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.row_subset import part_of
from mixedmodels.errors import DataError, FitError
from mixedmodels.fit.components.record import ComponentsFit
from mixedmodels.fit.glmm import new_engine as new_glmm_engine
from mixedmodels.fit.lmm import as_control, engine_input, kept_columns
from mixedmodels.fit.lmm import new_engine as new_lmm_engine
from mixedmodels.fit.many_responses.linear_mixed import CONVERGED, ManyFits, deviations, less_offset, many_lmm
from mixedmodels.fit.many_responses.other_classes import family_design, many_glm, many_glmm, many_ols, start_of
from mixedmodels.fit.re_form import chosen_effects
from mixedmodels.fit.record import Control, GlmmFit, MixedFit
from mixedmodels.fit.simulated_responses import (
    resample_residuals,
    simulate_fit,
)
from mixedmodels.fit.threads import set_threads
from mixedmodels.fit.threads import threads as threads_now
from mixedmodels.fitted.labels import coefficient_names, covariance_columns, prefix
from mixedmodels.fitted.varcorr import varcorr

if TYPE_CHECKING:
    from mixedmodels.design import Design
    from mixedmodels.fit.any_fit import AnyFit, AnyMixedFit
    from mixedmodels.fit.engine import Glmm, Lmm
    from mixedmodels.fitted.model import FittedModel

Type = Literal["parametric", "semiparametric"]
Refit = Callable[[Matrix], ManyFits]


def drawer(model: FittedModel, type: str, re_form: Any, rng: np.random.Generator) -> Callable[[int], Matrix]:  # noqa: A002
    """Draws that many more responses, as the family sees them, shape (count, n).

    Raises
    ------
    DataError
        If the kind of bootstrap does not exist, or not for this model.
    """
    fit, design = model._fit, model.design
    type = word("type", type, ("parametric", "semiparametric"))  # noqa: A001
    chosen = chosen_effects(design, re_form)
    if type == "semiparametric":
        return _resampled(model, chosen, rng)
    return lambda count: simulate_fit(design, fit, count, rng, chosen).T


def _resampled(model: FittedModel, chosen: Sequence[Any], rng: np.random.Generator) -> Callable[[int], Matrix]:
    if model._fit.generalized:
        raise DataError(
            f"type='semiparametric' adds residuals to means, which gives no responses that {model.family} could have; "
            "use type='parametric'."
        )
    if not all(c.all() for c in chosen):
        raise DataError(
            "type='semiparametric' resamples residuals around the conditional modes; it needs re_form=None."
        )
    mean, residuals, weights = model._fitted(), model._residuals("response"), model.design.weights
    return lambda count: resample_residuals(mean, residuals, weights, count, rng).T


def refitter(model: FittedModel, design: Design | None = None, *, df: bool = False) -> Refit:
    """Fits the model to responses as `drawer` gives them.

    A linear mixed model starts where each response's own moments say, which is never farther from its optimum than the
    estimates at the data, and in balanced designs all but there.

    Parameters
    ----------
    design : Design, optional
        Design of part of the model's rows, if not all.
    df : bool, default False
        Whether Satterthwaite's degrees of freedom are wanted.
    """
    fit = model._fit
    control = as_control(model._request.control if model._request else None)
    whole = design is None
    rows = model.design if design is None else design
    if not fit.generalized and not fit.mixed:
        return lambda y: many_ols(rows, y, fit.method.sigma)
    if not fit.generalized:
        return _lmm_refitter(_handle(model) if whole else None, rows, fit, control, df)
    seen = family_design(rows, fit) if whole else rows
    if not fit.mixed:
        family = fit.method.family  # with a theta that is estimated anew where it was before
        return lambda y: many_glm(seen, family, fit.kept, y, penalty=fit.penalty, control=control)
    return _glmm_refitter(_handle(model) if whole else None, seen, fit, control)


def _glmm_refitter(engine: Glmm | None, rows: Design, fit: GlmmFit, control: Control) -> Refit:
    inputs = engine_input(rows, fit.kept)
    if engine is None:
        assert rows.response is not None
        engine = new_glmm_engine(rows, replace(fit, y=rows.response, weights=rows.weights))
    how: dict[str, Any] = {"nagq": fit.nagq, "penalised": fit.method.penalty is not None, "start": start_of(fit)}
    return lambda y: many_glmm(engine, rows, fit.family, inputs, y, control=control, **how)


def _handle(model: Any) -> Any:
    return model._engine


def _lmm_refitter(engine: Lmm | None, rows: Design, fit: MixedFit, control: Control, df: bool) -> Refit:
    inputs = engine_input(rows, fit.kept)
    if engine is None:
        engine = new_lmm_engine(rows, fit.reml, fit.method.sigma)
    return lambda y: many_lmm(engine, inputs, less_offset(rows, y), control=control, df=df)


def part_refitted(model: FittedModel, rows: np.ndarray[Any, Any]) -> ManyFits:
    """The model fitted to part of its rows.

    Raises
    ------
    FitError
        If it cannot be, or other coefficients can be estimated.
    """
    whole = family_design(model.design, model._fit) if model._fit.generalized else model.design
    part = part_of(whole, rows)
    assert part.response is not None
    if kept_columns(part.fixed, len(part.response), part.weights) != model._fit.kept:
        raise FitError("the rows that are left do not identify all coefficients.")
    many = refitter(model, part)(part.response[None])
    if many.interrupted:
        raise KeyboardInterrupt
    if many.failed[0]:
        raise FitError(many.reasons.get(0, "it cannot be fitted."))
    return many


def as_row(fit: AnyFit) -> ManyFits:
    """One fit in the form of many."""
    fit = fit.joint
    residual = fit.residual_sd
    shapes = np.array(list(_shapes_apart(fit).values()))
    return ManyFits(
        kept=fit.kept,
        theta=fit.theta[None],
        beta=fit.beta[None],
        sigma=np.array([np.nan if residual is None else residual]),
        shapes=shapes[None],
        vcov=fit.vcov[None],
        df=np.full((1, len(fit.kept)), fit.wald_df),
        criterion=np.full(1, np.nan),
        singular=np.array([fit.singular]),
        status=np.full(1, CONVERGED, dtype=np.int8),
        n=np.array([fit.n]),
    )


def covariance_names(design: Design, fit: AnyFit) -> tuple[str, ...]:
    """Names of what is not a fixed effect: standard deviations and correlations, an estimated sigma, shapes."""
    own = [] if fit.residual_sd is None or _knows_sigma(fit) else ["sigma"]
    names = _random_names(design, fit) if fit.mixed else own
    return (*names, *_shapes_apart(fit))


def _knows_sigma(fit: AnyFit) -> bool:
    return not fit.generalized and fit.known_sigma


def _random_names(design: Design, fit: AnyMixedFit) -> list[str]:
    """Names of standard deviations and correlations of all linear predictors, and an estimated sigma."""
    if not isinstance(fit, ComponentsFit):
        names = list(covariance_columns(varcorr(design, fit))["term"])
        return names[:-1] if _knows_sigma(fit) else names
    return [
        f"{prefix(own)}{name}"
        for own, part in zip(design.predictors, fit.predictors, strict=True)
        if own.random
        for name in covariance_columns(varcorr(own, part))["term"]
        if name != "sigma"  # a shape
    ]


def _shapes_apart(fit: AnyFit) -> dict[str, float]:
    """The estimated shapes, where they are not shown as the residual standard deviation."""
    return {} if _has_sigma(fit) else fit.free_shapes


def _has_sigma(fit: AnyFit) -> bool:
    """Whether the residual standard deviation is a column of its own; of several components it is a shape."""
    return fit.residual_sd is not None and not isinstance(fit, ComponentsFit)


def covariance_values(many: ManyFits, fit: AnyFit) -> Matrix:
    """Values of `covariance_names`, a row per fit."""
    scale: Vector | float = 1.0 if fit.generalized else many.sigma
    parts = [deviations(many.theta, fit.joint.sizes, scale)]
    if _has_sigma(fit) and not _knows_sigma(fit):
        parts.append(many.sigma[:, None])
    return np.hstack([*parts, many.shapes])


def parameter_names(design: Design, fit: AnyFit) -> tuple[str, ...]:
    """Names of all parameters as the rows of `confint` have them: covariances first, then fixed effects."""
    return (*covariance_names(design, fit), *coefficient_names(design, fit))


def parameter_values(many: ManyFits, fit: AnyFit) -> Matrix:
    """Values of `parameter_names`, a row per fit."""
    return np.hstack([covariance_values(many, fit), many.beta])


@contextmanager
def limited(threads: int | None) -> Iterator[None]:
    """At most so many threads of the engine for a while; None leaves the bound as it is."""
    if threads is None:
        yield
        return
    before = threads_now()
    set_threads(threads)
    try:
        yield
    finally:
        set_threads(before)
