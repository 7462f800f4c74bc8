"""Estimates that carry their gradient in the coefficients, so that the delta method is exact.

With ``f(beta)`` and its gradient ``g`` the standard error is ``sqrt(g'V g)``. Arithmetic and functions of `Jet` follow
the rules of differentiation, so that whatever is computed from predictions has its gradient too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector

STEP = 1e-5  # of differences of a function that a user gives, relative to the size of its argument


@dataclass(frozen=True, slots=True, eq=False)
class Jet:
    """Values with their gradients.

    Attributes
    ----------
    value : ndarray, shape (r,)
        Values.
    gradient : ndarray, shape (r, p)
        Their derivatives in the coefficients.
    """

    value: Vector
    gradient: Matrix

    def __len__(self) -> int:
        return len(self.value)

    def __add__(self, other: Jet | Vector | float) -> Jet:
        if isinstance(other, Jet):
            return Jet(self.value + other.value, self.gradient + other.gradient)
        return Jet(self.value + other, self.gradient)

    def __radd__(self, other: Vector | float) -> Jet:
        return self + other

    def __neg__(self) -> Jet:
        return Jet(-self.value, -self.gradient)

    def __sub__(self, other: Jet | Vector | float) -> Jet:
        return self + (-other)

    def __rsub__(self, other: Vector | float) -> Jet:
        return -self + other

    def __mul__(self, other: Jet | Vector | float) -> Jet:
        if isinstance(other, Jet):
            gradient = other.value[:, None] * self.gradient + self.value[:, None] * other.gradient
            return Jet(self.value * other.value, gradient)
        return self.through(self.value * other, np.broadcast_to(np.asarray(other, dtype=float), self.value.shape))

    def __rmul__(self, other: Vector | float) -> Jet:
        return self * other

    def __truediv__(self, other: Jet | Vector | float) -> Jet:
        with np.errstate(divide="ignore", invalid="ignore"):
            if isinstance(other, Jet):
                return self * other.through(1 / other.value, -1 / other.value**2)
            return self * np.asarray(1 / np.asarray(other, dtype=float))

    def __rtruediv__(self, other: Vector | float) -> Jet:
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.through(1 / self.value, -1 / self.value**2) * other

    def __pow__(self, other: Jet | float) -> Jet:
        with np.errstate(divide="ignore", invalid="ignore"):
            if isinstance(other, Jet) and other.gradient.any():
                return (self.log() * other).exp()
            power = other.value if isinstance(other, Jet) else other
            return self.through(self.value**power, np.asarray(power * self.value ** (np.asarray(power) - 1.0)))

    def through(self, value: Vector, slope: Vector) -> Jet:
        """A function of each value, by its values and derivatives."""
        return Jet(np.asarray(value, dtype=float), np.asarray(slope)[:, None] * self.gradient)

    def exp(self) -> Jet:
        """Exponentials."""
        value = np.exp(self.value)
        return self.through(value, value)

    def log(self) -> Jet:
        """Natural logarithms; NaN of what is not positive."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.through(np.log(self.value), 1 / self.value)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Jet:
        """Some of the values."""
        return Jet(self.value[rows], self.gradient[rows])

    def combined(self, weights: Matrix) -> Jet:
        """Linear functions ``weights @ value``, shape (k, r) of weights."""
        return Jet(weights @ self.value, weights @ self.gradient)

    def average(self, weights: Vector | None = None) -> Jet:
        """The mean of all values, weighted if `weights` are given; one value."""
        w = np.full(len(self), 1.0) if weights is None else weights
        return self.combined((w / w.sum())[None, :])


def constant(value: float, p: int) -> Jet:
    """A number that does not depend on the p coefficients."""
    return Jet(np.array([value]), np.zeros((1, p)))


def stacked(jets: Sequence[Jet]) -> Jet:
    """Values below each other."""
    return Jet(np.concatenate([j.value for j in jets]), np.vstack([j.gradient for j in jets]))


def through_function(function: Callable[..., Vector], arguments: Sequence[Jet]) -> Jet:
    """A user's function of vectors, differentiated by central differences along each coefficient.

    Parameters
    ----------
    function : callable
        Takes the values of each argument, and returns one or more numbers.
    arguments : sequence of Jet
        Arguments of the function.
    """
    value = _numbers(function(*(a.value for a in arguments)))
    p = arguments[0].gradient.shape[1]
    gradient = np.zeros((len(value), p))
    size = max(float(np.max(np.abs(a.value), initial=0.0)) for a in arguments) or 1.0
    for k in range(p):
        length = max(float(np.max(np.abs(a.gradient[:, k]), initial=0.0)) for a in arguments)
        if length == 0:
            continue
        h = STEP * size / length
        up, down = (
            _numbers(function(*(a.value + sign * h * a.gradient[:, k] for a in arguments))) for sign in (1.0, -1.0)
        )
        gradient[:, k] = (up - down) / (2 * h)
    return Jet(value, gradient)


def _numbers(values: object) -> Vector:
    return np.atleast_1d(np.asarray(values, dtype=float))
