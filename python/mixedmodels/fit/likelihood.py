"""Log-likelihood and what is counted against it."""

from __future__ import annotations

import math

from mixedmodels.fit.record import LinearFit, MixedFit


def n_parameters(fit: LinearFit | MixedFit) -> int:
    """Fixed effects, covariance parameters and the residual variance."""
    covariance = len(fit.theta) if isinstance(fit, MixedFit) else 0
    return len(fit.kept) + covariance + 1


def loglik(fit: LinearFit | MixedFit) -> float:
    """Log-likelihood at the estimates; of a REML fit the restricted one."""
    if isinstance(fit, MixedFit):
        return -fit.criterion / 2
    if fit.rss == 0:
        return math.inf
    return -0.5 * (fit.n * (math.log(2 * math.pi * fit.rss / fit.n) + 1) - fit.sum_log_weights)


def ml_deviance(fit: MixedFit) -> float:
    """-2 log-likelihood at the fitted theta with beta and sigma maximising it; for a REML fit too (eq. dev-ml)."""
    return fit.logdet_u + fit.n * (1 + math.log(2 * math.pi * fit.pwrss / fit.n)) - fit.sum_log_weights


def reml_criterion(fit: MixedFit) -> float:
    """-2 restricted log-likelihood at the fitted theta, for an ML fit too (eq. dev-reml)."""
    df = fit.n - len(fit.kept)
    return fit.logdet_u + fit.logdet_x + df * (1 + math.log(2 * math.pi * fit.pwrss / df)) - fit.sum_log_weights


def aic(fit: LinearFit | MixedFit) -> float:
    """-2 log-likelihood + 2 parameters."""
    return -2 * loglik(fit) + 2 * n_parameters(fit)


def bic(fit: LinearFit | MixedFit) -> float:
    """-2 log-likelihood + log(n) parameters, n being the rows used."""
    return -2 * loglik(fit) + math.log(fit.n) * n_parameters(fit)


def df_resid(fit: LinearFit | MixedFit) -> int:
    """Rows less parameters; of a mixed model the variance parameters count too."""
    return fit.n - n_parameters(fit) if isinstance(fit, MixedFit) else fit.df_resid
