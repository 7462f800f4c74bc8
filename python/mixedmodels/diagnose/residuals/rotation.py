"""Residuals freed of the correlation that the model itself implies, before quantiles are taken."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError

EIGEN, CHANGE, POSITIVE, STEPS = 1e-6, 1e-7, 1e-8, 100  # tolerances of R's nearPD, so that its results come out


def rotated(simulated: Matrix, observed: Vector, covariance: Matrix | str) -> tuple[Matrix, Vector]:
    """Simulations and observations multiplied by the inverse of the covariance's Cholesky factor.

    Parameters
    ----------
    simulated : ndarray, shape (n, m)
        Simulated responses.
    observed : ndarray, shape (n,)
        Observed responses.
    covariance : ndarray or str
        Covariance of the observations, shape (n, n); "estimated" takes that of the simulations.

    Raises
    ------
    DataError
        If it is not a covariance matrix of the observations.
    """
    if isinstance(covariance, str):
        if covariance != "estimated":
            raise DataError(f"rotation is {covariance!r:.40}; give 'estimated' or a covariance matrix.")
        covariance = nearest_positive(np.cov(simulated))
    matrix = _checked(covariance, len(observed))
    try:
        factor = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError as error:
        raise DataError("rotation is a matrix that is not positive definite; give a covariance matrix.") from error
    both = solve_triangular(factor, np.column_stack([observed, simulated]), lower=True)
    return both[:, 1:], both[:, 0]


def _checked(covariance: Matrix, n: int) -> Matrix:
    try:
        matrix = np.asarray(covariance, dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"rotation is {covariance!r:.60}; give 'estimated' or a covariance matrix.") from error
    if matrix.shape != (n, n):
        raise DataError(f"rotation has shape {matrix.shape}, and there are {n} observations; give shape ({n}, {n}).")
    if not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T, rtol=1e-8, atol=0.0):
        raise DataError("rotation is a matrix that is not symmetric, or has numbers that are not finite.")
    return matrix


def nearest_positive(matrix: Matrix) -> Matrix:
    """The positive definite matrix nearest to a symmetric one.

    Reference: Higham (2002), IMA J. Numer. Anal. 22, 329-343, as R's ``Matrix::nearPD`` has it.
    """
    x, correction = matrix, np.zeros_like(matrix)
    for _ in range(STEPS):
        before, r = x, x - correction
        values, vectors = np.linalg.eigh(r)
        kept = values > EIGEN * values[-1]
        x = (vectors[:, kept] * values[kept]) @ vectors[:, kept].T
        correction = x - r
        if _row_sums(before - x) <= CHANGE * _row_sums(before):
            break
    values, vectors = np.linalg.eigh(x)
    least = POSITIVE * abs(values[-1])
    if values[0] >= least:
        return x
    diagonal = np.diag(x).copy()
    x = (vectors * np.maximum(values, least)) @ vectors.T
    scale = np.sqrt(np.maximum(least, diagonal) / np.diag(x))
    out: Matrix = scale[:, None] * x * scale
    return out


def _row_sums(x: Matrix) -> float:
    return float(np.abs(x).sum(axis=1).max())
