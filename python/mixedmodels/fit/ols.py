"""A design without random terms -> weighted least squares -> a `LinearFit`."""

from __future__ import annotations

import math

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import DesignError
from mixedmodels.fit import checks, degenerate
from mixedmodels.fit.lmm import HUGE, TINY, kept_columns
from mixedmodels.fit.record import LinearFit


def fit_ols(design: Design, sigma: float | None = None) -> LinearFit:
    """Fit a linear model by a QR decomposition of sqrt(W) X.

    Columns that are combinations of earlier ones are aliased, as in R. Without a known
    `sigma` it is NaN where there are no degrees of freedom.
    """
    y = response = checks.response(design)
    if design.random:
        raise DesignError(f"random term ({design.random[0].text}) in a call of lm(); use lmer().")
    n = len(y)
    weights = design.weights
    kept = kept_columns(design.fixed, n, weights)
    x = dense_columns(design, kept, n)
    root = None if weights is None else np.sqrt(weights)
    if root is not None:
        x *= root[:, None]
        y = y * root
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        q, r = np.linalg.qr(x)
        beta = np.linalg.solve(r, q.T @ y) if kept else np.empty(0)
        residual = y - x @ beta
        rss = float(residual @ residual)
        inverse = np.linalg.solve(r, np.eye(len(kept))) if kept else np.empty((0, 0))
        vcov = inverse @ inverse.T
    df = n - len(kept)
    if not np.isfinite(vcov).all() or not TINY < rss < HUGE or len(kept) < len(design.fixed.columns):
        wrong = degenerate.columns_out_of_scale(design, response)
        if wrong is not None:
            raise wrong
    return LinearFit(
        n=n,
        kept=kept,
        beta=beta,
        sigma=_estimated(rss, df) if sigma is None else sigma,
        rss=rss,
        df_resid=df,
        vcov_unscaled=vcov,
        sum_log_weights=0.0 if weights is None else float(np.log(weights).sum()),
        known_sigma=sigma is not None,
        exact=sigma is None and df > 0 and _exact(rss / df, y - residual if root is None else (y - residual) / root),
    )


def _estimated(rss: float, df: int) -> float:
    return math.sqrt(rss / df) if df else math.nan


def _exact(variance: float, mu: Vector) -> bool:
    """Whether a residual variance is rounding error beside the fitted values; the bound is R's."""
    return variance <= 1e-30 * float(np.mean(mu) ** 2 + np.var(mu))


def dense_columns(design: Design, chosen: tuple[int, ...], n: int) -> Matrix:
    """Chosen columns of X as an (n, len(chosen)) array of its own."""
    x = np.empty((n, len(chosen)), order="F")
    for place, j in enumerate(chosen):
        column: Vector | None = design.fixed.columns[j]
        x[:, place] = 1.0 if column is None else column
    return x
