"""Uniformity of scaled residuals: Kolmogorov and Smirnov's test."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.tables.test_record import ResidualTest, check_alternative

EXACT_BELOW = 100  # observations, as R's ks.test has it
NAMES = {"two.sided": "D", "greater": "D^+", "less": "D^-"}
SIDES = {
    "two.sided": "two-sided",
    "greater": "the CDF of x lies above the null hypothesis",
    "less": "the CDF of x lies below the null hypothesis",
}


def uniformity(residuals: Vector, alternative: str = "two.sided", exact: bool | None = None) -> ResidualTest:
    """Kolmogorov and Smirnov's test against the uniform distribution on (0, 1).

    Parameters
    ----------
    residuals : ndarray, shape (n,)
        Residuals.
    exact : bool, optional
        Whether the p-value is of the exact distribution; None below 100 observations without ties, as in R.
    """
    alternative = check_alternative(alternative)
    n = len(residuals)
    if exact is None:
        exact = n < EXACT_BELOW and len(np.unique(residuals)) == n
    above = np.clip(np.sort(residuals), 0.0, 1.0) - np.arange(n) / n
    sides = {"greater": float((1 / n - above).max()), "less": float(above.max())}
    d = max(sides.values()) if alternative == "two.sided" else sides[alternative]
    return ResidualTest(
        method=f"{'Exact' if exact else 'Asymptotic'} one-sample Kolmogorov-Smirnov test",
        statistics={NAMES[alternative]: d},
        p_value=p_value(d, n, alternative, exact),
        alternative=SIDES[alternative],
    )


def p_value(d: float, n: int, alternative: str, exact: bool) -> float:
    """P(D >= d) of n observations; exact, or in the limit of large n."""
    from scipy.special import kolmogorov, smirnov

    if alternative != "two.sided":
        out = smirnov(n, min(max(d, 0.0), 1.0)) if exact else exp(-2 * n * d * d)
    elif exact:
        from scipy.stats import kstwo

        out = kstwo.sf(d, n)
    else:
        out = kolmogorov(sqrt(n) * d)
    return min(1.0, max(0.0, float(out)))
