"""The families: a class each, in a file for each kind of response."""

from __future__ import annotations

from mixedmodels.families.counts import (
    Bell,
    ConwayMaxwellPoisson,
    GeneralizedPoisson,
    NegativeBinomial,
    NegativeBinomial1,
    NegativeBinomial12,
    Poisson,
)
from mixedmodels.families.measurements import Gamma, Gaussian, InverseGaussian, Lognormal, SkewNormal, StudentT, Tweedie
from mixedmodels.families.proportions import Beta, BetaBinomial, Binomial, OrderedBeta
from mixedmodels.families.truncated_counts import (
    TruncatedConwayMaxwellPoisson,
    TruncatedGeneralizedPoisson,
    TruncatedNegativeBinomial1,
    TruncatedNegativeBinomial2,
    TruncatedPoisson,
)

__all__ = [
    "GAUSSIAN",
    "KINDS",
    "Bell",
    "Beta",
    "BetaBinomial",
    "Binomial",
    "ConwayMaxwellPoisson",
    "Gamma",
    "Gaussian",
    "GeneralizedPoisson",
    "InverseGaussian",
    "Lognormal",
    "NegativeBinomial",
    "NegativeBinomial1",
    "NegativeBinomial12",
    "OrderedBeta",
    "Poisson",
    "SkewNormal",
    "StudentT",
    "TruncatedConwayMaxwellPoisson",
    "TruncatedGeneralizedPoisson",
    "TruncatedNegativeBinomial1",
    "TruncatedNegativeBinomial2",
    "TruncatedPoisson",
    "Tweedie",
]

KINDS = (
    Gaussian,
    Binomial,
    Poisson,
    Gamma,
    InverseGaussian,
    NegativeBinomial,
    NegativeBinomial1,
    NegativeBinomial12,
    GeneralizedPoisson,
    ConwayMaxwellPoisson,
    Bell,
    TruncatedPoisson,
    TruncatedNegativeBinomial1,
    TruncatedNegativeBinomial2,
    TruncatedGeneralizedPoisson,
    TruncatedConwayMaxwellPoisson,
    Beta,
    BetaBinomial,
    OrderedBeta,
    Lognormal,
    Tweedie,
    StudentT,
    SkewNormal,
)

GAUSSIAN = Gaussian()
