"""New responses drawn from a fitted model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design
from mixedmodels.errors import DataError
from mixedmodels.fit import family_moments
from mixedmodels.fit.any_fit import AnyFit, AnyPredictor
from mixedmodels.fit.components.moments import by_component
from mixedmodels.fit.components.record import ComponentsFit
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.moments import add_random_part, fixed_part
from mixedmodels.fit.re_form import Chosen
from mixedmodels.fit.record import GlmFit, GlmmFit, LinearFit, MixedFit

AT_ONCE = 1 << 21  # numbers


def simulate_fit(
    design: Design, fit: AnyFit, nsim: int, rng: np.random.Generator, chosen: Sequence[Chosen] = ()
) -> Matrix:
    """Responses of any fit as its family sees them, shape (n, nsim); random effects in `chosen` are kept."""
    if fit.mixed and fit.generalized:
        return simulate_generalized(design, fit, nsim, rng, chosen)
    if fit.mixed:
        return simulate_mixed(design, fit, nsim, rng, chosen)
    return simulate_glm(fit, nsim, rng) if fit.generalized else simulate_linear(design, fit, nsim, rng)


def simulate_linear(design: Design, fit: LinearFit, nsim: int, rng: np.random.Generator) -> Matrix:
    """Responses of a linear model, shape (n, nsim)."""
    scale, mean = _noise_scale(design, fit.sigma), fixed_part(design, fit.kept, fit.beta, fit.n)
    out = np.empty((checked(nsim), fit.n))
    for some in _some(nsim, fit.n):
        out[some] = rng.standard_normal((len(out[some]), fit.n)) * scale + mean
    return out.T


def simulate_mixed(
    design: Design, fit: MixedFit, nsim: int, rng: np.random.Generator, chosen: Sequence[Chosen]
) -> Matrix:
    """Responses of a mixed model, shape (n, nsim).

    Random effects in `chosen` stay at their conditional modes; the others are drawn anew, b = sigma T u with u
    standard normal. The numbers of one response follow each other, u before e, so that asking for more responses, or
    for the same in several parts, changes none.
    """
    q, scale, kept = _n_effects(design), _noise_scale(design, fit.sigma), _kept_part(design, fit, chosen)
    out = np.empty((checked(nsim), fit.n))
    for some in _some(nsim, q + fit.n):
        numbers = rng.standard_normal((len(out[some]), q + fit.n))
        out[some] = numbers[:, q:] * scale
        _add_drawn(out[some], design, fit, numbers[:, :q], chosen)
        out[some] += kept
    return out.T


def simulate_generalized(
    design: Design, fit: GlmmFit, nsim: int, rng: np.random.Generator, chosen: Sequence[Chosen]
) -> Matrix:
    """Responses of a generalised mixed model as its family sees them (proportions if binomial), shape (n, nsim)."""
    if isinstance(fit, ComponentsFit):
        return _simulate_components(design, fit, nsim, rng, chosen)
    kept = _kept_part(design, fit, chosen)
    out = np.empty((checked(nsim), fit.n))
    for eta in out:
        eta[:] = kept
        _add_drawn(eta[None], design, fit, rng.standard_normal((1, _n_effects(design))), chosen)
        eta[:] = fit.family.draw(rng, fit.family.mean(eta), fit.weights, fit.psi)
    return out.T


def _simulate_components(
    design: Design, fit: ComponentsFit, nsim: int, rng: np.random.Generator, chosen: Sequence[Chosen]
) -> Matrix:
    """Responses of a model of several components; `chosen` has the terms of all components in turn."""
    designs = design.predictors
    own = by_component(designs, chosen)
    kept = [_kept_part(d, part, c) for d, part, c in zip(designs, fit.predictors, own, strict=True)]
    out = np.empty((checked(nsim), fit.n))
    for response in out:
        etas = [eta.copy() for eta in kept]
        for eta, d, part, c in zip(etas, designs, fit.predictors, own, strict=True):
            if d.random:
                _add_drawn(eta[None], d, part, rng.standard_normal((1, _n_effects(d))), c)
        response[:] = fit.family.draw_at(rng, np.concatenate(etas), fit.weights, fit.psi)
    return out.T


def resample_residuals(
    fitted: Vector, residuals: Vector, weights: Vector | None, nsim: int, rng: np.random.Generator
) -> Matrix:
    """Fitted values with residuals drawn from the rows with replacement, shape (n, nsim).

    With weights the residuals are drawn as if all had weight 1, and get their new row's weight.
    """
    root = 1.0 if weights is None else np.sqrt(weights)
    drawn = (residuals * root)[rng.integers(len(fitted), size=(checked(nsim), len(fitted)))]
    return np.asarray((fitted + drawn / root).T)


def simulate_glm(fit: GlmFit, nsim: int, rng: np.random.Generator) -> Matrix:
    """Responses of a generalised linear model as its family sees them (proportions if binomial), shape (n, nsim).

    Rows of weight 0 are drawn with weight 1; proportions of no trials are 0.
    """
    family, mu, weights = fit.family, np.asarray(fit.family.mean(fit.eta)), fit.weights
    dead = None
    if weights is not None and bool((weights == 0).any()):
        dead = weights == 0
        weights = np.where(dead, 1.0, weights)
    psi = family_moments.shapes_of(fit)
    out = np.empty((checked(nsim), len(mu)))
    for response in out:
        response[:] = family.draw(rng, mu, weights, psi)
        if dead is not None and family.support == "proportion":
            response[dead] = 0.0
    return out.T


def _n_effects(design: Design) -> int:
    return sum(design.groups[term.group].n_levels * len(term.columns) for term in design.random)


def _kept_part(design: Design, fit: AnyPredictor, chosen: Sequence[Chosen]) -> Vector:
    """Linear predictor of the fixed effects and the `chosen` random effects, shape (n,)."""
    return add_random_part(fixed_part(design, fit.kept, fit.beta, design.n), design, fit.b, chosen)


def _add_drawn(out: Matrix, design: Design, fit: AnyPredictor, u: Matrix, chosen: Sequence[Chosen]) -> None:
    """Add the random effects that are not `chosen` to linear predictors in place.

    Parameters
    ----------
    out : ndarray, shape (nsim, n)
        Linear predictors to which the effects are added.
    u : ndarray, shape (nsim, q)
        Spherical effects, term by term and level by level.
    """
    scale, at = fit.effects_scale, 0
    for term, t, kept in zip(design.random, factors(fit.theta, fit.sizes), chosen, strict=True):
        group = design.groups[term.group]
        end = at + group.n_levels * len(t)
        if not kept.all():
            b = u[:, at:end].reshape(len(u), group.n_levels, len(t)) @ (scale * t.T)
            for j in np.flatnonzero(~kept):
                effect = b[:, :, j].take(group.codes, axis=1)
                column = term.columns[j]
                out += effect if column is None else effect * column
        at = end


def _noise_scale(design: Design, sigma: float) -> float | Vector:
    """Standard deviation of the rows."""
    return sigma if design.weights is None else np.asarray(sigma / np.sqrt(design.weights))


def _some(nsim: int, width: int) -> Iterator[slice]:
    """Simulations that are drawn at once: few enough that Ctrl-C between two such calls is soon."""
    step = max(1, AT_ONCE // max(width, 1))
    for first in range(0, nsim, step):
        yield slice(first, min(first + step, nsim))


def checked(nsim: int) -> int:
    """The number of simulations, at least one."""
    if not isinstance(nsim, (int, np.integer)) or nsim < 1:
        raise DataError(f"nsim must be a positive whole number; got {nsim!r}.")
    return int(nsim)
