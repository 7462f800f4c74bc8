"""Means of a response over normal random effects: E h(eta + v), v ~ N(0, s^2), for the inverse h of a link.

In closed form for the links identity, log, sqrt and probit. Else by the trapezoidal rule over the normal density, whose
error for a function that is analytic within a distance d of the line is of the order of exp(-2 pi d / step).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.errors import DataError
from mixedmodels.families import Family

REACH = 9.0  # standard deviations; the normal density beyond is below 1e-17
STEP = 0.25  # of the rule, in standard deviations where these are below 1
CHUNK = 2_000_000  # numbers of a temporary array
NO_MEAN = ("inverse", "1/mu^2")


@dataclass(frozen=True, slots=True)
class MarginalMean:
    """Means with their derivatives, shape (n,).

    Attributes
    ----------
    mean : ndarray
        Mean of the response.
    by_eta, by_variance : ndarray
        Derivatives of the mean in eta and in s^2.
    """

    mean: Vector
    by_eta: Vector
    by_variance: Vector


def marginal_mean(family: Family, eta: Vector, variance: Vector) -> MarginalMean:
    """The mean of each linear predictor with the variance of its random effects.

    Raises
    ------
    DataError
        If the mean does not exist: a normal linear predictor leaves the domain of the link.
    """
    if family.link in NO_MEAN:
        raise DataError(
            f"kind='marginal' is the mean over normal random effects, which does not exist for link {family.link!r}, "
            "where the mean is infinite at 0; use kind='conditional' or 'typical', or fit with a log link."
        )
    if family.link == "identity":
        return MarginalMean(eta, np.ones_like(eta), np.zeros_like(eta))
    if family.link == "log":
        mean = np.exp(eta + variance / 2)
        return MarginalMean(mean, mean, mean / 2)
    if family.link == "sqrt":
        return MarginalMean(eta**2 + variance, 2 * eta, np.ones_like(eta))
    if family.link == "probit":
        spread = np.sqrt(1 + variance)
        slope = np.asarray(family.mean_derivative(eta / spread)) / spread
        return MarginalMean(np.asarray(family.mean(eta / spread)), slope, -slope * eta / (2 * (1 + variance)))
    return _by_rule(family, eta, variance)


def _by_rule(family: Family, eta: Vector, variance: Vector) -> MarginalMean:
    """The trapezoidal rule, rows in chunks."""
    out = [np.empty_like(eta) for _ in range(3)]
    sd = np.sqrt(variance)
    widest = float(np.nanmax(sd, initial=0.0))
    step = STEP / max(widest, 1.0)
    t = step * np.arange(-round(REACH / step), round(REACH / step) + 1)
    weight = np.exp(-(t**2) / 2)
    weight /= weight.sum()
    size = max(CHUNK // len(t), 1)
    for start in range(0, len(eta), size):
        rows = slice(start, start + size)
        at = eta[rows, None] + sd[rows, None] * t
        slope = np.asarray(family.mean_derivative(at))
        out[0][rows] = np.asarray(family.mean(at)) @ weight
        out[1][rows] = slope @ weight
        with np.errstate(divide="ignore", invalid="ignore"):  # without variance its derivative is not used
            out[2][rows] = np.where(sd[rows] > 0, slope @ (weight * t) / (2 * sd[rows]), 0.0)
    return MarginalMean(*out)
