"""Families in which the inverse link is not yet the mean of the response: that depends on the shapes too."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mixedmodels import _engine
from mixedmodels._typing import Vector
from mixedmodels.families.base import Family, Shapes, handle_of, over

STEPS = 200
SETTLED = 4 * float(np.finfo(float).eps)


class OtherMean(Family):
    """At given shapes (`at`) its mean is that of the response, else that of the link alone.

    Predictor, variance and draws follow: they are asked for by means of the response then.
    """

    at_shapes: tuple[float, ...] = ()
    bound: bool = False  # whether it is at some shapes, be there any or not

    def at(self, psi: Shapes) -> Family:
        """The same family with the mean that a response has at these shapes."""
        out = copy.copy(self)
        object.__setattr__(out, "at_shapes", tuple(float(p) for p in psi))
        object.__setattr__(out, "bound", True)
        return out

    def to_json(self) -> dict[str, Any]:
        """Describe the family in what JSON can hold."""
        at = {"at": list(self.at_shapes)} if self.bound else {}
        return {**super().to_json(), **at}

    def _handle_of(self, engine_name: str) -> _engine.Family:
        """Another family of the engine with the same link."""
        return handle_of(engine_name, self.link, ())

    def _response_mean(self, eta: Vector) -> tuple[Vector, Vector]:
        """Mean of the response at `at_shapes`, and its derivative in eta."""
        raise NotImplementedError

    def mean(self, eta: ArrayLike) -> Vector:
        """Mean of a linear predictor; NaN outside the domain of the link."""
        if not self.bound:
            return super().mean(eta)
        return over(lambda eta: self._response_mean(eta)[0], eta)

    def mean_derivative(self, eta: ArrayLike) -> Vector:
        """Derivative of the mean in the linear predictor."""
        if not self.bound:
            return super().mean_derivative(eta)
        return over(lambda eta: self._response_mean(eta)[1], eta)

    def predictor(self, mu: ArrayLike) -> Vector:
        """Linear predictor of a mean."""
        if not self.bound:
            return super().predictor(mu)
        return over(lambda mu: inverted(self._response_mean, mu, np.asarray(self.handle.predictor(mu))), mu)

    def variance(self, mu: ArrayLike, psi: Shapes = (), weights: ArrayLike | None = None) -> Vector:
        """Variance of a response of weight 1."""
        return super().variance(self._of_link(mu), psi)

    def draw(
        self, rng: np.random.Generator, mu: ArrayLike, weights: ArrayLike | None = None, psi: Shapes = ()
    ) -> Vector:
        """Draw one response per mean; the generator is asked for one number, the seed of the engine's own."""
        return super().draw(rng, self._of_link(mu), weights, psi)

    def _of_link(self, mu: ArrayLike) -> Vector:
        """The inverse link at the linear predictor of a mean."""
        return np.asarray(mu, dtype=float) if not self.bound else super().mean(self.predictor(mu))


def inverted(function: Callable[[Vector], tuple[Vector, Vector]], value: Vector, start: Vector) -> Vector:
    """Where a function that does not fall has these values: Newton's steps kept between bounds that close in.

    Values outside the range of the function give NaN.
    """
    low, high = np.full(len(value), -np.inf), np.full(len(value), np.inf)
    x = np.where(np.isfinite(start), start, 0.0)
    for _ in range(STEPS):
        at, slope = function(x)
        off = at - value
        low, high = np.where(off < 0, x, low), np.where(off > 0, x, high)
        with np.errstate(all="ignore"):
            step = np.clip(-off / slope, -4 - np.abs(x), 4 + np.abs(x))
        new = x + np.where(np.isfinite(step), step, -np.sign(off) * (1 + np.abs(x)))
        outside = ~((new > low) & (new < high)) & np.isfinite(low) & np.isfinite(high)
        with np.errstate(invalid="ignore"):
            new = np.where(outside, 0.5 * (low + high), new)
        new = np.where(off == 0, x, new)
        settled = np.abs(new - x) <= SETTLED * (1 + np.abs(x))
        x = new
        if bool(settled.all()):
            break
    with np.errstate(invalid="ignore"):
        close = np.abs(function(x)[0] - value) <= 1e-9 * np.maximum(np.abs(value), 1.0)
    return np.where(close, x, np.nan)
