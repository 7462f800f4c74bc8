"""Families of counts that are never 0: those of all counts, given that the count is not 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.families.other_mean import OtherMean

# v and p0 are the variance and the probability of 0 of all counts.
VARIANCE = "(v + mu^2) / (1 - p0) - M^2; M = mu / (1 - p0)"


class Truncated(OtherMean):
    """Counts without their zeros: the mean of the response is mu / (1 - p(0)), with p(0) that of the `whole` family."""

    whole: ClassVar[str] = ""

    def _response_mean(self, eta: Vector) -> tuple[Vector, Vector]:
        whole = self._handle_of(self.whole)
        psi, zero = list(self.at_shapes), np.zeros(len(eta))
        log_zero = np.asarray(whole.log_density(zero, None, eta, psi))
        slope = np.asarray(whole.derivatives(zero, None, eta, psi)["g"])  # of log p(0)
        mu, mu_slope = np.asarray(whole.mean(eta)), np.asarray(whole.mean_derivative(eta))
        rest = -np.expm1(log_zero)
        # Near mu = 0 the mean goes to 1, and its slope loses digits only where it no longer matters.
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.where(rest > 0, mu / rest, np.where(mu >= 0, 1.0, np.nan))
            return mean, np.where(rest > 0, (mu_slope + mean * np.exp(log_zero) * slope) / rest, 0.0)


@dataclass(frozen=True)
class TruncatedPoisson(Truncated):
    """Poisson counts without their zeros; mu is the mean of all counts, zeros included.

    Parameters
    ----------
    link : str
        One of "log", "sqrt", "identity".

    Notes
    -----
    P(y = k) = p(k) / (1 - p(0)) for k = 1, 2, ..., with p the probabilities of poisson and p(0) = exp(-mu); the
    mean of the response is mu / (1 - p(0)). A prior weight multiplies the log-likelihood of its row.
    """

    engine_name: ClassVar[str] = "truncated_poisson"
    variance_formula: ClassVar[str] = f"{VARIANCE}; v = mu; p0 = exp(-mu)"
    whole: ClassVar[str] = "poisson"
    link: str = "log"


@dataclass(frozen=True)
class TruncatedNegativeBinomial1(Truncated):
    """Negative binomial counts with linear variance, without their zeros; mu is the mean of all of them.

    Parameters
    ----------
    link : str
        One of "log", "sqrt", "identity".

    Notes
    -----
    P(y = k) = p(k) / (1 - p(0)) for k = 1, 2, ..., with p the probabilities of nbinom1 and p(0) = (1 + phi)^(-mu /
    phi); the mean of the response is mu / (1 - p(0)). A prior weight multiplies the log-likelihood of its row.
    """

    engine_name: ClassVar[str] = "truncated_nbinom1"
    variance_formula: ClassVar[str] = f"{VARIANCE}; v = mu (1 + phi); p0 = (1 + phi)^(-mu / phi)"
    whole: ClassVar[str] = "nbinom1"
    link: str = "log"


@dataclass(frozen=True)
class TruncatedNegativeBinomial2(Truncated):
    """Negative binomial counts with quadratic variance, without their zeros; mu is the mean of all of them.

    Parameters
    ----------
    link : str
        One of "log", "sqrt", "identity".

    Notes
    -----
    P(y = k) = p(k) / (1 - p(0)) for k = 1, 2, ..., with p the probabilities of nbinom2 and p(0) = (1 + mu /
    theta)^(-theta); the mean of the response is mu / (1 - p(0)). A prior weight multiplies the log-likelihood of
    its row.
    """

    engine_name: ClassVar[str] = "truncated_nbinom2"
    variance_formula: ClassVar[str] = f"{VARIANCE}; v = mu + mu^2 / theta; p0 = (1 + mu / theta)^(-theta)"
    whole: ClassVar[str] = "nbinom2"
    link: str = "log"


@dataclass(frozen=True)
class TruncatedGeneralizedPoisson(Truncated):
    """Generalised Poisson counts without their zeros; mu is the mean of all counts, zeros included.

    Parameters
    ----------
    link : str
        One of "log", "sqrt", "identity".

    Notes
    -----
    P(y = k) = p(k) / (1 - p(0)) for k = 1, 2, ..., with p the probabilities of genpois and p(0) = exp(-mu /
    sqrt(phi)); the mean of the response is mu / (1 - p(0)). A prior weight multiplies the log-likelihood of its
    row.
    """

    engine_name: ClassVar[str] = "truncated_genpois"
    variance_formula: ClassVar[str] = f"{VARIANCE}; v = phi mu; p0 = exp(-mu / sqrt(phi))"
    whole: ClassVar[str] = "genpois"
    link: str = "log"


@dataclass(frozen=True)
class TruncatedConwayMaxwellPoisson(Truncated):
    """Conway-Maxwell-Poisson counts without their zeros; mu is the mean of all counts, zeros included.

    Parameters
    ----------
    link : str
        One of "log", "sqrt", "identity".

    Notes
    -----
    P(y = k) = p(k) / (1 - p(0)) for k = 1, 2, ..., with p the probabilities of compois and p(0) = 1 / Z; the mean
    of the response is mu / (1 - p(0)). A prior weight multiplies the log-likelihood of its row.
    """

    engine_name: ClassVar[str] = "truncated_compois"
    variance_formula: ClassVar[str] = f"{VARIANCE}; v = sum of (k - mu)^2 p(k); p0 = p(0)"
    whole: ClassVar[str] = "compois"
    link: str = "log"
