"""The log-likelihood of a generalised linear model, as R's ``logLik`` gives it.

Of families with a dispersion R takes its maximum likelihood estimate for given deviance, or nearly (of a Gamma one the
deviance over the sum of the weights), not the Pearson estimate that standard errors use.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.fit import family_moments

if TYPE_CHECKING:
    from mixedmodels.fit.generalized_linear.irls import Problem


def loglik(problem: Problem, eta: Vector, deviance: float, cases: Vector | None) -> float:
    """Log-likelihood at a linear predictor, all constants in it.

    Parameters
    ----------
    cases : ndarray or None
        Number of times that each row of a binomial family counts; weights over cases are the trials.
    """
    family = problem.family
    if family.weights_role == "precision":
        with np.errstate(divide="ignore"):
            return _WITH_DISPERSION[family.name](problem, family_moments.mean(family, eta), deviance)
    if cases is None:
        return float(np.sum(family.log_density(problem.y, problem.weights, eta)))
    return float(np.sum(cases * np.asarray(family.log_density(problem.y, problem.weights / cases, eta))))


def _gaussian(problem: Problem, mu: Vector, deviance: float) -> float:
    n = len(problem.y)
    if deviance <= 0:
        return math.inf
    return -0.5 * (n * (math.log(2 * math.pi * deviance / n) + 1) - float(np.log(problem.weights).sum()))


def _gamma(problem: Problem, mu: Vector, deviance: float) -> float:
    if deviance <= 0:
        return math.inf
    y, w = problem.y, problem.weights
    k = float(w.sum()) / deviance
    rows = k * np.log(k * y / mu) - np.log(y) - k * y / mu
    return float(w @ rows) - float(w.sum()) * math.lgamma(k)


def _inverse_gaussian(problem: Problem, mu: Vector, deviance: float) -> float:
    if deviance <= 0:
        return math.inf
    y, w = problem.y, problem.weights
    total = float(w.sum())
    return -0.5 * (total * (math.log(2 * math.pi * deviance / total) + 1) + 3 * float(w @ np.log(y)))


_WITH_DISPERSION: Mapping[str, Callable[[Problem, Vector, float], float]] = {
    "gaussian": _gaussian,
    "Gamma": _gamma,
    "inverse.gaussian": _inverse_gaussian,
}
