"""Estimates that are infinite: to which side, in what units their profiles are walked, and where a curve has no end.

The optimiser stops where nothing is left to gain. There the deviance is flat, and the standard error of thousands that
this flatness implies says nothing about how far the curve is level.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.design.records import Design
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.fit.checks import infinite_theta
from mixedmodels.fit.ols import dense_columns
from mixedmodels.fit.record import GlmmFit
from mixedmodels.fit.separation import fixed_effects
from mixedmodels.inference.profile.curve import Curve, End
from mixedmodels.inference.profile.parameters import Parameter

RISES = 1e-3  # of zeta, from one point to the next


def directions(design: Design, fit: AnyMixedFit) -> Vector:
    """For each of (beta, psi) the sign of the infinity that it goes to, 0 of a finite estimate.

    Along a direction in which the predictors separate the outcomes the likelihood never falls, whatever the random
    effects are. As theta of a negative binomial grows, it comes to that of a Poisson model.
    """
    signs = np.zeros(len(fit.beta) + (len(fit.psi) if fit.generalized else 0))
    if not fit.generalized:
        return signs
    if fit.separated and not design.further:
        x = dense_columns(design, fit.kept, len(fit.y))
        separation = fixed_effects.find(x, fit.y, fit.weights, fit.family)
        if separation is not None:  # else the random effects separate the outcomes
            signs[: len(fit.beta)] = np.sign(separation.direction)
    if infinite_theta(fit):
        signs[len(fit.beta) + fit.family.shapes.index("theta")] = 1.0
    return signs


def units(design: Design, fit: GlmmFit, signs: Vector) -> Vector:
    """Steps of (beta, psi) that matter: standard errors, but at most 1 on the scale of an infinite estimate.

    That is the linear predictor of the row that it moves most, or the logarithm of theta.
    """
    p, m = len(fit.beta), len(fit.theta)
    errors = np.sqrt(np.diag(fit.vcov_joint)[m:])
    plain = np.concatenate([np.sqrt(np.diag(fit.vcov_conditional)), np.full(len(fit.psi), 0.3)])
    errors = np.where(np.isfinite(errors) & (errors > 0), errors, plain)
    errors = np.where(np.isfinite(errors) & (errors > 0), errors, 1.0)
    largest = np.ones(len(errors))
    for j in np.flatnonzero(signs[:p]):
        largest[j] = np.abs(dense_columns(design, (fit.kept[j],), len(fit.y))).max()
    return np.ascontiguousarray(np.where(signs != 0, np.minimum(errors, 1 / largest), errors))


def opened(curve: Curve, signs: Vector, p: int) -> Curve:
    """The curve without its level part on the side of infinity, where it has no end.

    Parameters
    ----------
    signs : ndarray
        Signs of `directions`.
    p : int
        Number of fixed effects.
    """
    sign = _sign(curve.parameter, signs, p)
    if sign == 0:
        return curve
    places = np.arange(len(curve.zeta))
    grows = np.flatnonzero(np.abs(np.diff(curve.zeta)) > RISES)
    if sign > 0:
        kept = places <= max(curve.estimate, *(grows + 1), 0)
        ends: tuple[End, End] = (curve.ends[0], "unbounded")
    else:
        kept = places >= min(curve.estimate, *grows, len(places))
        ends = ("unbounded", curve.ends[1])
    return replace(
        curve,
        inner=curve.inner[kept],
        zeta=curve.zeta[kept],
        slope=curve.slope[kept],
        values=curve.values[kept],
        exact=curve.exact[kept],
        estimate=curve.estimate - int(np.flatnonzero(kept)[0]),
        ends=ends,
    )


def _sign(parameter: Parameter, signs: Vector, p: int) -> float:
    """The sign of the infinity that one parameter's estimate goes to."""
    if parameter.kind == "beta":
        return float(signs[parameter.at[0]])
    return float(signs[p + parameter.at[0]]) if parameter.kind == "shape" else 0.0
