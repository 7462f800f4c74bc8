"""Projections of normal vectors on cones of positive semidefinite matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import FitError

MAX_STEPS = 2000
SETTLED = 1e-9
SINGULAR = 1e-13  # smallest eigenvalue of an information with ones on its diagonal
NOT_IDENTIFIED = (
    "the null distribution of this comparison depends on the information about the variances, which is singular at the "
    "smaller model: some of them are not identified there; compare simpler models, or use a bootstrap."
)
EXACT = 1e-12  # rounding error of an eigendecomposition


@dataclass(frozen=True, slots=True)
class Draws:
    """Normal vectors with covariance ``metric^-1`` beside a cone of positive semidefinite matrices.

    Attributes
    ----------
    z : ndarray, shape (draws, m)
        Draws, in coordinates whose length is Frobenius's norm, where projecting on the cone means cutting off negative
        eigenvalues.
    metric : ndarray, shape (m, m)
        Information in these coordinates.
    sizes : tuple of int
        Sizes of the matrices; m is the elements of all lower triangles, column by column.
    """

    z: Matrix
    metric: Matrix
    sizes: tuple[int, ...]

    def inside(self) -> NDArray[np.bool_]:
        """Whether a vector lies in the cone."""
        away = np.abs(project(self.z, self.sizes) - self.z).max(axis=1)
        return np.asarray(away <= EXACT * np.abs(self.z).max(axis=1))

    def outside(self) -> NDArray[np.bool_]:
        """Whether a vector lies in the polar cone, so that its projection is 0."""
        away = np.abs(project(self.z @ self.metric, self.sizes)).max(axis=1)
        return np.asarray(away <= EXACT)

    def projected(self) -> Matrix:
        """The points of the cone that minimise ``(x - z)' metric (x - z)``.

        By accelerated projected gradients with restarts (Beck and Teboulle 2009; O'Donoghue and Candes 2015); a draw
        that has settled is left alone.
        """
        step = 1 / np.linalg.eigvalsh(self.metric)[-1]
        out = project(self.z, self.sizes)
        moving = np.flatnonzero(~self.inside())
        z, x = self.z[moving], out[moving]
        ahead, momentum = x, np.ones((len(moving), 1))
        for _ in range(MAX_STEPS):
            new = project(ahead - step * (ahead - z) @ self.metric, self.sizes)
            turned = np.sum((ahead - new) * (new - x), axis=1, keepdims=True) > 0
            momentum = np.where(turned, 1.0, momentum)
            following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            ahead = new + np.where(turned, 0.0, (momentum - 1) / following) * (new - x)
            out[moving] = new
            on = np.abs(new - x).max(axis=1) > SETTLED
            moving, z, x, ahead, momentum = moving[on], z[on], new[on], ahead[on], following[on]
            if not len(moving):
                break
        return out

    def squared_lengths(self) -> Vector:
        """Squared lengths of the projections in the metric, shape (draws,)."""
        x = self.projected()
        return np.asarray(np.sum((x @ self.metric) * x, axis=1))


def draws(information: Matrix, sizes: tuple[int, ...], number: int, rng: np.random.Generator) -> Draws:
    """Normal vectors in the metric of an information matrix.

    Parameters
    ----------
    information : ndarray, shape (m, m)
        Information about lower triangles column by column, one matrix after the other;.
    sizes : tuple of int
        Sizes of the matrices.

    Raises
    ------
    FitError
        If the matrix is not positive definite: some of the parameters is not identified.
    """
    weight = np.concatenate([_frobenius_weights(r) for r in sizes])
    if information.shape != (len(weight),) * 2 or not is_positive(information):
        raise FitError(NOT_IDENTIFIED)
    metric = information / np.outer(weight, weight)  # coordinates: off-diagonal elements times sqrt(2)
    # Scaling effects keeps the cone: every variance gets information 1.
    scale = np.concatenate(
        [_effect_scales(np.diag(metric)[part], r) for r, part in zip(sizes, _parts(sizes), strict=True)]
    )
    metric = metric * np.outer(scale, scale)
    root = np.linalg.cholesky(np.linalg.inv(metric))
    return Draws(rng.standard_normal((number, len(weight))) @ root.T, metric, sizes)


def is_positive(information: Matrix) -> bool:
    """Whether a matrix is positive definite, with digits to spare."""
    if not np.isfinite(information).all():
        return False
    own = np.diag(information)
    if not (own > 0).all():
        return False
    scaled = information / np.sqrt(np.outer(own, own))
    return bool(np.isfinite(scaled).all() and np.linalg.eigvalsh(scaled)[0] > SINGULAR)


def project(x: Matrix, sizes: tuple[int, ...]) -> Matrix:
    """The nearest point of the cone in Frobenius's norm, row by row."""
    out = np.empty_like(x)
    for r, part in zip(sizes, _parts(sizes), strict=True):
        if r == 1:
            out[:, part] = np.maximum(x[:, part], 0.0)
            continue
        rows, columns = _triangle(r)
        matrices = np.zeros((len(x), r, r))
        matrices[:, rows, columns] = matrices[:, columns, rows] = x[:, part] / _frobenius_weights(r)
        values, vectors = np.linalg.eigh(matrices)
        nearest = np.einsum("nij,nj,nkj->nik", vectors, np.maximum(values, 0.0), vectors)
        out[:, part] = nearest[:, rows, columns] * _frobenius_weights(r)
    return out


def _triangle(r: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    columns, rows = np.triu_indices(r)
    return rows, columns


def _frobenius_weights(r: int) -> Vector:
    rows, columns = _triangle(r)
    return np.where(rows == columns, 1.0, np.sqrt(2.0))


def _parts(sizes: tuple[int, ...]) -> list[NDArray[np.intp]]:
    ends = np.cumsum([r * (r + 1) // 2 for r in sizes])
    return [np.arange(end - r * (r + 1) // 2, end) for r, end in zip(sizes, ends, strict=True)]


def _effect_scales(information: Vector, r: int) -> Vector:
    """For each element of a block's lower triangle the product of its two effects' scales."""
    rows, columns = _triangle(r)
    own = information[rows == columns] ** -0.25
    return np.asarray(own[rows] * own[columns])
