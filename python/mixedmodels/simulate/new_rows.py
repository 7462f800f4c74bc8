"""Responses of rows that a model was not fitted to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design
from mixedmodels.fit import family_moments
from mixedmodels.fit.any_fit import AnyFit, AnyPredictor
from mixedmodels.fit.components.moments import by_component
from mixedmodels.fit.components.record import ComponentsFit
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.moments import add_effects, fixed_part
from mixedmodels.fit.re_form import Chosen
from mixedmodels.fit.simulated_responses import checked


def simulate_new_rows(
    fit: AnyFit,
    old: Design,
    new: Design,
    weights: Vector | None,
    nsim: int,
    rng: np.random.Generator,
    chosen: Sequence[Chosen],
) -> Matrix:
    """Responses of new rows, shape (n, nsim); of a binomial model proportions.

    Random effects in `chosen` of levels that the fit knew stay at their conditional modes; all others, and those of new
    levels, are drawn.

    Parameters
    ----------
    old : Design
        The design of the fit.
    new : Design
        Rows laid out by `design.own_levels.on_own_levels`.
    weights : ndarray, shape (n,) or None
        Precision weights of the new rows, or the trials of a binomial response; None for ones;.
    """
    n = new.n_table
    out = np.empty((checked(nsim), n))
    if isinstance(fit, ComponentsFit):
        designs = ((old, new), *zip(old.further, new.further, strict=True))
        own = by_component(old.predictors, chosen)
        parts = [_Predictor(part, *two, c) for part, two, c in zip(fit.predictors, designs, own, strict=True)]
        for row in out:
            etas = np.concatenate([part.draw(rng) for part in parts])
            row[:] = fit.family.draw_at(rng, etas, weights, fit.psi)
        return out.T
    part = _Predictor(fit, old, new, chosen)
    for row in out:
        row[:] = _around(fit, part.draw(rng), weights, rng)
    return out.T


class _Predictor:
    """A linear predictor of new rows, whose random effects are drawn where they do not stay."""

    def __init__(self, fit: AnyFit | AnyPredictor, old: Design, new: Design, chosen: Sequence[Chosen]) -> None:
        self._new = new
        self._eta = fixed_part(new, fit.kept, fit.beta, new.n_table)
        self._effects = _modes(fit, old, new, chosen) if fit.mixed else []

    def draw(self, rng: np.random.Generator) -> Vector:
        """The linear predictor with effects drawn, shape (n,)."""
        row, new = self._eta.copy(), self._new
        for term, (modes, factor) in zip(new.random, self._effects, strict=True):
            drawn = rng.standard_normal(modes.shape) @ factor.T
            b = np.where(np.isnan(modes), drawn, modes)
            add_effects(row, b, new.groups[term.group].codes, term.columns)
        return row


def _modes(fit: AnyPredictor, old: Design, new: Design, chosen: Sequence[Chosen]) -> list[tuple[Matrix, Matrix]]:
    """For every term the effects that stay, by new level (NaN if drawn), and the factor of their covariance."""
    out = []
    scale = fit.effects_scale
    for i, (term, t) in enumerate(zip(new.random, factors(fit.theta, fit.sizes), strict=True)):
        places = old.groups[old.random[i].group].levels.places_of(new.groups[term.group].levels)
        modes = np.full((len(places), len(t)), np.nan)
        for code, place in enumerate(places):
            if place >= 0:
                modes[code, chosen[i]] = fit.b[i][place, chosen[i]]
        out.append((modes, scale * t))
    return out


def _around(fit: AnyFit, eta: Vector, weights: Vector | None, rng: np.random.Generator) -> Vector:
    """Responses around a linear predictor."""
    if not fit.generalized:
        scale = fit.sigma if weights is None else fit.sigma / np.sqrt(weights)
        return np.asarray(eta + scale * rng.standard_normal(len(eta)))
    return fit.family.draw(rng, fit.family.mean(eta), weights, family_moments.shapes_of(fit))
