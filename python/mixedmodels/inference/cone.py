"""Projections of normal vectors on cones of positive semidefinite matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixedmodels.fit.record import Matrix, Vector

MOST_STEPS = 2000
SETTLED = 1e-10
EXACT = 1e-12  # rounding error of an eigendecomposition


@dataclass(frozen=True, slots=True)
class Projections:
    """Normal vectors projected on a cone of m dimensions.

    Attributes
    ----------
    lengths : their squared lengths in the metric of the information, shape (draws,).
    positive : coordinates of the projection above 0, shape (draws,).
    inside : whether the vector lay in the cone itself, shape (draws,).
    outside : whether it lay in the polar cone, so that its projection is 0, shape (draws,).
    """

    lengths: Vector
    positive: NDArray[np.intp]
    inside: NDArray[np.bool_]
    outside: NDArray[np.bool_]


def projections(information: Matrix, sizes: tuple[int, ...], draws: int, rng: np.random.Generator) -> Projections:
    """Normal vectors projected, in the metric of `information`, on positive semidefinite matrices.

    The vectors have covariance ``information^-1``; the cone holds one positive semidefinite matrix for each size, as
    lower triangles column by column. The projection minimises ``(x - z)' I (x - z)`` by accelerated projected gradients
    with restarts (Beck and Teboulle 2009; O'Donoghue and Candes 2015) in coordinates whose length is Frobenius's, where
    projecting on the cone means cutting off negative eigenvalues.

    Parameters
    ----------
    information : shape (m, m), m the elements of all lower triangles.
    sizes : of the matrices.
    """
    weight = np.concatenate([_frobenius_weights(r) for r in sizes])
    metric = information / np.outer(weight, weight)  # coordinates: off-diagonal elements times sqrt(2)
    # Scaling effects keeps the cone: every variance gets information 1.
    scale = np.concatenate(
        [_effect_scales(np.diag(metric)[part], r) for r, part in zip(sizes, _parts(sizes), strict=True)]
    )
    metric = metric * np.outer(scale, scale)
    step = 1 / np.linalg.eigvalsh(metric)[-1]
    root = np.linalg.cholesky(np.linalg.inv(metric))
    z = rng.standard_normal((draws, len(weight))) @ root.T
    x = project(z, sizes)
    ahead, momentum = x, np.ones((draws, 1))
    for _ in range(MOST_STEPS):
        new = project(ahead - step * (ahead - z) @ metric, sizes)
        turned = np.sum((ahead - new) * (new - x), axis=1, keepdims=True) > 0
        momentum = np.where(turned, 1.0, momentum)
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = new + np.where(turned, 0.0, (momentum - 1) / following) * (new - x)
        moved = float(np.max(np.abs(new - x)))
        x, momentum = new, following
        if moved < SETTLED:
            break
    return Projections(
        lengths=np.einsum("ij,jk,ik->i", x, metric, x),
        positive=np.sum(x > 0, axis=1),
        inside=np.all(np.abs(project(z, sizes) - z) <= EXACT * np.abs(z).max(axis=1, keepdims=True), axis=1),
        outside=~np.any(np.abs(project(z @ metric, sizes)) > EXACT, axis=1),
    )


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
