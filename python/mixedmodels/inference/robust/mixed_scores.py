"""Scores of a linear mixed model by cluster, and the exact Hessian of its log-likelihood in all parameters.

The log-likelihood of independent clusters j is a sum of

    l_j = -1/2 (log|V_j| + e_j' V_j^-1 e_j + n_j log 2 pi),   V_j = s W_j^-1 + sum_t Z_jt (I (x) Sigma_t) Z_jt',

linear in phi = (the lower triangles of Sigma_t, column by column; s = sigma^2). With B = Z'V^-1Z, a = Z'V^-1 e,
T = Z'V^-1X, S_k = I (x) dSigma/dphi_k (for s: V^-1 W^-1 in the place of Z S_k Z'),

    dl/dbeta = X'V^-1 e,        dl/dphi_k = -1/2 (tr(B S_k) - a' S_k a),
    -d2l/dbeta dbeta' = X'V^-1X,   -d2l/dbeta dphi_k = T' S_k a,
    -d2l/dphi_k dphi_l = -1/2 tr(B S_k B S_l) + a' S_k B S_l a.

No matrix is larger than the random effects of a cluster. Of a restricted fit the objective is l(beta, phi) - 1/2 log
|X'V^-1X|, whose maximum in (beta, phi) is the REML estimate; the trace part of the determinant's derivative is a sum
over clusters, tr(Phi X_j'V_j^-1 dV_j V_j^-1 X_j) / 2 with Phi = (X'V^-1X)^-1, which goes to their scores, so that these
sum to 0 as well (for the ML scores at REML estimates they would not). Rows are scaled to weight 1 throughout.

The chain rule then leads from phi to (theta, sigma), Sigma = sigma^2 T T', also where T is singular.

All sums are computed at sigma = 1, of a response over the estimate of sigma: in the response's own units their squares
may not be doubles. A known sigma is no parameter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import FitError
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.moments import fixed_part
from mixedmodels.fit.ols import dense_columns
from mixedmodels.fit.record import MixedFit
from mixedmodels.fitted.row_groups import Clusters, Codes
from mixedmodels.inference.robust.clusters import local_effects

LARGEST = 1e150  # of a unit, whose square is a double


@dataclass(frozen=True, slots=True)
class Scores:
    """Derivatives of a log-likelihood at the estimates, d parameters: fixed effects first.

    Attributes
    ----------
    estimates : ndarray, shape (d,)
        Estimates.
    scores : ndarray, shape (J, d)
        Scores by cluster.
    information : ndarray, shape (d, d)
        Minus the Hessian of the sum.
    """

    estimates: Vector
    scores: Matrix
    information: Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cluster:
    """Crossproducts of a cluster under V^-1: of every basis matrix dV/dphi_k what the derivatives are made of."""

    xvx: Matrix  # (p, p)
    xve: Vector  # (p,)
    traces: Vector  # tr(V^-1 V_k), (m,)
    squares: Matrix  # tr(V^-1 V_k V^-1 V_l), (m, m)
    x_parts: Matrix  # X'V^-1 V_k V^-1 e, (m, p)
    e_parts: Vector  # e'V^-1 V_k V^-1 e, (m,)
    e_squares: Matrix  # e'V^-1 V_k V^-1 V_l V^-1 e, (m, m)
    xx: Matrix  # X'V^-1 V_k V^-1 X, (m, p, p)
    xxx: Matrix | None  # X'V^-1 V_k V^-1 V_l V^-1 X, (m, m, p, p); of restricted fits


def mixed_scores(design: Design, fit: MixedFit, clusters: Clusters, scale: str) -> Scores:
    """Scores and information of a linear mixed model.

    Parameters
    ----------
    clusters : Clusters
        Clusters in which all grouping factors are nested.
    scale : str
        Scale of the parameters: "theta" for (beta, theta, sigma), "variance" for (beta, variances and covariances,
        residual variance).
    """
    assert design.response is not None
    x = dense_columns(design, fit.kept, fit.n)
    e = (design.response - fixed_part(design, fit.kept, fit.beta, fit.n)) / fit.sigma
    unit = fit.with_sigma(1.0)
    relative = _relative_scores(design, replace(unit, beta=fit.beta / fit.sigma), x, e, clusters, scale)
    free = len(relative.estimates) - fit.known_sigma  # sigma is the last
    lengths = _lengths(fit, scale)[:free]
    return Scores(
        relative.estimates[:free] * lengths,
        relative.scores[:, :free] / lengths,
        relative.information[:free, :free] / lengths / lengths[:, None],
    )


def _lengths(fit: MixedFit, scale: str) -> Vector:
    """The unit of each parameter at sigma = 1, in those of the response.

    Raises
    ------
    FitError
        If the square of a unit is no double.
    """
    m = len(fit.theta)
    own = np.r_[np.ones(m), fit.sigma] if scale == "theta" else np.full(m + 1, fit.sigma * fit.sigma)
    largest = max(own[-1], 1 / own[-1])
    if not largest < LARGEST:
        raise FitError(
            f"the squares of the variances are out of reach of double precision, as sigma is {fit.sigma:.3g}; use "
            "scale='theta', or divide the response by a constant and fit again."
        )
    return np.concatenate([np.full(len(fit.beta), fit.sigma), own])


def _relative_scores(design: Design, fit: MixedFit, x: Matrix, e: Vector, clusters: Clusters, scale: str) -> Scores:
    """Scores of the model in units of sigma, `e` being what the fixed effects leave of the response."""
    root = np.ones(fit.n) if design.weights is None else np.sqrt(design.weights)
    parts = [_cluster(design, fit, x, e, root, rows) for rows in clusters.rows()]
    p, m = x.shape[1], len(fit.theta) + 1
    scores = np.empty((len(parts), p + m))
    information = np.zeros((p + m, p + m))
    phi = fit.sigma**2 * fit.vcov_unscaled  # inverse of the sum of xvx
    for j, c in enumerate(parts):
        scores[j, :p] = c.xve
        scores[j, p:] = (c.e_parts - c.traces) / 2
        if fit.reml:
            scores[j, p:] += np.einsum("ab,kab->k", phi, c.xx) / 2
        information[:p, :p] += c.xvx
        information[p:, :p] += c.x_parts
        information[p:, p:] += c.e_squares - c.squares / 2
    information[:p, p:] = information[p:, :p].T
    if fit.reml:
        information[p:, p:] += _restricted(parts, phi)
    estimates = np.concatenate([fit.beta, _variances(fit)])
    if scale == "theta":
        jacobian, bend = _chain(fit, scores[:, p:].sum(axis=0))
        whole = np.eye(p + m)
        whole[p:, p:] = jacobian
        scores, information = scores @ whole, whole.T @ information @ whole
        information[p:, p:] -= bend
        estimates = np.concatenate([fit.beta, fit.theta, [fit.sigma]])
    return Scores(estimates, scores, information)


def _restricted(parts: list[_Cluster], phi: Matrix) -> Matrix:
    """Second derivatives of 1/2 log|X'V^-1X|."""
    first = np.sum([c.xx for c in parts], axis=0)
    second = np.sum([c.xxx for c in parts if c.xxx is not None], axis=0)
    scaled = phi @ first
    return np.asarray(np.einsum("ab,klab->kl", phi, second) - np.einsum("kab,lba->kl", scaled, scaled) / 2)


