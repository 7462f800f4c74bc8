"""Ways back from a scale: the mean as a function of the linear predictor, with its slope.

Records rather than functions, so that results that hold one can be pickled.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixedmodels._typing import Vector

if TYPE_CHECKING:
    from mixedmodels.families import Family


STEP = 5e-4  # of the differences that second derivatives are taken by, as emmeans takes them


class WayBack(ABC):
    """The inverse of a transformation or link."""

    @abstractmethod
    def inverse(self, eta: Vector) -> Vector:
        """The mean of the response."""

    @abstractmethod
    def slope(self, eta: Vector) -> Vector:
        """Derivative of `inverse`."""


@dataclass(frozen=True)
class Exponential(WayBack):
    """Back from a logarithm to a base."""

    base: float

    def inverse(self, eta: Vector) -> Vector:
        """The mean of the response."""
        return np.asarray(np.exp(np.log(self.base) * eta))

    def slope(self, eta: Vector) -> Vector:
        """Derivative of `inverse`."""
        return np.asarray(np.log(self.base) * self.inverse(eta))


@dataclass(frozen=True)
class Expm1(WayBack):
    """Back from log(1 + y)."""

    def inverse(self, eta: Vector) -> Vector:
        """The mean of the response."""
        return np.expm1(eta)

    def slope(self, eta: Vector) -> Vector:
        """Derivative of `inverse`."""
        return np.exp(eta)


@dataclass(frozen=True)
class Square(WayBack):
    """Back from a square root."""

    def inverse(self, eta: Vector) -> Vector:
        """The mean of the response."""
        return np.square(eta)

    def slope(self, eta: Vector) -> Vector:
        """Derivative of `inverse`."""
        return 2 * eta


@dataclass(frozen=True)
class Expit(WayBack):
    """Back from a logit."""

    def inverse(self, eta: Vector) -> Vector:
        """The mean of the response."""
        return np.asarray(1 / (1 + np.exp(-eta)))

    def slope(self, eta: Vector) -> Vector:
        """Derivative of `inverse`."""
        p = self.inverse(eta)
        return np.asarray(p * (1 - p))


@dataclass(frozen=True)
class SineSquared(WayBack):
    """Back from the arc sine of a square root."""

    def inverse(self, eta: Vector) -> Vector:
        """The mean of the response."""
        return np.asarray(np.sin(eta) ** 2)

    def slope(self, eta: Vector) -> Vector:
        """Derivative of `inverse`."""
        return np.asarray(np.sin(2 * eta))


@dataclass(frozen=True)
class InverseLink(WayBack):
    """Back from the link of a family."""

    family: Family

    def inverse(self, eta: Vector) -> Vector:
        """The mean of the response."""
        return np.asarray(self.family.mean(eta))

    def slope(self, eta: Vector) -> Vector:
        """Derivative of `inverse`."""
        return np.asarray(self.family.mean_derivative(eta))


@dataclass(frozen=True, kw_only=True)
class Moved(WayBack):
    """Back from ``factor * f(scale * y + shift) + constant``."""

    inner: WayBack
    factor: float = 1.0
    constant: float = 0.0
    scale: float = 1.0
    shift: float = 0.0

    def inverse(self, eta: Vector) -> Vector:
        """The mean of the response."""
        return (self.inner.inverse((eta - self.constant) / self.factor) - self.shift) / self.scale

    def slope(self, eta: Vector) -> Vector:
        """Derivative of `inverse`."""
        return self.inner.slope((eta - self.constant) / self.factor) / (self.factor * self.scale)


@dataclass(frozen=True)
class Corrected(WayBack):
    """With the second-order correction for a linear predictor that varies by `sigma` around its mean."""

    inner: WayBack
    sigma: float

    def inverse(self, eta: Vector) -> Vector:
        """The mean of the response."""
        return self.inner.inverse(eta) + self.sigma**2 / 2 * self._curve(eta)

    def slope(self, eta: Vector) -> Vector:
        """Derivative of `inverse`."""
        change = (self._curve(eta + STEP) - self._curve(eta - STEP)) / (2 * STEP)
        return self.inner.slope(eta) + self.sigma**2 / 2 * change

    def _curve(self, eta: Vector) -> Vector:
        return (self.inner.slope(eta + STEP) - self.inner.slope(eta - STEP)) / (2 * STEP)
