"""Covariances of the errors of several linear predictors, row by row.

All random effects together are b = Lambda u. Given all parameters phi = (theta, beta, psi), u has its mode where
F(u, phi) = Lambda'Z's - u = 0, with s the derivatives of the rows' log-likelihoods in their linear predictors, and the
covariance H^-1, H = Lambda'Z'W Z Lambda + I, where W couples the predictors of a row. The mode moves with phi by
du/dphi = H^-1 dF/dphi. So the error of the linear predictors eta = X beta + Z Lambda u of a row has the covariance

    C H^-1 C' + G V G',    C = Z Lambda,    G = d eta/dphi + C du/dphi,    V = Var(phi).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import z_matrix
from mixedmodels.errors import FitError
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.henderson_rows import TermRows, fixed_rows

if TYPE_CHECKING:
    from mixedmodels.design import Design
    from mixedmodels.fit.components.record import ComponentsFit

AT_ONCE = 256  # rows that are solved for together


class ComponentPredictors:
    """Errors of the linear predictors of a fit of several components.

    Parameters
    ----------
    design : Design
        Design of the fit, with its further predictors.
    fit : ComponentsFit
        The fit.
    """

    def __init__(self, design: Design, fit: ComponentsFit) -> None:
        self._designs = design.predictors
        self._fit = fit

    # -- the modes ----------------------------------------------------------------------------------------------

    @cached_property
    def _factors(self) -> list[list[Matrix]]:
        return [factors(part.theta, part.sizes) for part in self._fit.predictors]

    @cached_property
    def _starts(self) -> list[list[int]]:
        """Place of the first effect of each term of each component among all."""
        out: list[list[int]] = []
        start = 0
        for design in self._designs:
            own = []
            for term in design.random:
                own.append(start)
                start += design.groups[term.group].n_levels * len(term.effects)
            out.append(own)
        return out

    @cached_property
    def _q(self) -> int:
        return sum(d.groups[t.group].n_levels * len(t.effects) for d in self._designs for t in d.random)

    @cached_property
    def _loadings(self) -> list[Any]:
        """Z Lambda of each component over the columns of all effects, sparse, shape (n, q)."""
        from scipy import sparse

        out, before = [], 0
        for design, ts, zs in zip(self._designs, self._factors, self._z, strict=True):
            if not design.random:
                out.append(sparse.csc_matrix((design.n, self._q)))
                continue
            levels = [design.groups[t.group].n_levels for t in design.random]
            terms = zip(zs, levels, ts, strict=True)
            own = sparse.hstack([z @ sparse.kron(sparse.identity(n), t) for z, n, t in terms]).tocsc()
            after = self._q - before - own.shape[1]
            empty = [sparse.csc_matrix((design.n, k)) for k in (before, after)]
            out.append(sparse.hstack([empty[0], own, empty[1]]).tocsc())
            before += own.shape[1]
        return out

    @cached_property
    def _rows(self) -> dict[str, Any]:
        """Derivatives of the rows' log-likelihoods in all linear predictors and shapes, at the modes."""
        fit = self._fit
        return dict(fit.family.handle.derivatives(fit.y, fit.weights, fit.etas, fit.psi.tolist()))

    def _weights(self, s: int, t: int) -> Vector:
        low, high = min(s, t), max(s, t)
        run = high * (high + 1) // 2 + low
        n = self._fit.n
        return np.asarray(self._rows["w"][run * n : (run + 1) * n])

    @cached_property
    def _solver(self) -> Any:
        """The factorisation of H."""
        from scipy import sparse
        from scipy.sparse.linalg import splu

        h = sparse.identity(self._q, format="csc")
        for s, left in enumerate(self._loadings):
            for t, right in enumerate(self._loadings):
                if left.nnz and right.nnz:
                    h = h + left.T @ sparse.diags(self._weights(s, t)) @ right
        return splu(h.tocsc())

    @cached_property
    def _theta_steps(self) -> list[tuple[int, Any]]:
        """For each element of theta its component, and dLambda as (first effect, levels, dT)."""
        out: list[tuple[int, Any]] = []
        for r, (design, ts) in enumerate(zip(self._designs, self._factors, strict=True)):
            for i, (term, t) in enumerate(zip(design.random, ts, strict=True)):
                k = len(t)
                for j in range(k):
                    for a in range(j, k):
                        step = np.zeros((k, k))
                        step[a, j] = 1.0
                        out.append((r, (i, self._starts[r][i], design.groups[term.group].n_levels, step)))
        return out

    @cached_property
    def _u(self) -> Vector:
        return np.concatenate([np.empty(0), *(u.ravel() for part in self._fit.predictors for u in part.u)])

    @cached_property
    def _mode_slopes(self) -> Matrix:
        """du/dphi, shape (q, parameters)."""
        fit, n = self._fit, self._fit.n
        columns = []
        scores = [np.asarray(self._rows["g"][r * n : (r + 1) * n]) for r in range(len(self._designs))]
        for r, (i, first, levels, step) in self._theta_steps:
            k = len(step)
            by_level = np.zeros(self._q)
            own = self._z[r][i].T @ scores[r]
            by_level[first : first + levels * k] = (own.reshape(levels, k) @ step).ravel()
            moved = self._z[r][i] @ (self._u[first : first + levels * k].reshape(levels, k) @ step.T).ravel()
            columns.append(by_level - self._response_to(r, moved))
        for r, (design, part) in enumerate(zip(self._designs, fit.predictors, strict=True)):
            x = fixed_rows(design, part.kept, n)
            columns += [-self._response_to(r, x[:, j]) for j in range(x.shape[1])]
        for run in self._rows["g_psi"]:
            parts = [self._loadings[r].T @ run[r * n : (r + 1) * n] for r in range(len(self._designs))]
            columns.append(np.sum(parts, axis=0))
        right = np.column_stack(columns) if columns else np.zeros((self._q, 0))
        return np.asarray(self._solver.solve(np.ascontiguousarray(right)))

    @cached_property
    def _z(self) -> list[list[Any]]:
        """Z of each term of each component."""
        return [[z_matrix(replace(d, random=(term,))) for term in d.random] for d in self._designs]

    def _response_to(self, r: int, change: Vector) -> Vector:
        """Lambda'Z'W times a change of one linear predictor."""
        parts = [load.T @ (self._weights(t, r) * change) for t, load in enumerate(self._loadings) if load.nnz]
        return np.sum(parts, axis=0) if parts else np.zeros(self._q)

    @cached_property
    def covariance(self) -> Matrix:
        """Covariance of theta, beta and psi; what stands on the boundary has none and is taken as known.

        Raises
        ------
        FitError
            If that of the coefficients is not known.
        """
        return joint_covariance(self._fit)

    # -- rows ---------------------------------------------------------------------------------------------------

    def covariances(
        self, x: Sequence[Matrix], random: Sequence[Sequence[TermRows]], everything: bool = True
    ) -> tuple[Matrix, Matrix]:
        """Covariances of the linear predictors of each row, and their slopes in all parameters.

        Parameters
        ----------
        x : sequence of ndarray, shape (n, p)
            Kept columns of X of each component.
        random : sequence of sequence of (ndarray, sequence of ndarray) or None
            Levels and columns of the random terms of each component that take part; None for one that does not.
        everything : bool, default True
            Whether the parameters' own errors count too.

        Returns
        -------
        covariance : ndarray, shape (n, m, m)
            Covariance of the m linear predictors of each row.
        slopes : ndarray, shape (n, m, parameters)
            Derivatives of the linear predictors in theta, beta and psi.
        """
        n, m = len(x[0]), len(x)
        loads = [self._target_loadings(r, rows, n) for r, rows in enumerate(random)]
        covariance = np.zeros((n, m, m))
        if any(load.nnz for load in loads):
            for first in range(0, n, AT_ONCE):
                some = slice(first, min(n, first + AT_ONCE))
                solved = [self._solver.solve(load[some].T.toarray()) for load in loads]
                for s in range(m):
                    for t in range(m):
                        covariance[some, s, t] = np.asarray(load_dot(loads[s][some], solved[t]))
        slopes = self._slopes(x, random, loads)
        if everything and slopes.shape[2]:
            covariance += np.einsum("nsp,pq,ntq->nst", slopes, self.covariance, slopes)
        return covariance, slopes

    def _target_loadings(self, r: int, rows: Sequence[TermRows], n: int) -> Any:
        from scipy import sparse

        out = sparse.csr_matrix((n, self._q))
        for i, part in enumerate(rows):
            if part is None:
                continue
            codes, columns = np.asarray(part[0], dtype=np.intp), part[1]  # places below go past what a byte holds
            seen = np.flatnonzero(codes >= 0)
            loadings = np.column_stack([np.ones(n) if c is None else c for c in columns])[seen] @ self._factors[r][i]
            k = loadings.shape[1]
            places = self._starts[r][i] + codes[seen][:, None] * k + np.arange(k)
            entries = (loadings.ravel(), (np.repeat(seen, k), places.ravel()))
            out = out + sparse.csr_matrix(entries, shape=(n, self._q))
        return out.tocsr()

    def _slopes(self, x: Sequence[Matrix], random: Sequence[Sequence[TermRows]], loads: Sequence[Any]) -> Matrix:
        """Derivatives of the linear predictors in all parameters, shape (n, m, parameters)."""
        n, m = len(x[0]), len(x)
        steps = self._theta_steps
        out = np.zeros((n, m, len(self._fit.vcov_joint)))
        for j, (r, (i, first, levels, step)) in enumerate(steps):
            part = random[r][i]
            if part is None:
                continue
            codes, columns = np.asarray(part[0], dtype=np.intp), part[1]
            k = len(step)
            moved = self._u[first : first + levels * k].reshape(levels, k) @ step.T
            by_level = np.vstack([moved, np.zeros((1, k))])[np.where(codes >= 0, codes, levels)]
            values = np.column_stack([np.ones(n) if c is None else c for c in columns])
            out[:, r, j] = (values * by_level).sum(axis=1)
        at = len(steps)
        for r, own in enumerate(x):
            out[:, r, at : at + own.shape[1]] = own
            at += own.shape[1]
        if self._q:
            for r, load in enumerate(loads):
                if load.nnz:
                    out[:, r] += load @ self._mode_slopes
        return out


def joint_covariance(fit: ComponentsFit) -> Matrix:
    """Covariance of theta, beta and psi; what stands on the boundary has none and is taken as known.

    Raises
    ------
    FitError
        If that of the coefficients is not known.
    """
    out = fit.vcov_joint.copy()
    m = sum(len(part.theta) for part in fit.predictors)
    p = sum(len(part.beta) for part in fit.predictors)
    place = np.arange(len(out))
    known = (place < m) | (place >= m + p) | np.isin(place, fit.held)
    unknown = np.isnan(np.diagonal(out)) & known
    out[unknown] = out[:, unknown] = 0.0
    if np.isnan(out).any():
        raise FitError(
            "the covariance of the estimates is not known, as the Hessian of the log-likelihood is not positive "
            "definite; use uncertainty='given_theta', or method='bootstrap'."
        )
    return out


def load_dot(rows: Any, columns: Matrix) -> Vector:
    """Products of each row with the column of the same place."""
    return np.asarray(rows.multiply(columns.T).sum(axis=1)).ravel()
