"""Distributions of a response and their links, with one log-likelihood per observation.

>>> import mixedmodels as mm
>>> mm.families.Binomial(link="probit").mean(0.0)
array(0.5)
"""

from __future__ import annotations

from typing import Any

from mixedmodels.families.base import Family
from mixedmodels.families.kinds import (
    GAUSSIAN,
    Bell,
    Beta,
    BetaBinomial,
    Binomial,
    ConwayMaxwellPoisson,
    Gamma,
    Gaussian,
    GeneralizedPoisson,
    InverseGaussian,
    Lognormal,
    NegativeBinomial,
    NegativeBinomial1,
    NegativeBinomial12,
    OrderedBeta,
    Poisson,
    SkewNormal,
    StudentT,
    TruncatedConwayMaxwellPoisson,
    TruncatedGeneralizedPoisson,
    TruncatedNegativeBinomial1,
    TruncatedNegativeBinomial2,
    TruncatedPoisson,
    Tweedie,
)
from mixedmodels.families.resolve import classes, resolve

__all__ = [
    "GAUSSIAN",
    "Bell",
    "Beta",
    "BetaBinomial",
    "Binomial",
    "ConwayMaxwellPoisson",
    "Family",
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
    "classes",
    "resolve",
]


def __getattr__(name: str) -> Any:
    # A family that only the engine has: its class is made when it is asked for.
    for cls in classes().values():
        if cls.__name__ == name:
            return cls
    raise AttributeError(f"module 'mixedmodels.families' has no attribute {name!r}")
