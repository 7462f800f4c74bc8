"""From a request to a fitted model: table, design, fit, warnings."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from mixedmodels import frame
from mixedmodels.design import Design, build
from mixedmodels.fit import checks
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.fit.generalized_linear.glm import fit_glm
from mixedmodels.fit.generalized_linear.glm_checks import glm_warnings
from mixedmodels.fit.generalized_linear.negative_binomial import fit_glm_nb
from mixedmodels.fit.glmm import fit_glmm
from mixedmodels.fit.lmm import as_control, as_flag, as_verbose, fit_lmm
from mixedmodels.fit.ols import fit_ols
from mixedmodels.fitted.request import Request, Source
from mixedmodels.model.glm import GeneralizedLinearModel
from mixedmodels.model.glmer import GeneralizedMixedModel
from mixedmodels.model.lm import LinearModel
from mixedmodels.model.lmer import MixedModel

if TYPE_CHECKING:
    from mixedmodels.families import Family


def laid_out(
    request: Request, random: Literal["allowed", "required", "forbidden"], family: Family | None = None
) -> tuple[Design, Source]:
    """The design of a request and where its rows came from; `family` says which responses and weights there may be."""
    table = frame.read(request.data)
    design = build(
        request.formula,
        table,
        weights=request.weights,
        offset=request.offset,
        subset=request.subset,
        contrasts=request.contrasts,
        na_action=request.na_action,
        env=request.env,
        random=random,
        response="binomial" if family is not None and family.support == "proportion" else "number",
        residual=family is None or family.weights_role == "precision",
        zero_weights=family is not None and random == "forbidden",
    )
    return design, Source(table.kind, table.index)


def build_lmer(request: Request, stacklevel: int = 3) -> MixedModel:
    """Fit a linear mixed model; warnings point `stacklevel` frames up, at the user's line."""
    control, reml = as_control(request.control), as_flag(request.reml, "REML")
    design, source = laid_out(request, "required")
    fit, engine = fit_lmm(design, reml=reml, start=request.start, control=control, verbose=as_verbose(request.verbose))
    warn(design, fit, stacklevel + 1)
    return MixedModel(fit, design, source, request, engine)


def build_lm(request: Request, stacklevel: int = 3) -> LinearModel:
    """Fit a linear model. As in R, aliased coefficients are NaN and shown as such, without a warning."""
    design, source = laid_out(request, "forbidden")
    fit = fit_ols(design)
    if fit.exact:
        warnings.warn(checks.exact_warning(design, fit), stacklevel=stacklevel)
    return LinearModel(fit, design, source, request)


def build_glm(request: Request, stacklevel: int = 3) -> GeneralizedLinearModel:
    """Fit a generalised linear model; of a negative binomial without theta, that too."""
    from mixedmodels.families import resolve

    family = resolve(request.family)
    design, source = laid_out(request, "forbidden", family)
    return glm_of_design(design, source, replace(request, family=family), stacklevel + 1)


def glm_of_design(design: Design, source: Source, request: Request, stacklevel: int) -> GeneralizedLinearModel:
    """Fit the design of a request whose family is resolved."""
    family, control = request.family, as_control(request.control)
    if "theta" in family.shapes:
        fit = fit_glm_nb(design, family.link, penalty=request.penalty, control=control)
    else:
        fit = fit_glm(design, family, penalty=request.penalty, start=request.start, control=control)
    for warning in glm_warnings(design, fit):
        warnings.warn(warning, stacklevel=stacklevel)
    return GeneralizedLinearModel(fit, design, source, request)


def build_glmer(request: Request, stacklevel: int = 3) -> GeneralizedMixedModel | MixedModel:
    """Fit a generalised linear mixed model; a Gaussian response with identity link is left to `build_lmer`."""
    from mixedmodels.families import GAUSSIAN, resolve

    family = resolve(request.family)
    if family == GAUSSIAN:
        warnings.warn(checks.gaussian_warning(), stacklevel=stacklevel)
        return build_lmer(replace(request, family=None, reml=False), stacklevel + 1)
    control = as_control(request.control)
    design, source = laid_out(request, "required", family)
    fit, engine = fit_glmm(
        design,
        family,
        nagq=request.nagq,
        laplace=request.laplace,
        penalty=request.penalty,
        start=request.start,
        control=control,
        verbose=as_verbose(request.verbose),
    )
    warn(design, fit, stacklevel + 1)
    return GeneralizedMixedModel(fit, design, source, request, engine)


def warn(design: Design, fit: AnyMixedFit, stacklevel: int) -> None:
    """Issue the warnings that a fit deserves."""
    for warning in checks.mixed_warnings(design, fit):
        warnings.warn(warning, stacklevel=stacklevel)
