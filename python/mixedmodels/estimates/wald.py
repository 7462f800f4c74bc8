"""Wald tests and intervals: an estimate over its standard error against the normal or t distribution."""

from __future__ import annotations

import math

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.fit import distributions


def lower_tail(t: Vector, df: Vector | float) -> Vector:
    """Probability of less than `t`; of the normal distribution where `df` is infinite."""
    return distributions.t_tail(t, df)


def quantile(probability: Vector | float, df: Vector | float) -> Vector:
    """Quantiles of t; of the normal distribution where `df` is infinite."""
    return distributions.t_quantile(probability, df)


def p_values(statistic: Vector, df: Vector | float = math.inf) -> Vector:
    """Two-sided p-values of z (infinite `df`) or t statistics, which may each have degrees of freedom of their own.

    Examples
    --------
    >>> from mixedmodels.estimates.wald import p_values
    >>> p_values(np.array([1.96])).round(3).tolist()
    [0.05]
    """
    return 2 * lower_tail(-np.abs(statistic), df)


def f_p_value(f: float, df1: float, df2: float) -> float:
    """Probability that an F variable exceeds `f`; see `f_p_values`."""
    return float(f_p_values(f, df1, df2))


def f_p_values(f: Vector | float, df1: Vector | float, df2: Vector | float) -> Vector:
    """Upper tails of F, of chi-squared over `df1` where `df2` is infinite; NaN without degrees of freedom."""
    return distributions.f_tail(f, df1, df2, upper=True)


def chi_squared_p(statistic: Vector | float, df: Vector | float) -> Vector:
    """Upper tail probabilities of chi-squared (1 below 0); NaN where there are no degrees of freedom."""
    return distributions.chi_squared_tail(statistic, df, upper=True)


def check_level(level: float) -> None:
    """Refuse a confidence level that is none.

    Raises
    ------
    DataError
        If `level` is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise DataError(f"level must lie between 0 and 1, as 0.95 does; got {level}.")


def intervals(estimate: Vector, std_error: Vector, level: float = 0.95, df: Vector | float = math.inf) -> Matrix:
    """Lower and upper limits, shape (p, 2); `df` is one number or one for each.

    Raises
    ------
    DataError
        If `level` is not between 0 and 1.
    """
    check_level(level)
    half = quantile((1 + level) / 2, df) * std_error
    return np.column_stack([estimate - half, estimate + half])


def linear_hypotheses(c: Matrix, estimate: Vector, vcov: Matrix) -> tuple[Vector, Vector]:
    """Estimates of ``c @ beta`` and their standard errors, each of shape (rows of c,)."""
    size = scales(c)
    units = c / size[:, None]
    return c @ estimate, size * np.sqrt(np.einsum("ij,jk,ik->i", units, vcov, units))


def scales(c: Matrix) -> Vector:
    """Largest absolute value of each row, 1 for rows of zeros: squares of rows over it neither vanish nor overflow."""
    size = np.abs(c).max(axis=1, initial=0.0)
    return np.where(size > 0, size, 1.0)
