"""From psi, which is estimated and may be any number, to a shape parameter."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import ArrayLike

from mixedmodels._typing import Vector


@dataclass(frozen=True, slots=True)
class ShapeScale:
    """The map of one shape: of its logarithm, of itself, or of the logit of where it lies between two bounds.

    Attributes
    ----------
    lower, upper : float
        Bounds of the shape; infinite where it has none.
    """

    lower: float
    upper: float

    def value(self, psi: ArrayLike) -> Vector:
        """The shape at psi."""
        x = np.asarray(psi, dtype=float)
        if self.lower == -inf:
            return x
        if self.upper == inf:
            return np.asarray(self.lower + np.exp(x))
        return np.asarray(self.lower + (self.upper - self.lower) * 0.5 * (1 + np.tanh(0.5 * x)))

    def psi(self, value: ArrayLike) -> Vector:
        """Psi of a shape; NaN or infinite where there is none."""
        v = np.asarray(value, dtype=float)
        if self.lower == -inf:
            return v
        with np.errstate(invalid="ignore", divide="ignore"):
            if self.upper == inf:
                return np.asarray(np.log(v - self.lower))
            return np.asarray(np.log(v - self.lower) - np.log(self.upper - v))

    def slope(self, value: ArrayLike) -> Vector:
        """Derivative of the shape in psi, as a function of the shape."""
        v = np.asarray(value, dtype=float)
        if self.lower == -inf:
            return np.ones_like(v)
        if self.upper == inf:
            return np.asarray(v - self.lower)
        return np.asarray((v - self.lower) * (self.upper - v) / (self.upper - self.lower))


POSITIVE = ShapeScale(0.0, inf)
SHARE = ShapeScale(0.0, 1.0)  # a probability, by its log-odds
