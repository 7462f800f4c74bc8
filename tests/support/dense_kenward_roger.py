"""Kenward and Roger's method straight from their paper, with n x n matrices: the slow twin of `KenwardRoger`.

Notation of Kenward and Roger (1997): Sigma = sum of sigma_r G_r, Phi = (X'Sigma^-1 X)^-1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as f_distribution

Array = NDArray[Any]


def parameters(model: Any) -> tuple[list[Array], list[float]]:
    """The matrices G_r and the parameters sigma_r of a fitted lmer."""
    design, n = model.design, model.nobs
    g, values = [], []
    for term in design.random:
        codes = design.groups[term.group].codes
        same = np.equal.outer(codes, codes)
        z = [np.ones(n) if c is None else c for c in term.columns]
        covariance = np.asarray(model.VarCorr()[term.label])
        for j in range(len(z)):
            for i in range(j, len(z)):
                pattern = np.outer(z[i], z[j]) * same
                g.append(pattern if i == j else pattern + pattern.T)
                values.append(covariance[i, j])
    g.append(np.diag(np.ones(n) if design.weights is None else 1 / design.weights))
    values.append(model.sigma**2)
    return g, values


class DenseKenwardRoger:
    """Adjusted covariance (`vcov`) and F tests of a REML fit.

    With `identity` the residual's G is the identity whatever the weights, and Phi is that of the weighted fit:
    what pbkrtest computes.
    """

    def __init__(self, model: Any, *, identity: bool = False) -> None:
        g, values = parameters(model)
        x = np.asarray(model.model_matrix("X"))
        self.beta = np.array(list(dict(model.fixef()).values()))
        if identity:
            g[-1] = np.eye(len(x))
        inverse = np.linalg.inv(sum(v * m for v, m in zip(values, g, strict=True)))
        phi = np.asarray(model.vcov()) if identity else np.linalg.inv(x.T @ inverse @ x)
        if not model._fit.has_dispersion:
            del g[-1]  # of a known sigma, which no data estimate
        self.p = [-x.T @ inverse @ m @ inverse @ x for m in g]
        q = [[x.T @ inverse @ a @ inverse @ b @ inverse @ x for b in g] for a in g]
        self.w = np.linalg.inv(_information(g, inverse, x, phi, self.p, q) if identity else _exact(g, inverse, x, phi))
        middle = sum(
            self.w[i, j] * (q[i][j] - self.p[i] @ phi @ self.p[j]) for i in range(len(g)) for j in range(len(g))
        )
        self.phi = phi
        self.vcov = phi + 2 * phi @ middle @ phi

    def f_test(self, c: Array) -> dict[str, float]:
        """Scaled F of ``c @ beta = 0`` for rows that are linearly independent (section 3 of the paper)."""
        rank = len(c)
        theta = c.T @ np.linalg.inv(c @ self.phi @ c.T) @ c
        parts = [theta @ self.phi @ p @ self.phi for p in self.p]
        pairs = [(i, j) for i in range(len(parts)) for j in range(len(parts))]
        a1 = sum(self.w[i, j] * np.trace(parts[i]) * np.trace(parts[j]) for i, j in pairs)
        a2 = sum(self.w[i, j] * np.trace(parts[i] @ parts[j]) for i, j in pairs)
        b = (a1 + 6 * a2) / (2 * rank)
        g = ((rank + 1) * a1 - (rank + 4) * a2) / ((rank + 2) * a2)
        d = 3 * rank + 2 * (1 - g)
        mean = 1 / (1 - a2 / rank)
        variance = 2 / rank * (1 + g / d * b) / ((1 - (rank - g) / d * b) ** 2 * (1 - (rank + 2 - g) / d * b))
        rho = variance / (2 * mean**2)
        m = 4 + (rank + 2) / (rank * rho - 1)
        scale = m / (mean * (m - 2))
        estimate = c @ self.beta
        value = scale * float(estimate @ np.linalg.solve(c @ self.vcov @ c.T, estimate)) / rank
        return {"f_value": value, "den_df": m, "scale": scale, "p_value": float(f_distribution.sf(value, rank, m))}


def _exact(g: list[Array], inverse: Array, x: Array, phi: Array) -> Array:
    """Expected information of the REML estimates."""
    projection = inverse - inverse @ x @ phi @ x.T @ inverse
    return np.array([[np.trace(projection @ a @ projection @ b) / 2 for b in g] for a in g])


def _information(g: list[Array], inverse: Array, x: Array, phi: Array, p: list[Array], q: list[list[Array]]) -> Array:
    """The same multiplied out, as pbkrtest has it; it differs where Phi is not of this covariance."""
    out = np.empty((len(g), len(g)))
    for i, a in enumerate(g):
        for j, b in enumerate(g):
            trace = np.trace(a @ inverse @ b @ inverse)
            out[i, j] = (trace - 2 * np.sum(phi * q[i][j]) + np.trace(phi @ p[i] @ phi @ p[j])) / 2
    return out
