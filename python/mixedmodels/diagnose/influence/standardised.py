"""Residuals on a common scale, and R's measures of a single row, from residuals and leverages.

h are leverages, e the residuals that a model squares: weighted ones of a linear model, deviance residuals of a
generalised one, as R's ``lm.influence`` takes them.
"""

from __future__ import annotations

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.diagnose.influence.leverage import Whitened

WHOLE = 1 - 1e-14  # a leverage from here on is 1: the row is fitted exactly


def standardised(e: Vector, h: Vector, sigma: float) -> Vector:
    """``e / (sigma sqrt(1 - h))``, of variance near 1; NaN where the leverage is 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(h >= WHOLE, np.nan, e / (sigma * np.sqrt(1 - h))))


def sigma_without(e: Vector, h: Vector, df: int) -> Vector:
    """Residual standard deviation without each row; NaN without degrees of freedom.

    Parameters
    ----------
    df : int
        Residual degrees of freedom with all rows.
    """
    if df <= 1:
        return np.full(len(e), np.nan)
    lost = np.where(h >= WHOLE, 0.0, e**2 / np.where(h >= WHOLE, 1.0, 1 - h))
    return np.asarray(np.sqrt(np.maximum(float(e @ e) - lost, 0.0) / (df - 1)))


def studentised(e: Vector, pearson: Vector, h: Vector, sigma: Vector | float) -> Vector:
    """R's ``rstudent`` of a generalised model (Williams 1987): signed root of the deviance that a row's leaving saves.

    Parameters
    ----------
    e, pearson : ndarray
        Deviance and Pearson's residuals.
    sigma : ndarray or float
        Divisor of the residuals: sigma without the row, or 1.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        saved = np.sqrt(e**2 + h * pearson**2 / (1 - h))
        return np.asarray(np.where(np.abs(1 - h) <= 1 - WHOLE, np.nan, np.sign(e) * saved / sigma))


def cooks_by_leverage(pearson: Vector, h: Vector, dispersion: float, p: int) -> Vector:
    """``(r / (1 - h))^2 h / (dispersion p)``: of a linear model Cook's distance.

    Of a mixed model this is what R's ``cooks.distance`` returns: h is then of the random effects too.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = (pearson / (1 - h)) ** 2 * h / (dispersion * p)
        return np.asarray(np.where(np.abs(1 - h) <= 1 - WHOLE, np.nan, squares))


def dfbeta_by_residuals(white: Whitened, weights: Vector, e: Vector, h: Vector) -> Matrix:
    """R's ``dfbeta`` of a linear or generalised linear model, shape (n, p): beta - beta_(i) with `e` for residuals."""
    root = np.sqrt(np.where(weights > 0, weights, 1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(h >= WHOLE, 0.0, e / (1 - h)) / root
    return np.asarray((white.rows * share[:, None]) @ white.inverse.T)


def covariance_ratio(e: Vector, h: Vector, df: int, p: int) -> Vector:
    """R's ``covratio``: determinants of the covariances without and with each row, over each other."""
    with np.errstate(divide="ignore", invalid="ignore"):
        star = standardised(e, h, 1.0) / sigma_without(e, h, df)
        return np.asarray(1 / ((1 - h) * ((df - 1 + star**2) / df) ** p))
