"""Families of proportions; the words on density and variance are the engine's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from mixedmodels._typing import Vector
from mixedmodels.families.base import Family, Shapes
from mixedmodels.families.other_mean import OtherMean
from mixedmodels.families.shape_scale import SHARE


@dataclass(frozen=True)
class Binomial(Family):
    """Share y of successes in m trials, each of which succeeds with probability mu.

    Parameters
    ----------
    link : str
        One of "logit", "probit", "cloglog", "loglog", "cauchit", "log".

    Notes
    -----
    P(m y = k) = choose(m, k) mu^k (1 - mu)^(m - k), with mean mu and variance mu (1 - mu) / m; the prior weight is the
    number of trials m. Source: McCullagh and Nelder (1989), Generalized Linear Models, chapter 4.
    """

    engine_name: ClassVar[str] = "binomial"
    variance_formula: ClassVar[str] = "mu (1 - mu) / m"
    least_squares: ClassVar[bool] = True
    has_deviance: ClassVar[bool] = True
    link: str = "logit"


@dataclass(frozen=True)
class Beta(Family):
    """Proportions strictly between 0 and 1.

    Parameters
    ----------
    link : str
        One of "logit", "probit", "cloglog", "loglog", "cauchit", "log".

    Notes
    -----
    p(y) = y^(a - 1) (1 - y)^(b - 1) / B(a, b) with a = mu phi and b = (1 - mu) phi, mean mu and variance mu (1 -
    mu) / (1 + phi). A prior weight multiplies the log-likelihood of its row. The parameter estimated is psi = log
    phi. Source: Ferrari and Cribari-Neto (2004), Journal of Applied Statistics 31, 799-815.
    """

    engine_name: ClassVar[str] = "beta"
    variance_formula: ClassVar[str] = "mu (1 - mu) / (1 + phi)"
    link: str = "logit"


@dataclass(frozen=True)
class BetaBinomial(Family):
    """Share y of successes in m trials, whose probability varies from row to row.

    Parameters
    ----------
    link : str
        One of "logit", "probit", "cloglog", "loglog", "cauchit", "log".

    Notes
    -----
    P(m y = k) = choose(m, k) B(k + a, m - k + b) / B(a, b) with a = mu phi and b = (1 - mu) phi, mean mu and
    variance mu (1 - mu) (phi + m) / (phi + 1) / m; the prior weight is the number of trials m. The parameter
    estimated is psi = log phi; large phi is nearly binomial. Source: Morris (1997), American Naturalist 150,
    299-327.
    """

    engine_name: ClassVar[str] = "betabinomial"
    variance_formula: ClassVar[str] = "mu (1 - mu) (phi + m) / (phi + 1) / m"
    link: str = "logit"

    def variance(self, mu: ArrayLike, psi: Shapes = (), weights: ArrayLike | None = None) -> Vector:
        """Variance of a proportion of `weights` trials, times their number."""
        phi = self.shape_values(self._shape(psi))[0]
        more = 0.0 if weights is None else np.maximum(np.asarray(weights, dtype=float) - 1, 0.0)
        return np.asarray(super().variance(mu, psi) * (1 + more / (1 + phi)))


@dataclass(frozen=True)
class OrderedBeta(OtherMean):
    """Proportions between 0 and 1, both included.

    Parameters
    ----------
    link : str
        One of "logit", "probit", "cloglog", "loglog", "cauchit".

    Notes
    -----
    With the linear predictor eta and cutpoints c < d: P(0) = 1 / (1 + exp(eta - c)), P(1) = 1 / (1 + exp(d - eta)),
    and between them a beta variable of mean mu and precision phi. A prior weight multiplies the log-likelihood of
    its row. The parameters estimated are log phi, c and log(d - c). Source: Kubinec (2023), Political Analysis 31,
    519-536. The mean of the response is P(1) + (1 - P(0) - P(1)) mu.
    """

    engine_name: ClassVar[str] = "ordbeta"
    variance_formula: ClassVar[str] = (
        "p1 + q (mu^2 + mu (1 - mu) / (1 + phi)) - M^2; M = p1 + q mu; q = 1 - p0 - p1; "
        "p0 = 1 / (1 + exp(eta - lower)); p1 = 1 / (1 + exp(lower + gap - eta))"
    )
    link: str = "logit"

    def _response_mean(self, eta: Vector) -> tuple[Vector, Vector]:
        _, lower, gap = self.at_shapes
        mu, slope = np.asarray(self.handle.mean(eta)), np.asarray(self.handle.mean_derivative(eta))
        none, all_of_it = SHARE.value(lower - eta), SHARE.value(eta - lower - np.exp(gap))
        none_slope, all_slope = -none * (1 - none), all_of_it * (1 - all_of_it)
        between = 1 - none - all_of_it
        return all_of_it + between * mu, all_slope - (none_slope + all_slope) * mu + between * slope

    def params(self, psi: Shapes) -> dict[str, float]:
        """Shares at eta = 0 that lie below and above the cutoffs, as glmmTMB reports them."""
        _, lower, gap = self.shape_values(psi)
        cutoffs = SHARE.value(np.array([lower, lower + gap]))
        return {"lower cutoff": float(cutoffs[0]), "upper cutoff": float(cutoffs[1])}
