"""The criterion of a fitted model as a function of theta that one can hold, call and differentiate."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mixedmodels.fit.lmm import checked_start
from mixedmodels.fit.record import Matrix, Vector


class Objective:
    """Profiled deviance (ML) or REML criterion of a linear mixed model in theta.

    ``objective(theta)`` is the value, `gradient` its exact derivative, shape (m,). It never changes the fit.
    Theta is free in sign: a column of a factor T and its negative give the same value.
    """

    def __init__(self, engine: Any, sizes: tuple[int, ...]) -> None:
        self._engine = engine
        self._sizes = sizes

    def __call__(self, theta: ArrayLike) -> float:
        return float(self._engine.criterion(checked_start(theta, self._sizes)))

    def gradient(self, theta: ArrayLike) -> Vector:
        """Exact gradient, shape (m,)."""
        return np.asarray(self._engine.evaluate(checked_start(theta, self._sizes))["gradient"])

    def information(self, theta: ArrayLike) -> Matrix:
        """Average information plus the curvature of the map from theta to the covariance, shape (m, m)."""
        return np.asarray(self._engine.evaluate(checked_start(theta, self._sizes))["hessian"])

    def hessian(self, theta: ArrayLike, step: float = 1e-4) -> Matrix:
        """Second derivatives by central differences of the exact gradient, shape (m, m), error of order `step`^2."""
        at = checked_start(theta, self._sizes)
        m = len(at)
        out = np.empty((m, m))
        for j in range(m):
            move = np.zeros(m)
            move[j] = step * max(1.0, abs(at[j]))
            out[j] = (self.gradient(at + move) - self.gradient(at - move)) / (2 * move[j])
        return (out + out.T) / 2
