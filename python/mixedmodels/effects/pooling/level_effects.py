"""The three ways to estimate one coefficient per level: all levels as one, each by itself, and each with the others.

Notation: a grouping factor's terms have columns z (n x k) and the level g of a row has coefficients c_g, so that the
linear predictor is rest + z c_g, where `rest` holds every other term of the model at its estimates.
Whole regressions of the levels are in `estimates`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import MixedModelsError
from mixedmodels.fit import family_moments
from mixedmodels.fit.generalized_linear.any_family import fit_without_random
from mixedmodels.fit.moments import predict_old
from mixedmodels.fit.ols import fit_ols
from mixedmodels.fit.re_form import chosen_effects
from mixedmodels.fit.responses import family_response

STEPS = 50  # of reweighted least squares within a level
SETTLED = 1e-9  # step of Newton's method, beside the estimates
LEAST_WEIGHT = 0.1  # of a row in Newton's steps, beside the mean of all
LARGEST = 30.0  # change of a linear predictor beyond which an estimate has no end


@dataclass(frozen=True, kw_only=True)
class LevelEffects:
    """Coefficients of one grouping factor's effects.

    Attributes
    ----------
    effects : tuple of str
        Names of the k effects.
    codes : ndarray of int, shape (n,)
        Level of each row used.
    partial : ndarray, shape (levels, k)
        Coefficients of the model, fixed plus random.
    none : ndarray, shape (levels, k)
        Coefficients of each level fitted by itself to its own rows with `rest` held; NaN where its rows do not
        determine it.
    typical : ndarray, shape (k,)
        Fixed coefficients of the effects, 0 where an effect is random only.
    complete : ndarray, shape (k,)
        Coefficients of the model without random effects.
    complete_beta : ndarray
        All coefficients of the model without random effects.
    complete_kept : tuple of int
        Columns of X that these coefficients belong to.
    """

    effects: tuple[str, ...]
    codes: Any
    partial: Matrix
    none: Matrix
    typical: Vector
    complete: Vector
    complete_beta: Vector
    complete_kept: tuple[int, ...]


def level_effects(fit: Any, place: int) -> LevelEffects:
    """The coefficients of a model's grouping factor number `place`."""
    fit._need_rows("a comparison of the pools")
    design: Design = fit.design
    effects = fit.ranef().effects[place]
    z = effect_columns(design, place, len(design.groups[place].codes))
    coef = fit.coef()
    partial = coef.modes[place][:, [coef.effects[place].index(e) for e in effects]]
    codes = design.groups[place].codes
    eta = predict_old(fit._fit, design, chosen_effects(design, None))
    rest = eta - np.einsum("ij,ij->i", z, partial[codes])
    beta, kept = without_groups(design, fit.family)
    names = [design.fixed.names[j] for j in kept]
    return LevelEffects(
        effects=effects,
        codes=codes,
        partial=partial,
        none=_by_level(fit, z, rest, codes, len(partial)),
        typical=np.array([dict(fit.fixef()).get(e, 0.0) for e in effects]),
        complete=np.array([beta[names.index(e)] if e in names else 0.0 for e in effects]),
        complete_beta=beta,
        complete_kept=kept,
    )


def effect_columns(design: Design, place: int, n: int) -> Matrix:
    """Columns of the terms of a grouping factor side by side, shape (n, k)."""
    columns = [c for term in design.random if term.group == place for c in term.columns]
    return np.column_stack([np.ones(n) if c is None else c for c in columns])


def without_groups(design: Design, family: Any) -> tuple[Vector, tuple[int, ...]]:
    """Coefficients of the fixed part fitted without random effects, and the columns of X that have one."""
    alone = replace(design, random=(), groups=())
    if family.name == "gaussian" and family.link == "identity":
        linear = fit_ols(alone)
        return linear.beta, linear.kept
    fitted = fit_without_random(alone, family)
    return fitted.beta, fitted.kept


