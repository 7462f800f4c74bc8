"""Any fitted model as weighted least squares at its estimates: what leverage and deletion are made of.

The rows have e = r + what random effects explain, Var(e) = s V, V = W^-1 + Z Lambda Lambda' Z' (without random effects
W^-1). Linear models are so already. Of a generalised one W are the working weights of Fisher's scoring and r the
working residuals at the estimates (and at the conditional modes), so that what is exact for a linear model is for it
the first step of the iterations towards the estimates without some rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mixedmodels.design.records import Design
from mixedmodels.fit import checks, family_moments
from mixedmodels.fit.any_fit import AnyFit, AnyMixedFit
from mixedmodels.fit.moments import residuals
from mixedmodels.fit.ols import dense_columns
from mixedmodels.fit.record import GlmFit, GlmmFit, LinearFit, Matrix, MixedFit, Vector


@dataclass(frozen=True, slots=True)
class Linearised:
    """A model at its estimates.

    Attributes
    ----------
    x : the estimated columns of X, shape (n, p).
    weights : W, shape (n,); 0 of a row that says nothing.
    residual : r, less the random effects too, shape (n,). ``V^-1 e`` is then ``W r``.
    response : what the least squares are of: the response less the offset, of a generalised model as of its last
        iteration; shape (n,).
    scale : s, the residual variance of weight 1.
    df : degrees of freedom from which s was estimated by the rows' squares, None where it was not.
    beta : shape (p,).
    random : design, and the fit with theta in units of the root of s; None without random effects.
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
    if isinstance(fit, LinearFit | MixedFit):
        w = np.ones(fit.n) if design.weights is None else design.weights
        r, y = residuals(design, fit), checks.response(design)
        if isinstance(fit, LinearFit):
            return Linearised(x, w, r, y, fit.sigma**2, fit.df_resid, fit.beta)
        return Linearised(x, w, r, y, fit.sigma**2, None, fit.beta, (design, fit))
    w, r = working(fit)
    y = fit.eta + r if design.offset is None else fit.eta + r - design.offset
    if isinstance(fit, GlmFit):
        return Linearised(x, w, r, y, fit.dispersion, fit.df_resid if fit.has_dispersion else None, fit.beta)
    sd = fit.residual_sd or 1.0
    return Linearised(x, w, r, y, sd**2, None, fit.beta, (design, replace(fit, theta=fit.theta / sd)))


def working(fit: GlmFit | GlmmFit) -> tuple[Vector, Vector]:
    """Working weights of Fisher's scoring and working residuals, both 0 where a row says nothing; shape (n,)."""
    family, psi = fit.family, fit.psi if isinstance(fit, GlmmFit) else ()
    with np.errstate(all="ignore"):
        mu, slope = family_moments.mean(family, fit.eta), family_moments.slope(family, fit.eta)
        w = slope * slope / family_moments.variance(family, mu, psi)
        if fit.weights is not None:
            w = w * fit.weights
        r = (fit.y - mu) / slope
    dead = ~(np.isfinite(w) & np.isfinite(r)) | (w <= 0)
    w[dead] = r[dead] = 0.0
    return w, r
