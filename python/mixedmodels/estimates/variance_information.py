"""Expected information about the covariances of a linear mixed model's random effects, without an n x n matrix.

With V = s I + sum_i Z_i G_i Z_i' (rows scaled by the roots of their weights, s the residual variance) and P = V^-1, or
for the restricted likelihood V^-1 less its projection on X, the information about two parameters is
``tr(P V_a P V_b) / 2`` (Searle, Casella and McCulloch 1992, section 6.6). All traces are sums over B = Z'PZ, since
``Z'PPZ = (B - B G B) / s`` and ``tr(PV)`` is n, less the rank of X where the likelihood is restricted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design, z_matrix
from mixedmodels.errors import FitError
from mixedmodels.fit.ols import dense_columns

MAX_EFFECTS = 4000


@dataclass(frozen=True, slots=True)
class Direction:
    """The derivative of the covariance of one term's effects: a symmetric matrix, or None for the residual."""

    term: int
    matrix: Matrix | None


def information(
    design: Design,
    kept: Sequence[int],
    covariances: Sequence[Matrix],
    residual: float,
    directions: Sequence[Direction],
    restricted: bool,
) -> Matrix:
    """The information matrix of parameters, shape (len(directions),) squared.

    Parameters
    ----------
    design : Design
        Design of the model.
    kept : sequence of int
        Columns of X that are estimated.
    covariances : sequence of ndarray
        Covariance G_i of each term's effects.
    residual : float
        Variance of an observation of weight 1.
    directions : sequence of Direction
        Directions of the parameters.
    restricted : bool
        Whether the information is that of the restricted likelihood.

    Raises
    ------
    FitError
        If there are more than 4,000 random effects.
    """
    blocks = _Blocks(design, kept, covariances, residual, restricted)
    m = len(directions)
    out = np.empty((m, m))
    for a in range(m):
        for b in range(a + 1):
            out[a, b] = out[b, a] = blocks.trace(directions[a], directions[b]) / 2
    return out


class _Blocks:
    """B and Z'PPZ by blocks of terms, each of shape (levels, columns, levels, columns)."""

    def __init__(
        self, design: Design, kept: Sequence[int], covariances: Sequence[Matrix], residual: float, restricted: bool
    ) -> None:
        self.shapes = [(design.groups[t.group].n_levels, len(t.columns)) for t in design.random]
        sizes = [levels * k for levels, k in self.shapes]
        self.ends = np.cumsum([0, *sizes])
        if self.ends[-1] > MAX_EFFECTS:
            raise FitError(
                f"the information about several variances is computed for up to {MAX_EFFECTS:,} random effects, and "
                f"this model has {self.ends[-1]:,}; compare models that differ by one random effect at a time."
            )
        z = z_matrix(design)
        n = z.shape[0]
        x = dense_columns(design, tuple(kept), n)
        if design.weights is not None:
            root = np.sqrt(design.weights)
            x = x * root[:, None]
            z = z.multiply(root[:, None]).tocsr()
        g = np.zeros((self.ends[-1], self.ends[-1]))
        for (levels, _), begin, end, block in zip(self.shapes, self.ends[:-1], self.ends[1:], covariances, strict=True):
            g[begin:end, begin:end] = np.kron(np.eye(levels), block)
        cross, zx = (z.T @ z).toarray(), np.asarray(z.T @ x)
        # V^-1 = (I - Z H Z') / s with H = (s I + G Z'Z)^-1 G
        h = np.linalg.solve(residual * np.eye(len(g)) + g @ cross, g)
        b = (cross - cross @ h @ cross) / residual
        if restricted and x.shape[1]:
            zvx = (zx - cross @ (h @ zx)) / residual
            xvx = (x.T @ x - zx.T @ h @ zx) / residual
            b = b - zvx @ np.linalg.solve(xvx, zvx.T)
        self.b = b
        self.pp = (b - b @ g @ b) / residual
        rows = n - (x.shape[1] if restricted else 0)
        trace_p = (rows - np.sum(g * b)) / residual
        self.residual = float((trace_p - np.sum(g * self.pp)) / residual)

    def trace(self, a: Direction, b: Direction) -> float:
        """tr(P V_a P V_b)."""
        if a.matrix is None and b.matrix is None:
            return self.residual
        if a.matrix is None or b.matrix is None:
            one = b if a.matrix is None else a
            assert one.matrix is not None
            levels, k = self.shapes[one.term]
            block = self._block(self.pp, one.term, one.term).reshape(levels, k, levels, k)
            return float(np.einsum("lalb,ba->", block, one.matrix))
        between = self._block(self.b, a.term, b.term)
        left = np.einsum("pq,lqmr->lpmr", a.matrix, between)
        right = np.einsum("lpms,sr->lpmr", between, b.matrix)
        return float(np.sum(left * right))

    def _block(self, of: Matrix, i: int, j: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        part = of[self.ends[i] : self.ends[i + 1], self.ends[j] : self.ends[j + 1]]
        return np.asarray(part.reshape(*self.shapes[i], *self.shapes[j]))


def profiled(matrix: Matrix, wanted: Vector) -> Matrix:
    """The information about some parameters when all others are estimated: a Schur complement.

    Parameters
    ----------
    wanted : ndarray, shape (m,)
        Truth values, True for the parameters that are asked for;.
    """
    inner, outer = np.flatnonzero(wanted), np.flatnonzero(~wanted.astype(bool))
    if not len(outer):
        return matrix
    cross = matrix[np.ix_(inner, outer)]
    return np.asarray(matrix[np.ix_(inner, inner)] - cross @ np.linalg.pinv(matrix[np.ix_(outer, outer)]) @ cross.T)
