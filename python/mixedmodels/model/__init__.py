"""The verbs: what a fitted model answers, each delegated to a function of its record."""

from mixedmodels.model.base import Model
from mixedmodels.model.build import build_glm, build_glmer, build_lm, build_lmer
from mixedmodels.model.generalized_linear import GeneralizedLinearModel
from mixedmodels.model.generalized_mixed import GeneralizedMixedModel
from mixedmodels.model.linear import LinearModel
from mixedmodels.model.mixed import MixedModel
from mixedmodels.model.persist import load
from mixedmodels.model.request import Request

__all__ = [
    "GeneralizedLinearModel",
    "GeneralizedMixedModel",
    "LinearModel",
    "MixedModel",
    "Model",
    "Request",
    "build_glm",
    "build_glmer",
    "build_lm",
    "build_lmer",
    "load",
]
