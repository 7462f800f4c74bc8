"""Families of measurements; the words on density and variance are the engine's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from mixedmodels._typing import Vector
from mixedmodels.families.base import Family, Shapes


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
    variance_formula: ClassVar[str] = "sigma^2"
    least_squares: ClassVar[bool] = True
    has_deviance: ClassVar[bool] = True
    link: str = "identity"


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
    variance_formula: ClassVar[str] = "mu^2 / shape"
    least_squares: ClassVar[bool] = True
    has_deviance: ClassVar[bool] = True
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
    variance_formula: ClassVar[str] = "mu^3 / lambda"
    least_squares: ClassVar[bool] = True
    has_deviance: ClassVar[bool] = True
    link: str = "1/mu^2"


@dataclass(frozen=True)
class Lognormal(Family):
    """Positive responses whose logarithm is normal, by their own mean and standard deviation.

    Parameters
    ----------
    link : str
        One of "log", "identity", "inverse", "sqrt".

    Notes
    -----
    log y is normal with variance s^2 = log(1 + (sigma / mu)^2) and mean log mu - s^2 / 2, so that y has mean mu and
    variance sigma^2. A prior weight multiplies the log-likelihood of its row. The parameter estimated is psi = log
    sigma. Source: Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, chapter 14.
    """

    engine_name: ClassVar[str] = "lognormal"
    variance_formula: ClassVar[str] = "sigma^2"
    link: str = "log"


@dataclass(frozen=True)
class Tweedie(Family):
    """Sums of a random number of gamma variables: exactly 0, or a positive number.

    Parameters
    ----------
    power : float, optional
        Fixed power between 1 and 2; estimated with everything else where it is left out.
    link : str
        One of "log", "identity", "inverse", "sqrt".

    Notes
    -----
    A Poisson number, of mean mu^(2 - p) / (phi (2 - p)), of gamma jumps: mean mu and variance phi mu^p with a power
    p between 1 and 2. A prior weight multiplies the log-likelihood of its row. The parameters estimated are log phi
    and the logit of p - 1. Source: Dunn and Smyth (2005), Statistics and Computing 15, 267-280.
    """

    engine_name: ClassVar[str] = "tweedie"
    variance_formula: ClassVar[str] = "phi mu^power"
    has_deviance: ClassVar[bool] = True
    fixable: ClassVar[tuple[str, ...]] = ("power",)
    power: float | None = None
    link: str = "log"

    def unit_deviance(self, y: ArrayLike, mu: ArrayLike, psi: Shapes = ()) -> Vector:
        """Squared deviance residual of a row of weight 1, not divided by phi."""
        p = self.power if self.power is not None else float(self.shape_values(self._shape(psi))[1])
        y, mu = np.asarray(y, dtype=float), np.asarray(mu, dtype=float)
        parts = y ** (2 - p) / ((1 - p) * (2 - p)) - y * mu ** (1 - p) / (1 - p) + mu ** (2 - p) / (2 - p)
        return np.asarray(2 * parts)


@dataclass(frozen=True)
class StudentT(Family):
    """Errors with heavy tails around the mean.

    Parameters
    ----------
    df : float, optional
        Fixed degrees of freedom nu; estimated with everything else where they are left out.
    link : str
        One of "identity", "log", "inverse", "sqrt", "logit", "probit", "cloglog".

    Notes
    -----
    (y - mu) / sigma has Student's t distribution with nu degrees of freedom: mean mu where nu > 1, variance sigma^2
    nu / (nu - 2) where nu > 2; sigma is a scale, not the standard deviation. A prior weight multiplies the
    log-likelihood of its row. The parameters estimated are log sigma and log nu. Source: Lange, Little and Taylor
    (1989), Journal of the American Statistical Association 84, 881-896.
    """

    engine_name: ClassVar[str] = "t"
    variance_formula: ClassVar[str] = "sigma^2 df / (df - 2)"
    fixable: ClassVar[tuple[str, ...]] = ("df",)
    df: float | None = None
    link: str = "identity"


@dataclass(frozen=True)
class SkewNormal(Family):
    """Errors that are skewed around the mean.

    Parameters
    ----------
    link : str
        One of "identity", "log", "inverse", "sqrt", "logit", "probit", "cloglog".

    Notes
    -----
    A skew-normal variable of slant alpha with mean mu and standard deviation sigma: with delta = alpha / sqrt(1 +
    alpha^2) its scale is omega = sigma / sqrt(1 - 2 delta^2 / pi) and its location mu - omega delta sqrt(2 / pi).
    alpha = 0 is the normal distribution. A prior weight multiplies the log-likelihood of its row. The parameters
    estimated are log sigma and alpha. Source: Azzalini (1985), Scandinavian Journal of Statistics 12, 171-178.
    """

    engine_name: ClassVar[str] = "skewnormal"
    variance_formula: ClassVar[str] = "sigma^2"
    link: str = "identity"
