"""Design, residuals and working covariance of fitted models, for the sandwich."""

from __future__ import annotations

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import DataError
from mixedmodels.fit import family_moments
from mixedmodels.fit.moments import fixed_part
from mixedmodels.fit.ols import dense_columns
from mixedmodels.fit.record import GlmFit, LinearFit, MixedFit
from mixedmodels.inference.robust.clusters import Working


def working(design: Design, fit: LinearFit | MixedFit | GlmFit) -> Working:
    """Design, residuals and working covariance of a linear, linear mixed or generalised linear model."""
    x = dense_columns(design, fit.kept, fit.n)
    if fit.generalized:
        if not fit.family.least_squares:
            raise DataError(
                f"a robust covariance of {fit.family} without random effects needs the scores of its shapes, which it "
                "does not have; take bootstrap(), or a mixed model, whose clusters' scores have all parameters."
            )
        mu = family_moments.mean(fit.family, fit.eta)
        w = (1.0 if fit.weights is None else fit.weights) / family_moments.variance(fit.family, mu)
        x *= family_moments.slope(fit.family, fit.eta)[:, None]
        used = w > 0  # rows of weight 0 have no information and no variance
        x[~used] = 0.0
        bread = np.asarray(np.linalg.inv(x.T @ (w[:, None] * x)), dtype=np.float64)
        return Working(x=x, residual=np.where(used, fit.y - mu, 0.0), precision=np.where(used, w, 1.0), bread=bread)
    assert design.response is not None
    residual: Vector = design.response - fixed_part(design, fit.kept, fit.beta, fit.n)
    w = np.ones(fit.n) if design.weights is None else design.weights
    if fit.mixed:
        return Working(x=x, residual=residual, precision=w, bread=fit.vcov_unscaled, random=(design, fit))
    return Working(x=x, residual=residual, precision=w, bread=fit.vcov_unscaled, inverse=design.weights is None)
