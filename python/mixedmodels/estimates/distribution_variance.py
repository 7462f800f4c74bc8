"""The distribution-specific variance on the scale of the linear predictor (Nakagawa, Johnson and Schielzeth, 2017).

The response of a generalised model varies on its own scale. To stand beside the variances of random effects, which are
on the scale of the linear predictor eta = g(mu), its variance is carried over to that scale:

    "theoretical"   of a latent variable whose threshold gives the binary outcome: pi^2 / 3 with the logit link, 1 with
                    the probit, pi^2 / 6 with the complementary log-log and the log-log link
    "delta"         phi V(mu) g'(mu)^2, the first-order approximation, for every family and link
    "lognormal"     log(1 + phi V(mu) / mu^2), with a log link
    "trigamma"      trigamma(mu^2 / (phi V(mu))), with a log link; exact for a Gamma response

References
----------
Nakagawa, Johnson and Schielzeth (2017), Journal of the Royal Society Interface 14, 20170213.
"""

from __future__ import annotations

from math import log1p, pi
from typing import TYPE_CHECKING, Literal

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.errors import DataError

if TYPE_CHECKING:
    from mixedmodels.families import Family

Approximation = Literal["theoretical", "delta", "lognormal", "trigamma"]
MeanOf = Literal["marginal", "intercept", "observed"]

MEANS: tuple[MeanOf, ...] = ("marginal", "intercept", "observed")
LATENT = {"logit": pi**2 / 3, "probit": 1.0, "cloglog": pi**2 / 6, "loglog": pi**2 / 6}
LATENT_TEXT = {"logit": "pi^2 / 3", "probit": "1", "cloglog": "pi^2 / 6", "loglog": "pi^2 / 6"}
NO_MEAN = ("inverse", "1/mu^2")  # links whose inverse has no mean under a normal predictor
NODES = 61


def approximation_of(family: Family, approximation: str | None) -> Approximation:
    """The approximation for a family, by default what the field uses.

    Raises
    ------
    DataError
        If there is none of this name for the family and its link.
    """
    possible = approximations(family)
    if approximation is None:
        return possible[0]
    for name in possible:
        if name == approximation:
            return name
    raise DataError(f"approximation is {approximation!r}; for {family} it can be {', '.join(map(repr, possible))}.")


def approximations(family: Family) -> tuple[Approximation, ...]:
    """All that there are for a family, the default first.

    Examples
    --------
    >>> from mixedmodels.estimates.distribution_variance import approximations
    >>> approximations(mm.families.Binomial())
    ('theoretical', 'delta')
    """
    if family.support == "proportion":
        return ("theoretical", "delta") if family.link in LATENT else ("delta",)
    return ("lognormal", "delta", "trigamma") if family.link == "log" and family.support != "real" else ("delta",)


def mean_of(family: Family, mean: str | None) -> MeanOf:
    """The mean at which the variance is computed.

    Raises
    ------
    DataError
        If there is none of this name, or it does not exist for the link.
    """
    if mean is None:
        return "marginal" if _has_marginal_mean(family) else "observed"
    if mean == "marginal" and not _has_marginal_mean(family):
        raise DataError(
            f"with the link {family.link!r} not every linear predictor has a mean, so that a mean over normal random "
            "effects does not exist; use mean='observed' or 'intercept'."
        )
    for name in MEANS:
        if name == mean:
            return name
    raise DataError(f"mean is {mean!r}; it can be 'marginal', 'intercept' or 'observed'.")


def _has_marginal_mean(family: Family) -> bool:
    """Whether every linear predictor, of whatever sign, has a mean."""
    return family.link not in NO_MEAN and bool(np.isfinite(family.mean([-5.0, 5.0])).all())


def variance_at(family: Family, approximation: Approximation, mu: float, psi: Vector | tuple[float, ...]) -> float:
    """Variance of a row with mean `mu` and weight 1 (of a proportion: of one trial) on the scale of the predictor.

    Parameters
    ----------
    psi : ndarray or tuple of float
        Logarithms of the family's free shapes.
    """
    if approximation == "theoretical":
        return LATENT[family.link]
    variance = family.dispersion(psi) * float(family.variance(mu, psi))
    if approximation == "delta":
        slope = float(family.mean_derivative(family.predictor(mu)))
        return variance / slope**2
    ratio = variance / mu**2
    if approximation == "lognormal":
        return log1p(ratio)
    from scipy.special import polygamma

    return float(polygamma(1, 1 / ratio))


def needs_mean(family: Family, approximation: Approximation, psi: Vector | tuple[float, ...]) -> bool:
    """Whether the variance depends on the mean: not for a latent variable, nor where g stabilises the variance."""
    if approximation == "theoretical":
        return False
    low, high = (variance_at(family, approximation, mu, psi) for mu in (0.25, 0.5))
    return not np.isclose(low, high, rtol=1e-9)


def marginal_mean(family: Family, eta: Vector, variance: float) -> float:
    """Mean response over rows and over normal effects of a variance, added to the predictors `eta`, shape (n,)."""
    if variance <= 0:
        return float(np.mean(family.mean(eta)))
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    values, counts = np.unique(eta, return_counts=True)
    means = np.array([family.mean(values + z) @ counts for z in nodes * np.sqrt(variance)])
    return float(weights @ means / weights.sum() / len(eta))


def in_words(family: Family, approximation: Approximation) -> str:
    """The approximation as it is printed."""
    if approximation == "theoretical":
        return f"{LATENT_TEXT[family.link]}, of the latent variable of the {family.link} link"
    if approximation == "delta":
        return "phi V(mu) g'(mu)^2 (delta method)"
    return "log(1 + phi V(mu) / mu^2) (lognormal)" if approximation == "lognormal" else "trigamma(mu^2 / (phi V(mu)))"
