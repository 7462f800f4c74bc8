"""Deletion straight from the definition, dense and slow: least squares of the rows that are left, V known.

The twin of `mixedmodels.diagnose`; y, X, Z, weights and offset come from the model's design, theta and sigma from its
fit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import block_diag

from mixedmodels.design import z_matrix


def covariance(model: Any) -> np.ndarray:
    """V = W^-1 + Z Lambda Lambda'Z' of a linear or linear mixed model, over sigma^2; shape (n, n)."""
    design, fit = model.design, model._fit
    v = np.eye(fit.n) if design.weights is None else np.diag(1 / design.weights)
    if not design.random:
        return v
    blocks, at = [], 0
    for term in design.random:
        k = len(term.columns)
        t = np.zeros((k, k))
        for j in range(k):
            t[j:, j] = fit.theta[at : at + k - j]
            at += k - j
        blocks += [t] * design.groups[term.group].n_levels
    u = z_matrix(design).toarray() @ block_diag(*blocks)
    return v + u @ u.T


def matrices(model: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X (estimated columns), y less offset, V."""
    design = model.design
    y = design.response if design.offset is None else design.response - design.offset
    return np.asarray(model._dense_x()), np.asarray(y), covariance(model)


def without(model: Any, codes: np.ndarray) -> dict[str, np.ndarray]:
    """What deleting each set of rows changes, theta and sigma kept; of an lm sigma is that of the rows left."""
    x, y, v = matrices(model)
    p, mixed = x.shape[1], bool(model.design.random)
    beta, vcov = np.asarray(model._fit.beta), model._fit.sigma**2 * _inverse(x, v)
    found: dict[str, list[Any]] = {name: [] for name in ("estimates", "cooks", "mdffits", "ratio", "trace", "error")}
    for j in range(codes.max() + 1):
        left = codes != j
        inverse = _inverse(x[left], v[np.ix_(left, left)])
        own = np.linalg.inv(v[np.ix_(left, left)])
        b = inverse @ x[left].T @ own @ y[left]
        e = y[left] - x[left] @ b
        s2 = model._fit.sigma**2 if mixed else e @ own @ e / (left.sum() - p)
        new, d = s2 * inverse, beta - b
        found["estimates"].append(b)
        found["cooks"].append(d @ np.linalg.solve(vcov, d) / p)
        found["mdffits"].append(d @ np.linalg.solve(new, d) / p)
        found["ratio"].append(np.linalg.det(new) / np.linalg.det(vcov))
        found["trace"].append(abs(np.trace(np.linalg.solve(vcov, new)) - p))
        found["error"].append(np.sqrt(np.diag(new) if mixed else s2 * np.diag(_inverse(x, v))))
    return {name: np.array(values) for name, values in found.items()}


def leverage(model: Any) -> dict[str, np.ndarray]:
    """Diagonals of the hat matrix and its parts."""
    x, _, v = matrices(model)
    own = np.linalg.inv(v)
    fixed = x @ _inverse(x, v) @ x.T @ own
    w = np.ones(len(x)) if model.design.weights is None else model.design.weights
    random = (v - np.diag(1 / w)) @ own @ (np.eye(len(x)) - fixed)
    return {
        "total": np.diag(fixed + random),
        "fixed": np.diag(fixed),
        "random": np.diag(random),
        "unconfounded": np.diag(v) - 1 / w,
    }


def _inverse(x: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.linalg.inv(x.T @ np.linalg.solve(v, x))
