"""Random effects of new levels, and of levels over which a mean is taken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.fit.any_fit import AnyPredictor
from mixedmodels.fit.covariance import factors


def quadratic(rows: Matrix, matrix: Matrix) -> Vector:
    """Quadratic forms of rows, not below 0, shape (n,)."""
    return np.asarray(np.maximum(np.einsum("ni,ni->n", rows @ matrix, rows), 0.0))


def new_level_variance(fit: AnyPredictor, new_effects: Sequence[Matrix | None], n: int) -> Vector:
    """Variances z'TT'z of effects of new levels, summed over the terms; shape (n,).

    Over sigma^2 where theta is relative to sigma.
    """
    out = np.zeros(n)
    for t, z in zip(factors(fit.theta, fit.sizes), new_effects, strict=True):
        if z is not None:
            out += np.square(z @ t).sum(axis=1)
    return out


def new_level_slopes(fit: AnyPredictor, new_effects: Sequence[Matrix | None], n: int) -> Matrix:
    """Derivatives of `new_level_variance` in theta, shape (n, m)."""
    parts = []
    for t, z in zip(factors(fit.theta, fit.sizes), new_effects, strict=True):
        k = len(t)
        if z is None:
            parts.append(np.zeros((n, k * (k + 1) // 2)))
        else:
            u = z @ t
            parts.append(np.column_stack([2 * z[:, i] * u[:, j] for j in range(k) for i in range(j, k)]))
    return np.hstack(parts)