def _cluster(design: Design, fit: MixedFit, x: Matrix, e: Vector, root: Vector, rows: Codes) -> _Cluster:
    """The crossproducts of the cluster that `rows` are; `root` is of the weights."""
    s = fit.sigma**2
    x, e = x[rows] * root[rows, None], e[rows] * root[rows]
    local = [z * root[rows, None, None] for z in local_effects(design, rows)]
    n = len(rows)
    z = np.concatenate([zt.reshape(n, -1) for zt in local], axis=1)
    u = np.concatenate(
        [(zt @ t).reshape(n, -1) for zt, t in zip(local, factors(fit.theta, fit.sizes), strict=True)], axis=1
    )
    lower = np.linalg.cholesky(np.eye(u.shape[1]) + u.T @ u)
    both = np.linalg.solve(lower, u.T)

    def solve(a: Matrix) -> Matrix:
        """V^-1 a."""
        return np.asarray((a - both.T @ (both @ a)) / s)

    p, small = x.shape[1], x.shape[1] + 1
    va = solve(np.concatenate([x, e[:, None], z], axis=1))
    za = z.T @ va  # Z'V^-1 (X, e, Z)
    bases = _bases([zt.shape[1:] for zt in local])
    moved = np.empty((len(bases), *za.shape))  # S_k of it
    for k, base in enumerate(bases):
        moved[k] = base.apply(za)
    first, second = _forms(z, va[:, :small], solve(va[:, :small]), za, moved)
    traces, squares = _traces(bases, va[:, small:], both, moved[:, :, small:], n, s)
    return _Cluster(
        xvx=x.T @ va[:, :p],
        xve=va[:, :p].T @ e,
        traces=traces,
        squares=squares,
        x_parts=first[:, :p, p],
        e_parts=first[:, p, p],
        e_squares=second[:, :, p, p],
        xx=first[:, :p, :p],
        xxx=second[:, :, :p, :p] if fit.reml else None,
    )


