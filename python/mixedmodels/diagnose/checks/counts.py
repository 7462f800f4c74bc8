"""Overdispersion of counts and proportions, and the number of zeros that a family expects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedmodels._typing import Matrix, Vector


@dataclass(frozen=True, slots=True)
class Dispersion:
    """Pearson's chi-squared beside its degrees of freedom."""

    chisq: float
    ratio: float
    df: int
    p_value: float


def overdispersion(pearson: Vector, df: int) -> Dispersion:
    """Test that squared Pearson residuals sum to their degrees of freedom; small p-values mean more variation."""
    from scipy.special import chdtrc

    chisq = float(pearson @ pearson)
    if df <= 0:
        return Dispersion(chisq, np.nan, df, np.nan)
    return Dispersion(chisq, chisq / df, df, float(chdtrc(df, chisq)))


@dataclass(frozen=True, slots=True)
class Zeros:
    """Zeros that were observed, and the number that the model expects."""

    observed: int
    expected: float

    @property
    def ratio(self) -> float:
        """Expected over observed; below 1 where the model has too few."""
        return self.expected / self.observed if self.observed else np.nan


def expected_zeros(y: Vector, probability: Vector) -> Zeros:
    """Zeros of a response, and the sum of their probabilities given the means."""
    return Zeros(int(np.sum(y == 0)), float(probability.sum()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """Rows grouped by fitted value, b bins.

    Attributes
    ----------
    fitted, residual : ndarray, shape (b,)
        Means of fitted values and residuals in each bin.
    rows : ndarray, shape (b,)
        Number of rows of each bin.
    low, high : ndarray, shape (b,)
        Limits within which a bin's mean residual lies if residuals are of mean 0.
    error : ndarray, shape (b,)
        Standard error of each mean residual.
    """

    fitted: Vector
    residual: Vector
    rows: Vector
    low: Vector
    high: Vector
    error: Vector

    @property
    def inside(self) -> float:
        """Share of bins whose mean residual lies within its limits."""
        return float(np.mean((self.residual >= self.low) & (self.residual <= self.high)))


def binned(fitted: Vector, residual: Vector, bins: int | None = None) -> Bins:
    """Mean residuals of rows with similar fitted values (Gelman and Hill 2007, section 5.6).

    Parameters
    ----------
    bins : int, optional
        Number of bins; None for the root of the number of rows. Bins of fewer than two rows are left out.
    """
    from scipy.special import ndtri

    n = len(fitted)
    count = round(np.sqrt(n)) if bins is None else bins
    inner = np.sort(fitted)[np.floor(n * np.arange(1, count) / count).astype(int) - 1]
    of = np.searchsorted(np.unique(inner), fitted, side="left")
    rows: Matrix = np.bincount(of)[np.unique(of)].astype(float)
    means = [np.bincount(of, v)[np.unique(of)] / rows for v in (fitted, residual)]
    squares = np.bincount(of, residual**2)[np.unique(of)] - rows * means[1] ** 2
    kept = rows > 1
    rows = rows[kept]
    error = np.sqrt(np.maximum(squares[kept], 0.0) / (rows - 1) / rows)
    far = float(ndtri(0.975)) * error
    return Bins(fitted=means[0][kept], residual=means[1][kept], rows=rows, low=-far, high=far, error=error)
