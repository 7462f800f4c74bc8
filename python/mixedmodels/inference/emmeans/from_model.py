"""The parts of a model that a reference grid needs: predictors, offset, coefficients, scale of the response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mixedmodels import frame
from mixedmodels._names import by_meant, meant
from mixedmodels._typing import Vector
from mixedmodels.errors import UnknownColumnError
from mixedmodels.estimates.coefficients import Coefficients, Ddf, Residual
from mixedmodels.estimates.linear_functions import Basis, null_space
from mixedmodels.estimates.predictors import (
    Predictors,
    argument_offset,
    function_of,
    offset_variables,
    remembered_columns,
    used_columns,
)
from mixedmodels.estimates.response_scale import way_back
from mixedmodels.frame import Numeric
from mixedmodels.inference.emmeans.settings import Settings


def predictors_of(model: Any, at: Mapping[str, Any] | None = None) -> Predictors:
    """The predictors at the rows used; for a model loaded from a file, the levels that it stores.

    Variables of an offset argument are among them where `at` has one.
    """
    offset = offset_variables(model.design.spec)
    beside = offset if offset & set(at or ()) else frozenset[str]()
    if model._stored is not None:
        return Predictors(model.design, remembered_columns(model.design, beside), has_rows=False)
    table = frame.read(model._request.data)
    return Predictors(model.design, used_columns(model.design, table, beside), model._request.env)


def grid_arguments(
    model: Any, predictors: Predictors, at: Any, cov_reduce: Any, cov_keep: Any, offset: float | None, nesting: Any
) -> dict[str, Any]:
    """Arguments of `reference_grid`."""
    held = by_meant(at or {}, predictors.columns)
    fixed, argument = _offset(model, predictors, offset, held)
    if isinstance(cov_reduce, Mapping):
        cov_reduce = by_meant(cov_reduce, predictors.columns)
    return {
        "at": held,
        "reduce": cov_reduce,
        "keep": cov_keep,
        "offset": fixed,
        "argument_offset": argument,
        "nesting": nesting,
    }


def _offset(
    model: Any, predictors: Predictors, offset: float | None, at: Mapping[str, Any]
) -> tuple[float | None, float | str | None]:
    """The offset of all cells; or None, and what stands for the offset argument of the fit.

    As emmeans has it from version 1.8.7 on, ``offset()`` terms are computed from the values of their variables in the
    grid, and an offset argument is at its mean; or it is computed too, where `at` has one of its variables.
    """
    spec = model.design.spec
    if offset is not None or spec.offset is None:
        return offset, None
    if offset_variables(spec) & set(at):
        return None, spec.offset
    model._need_rows("the mean of the offset (give offset=)")
    return None, float(np.mean(argument_offset(predictors, model._fit.n)))


def settings_of(model: Any, method: str | None, sigma: float | None) -> Settings:
    """Settings of the grid: the scale is the link of the family or the transformation of the response."""
    scale = way_back(model)
    return Settings(estimate="prediction", limits=False, scale=scale, sigma=sigma, method=method)


def basis_of(model: Any, ddf: Ddf | float) -> tuple[Basis, str | None, tuple[str, ...]]:
    """Coefficients and what can be estimated, the name of the method where it is to be printed, and notes."""
    full = len(model._fit.kept) == len(model.design.fixed.names)
    if not full:
        model._need_rows("the estimability of means in a model of reduced rank")
    space = None if full else null_space(model.design, model._fit.kept)
    coefficients, method, notes = _coefficients(model, ddf)
    return Basis(coefficients, tuple(model._fit.kept), space), method, notes


def _coefficients(model: Any, ddf: Ddf | float) -> tuple[Coefficients, str | None, tuple[str, ...]]:
    """Coefficients, the name of the method where it is to be printed, and notes."""
    get = model._coefficients
    if isinstance(ddf, Coefficients):
        coefficients = get(ddf)
        return coefficients, coefficients.method, _notes(coefficients)
    if isinstance(ddf, int | float | np.number):
        plain = get("normal")
        return Residual(plain.names, plain.beta, plain.vcov, float(ddf)), "user-specified", ()
    if not model._fit.mixed or model._fit.generalized:
        return get(ddf), None, ()
    coefficients = get(ddf)
    return coefficients, coefficients.method, _notes(coefficients)


def component_note(model: Any) -> tuple[str, ...]:
    """What the numbers of a component are; nothing of the conditional mean of a model that has no other."""
    what = {
        "zi": "probability of a structural zero",
        "disp": "dispersion phi, of which the linear predictor is the logarithm",
    }
    component = model.design.component
    if component != "cond":
        return (f"Component {component}: {what[component]}.",)
    has_zeros = any(other.component == "zi" for other in model.design.further)
    return ("Component cond: the mean where the response is no structural zero.",) if has_zeros else ()


def _notes(coefficients: Coefficients) -> tuple[str, ...]:
    return tuple(f"Note: {remark}" for remark in coefficients.remarks)


def slope_of(var: str, predictors: Predictors) -> tuple[str, Vector, Any]:
    """The numeric predictor that a slope is in, its values, and what function of it; None for itself."""
    var = meant(var, predictors.columns)
    name, function = (var, None) if var in predictors.columns else function_of(var, predictors)
    column = predictors.columns[name]
    if not isinstance(column, Numeric) or name in predictors.coerced:
        raise UnknownColumnError(f"{name!r} is a factor in this model; slopes are in numbers.")
    return name, column.values, function
