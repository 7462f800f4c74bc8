"""New responses drawn from fitted models, and from models that were never fitted."""

from mixedmodels.simulate.responses import (
    checked,
    generator,
    resample_residuals,
    simulate_generalized,
    simulate_glm,
    simulate_linear,
    simulate_mixed,
)

__all__ = [
    "checked",
    "generator",
    "resample_residuals",
    "simulate_generalized",
    "simulate_glm",
    "simulate_linear",
    "simulate_mixed",
]
