"""Profiles of a fitted model's parameters."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from mixedmodels.errors import ConvergenceWarning, DataError, users_line
from mixedmodels.fit.components.constraints import NONE
from mixedmodels.fit.glmm import constraints_as_in
from mixedmodels.fitted.model import FittedModel
from mixedmodels.inference.profile.arguments import STEPS, Derived, Parm
from mixedmodels.inference.profile.derived import quantities
from mixedmodels.inference.profile.parameters import Order, Parameter, chosen, parameters, thetas, with_sigma
from mixedmodels.inference.profile.record import Profile, quantile_of
from mixedmodels.inference.profile.scales import checked
from mixedmodels.inference.profile.walk import MAX_EVALUATIONS, Profiles, Walk, profiles


def profile(
    model: FittedModel,
    parm: Parm = None,
    *,
    scale: str = "sdcor",
    level: float = 0.95,
    alphamax: float = 0.01,
    cutoff: float | None = None,
    points: int = STEPS,
    derived: Derived | None = None,
    criterion: str = "deviance",
    signames: bool = False,
    order: Order = "cov.last",
    verbose: int = 0,
) -> Profile:
    """See the verb of this name."""
    available = model_parameters(model, order, checked(scale), criterion)
    wanted = chosen(available, parm)
    if cutoff is None:
        from scipy.special import chdtri

        cutoff = float(np.sqrt(chdtri(len(model_parameters(model, order)), alphamax)))
    quantile = quantile_of(level)
    walk = Walk(max(cutoff, quantile), max(cutoff, quantile) / points, (quantile,))
    return profiled(model, wanted, walk, derived, criterion, signames, scale, verbose)


def profiled(
    model: FittedModel,
    wanted: Sequence[Parameter],
    walk: Walk,
    derived: Derived | None,
    criterion: str,
    signames: bool,
    scale: str,
    verbose: int = 0,
) -> Profile:
    """Walk along the profiles of these parameters, and show standard deviations on the scale that was asked for."""
    fit = model._fit
    if fit.generalized and constraints_as_in(fit) is not NONE:
        raise DataError(
            "profile() is for models by maximum likelihood whose parameters are all free; of one with REML, priors or "
            "map take confint(method='wald') or method='boot'."
        )
    curves = profiles(
        model._engine,
        model.design,
        model._fit,
        wanted,
        walk,
        quantities(derived or {}, with_sigma(parameters(model.design, model._fit), model._fit)),
        restricted=criterion == "REML",
        verbose=verbose,
    )
    _warn_of_the_unfinished(curves)
    made = Profile(curves, model._source.kind, signames)
    return made.on_scale(scale) if scale in ("variance", "log") else made


def _warn_of_the_unfinished(found: Profiles) -> None:
    """Say which curves took so many evaluations that they were left where they stood."""
    names = [curve.parameter.name for curve in found.curves if "spent" in curve.ends]
    if names:
        warnings.warn(
            f"the profile of {', '.join(names)} was left before its limit, after {MAX_EVALUATIONS} evaluations of the "
            "deviance on one side: it is flat there, or jumps. The table has what was reached; look at profile(), or "
            "use method='boot'.",
            ConvergenceWarning,
            stacklevel=users_line(),
        )


def model_parameters(
    model: FittedModel, order: Order = "cov.last", scale: str = "sdcor", criterion: str = "deviance"
) -> tuple[Parameter, ...]:
    """The parameters of a model that can be profiled, in the order asked for."""
    fit = model._fit
    if not fit.mixed:
        raise DataError("profile() is for mixed models; confint() of a model without random effects has its limits.")
    if criterion not in ("deviance", "REML"):
        raise DataError(f"criterion must be 'deviance' or 'REML', not {criterion!r}.")
    available = parameters(model.design, fit, order)
    if scale == "theta":
        available = (*thetas(model.design, fit), *(p for p in available if p.kind not in ("sd", "cor")))
    if criterion == "REML":
        if not fit.reml:
            raise DataError("criterion='REML' is for a fit by REML.")
        available = tuple(p for p in available if p.variance)
    return available
