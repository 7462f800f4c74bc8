"""The rows of a model by cluster, for the sandwich: design, residuals, working weights, working covariance.

Every model here solves ``sum_j X_j' W_j e_j = 0`` over clusters j, where e are residuals without random effects. W is
the model's precision of e: V^-1 of a mixed model, the weights of a linear one, w / V(mu) of a generalised one, whose X
has its rows multiplied by d mu / d eta. The target is the covariance of e that the adjustments take as a working model.

A cluster's rows may be many while what matters of them lies in few directions: the columns of its X_j and of its
random effects. Where the target is the identity outside these, rows are rotated onto them first, and no matrix is
larger than their number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.record import MixedFit
from mixedmodels.fitted.row_groups import Clusters

Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Root:
    """D with D'D = target, as ``(I + Q diag(c) Q') diag(scale)``, Q'Q = I."""

    scale: Vector
    q: Matrix
    c: Vector

    def times(self, a: Matrix) -> Matrix:
        """D a."""
        moved = self.scale[:, None] * a
        return moved + self.q @ (self.c[:, None] * (self.q.T @ moved))

    def transposed_times(self, a: Matrix) -> Matrix:
        """D'a."""
        return self.scale[:, None] * (a + self.q @ (self.c[:, None] * (self.q.T @ a)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A cluster, in k rows or in k directions of its rows.

    Attributes
    ----------
    x : ndarray, shape (k, p)
        Columns of X.
    residual : ndarray, shape (k,)
        Residuals.
    weight, target : ndarray, shape (k, k)
        Weight W_j and the working covariance of the residuals.
    root : Root
        Root of the target.
    """

    x: Matrix
    residual: Vector
    weight: Matrix
    target: Matrix
    root: Root


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """A model as its sandwich sees it.

    Attributes
    ----------
    x : ndarray, shape (n, p)
        Columns of X, for a generalised model times d mu / d eta.
    residual : ndarray, shape (n,)
        Residuals without random effects.
    precision : ndarray, shape (n,)
        Precisions w of the covariance ``diag(1 / w)`` of what is not in random effects.
    bread : ndarray, shape (p, p)
        Matrix (X'WX)^-1.
    random : tuple of (Design, MixedFit), optional
        Design and fit of the random effects, None without.
    inverse : bool, default True
        Whether the target is the inverse of W; else W = diag(w), and the target is the identity.
    """

    x: Matrix
    residual: Vector
    precision: Vector
    bread: Matrix
    random: tuple[Design, MixedFit] | None = None
    inverse: bool = True

    @property
    def uniform(self) -> bool:
        """Whether all rows have the same precision, 1."""
        return bool(np.all(self.precision == 1))


def blocks(working: Working, clusters: Clusters, rows_matter: bool) -> Iterator[Block]:
    """The clusters in turn.

    Parameters
    ----------
    rows_matter : bool
        Whether what is done with a block depends on the scale of its rows, as a symmetric square root does; else rows
        are scaled to precision 1, which leaves a smaller block.
    """
    scaled = working.inverse and not (rows_matter and not working.uniform)
    lam = None if working.random is None else factors(working.random[1].theta, working.random[1].sizes)
    for rows in clusters.rows():
        x, e, w = working.x[rows], working.residual[rows], working.precision[rows]
        u = np.empty((len(rows), 0))
        if working.random is not None and lam is not None:
            z = local_effects(working.random[0], rows)
            u = np.concatenate([(zt @ t).reshape(len(rows), -1) for zt, t in zip(z, lam, strict=True)], axis=1)
        if not working.inverse:
            yield _rotated(x, e, np.concatenate([x, w[:, None] * x], axis=1), u, w)
        elif scaled:
            root = np.sqrt(w)
            x, u = root[:, None] * x, root[:, None] * u
            yield _rotated(x, root * e, np.concatenate([u, x], axis=1), u, None)
        else:
            root_of = _root(np.sqrt(w)[:, None] * u, 1 / np.sqrt(w))
            target = u @ u.T
            target[np.diag_indices(len(rows))] += 1 / w
            yield Block(x=x, residual=e, weight=_precision(u, w), target=target, root=root_of)


def _rotated(x: Matrix, e: Vector, columns: Matrix, u: Matrix, w: Vector | None) -> Block:
    """A block whose target is I + u u', in an orthonormal basis of `columns`; W its inverse, or diag(w)."""
    if len(x) > columns.shape[1]:
        q = np.linalg.qr(columns)[0]
        x, e, u = q.T @ x, q.T @ e, q.T @ u
        precision = None if w is None else q.T @ (w[:, None] * q)
    else:
        precision = None if w is None else np.diag(w)
    ones = np.ones(len(x))
    weight = _precision(u, ones) if precision is None else np.asarray(precision, dtype=np.float64)
    return Block(x=x, residual=e, weight=weight, target=np.eye(len(x)) + u @ u.T, root=_root(u, ones))


def _precision(u: Matrix, w: Vector) -> Matrix:
    """``(diag(1 / w) + u u')^-1`` by Woodbury's identity."""
    wu = w[:, None] * u
    out = np.diag(w)
    if u.shape[1]:
        out -= wu @ np.linalg.solve(np.eye(u.shape[1]) + u.T @ wu, wu.T)
    return out


def _root(u: Matrix, scale: Vector) -> Root:
    """D of the target ``diag(scale) (I + u u') diag(scale)``."""
    q, s, _ = np.linalg.svd(u, full_matrices=False)
    return Root(scale, q, np.sqrt(1 + s**2) - 1)


def local_effects(design: Design, rows: Codes) -> list[Matrix]:
    """Columns of Z of each random term for some rows and the levels that these have: (rows, levels there, k)."""
    out = []
    for term in design.random:
        local = np.unique(design.groups[term.group].codes[rows], return_inverse=True)[1]
        z = np.zeros((len(rows), int(local.max(initial=-1)) + 1, len(term.columns)))
        for j, column in enumerate(term.columns):
            z[np.arange(len(rows)), local, j] = 1.0 if column is None else column[rows]
        out.append(z)
    return out
