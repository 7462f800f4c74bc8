"""Predictions by simulation: many values of a linear predictor that are as likely as the data leave them.

Limits are taken row by row, so that rows are drawn independently given the parameters: the joint distribution within a
row is all that they depend on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.families import Family
from mixedmodels.fit.any_fit import AnyFit
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.family_moments import shapes_of_dispersion
from mixedmodels.predict.marginal import marginal_mean
from mixedmodels.predict.target import Target
from mixedmodels.predict.variances import Spread

CHUNK = 4_000_000  # numbers of a temporary array


@dataclass(frozen=True, slots=True)
class Parameters:
    """Draws of what all rows share.

    Attributes
    ----------
    moves : ndarray, shape (B, M)
        Moves of the M parameters away from their estimates.
    sigma : ndarray, shape (B,)
        Residual standard deviations; 1 of families without.
    psi : ndarray, shape (B, s)
        Free shapes on the scale on which they are estimated.
    """

    moves: Matrix
    sigma: Vector
    psi: Matrix


def drawn_parameters(
    fit: AnyFit, covariance: Matrix, sigma_slope: Vector | None, nsim: int, rng: np.random.Generator
) -> Parameters:
    """Parameters from their approximate normal distribution, residual variances from chi-squared.

    Parameters
    ----------
    covariance : ndarray
        Covariance of the parameters that vary, shape (M, M); of shape (0, 0) where theta and shapes are known.
    sigma_slope : ndarray or None
        Derivatives of log(sigma) in theta, of a linear mixed model; None where theta is known.
    """
    moves = rng.standard_normal((nsim, len(covariance))) @ root(covariance).T
    psi = np.empty((nsim, 0))
    if fit.mixed and fit.generalized:
        psi = np.tile(fit.psi, (nsim, 1))
        if len(covariance) and len(fit.psi):
            psi += moves[:, -len(fit.psi) :]
        return Parameters(moves, np.ones(nsim), psi)
    if fit.generalized and len(fit.psi):
        return Parameters(moves, np.ones(nsim), np.tile(fit.psi, (nsim, 1)))
    if not fit.generalized and fit.known_sigma:
        return Parameters(moves, np.full(nsim, fit.sigma), psi)
    df = fit.n - len(fit.kept) * fit.reml if fit.mixed else fit.df_resid
    relative = np.sqrt(df / rng.chisquare(df, nsim)) if df > 0 else np.full(nsim, np.nan)
    if fit.generalized:
        shapes = [shapes_of_dispersion(fit.family, fit.dispersion * r**2) for r in relative.tolist()]
        return Parameters(moves, np.ones(nsim), np.array(shapes).reshape(nsim, -1))
    sigma = fit.sigma * relative
    if sigma_slope is not None:
        sigma = sigma * np.exp(moves @ sigma_slope)
    return Parameters(moves, sigma, psi)


def root(covariance: Matrix) -> Matrix:
    """R with R R' the covariance, negative eigenvalues taken as 0."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def drawn_predictors(
    fit: AnyFit, rows: Target, spread: Spread, shared: Parameters, new: bool, rng: np.random.Generator
) -> Iterator[tuple[slice, Matrix, Matrix]]:
    """Draws of the linear predictors in chunks of rows, and the variances of what is integrated, shapes (rows, B).

    Parameters
    ----------
    new : bool
        Whether the draws are for a new observation, whose random effects that are to be integrated are drawn.
    """
    b = len(shared.moves)
    size = max(CHUNK // b, 1)
    scale = np.ones(b) if fit.generalized else shared.sigma / fit.sigma
    theta = _thetas(fit, shared)
    for start in range(0, len(rows), size):
        part = slice(start, min(start + size, len(rows)))
        n = part.stop - part.start
        eta = rng.standard_normal((n, b)) * np.sqrt(spread.own[part])[:, None] * scale
        eta += rows.eta[part, None]
        if spread.slopes.shape[1]:
            eta += spread.slopes[part] @ shared.moves.T
        new_effects = rows.new_effects if new else rows.unseen
        if any(z is not None for z in new_effects):
            eta += rng.standard_normal((n, b)) * np.sqrt(_variances(fit, new_effects, theta, shared, part))
        yield part, eta, _variances(fit, rows.integrated, theta, shared, part)


def _thetas(fit: AnyFit, shared: Parameters) -> Matrix:
    if not fit.mixed:
        return np.empty((len(shared.moves), 0))
    theta = np.tile(fit.theta, (len(shared.moves), 1))
    if shared.moves.shape[1]:
        theta += shared.moves[:, : theta.shape[1]]
    return theta


def _variances(
    fit: AnyFit, new_effects: Sequence[Matrix | None], theta: Matrix, shared: Parameters, part: slice
) -> Matrix:
    """Variances z'Sigma z of effects of new levels at each draw of theta, shape (rows, B)."""
    n, b = part.stop - part.start, len(theta)
    out = np.zeros((n, b))
    if not fit.mixed:
        return out
    for i, z in enumerate(new_effects):
        if z is None:
            continue
        k = z.shape[1]
        sigmas = np.empty((b, k * k))
        for s in range(b):
            t = factors(theta[s], fit.sizes)[i]
            sigmas[s] = (t @ t.T).ravel()
        pairs = (z[part, :, None] * z[part, None, :]).reshape(n, k * k)
        out += pairs @ sigmas.T
    return out * (1.0 if fit.generalized else np.square(shared.sigma))


Chunks = Iterator[tuple[slice, Matrix, Matrix]]


def mean_limits(
    family: Family | None, chunks: Chunks, n: int, level: float, response: bool, marginal: bool
) -> tuple[Vector, Vector, Vector]:
    """Standard errors and limits of means from their draws, shape (n,) each.

    Parameters
    ----------
    family : Family or None
        Family; None of a linear (mixed) model.
    marginal : bool
        Whether means over what is integrated are meant.
    """
    out = np.full((3, n), np.nan)
    for part, eta, variance in chunks:
        mean = _means(family, eta, variance, response, marginal)
        out[0, part] = mean.std(axis=1, ddof=1) if mean.shape[1] > 1 else np.nan
        out[1:, part] = np.quantile(mean, _tails(level), axis=1)
    return out[0], out[1], out[2]


def observation_limits(
    family: Family | None,
    chunks: Chunks,
    shared: Parameters,
    weights: Vector,
    level: float,
    rng: np.random.Generator,
) -> tuple[Vector, Vector]:
    """Limits for new observations from draws of their linear predictors, shape (n,) each.

    Those of counts and proportions are values that can occur.

    Parameters
    ----------
    weights : ndarray
        Weights of the observations; trials of proportions.
    """
    out = np.full((2, len(weights)), np.nan)
    discrete = family is not None and (family.is_count or family.support == "proportion")
    for part, eta, _ in chunks:
        drawn = _observations(family, eta, shared, weights[part], rng)
        if discrete:
            out[:, part] = np.quantile(drawn, _tails(level), axis=1, method="inverted_cdf")
        else:
            out[:, part] = np.quantile(drawn, _tails(level), axis=1)
    return out[0], out[1]


def _tails(level: float) -> tuple[float, float]:
    return (1 - level) / 2, (1 + level) / 2


def _means(family: Family | None, eta: Matrix, variance: Matrix, response: bool, marginal: bool) -> Matrix:
    if family is None:
        return eta
    if not marginal:
        return np.asarray(family.mean(eta)) if response else eta
    mean = marginal_mean(family, eta.ravel(), variance.ravel()).mean.reshape(eta.shape)
    return mean if response else np.asarray(family.predictor(mean))


def _observations(
    family: Family | None, eta: Matrix, shared: Parameters, weights: Vector, rng: np.random.Generator
) -> Matrix:
    """A new observation for each draw, shape (rows, B)."""
    if family is None:
        return eta + rng.standard_normal(eta.shape) * shared.sigma / np.sqrt(weights)[:, None]
    mu = np.asarray(family.mean(eta))
    gone = np.isnan(mu)
    mu = np.where(gone, np.nanmean(mu) if not gone.all() else 0.5, mu)
    if not shared.psi.shape[1]:
        out = family.draw(rng, mu, np.broadcast_to(weights[:, None], mu.shape))
    else:
        out = np.column_stack([family.draw(rng, mu[:, s], weights, shared.psi[s]) for s in range(mu.shape[1])])
    return np.where(gone, np.nan, out)
