"""The profile of one parameter: zeta as a function of its value, the inverse, limits and densities.

Zeta is the signed root of what the deviance rises by when the parameter is held at a value. The engine gives it with
its exact slope, so that cubic Hermite interpolation, in coordinates in which zeta is nearly a straight line (the angle
of a correlation, the logarithm of a residual standard deviation), misses zeta by a few
ten-thousandths between points, and by up to 0.006 where another standard deviation comes to 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite, nan, pi
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from mixedmodels._typing import Matrix, Vector
from mixedmodels.inference.profile.parameters import Parameter
from mixedmodels.inference.profile.scales import PLAIN, Scale

End = Literal["cutoff", "boundary", "plateau", "unbounded", "falls", "lower", "lost", "spent"]

HALVINGS = 50  # of an interval, to its last digits


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A profile.

    Attributes
    ----------
    parameter : Parameter
        Parameter of the curve.
    inner : ndarray
        The engine's coordinate at each point, ascending.
    zeta, slope : ndarray
        Values of zeta there, and d zeta / d inner.
    values : ndarray, shape (points, all parameters)
        Value of every parameter there.
    estimate : int
        Position of the estimate among the points.
    ends : tuple of two {"cutoff", "boundary", "plateau", "unbounded", "falls", "lower", "lost", "spent"}
        Why the two sides end.
    exact : ndarray
        Value of |zeta| for the points that were asked for by it, else NaN.
    evaluations : int
        Number of evaluations of the deviance.
    scale : Scale, default PLAIN
        Scale on which a standard deviation is shown.
    """

    parameter: Parameter
    inner: Vector
    zeta: Vector
    slope: Vector
    values: Matrix
    estimate: int
    ends: tuple[End, End]
    exact: Vector
    evaluations: int
    scale: Scale = PLAIN

    @property
    def falling(self) -> bool:
        """Whether the parameter falls as the coordinate rises."""
        return self.parameter.kind == "cor"

    def outer(self, inner: ArrayLike) -> Vector:
        """The parameter at a coordinate."""
        x = np.asarray(inner, dtype=float)
        kind = self.parameter.kind
        if kind == "cor":
            return np.asarray(np.cos(x))
        own = self.parameter.scale
        return self.scale.forward(x if own is None else own.value(x))

    def inside(self, value: ArrayLike) -> Vector:
        """The coordinate of a value of the parameter."""
        v = self.scale.inverse(value)
        kind = self.parameter.kind
        with np.errstate(invalid="ignore", divide="ignore"):
            if kind == "cor":
                return np.asarray(np.arccos(v))
            return v if self.parameter.scale is None else self.parameter.scale.psi(v)

    @cached_property
    def points(self) -> tuple[Vector, Vector, Matrix]:
        """Values, zeta and all parameters at the points, the parameter ascending and zeta with it."""
        value = self.outer(self.inner)
        if self.falling:
            return value[::-1], -self.zeta[::-1], self.values[::-1]
        return value, self.zeta, self.values

    @property
    def first_end(self) -> End:
        """Why the side of small values ends."""
        return self.ends[1] if self.falling else self.ends[0]

    @property
    def last_end(self) -> End:
        """Why the side of large values ends."""
        return self.ends[0] if self.falling else self.ends[1]

    def zeta_of(self, value: ArrayLike) -> Vector:
        """Zeta at values of the parameter; NaN outside the profile."""
        x = self.inside(value)
        z = hermite(self.inner, self.zeta, self.slope, x)
        return -z if self.falling else z

    def value_of(self, zeta: ArrayLike) -> Vector:
        """The parameter at values of zeta; NaN outside the profile."""
        z = np.asarray(zeta, dtype=float)
        rising = self._rising
        inner = inverted(self.inner[rising], self.zeta[rising], self.slope[rising], -z if self.falling else z)
        return self.outer(inner)

    @cached_property
    def _rising(self) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """Points at which zeta exceeds all earlier values, so that it has an inverse."""
        top = np.maximum.accumulate(np.concatenate([[-inf], self.zeta[:-1]]))
        return np.flatnonzero((self.zeta > top) & (self.slope >= 0) | (np.arange(len(self.zeta)) == self.estimate))

    def limits(self, quantile: float) -> tuple[float, float]:
        """Limits where zeta is -quantile and +quantile; where zeta ends before, the parameter's bound or infinity."""
        low, high = self.limit(-quantile), self.limit(quantile)
        return (low, high) if not self.falling else (high, low)

    def limit(self, target: float) -> float:
        """One limit; `target` is in the engine's direction."""
        side = np.arange(len(self.zeta)) < self.estimate if target < 0 else np.arange(len(self.zeta)) > self.estimate
        exact = np.flatnonzero(side & np.isclose(self.exact, abs(target), rtol=0, atol=1e-12))
        if len(exact):
            return float(self.outer(self.inner[exact[0]]))
        reached = self.zeta[side]
        end = self.ends[0] if target < 0 else self.ends[1]
        if len(reached) and np.max(np.abs(reached)) >= abs(target):
            value = float(self.value_of(-target if self.falling else target))
            if isfinite(value):
                return value
        if end == "boundary":
            edge = self.inner[0] if target < 0 else self.inner[-1]
            return float(self.outer(edge))
        if end == "plateau":
            return 1.0 if target < 0 else -1.0  # the angle's ends, 0 and pi
        if end == "unbounded":
            return self._bound(target)
        return nan

    def _bound(self, target: float) -> float:
        own = self.parameter.scale
        if own is None:
            return -inf if target < 0 else inf
        return float(self.scale.forward(own.lower if target < 0 else own.upper))

    def density(self, points: int = 121) -> tuple[Vector, Vector]:
        """The density phi(zeta) d zeta / d value that the profile implies, on an even grid of values."""
        value, _, _ = self.points
        finite = value[np.isfinite(value)]
        grid = np.linspace(finite[0], finite[-1], points)
        x = self.inside(grid)
        zeta = hermite(self.inner, self.zeta, self.slope, x)
        slope = hermite_slope(self.inner, self.zeta, self.slope, x)
        plain = self.scale.inverse(grid)
        own = self.parameter.scale
        if self.parameter.kind == "cor":
            per = 1 / np.sqrt(np.maximum(1 - plain * plain, 1e-300))
        else:
            per = np.ones_like(plain) if own is None else 1 / own.slope(plain)
        scale = per * self.scale.slope(grid)
        return grid, np.exp(-zeta * zeta / 2) / np.sqrt(2 * pi) * np.maximum(slope, 0) * scale


