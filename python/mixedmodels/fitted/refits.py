"""A fitted model's design, or part of it, fitted again as the model was."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mixedmodels.design.further import ARGUMENTS
from mixedmodels.errors import ConvergenceWarning, DataError
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.fit.checks import mixed_warnings
from mixedmodels.fit.components.constraints import NONE, Constraints
from mixedmodels.fit.generalized_linear.any_family import fit_without_random
from mixedmodels.fit.generalized_linear.glm import fit_glm
from mixedmodels.fit.generalized_linear.glm_checks import glm_warnings
from mixedmodels.fit.glmm import constraints_as_in, fit_glmm
from mixedmodels.fit.lmm import as_control, fit_lmm, kept_columns
from mixedmodels.fit.many_responses.other_classes import start_of
from mixedmodels.fit.ols import fit_ols
from mixedmodels.fit.progress import counted
from mixedmodels.fit.record import GlmFit
from mixedmodels.fitted.components import constraints_of
from mixedmodels.fitted.labels import predictors
from mixedmodels.fitted.layout import laid_out
from mixedmodels.fitted.request import with_formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixedmodels.design import Design
    from mixedmodels.fit.any_fit import AnyFit, AnyMixedFit
    from mixedmodels.fit.record import Control
    from mixedmodels.fitted.model import FittedModel
    from mixedmodels.fitted.request import Request


def refitted(model: FittedModel, design: Design, *, reml: bool = False, stacklevel: int = 3) -> AnyFit:
    """Fit another design in the way of a model; without random terms by least squares or as a glm.

    Parameters
    ----------
    reml : bool, default False
        Whether a linear mixed model is fitted by restricted maximum likelihood.

    Warns
    -----
    ConvergenceWarning
        If the fit did not converge.
    """
    fit: AnyFit = model._fit
    request = model._request
    control = as_control(request.control if request else None)
    if not fit.generalized and not (fit.mixed and design.random):
        return fit_ols(design, fit.method.sigma)
    if fit.generalized and not fit.mixed and fit.family.least_squares:
        return fit_glm(design, fit.family, penalty=fit.penalty, control=control)
    if fit.generalized and not fit.mixed:
        return fit_without_random(design, fit.family, penalty=fit.penalty, control=control)
    if not fit.generalized:
        again: AnyMixedFit = fit_lmm(design, reml=reml, sigma=fit.method.sigma, control=control)[0]
    elif not design.random and fit.function != "glmmTMB":
        return fit_without_random(design, fit.family, control=control)
    else:
        how: dict[str, Any] = {"nagq": fit.nagq, "laplace": fit.laplace, "penalty": fit.method.penalty}
        again = fit_glmm(design, fit.family, control=control, constraints=_constraints(model, design, reml), **how)[0]
    for warning in mixed_warnings(design, again):
        if isinstance(warning, ConvergenceWarning):
            warnings.warn(warning, stacklevel=stacklevel)
    return again


def _constraints(model: FittedModel, design: Design, reml: bool) -> Constraints:
    """What a model holds, ties and has priors on, at the places of another design."""
    fit, request = model._fit, model._request
    if constraints_as_in(fit) is NONE or request is None:
        return NONE
    return replace(constraints_of(design, fit.family, request), reml=reml)


def refitted_to_part(fit: AnyFit, part: Design, control: Control) -> AnyFit:
    """Fit part of a fit's rows, from the estimates of all.

    Parameters
    ----------
    part : Design
        Design of the part, its response and weights as the family sees them.

    Raises
    ------
    MixedModelsError
        If it cannot be fitted.
    """
    if not fit.generalized:
        if not fit.mixed:
            return fit_ols(part, fit.method.sigma)
        known = fit.method.sigma
        return fit_lmm(part, reml=fit.reml, sigma=known, start=fit.theta, control=control)[0]
    if fit.mixed:
        start = start_of(fit)
        if not same_columns(part, fit):
            start.pop("beta")  # of other columns
        how: dict[str, Any] = {"penalty": fit.method.penalty, "start": start, "constraints": constraints_as_in(fit)}
        return fit_glmm(part, fit.family, nagq=fit.nagq, laplace=fit.laplace, control=control, **how)[0]
    family = fit.method.family
    assert family is not None
    return fit_without_random(part, family, penalty=fit.penalty, control=control)


def same_columns(part: Design, fit: AnyFit) -> bool:
    """Whether the rows determine the coefficients that the fit has, of all linear predictors."""
    n = _rows_of(part)
    return all(
        kept_columns(own.fixed, n, part.weights) == estimates.kept for _, own, estimates in predictors(part, fit)
    )


def _rows_of(design: Design) -> int:
    assert design.response is not None
    return len(design.response)


def all_refitted(
    model: FittedModel, designs: Sequence[Design], *, reml: bool = False, stacklevel: int = 3
) -> list[AnyFit]:
    """Fit several designs, with a line of progress where that takes long."""
    fits = []
    with counted(len(designs), "models") as tell:
        for design in designs:
            fits.append(refitted(model, design, reml=reml, stacklevel=stacklevel + 1))
            tell(len(fits))
    return fits


def by_maximum_likelihood(model: FittedModel, stacklevel: int = 3) -> AnyFit:
    """The fit of a model, by maximum likelihood where it was by restricted."""
    fit: AnyFit = model._fit
    if not fit.reml:
        return fit
    model._need_rows("refitting by maximum likelihood")
    return refitted(model, model.design, stacklevel=stacklevel + 1)


def design_of(model: FittedModel, formula: str) -> Design:
    """The design of another formula on the rows that the model used.

    Raises
    ------
    DataError
        If rows that the model used have missing values in a column that it did not.
    """
    model._need_rows("another formula")
    request = model._request
    assert request is not None
    if model.design.positions is not None:
        request = replace(request, subset=model.design.positions)
    for other in model.design.further:  # a "~." means what it meant with the model's own formula
        own: dict[str, Any] = {ARGUMENTS[other.component]: other.formula}
        request = replace(request, **own)
    family = model._fit.family if model._fit.generalized else None
    design, _ = laid_out(with_formula(request, formula), "allowed", family)
    if design.dropped:
        raise DataError(
            f"{design.dropped} of the {model._fit.n} rows of the model have missing values in a column of "
            f"{formula!r}; fit the model to the rows that are complete in all columns first."
        )
    return design


def fit_glm_design(design: Design, request: Request, stacklevel: int = 3) -> GlmFit:
    """Fit the design of a generalised linear model's request, with the warnings that concern the user."""
    method, control = request.method, as_control(request.control)
    family = method.family
    assert family is not None
    fit = fit_without_random(design, family, penalty=method.penalty, start=request.start, control=control)
    for warning in glm_warnings(design, fit):
        warnings.warn(warning, stacklevel=stacklevel)
    return fit
