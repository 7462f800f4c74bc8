"""The soft penalty of Sterzinger and Kosmidis (2023) straight from its definition, beside the dense twin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.support import glmm_rows
from tests.support.dense_glmm import DenseGlmm

Array = NDArray[np.float64]


def huber(x: Array) -> float:
    """Sum of negative Huber losses."""
    return float(-np.where(np.abs(x) <= 1, x * x / 2, np.abs(x) - 0.5).sum())


def penalty(twin: DenseGlmm, theta: Array, beta: Array, psi: Array) -> float:
    """c P, to be added to the log-likelihood."""
    c = 2 * np.sqrt(max(twin.x.shape[1], 1) / twin.weights.sum())
    eta = twin.x @ beta + twin.offset
    _, _, w = glmm_rows.derivatives(twin.family, twin.link, twin.y, twin.weights, eta, twin.shape(psi))
    value = np.linalg.slogdet(twin.x.T @ (w[:, None] * twin.x))[1] / 2
    for t in twin.factors(theta):
        value += huber(np.log(np.diag(t))) + huber(t[np.tril_indices(len(t), -1)])
    return float(c * value)


def criterion(twin: DenseGlmm, point: Array, nagq: int = 1) -> float:
    """-2 (log-likelihood + c P) at (theta, beta, psi); infinite where a diagonal element of T is not positive."""
    theta, beta, psi = np.split(point, [twin.n_theta, twin.n_theta + twin.x.shape[1]])
    if any(np.diag(t).min() <= 0 for t in twin.factors(theta)):
        return float("inf")
    value = twin.laplace(theta, beta, psi) if nagq == 1 else twin.quadrature(theta, beta, psi, nagq)
    return value - 2 * penalty(twin, theta, beta, psi)