def _located(x: Vector, at: Vector) -> tuple[np.ndarray[tuple[int], np.dtype[np.intp]], Vector, Vector]:
    """Interval, width and share of the way of each position."""
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, max(len(x) - 2, 0))
    h = x[np.minimum(i + 1, len(x) - 1)] - x[i]
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.where(h > 0, (at - x[i]) / h, 0.0)
    return i, h, np.asarray(t)


def hermite(x: Vector, y: Vector, slope: Vector, at: ArrayLike) -> Vector:
    """Cubic Hermite interpolation; NaN outside, a straight line where a slope is not finite."""
    a = np.asarray(at, dtype=float)
    flat = a.ravel()
    if len(x) < 2:
        return np.where(a == x[0], y[0], nan) if len(x) else np.full(a.shape, nan)
    i, h, t = _located(x, flat)
    m0, m1 = h * slope[i], h * slope[i + 1]
    straight = ~(np.isfinite(m0) & np.isfinite(m1))
    rise = y[i + 1] - y[i]
    m0, m1 = np.where(straight, rise, m0), np.where(straight, rise, m1)
    t2, t3 = t * t, t * t * t
    out = (2 * t3 - 3 * t2 + 1) * y[i] + (t3 - 2 * t2 + t) * m0 + (3 * t2 - 2 * t3) * y[i + 1] + (t3 - t2) * m1
    slack = 1e-12 * (x[-1] - x[0])
    inside = (flat >= x[0] - slack) & (flat <= x[-1] + slack)
    return np.where(inside, out, nan).reshape(a.shape)


def inverted(x: Vector, y: Vector, slope: Vector, at: ArrayLike) -> Vector:
    """Inverse of an increasing `hermite`, by bisection; NaN outside its range."""
    a = np.asarray(at, dtype=float)
    flat = a.ravel()
    i = np.clip(np.searchsorted(y, flat, side="right") - 1, 0, max(len(y) - 2, 0))
    low, high = x[i], x[np.minimum(i + 1, len(x) - 1)]
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        below = hermite(x, y, slope, middle) < flat
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    slack = 1e-12 * (y[-1] - y[0])
    inside = (flat >= y[0] - slack) & (flat <= y[-1] + slack)
    return np.where(inside, (low + high) / 2, nan).reshape(a.shape)


def hermite_slope(x: Vector, y: Vector, slope: Vector, at: ArrayLike) -> Vector:
    """Derivative of `hermite`."""
    a = np.asarray(at, dtype=float)
    i, h, t = _located(x, a)
    dt = (6 * t * t - 6 * t) * (y[i] - y[i + 1]) / h
    return dt + (3 * t * t - 4 * t + 1) * slope[i] + (3 * t * t - 2 * t) * slope[i + 1]
