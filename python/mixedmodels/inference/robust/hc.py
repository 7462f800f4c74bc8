"""Heteroscedasticity-consistent covariance matrices of models without random effects.

    V = M X' diag(omega) X M,   M = (X'WX)^-1,   omega_i = s_i^2 (1 - h_i)^-d_i,

where s_i x_i is the row's part of the estimating equations and h_i its leverage (White 1980; MacKinnon and White 1985;
Cribari-Neto 2004 for HC4, Cribari-Neto and da Silva 2011 for HC4m, Cribari-Neto et al. 2007 for HC5; the survey is
Zeileis 2004).
"""

from __future__ import annotations

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError, FitError
from mixedmodels.estimates.coefficients import Residual
from mixedmodels.inference.robust.clusters import Working

TYPES = ("HC0", "HC1", "HC2", "HC3", "HC4", "HC4m", "HC5")


class HeteroscedasticityConsistent(Residual):
    """Coefficients whose covariance allows every row a variance of its own; tests have residual degrees of freedom.

    Attributes
    ----------
    type : str
        Type, "HC0" to "HC5".
    """

    proportional = False

    def __init__(self, names: tuple[str, ...], beta: Vector, vcov: Matrix, df_resid: float, kind: str) -> None:
        super().__init__(names, beta, vcov, df_resid)
        self.type = kind
        self.method = f"heteroscedasticity-consistent {kind}"


def covariance(working: Working, estimator: str) -> Matrix:
    """The covariance matrix of a type, shape (p, p).

    Raises
    ------
    DataError
        If there is no such type.
    FitError
        If a row has leverage 1, so that its residual is 0 whatever its response.
    """
    if estimator not in TYPES:
        raise DataError(
            f"type {estimator!r} is no heteroscedasticity-consistent covariance; there are {', '.join(TYPES)}."
        )
    x, w = working.x, working.precision
    n, p = x.shape
    parts = (x @ working.bread) * (w * working.residual)[:, None]
    if estimator in ("HC0", "HC1"):
        return np.asarray(parts.T @ parts) * (n / (n - p) if estimator == "HC1" else 1.0)
    leverage = w * np.einsum("ij,jk,ik->i", x, working.bread, x)
    if leverage.max(initial=0.0) > 1 - 1.5e-8:
        row = int(leverage.argmax())
        raise FitError(
            f"type {estimator!r} divides by 1 - leverage, and row {row + 1} of the rows used has leverage 1: a "
            "coefficient is its own; use 'HC0' or 'HC1', or leave that coefficient out."
        )
    return np.asarray(parts.T @ (parts * ((1 - leverage) ** -_power(estimator, leverage, p))[:, None]))


def _power(estimator: str, leverage: Vector, p: int) -> Vector | float:
    """The exponent d of ``(1 - h)^-d``."""
    relative = len(leverage) * leverage / p
    if estimator == "HC4":
        return np.minimum(4.0, relative)
    if estimator == "HC4m":
        return np.minimum(1.0, relative) + np.minimum(1.5, relative)
    if estimator == "HC5":
        return np.minimum(relative, max(4.0, 0.7 * float(relative.max()))) / 2
    return {"HC2": 1.0, "HC3": 2.0}[estimator]
