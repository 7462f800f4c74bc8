"""Profile limits of a generalised linear model's coefficients: where the deviance over the dispersion has risen by z^2.

Every value of a coefficient is an offset to the others, which are fitted again from where they were. Source: Venables
and Ripley (2002), section 8.4.
"""

from __future__ import annotations

from math import inf, nan, sqrt

import numpy as np

from mixedmodels.fit.irls import Problem, solve
from mixedmodels.fit.record import GlmFit, Matrix, Vector

EXACT = 1e-10  # of zeta
FAR = 60  # evaluations of one limit
RUNAWAY = 1e4  # standard errors at which a limit counts as infinite


def limits(fit: GlmFit, x: Matrix, offset: Vector | None, j: int, quantile: float) -> tuple[float, float]:
    """Both limits of coefficient j; infinite where the deviance never rises enough.

    Parameters
    ----------
    x : columns of the kept coefficients, shape (n, r).
    quantile : |zeta| at the limits.
    """
    weights = np.ones(len(fit.y)) if fit.weights is None else fit.weights
    used = weights > 0
    shift = np.zeros(len(fit.y)) if offset is None else offset
    x = x[used]
    rest = np.delete(x, j, axis=1)
    error = sqrt(fit.dispersion * fit.vcov_unscaled[j, j])
    start = np.delete(fit.beta, j)
    toward = -np.delete(fit.vcov_unscaled[:, j], j) / fit.vcov_unscaled[j, j]

    def held(b: float, start: Vector) -> tuple[float, float, Vector] | None:
        """Zeta, its slope and the other coefficients."""
        problem = Problem(rest, fit.y[used], weights[used], shift[used] + b * x[:, j], fit.family)
        if rest.shape[1]:
            found = solve(problem, start)
            if found is None:
                return None
            eta, beta, deviance = found.eta, found.beta, found.deviance
        else:
            eta, beta = problem.offset, start
            deviance = problem.deviance(eta)
        w, r = problem.working(eta)
        rise = max((deviance - fit.deviance) / fit.dispersion, 0.0)
        zeta = sqrt(rise)
        slope = -float(x[:, j] @ (w * r)) / fit.dispersion / zeta if zeta > 0 else nan
        return zeta, slope, beta

    def one(sign: float) -> float:
        inner, outer = float(fit.beta[j]), sign * inf
        b, others = float(fit.beta[j]) + sign * quantile * error, start - sign * quantile * error * toward
        for _ in range(FAR):
            found = held(b, others)
            if found is None or not np.isfinite(found[0]):
                outer = b
                b = (inner + b) / 2
                continue
            zeta, slope, others = found
            if abs(zeta - quantile) < EXACT:
                return b
            if zeta < quantile:
                inner = b
            else:
                outer = b
            step = (quantile - zeta) / abs(slope) if slope * sign > 0 else inf
            step = min(max(step, -abs(b - fit.beta[j])), 3 * abs(b - fit.beta[j]))
            b += sign * step
            if np.isfinite(outer) and not min(inner, outer) < b < max(inner, outer):
                b = (inner + outer) / 2
            if abs(step) < 1e-13 * max(1.0, abs(b)):
                return b
            if abs(b - fit.beta[j]) > RUNAWAY * error:
                return sign * inf
        return b if np.isfinite(outer) else sign * inf

    return one(-1.0), one(1.0)
