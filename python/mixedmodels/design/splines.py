"""B-splines: basis and derivatives at points within the boundary knots."""

from __future__ import annotations

import numpy as np

from mixedmodels.design.values import Array


def basis(knots: Array, x: Array, order: int, derivative: int = 0) -> Array:
    """B-spline basis functions of an order (degree + 1), or their derivatives.

    Parameters
    ----------
    knots : ndarray, shape (m,)
        Knots, ascending, with the boundary knots repeated `order` times.
    x : ndarray, shape (n,)
        Points within the boundary knots. Functions are continuous from the right, at the last knot from the left.

    Returns
    -------
    ndarray, shape (n, m - order)
        Value of each B-spline at the points.

    Examples
    --------
    >>> from mixedmodels.design.splines import basis
    >>> basis(np.array([0.0, 0.0, 0.5, 1.0, 1.0]), np.array([0.25]), 2).tolist()
    [[0.5, 0.5, 0.0]]
    """
    from scipy.interpolate import BSpline

    each = np.eye(len(knots) - order)
    return np.asarray(BSpline(knots, each, order - 1)(x, derivative), dtype=float)
