"""Log-likelihoods of single rows and their derivatives in the linear predictor, written down family by family.

By the chain rule from derivatives in the mean: plain and certain away from the extremes, where `scipy.special` has no
help to offer. Everything is one number per row; psi is the logarithm of the one shape parameter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Array = NDArray[np.float64]

_NORMAL = stats.norm


def mean(link: str, eta: Array) -> tuple[Array, Array, Array, Array]:
    """The mean, one less the mean (of use for probabilities), and two derivatives of the mean."""
    one = np.ones_like(eta)
    with np.errstate(all="ignore"):  # what lies outside a link's domain becomes nan here and -inf later
        if link == "logit":
            p, q = special.expit(eta), special.expit(-eta)
            return p, q, p * q, p * q * (q - p)
        if link == "probit":
            return _NORMAL.cdf(eta), _NORMAL.sf(eta), _NORMAL.pdf(eta), -eta * _NORMAL.pdf(eta)
        if link == "cloglog":
            t = np.exp(eta)
            return -np.expm1(-t), np.exp(-t), t * np.exp(-t), t * (1 - t) * np.exp(-t)
        if link == "loglog":
            t = np.exp(-eta)
            return np.exp(-t), -np.expm1(-t), t * np.exp(-t), t * (t - 1) * np.exp(-t)
        if link == "cauchit":
            d = 1 / (np.pi * (1 + eta**2))
            return stats.cauchy.cdf(eta), stats.cauchy.sf(eta), d, -2 * eta / (1 + eta**2) * d
        if link == "log":
            mu = np.exp(eta)
            return mu, -np.expm1(eta), mu, mu
        if link == "sqrt":
            return eta**2, 1 - eta**2, 2 * eta, 2 * one
        if link == "identity":
            return eta, 1 - eta, one, 0 * one
        if link == "inverse":
            return 1 / eta, 1 - 1 / eta, -(eta**-2.0), 2 * eta**-3.0
        if link == "1/mu^2":
            return eta**-0.5, 1 - eta**-0.5, -0.5 * eta**-1.5, 0.75 * eta**-2.5
    raise ValueError(link)


def inside(family: str, link: str, eta: Array) -> Array:
    """Whether a row's linear predictor gives a mean that the family can have."""
    mu, rest, _, _ = mean(link, eta)
    positive = (eta > 0) if link in ("inverse", "1/mu^2") and family != "gaussian" else np.ones(eta.shape, bool)
    if family == "binomial":
        return positive & (mu > 0) & (rest > 0)
    if family == "gaussian":
        return np.isfinite(mu)
    return positive & (mu > 0) & np.isfinite(mu)


def log_density(family: str, link: str, y: Array, w: Array, eta: Array, psi: float) -> Array:
    """Log-likelihood of every row, all constants in it; -inf outside the domain of the link."""
    mu, rest, _, _ = mean(link, eta)
    shape = np.exp(psi)
    with np.errstate(all="ignore"):
        if family == "binomial":
            s = np.rint(y * w)
            constant = special.gammaln(w + 1) - special.gammaln(s + 1) - special.gammaln(w - s + 1)
            out = constant + special.xlogy(s, mu) + special.xlogy(w - s, rest)
        elif family == "poisson":
            out = w * (special.xlogy(y, mu) - mu - special.gammaln(y + 1))
        elif family == "nbinom2":
            out = w * stats.nbinom.logpmf(y, shape, shape / (shape + mu))
        elif family == "Gamma":
            out = stats.gamma.logpdf(y, shape * w, scale=mu / (shape * w))
        elif family == "inverse.gaussian":
            lam = shape * w
            out = 0.5 * np.log(lam / (2 * np.pi * y**3)) - lam * (y - mu) ** 2 / (2 * mu**2 * y)
        else:
            out = stats.norm.logpdf(y, mu, shape / np.sqrt(w))
    return np.where(inside(family, link, eta), out, -np.inf)


def _in_the_mean(family: str, y: Array, w: Array, mu: Array, rest: Array, psi: float) -> tuple[Array, Array, Array]:
    """First and second derivative of the log-likelihood in the mean, and minus the expected second one."""
    shape = np.exp(psi)
    if family == "binomial":
        s, f = y * w, (1 - y) * w
        return s / mu - f / rest, -s / mu**2 - f / rest**2, w / (mu * rest)
    if family == "poisson":
        return w * (y / mu - 1), -w * y / mu**2, w / mu
    if family == "nbinom2":
        total = shape + mu
        return (
            w * (y / mu - (y + shape) / total),
            w * (-y / mu**2 + (y + shape) / total**2),
            w * shape / (mu * total),
        )
    a = shape * w
    if family == "Gamma":
        return a * (y - mu) / mu**2, a * (mu - 2 * y) / mu**3, a / mu**2
    if family == "inverse.gaussian":
        return a * (y - mu) / mu**3, a * (2 * mu - 3 * y) / mu**4, a / mu**3
    precision = w / shape**2
    return precision * (y - mu), -precision + 0 * mu, precision + 0 * mu


def derivatives(
    family: str, link: str, y: Array, w: Array, eta: Array, psi: float
) -> tuple[Array, Array, Array]:  # fmt: skip
    """dl / d eta, the observed weight -d2l / d eta2, and the expected one."""
    mu, rest, d1, d2 = mean(link, eta)
    first, second, expected = _in_the_mean(family, y, w, mu, rest, psi)
    return first * d1, -(second * d1**2 + first * d2), expected * d1**2


def response(given: Any, weights: Any) -> tuple[Array, Array]:
    """Proportions and trials from a design's response: a column, or successes and failures side by side."""
    y = np.asarray(given, float)
    if y.ndim == 2:
        trials = y.sum(axis=1)
        return y[:, 0] / trials, trials
    return y, np.ones(len(y)) if weights is None else np.asarray(weights, float)
