"""How often tests of a slope reject what is true where slopes differ and the model has intercepts only."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from scipy import stats

import mixedmodels as mm
from tests.studies.shares import Shares

SIZES = (4, 4, 5, 6, 6, 8, 9, 12, 14, 20)  # ten clusters


def rejection_rates(runs: int, seed: int) -> Shares:
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(len(SIZES)), SIZES)
    x = rng.normal(size=len(g)) + rng.normal(size=len(SIZES))[g]
    data = pd.DataFrame({"y": rng.normal(size=len(g)), "x": x, "g": g})
    rejected = dict.fromkeys(["the model's, z", "CR0, z", *(f"CR{i}, Satterthwaite" for i in (1, 2, 3))], 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.MixedModelsWarning)
        fit = mm.lmer("y ~ x + (1 | g)", data)
        for _ in range(runs):
            y = rng.normal(size=len(SIZES))[g] + rng.normal(0, 0.7, len(SIZES))[g] * x + rng.normal(size=len(g))
            fit = fit.refit(y)
            z = fit.fixef()["x"] / np.sqrt(fit.vcov().iloc[1, 1])
            rejected["the model's, z"] += abs(z) > stats.norm.isf(0.025)
            rejected["CR0, z"] += abs(fit.robust("CR0").table["statistic"][1]) > stats.norm.isf(0.025)
            for kind in ("CR1", "CR2", "CR3"):
                rejected[f"{kind}, Satterthwaite"] += fit.robust(kind).table["p_value"][1] <= 0.05
    return Shares("covariance and test", runs, {name: {"5 %": count / runs} for name, count in rejected.items()})
