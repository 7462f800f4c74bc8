"""Residuals and dispersion of a response whose family is known: the same for models with and without random effects.

Notation: mu = mean of y given the linear predictor eta, w = prior weight, V = variance function, so that
Var(y) = phi V(mu) / w.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.errors import DataError
from mixedmodels.fit.moments import ResidualType

if TYPE_CHECKING:
    from mixedmodels.families import Family
    from mixedmodels.fit.record import GlmFit, GlmmFit

Shapes = Vector | tuple[float, ...]

EDGE = float(np.finfo(float).eps)  # no proportion is taken to be nearer to 0 or 1: its deviance stays finite


def mean(family: Family, eta: Vector) -> Vector:
    """Mean of the response, kept off 0 and 1 by one rounding error where it is a proportion."""
    return off_bounds(family, np.asarray(family.mean(eta), dtype=float))


def off_bounds(family: Family, mu: Vector) -> Vector:
    """Means of proportions kept off 0 and 1 by one rounding error; others as they are."""
    return np.clip(mu, EDGE, 1 - EDGE) if family.in_unit_interval else mu


def slope(family: Family, eta: Vector) -> Vector:
    """Derivative of the mean by the linear predictor; of a proportion kept off 0, as the mean is off its bounds."""
    d = np.asarray(family.mean_derivative(eta), dtype=float)
    return np.maximum(d, EDGE) if family.in_unit_interval else d


def variance(family: Family, mu: Vector, psi: Shapes = (), weights: Vector | None = None) -> Vector:
    """V(mu); what multiplies it, the dispersion, may be unknown, and what divides it are the weights."""
    return np.asarray(family.variance(mu, _shapes(family, psi), weights), dtype=float)


def unit_deviance(family: Family, y: Vector, mu: Vector, psi: Shapes = ()) -> Vector:
    """Squared deviance residuals of rows of weight 1.

    Raises
    ------
    DataError
        If the family has no deviance.
    """
    if not family.has_deviance:
        raise DataError(
            f"the {family.name} family has no deviance: its likelihood is not greatest where the mean is the response. "
            "Take type='pearson', or simulate_residuals()."
        )
    return np.asarray(family.unit_deviance(y, mu, _shapes(family, psi)), dtype=float)


def working_weights(fit: GlmFit | GlmmFit) -> Vector:
    """Weights of Fisher's scoring at the estimates of rows of prior weight 1: (d mu / d eta)^2 / V(mu)."""
    return np.asarray(slope(fit.family, fit.eta) ** 2 / variance(fit.family, mean(fit.family, fit.eta), shapes_of(fit)))


def _shapes(family: Family, psi: Shapes) -> Shapes:
    """Shapes to ask with; a dispersion that is unknown matters neither to V nor to the deviance."""
    return psi if len(psi) else (0.0,) * len(family.shapes)


def residuals(
    y: Vector,
    weights: Vector | None,
    eta: Vector,
    family: Family,
    psi: Shapes = (),
    kind: ResidualType = "deviance",
) -> Vector:
    """Residuals of a type, shape (n,).

    Parameters
    ----------
    y : ndarray
        Response as the family sees it (a proportion for a binomial one).
    weights : ndarray or None
        Prior weights.
    eta : ndarray
        Linear predictor.
    psi : ndarray or tuple of float, default ()
        Free shapes of the family on the scale on which they are estimated.
    kind : {"response", "pearson", "working", "deviance"}, default "deviance"
        Kind of residual: "response", y - mu; "working", (y - mu) / (d mu / d eta); "pearson", (y - mu) sqrt(w / V(mu));
        "deviance", the signed root of the row's part of the deviance.
    """
    mu = mean(family, eta)
    r = y - mu
    if kind == "response":
        return np.asarray(r)
    if kind == "working":
        return np.asarray(r / slope(family, eta))
    w: Vector | float = 1.0 if weights is None else weights
    if kind == "pearson":
        with np.errstate(divide="ignore", invalid="ignore"):
            pearson = r * np.sqrt(w / variance(family, mu, psi, weights))
        return np.where(r == 0, 0.0, pearson)  # also where a mean is so near its bound that the variance is 0
    return np.asarray(np.sign(r) * np.sqrt(np.maximum(w * unit_deviance(family, y, mu, psi), 0.0)))


def deviance(y: Vector, weights: Vector | None, eta: Vector, family: Family, psi: Shapes = ()) -> float:
    """Twice the log-likelihood ratio of the saturated model to this one, not divided by the dispersion.

    Of a family without a deviance it is -2 log-likelihood, as in R's glmmTMB.
    """
    if not family.has_deviance:
        rows = np.asarray(family.log_density(y, weights, eta, psi))
        return -2 * float(np.sum(rows if weights is None else rows[weights > 0]))
    d = unit_deviance(family, y, mean(family, eta), psi)
    return float(np.sum(d) if weights is None else d[weights > 0] @ weights[weights > 0])


def pearson_dispersion(
    y: Vector,
    weights: Vector | None,
    eta: Vector,
    family: Family,
    df: int,
    psi: Shapes = (),
) -> float:
    """Sum of squared Pearson residuals of rows with positive weight over `df`; NaN without degrees of freedom."""
    if df <= 0:
        return math.nan
    r = residuals(y, weights, eta, family, psi, "pearson")
    return float(np.sum(r * r if weights is None else r[weights > 0] ** 2)) / df


def shapes_of(fit: GlmFit | GlmmFit) -> Shapes:
    """Logarithms of the free shapes of a fit's family, its dispersion told by them."""
    if fit.mixed or not fit.has_dispersion:
        return fit.psi
    return shapes_of_dispersion(fit.family, fit.dispersion)


def shapes_of_dispersion(family: Family, dispersion: float) -> tuple[float, ...]:
    """The free shapes (their logarithms) with which a family has a dispersion: of each, a power of it."""
    if family.weights_role != "precision":
        return ()
    at_0, at_1 = (math.log(float(family.dispersion((psi,)))) for psi in (0.0, 1.0))
    return ((math.log(dispersion) - at_0) / (at_1 - at_0),)
