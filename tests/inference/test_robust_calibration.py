"""How often robust tests reject a true hypothesis where the model is wrong: the table of docs/robust.md."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm

SIZES = (4, 4, 5, 6, 6, 8, 9, 12, 14, 20)  # ten clusters, unbalanced


def rejection_rates(replicates, seed):
    """Share of p-values of the slope below 0.05: slopes differ between clusters, and the model has intercepts only."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(len(SIZES)), SIZES)
    x = rng.normal(size=len(g)) + rng.normal(size=len(SIZES))[g]
    data = pd.DataFrame({"y": x, "x": x, "g": g})
    fit = mm.lmer("y ~ x + (1 | g)", data.assign(y=rng.normal(size=len(g))))
    rejected = dict.fromkeys(
        ["model, z", "CR0, z", "CR1, Satterthwaite", "CR2, Satterthwaite", "CR3, Satterthwaite"], 0
    )
    for _ in range(replicates):
        y = rng.normal(size=len(SIZES))[g] + rng.normal(0, 0.7, len(SIZES))[g] * x + rng.normal(size=len(g))
        fit = fit.refit(y)
        z = fit.fixef()["x"] / np.sqrt(fit.vcov().iloc[1, 1])
        rejected["model, z"] += abs(z) > 1.959964
        rejected["CR0, z"] += abs(fit.robust("CR0").table["statistic"][1]) > 1.959964
        for kind in ("CR1", "CR2", "CR3"):
            rejected[f"{kind}, Satterthwaite"] += fit.robust(kind).table["p_value"][1] < 0.05
    return {name: count / replicates for name, count in rejected.items()}


@pytest.mark.slow
def test_small_sample_tests_hold_their_level_where_the_model_does_not():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.SingularFitWarning)
        rates = rejection_rates(2000, seed=11)
    print(rates)
    # Standard error of a rate of 0.05: 0.005.
    assert rates["model, z"] > 0.2
    assert rates["CR0, z"] > 0.12
    assert 0.02 < rates["CR2, Satterthwaite"] < 0.075
    assert rates["CR3, Satterthwaite"] <= rates["CR2, Satterthwaite"]
