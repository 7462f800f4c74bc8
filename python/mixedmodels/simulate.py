"""New responses drawn from a fitted model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mixedmodels.design import Design
from mixedmodels.errors import DataError
from mixedmodels.fit import family_moments
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.estimates import AnyMixedFit, effects_scale
from mixedmodels.fit.moments import add_random_part, fixed_part
from mixedmodels.fit.record import GlmFit, GlmmFit, LinearFit, Matrix, MixedFit
from mixedmodels.fit.selection import Chosen


def generator(seed: Any) -> np.random.Generator:
    """A numpy Generator from a seed, or the one given."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError) as error:
        raise DataError(f"seed must be a whole number or a numpy Generator; got {seed!r:.80}.") from error


def simulate_linear(design: Design, fit: LinearFit, nsim: int, rng: np.random.Generator) -> Matrix:
    """Responses of a linear model, shape (n, nsim)."""
    mean = fixed_part(design, fit.kept, fit.beta, fit.n)
    return _noise(design, fit.sigma, fit.n, checked(nsim), rng) + mean[:, None]


def simulate_mixed(
    design: Design, fit: MixedFit, nsim: int, rng: np.random.Generator, chosen: Sequence[Chosen]
) -> Matrix:
    """Responses of a mixed model, shape (n, nsim).

    Random effects in `chosen` stay at their conditional modes; the others are drawn anew, b = sigma T u with u
    standard normal.
    """
    return _predictors(design, fit, nsim, rng, chosen) + _noise(design, fit.sigma, fit.n, nsim, rng)


def simulate_generalized(
    design: Design, fit: GlmmFit, nsim: int, rng: np.random.Generator, chosen: Sequence[Chosen]
) -> Matrix:
    """Responses of a generalised mixed model as its family sees them (proportions if binomial), shape (n, nsim)."""
    out = _predictors(design, fit, nsim, rng, chosen)
    for s in range(nsim):
        out[:, s] = fit.family.draw(rng, fit.family.mean(out[:, s]), fit.weights, fit.psi)
    return out


def simulate_glm(fit: GlmFit, nsim: int, rng: np.random.Generator) -> Matrix:
    """Responses of a generalised linear model as its family sees them (proportions if binomial), shape (n, nsim).

    Rows of weight 0 are drawn with weight 1; proportions of no trials are 0.
    """
    family, mu, weights = fit.family, np.asarray(fit.family.mean(fit.eta)), fit.weights
    dead = None
    if weights is not None and bool((weights == 0).any()):
        dead = weights == 0
        weights = np.where(dead, 1.0, weights)
    psi = family_moments.shapes_of_dispersion(family, fit.dispersion)
    out = np.column_stack([family.draw(rng, mu, weights, psi) for _ in range(checked(nsim))])
    if dead is not None and family.support == "proportion":
        out[dead] = 0.0
    return out


def _predictors(
    design: Design, fit: AnyMixedFit, nsim: int, rng: np.random.Generator, chosen: Sequence[Chosen]
) -> Matrix:
    """Linear predictors with the random effects that are not `chosen` drawn anew, shape (n, nsim)."""
    kept = add_random_part(fixed_part(design, fit.kept, fit.beta, fit.n), design, fit.b, chosen)
    drawn = [~c for c in chosen]
    scale, ts = effects_scale(fit), factors(fit.theta, fit.sizes)
    levels = [design.groups[term.group].n_levels for term in design.random]
    out = np.empty((fit.n, checked(nsim)), order="F")
    for s in range(nsim):
        b = [scale * rng.standard_normal((n, len(t))) @ t.T for n, t in zip(levels, ts, strict=True)]
        out[:, s] = add_random_part(kept.copy(), design, b, drawn)
    return out


def _noise(design: Design, sigma: float, n: int, nsim: int, rng: np.random.Generator) -> Matrix:
    e = sigma * rng.standard_normal((nsim, n)).T
    if design.weights is not None:
        e /= np.sqrt(design.weights)[:, None]
    return e


def checked(nsim: int) -> int:
    """The number of simulations, at least one."""
    if not isinstance(nsim, (int, np.integer)) or nsim < 1:
        raise DataError(f"nsim must be a positive whole number; got {nsim!r}.")
    return int(nsim)
