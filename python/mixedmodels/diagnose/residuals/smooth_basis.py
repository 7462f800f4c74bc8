"""Smooth functions of one predictor, ordered from the straight line to the most curved.

The functions are cubic splines (polynomials of lower degree for fewer than 4 distinct values) in the basis of Demmler
and Reinsch (1975): orthonormal over the observations, each with its curvature, the integral of its squared second
derivative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.splines import basis
from mixedmodels.errors import DataError

FUNCTIONS = 10  # of the spline at most, the constant included; what DHARMa asks of mgcv
ORDER = 4


@dataclass(frozen=True, slots=True)
class SmoothBasis:
    """Functions f_0 = 1, f_1, ..., f_{k-1} with sum_i f_j(x_i) f_l(x_i) = n if j = l, else 0.

    Attributes
    ----------
    order : int
        Order of the B-splines, their degree plus 1.
    knots : ndarray
        Knots of the B-splines; the boundary ones repeated.
    coefficients : ndarray, shape (number of B-splines, k)
        Coefficients of the functions in the B-splines.
    curvatures : ndarray, shape (k,)
        Curvatures of the functions, ascending; 0 of the constant and of the straight line.
    """

    order: int
    knots: Vector
    coefficients: Matrix
    curvatures: Vector

    def __call__(self, x: Vector) -> Matrix:
        """Values of the functions at points within the data, shape (len(x), k)."""
        values: Matrix = basis(self.knots, x, self.order) @ self.coefficients
        return values


def smooth_basis(x: Vector) -> SmoothBasis:
    """The functions for a predictor, shape (n,); as many as it has distinct values, up to 10."""
    distinct = np.unique(x)
    if len(distinct) == 1:
        return SmoothBasis(1, np.r_[distinct, distinct + 1], np.ones((1, 1)), np.zeros(1))
    count = min(len(distinct), FUNCTIONS)
    order = min(count, ORDER)
    inner = np.quantile(distinct, np.linspace(0, 1, count - order + 2)[1:-1])
    knots = np.r_[[distinct[0]] * order, inner, [distinct[-1]] * order]
    b = basis(knots, x, order)
    try:
        root = np.linalg.cholesky(b.T @ b / len(x))
    except np.linalg.LinAlgError as error:
        raise DataError("values of the predictor are too close to each other for a curve; use rank=True.") from error
    inverse = np.linalg.inv(root).T
    penalty = inverse.T @ _curvature(knots, order) @ inverse
    # The straight lines have no curvature, and eigenvectors of a double eigenvalue are any two of their plane: they are
    # set apart by what the constant is in this basis.
    values, vectors = np.linalg.eigh((penalty + penalty.T) / 2)
    constant = np.linalg.lstsq(b @ inverse, np.ones(len(x)), rcond=None)[0]
    constant /= np.linalg.norm(constant)
    plane = vectors[:, :2]
    line = plane - np.outer(constant, constant @ plane)
    line = line[:, int(np.argmax(np.linalg.norm(line, axis=0)))]
    directions = np.column_stack([constant, line / np.linalg.norm(line), vectors[:, 2:]])
    curvatures = np.r_[0.0, 0.0, np.maximum(values[2:], 0.0)]
    return SmoothBasis(order, knots, inverse @ directions, curvatures)


def _curvature(knots: Vector, order: int) -> Matrix:
    """Integrals of the products of the B-splines' second derivatives, which are straight between knots."""
    if order < 3:  # straight lines
        return np.zeros((len(knots) - order,) * 2)
    points = np.unique(knots)
    left, right = points[:-1], points[1:]
    middle, half = (left + right) / 2, (right - left) / 2
    out = np.zeros((len(knots) - order,) * 2)
    for place, weight in ((-np.sqrt(3 / 5), 5 / 9), (0.0, 8 / 9), (np.sqrt(3 / 5), 5 / 9)):
        d2 = basis(knots, middle + place * half, order, derivative=2)
        out += d2.T @ (d2 * (weight * half)[:, None])
    return out
