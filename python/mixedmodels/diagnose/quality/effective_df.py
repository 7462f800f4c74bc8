"""Effective degrees of freedom of a linear mixed model's fitted values: the sum of d yhat_i / d y_i.

With V = W^-1 + Z Sigma Z' (relative to sigma^2), A = V^-1 - V^-1 X (X'V^-1 X)^-1 X'V^-1 and a = A y, the fitted values
are y - W^-1 a.

At a fixed theta the sum is tr(H) = p + (edf of the random effects). The derivative of log|V| + log|X'V^-1 X| when all
variances grow at one rate is twice these edf, and the gradient of the REML criterion holds it: with m = n - p,

    edf = m u'u / r^2 + theta'g / 2,

u the spherical modes, r^2 the penalised residual sum of squares, g the gradient; at a REML optimum g is 0. Nothing has
to be factorised once more.

Theta is estimated, and moves with y: where g(theta, y) = 0, d theta / dy = -H^-1 dg/dy with H the second derivatives of
the criterion, which adds sum_jk [H^-1]_jk (dg_k/dy)'(-d yhat/d theta_j) (Greven and Kneib, 2010). With P_j = V_j a,
V_j = dV/d theta_j,

    d yhat / d theta_j = W^-1 A P_j,    dg_k / dy = (2 m / r^2) ((a'P_k / r^2) a - A P_k),

(at a known sigma dg_k / dy = -(2 / sigma^2) A P_k)

and A v = W (v - fitted values of v) is the engine's answer to another response. A covariance matrix on the boundary of
its space stays there under small changes of y, with its rank: derivatives are taken among matrices of that rank.

References
----------
Greven and Kneib (2010), Biometrika 97, 773-789.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design
from mixedmodels.errors import FitError
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.engine import EngineError
from mixedmodels.fit.lmm import engine_input, new_engine
from mixedmodels.fit.moments import add_random_part, fixed_part
from mixedmodels.fit.objective import Objective
from mixedmodels.fit.record import MixedFit

if TYPE_CHECKING:
    from mixedmodels.fit.engine import Lmm

Place = tuple[int, int, int]  # term, row and column of its factor


def trace_at_theta(design: Design, theta: Vector, kept: tuple[int, ...], reml_engine: Lmm) -> float:
    """tr(H): degrees of freedom of the fitted values at a known theta.

    Parameters
    ----------
    reml_engine : object
        Engine's handle of the design with the REML criterion (without fixed effects the other is equal).
    """
    try:
        at = reml_engine.at(theta)
    except EngineError as error:
        raise FitError(
            f"{design.formula!r} has no degrees of freedom of its fitted values: {error}. The weights of its rows "
            "at the estimates are too uneven; look at the warnings of the fit."
        ) from error
    m = len(design.groups[0].codes) - len(kept)
    penalty = sum(float(np.sum(u * u)) for u in at["u"])
    return len(kept) + m * penalty / float(at["pwrss"]) + float(theta @ at["gradient"]) / 2


def from_estimating_theta(design: Design, fit: MixedFit, engine: Lmm, ranks: Sequence[int]) -> float:
    """Degrees of freedom that the estimation of theta adds to tr(H).

    Parameters
    ----------
    engine : object
        Engine's handle of the fit.
    ranks : sequence of int
        Rank of each term's covariance matrix.
    """
    theta, places = trapezoids(fit, ranks)
    if not places:
        return 0.0
    free = [_position(fit.sizes, place) for place in places]
    objective = Objective(engine, fit.sizes)
    h = objective.hessian(theta)[np.ix_(free, free)]
    n = fit.n
    m = n - len(fit.kept) if fit.reml else n
    weights = np.ones(n) if design.weights is None else design.weights
    a, r2 = _projected(design, fit, engine, theta, weights, design.response, own=True)
    changes = [_change(design, fit, theta, place, a) for place in places]
    ap = [_projected(design, fit, engine, theta, weights, p, own=False)[0] for p in changes]
    by_theta = np.column_stack([v / weights for v in ap])
    precision, pull = (1 / fit.sigma**2, 0.0) if fit.known_sigma else (m / r2, 1 / r2)
    by_y = np.column_stack([2 * precision * ((a @ p) * pull * a - v) for p, v in zip(changes, ap, strict=True)])
    return -float(np.sum(np.linalg.pinv(h, rcond=1e-9, hermitian=True) * (by_y.T @ by_theta)))


def trapezoids(fit: MixedFit, ranks: Sequence[int]) -> tuple[Vector, list[Place]]:
    """Theta with each factor lower triangular in its first `rank` columns and 0 beyond, and the places that are free.

    The covariance matrices stay the same; those of a rank have as many dimensions as there are free places.
    """
    theta = np.zeros_like(fit.theta)
    places: list[Place] = []
    for term, (t, rank) in enumerate(zip(factors(fit.theta, fit.sizes), ranks, strict=True)):
        rotation, sd, _ = np.linalg.svd(t)
        low = np.asarray(np.linalg.qr((rotation[:, :rank] * sd[:rank]).T, mode="r")).T
        for j in range(rank):
            for i in range(j, len(t)):
                places.append((term, i, j))
                theta[_position(fit.sizes, places[-1])] = low[i, j]
    return theta, places


def _position(sizes: tuple[int, ...], place: Place) -> int:
    """The position of an element in theta, which runs down the columns of the lower triangles."""
    term, i, j = place
    before = sum(k * (k + 1) // 2 for k in sizes[:term])
    return before + j * sizes[term] - j * (j - 1) // 2 + (i - j)


def _projected(
    design: Design, fit: MixedFit, engine: Lmm, theta: Vector, weights: Vector, v: Vector | None, own: bool
) -> tuple[Vector, float]:
    """A v and v'A v; of the fit's own response less its offset."""
    assert v is not None
    if own and design.offset is not None:
        v = v - design.offset
    arrays = engine_input(design, fit.kept)
    length = float(np.linalg.norm(v))
    if length == 0:
        return np.zeros_like(v), 0.0
    # Of unit length, as the engine refuses a response that is all but 0.
    try:
        at = engine.with_response(arrays.rows(v / length)).at(theta)
    except EngineError as error:
        if error.status != "perfect_fit":
            raise
        return np.zeros_like(v), 0.0  # v lies in the span of X, where A is 0
    mean = _fitted(design, fit, at["beta"], at["b"])
    return weights * (v - length * mean), float(at["pwrss"]) * length**2


def _fitted(design: Design, fit: MixedFit, beta: Vector, b: Sequence[Matrix]) -> Vector:
    return add_random_part(fixed_part(replace(design, offset=None), fit.kept, beta, fit.n), design, b)


def _change(design: Design, fit: MixedFit, theta: Vector, place: Place, a: Vector) -> Vector:
    """(dV / d theta_j) a: the derivative of T T' at one element is E T' + T E', E a 1 there."""
    term, i, j = place
    random = design.random[term]
    group = design.groups[random.group]
    t = factors(theta, fit.sizes)[term]
    e = np.zeros_like(t)
    e[i, j] = 1.0
    derivative = e @ t.T + t @ e.T
    z = np.column_stack([np.ones(fit.n) if c is None else c for c in random.columns])
    sums = np.column_stack([np.bincount(group.codes, z[:, k] * a, group.n_levels) for k in range(z.shape[1])])
    return np.asarray(np.sum(z * (sums @ derivative)[group.codes], axis=1), dtype=float)


def reml_engine(design: Design, fit: MixedFit, engine: Lmm) -> Lmm:
    """An engine with the REML criterion; that of the fit where it has it, or where there are no fixed effects.

    Its sigma is profiled out, as the formula of `trace_at_theta` wants it.
    """
    return engine if (fit.reml or not fit.kept) and not fit.known_sigma else new_engine(design, True)
