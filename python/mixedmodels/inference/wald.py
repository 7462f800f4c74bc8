"""Wald tests and intervals: an estimate over its standard error against the normal or t distribution."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mixedmodels.errors import DataError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


def p_values(statistic: Vector, df: float = math.inf) -> Vector:
    """Two-sided p-values of z (infinite `df`) or t statistics."""
    from scipy.special import ndtr, stdtr

    tail = -np.abs(statistic)
    return np.asarray(2 * (ndtr(tail) if math.isinf(df) else stdtr(df, tail)))


def f_p_value(f: float, df1: float, df2: float) -> float:
    """Probability that an F variable with these degrees of freedom exceeds `f`."""
    from scipy.special import fdtrc

    return float(fdtrc(df1, df2, f))


def intervals(estimate: Vector, std_error: Vector, level: float = 0.95, df: float = math.inf) -> Matrix:
    """Lower and upper limits, shape (p, 2).

    Raises
    ------
    DataError
        If `level` is not between 0 and 1.
    """
    from scipy.special import ndtri, stdtrit

    if not 0 < level < 1:
        raise DataError(f"level must lie between 0 and 1, as 0.95 does; got {level}.")
    upper = (1 + level) / 2
    quantile = float(ndtri(upper) if math.isinf(df) else stdtrit(df, upper))
    return np.column_stack([estimate - quantile * std_error, estimate + quantile * std_error])


def linear_hypotheses(c: Matrix, estimate: Vector, vcov: Matrix) -> tuple[Vector, Vector]:
    """Estimates of ``c @ beta`` and their standard errors, each of shape (rows of c,)."""
    return c @ estimate, np.sqrt(np.einsum("ij,jk,ik->i", c, vcov, c))
