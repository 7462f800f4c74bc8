"""Likelihood-ratio tables: each model against the one before it, and sequences of models without random effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log, nan
from typing import Any

import numpy as np

from mixedmodels.estimates import wald
from mixedmodels.fit import likelihood
from mixedmodels.fit.any_fit import AnyFit
from mixedmodels.fit.record import LinearFit

Columns = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Likelihood:
    """A maximised log-likelihood, the number of parameters and the number of observations."""

    loglik: float
    npar: int
    nobs: int

    @property
    def aic(self) -> float:
        """-2 loglik + 2 npar."""
        return -2 * self.loglik + 2 * self.npar


def likelihood_of(fit: AnyFit, restricted: bool = False) -> Likelihood:
    """The likelihood of a fit; `restricted` takes the restricted likelihood of a linear model."""
    value = restricted_loglik(fit) if restricted and not fit.mixed and not fit.generalized else likelihood.loglik(fit)
    return Likelihood(value, likelihood.n_parameters(fit), likelihood.n_observations(fit))


def restricted_loglik(fit: LinearFit) -> float:
    """Restricted log-likelihood of a linear model: that of a mixed one whose random effects have no variance.

    ``-[(n - p) (1 + log(2 pi rss / (n - p))) + log|X'WX| - sum log w] / 2``, p the rank of X.
    """
    df = fit.df_resid
    if df == 0 or (fit.rss == 0 and not fit.known_sigma):
        return inf
    logdet = -float(np.linalg.slogdet(fit.vcov_unscaled)[1]) if len(fit.kept) else 0.0
    return -0.5 * (likelihood.residual_part(fit.rss, df, fit) + logdet - fit.sum_log_weights)


def is_restricted(fit: AnyFit) -> bool:
    """Whether the likelihood that was maximised is the restricted one."""
    return fit.reml


def ratio_table(models: Sequence[Likelihood]) -> Columns:
    """R's columns for models in ascending order of parameters; the last is `p_value`, NaN where none can be.

    The statistic is twice the gain over the model before, and 0 where there is no gain.
    """
    value = np.array([m.loglik for m in models])
    npar = np.array([m.npar for m in models])
    chisq = np.r_[nan, 2 * np.maximum(np.diff(value), 0)]
    df = np.r_[nan, np.diff(npar)]
    return {
        "npar": npar,
        "aic": np.array([m.aic for m in models]),
        "bic": np.array([-2 * m.loglik + log(m.nobs) * m.npar for m in models]),
        "loglik": value,
        "deviance": -2 * value,
        "chisq": chisq,
        "df": df,
        "p_value": wald.chi_squared_p(chisq, df),
    }


def deviance_table(resid_df: Sequence[int], deviance: Sequence[float], test: str, scale: float, fixed: bool) -> Columns:
    """R's table of a sequence of models without random effects, each against the one before it.

    Parameters
    ----------
    resid_df : sequence of int
        Residual degrees of freedom of each model, in the order given.
    deviance : sequence of float
        Deviance of each model, in the order given.
    test : str
        Test: "F", "Chisq" or "none".
    scale : float
        Dispersion of the largest model.
    fixed : bool
        Whether `scale` is known, so that F has infinitely many denominator degrees of freedom.
    """
    df = np.r_[nan, -np.diff(np.asarray(resid_df, dtype=float))]
    gain = np.r_[nan, -np.diff(np.asarray(deviance, dtype=float))]
    out: Columns = {"resid_df": np.array(resid_df), "resid_deviance": np.array(deviance), "df": df, "gain": gain}
    if test == "none":
        return out
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = gain / df / scale if test == "F" else gain / scale * np.sign(df)
    # Where a larger model fits worse, or none is larger, there is nothing to test.
    statistic = np.where((df == 0) | (statistic < 0), nan, statistic)
    if test == "F":
        least = float(min(resid_df))
        p = wald.f_p_values(statistic, np.abs(df), inf if fixed else least)
        return {**out, "f_value": statistic, "p_value": np.where(np.isnan(statistic), nan, p)}
    p = wald.chi_squared_p(np.nan_to_num(statistic), np.abs(df))
    return {**out, "p_value": np.where(np.isnan(statistic), nan, p)}
