"""A negative binomial model whose theta is estimated with the coefficients, as R's ``glm.nb`` does.

Var(y) = mu + mu^2 / theta. Coefficients for given theta and theta for given means are maximised in turn; as the
information between them is 0 on average, few turns are needed.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import DataError, FitError
from mixedmodels.fit.generalized_linear.glm import fit_glm
from mixedmodels.fit.record import Control, GlmFit
from mixedmodels.fit.responses import family_response

if TYPE_CHECKING:
    from mixedmodels.families import Family

TURNS = 100
SETTLED = 1e-10  # relative change of theta
LARGEST_THETA = 1e7  # a theta beyond this is Poisson's: its digits are lost in the score


def fit_glm_nb(
    design: Design, link: str = "log", *, penalty: str | None = None, control: Control | None = None
) -> GlmFit:
    """Fit a negative binomial model and its theta.

    Raises
    ------
    DataError
        If a penalty is asked for.
    FitError
        If the counts vary no more than Poisson's, so that theta is infinite.
    """
    from mixedmodels.families import NegativeBinomial, Poisson

    if penalty is not None:
        raise DataError(
            f"penalty={penalty!r} is for a known theta, as in mm.families.NegativeBinomial(theta=2); leave it out."
        )
    family_response(design, NegativeBinomial(theta=1.0, link=link))  # refuses in this family's name, not in Poisson's
    poisson: Family = Poisson(link=link)
    fit = fit_glm(design, poisson, control=control)
    if not fit.y.any():
        raise FitError(
            f"the counts {design.response_name!r} are 0 in every row: neither mean nor theta can be estimated."
        )
    theta, turns, settled = _moment_estimate(fit), 0, False
    while turns < TURNS and not settled:
        turns += 1
        new, information = theta_at_means(fit, theta)
        if not new < LARGEST_THETA:
            raise FitError(
                f"theta of {design.formula!r} grows beyond {LARGEST_THETA:.0e}: the counts {design.response_name!r} "
                "vary no more around their means than Poisson's do; fit glm(..., family='poisson')."
            )
        settled = turns > 1 and abs(new - theta) <= SETTLED * theta
        theta = new
        start = np.zeros(len(design.fixed.names))
        start[list(fit.kept)] = fit.beta
        fit = fit_glm(design, NegativeBinomial(theta=theta, link=link), start=start, control=control)
    return replace(fit, estimated_theta=theta, theta_se=1 / math.sqrt(information), converged=fit.converged and settled)


def _used(fit: GlmFit) -> tuple[Vector, Vector, Vector]:
    """Response, means and weights of the rows of positive weight."""
    mu = np.asarray(fit.family.mean(fit.eta), dtype=float)
    if fit.weights is None:
        return fit.y, mu, np.ones(len(mu))
    rows = fit.weights > 0
    return fit.y[rows], mu[rows], fit.weights[rows]


def _moment_estimate(fit: GlmFit) -> float:
    y, mu, w = _used(fit)
    return float(w.sum() / np.maximum(w @ (y / mu - 1) ** 2, np.finfo(float).tiny))


def theta_at_means(fit: GlmFit, theta: float) -> tuple[float, float]:
    """The maximum likelihood estimate of theta at the means of a fit, and the information on it there.

    Newton's steps are taken in log(theta), where the likelihood is nearer to a parabola, each at most a factor of e^2.
    """
    y, mu, w = _used(fit)
    for _ in range(100):
        score, information = _score(theta, y, mu, w)
        curvature = theta * theta * information - theta * score  # minus the second derivative in log(theta)
        step = theta * score / curvature if curvature > 0 else math.copysign(1.0, score)
        theta *= math.exp(min(2.0, max(-2.0, step)))
        if abs(step) < 1e-13 or theta > LARGEST_THETA:
            break
    return theta, _score(theta, y, mu, w)[1]


def _score(theta: float, y: Vector, mu: Vector, w: Vector) -> tuple[float, float]:
    """First derivative of the log-likelihood in theta, and minus the second."""
    from scipy.special import digamma, polygamma

    both = theta + mu
    first = digamma(theta + y) - digamma(theta) + np.log(theta / both) + (mu - y) / both
    second = polygamma(1, theta + y) - polygamma(1, theta) + 1 / theta - 1 / both - (mu - y) / (both * both)
    return float(w @ first), -float(w @ second)
