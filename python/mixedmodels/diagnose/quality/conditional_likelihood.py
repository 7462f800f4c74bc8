"""Conditional log-likelihood, and the degrees of freedom of a generalised model's fitted values.

The cost of a fit is the sum of cov(lambda_i, y_i) w_i / phi over the rows, lambda the natural parameter of the fitted
mean (Efron, 2004). Of counts it has an unbiased estimate from refits with one event less, or one trial reversed:

    Poisson     sum y (lambda(y) - lambda(y - 1))                                    (Lian, 2012)
    binomial    sum mu (1 - mu) [k (lambda(k) - lambda(k - 1)) + (m - k) (lambda(k + 1) - lambda(k))]

for k successes of m trials, which for m = 1 is Efron's formula: each trial is reversed once.

References
----------
Efron (2004), Journal of the American Statistical Association 99, 619-632.
Lian (2012), Electronic Journal of Statistics 6, 1-12; Saefken, Kneib, van Waveren and Greven (2014), Electronic Journal
of Statistics 8, 201-225.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design
from mixedmodels.errors import DataError
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.fit.moments import fitted
from mixedmodels.fit.record import GlmmFit

if TYPE_CHECKING:
    from mixedmodels.families import Family


def conditional_loglik(design: Design, fit: AnyMixedFit) -> float:
    """Log-likelihood of y given the conditional modes, with all constants."""
    if fit.generalized:
        return fit.conditional_loglik
    assert design.response is not None
    r = design.response - fitted(design, fit)
    rss = float(r @ r if design.weights is None else design.weights @ (r * r))
    return -0.5 * (fit.n * log(2 * pi * fit.sigma**2) - fit.sum_log_weights + rss / fit.sigma**2)


@dataclass(frozen=True, slots=True)
class Perturbed:
    """Responses that differ from the observed one in one row.

    Attributes
    ----------
    row : ndarray of int, shape (r,)
        Row that differs.
    value : ndarray
        New value of the row as the family sees it (of a proportion the share of successes).
    weight : ndarray
        Factor of that row's natural parameter after the refit, in the cost.
    own : ndarray, shape (n,)
        Factor of each row's natural parameter in the fit itself.
    """

    row: NDArray[np.intp]
    value: Vector
    weight: Vector
    own: Vector


def perturbed(fit: GlmmFit) -> Perturbed:
    """The refits that the cost is made of.

    Raises
    ------
    DataError
        If the family is neither Poisson nor binomial, which have such formulas.
    """
    w = np.ones(fit.n) if fit.weights is None else fit.weights
    if fit.family.engine_name == "poisson":
        row = np.flatnonzero((fit.y > 0) & (w > 0))
        own = w * fit.y
        return Perturbed(row, fit.y[row] - 1, -own[row], own)
    if fit.family.engine_name != "binomial":
        raise DataError(
            f"method='steinian' is for Poisson and binomial responses, not for {fit.family}; use method='bootstrap' or "
            "'hat'."
        )
    m, k = w, np.round(w * fit.y)
    mu = np.asarray(fit.family.mean(fit.eta))
    scale = mu * (1 - mu)
    down, up = np.flatnonzero(k > 0), np.flatnonzero(k < m)
    return Perturbed(
        np.concatenate([down, up]),
        np.concatenate([(k[down] - 1) / m[down], (k[up] + 1) / m[up]]),
        np.concatenate([-(scale * k)[down], (scale * (m - k))[up]]),
        scale * (2 * k - m),
    )


def natural(family: Family, mu: Vector, theta: float | None) -> Vector:
    """Natural parameter of a mean.

    Parameters
    ----------
    theta : float or None
        Theta of a negative binomial family.
    """
    mu = np.asarray(mu, dtype=float)
    name = family.engine_name
    if name == "gaussian":
        return mu
    if name == "binomial":
        return np.log(mu) - np.log1p(-mu)
    if name == "poisson":
        return np.log(mu)
    if name == "Gamma":
        return -1 / mu
    if name == "inverse.gaussian":
        return -1 / (2 * mu**2)
    if name == "nbinom2" and theta is not None:
        return np.log(mu) - np.log(mu + theta)
    raise DataError(f"the cost of a fit by method='bootstrap' needs a natural parameter, which {family} does not have.")


def covariance_cost(natural_parameters: Matrix, responses: Matrix, scale: Vector) -> tuple[float, float]:
    """Sum of cov(lambda_i, y_i) times a scale over the rows, and its standard error by the number of draws.

    Parameters
    ----------
    natural_parameters, responses : ndarray, shape (draws, n)
        Natural parameters and responses, a row per draw.
    scale : ndarray
        Weight of each row over phi.
    """
    count = len(responses)
    by_draw = ((natural_parameters - natural_parameters.mean(axis=0)) * (responses - responses.mean(axis=0))) @ scale
    return float(by_draw.sum() / (count - 1)), float(by_draw.std(ddof=1) / np.sqrt(count))
