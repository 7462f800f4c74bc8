"""Estimates of any fit in its own units: covariances of coefficients, factors of random effects."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np

from mixedmodels.fit.covariance import factors
from mixedmodels.fit.record import GlmFit, GlmmFit, LinearFit, Matrix, MixedFit

AnyMixedFit = MixedFit | GlmmFit
AnyFit = LinearFit | MixedFit | GlmFit | GlmmFit


def vcov(fit: AnyFit) -> Matrix:
    """Covariance matrix of the estimated coefficients, shape (p, p).

    That of a generalised mixed model is the block of `vcov_joint`, so that it carries what is not known of theta and
    the shapes.
    """
    if isinstance(fit, GlmmFit):
        m, p = len(fit.theta), len(fit.kept)
        return fit.vcov_joint[m : m + p, m : m + p]
    if isinstance(fit, GlmFit):
        return np.asarray(fit.dispersion * fit.vcov_unscaled)
    return np.asarray(fit.sigma**2 * fit.vcov_unscaled)


def effects_scale(fit: AnyMixedFit) -> float:
    """What multiplies T in the standard deviations of random effects: sigma, or 1 where theta is on their own scale."""
    return fit.sigma if isinstance(fit, MixedFit) else 1.0


def effect_factors(fit: AnyMixedFit) -> list[Matrix]:
    """L of every term with Var(b) = L L', each of shape (k, k)."""
    scale = effects_scale(fit)
    return [scale * t for t in factors(fit.theta, fit.sizes)]


def residual_sd(fit: AnyFit) -> float | None:
    """Residual standard deviation sqrt(phi), of a family whose variance has a dispersion phi; None of the others."""
    if isinstance(fit, LinearFit | MixedFit):
        return fit.sigma
    if isinstance(fit, GlmFit):
        return sqrt(fit.dispersion) if has_dispersion(fit) else None
    return sqrt(fit.family.dispersion(fit.psi)) if has_dispersion(fit) else None


def has_dispersion(fit: GlmFit | GlmmFit) -> bool:
    """Whether the variance of a row is phi V(mu) / weight with an unknown phi."""
    return bool(fit.family.weights_role == "precision")


def wald_df(fit: AnyFit) -> float:
    """Degrees of freedom of Wald statistics: those of the residuals where a variance is estimated without random
    effects, else infinite.
    """
    if isinstance(fit, LinearFit):
        return float(fit.df_resid)
    return float(fit.df_resid) if isinstance(fit, GlmFit) and has_dispersion(fit) else inf


def sigma(fit: GlmFit | GlmmFit) -> float:
    """Spread around the mean as glmmTMB's `sigma`: sqrt(phi), theta of a negative binomial, or 1."""
    residual = residual_sd(fit)
    if residual is not None:
        return residual
    if fit.family.theta is not None:
        return float(fit.family.theta)
    if isinstance(fit, GlmmFit) and "theta" in fit.family.shapes:
        return float(np.exp(fit.psi[fit.family.shapes.index("theta")]))
    return 1.0
