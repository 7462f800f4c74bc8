"""Mixing over the estimate of sigma, and the studentized range with it.

A probability about t statistics that share one estimate of sigma is the average of the same probability about normal
ones over s = sigma_hat / sigma, whose square is chi-squared(df) / df.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import inf, isinf, log

import numpy as np

from mixedmodels._typing import Vector

NODES = 48  # of Gauss and Legendre for a panel: the integrands are analytic
PANELS = 4
BEYOND = 39.0  # normal tails that far out are 0 in double precision
SMALLEST = 1e-18  # of s at both ends, what is left out


@lru_cache(maxsize=8)
def _legendre(n: int) -> tuple[Vector, Vector]:
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return np.asarray(nodes), np.asarray(weights)


def panels(edges: Vector, n: int = NODES) -> tuple[Vector, Vector]:
    """Nodes and weights of a Gauss-Legendre rule on each interval between successive `edges`, in one row."""
    nodes, weights = _legendre(n)
    half = np.diff(edges)[:, None] / 2
    middle = (edges[:-1] + edges[1:])[:, None] / 2
    return (middle + half * nodes).ravel(), (half * weights).ravel()


def mixed_tail(normal_tail: Callable[[Vector], Vector], c: float, df: float) -> float:
    """Average of ``normal_tail(c s)`` over s, for a function that is 0 far to the right.

    Parameters
    ----------
    normal_tail : callable
        Function, vectorised, that gives the tail of a normal problem.
    c : float
        Bound of the t statistics.
    df : float
        Degrees of freedom of s; infinite for s = 1.
    """
    if isinf(df):
        return float(normal_tail(np.array([c]))[0])
    from scipy.special import gammaincinv, gammaln

    lowest, highest = np.sqrt(2 * gammaincinv(df / 2, np.array([SMALLEST, 1 - 1e-16])) / df)
    highest *= 1.3 if df < 4 else 1.1
    if c > 0:
        highest = min(highest, BEYOND / c)
    # s = t^2 keeps the integrand smooth at 0 for few degrees of freedom
    t, weights = panels(np.linspace(np.sqrt(lowest), np.sqrt(max(highest, lowest)), PANELS + 1))
    s = t**2
    log_density = log(2) + df / 2 * log(df / 2) - gammaln(df / 2) + (df - 1) * np.log(s) - df * s**2 / 2
    return float(np.sum(weights * 2 * t * np.exp(log_density) * normal_tail(c * s)))


def range_tail(w: Vector, k: float) -> Vector:
    """P(range of `k` standard normal variables > w), absolute error 1e-15."""
    from scipy.special import ndtr

    z, weights = panels(np.linspace(-8.5, 8.5, 3))
    density = weights * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    between = np.maximum(ndtr(z) - ndtr(z - np.asarray(w, float)[:, None]), 0.0)  # z is the largest of the k
    return np.asarray(np.clip(1 - k * (between ** (k - 1)) @ density, 0.0, 1.0))


def ptukey_tail(q: float, k: float, df: float = inf) -> float:
    """P(Q > q) of the studentized range of `k` means (need not be whole) with `df` degrees of freedom.

    Source: Harter (1960), Tables of range and studentized range. Absolute error 1e-12.
    """
    if np.isnan(q) or np.isnan(df):
        return float("nan")
    if q <= 0:
        return 1.0
    return float(min(mixed_tail(lambda w: range_tail(w, k), q, df), 1.0))


def qtukey(level: float, k: float, df: float = inf) -> float:
    """Quantile of the studentized range: P(Q <= q) = `level`."""
    return root(lambda q: ptukey_tail(q, k, df) - (1 - level), 0.0, 8.0)


def root(f: Callable[[float], float], low: float, high: float) -> float:
    """Root of a decreasing function of which ``f(low) > 0``; `high` is a first guess at the other end."""
    from scipy.optimize import brentq

    while f(high) > 0:
        low, high = high, 2 * high
    return float(brentq(f, low, high, xtol=1e-11, rtol=1e-13))
