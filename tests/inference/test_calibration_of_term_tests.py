"""How often tests at the 5 % level reject what is true, in a small unbalanced design (docs/small-samples.md)."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm

SIZES = [2, 3, 3, 4, 5, 8, 10, 12]  # rows of eight groups; every other group is treated
RUNS = 1000


def rejections(random: str, seed: int) -> dict[str, np.ndarray]:
    """Shares of rejections for the treatment, which varies between groups, and for x, which varies within them."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(len(SIZES)), SIZES)
    x = rng.normal(size=len(g))
    data = pd.DataFrame({"g": g.astype(str), "treated": (g % 2).astype(float), "x": x, "y": 0.0})
    found: dict[str, list[np.ndarray]] = {"asymptotic": [], "Satterthwaite": [], "Kenward-Roger": []}
    for _ in range(RUNS):
        data["y"] = 0.7 * rng.normal(size=len(SIZES))[g] + rng.normal(size=len(g))
        if "x" in random:
            data["y"] += 0.4 * rng.normal(size=len(SIZES))[g] * x
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mm.SingularFitWarning)
            model = mm.lmer(f"y ~ treated + x + {random}", data)
        for method, shares in found.items():
            shares.append(model.contest(np.eye(3)[1:], joint=False, ddf=method)["p_value"] < 0.05)
    return {method: np.mean(shares, axis=0) for method, shares in found.items()}


@pytest.mark.slow
def test_intercepts() -> None:
    """Both methods hold the level within the error of the study (0.007), or err on the safe side."""
    found = rejections("(1 | g)", 7)
    assert found["asymptotic"][0] > 0.08
    assert found["Kenward-Roger"][0] < found["Satterthwaite"][0] < found["asymptotic"][0]
    assert found["Satterthwaite"][0] < 0.07
    assert np.all(np.abs([found[m][1] - 0.05 for m in ("Satterthwaite", "Kenward-Roger")]) < 0.025)


@pytest.mark.slow
def test_slopes() -> None:
    """With slopes, whose variance is often estimated as 0, Kenward and Roger reject too rarely."""
    found = rejections("(x | g)", 7)
    assert np.all(found["asymptotic"] > 0.08)
    assert np.all(found["Kenward-Roger"] < 0.05)
    assert np.all(found["Satterthwaite"] < found["asymptotic"])
