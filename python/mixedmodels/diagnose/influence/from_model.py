"""Influence, leverage and standardised residuals of a model, as its verbs return them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from mixedmodels import frame
from mixedmodels._spellings import recased
from mixedmodels._typing import Vector
from mixedmodels.diagnose.influence import standardised
from mixedmodels.diagnose.influence.deletion_sets import deletion_sets
from mixedmodels.diagnose.influence.deletions import Theta, deletions
from mixedmodels.diagnose.influence.leverage import Leverage, leverage
from mixedmodels.diagnose.influence.linearised import Linearised, linearised
from mixedmodels.diagnose.influence.record import Influence
from mixedmodels.diagnose.influence.refits import variance_parameters
from mixedmodels.errors import DataError
from mixedmodels.fit.any_fit import AnyFit
from mixedmodels.fit.lmm import as_control
from mixedmodels.fitted.labels import coefficient_names, prefix, variance_names
from mixedmodels.fitted.model import FittedModel

THETA = ("fixed", "one_step", "refit")


def influence(model: Any, group: Any, theta: Theta, progress: bool | None) -> Influence:
    """See `InfluenceVerbs.influence`."""
    theta = recased(theta, THETA)
    if theta not in THETA:
        raise DataError(f"theta is {theta!r:.40}; give 'fixed', 'one_step' or 'refit'.")
    model._need_rows("influence()")
    fit, design = model._fit, model.design
    if not fit.kept:
        raise DataError(f"{design.formula!r} has no fixed effects, and influence is on these; add one.")
    if theta == "one_step" and fit.method.nagq == 0:
        raise DataError("a Newton step needs a maximised likelihood, and nAGQ=0 does not maximise it; use 'refit'.")
    sets = deletion_sets(model, group)
    control = as_control(model._request.control if model._request else None)
    changes = deletions(design, fit, sets.codes, len(sets), theta, control, progress)
    rows = group is None
    return Influence(
        changes,
        group=None if rows else sets.name,
        labels=sets.labels,
        rows=np.bincount(sets.codes, minlength=len(sets)),
        theta=theta,
        how=_words(fit, theta),
        names=coefficient_names(design, fit),
        beta=fit.joint.beta,
        parameter_names=parameter_names(model),
        parameters=variance_parameters(fit),
        mixed=bool(design.random) or fit.mixed,
        kind=model._source.kind,
        label=model._rows.label if rows else None,
        table=model._rows.table if rows else None,
        columns=partial(_all_rows, model) if rows and model._rows.padded else None,
    )


def _all_rows(model: Any, measures: dict[str, Any]) -> dict[str, Any]:
    """Measures of the rows used beside the labels of all rows."""
    columns = model._rows.columns(measures)
    return {**columns, "row": [str(label) for label in columns["row"]]}


def _words(fit: AnyFit, theta: str) -> str:
    """A sentence on the method of deletion."""
    if not fit.mixed and not fit.generalized:
        return "exact"
    if not fit.mixed:
        return "fitted again" if theta == "refit" else "by one step from the estimates"
    kept = "variances kept" + (", by one step from the estimates" if fit.generalized else "")
    return {"fixed": kept, "one_step": "by one Newton step from the estimates", "refit": "fitted again"}[theta]


def parameter_names(model: Any) -> tuple[str, ...]:
    """Names of `refits.variance_parameters`."""
    fit = model._fit
    names = [f"{prefix(own)}{name}" for own in model.design.predictors for name in variance_names(own)[:-1]]
    if fit.residual_sd is not None:
        return (*names, "var_residual")
    return (*names, *fit.free_shapes)


def leverage_table(model: Any, group: Any) -> Any:
    """See `InfluenceVerbs.leverage`."""
    parts = leverage_of(model)
    columns = {name: getattr(parts, name) for name in ("total", "fixed", "random", "unconfounded")}
    if group is None:
        return model._rows.table(columns)
    sets = deletion_sets(model, group)
    counts = np.bincount(sets.codes, minlength=len(sets))
    means = {name: np.bincount(sets.codes, v, len(sets)) / counts for name, v in columns.items()}
    return frame.to_kind({sets.name: list(sets.labels), "rows": counts, **means}, model._source.kind)


def rstandard(model: Any, residual: str | None) -> Vector:
    """See `InfluenceVerbs.rstandard`."""
    if residual not in (None, "deviance", "pearson"):
        raise DataError(f"type is {residual!r}; give 'deviance' or 'pearson'.")
    h, fit = leverage_of(model).total, model._fit
    default = fit.family.shown_residual if fit.generalized and not fit.mixed else "pearson"
    sigma = fit.residual_sd
    return standardised.standardised(model._residuals(residual or default), h, 1.0 if sigma is None else sigma)


def rstudent(model: Any) -> Vector:
    """See `InfluenceVerbs.rstudent`."""
    h, fit = leverage_of(model).total, model._fit
    e = model._residuals(fit.family.shown_residual)
    if not fit.generalized and (fit.mixed or fit.known_sigma):
        return standardised.standardised(e, h, fit.sigma)
    if not fit.generalized:
        return standardised.standardised(e, h, 1.0) / standardised.sigma_without(e, h, fit.df_resid)
    pearson = model._residuals("pearson")
    if fit.mixed:
        return standardised.studentised(e, pearson, h, fit.residual_sd or 1.0)
    no_dispersion = fit.family.name in ("binomial", "poisson") or not fit.family.least_squares
    return standardised.studentised(
        e, pearson, h, 1.0 if no_dispersion else standardised.sigma_without(e, h, fit.df_resid)
    )


def linearised_of(model: FittedModel) -> Linearised:
    """The working linear model of a fit at its estimates."""
    model._need_rows("a check of the rows")
    model._need_one_predictor("leverage", "influence() without rows or groups has its Cook's distances")
    return linearised(model.design, model._fit)


def leverage_of(model: FittedModel) -> Leverage:
    """Leverage of the rows, computed once."""
    return model._once("leverage", lambda: leverage(linearised_of(model)))
