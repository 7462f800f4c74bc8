"""Shares of variance that a model explains: Nakagawa's R2 of mixed models, and those of likelihoods and predictions.

References
----------
Nakagawa and Schielzeth (2013), Methods in Ecology and Evolution 4, 133-142; Nakagawa, Johnson and Schielzeth (2017).
Magee (1990), The American Statistician 44, 250-253; Nagelkerke (1991), Biometrika 78, 691-692.
Tjur (2009), The American Statistician 63, 366-372.
McFadden (1974), in Zarembka, Frontiers in Econometrics, 105-142.
"""

from __future__ import annotations

from math import exp, expm1, nan

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.diagnose.quality.intraclass import share
from mixedmodels.estimates.variance_parts import Parts


def nakagawa(of: Parts) -> dict[str, float]:
    """R2 of the fixed effects alone ("marginal"), and of fixed and random effects together ("conditional").

    Random effects with a level per row are overdispersion and explain nothing.
    """
    marginal = share(of.fixed, of.total)
    return {"conditional": share(of.fixed + of.among, of.total), "marginal": marginal} if of.labels else {
        "marginal": marginal
    }  # fmt: skip


def by_level(of: Parts, null: Parts) -> dict[str, float]:
    """The decrease of the variance from that in the null model, of the rows within groups and of each group.

    A level at which the null model has no variance has NaN; where predictors make a variance larger, it is negative.
    """
    out = {"within": reduction(of.within, null.within)}
    for group in dict.fromkeys(of.groups):
        here = [
            float(sum(v for v, g, e in zip(p.random, p.groups, p.extra, strict=True) if g == group and not e))
            for p in (of, null)
        ]
        out[group] = reduction(*here)
    return out


def reduction(now: float, before: float) -> float:
    """1 - now / before, NaN where there was nothing to reduce."""
    return 1 - now / before if before > 0 else nan


def likelihood_ratio(loglik: float, null: float, n: int) -> dict[str, float]:
    """1 - (L0 / L)^(2 / n), and divided by the largest value that a probability of 1 for every row would give."""
    value = -expm1(2 / n * (null - loglik)) + 0.0  # no negative zero
    maximum = -expm1(2 / n * null)
    return {"lr": value, "lr_adjusted": value / maximum if maximum > 0 else nan}


def nagelkerke(loglik: float, null: float, null_deviance: float, n: int) -> float:
    """The likelihood-ratio R2 over its value for a model that fits every row exactly."""
    maximum = 1 - exp(-null_deviance / n)
    return likelihood_ratio(loglik, null, n)["lr"] / maximum if maximum > 0 else nan


def mcfadden(loglik: float, null: float, coefficients: int) -> dict[str, float]:
    """1 - l / l0, and with a log-likelihood lowered by the number of coefficients."""
    if null == 0:
        return {"mcfadden": nan, "mcfadden_adjusted": nan}
    return {"mcfadden": 1 - loglik / null, "mcfadden_adjusted": 1 - (loglik - coefficients) / null}


def tjur(successes: Vector, failures: Vector, mu: Vector) -> float:
    """Mean fitted probability of the trials that succeeded, less that of those that failed."""
    if successes.sum() == 0 or failures.sum() == 0:
        return nan
    return float(np.average(mu, weights=successes) - np.average(mu, weights=failures))


def of_predictions(y: Vector, mu: Vector, weights: Vector | None) -> float:
    """1 - residual sum of squares / sum of squares around the mean."""
    w = np.ones(len(y)) if weights is None else weights
    total = float(w @ (y - np.average(y, weights=w)) ** 2)
    return 1 - float(w @ (y - mu) ** 2) / total if total > 0 else nan
