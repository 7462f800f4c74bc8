"""A request becomes a fitted model: build the design, fit it, warn."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

from mixedmodels.fit.components.record import ComponentsFit
from mixedmodels.fit.lmm import as_control, as_flag, as_verbose, fit_lmm
from mixedmodels.fit.method import check_reml
from mixedmodels.fit.record import GlmFit, GlmmFit, LinearFit, MixedFit
from mixedmodels.fitted import registry
from mixedmodels.fitted.layout import laid_out
from mixedmodels.model.components import ComponentsModel
from mixedmodels.model.glm import GeneralizedLinearModel
from mixedmodels.model.glmer import GeneralizedMixedModel
from mixedmodels.model.lm import LinearModel
from mixedmodels.model.lmer import MixedModel

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel
    from mixedmodels.fitted.request import Request


def build_lmer(request: Request, stacklevel: int = 3) -> MixedModel:
    """Fit a linear mixed model; warnings point `stacklevel` frames up, at the user's line."""
    from mixedmodels.fit.checks import warn_bar, warn_mixed

    control, reml = as_control(request.control), as_flag(request.method.reml, "REML")
    check_reml(request.method.ddf, reml)
    design, source = laid_out(request, "required")
    warn_bar(design)
    fit, engine = fit_lmm(
        design,
        reml=reml,
        sigma=request.method.sigma,
        start=request.start,
        control=control,
        verbose=as_verbose(request.verbose),
    )
    warn_mixed(design, fit, stacklevel + 1)
    return MixedModel(fit, design, source, request, engine)


def build_lm(request: Request, stacklevel: int = 3) -> LinearModel:
    """Fit a linear model. As in R, aliased coefficients are NaN and shown as such, without a warning."""
    from mixedmodels.fit import checks
    from mixedmodels.fit.ols import fit_ols

    design, source = laid_out(request, "forbidden")
    fit = fit_ols(design, request.method.sigma)
    if fit.exact:
        warnings.warn(checks.exact_warning(design, fit), stacklevel=stacklevel)
    return LinearModel(fit, design, source, request)


def build_glm(request: Request, stacklevel: int = 3) -> GeneralizedLinearModel:
    """Fit a generalised linear model; a negative binomial without theta has theta estimated too."""
    from mixedmodels.fitted.refits import fit_glm_design

    design, source = laid_out(request, "forbidden", request.method.family)
    fit = fit_glm_design(design, request, stacklevel + 1)
    return GeneralizedLinearModel(fit, design, source, request)


def build_glmer(request: Request, stacklevel: int = 3) -> GeneralizedMixedModel | MixedModel:
    """Fit a generalised linear mixed model; a Gaussian response with identity link is left to `build_lmer`."""
    from mixedmodels.families import GAUSSIAN
    from mixedmodels.fit import checks
    from mixedmodels.fit.checks import warn_bar, warn_mixed
    from mixedmodels.fit.glmm import fit_glmm

    family = request.method.family
    assert family is not None
    if family == GAUSSIAN:
        warnings.warn(checks.gaussian_warning(), stacklevel=stacklevel)
        return build_lmer(replace(request, method=replace(request.method, family=None, reml=False)), stacklevel + 1)
    control = as_control(request.control)
    design, source = laid_out(request, "required", family)
    warn_bar(design)
    fit, engine = fit_glmm(
        design,
        family,
        nagq=request.method.nagq,
        laplace=request.method.laplace,
        penalty=request.method.penalty,
        start=request.start,
        control=control,
        verbose=as_verbose(request.verbose),
    )
    warn_mixed(design, fit, stacklevel + 1)
    return GeneralizedMixedModel(fit, design, source, request, engine)


def build_glmmtmb(request: Request, stacklevel: int = 3) -> ComponentsModel:
    """Fit a model of up to three components: the conditional mean, zero inflation and the dispersion."""
    from mixedmodels.fit.checks import warn_bar, warn_mixed
    from mixedmodels.fit.glmm import fit_glmm
    from mixedmodels.fitted.components import constraints_of, with_parts

    base = request.method.family
    assert base is not None
    control = as_control(request.control)
    design, source = laid_out(request, "allowed", base)
    family = with_parts(base, design, request)
    warn_bar(design)
    fit, engine = fit_glmm(
        design,
        family,
        start=request.start,
        control=control,
        verbose=as_verbose(request.verbose),
        constraints=constraints_of(design, family, request),
    )
    assert isinstance(fit, ComponentsFit)
    warn_mixed(design, fit, stacklevel + 1)
    return ComponentsModel(fit, design, source, request, engine)


def build_model(request: Request, mixed: bool, stacklevel: int = 3) -> FittedModel:
    """Fit a request by the function it needs: with or without random effects, with or without a family."""
    if request.method.weights_role is not None:
        return build_glmmtmb(request, stacklevel + 1)
    if request.method.family is None:
        return build_lmer(request, stacklevel + 1) if mixed else build_lm(request, stacklevel + 1)
    return build_glmer(request, stacklevel + 1) if mixed else build_glm(request, stacklevel + 1)


registry.fill(
    {
        LinearFit: LinearModel,
        MixedFit: MixedModel,
        GlmFit: GeneralizedLinearModel,
        GlmmFit: GeneralizedMixedModel,
        ComponentsFit: ComponentsModel,
    },
    build_model,
)
