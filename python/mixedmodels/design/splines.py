"""B-splines on numpy: basis and derivatives by the recursion of de Boor and Cox."""

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
    """
    m = len(knots)
    # The interval of each point; the last non-empty one also holds its right end.
    last = int(np.searchsorted(knots, knots[m - order], side="left")) - 1
    place = np.minimum(np.searchsorted(knots, x, side="right") - 1, last)
    values = np.zeros((len(x), m - 1))
    values[np.arange(len(x)), np.maximum(place, 0)] = 1.0
    for k in range(2, order - derivative + 1):
        left, right = _spans(knots, k)
        n = m - k
        values = (x[:, None] - knots[:n]) * left[:n] * values[:, :n] + (knots[k : k + n] - x[:, None]) * right[
            :n
        ] * values[:, 1 : n + 1]
    for k in range(order - derivative + 1, order + 1):
        left, right = _spans(knots, k)
        n = m - k
        values = (k - 1) * (left[:n] * values[:, :n] - right[:n] * values[:, 1 : n + 1])
    return values


def _spans(knots: Array, k: int) -> tuple[Array, Array]:
    """Reciprocals of the knot spans below two neighbouring functions of order k; 0 for empty spans."""
    span = knots[k - 1 :] - knots[: len(knots) - k + 1]
    inverse = np.divide(1.0, span, out=np.zeros_like(span), where=span > 0)
    return inverse[:-1], inverse[1:]
