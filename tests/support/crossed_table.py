"""A small table with nested and crossed groups, and formulas for each way that groups can stand to each other."""

from __future__ import annotations

import numpy as np
import pandas as pd


def crossed(n: int = 240, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {"a": rng.integers(0, 12, n), "b": rng.integers(0, 9, n), "x": rng.normal(size=n), "w": rng.uniform(0.5, 2, n)}
    )
    table["c"] = table["a"] * 10 + rng.integers(0, 3, n)
    effects = rng.normal(size=(4, 200))
    table["y"] = table["x"] + effects[0, table["a"]] + effects[1, table["b"]] + 0.7 * effects[2, table["c"]]
    table["y"] += 0.6 * effects[3, table["a"]] * table["x"] + rng.normal(size=n)
    table["z"] = rng.poisson(np.exp(np.clip(0.3 * table["y"], -2, 2)))
    return table


FORMULAS = {
    "one factor": "y ~ x + (x | a)",
    "two terms of a factor": "y ~ x + (1 | a) + (0 + x | a)",
    "crossed": "y ~ x + (x | a) + (1 | b)",
    "nested": "y ~ x + (1 | a / c)",
    "all": "y ~ x + (x | a) + (x || b) + (1 | c)",
    "no fixed effects": "y ~ 0 + (1 | a) + (1 | b)",
    "dependent columns": "y ~ x + I(2 * x) + (1 | a)",
}
