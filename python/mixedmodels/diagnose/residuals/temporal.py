"""Temporal autocorrelation of scaled residuals: Durbin and Watson's test."""

from __future__ import annotations

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.diagnose.residuals.quadratic_form import upper_tail
from mixedmodels.errors import DataError
from mixedmodels.tables.test_record import ResidualTest, check_alternative

EXACT_BELOW = 100  # observations, as lmtest's dwtest has it
FEWEST = 5
SIDES = {
    "two.sided": "true autocorrelation is not 0",
    "greater": "true autocorrelation is greater than 0",
    "less": "true autocorrelation is less than 0",
}


def temporal(
    residuals: Vector, time: Vector, alternative: str = "two.sided", exact: bool | None = None
) -> ResidualTest:
    """Durbin and Watson's test of residuals around their mean, in the order of time.

    Parameters
    ----------
    residuals, time : ndarray, shape (n,)
        Residuals and times.
    exact : bool, optional
        Whether the p-value is of the exact distribution for normal errors, or of a normal approximation; None below 100
        observations, as in lmtest.

    Raises
    ------
    DataError
        If two observations are of one time, or there are fewer than 5.
    """
    alternative = check_alternative(alternative)
    n = len(residuals)
    if n < FEWEST:
        raise DataError(f"there are {n} residuals; a test for temporal autocorrelation needs {FEWEST}.")
    if len(np.unique(time)) < n:
        raise DataError(
            f"{n} residuals have {len(np.unique(time))} different times, and a test for temporal autocorrelation needs "
            "one at a time; aggregate them by recalculate(group=...), or choose one series by recalculate(sel=...)."
        )
    r = residuals[np.argsort(time, kind="stable")]
    r = r - r.mean()
    total = float(r @ r)
    if total == 0:
        raise DataError("all residuals are the same, so they have no autocorrelation.")
    dw = float(np.square(np.diff(r)).sum()) / total
    lower = _exact(dw, n) if (n < EXACT_BELOW if exact is None else exact) else _approximate(dw, n)
    p = {"greater": lower, "less": 1 - lower, "two.sided": 2 * min(lower, 1 - lower)}[alternative]
    return ResidualTest(
        method="Durbin-Watson test", statistics={"DW": dw}, p_value=float(p), alternative=SIDES[alternative]
    )


def _exact(dw: float, n: int) -> float:
    """P(DW < dw): with a mean alone the matrix of differences has these eigenvalues."""
    eigenvalues = 2 - 2 * np.cos(np.pi * np.arange(1, n) / n)
    return upper_tail(dw - eigenvalues, 0.0)


def _approximate(dw: float, n: int) -> float:
    """The p-value from a normal distribution with the statistic's mean and variance."""
    from scipy.special import ndtr

    p, q, df = 2 * (n - 1), 2 * (3 * n - 4), n - 1
    mean = p / df
    variance = 2 / (df * (df + 2)) * (q - p * mean)
    return float(ndtr((dw - mean) / np.sqrt(variance)))
