"""Any of the four records of a fit."""

from __future__ import annotations

from mixedmodels._typing import Matrix
from mixedmodels.fit.components.record import PredictorFit
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.record import GlmFit, GlmmFit, LinearFit, MixedFit

AnyMixedFit = MixedFit | GlmmFit
AnyFit = LinearFit | MixedFit | GlmFit | GlmmFit
AnyPredictor = AnyMixedFit | PredictorFit  # what has coefficients and random effects of one linear predictor


def effect_factors(fit: AnyPredictor) -> list[Matrix]:
    """L of every term with Var(b) = L L', each of shape (k, k)."""
    return [fit.effects_scale * t for t in factors(fit.theta, fit.sizes)]
