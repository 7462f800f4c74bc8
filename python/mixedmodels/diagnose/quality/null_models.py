"""Null models that R2 and ICC compare with: an intercept alone, with or without the random effects."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mixedmodels.design import Design
from mixedmodels.design.records import FixedDesign
from mixedmodels.errors import DataError, MixedModelsWarning
from mixedmodels.estimates import distribution_variance
from mixedmodels.estimates.variance_parts import Parts, family_residual, gaussian_residual, parts, random_variances
from mixedmodels.fit.any_fit import AnyFit
from mixedmodels.fit.family_moments import shapes_of
from mixedmodels.fitted.refits import refitted

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel

INTERCEPT = FixedDesign(names=("(Intercept)",), columns=(None,), assign=(-1,), terms=())


def null_design(design: Design, random: bool = True) -> Design:
    """The design with an intercept as its only fixed effect; offset and weights stay."""
    formula = f"{design.response_name} ~ 1" + "".join(f" + ({t.text})" for t in design.random if random)
    out = replace(design, fixed=INTERCEPT, formula=formula)
    return out if random else replace(out, random=(), groups=())


def null_fit(model: FittedModel, random: bool = True, reml: bool | None = None) -> AnyFit:
    """The null model of the same rows, fitted as the model was; the model's own fit where it is its own null model."""
    design = model.design
    fit: AnyFit = model._fit
    restricted = fit.reml if reml is None else reml
    other = fit.mixed and not fit.generalized and fit.reml != restricted
    alone = len(design.fixed.columns) == 1 and design.fixed.columns[0] is None
    if alone and (random or not design.random) and not other:
        return fit
    model._need_rows("a comparison with the null model")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MixedModelsWarning)
        return refitted(model, null_design(design, random), reml=restricted)


def variance_parts(model: FittedModel, approximation: str | None, mean: str | None, per: str | None) -> Parts:
    """The parts of the variance of a model's rows, on the scale of the linear predictor."""
    model._need_rows("the parts of the variance")
    design, fit = model.design, model._fit
    if any(other.component == "disp" for other in design.further):
        raise DataError(
            f"the residual variance of {model.formula!r} on the scale of the link needs one dispersion, and "
            "dispformula has one for each row; take the r2() or icc() of the model without dispformula, or r2('lr')."
        )
    if not fit.generalized:
        _nothing_to_choose(approximation, mean)
        return parts(design, fit, gaussian_residual(design, fit, per))
    mu = float("nan")
    chosen, psi = distribution_variance.approximation_of(fit.family, approximation), shapes_of(fit)
    where = distribution_variance.mean_of(fit.family, mean)
    if distribution_variance.needs_mean(fit.family, chosen, psi):
        mu = typical_mean(model, where)
    return parts(design, fit, family_residual(fit, psi, approximation, mu, per))


def _nothing_to_choose(approximation: str | None, mean: str | None) -> None:
    for name, value in (("approximation", approximation), ("mean", mean)):
        if value is not None:
            raise DataError(
                f"{name}={value!r} is about the variance of a family, and a linear model has its sigma; leave it out."
            )


def typical_mean(model: FittedModel, where: str) -> float:
    """Mean response at which a family's variance is taken.

    Parameters
    ----------
    where : str
        Place of the mean: "marginal", over the rows and the random effects of the null model; "intercept", at its
        intercept alone; "observed", the mean of the response.
    """
    fit = model._fit
    if where == "observed":
        role = fit.family.weights_role
        return float(np.average(fit.y, weights=None if role == "cases" else fit.weights))
    null = null_fit(model)
    if where == "intercept":
        return float(fit.family.mean(null.beta[0]))
    offset = model.design.offset
    eta = np.full(fit.n, null.beta[0]) if offset is None else null.beta[0] + offset
    spread = float(random_variances(model.design, null).sum()) if null.mixed else 0.0
    return distribution_variance.marginal_mean(fit.family, eta, spread)
