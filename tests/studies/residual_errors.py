"""How often tests of simulated residuals reject a model that is true, and how often they find what is wrong."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import mixedmodels as mm
from mixedmodels.diagnose.residuals.quantile_deviation import quantile_deviation
from tests.studies.shares import Shares

GROUPS, EACH = 20, 6
LEVEL = 0.05
Tests = dict[str, Callable[[Any], float]]

TESTS: Tests = {
    "uniformity": lambda r: r.test_uniformity().p_value,
    "dispersion": lambda r: r.test_dispersion().p_value,
    "outliers": lambda r: r.test_outliers().p_value,
    "zero inflation": lambda r: r.test_zero_inflation().p_value if r.integer_response else np.nan,
    "quantiles, along x": lambda r: r.test_quantiles("x").p_value,
    "quantiles, along the prediction": lambda r: r.test_quantiles().p_value,
    "quantiles of distances, along x": lambda r: r.test_quantiles("x", absolute=True).p_value,
    "levels of a factor": lambda r: r.test_categorical("f").p_value,
    "levels of a factor, Levene": lambda r: r.test_categorical("f").p_levene,
    "temporal autocorrelation": lambda r: r.test_temporal_autocorrelation("time").p_value,
    "spatial autocorrelation": lambda r: r.test_spatial_autocorrelation("east", "north").p_value,
}


def table(rng: np.random.Generator) -> pd.DataFrame:
    n = GROUPS * EACH
    return pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "f": rng.choice(list("abc"), n),
            "g": np.repeat(np.arange(GROUPS), EACH),
            "time": rng.permutation(n),
            "east": rng.random(n),
            "north": rng.random(n),
        }
    )


def predictor(data: pd.DataFrame, rng: np.random.Generator, sd: float) -> np.ndarray:
    return 0.7 + 0.5 * data["x"].to_numpy() + sd * rng.normal(size=GROUPS)[data["g"]]


def normal(data: pd.DataFrame, rng: np.random.Generator) -> Any:
    data["y"] = predictor(data, rng, 0.7) + rng.normal(size=len(data))
    return mm.lmer("y ~ x + f + (1 | g)", data)


def counts(data: pd.DataFrame, rng: np.random.Generator) -> Any:
    data["y"] = rng.poisson(np.exp(predictor(data, rng, 0.7)))
    return mm.glmer("y ~ x + f + (1 | g)", data, "poisson")


def counts_alone(data: pd.DataFrame, rng: np.random.Generator) -> Any:
    data["y"] = rng.poisson(np.exp(predictor(data, rng, 0.0)))
    return mm.glm("y ~ x + f", data, "poisson")


def trials(data: pd.DataFrame, rng: np.random.Generator) -> Any:
    data["m"] = rng.integers(3, 12, len(data))
    data["y"] = rng.binomial(data["m"], 1 / (1 + np.exp(0.7 - predictor(data, rng, 0.7))))
    return mm.glmer("cbind(y, m - y) ~ x + f + (1 | g)", data, "binomial")


def overdispersed(data: pd.DataFrame, rng: np.random.Generator) -> Any:
    data["y"] = rng.poisson(np.exp(predictor(data, rng, 0.7) + 0.6 * rng.normal(size=len(data))))
    return mm.glmer("y ~ x + f + (1 | g)", data, "poisson")


def many_zeros(data: pd.DataFrame, rng: np.random.Generator) -> Any:
    data["y"] = rng.poisson(np.exp(0.5 + predictor(data, rng, 0.5))) * (rng.random(len(data)) > 0.2)
    return mm.glmer("y ~ x + f + (1 | g)", data, "poisson")


def curved(data: pd.DataFrame, rng: np.random.Generator) -> Any:
    data["y"] = predictor(data, rng, 0.7) + 0.4 * data["x"] ** 2 + rng.normal(size=len(data))
    return mm.lmer("y ~ x + f + (1 | g)", data)


def funnel(data: pd.DataFrame, rng: np.random.Generator) -> Any:
    data["y"] = predictor(data, rng, 0.7) + np.exp(0.4 * data["x"]) * rng.normal(size=len(data))
    return mm.lmer("y ~ x + f + (1 | g)", data)


Make = Callable[[pd.DataFrame, np.random.Generator], Any]
TRUE: dict[str, tuple[Make, Any]] = {
    "glm, Poisson": (counts_alone, None),
    "lmer, given": (normal, None),
    "lmer, drawn": (normal, "~0"),
    "Poisson, given": (counts, None),
    "Poisson, drawn": (counts, "~0"),
    "binomial, given": (trials, None),
    "binomial, drawn": (trials, "~0"),
}
WRONG: dict[str, tuple[Make, Any]] = {
    "overdispersed, given": (overdispersed, None),
    "overdispersed, drawn": (overdispersed, "~0"),
    "zeros, given": (many_zeros, None),
    "zeros, drawn": (many_zeros, "~0"),
    "curved, given": (curved, None),
    "funnel, given": (funnel, None),
}


def rejection_rates(models: dict[str, tuple[Make, Any]], runs: int, seed: int) -> Shares:
    """Shares of p-values at or below 5 %, for each test and model."""
    p = {name: np.full((len(TESTS), runs), np.nan) for name in models}
    for name, (make, re_form) in models.items():
        rng = np.random.default_rng(seed)
        for run in range(runs):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", mm.MixedModelsWarning)
                fit = make(table(rng), rng)
                residuals = fit.simulate_residuals(250, run, re_form=re_form)
            p[name][:, run] = [test(residuals) for test in TESTS.values()]
    cells = {
        test: {name: float(np.mean(p[name][i] <= LEVEL)) for name in models if not np.isnan(p[name][i]).any()}
        for i, test in enumerate(TESTS)
    }
    return Shares("test", runs, cells)


def score_rates(runs: int, seed: int) -> Shares:
    """Shares of p-values of the tests of quantiles at or below 1 and 5 %, of residuals that are uniform.

    The predictor is skewed, and residuals are shares of 250 simulations, as those of a known model are.
    """
    cells: dict[str, dict[str, float]] = {name: {} for name in ("level", "shape", "all quantiles")}
    for n in (30, 120, 2000):
        rng = np.random.default_rng(seed)
        found = []
        for _ in range(runs):
            residuals = rng.integers(251, size=n) / 250
            found.append(quantile_deviation(residuals, 250, rng.exponential(size=n), (0.25, 0.5, 0.75)))
        p = {
            "level": np.concatenate([f.p_level for f in found]),
            "shape": np.concatenate([f.p_shape for f in found]),
            "all quantiles": np.array([f.p_total for f in found]),
        }
        for name, values in p.items():
            for level in (0.01, 0.05):
                cells[name][f"{n:,} rows, {100 * level:.0f} %"] = float(np.mean(values <= level))
    return Shares("test", runs, cells)
