"""Johnson and Neyman's intervals: values of a moderator at which the slope of a variable differs from zero.

The slope at moderator w is ``c(w)'beta``. Where c is linear in w, ``(c'beta)^2 - t^2 c'V c`` is a quadratic in w whose
roots are the bounds (Johnson and Neyman 1936; Bauer and Curran 2005); elsewhere sign changes are looked for within
the range of the moderator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.estimates import wald
from mixedmodels.estimates.coefficients import Coefficients

STEPS = 400  # intervals in which roots are looked for one by one
LINEAR = 1e-8  # relative departure from a straight line that is rounding


@dataclass(frozen=True, kw_only=True)
class SlopeRegions:
    """Slopes along a moderator and where they differ from zero.

    Attributes
    ----------
    moderator : ndarray, shape (k,)
        Values of the moderator, ascending.
    slope, std_error, df, conf_low, conf_high : ndarray, shape (k,)
        Slope at these values, with its standard error, degrees of freedom and limits.
    significant : ndarray of bool, shape (k,)
        Whether the interval excludes zero.
    bounds : tuple of float
        Values of the moderator at which that changes, ascending, those outside of its range too where the slope is
        linear in it.
    intervals : tuple of tuple of two float
        Pairs of ends between which slopes are significant, infinite ones included.
    linear : bool
        Whether the slope is linear in the moderator.
    closed : bool
        Whether the bounds are roots of a quadratic, rather than found within the range of the moderator.
    """

    moderator: Vector
    slope: Vector
    std_error: Vector
    df: Vector
    conf_low: Vector
    conf_high: Vector
    significant: NDArray[np.bool_]
    bounds: tuple[float, ...]
    intervals: tuple[tuple[float, float], ...]
    linear: bool
    closed: bool


def slope_regions(
    rows: Callable[[Vector], Matrix], coefficients: Coefficients, moderator: Vector, level: float
) -> SlopeRegions:
    """Slopes at each value of a moderator, and the bounds of where they differ from zero.

    Parameters
    ----------
    rows : callable
        Function from values of the moderator, shape (k,), to rows c with slope ``c @ beta``, shape (k, p).
    moderator : ndarray
        Values of the moderator to report, ascending.
    level : float
        Confidence level of each interval.
    """
    low, high = float(moderator[0]), float(moderator[-1])
    ends = rows(np.array([low, (low + high) / 2, high]))
    bent = float(np.abs(ends[1] - (ends[0] + ends[2]) / 2).max(initial=0.0))
    linear = bent <= LINEAR * max(float(np.abs(ends).max(initial=0.0)), 1e-300)
    tests = coefficients.t_tests(rows(moderator))
    limits = wald.intervals(tests.estimate, tests.std_error, level, tests.df)
    fixed_df = len(np.unique(tests.df)) == 1

    def excess(w: Vector) -> Vector:
        """Squared slope less the square of what it must exceed."""
        c = rows(w)
        estimate, error = coefficients.estimates(c)
        t = wald.quantile((1 + level) / 2, coefficients.df(c))
        return np.asarray(estimate**2 - (t * error) ** 2)

    if linear and fixed_df:
        bounds = _quadratic_roots(ends[0], ends[2], low, high, coefficients, level, float(tests.df[0]))
        edges = (-np.inf, *bounds, np.inf)
        tail = max(high - low, 1.0)
        outer = (bounds[0] - 2 * tail, *bounds, bounds[-1] + 2 * tail) if bounds else (low, high)
    else:
        bounds = _roots_between(excess, low, high)
        edges = outer = (low, *bounds, high)
    points = [(a + b) / 2 for a, b in pairwise(outer)]
    inside = excess(np.array(points)) > 0
    pieces = tuple((edges[i], edges[i + 1]) for i in range(len(edges) - 1) if inside[i])
    return SlopeRegions(
        moderator=moderator,
        slope=tests.estimate,
        std_error=tests.std_error,
        df=tests.df,
        conf_low=limits[:, 0],
        conf_high=limits[:, 1],
        significant=(limits[:, 0] > 0) | (limits[:, 1] < 0),
        bounds=bounds,
        intervals=pieces,
        linear=linear,
        closed=linear and fixed_df,
    )


def _quadratic_roots(
    first: Vector, last: Vector, low: float, high: float, coefficients: Coefficients, level: float, df: float
) -> tuple[float, ...]:
    """Roots of (c'beta)^2 - t^2 c'V c, where c runs straight from `first` at `low` to `last` at `high`."""
    d = last - first
    beta, v = coefficients.beta, float(wald.quantile((1 + level) / 2, df)) ** 2 * coefficients.vcov
    a = float((d @ beta) ** 2 - d @ v @ d)
    b = 2 * float((first @ beta) * (d @ beta) - first @ v @ d)
    c = float((first @ beta) ** 2 - first @ v @ first)
    discriminant = b * b - 4 * a * c
    if a == 0 or discriminant <= 0:
        return (low + (high - low) * -c / b,) if a == 0 and b != 0 else ()
    q = -0.5 * (b + np.copysign(np.sqrt(discriminant), b))
    roots = sorted((q / a, c / q)) if q != 0 else [0.0]
    return tuple(low + (high - low) * float(r) for r in roots)


def _roots_between(function: Callable[[Vector], Vector], low: float, high: float) -> tuple[float, ...]:
    """Sign changes of a function within a range."""
    from scipy.optimize import brentq

    at = np.linspace(low, high, STEPS + 1)
    sign = np.sign(function(at))
    changes = np.flatnonzero(sign[1:] * sign[:-1] < 0)
    return tuple(
        float(brentq(lambda w: float(function(np.array([w]))[0]), at[i], at[i + 1], xtol=1e-12)) for i in changes
    )
