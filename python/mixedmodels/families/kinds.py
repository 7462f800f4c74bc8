"""The families, one class each; the words on density and variance are the engine's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mixedmodels.families.base import Family


@dataclass(frozen=True)
class Gaussian(Family):
    """Normal errors around the mean.

    Parameters
    ----------
    link : str
        One of "identity", "log", "inverse", "sqrt", "1/mu^2", "logit", "probit", "cauchit", "cloglog", "loglog".

    Notes
    -----
    p(y) = exp(-(y - mu)^2 / (2 sigma^2)) / (sigma sqrt(2 pi)), with mean mu and variance sigma^2, which is the
    dispersion. A row of prior weight w has variance sigma^2 / w. The parameter estimated is psi = log sigma. Source:
    McCullagh and Nelder (1989), Generalized Linear Models, chapter 3.
    """

    engine_name: ClassVar[str] = "gaussian"
    link: str = "identity"


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
    link: str = "logit"


@dataclass(frozen=True)
class Poisson(Family):
    """Counts whose variance is their mean.

    Parameters
    ----------
    link : str
        One of "log", "sqrt", "identity".

    Notes
    -----
    P(y = k) = mu^k exp(-mu) / k!, with mean and variance mu; a prior weight multiplies the log-likelihood of its row.
    Source: McCullagh and Nelder (1989), Generalized Linear Models, chapter 6.
    """

    engine_name: ClassVar[str] = "poisson"
    link: str = "log"


@dataclass(frozen=True)
class Gamma(Family):
    """Positive responses whose standard deviation is proportional to their mean.

    Parameters
    ----------
    link : str
        One of "inverse", "log", "identity".

    Notes
    -----
    p(y) = (a / mu)^a y^(a - 1) exp(-a y / mu) / Gamma(a) with shape a, mean mu and variance mu^2 / a: the dispersion is
    1 / a. A row of prior weight w has shape w a. The parameter estimated is psi = log a. Source: McCullagh and Nelder
    (1989), Generalized Linear Models, chapter 8.
    """

    engine_name: ClassVar[str] = "Gamma"
    link: str = "inverse"


@dataclass(frozen=True)
class InverseGaussian(Family):
    """Positive responses whose variance grows with the cube of their mean.

    Parameters
    ----------
    link : str
        One of "1/mu^2", "log", "inverse", "identity".

    Notes
    -----
    p(y) = sqrt(lambda / (2 pi y^3)) exp(-lambda (y - mu)^2 / (2 mu^2 y)), with mean mu and variance mu^3 / lambda: the
    dispersion is 1 / lambda. A row of prior weight w has w lambda. The parameter estimated is psi = log lambda. Source:
    Chhikara and Folks (1989), The Inverse Gaussian Distribution.
    """

    engine_name: ClassVar[str] = "inverse.gaussian"
    link: str = "1/mu^2"


@dataclass(frozen=True)
class NegativeBinomial(Family):
    """Counts whose variance exceeds their mean: a Poisson count whose rate varies as a gamma variable.

    Parameters
    ----------
    theta : float, optional
        Fixed theta; estimated with everything else where it is left out.
    link : str
        One of "log", "sqrt", "identity".

    Notes
    -----
    P(y = k) = Gamma(k + theta) / (Gamma(theta) k!) mu^k theta^theta / (mu + theta)^(k + theta), with mean mu and
    variance mu + mu^2 / theta; large theta is nearly Poisson. A prior weight multiplies the log-likelihood of its row.
    Unless theta is fixed, the parameter estimated is psi = log theta. Source: Venables and Ripley (2002), Modern
    Applied Statistics with S, section 7.4.
    """

    engine_name: ClassVar[str] = "nbinom2"
    theta: float | None = None
    link: str = "log"


GAUSSIAN = Gaussian()
