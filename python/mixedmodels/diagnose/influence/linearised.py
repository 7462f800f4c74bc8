"""Any fitted model as weighted least squares at its estimates; leverage and deletion start from it.

The rows have e = r + what random effects explain, Var(e) = s V, V = W^-1 + Z Lambda Lambda' Z' (without random effects
W^-1). Linear models are so already. Of a generalised one W are the working weights of Fisher's scoring and r the
working residuals at the estimates (and at the conditional modes), so that what is exact for a linear model is for it
the first step of the iterations towards the estimates without some rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.fit import checks, family_moments
from mixedmodels.fit.any_fit import AnyFit, AnyMixedFit
from mixedmodels.fit.moments import residuals
from mixedmodels.fit.ols import dense_columns
from mixedmodels.fit.record import GlmFit, GlmmFit


@dataclass(frozen=True, slots=True, kw_only=True)
class Linearised:
    """A model at its estimates.

    Attributes
    ----------
    x : ndarray, shape (n, p)
        Estimated columns of X.
    weights : ndarray, shape (n,)
        Weights W; 0 of a row without information.
    residual : ndarray, shape (n,)
        Residuals r, less the random effects too. ``V^-1 e`` is then ``W r``.
    response : ndarray
        Response of the least squares, shape (n,): the response less the offset, of a generalised model as of its last
        iteration.
    scale : float
        Residual variance s of weight 1.
    df : int or None
        Degrees of freedom from which s was estimated by the rows' squares, None where it was not.
    beta : ndarray, shape (p,)
        Coefficients.
    random : tuple of (Design, MixedFit or GlmmFit), optional
        Design, and the fit with theta in units of the root of s; None without random effects.
    """

    x: Matrix
    weights: Vector
    residual: Vector
    response: Vector
    scale: float
    df: int | None
    beta: Vector
    random: tuple[Design, AnyMixedFit] | None = None


def linearised(design: Design, fit: AnyFit) -> Linearised:
    """A fitted model as weighted least squares."""
    x = dense_columns(design, fit.kept, fit.n)
    if not fit.generalized:
        w = np.ones(fit.n) if design.weights is None else design.weights
        r, y = residuals(design, fit), checks.response(design)
        if not fit.mixed:
            return Linearised(
                x=x,
                weights=w,
                residual=r,
                response=y,
                scale=fit.sigma**2,
                df=None if fit.known_sigma else fit.df_resid,
                beta=fit.beta,
            )
        return Linearised(
            x=x, weights=w, residual=r, response=y, scale=fit.sigma**2, df=None, beta=fit.beta, random=(design, fit)
        )
    w, r = working(fit)
    y = fit.eta + r if design.offset is None else fit.eta + r - design.offset
    if not fit.mixed:
        return Linearised(
            x=x,
            weights=w,
            residual=r,
            response=y,
            scale=fit.dispersion,
            df=fit.df_resid if fit.has_dispersion else None,
            beta=fit.beta,
        )
    sd = fit.residual_sd or 1.0
    return Linearised(
        x=x,
        weights=w,
        residual=r,
        response=y,
        scale=sd**2,
        df=None,
        beta=fit.beta,
        random=(design, replace(fit, theta=fit.theta / sd)),
    )


def working(fit: GlmFit | GlmmFit) -> tuple[Vector, Vector]:
    """Working weights of Fisher's scoring and working residuals, both 0 of a row without information; shape (n,)."""
    family, psi = fit.family, fit.psi
    with np.errstate(all="ignore"):
        mu, slope = family_moments.mean(family, fit.eta), family_moments.slope(family, fit.eta)
        w = slope * slope / family_moments.variance(family, mu, psi, fit.weights)
        if fit.weights is not None:
            w = w * fit.weights
        r = (fit.y - mu) / slope
    dead = ~(np.isfinite(w) & np.isfinite(r)) | (w <= 0)
    w[dead] = r[dead] = 0.0
    return w, r
