"""R-squared and the F test of a linear model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mixedmodels.design.records import Design
from mixedmodels.fit.moments import fixed_part
from mixedmodels.fit.record import LinearFit


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodness:
    """R squared, adjusted R squared, and F with its degrees of freedom (NaN where X has an intercept alone)."""

    r_squared: float
    adj_r_squared: float
    f: float
    df1: int
    df2: int


def goodness(design: Design, fit: LinearFit) -> Goodness:
    """R squared and F, about the (weighted) mean if X has an intercept and about 0 if not.

    As in R the fitted values have the offset in them.
    """
    intercept = -1 in design.fixed.assign
    mu = fixed_part(design, fit.kept, fit.beta, fit.n)
    w = 1.0 if design.weights is None else design.weights
    centre = float(np.average(mu, weights=design.weights)) if intercept else 0.0
    explained = float(np.sum(w * (mu - centre) ** 2))
    df1 = len(fit.kept) - intercept
    if df1 == 0:
        return Goodness(r_squared=0.0, adj_r_squared=0.0, f=math.nan, df1=0, df2=fit.df_resid)
    r2 = ratio(explained, explained + fit.rss)
    if fit.df_resid == 0 and not fit.known_sigma:
        return Goodness(r_squared=r2, adj_r_squared=math.nan, f=math.nan, df1=df1, df2=0)
    adjusted = 1 - (1 - r2) * (fit.n - intercept) / fit.df_resid if fit.df_resid else math.nan
    return Goodness(
        r_squared=r2, adj_r_squared=adjusted, f=ratio(explained / df1, fit.sigma**2), df1=df1, df2=fit.df_resid
    )


def ratio(a: float, b: float) -> float:
    """A / b, of a perfect fit infinite or NaN."""
    if b == 0:
        return math.nan if a == 0 else math.inf
    return a / b