def _by_level(fit: Any, z: Matrix, rest: Vector, codes: Any, levels: int) -> Matrix:
    family = fit.family
    y, w = response_and_weights(fit)
    out = np.full((levels, z.shape[1]), np.nan)
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(levels + 1))
    for g in range(levels):
        rows = order[ends[g] : ends[g + 1]]
        if len(rows) < z.shape[1] or np.linalg.matrix_rank(z[rows]) < z.shape[1]:
            continue
        weights = np.ones(len(rows)) if w is None else w[rows]
        if family.name == "gaussian" and family.link == "identity":
            out[g] = _weighted(z[rows], y[rows] - rest[rows], weights)
        elif not family.least_squares:
            out[g] = _by_newton(family, fit._fit.psi, z[rows], y[rows], rest[rows], weights)
        else:
            out[g] = _reweighted(family, fit._fit.psi, z[rows], y[rows], rest[rows], weights)
    return out


def response_and_weights(fit: Any) -> tuple[Vector, Vector | None]:
    """The response as the family sees it, a proportion where it is binomial, and prior weights."""
    if fit.family.name == "gaussian" and fit.family.link == "identity":
        return fit.design.response, fit.design.weights
    response = family_response(fit.design, fit.family)
    return response.y, response.weights


def _weighted(z: Matrix, y: Vector, w: Vector) -> Vector:
    root = np.sqrt(w)
    return np.asarray(np.linalg.lstsq(z * root[:, None], y * root, rcond=None)[0])


def _reweighted(family: Any, psi: Vector, z: Matrix, y: Vector, rest: Vector, w: Vector) -> Vector:
    """Maximum likelihood of one level; NaN where it has no finite estimate."""
    lost = np.full(z.shape[1], np.nan)
    c, before = np.zeros(z.shape[1]), np.inf
    try:
        eta = np.asarray(family.predictor(_start(family, y)), dtype=float)
        for _ in range(STEPS):
            mu = family_moments.mean(family, eta)
            slope = family_moments.slope(family, eta)
            weight = w * slope**2 / family_moments.variance(family, mu, psi, w)
            c = _weighted(z, eta - rest + (y - mu) / slope, weight)
            eta = rest + z @ c
            if not np.isfinite(eta).all() or float(np.abs(eta - rest).max()) > LARGEST + float(np.abs(rest).max()):
                return lost
            deviance = family_moments.deviance(y, w, eta, family, psi)
            if abs(deviance - before) <= 1e-9 * (abs(deviance) + 0.1):
                extreme = family.support == "proportion" and bool((np.abs(eta) > LARGEST / 2).any())
                return lost if extreme or _at_edge(family, y) else c
            before = deviance
    except (MixedModelsError, np.linalg.LinAlgError, FloatingPointError):
        return lost
    return lost


def _by_newton(family: Any, psi: Vector, z: Matrix, y: Vector, rest: Vector, w: Vector) -> Vector:
    """Maximum likelihood of one level at the shapes of the fit, by Newton's method; NaN where it is not finite.

    Weights that are not positive count as a part of the mean of the others: the step still rises.
    """
    lost, handle, shapes = np.full(z.shape[1], np.nan), family.handle, [float(p) for p in psi]
    y, w = np.ascontiguousarray(y), np.ascontiguousarray(w)
    start = np.asarray(handle.predictor(handle.start_mean(y, w)))
    if not np.isfinite(start).all():
        return lost
    c = _weighted(z, start - rest, np.ones(len(y)))
    for _ in range(STEPS):
        now = handle.derivatives(y, w, rest + z @ c, shapes)
        weight = np.asarray(now["w"])
        if not (np.isfinite(now["l"]) and np.isfinite(weight).all()):
            return lost
        weight = np.maximum(weight, LEAST_WEIGHT * float(np.abs(weight).mean()) + np.finfo(float).tiny)
        step = _weighted(z, np.asarray(now["g"]) / weight, weight)
        while handle.derivatives(y, w, rest + z @ (c + step), shapes)["l"] < now["l"] and np.abs(step).max() > SETTLED:
            step = step / 2
        c = c + step
        if float(np.abs(z @ c).max()) > LARGEST:
            return lost
        if float(np.abs(step).max()) <= SETTLED * (1 + float(np.abs(c).max())):
            return c
    return lost


def _start(family: Any, y: Vector) -> Vector:
    """Means to start from, off the edges of the family's support."""
    if family.support == "proportion":
        return np.asarray((y + 0.5) / 2)
    return np.maximum(y, 0.1) if family.name != "gaussian" else y


def _at_edge(family: Any, y: Vector) -> bool:
    """Whether all responses are at an end of the scale, where every estimate runs away."""
    if family.support == "proportion":
        return bool((y == 0).all() or (y == 1).all())
    return family.support == "counts" and bool((y == 0).all())