def _forms(z: Matrix, va: Matrix, vva: Matrix, za: Matrix, moved: Matrix) -> tuple[Matrix, Matrix]:
    """``a'V^-1 V_k V^-1 a`` and ``a'V^-1 V_k V^-1 V_l V^-1 a`` of a = (X, e), for all k and l; s comes last.

    Parameters
    ----------
    va, vva : ndarray
        Products V^-1 a and V^-2 a.
    za, moved : ndarray
        Products Z'V^-1 (a, Z), and S_k of it for each k.
    """
    small, m = va.shape[1], len(moved) + 1
    of_a = moved[:, :, :small]
    first = np.empty((m, small, small))
    first[:-1] = np.einsum("qa,kqb->kab", za[:, :small], of_a)
    first[-1] = va.T @ va
    second = np.empty((m, m, small, small))
    second[:-1, :-1] = np.einsum("kqa,lqb->klab", of_a, za[:, small:] @ of_a)
    second[:-1, -1] = np.einsum("kqa,qb->kab", of_a, z.T @ vva)
    second[-1, :-1] = second[:-1, -1].transpose(0, 2, 1)
    second[-1, -1] = va.T @ vva
    return first, second


def _traces(bases: list[_Basis], vz: Matrix, both: Matrix, sb: Matrix, n: int, s: float) -> tuple[Vector, Matrix]:
    """``tr(V^-1 V_k)`` and ``tr(V^-1 V_k V^-1 V_l)`` for all k and l; s comes last.

    Parameters
    ----------
    vz : ndarray
        Product V^-1 Z.
    both : ndarray
        Product L^-1 U' of ``s V^-1 = I - U (L L')^-1 U'``.
    sb : ndarray
        Products S_k B for each k.
    """
    m = len(bases) + 1
    traces, squares = np.empty(m), np.empty((m, m))
    traces[:-1] = np.einsum("kqq->k", sb)
    traces[-1] = (n - np.sum(both**2)) / s
    squares[:-1, :-1] = np.einsum("kqr,lrq->kl", sb, sb)
    squared = vz.T @ vz
    squares[:-1, -1] = squares[-1, :-1] = [float(np.trace(base.apply(squared))) for base in bases]
    inner = both @ both.T
    squares[-1, -1] = (n - 2 * np.trace(inner) + np.sum(inner**2)) / s**2
    return traces, squares


@dataclass(frozen=True, slots=True, kw_only=True)
class _Basis:
    """S_k = I (x) E of one term, E with ones at (row, column) and (column, row)."""

    start: int
    levels: int
    k: int
    row: int
    column: int

    def apply(self, a: Matrix) -> Matrix:
        """S_k a."""
        out = np.zeros_like(a)
        here = slice(self.start, self.start + self.levels * self.k)
        blocks = a[here].reshape(self.levels, self.k, -1)
        moved = out[here].reshape(self.levels, self.k, -1)
        moved[:, self.row] = blocks[:, self.column]
        moved[:, self.column] = blocks[:, self.row]
        return out


def _bases(shapes: list[tuple[int, int]]) -> list[_Basis]:
    out, start = [], 0
    for levels, k in shapes:
        out += [_Basis(start=start, levels=levels, k=k, row=i, column=j) for j in range(k) for i in range(j, k)]
        start += levels * k
    return out


def _variances(fit: MixedFit) -> Vector:
    """Lower triangles of the covariance matrices, column by column, and the residual variance."""
    values = []
    for t in factors(fit.theta, fit.sizes):
        sigma = fit.sigma**2 * (t @ t.T)
        values += [sigma[i, j] for j in range(len(t)) for i in range(j, len(t))]
    return np.array([*values, fit.sigma**2])


def _chain(fit: MixedFit, gradient: Vector) -> tuple[Matrix, Matrix]:
    """Derivatives of phi by (theta, sigma), and ``sum_k gradient_k d2 phi_k``, each of shape (m, m)."""
    m = len(fit.theta) + 1
    jacobian, bend = np.zeros((m, m)), np.zeros((m, m))
    jacobian[-1, -1] = 2 * fit.sigma
    bend[-1, -1] = 2 * gradient[-1]
    at = 0
    for t in factors(fit.theta, fit.sizes):
        places = [(i, j) for j in range(len(t)) for i in range(j, len(t))]
        here = slice(at, at + len(places))
        g = gradient[here]
        steps = []
        for i, j in places:
            step = np.zeros_like(t)
            step[i, j] = 1.0
            steps.append(step)
        for a, da in enumerate(steps):
            relative = da @ t.T + t @ da.T
            jacobian[here, at + a] = fit.sigma**2 * _pick(relative, places)
            bend[at + a, -1] = bend[-1, at + a] = 2 * fit.sigma * (g @ _pick(relative, places))
            for b, db in enumerate(steps):
                bend[at + a, at + b] = fit.sigma**2 * (g @ _pick(da @ db.T + db @ da.T, places))
        whole = _pick(t @ t.T, places)
        jacobian[here, -1] = 2 * fit.sigma * whole
        bend[-1, -1] += 2 * (g @ whole)
        at += len(places)
    return jacobian, bend


def _pick(a: Matrix, places: list[tuple[int, int]]) -> Vector:
    return np.array([a[i, j] for i, j in places])
