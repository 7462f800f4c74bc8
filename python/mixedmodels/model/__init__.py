"""Fitted models. Each class composes its verbs; a verb calls a function that reads the model's record."""

from mixedmodels.fitted.request import Request
from mixedmodels.model.build import build_glm, build_glmer, build_lm, build_lmer
from mixedmodels.model.glm import GeneralizedLinearModel
from mixedmodels.model.glmer import GeneralizedMixedModel
from mixedmodels.model.lm import LinearModel
from mixedmodels.model.lmer import MixedModel
from mixedmodels.model.verbs import Model

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
]
