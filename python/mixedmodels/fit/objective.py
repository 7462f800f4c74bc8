"""The criterion of a fitted model as a function of its parameters that one can hold, call and differentiate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import FitError
from mixedmodels.fit.covariance import diagonal
from mixedmodels.fit.lmm import checked_start
from mixedmodels.fit.record import GlmmFit
from mixedmodels.fit.start import checked_point

if TYPE_CHECKING:
    from mixedmodels._engine import Glmm, GlmmEvaluation, Lmm


class Objective:
    """Profiled deviance (ML) or REML criterion of a linear mixed model in theta.

    ``objective(theta)`` is the value, `gradient` its exact derivative, shape (m,). It never changes the fit.
    Theta is free in sign: a column of a factor T and its negative give the same value.

    Examples
    --------
    >>> round(fit.objective(fit.theta), 2), round(fit.reml_criterion, 2)
    (1743.63, 1743.63)
    """

    def __init__(self, engine: Lmm, sizes: tuple[int, ...]) -> None:
        self._engine = engine
        self._sizes = sizes

    def __call__(self, theta: ArrayLike) -> float:
        """The criterion at theta."""
        return float(self._engine.criterion(checked_start(theta, self._sizes)))

    def gradient(self, theta: ArrayLike) -> Vector:
        """Exact gradient, shape (m,)."""
        return np.asarray(self._engine.evaluate(checked_start(theta, self._sizes))["gradient"])

    def information(self, theta: ArrayLike) -> Matrix:
        """Average information plus the curvature of the map from theta to the covariance, shape (m, m)."""
        return np.asarray(self._engine.evaluate(checked_start(theta, self._sizes))["hessian"])

    def hessian(self, theta: ArrayLike, step: float = 1e-4) -> Matrix:
        """Second derivatives by central differences of the exact gradient, shape (m, m), error of order `step`^2."""
        return differenced(self.gradient, checked_start(theta, self._sizes), step)


class _BoundaryError(FitError):
    """No finite penalty."""


class GeneralizedObjective:
    """-2 log-likelihood of a generalised mixed model in theta, beta and psi, the logarithms of the free shapes.

    Of a penalised fit it is the penalised one, which its estimates minimise. Of a model of several components theta and
    beta are those of all, in the order of `vcov(full=True)`.
    ``objective(theta, beta, psi)`` is the value, all constants in it; `gradient` is its exact derivative, shape
    (m + p + s,), in that order. It never changes the fit.
    """

    def __init__(self, engine: Glmm, fit: GlmmFit) -> None:
        whole = fit.joint
        self._engine = engine
        self._how = (fit.nagq, fit.method.penalty is not None)
        self._sizes = whole.sizes
        self._shapes = fit.family.shapes
        self.psi = fit.psi
        self._lengths = (len(whole.theta), len(whole.beta), len(fit.psi))

    def __call__(self, theta: ArrayLike, beta: ArrayLike, psi: ArrayLike = ()) -> float:
        """The criterion at theta, beta and psi; infinite where a penalty is."""
        try:
            return float(self._evaluated(theta, beta, psi)["penalised"])
        except _BoundaryError:
            return float("inf")

    def gradient(self, theta: ArrayLike, beta: ArrayLike, psi: ArrayLike = ()) -> Vector:
        """Exact gradient, shape (m + p + s,)."""
        return np.asarray(self._evaluated(theta, beta, psi)["gradient"])

    def hessian(self, theta: ArrayLike, beta: ArrayLike, psi: ArrayLike = (), step: float = 1e-4) -> Matrix:
        """Second derivatives by central differences of the exact gradient, of order `step`^2."""
        cuts = np.cumsum(self._lengths)[:-1]
        at = np.concatenate([np.asarray(part, dtype=float) for part in (theta, beta, psi)])
        return differenced(lambda point: self.gradient(*np.split(point, cuts)), at, step)

    def _evaluated(self, theta: ArrayLike, beta: ArrayLike, psi: ArrayLike) -> GlmmEvaluation:
        parameters = {"theta": theta, "beta": beta, "psi": psi}
        point = checked_point(parameters, self._sizes, self._lengths[1], self._shapes)
        if self._how[1] and not np.all(point["theta"][diagonal(self._sizes)]):
            raise _BoundaryError("the penalty is infinite on the boundary, where a diagonal element of theta is 0.")
        return self._engine.evaluate(point["theta"], point["beta"], point["psi"], *self._how)


def differenced(gradient: Callable[[Vector], Vector], at: Vector, step: float) -> Matrix:
    """Derivatives of a gradient by central differences, made symmetric."""
    m = len(at)
    out = np.empty((m, m))
    for j in range(m):
        move = np.zeros(m)
        move[j] = step * max(1.0, abs(at[j]))
        out[j] = (gradient(at + move) - gradient(at - move)) / (2 * move[j])
    return (out + out.T) / 2
