"""Families of counts; the words on density and variance are the engine's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from mixedmodels._typing import Vector
from mixedmodels.families.base import Family, Shapes


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
    variance_formula: ClassVar[str] = "mu"
    least_squares: ClassVar[bool] = True
    has_deviance: ClassVar[bool] = True
    link: str = "log"


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
    variance_formula: ClassVar[str] = "mu + mu^2 / theta"
    least_squares: ClassVar[bool] = True
    has_deviance: ClassVar[bool] = True
    fixable: ClassVar[tuple[str, ...]] = ("theta",)
    theta: float | None = None
    link: str = "log"


@dataclass(frozen=True)
class NegativeBinomial1(Family):
    """Counts whose variance is a multiple of their mean.

    Parameters
    ----------
    link : str
        One of "log", "sqrt", "identity".

    Notes
    -----
    A negative binomial count of size mu / phi, with mean mu and variance mu (1 + phi); phi near 0 is nearly
    Poisson. A prior weight multiplies the log-likelihood of its row. The parameter estimated is psi = log phi.
    Source: Hardin and Hilbe (2007), Generalized Linear Models and Extensions, section 13.
    """

    engine_name: ClassVar[str] = "nbinom1"
    variance_formula: ClassVar[str] = "mu (1 + phi)"
    link: str = "log"


@dataclass(frozen=True)
class NegativeBinomial12(Family):
    """Counts whose variance has a linear and a quadratic part.

    Parameters
    ----------
    link : str
        One of "log", "sqrt", "identity".

    Notes
    -----
    A negative binomial count with mean mu and variance mu (1 + phi + mu / psi): nbinom1 for large psi, nbinom2 for
    phi near 0. A prior weight multiplies the log-likelihood of its row. The parameters estimated are log phi and
    log psi. Source: Brooks, Kristensen, van Benthem and others (2017), The R Journal 9, 378-400.
    """

    engine_name: ClassVar[str] = "nbinom12"
    variance_formula: ClassVar[str] = "mu (1 + phi + mu / psi)"
    link: str = "log"


@dataclass(frozen=True)
class GeneralizedPoisson(Family):
    """Counts whose variance is a multiple of their mean, larger or smaller.

    Parameters
    ----------
    link : str
        One of "log", "sqrt", "identity".

    Notes
    -----
    P(y = k) = a (a + b k)^(k - 1) exp(-a - b k) / k!, with a = mu / sqrt(phi) and b = 1 - 1 / sqrt(phi), mean mu
    and variance phi mu. Below phi = 1 counts with a + b k < 0 have no probability, and what is left adds up to 1
    only nearly. A prior weight multiplies the log-likelihood of its row. The parameter estimated is psi = log phi.
    Source: Consul and Famoye (1992), Communications in Statistics: Theory and Methods 21, 89-109.
    """

    engine_name: ClassVar[str] = "genpois"
    variance_formula: ClassVar[str] = "phi mu"
    link: str = "log"


@dataclass(frozen=True)
class ConwayMaxwellPoisson(Family):
    """Counts with less or more variance than the Poisson distribution.

    Parameters
    ----------
    link : str
        One of "log", "sqrt", "identity".

    Notes
    -----
    P(y = k) is proportional to lambda^k / (k!)^nu with nu = 1 / phi, and lambda such that the mean is mu; phi = 1
    is Poisson, below it the variance is smaller than the mean, above it larger. A prior weight multiplies the
    log-likelihood of its row. The parameter estimated is psi = log phi. Source: Huang (2017), Statistical Modelling
    17, 359-380.
    """

    engine_name: ClassVar[str] = "compois"
    variance_formula: ClassVar[str] = "sum of (k - mu)^2 p(k)"
    link: str = "log"


@dataclass(frozen=True)
class Bell(Family):
    """Counts with more variance than the Poisson distribution and no further parameter.

    Parameters
    ----------
    link : str
        One of "log", "sqrt", "identity".

    Notes
    -----
    P(y = k) = theta^k exp(1 - exp(theta)) B_k / k!, with B_k the Bell numbers and theta exp(theta) = mu: mean mu
    and variance mu (1 + theta). A prior weight multiplies the log-likelihood of its row. Source: Castellares,
    Ferrari and Lemonte (2018), Applied Mathematical Modelling 56, 172-185.
    """

    engine_name: ClassVar[str] = "bell"
    variance_formula: ClassVar[str] = "mu (1 + W(mu))"
    has_deviance: ClassVar[bool] = True
    link: str = "log"

    def unit_deviance(self, y: ArrayLike, mu: ArrayLike, psi: Shapes = ()) -> Vector:
        """Squared deviance residual of a row of weight 1: 2 (y log(t_y / t_mu) - e^t_y + e^t_mu), t e^t the mean."""
        from scipy.special import lambertw, xlogy

        y, mu = np.broadcast_arrays(np.asarray(y, dtype=float), np.asarray(mu, dtype=float))
        at_y, at_mu = lambertw(y).real, lambertw(mu).real
        ratio = np.divide(at_y, at_mu, out=np.ones_like(at_y), where=y > 0)
        return np.asarray(2 * (xlogy(y, ratio) - np.exp(at_y) + np.exp(at_mu)))
