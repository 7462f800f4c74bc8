"""Linear and generalised linear mixed-effects models for Python, with R's formulas and lme4's functions.

Fits come from an exact and fast engine in Rust.

>>> import mixedmodels as mm
>>> sleep = mm.datasets.load("sleepstudy")
>>> fit = mm.lmer("Reaction ~ Days + (Days | Subject)", sleep)
>>> print(fit.summary())  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mixedmodels.errors import (
    ConvergenceWarning,
    DataError,
    DesignError,
    FileError,
    FitError,
    FormulaError,
    MissingFileError,
    MissingLibraryError,
    MixedModelsError,
    MixedModelsWarning,
    PerfectFitWarning,
    RankDeficientWarning,
    SeparationWarning,
    SingularFitWarning,
    UnidentifiedWarning,
    UnknownColumnError,
)

if TYPE_CHECKING:
    # Not in __all__, as ``from mixedmodels import *`` would hide the package scikit-learn behind the one.
    from mixedmodels import datasets, errors, families, plot
    from mixedmodels import r as r
    from mixedmodels import sklearn as sklearn
    from mixedmodels.api import fit_many, glm, glm_nb, glmer, glmer_nb, glmmTMB, lm, lm_list, lmer
    from mixedmodels.diagnose.quality.model_table import model_table
    from mixedmodels.diagnose.residuals.record import SimulatedResiduals
    from mixedmodels.fit.record import Control
    from mixedmodels.fit.threads import set_threads, threads
    from mixedmodels.inference.glht.mcp import mcp
    from mixedmodels.model import GeneralizedLinearModel, GeneralizedMixedModel, LinearModel, MixedModel
    from mixedmodels.model.components import ComponentsModel
    from mixedmodels.model.loading import load
    from mixedmodels.power.make import make_glm, make_glmer, make_lm, make_lmer, simulate_response
    from mixedmodels.simulate.crossing import crossing
    from mixedmodels.simulate.expressions import by_level
    from mixedmodels.simulate.outcomes import response
    from mixedmodels.simulate.population import population
    from mixedmodels.simulate.predictors import groups, predictor

__version__ = "0.1.0"

# Name -> its module, which is imported at first use, so that `import mixedmodels` stays fast.
_ROOMS = {
    "ComponentsModel": "model.components",
    "Control": "fit.record",
    "GeneralizedLinearModel": "model",
    "GeneralizedMixedModel": "model",
    "LinearModel": "model",
    "MixedModel": "model",
    "SimulatedResiduals": "diagnose.residuals.record",
    "by_level": "simulate.expressions",
    "crossing": "simulate.crossing",
    "fit_many": "api",
    "glm": "api",
    "glm_nb": "api",
    "glmer": "api",
    "glmmTMB": "api",
    "glmer_nb": "api",
    "groups": "simulate.predictors",
    "lm": "api",
    "lm_list": "api",
    "lmer": "api",
    "load": "model.loading",
    "make_glm": "power.make",
    "make_glmer": "power.make",
    "make_lm": "power.make",
    "make_lmer": "power.make",
    "mcp": "inference.glht.mcp",
    "model_table": "diagnose.quality.model_table",
    "population": "simulate.population",
    "predictor": "simulate.predictors",
    "response": "simulate.outcomes",
    "set_threads": "fit.threads",
    "simulate_response": "power.make",
    "threads": "fit.threads",
}
_SUBMODULES = ("api", "datasets", "errors", "families", "plot", "r", "sklearn")

__all__ = [
    "ComponentsModel",
    "Control",
    "ConvergenceWarning",
    "DataError",
    "DesignError",
    "FileError",
    "FitError",
    "FormulaError",
    "GeneralizedLinearModel",
    "GeneralizedMixedModel",
    "LinearModel",
    "MissingFileError",
    "MissingLibraryError",
    "MixedModel",
    "MixedModelsError",
    "MixedModelsWarning",
    "PerfectFitWarning",
    "RankDeficientWarning",
    "SeparationWarning",
    "SimulatedResiduals",
    "SingularFitWarning",
    "UnidentifiedWarning",
    "UnknownColumnError",
    "__version__",
    "by_level",
    "crossing",
    "datasets",
    "errors",
    "families",
    "fit_many",
    "glm",
    "glm_nb",
    "glmer",
    "glmer_nb",
    "glmmTMB",
    "groups",
    "lm",
    "lm_list",
    "lmer",
    "load",
    "make_glm",
    "make_glmer",
    "make_lm",
    "make_lmer",
    "mcp",
    "model_table",
    "plot",
    "population",
    "predictor",
    "response",
    "set_threads",
    "simulate_response",
    "threads",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        value = getattr(import_module(f"mixedmodels.{_ROOMS[name]}"), name)
    elif name in _SUBMODULES:
        value = import_module(f"mixedmodels.{name}")
    else:
        raise AttributeError(f"module 'mixedmodels' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
