"""Profile limits of a generalised linear model's coefficients: where the deviance over the dispersion has risen by z^2.

All limits are sought at once: a step of Fisher scoring for the other coefficients and one of Newton's method on zeta
for the one that is held, together (Venzon and Moolgavkar 1988, Appl. Statist. 37, 87-94). What has not settled after a
few of them is sought alone, with care: every value of the coefficient is an offset to the others, which are fitted
again from where they were (Venables and Ripley 2002, section 8.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan, sqrt

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.fit import family_moments
from mixedmodels.fit.generalized_linear.irls import Problem, allowed, solve
from mixedmodels.fit.record import GlmFit
from mixedmodels.fit.separation import fixed_effects

EXACT = 1e-10  # of zeta
EPSILON = 4 * float(np.finfo(float).eps)
FAR = 120  # evaluations of one limit
RUNAWAY = 1e4  # standard errors at which a limit counts as infinite
TOGETHER = 25  # steps of all limits at once
SETTLED = 1e-8  # of zeta, before the last step; and of the decrease that the other coefficients may promise
MAX_CELLS = 20_000_000  # limits times rows times coefficients that are held at once


def all_limits(
    fit: GlmFit, x: Matrix, offset: Vector | None, columns: Sequence[int], quantile: float
) -> list[tuple[float, float]]:
    """Both limits of several coefficients.

    Parameters
    ----------
    x : ndarray, shape (n, r)
        Columns of the kept coefficients.
    columns : sequence of int
        Coefficients whose limits are wanted.
    quantile : float
        Value of |zeta| at the limits.
    """
    share = max(1, MAX_CELLS // max(1, 2 * x.size))
    both_limits = [
        v for i in range(0, len(columns), share) for v in _together(fit, x, offset, columns[i : i + share], quantile)
    ]
    if np.isfinite(both_limits).all():
        return both_limits
    separation = None if fit.penalty else fixed_effects.find(x, fit.y, fit.weights, fit.family)
    signs = None if separation is None else np.sign(separation.direction)
    return [
        both if np.isfinite(both).all() else limits(fit, x, offset, j, quantile, signs)
        for j, both in zip(columns, both_limits, strict=True)
    ]


def _together(
    fit: GlmFit, x: Matrix, offset: Vector | None, columns: Sequence[int], quantile: float
) -> list[tuple[float, float]]:
    """Limits of each coefficient; NaN where the steps have not settled."""
    weights = np.ones(len(fit.y)) if fit.weights is None else fit.weights
    used = weights > 0
    x, y, weights = x[used], fit.y[used], weights[used]
    shift = np.zeros(len(y)) if offset is None else offset[used]
    held, sign = np.repeat(np.asarray(columns, dtype=int), 2), np.tile([-1.0, 1.0], len(columns))
    every = np.arange(len(held))
    whole = Problem(x=x, y=np.tile(y, len(held)), weights=np.tile(weights, len(held)), offset=shift, family=fit.family)
    v = fit.vcov_unscaled
    towards = v[held] / np.sqrt(v[held, held])[:, None]
    beta = fit.beta + (sign * quantile * sqrt(fit.dispersion))[:, None] * towards
    out = np.full(len(held), nan)
    with np.errstate(all="ignore"):
        for _ in range(TOGETHER):
            eta = beta @ x.T + shift
            rise = (_deviances(whole, eta) - fit.deviance) / fit.dispersion
            w, r = (a.reshape(eta.shape) for a in whole.working(eta.ravel()))
            score = (w * r) @ x / fit.dispersion
            try:
                inverse = np.linalg.inv((w[:, None, :] * x.T) @ x) * fit.dispersion
            except np.linalg.LinAlgError:
                break
            own = inverse[every, held, held]
            along = inverse[every, held] / own[:, None]
            whole_step = np.einsum("lij,lj->li", inverse, score)
            others = whole_step - along * whole_step[every, held][:, None]
            promise = np.einsum("li,li->l", score, others)
            zeta = np.sqrt(rise - promise)
            slope = -np.einsum("li,li->l", score, along) / zeta  # of zeta, which is positive on both sides here
            step = (quantile - zeta) / slope
            done = (np.abs(promise) < SETTLED) & (np.abs(zeta - quantile) < SETTLED) & np.isnan(out)
            out[done] = (beta[every, held] + step)[done]
            if not np.isnan(out).any():
                break
            # One step is at most as long as the way so far.
            longest = np.abs(beta[every, held] - fit.beta[held])
            beta = beta + others + along * np.clip(step, -longest, longest)[:, None]
    return [(float(a), float(b)) for a, b in out.reshape(-1, 2)]


def _deviances(whole: Problem, eta: Matrix) -> Vector:
    """The deviance at each row of linear predictors; NaN where that is outside the domain."""
    mu = np.asarray(whole.family.mean(eta.ravel()), dtype=float)
    inside = np.array([allowed(whole.family, row) for row in mu.reshape(eta.shape)])
    mu = family_moments.off_bounds(whole.family, mu)
    unit = whole.weights * family_moments.unit_deviance(whole.family, whole.y, mu)
    return np.where(inside, unit.reshape(eta.shape).sum(axis=1), nan)


def limits(
    fit: GlmFit, x: Matrix, offset: Vector | None, j: int, quantile: float, signs: Vector | None = None
) -> tuple[float, float]:
    """Both limits of coefficient j; infinite where the deviance never rises enough.

    Parameters
    ----------
    x : ndarray, shape (n, r)
        Columns of the kept coefficients.
    quantile : float
        Value of |zeta| at the limits.
    signs : ndarray, shape (r,), optional
        Where the outcomes are separated the sign of the infinity that each estimate goes to, 0 of a finite one.
    """
    weights = np.ones(len(fit.y)) if fit.weights is None else fit.weights
    used = weights > 0
    shift = np.zeros(len(fit.y)) if offset is None else offset
    x = x[used]
    rest = np.delete(x, j, axis=1)
    error = sqrt(fit.dispersion * fit.vcov_unscaled[j, j])
    infinity = 0.0 if signs is None else float(signs[j])
    if infinity:  # where the deviance is flat, an error of thousands says nothing about how far it is
        error = min(error, 1 / float(np.abs(x[:, j]).max()))
    runaway = RUNAWAY * error + (2 * abs(float(fit.beta[j])) if infinity else 0.0)
    start = np.delete(fit.beta, j)
    toward = -np.delete(fit.vcov_unscaled[:, j], j) / fit.vcov_unscaled[j, j]

    def held(b: float, start: Vector) -> tuple[float, float, Vector, float] | None:
        """Zeta, its slope, the other coefficients, and the rounding error of a zeta at the limit."""
        problem = Problem(
            x=rest, y=fit.y[used], weights=weights[used], offset=shift[used] + b * x[:, j], family=fit.family
        )
        if rest.shape[1]:
            # Of separated outcomes the optimum moves from the far end of a level valley, out of which no step leads.
            solution = solve(problem, start if signs is None else None)
            if solution is None:
                return None
            eta, beta, deviance = solution.eta, solution.beta, solution.deviance
        else:
            eta, beta = problem.offset, start
            deviance = problem.deviance(eta)
        w, r = problem.working(eta)
        rise = max((deviance - fit.deviance) / fit.dispersion, 0.0)
        zeta = sqrt(rise)
        slope = -float(x[:, j] @ (w * r)) / fit.dispersion / zeta if zeta > 0 else nan
        # The linear predictor of each row is rounded, and the deviance with it.
        noise = EPSILON * float(np.abs(w * r) @ np.abs(eta)) / fit.dispersion / quantile
        return zeta, slope, beta, noise

    def one(sign: float) -> float:
        """The limit on one side: Newton's method on zeta within a bracket of distances from the estimate."""
        near, far = 0.0, inf  # where zeta is below the quantile, and above it or out of the domain
        distance = quantile * error
        others = start + sign * distance * -toward
        widths = [inf, inf]  # of the bracket, two steps ago and one
        for _ in range(FAR):
            point = held(float(fit.beta[j]) + sign * distance, others)
            step = nan
            if point is None or not np.isfinite(point[0]):
                far = distance
            else:
                zeta, slope, others, noise = point
                if abs(zeta - quantile) < max(EXACT, noise):
                    return float(fit.beta[j]) + sign * distance
                near, far = (distance, far) if zeta < quantile else (near, distance)
                step = (quantile - zeta) / abs(slope) if slope * sign > 0 else inf
            if near > runaway:
                return sign * inf
            if far - near < 1e-13 * max(1.0, abs(fit.beta[j]), far):
                return float(fit.beta[j]) + sign * (near + far) / 2
            slow = np.isfinite(far) and far - near > widths[0] / 2
            widths = [widths[1], far - near]
            distance = _between(near, far) if slow else min(distance + step, 4 * distance)
            if not near < distance < far:
                distance = _between(near, far)
        return nan if np.isfinite(far) else sign * inf

    return -inf if infinity < 0 else one(-1.0), inf if infinity > 0 else one(1.0)


def _between(near: float, far: float) -> float:
    """The middle of two distances; of very unequal ones their geometric mean, since either may be the nearer scale."""
    return sqrt(max(near, 1e-8 * far) * far) if far > 4 * near else (near + far) / 2
