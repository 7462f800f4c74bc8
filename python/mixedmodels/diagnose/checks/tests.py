"""Tests of a model's assumptions: normality, equal variance, independence of neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedmodels._typing import Matrix, Vector

MAX_SHAPIRO = 5000  # from here on Kolmogorov and Smirnov's test, as R's performance
AT_ONCE = 2**22  # numbers of simulated residuals that are looked at together


@dataclass(frozen=True, slots=True)
class Test:
    """A statistic with its p-value; NaN where there is too little to test."""

    name: str
    statistic: float
    p_value: float
    method: str
    df: float | None = None


def normality(residuals: Vector) -> Test:
    """Shapiro and Wilk's test of up to 5,000 residuals; of more, Kolmogorov and Smirnov's against N(0, 1)."""
    from scipy import stats

    values = residuals[np.isfinite(residuals)]
    if len(values) >= MAX_SHAPIRO:
        test = stats.kstest(values, "norm", method="asymp")
        method = "Kolmogorov and Smirnov's test of normality"
        return Test("Kolmogorov-Smirnov D", float(test.statistic), float(test.pvalue), method)
    method = "Shapiro and Wilk's test of normality"
    if len(values) < 3 or np.ptp(values) <= 1e-12 * np.abs(values).max(initial=0.0):
        return Test("Shapiro-Wilk W", np.nan, np.nan, method)
    test = stats.shapiro(values)
    return Test("Shapiro-Wilk W", float(test.statistic), float(test.pvalue), method)


def heteroscedasticity(pearson: Vector, fitted: Vector, sigma: float, df: int) -> Test:
    """Breusch and Pagan's test that the residual variance does not change with the fitted values.

    Parameters
    ----------
    pearson : ndarray
        Weighted residuals.
    df : int
        Residual degrees of freedom.
    """
    from scipy.special import chdtrc

    n = len(pearson)
    x = fitted - fitted.mean()
    method = "Breusch and Pagan's test of equal variance"
    size = float(x @ x)
    if df <= 0 or not sigma > 0 or size <= 1e-20 * max(float(fitted @ fitted), 1e-300):
        return Test("Breusch-Pagan Chisq", np.nan, np.nan, method, 1.0)
    u = pearson**2 / (df * sigma**2 / n)
    statistic = float(x @ (u - u.mean())) ** 2 / size / 2
    return Test("Breusch-Pagan Chisq", statistic, float(chdtrc(1.0, statistic)), method, 1.0)


def autocorrelation(residuals: Vector, x: Matrix, nsim: int, rng: np.random.Generator) -> Test:
    """Durbin and Watson's test of neighbouring rows, its two-sided p-value from resampled residuals.

    Parameters
    ----------
    x : ndarray
        The model matrix, shape (n, p); the resampled residuals are freed from what it explains.
    nsim : int
        Number of resamples.
    """
    n, method = len(residuals), "Durbin and Watson's test, its p-value from resampled residuals"
    if n < 3:
        return Test("Durbin-Watson", np.nan, np.nan, method)
    statistic = durbin_watson(residuals)
    q = np.linalg.qr(x)[0] if x.shape[1] else x
    above, done, batch = 0, 0, max(1, AT_ONCE // n)
    while done < nsim:
        count = min(batch, nsim - done)
        drawn = residuals[rng.integers(n, size=(n, count))]
        drawn = drawn - q @ (q.T @ drawn)
        above += int(np.sum(statistic < durbin_watson(drawn)))
        done += count
    p = above / nsim
    return Test("Durbin-Watson", float(statistic), 2 * min(p, 1 - p), method)


def durbin_watson(residuals: Matrix | Vector) -> float:
    """Sum of squared differences of neighbours over the sum of squares, of each column."""
    value: float = (np.diff(residuals, axis=0) ** 2).sum(axis=0) / (residuals**2).sum(axis=0)
    return value
