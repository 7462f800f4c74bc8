"""Information of the data about theta, and derivatives of the covariance of the fixed effects by theta.

Notation: V = W^-1 + Z Lambda Lambda' Z' (sigma = 1), Phi_0(theta) = (X'V^-1 X)^-1, r^2(theta) the penalised residual
sum of squares, f the criterion profiled over beta and sigma, d its degrees of freedom (n for ML, n - p for REML).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import FitError
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.record import MixedFit

if TYPE_CHECKING:
    from mixedmodels.fit.engine import Lmm

Array = NDArray[np.float64]
FLAT = 1e-8  # an eigenvalue of the Hessian, theta in units of its own curvature, that counts as none


@dataclass(frozen=True, slots=True)
class ThetaInformation:
    """Second-order facts at the estimate of theta.

    Attributes
    ----------
    inverse_hessian : ndarray, shape (m, m)
        Generalised inverse of the Hessian of the profiled criterion.
    log_sigma_slope : ndarray, shape (m,)
        Derivatives of log(sigma_hat(theta)); 0 where sigma is known.
    vcov_slope : ndarray, shape (m, p, p)
        Derivatives of Phi_0.
    df : float
        Degrees of freedom d, on which the estimate of sigma given theta rests; infinite where sigma is known.
    """

    inverse_hessian: Matrix
    log_sigma_slope: Vector
    vcov_slope: Array
    df: float


def theta_information(engine: Lmm, fit: MixedFit) -> ThetaInformation:
    """Second-order facts at the estimate.

    Raises
    ------
    FitError
        If the criterion is only estimated, so that it has no exact derivatives.
    """
    check_exact(engine)
    derivatives = engine.information(fit.theta)
    slope = np.asarray(derivatives["pwrss_gradient"]) / (2 * fit.pwrss)
    return ThetaInformation(
        inverse_hessian=_inverse_hessian(fit, np.asarray(derivatives["hessian"])),
        log_sigma_slope=np.zeros_like(slope) if fit.known_sigma else slope,
        vcov_slope=np.asarray(derivatives["jacobian"]),
        df=inf if fit.known_sigma else fit.n - len(fit.kept) * fit.reml,
    )


def check_exact(engine: Lmm) -> None:
    """Refuse a model whose crossed random effects were too many to be factorised."""
    if engine.describe()["path"] == "estimated":
        raise FitError(
            "degrees of freedom need the factorisation of the crossed random effects, which for this model is out of "
            "reach (see fit.engine); with so many levels the normal distribution is accurate: use ddf='normal'."
        )


def _inverse_hessian(fit: MixedFit, hessian: Matrix) -> Matrix:
    """The generalised inverse, taken in the parameters of standardised columns: far from 0 theta is ill-conditioned."""
    if fit.singular or not len(hessian):
        return generalised_inverse(hessian)
    back = np.linalg.inv(_to_standardised(fit))
    return np.asarray(back @ generalised_inverse(back.T @ hessian @ back) @ back.T)


def _to_standardised(fit: MixedFit) -> Matrix:
    """Derivatives of theta of standardised columns by theta, shape (m, m), of a fit that is not singular.

    With M T = L Q', L lower triangular and Q orthogonal, dL = L Phi(A + A') where A = L^-1 M dT Q and Phi takes the
    lower triangle with half of the diagonal.
    """
    out, at = np.zeros((len(fit.theta), len(fit.theta))), 0
    for t, standard in zip(factors(fit.theta, fit.sizes), fit.standards, strict=True):
        k = len(t)
        columns, rows = np.triu_indices(k)
        q, upper = np.linalg.qr((standard @ t).T)
        left = np.linalg.solve(upper.T, standard)
        for m, (i, j) in enumerate(zip(rows, columns, strict=True)):
            a = np.outer(left[:, i], q[j])
            inner = np.tril(a + a.T)
            inner[np.diag_indices(k)] /= 2
            out[at : at + len(rows), at + m] = (upper.T @ inner)[rows, columns]
        at += len(rows)
    return out


def generalised_inverse(hessian: Matrix) -> Matrix:
    """Inverse of the Hessian on the span of its positive eigenvalues, theta scaled to a unit diagonal first."""
    if not len(hessian):
        return hessian
    diagonal = np.diag(hessian)
    scale = np.where(diagonal > 0, 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0)), 1.0)
    values, vectors = np.linalg.eigh(hessian * np.outer(scale, scale))
    kept = values > FLAT
    basis = vectors[:, kept] * scale[:, None]
    return np.asarray((basis / values[kept]) @ basis.T)
