"""Log-likelihood and what is counted against it."""

from __future__ import annotations

import math

from mixedmodels.fit.any_fit import AnyFit
from mixedmodels.fit.record import LinearFit, MixedFit


def n_parameters(fit: AnyFit) -> int:
    """Fixed effects, covariance parameters, and the residual variance or what else a family has free.

    Examples
    --------
    >>> fit.npar, lin.npar, gm.npar
    (6, 3, 5)
    """
    own = len(fit.kept) + len(fit.theta) + (len(fit.free_shapes) or int(fit.has_dispersion))
    return own + fit.n_further


def loglik(fit: AnyFit) -> float:
    """Log-likelihood at the estimates; of a REML fit the restricted one."""
    if fit.mixed:
        return -fit.criterion / 2
    if fit.generalized:
        return fit.loglik
    return -0.5 * (residual_part(fit.rss, fit.n, fit) - fit.sum_log_weights)


def ml_deviance(fit: MixedFit) -> float:
    """-2 log-likelihood at the fitted theta with beta and sigma maximising it; for a REML fit too (eq. dev-ml)."""
    return fit.logdet_u + residual_part(fit.pwrss, fit.n, fit) - fit.sum_log_weights


def reml_criterion(fit: MixedFit) -> float:
    """-2 restricted log-likelihood at the fitted theta, for an ML fit too (eq. dev-reml)."""
    df = fit.n - len(fit.kept)
    return fit.logdet_u + fit.logdet_x + residual_part(fit.pwrss, df, fit) - fit.sum_log_weights


def residual_part(rss: float, df: int, fit: LinearFit | MixedFit) -> float:
    """Df log(2 pi sigma^2) + rss / sigma^2, at the sigma that is known or at the best one, rss / df."""
    if fit.known_sigma:
        return df * (math.log(2 * math.pi) + 2 * math.log(fit.sigma)) + (rss / fit.sigma) / fit.sigma
    return df * (1 + math.log(2 * math.pi * rss / df)) if rss > 0 else -math.inf


def aic(fit: AnyFit) -> float:
    """-2 log-likelihood + 2 parameters.

    Examples
    --------
    >>> round(fit.aic, 2)
    1755.63
    """
    return -2 * loglik(fit) + 2 * n_parameters(fit)


def bic(fit: AnyFit) -> float:
    """-2 log-likelihood + log(n) parameters, n being the rows used."""
    return -2 * loglik(fit) + math.log(n_observations(fit)) * n_parameters(fit)


def n_observations(fit: AnyFit) -> int:
    """Rows used; of a glm those with positive weight."""
    return fit.df_resid + len(fit.kept) if fit.generalized and not fit.mixed else fit.n


def df_resid(fit: AnyFit) -> int:
    """Rows less parameters; of a mixed model the variance parameters count too."""
    return fit.n - n_parameters(fit) if fit.mixed else fit.df_resid
