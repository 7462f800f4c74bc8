"""From a request to a fitted model: table, design, fit, warnings."""

from __future__ import annotations

import warnings
from typing import Literal

from mixedmodels import frame
from mixedmodels.design import Design, build
from mixedmodels.fit import checks
from mixedmodels.fit.lmm import as_control, as_flag, as_verbose, fit_lmm
from mixedmodels.fit.ols import fit_ols
from mixedmodels.fit.record import MixedFit
from mixedmodels.model.linear import LinearModel
from mixedmodels.model.mixed import MixedModel
from mixedmodels.model.request import Request, Source


def laid_out(request: Request, random: Literal["allowed", "required", "forbidden"]) -> tuple[Design, Source]:
    """The design of a request and where its rows came from."""
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


def warn(design: Design, fit: MixedFit, stacklevel: int) -> None:
    """Issue the warnings that a fit deserves."""
    if fit.singular or not fit.run.converged or len(fit.kept) < len(design.fixed.names):
        for warning in checks.mixed_warnings(design, fit):
            warnings.warn(warning, stacklevel=stacklevel)
