"""Maximum likelihood penalised by Jeffreys' prior: log-likelihood + log|X'WX| / 2 with the expected information.

With the logit link this is Firth's (1993) reduction of bias. For every link of a binomial model, and for Poisson
models, all estimates are finite whatever the data (Kosmidis and Firth 2021, Biometrika 108, 71-82). The score of the
penalty is sum_i h_i (d log W_i / d eta_i) x_i / 2, where h_i is the leverage of row i.
"""

from __future__ import annotations

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.fit.generalized_linear import irls

STENCIL = 1e-3  # step of the difference quotient, whose error is of the order of its fourth power


def solve(problem: irls.Problem, start: Vector | None, *, limit: int = 200) -> irls.Solution | None:
    """The penalised estimate; `deviance` of the solution is without the penalty."""
    family = problem.family
    if family.weights_role == "precision":
        raise DataError(
            f"penalty='jeffreys' is for families without a dispersion (binomial, Poisson, negative binomial), not for "
            f"{family}; leave it out."
        )

    def criterion(eta: Vector) -> float:
        value = problem.deviance(eta)
        return value - log_information(problem, eta) if np.isfinite(value) else np.inf

    def penalty(eta: Vector, w: Vector, root: Matrix) -> Vector:
        with np.errstate(all="ignore"):
            added = problem.leverage(w, root) * log_weight_slope(problem, eta) / (2 * w)
        return np.where(np.isfinite(added), added, 0.0)

    return irls.solve(problem, start, limit=5 * limit, penalty=penalty, criterion=criterion)


def log_information(problem: irls.Problem, eta: Vector) -> float:
    """log|X'WX|; minus infinity where it is singular."""
    root = problem.root(problem.working(eta)[0])
    with np.errstate(divide="ignore"):
        return 2 * float(np.log(np.abs(np.diag(root))).sum())


def log_weight_slope(problem: irls.Problem, eta: Vector) -> Vector:
    """D log W / d eta of every row, by a difference quotient of fourth order."""
    unbounded = problem.family.link in ("logit", "probit", "cloglog", "loglog", "cauchit", "log")
    h = np.full(len(eta), STENCIL) if unbounded else STENCIL * np.abs(eta)
    if unbounded and problem.family.support == "proportion" and problem.family.link == "log":
        h = STENCIL * np.minimum(1.0, np.abs(eta))

    def log_weight(at: Vector) -> Vector:
        return np.asarray(np.log(problem.working(at)[0]))

    near = log_weight(eta + h) - log_weight(eta - h)
    far = log_weight(eta + 2 * h) - log_weight(eta - 2 * h)
    return np.asarray((8 * near - far) / (12 * h))
