"""Robust covariances of a mixed model straight from the definitions, with n x n matrices: the twin for tests.

V, its inverse, and the residual covariance (I - H) V (I - H)' are formed for all rows at once; moments of a variance
estimate are those of a quadratic form e'Qe in all residuals, E = tr(Q V), Var = 2 tr(Q V Q V).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy.linalg import block_diag

from mixedmodels.fit.covariance import factors


def cr2(fit: Any, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """CR2 and Satterthwaite's degrees of freedom of each coefficient."""
    x, _, _, y = _rows(fit)
    v = _covariance_at(fit, fit.theta, 1.0, np.arange(fit.nobs))
    n, p = x.shape
    w = np.linalg.inv(v)
    bread = np.linalg.inv(x.T @ w @ x)
    hat = x @ bread @ x.T @ w
    spread = (np.eye(n) - hat) @ v @ (np.eye(n) - hat).T
    adjusted = []
    for j in np.unique(codes):
        rows = np.flatnonzero(codes == j)
        values, vectors = np.linalg.eigh(v[np.ix_(rows, rows)])
        d = (vectors * np.sqrt(values)) @ vectors.T
        values, vectors = np.linalg.eigh(d @ spread[np.ix_(rows, rows)] @ d)
        kept = values > 1e-10
        root = (vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T
        e = np.zeros((p, n))
        e[:, rows] = bread @ x[rows].T @ w[np.ix_(rows, rows)] @ d @ root @ d
        adjusted.append(e)
    residual = y - x @ np.asarray(fit.fixef())
    parts = np.array([e @ residual for e in adjusted])
    df = []
    for i in range(p):
        # c'Vc = e'Qe with Q = sum of a_j a_j'.
        q = sum(np.outer(e[i], e[i]) for e in adjusted) @ spread
        df.append(2 * np.trace(q) ** 2 / (2 * np.trace(q @ q)))
    return parts.T @ parts, np.array(df)


@cache
def _rows(fit: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """X, Z, 1 / weights, y less offset."""
    weights = np.ones(fit.nobs) if fit.design.weights is None else fit.design.weights
    y = fit.design.response - (0 if fit.design.offset is None else fit.design.offset)
    return np.asarray(fit.model_matrix("X")), fit.model_matrix("Z").toarray(), 1 / weights, y


def _covariance_at(fit: Any, theta: np.ndarray, sigma: float, rows: np.ndarray) -> np.ndarray:
    _, z, variance, _ = _rows(fit)
    lam = block_diag(
        *[
            np.kron(np.eye(fit.design.groups[term.group].n_levels), t)
            for term, t in zip(fit.design.random, factors(theta, fit._fit.sizes), strict=True)
        ]
    )
    zl = z[rows] @ lam
    return sigma**2 * (np.diag(variance[rows]) + zl @ zl.T)


def loglik(fit: Any, parameters: np.ndarray, rows: np.ndarray) -> float:
    """Log-likelihood of some rows, independent of the others, at (beta, theta, sigma)."""
    p, m = len(fit.fixef()), len(fit.theta)
    v = _covariance_at(fit, parameters[p : p + m], parameters[-1], rows)
    x, _, _, y = _rows(fit)
    e = y[rows] - x[rows] @ parameters[:p]
    return float(-(np.linalg.slogdet(v)[1] + e @ np.linalg.solve(v, e) + len(rows) * np.log(2 * np.pi)) / 2)


def restricted(fit: Any, parameters: np.ndarray) -> float:
    """``loglik`` of all rows, less half the log-determinant of X'V^-1X."""
    p, m = len(fit.fixef()), len(fit.theta)
    rows = np.arange(fit.nobs)
    x = _rows(fit)[0]
    v = _covariance_at(fit, parameters[p : p + m], parameters[-1], rows)
    return loglik(fit, parameters, rows) - float(np.linalg.slogdet(x.T @ np.linalg.solve(v, x))[1]) / 2
