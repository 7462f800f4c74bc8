"""Smooth quantile regression of scaled residuals, for curves in a picture.

The check function is smoothed as in Fasiolo et al. (2021), J. Stat. Software 100(9), by a logistic density of scale
`h`, which gives it derivatives, and penalised by the curve's curvature. How much is decided by Schwarz's criterion
(Koenker, Ng and Portnoy 1994, Biometrika 81, 673-680).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedmodels._typing import Matrix, Vector

SMOOTHING = 0.03  # h: residuals are on (0, 1)
PENALTIES = tuple(np.logspace(-7, 2, 10))
STEPS = 100
SETTLED = 1e-9


@dataclass(frozen=True, slots=True)
class Curve:
    """An estimated quantile along a predictor.

    Attributes
    ----------
    quantile : float
        Probability of the quantile.
    x : ndarray, shape (r,)
        Values of the predictor.
    fitted, std_error : ndarray, shape (r,)
        Curve at the places, and its standard error.
    """

    quantile: float
    x: Vector
    fitted: Vector
    std_error: Vector


def quantile_curve(y: Vector, q: float, rows: Matrix, curvature: Vector, x: Vector, points: Matrix) -> Curve:
    """The q-th quantile of y, shape (n,), as a curve.

    Parameters
    ----------
    rows : ndarray, shape (n, k)
        Functions at the observations, the constant first.
    curvature : ndarray, shape (k,)
        Curvature of each function.
    x : ndarray, shape (r,)
        Places where the curve is wanted.
    points : ndarray, shape (r, k)
        Functions at these places.
    """
    n = len(y)
    start = np.zeros(rows.shape[1])
    start[0] = np.quantile(y, q)
    best, chosen = np.inf, (start, np.zeros((len(start), len(start))))
    scale = 1 / curvature[2] if len(curvature) > 2 else 1.0
    for size in PENALTIES[::-1]:
        penalty = n * size * scale * curvature
        start = _fit(y, q, rows, penalty, start)
        loss, df, covariance = _account(y, q, rows, penalty, start)
        criterion = np.log(loss / n) + df * np.log(n) / (2 * n)
        if criterion < best:
            best, chosen = criterion, (start, covariance)
    beta, covariance = chosen
    error = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", points, covariance, points), 0.0))
    return Curve(q, x, points @ beta, error)


def _fit(y: Vector, q: float, rows: Matrix, penalty: Vector, beta: Vector) -> Vector:
    """Minimise the smoothed check loss plus half the penalised squares by damped Newton steps."""
    value = _objective(y, q, rows, penalty, beta)
    for _ in range(STEPS):
        below = _share_below(y, rows @ beta)
        gradient = rows.T @ (below - q) + penalty * beta
        hessian = rows.T @ (rows * (below * (1 - below) / SMOOTHING)[:, None])
        hessian[np.diag_indices_from(hessian)] += penalty + 1e-6 * len(y)
        step = np.linalg.solve(hessian, gradient)
        size, predicted = 1.0, float(gradient @ step)
        while size > SETTLED:
            trial = beta - size * step
            objective = _objective(y, q, rows, penalty, trial)
            if objective <= value - 1e-4 * size * predicted:
                break
            size /= 2
        else:
            return beta
        beta, value = trial, objective
        if predicted < SETTLED * max(1.0, abs(value)):
            break
    return beta


def _objective(y: Vector, q: float, rows: Matrix, penalty: Vector, beta: Vector) -> float:
    r = y - rows @ beta
    return float(np.sum((q - 1) * r + SMOOTHING * np.logaddexp(0.0, r / SMOOTHING)) + penalty @ np.square(beta) / 2)


def _share_below(y: Vector, fitted: Vector) -> Vector:
    """Smoothed indicator of y below the curve."""
    from scipy.special import expit

    return np.asarray(expit((fitted - y) / SMOOTHING))


def _account(y: Vector, q: float, rows: Matrix, penalty: Vector, beta: Vector) -> tuple[float, float, Matrix]:
    """Check loss, effective number of functions, and the sandwich covariance of the coefficients."""
    fitted = rows @ beta
    below = _share_below(y, fitted)
    density = rows.T @ (rows * (below * (1 - below) / SMOOTHING)[:, None])
    whole = density + np.diag(penalty) + 1e-6 * len(y) * np.eye(len(beta))
    inverse = np.linalg.inv(whole)
    r = y - fitted
    loss = float(np.sum(r * (q - (r < 0))))
    scores = rows * (below - q)[:, None]
    return loss, float(np.trace(inverse @ density)), inverse @ (scores.T @ scores) @ inverse
