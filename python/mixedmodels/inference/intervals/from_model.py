"""Confidence limits of a fitted model's parameters by profiles, Wald's method or the bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mixedmodels._spellings import BOOTSTRAP, word
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald
from mixedmodels.estimates.coefficients import Ddf
from mixedmodels.fit.components.record import ComponentsFit
from mixedmodels.fit.record import GlmFit, LinearFit
from mixedmodels.fitted.labels import kept_names
from mixedmodels.fitted.model import FittedModel
from mixedmodels.inference.bootstrap.from_model import bootstrap
from mixedmodels.inference.bootstrap.intervals import KINDS
from mixedmodels.inference.bootstrap.record import TITLES
from mixedmodels.inference.intervals.component_limits import component_limits
from mixedmodels.inference.profile import glm, glm_by_likelihood
from mixedmodels.inference.profile.arguments import Derived, Parm
from mixedmodels.inference.profile.from_model import model_parameters, profiled
from mixedmodels.inference.profile.parameters import Order, Parameter, chosen
from mixedmodels.inference.profile.record import limits_table, quantile_of
from mixedmodels.inference.profile.scales import checked
from mixedmodels.inference.profile.walk import Walk
from mixedmodels.tables.result_table import ResultTable

ORDERS: tuple[Order, ...] = ("cov.last", "lower.tri")
FEW_STEPS = 2  # of zeta from the estimate, where only limits are wanted


def confint(
    model: FittedModel,
    parm: Parm = None,
    level: float = 0.95,
    method: str = "profile",
    *,
    scale: str = "sdcor",
    derived: Derived | None = None,
    signames: bool = False,
    order: Order = "cov.last",
    criterion: str = "deviance",
    nsim: int = 500,
    seed: Any = None,
    boot_type: Any = "perc",
    verbose: int = 0,
    ddf: Ddf = None,
) -> ResultTable:
    """See the verb of this name."""
    method = word("method", method, ("profile", "wald", "boot"), BOOTSTRAP)
    criterion = word("criterion", criterion, ("deviance", "REML"))
    order = word("order", order, ORDERS)  # whatever the method is
    boot_type = word("boot_type", boot_type, KINDS, {title.lower(): kind for kind, title in TITLES.items()})
    quantile = quantile_of(level)
    if parm is not None and not isinstance(parm, str | int) and not len(parm) and not derived:
        raise DataError("parm is empty; name at least one parameter, or leave it out for all of them.")
    if derived is not None and method != "profile":
        raise DataError(f"derived quantities have intervals by method='profile', not {method!r}.")
    if ddf is not None and method != "wald":
        raise DataError(f"ddf is for the Wald limits of method='wald'; method={method!r} has no degrees of freedom.")
    if checked(scale) != "sdcor" and (method != "profile" or not model._fit.mixed):
        raise DataError(
            f"scale={scale!r} is for profile limits of a mixed model; leave it out, or use method='profile'."
        )
    if method == "wald":
        return _wald_limits(model, parm, level, signames, order, ddf)
    if not model._fit.mixed:
        return _fixed_limits(model, parm, level, method, quantile, (nsim, seed, boot_type))
    wanted = chosen(model_parameters(model, order, scale, criterion if method == "profile" else "deviance"), parm)
    names = [p.short if signames else p.name for p in wanted]
    if method == "boot":
        return _boot_limits(model, [p.name for p in wanted], names, level, (nsim, seed, boot_type))
    walk = Walk(quantile, quantile / FEW_STEPS, (quantile,))
    if parm is not None and not wanted:
        wanted = ()
    return profiled(model, wanted, walk, derived, criterion, signames, scale, verbose).confint(level)


def _wald_limits(model: FittedModel, parm: Parm, level: float, signames: bool, order: Order, ddf: Ddf) -> ResultTable:
    """Limits of the fixed effects; NaN of standard deviations and correlations."""
    coefficients = model._coefficients(ddf)
    if model._fit.mixed:
        wanted = chosen(model_parameters(model, order, "sdcor", "deviance"), parm)
    else:
        wanted = chosen(_fixed_parameters(model), parm)
    if isinstance(model._fit, ComponentsFit):
        rows = component_limits(model._fit, wanted, quantile_of(level))
    else:
        t = coefficients.t_tests()
        limits = wald.intervals(t.estimate, t.std_error, level, t.df)
        rows = [tuple(limits[p.at[0]]) if p.kind == "beta" else (np.nan, np.nan) for p in wanted]
    names = [p.short if signames else p.name for p in wanted]
    low, high = [r[0] for r in rows], [r[1] for r in rows]
    return limits_table(names, low, high, level, model._source.kind, coefficients.footer)


def _fixed_parameters(model: FittedModel) -> tuple[Parameter, ...]:
    names = kept_names(model.design, model._fit)
    return tuple(Parameter("beta", name, name, (j,)) for j, name in enumerate(names))


def _boot_limits(
    model: FittedModel, wanted: Sequence[str], names: Sequence[str], level: float, how: tuple[int, Any, Any]
) -> ResultTable:
    nsim, seed, interval = how
    table = bootstrap(model, nsim, seed).confint(level=level, type=interval)
    rows = [table.row(name) for name in wanted]
    low, high = [r["conf_low"] for r in rows], [r["conf_high"] for r in rows]
    return replace(limits_table(names, low, high, level, model._source.kind, table.footer), seed=table.seed)


def _fixed_limits(
    model: FittedModel, parm: Parm, level: float, method: str, quantile: float, boot: tuple[int, Any, Any]
) -> ResultTable:
    fit: LinearFit | GlmFit = model._fit
    wanted = chosen(_fixed_parameters(model), parm)
    shown = [p.name for p in wanted]
    if method == "boot":
        return _boot_limits(model, shown, shown, level, boot)
    if not fit.generalized or fit.penalty is not None:
        # As R: Wald limits in place of profiles are normal of a generalised linear model, Student's of a linear one.
        df = np.inf if fit.generalized else fit.wald_df
        limits = wald.intervals(fit.beta, np.sqrt(np.diag(fit.vcov)), level, df)
        rows = [tuple(limits[p.at[0]]) for p in wanted]
    elif not fit.family.least_squares:
        rows = list(glm_by_likelihood.all_limits(model.design, fit, wanted, quantile))
    else:
        x = model._dense_x()
        rows = glm.all_limits(fit, x, model.design.offset, [p.at[0] for p in wanted], quantile)
    return limits_table(shown, [r[0] for r in rows], [r[1] for r in rows], level, model._source.kind)
