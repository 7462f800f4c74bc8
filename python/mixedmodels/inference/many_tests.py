"""Tests of many fits at once."""

from __future__ import annotations

import numpy as np

from mixedmodels.fit.record import Matrix


def p_values(statistic: Matrix, df: Matrix) -> Matrix:
    """Two-sided p-values of t statistics, each with its own degrees of freedom; infinite ones are normal.

    Where degrees of freedom are missing, so is the p-value.
    """
    from scipy.special import ndtr, stdtr

    out = np.full(statistic.shape, np.nan)
    normal, finite = np.isinf(df), np.isfinite(df) & (df > 0)
    tail = -np.abs(statistic)
    out[normal] = 2 * ndtr(tail[normal])
    out[finite] = 2 * stdtr(df[finite], tail[finite])
    return out
