"""Predictions with standard errors and limits, as columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.estimates import wald
from mixedmodels.families import Family
from mixedmodels.fit import family_moments
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.predict.marginal import marginal_mean
from mixedmodels.predict.new_levels import new_level_slopes, new_level_variance
from mixedmodels.predict.target import Target
from mixedmodels.predict.variances import Spread

Interval = Literal["confidence", "prediction"]
Columns = dict[str, Vector]


@dataclass(frozen=True, slots=True)
class Form:
    """The form in which predictions are reported.

    Attributes
    ----------
    response : bool
        Whether predictions are means of the response, not linear predictors.
    se_fit : bool
        Whether standard errors are wanted.
    interval : {"confidence", "prediction"} or None
        Kind of limits.
    level : float
        Confidence level of the limits.
    """

    response: bool
    se_fit: bool
    interval: Interval | None
    level: float

    def columns(self, fit: Vector, se: Vector, low: Vector | None, high: Vector | None) -> Columns:
        """The columns of this form; NaN in all where a prediction is missing."""
        gone = np.isnan(fit)
        out = {"fit": fit}
        if self.se_fit:
            out["se_fit"] = np.where(gone, np.nan, se)
        if low is not None and high is not None:
            out["conf_low"] = np.where(gone, np.nan, np.minimum(low, high))
            out["conf_high"] = np.where(gone, np.nan, np.maximum(low, high))
        return out


def normal_columns(
    rows: Target,
    spread: Spread,
    form: Form,
    added_variance: tuple[Vector, Vector],
    noise: Vector,
    df: Callable[[bool], Vector | float],
) -> Columns:
    """Columns for a Gaussian response with the identity link: t limits, in closed form throughout.

    Parameters
    ----------
    added_variance : tuple of two ndarray
        Variances of effects of new levels, in the interval of the mean and in that of a new observation, shape (n,).
    noise : ndarray, shape (n,)
        Residual variances of new observations.
    df : callable
        Degrees of freedom of the variance of a mean (False) or of a new observation (True).
    """
    mean = spread.variance + added_variance[0]
    if form.interval is None:
        return form.columns(rows.eta, np.sqrt(mean), None, None)
    new = form.interval == "prediction"
    half = wald.quantile((1 + form.level) / 2, df(new))
    half = half * np.sqrt(spread.variance + added_variance[1] + noise if new else mean)
    return form.columns(rows.eta, np.sqrt(mean), rows.eta - half, rows.eta + half)


def family_columns(
    rows: Target, spread: Spread, form: Form, family: Family, added_variance: Vector, df: Vector | float = inf
) -> Columns:
    """Columns for a mean with a link: limits are computed for the linear predictor and carried to the response.

    Parameters
    ----------
    added_variance : ndarray, shape (n,)
        Variances of effects of unknown levels.
    """
    se = np.sqrt(spread.variance + added_variance)
    return _through_link(rows.eta, se, form, family, df)


def marginal_columns(
    fit: AnyMixedFit, rows: Target, spread: Spread, form: Form, family: Family, df: Vector | float = inf
) -> Columns:
    """Columns for means over random effects, whose variance is estimated too; `spread` is of the rest of eta."""
    n = len(rows)
    variance = new_level_variance(fit, rows.integrated, n)
    mean = marginal_mean(family, rows.eta, variance)
    eta = np.asarray(family.predictor(mean.mean))
    change = derivative_of_link(family, eta)
    slopes = spread.slopes * (mean.by_eta * change)[:, None]
    m = min(slopes.shape[1], len(fit.theta))
    if m:
        slopes[:, :m] += new_level_slopes(fit, rows.integrated, n) * (mean.by_variance * change)[:, None]
    own = Spread(spread.own * (mean.by_eta * change) ** 2, slopes, spread.covariance)
    unseen = new_level_variance(fit, rows.unseen, n) * (mean.by_eta * change) ** 2
    return _through_link(eta, np.sqrt(own.variance + unseen), form, family, df)


def derivative_of_link(family: Family, eta: Vector) -> Vector:
    """Derivative of the linear predictor in the mean, at a linear predictor."""
    with np.errstate(divide="ignore"):
        return np.asarray(1 / np.asarray(family.mean_derivative(eta)))


def _through_link(eta: Vector, se: Vector, form: Form, family: Family, df: Vector | float) -> Columns:
    low = high = None
    if form.interval is not None:
        half = wald.quantile((1 + form.level) / 2, df) * se
        low, high = eta - half, eta + half
    if not form.response:
        return form.columns(eta, se, low, high)
    slope = np.abs(family_moments.slope(family, eta))
    if low is not None and high is not None:
        low, high = np.asarray(family.mean(low)), np.asarray(family.mean(high))
    return form.columns(np.asarray(family.mean(eta)), slope * se, low, high)
