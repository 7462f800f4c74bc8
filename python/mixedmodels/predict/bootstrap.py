"""Errors of predictions as a parametric bootstrap has them.

Each replicate draws random effects and a response from the model, refits it, and predicts what is known in its own
world: the linear predictor with the effects it drew. The estimate less such an error is a draw of what the estimate may
be an estimate of. Effects of unknown levels, and new observations, are drawn from the fitted model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import FitError
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.family_moments import shapes_of, shapes_of_dispersion
from mixedmodels.fit.henderson_rows import TermRows
from mixedmodels.fit.lmm import engine_input
from mixedmodels.fit.many_responses.linear_mixed import less_offset
from mixedmodels.fit.progress import counted
from mixedmodels.fit.record import GlmmFit
from mixedmodels.fit.simulated_responses import simulate_fit
from mixedmodels.fitted.replicates import refitter
from mixedmodels.predict.draws import CHUNK, Chunks, Parameters
from mixedmodels.predict.marginal import marginal_mean
from mixedmodels.predict.new_levels import new_level_variance
from mixedmodels.predict.target import Target

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel
    from mixedmodels.predict.options import Options

AT_ONCE = 64  # responses refitted between two looks at the line of progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrapped:
    """Draws of linear predictors.

    Attributes
    ----------
    rows : Target
        Rows that the predictions are of.
    conditional : ndarray, shape (n, B)
        Linear predictors with the effects of known levels.
    means : ndarray or None
        Linear predictors of means over random effects of a generalised mixed model, where these are wanted.
    variances : tuple of two ndarray
        Variances of effects of new levels, shape (n,): those of unknown levels, and with those that are integrated.
    shared : Parameters
        Residual standard deviation and shapes, which are those of the fit.
    """

    rows: Target
    conditional: Matrix
    means: Matrix | None
    variances: tuple[Vector, Vector]
    shared: Parameters

    def predictors(self, new: bool, rng: np.random.Generator) -> Chunks:
        """Draws in chunks of rows, of means or of `new` observations."""
        b = self.conditional.shape[1]
        size = max(CHUNK // b, 1)
        source = self.conditional if new or self.means is None else self.means
        variance = self.variances[new]
        for start in range(0, len(self.rows), size):
            part = slice(start, min(start + size, len(self.rows)))
            eta = source[part]
            if variance.any():
                eta = eta + rng.standard_normal(eta.shape) * np.sqrt(variance[part])[:, None]
            yield part, eta, np.zeros_like(eta)


def bootstrapped(
    model: FittedModel, rows: Target, nsim: int, rng: np.random.Generator, options: Options
) -> Bootstrapped:
    """Refit the model to `nsim` responses.

    Raises
    ------
    FitError
        If fewer than two can be refitted.
    """
    model._need_rows("method='bootstrap'")
    fit, n = model._fit, len(rows)
    marginal = fit.mixed and fit.generalized and options.kind == "marginal"
    refit = refitter(model)
    conditional, means = [], []
    with counted(nsim, "replicates", options.progress) as tell:
        for start in range(0, nsim, AT_ONCE):
            count = min(AT_ONCE, nsim - start)
            worlds = [_world(model, rng) for _ in range(count)]
            many = refit(np.array([y for y, _ in worlds]))
            for s in np.flatnonzero(~many.failed):
                conditional.append(2 * rows.eta - _again(model, rows, worlds[s], many, int(s)))
                if marginal:
                    means.append(_marginal(model, rows, many, int(s)))
            tell(start + count)
    if len(conditional) < 2:
        raise FitError(
            f"of {nsim} responses drawn from the model, {len(conditional)} could be refitted; use method='delta'."
        )
    sigma = 1.0 if fit.generalized else fit.sigma
    psi = shapes_of(fit) if fit.generalized else fit.psi
    b = len(conditional)
    shared = Parameters(np.empty((b, 0)), np.full(b, sigma), np.tile(np.asarray(psi, dtype=float), (b, 1)))
    variances = (np.zeros(n), np.zeros(n))
    if fit.mixed:
        scale = fit.effects_scale**2
        variances = (
            scale * new_level_variance(fit, rows.unseen, n),
            scale * new_level_variance(fit, rows.new_effects, n),
        )
    return Bootstrapped(
        rows=rows,
        conditional=np.column_stack(conditional),
        means=np.column_stack(means) if means else None,
        variances=variances,
        shared=shared,
    )


def _world(model: FittedModel, rng: np.random.Generator) -> tuple[Vector, list[Matrix]]:
    """A response, and the random effects in it."""
    fit, design = model._fit, model.design
    if not fit.mixed:
        return simulate_fit(design, fit, 1, rng)[:, 0], []
    scale = fit.effects_scale
    b = [
        rng.standard_normal(u.shape) @ (scale * t.T) for u, t in zip(fit.u, factors(fit.theta, fit.sizes), strict=True)
    ]
    chosen = [np.ones(k, dtype=bool) for k in fit.sizes]
    return simulate_fit(design, replace(fit, b=tuple(b)), 1, rng, chosen)[:, 0], b


def _again(model: FittedModel, rows: Target, world: tuple[Vector, list[Matrix]], many: Any, s: int) -> Vector:
    """Predictions of a replicate, less those of the parameters behind it, plus the estimate; shape (n,)."""
    fit = model._fit
    out = rows.eta + rows.x @ (many.beta[s] - fit.beta)
    if any(part is not None for part in rows.random):
        modes = _modes(model, world[0], many, s)
        for part, estimated, true in zip(rows.random, modes, world[1], strict=True):
            if part is not None:
                out += _effects(part, estimated - true)
    return np.asarray(out)


def _effects(part: TermRows, b: Matrix) -> Vector:
    """Z'b of rows whose level is known, 0 of others."""
    assert part is not None
    codes, columns = part
    at = np.where(codes >= 0, codes, 0)
    out = np.zeros(len(codes))
    for k, column in enumerate(columns):
        out += b[:, k][at] if column is None else b[:, k][at] * column
    return np.where(codes >= 0, out, 0.0)


def _modes(model: FittedModel, y: Vector, many: Any, s: int) -> list[Matrix]:
    """Conditional modes given a response, at the estimates from it."""
    fit, design, engine = model._fit, model.design, model._engine
    inputs = engine_input(design, fit.kept)
    if not fit.generalized:
        own = less_offset(design, y[None])[0]
        renewed = engine.with_response(inputs.rows(own))
        return list(renewed.at(many.theta[s])["b"])
    renewed = engine.with_response(replace(inputs, weights=fit.weights).rows(y, design.offset))
    return list(renewed.at(many.theta[s], many.beta[s], _psi(fit, many, s))["b"])


def _psi(fit: GlmmFit, many: Any, s: int) -> Vector:
    if not fit.family.shapes:
        return np.empty(0)
    if many.shapes.shape[1]:
        return fit.family.psi_of(many.shapes[s])
    return np.array(shapes_of_dispersion(fit.family, float(many.sigma[s]) ** 2))


def _marginal(model: FittedModel, rows: Target, many: Any, s: int) -> Vector:
    """Twice the linear predictor of the mean over random effects, less that of a replicate; shape (n,)."""
    fit = model._fit
    family, n = fit.family, len(rows)
    other = replace(fit, theta=many.theta[s])
    there = marginal_mean(
        family, rows.eta + rows.x @ (many.beta[s] - fit.beta), new_level_variance(other, rows.integrated, n)
    )
    here = marginal_mean(family, rows.eta, new_level_variance(fit, rows.integrated, n))
    return np.asarray(2 * np.asarray(family.predictor(here.mean)) - np.asarray(family.predictor(there.mean)))
