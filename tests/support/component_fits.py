"""Small models of several components that many tests share: each is fitted once, on the salamanders."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import mixedmodels as mm

NAMES = ("both_random", "hurdle", "spread", "no_random", "one")


@cache
def salamanders() -> pd.DataFrame:
    """The salamanders, with numbers where a test needs some."""
    table: pd.DataFrame = mm.datasets.load("Salamanders")
    return table.assign(clean=(table["mined"] == "no").astype(float))


@cache
def fitted(name: str) -> Any:
    """A model by its name."""
    rows = salamanders()
    if name == "both_random":
        return mm.glmmTMB("count ~ clean + (1 | site)", rows, "poisson", ziformula="~ clean + (1 | site)")
    if name == "hurdle":
        return mm.glmmTMB(
            "count ~ clean + (1 | site)", rows, "truncated_nbinom2", ziformula="~ clean", dispformula="~ scale(DOY)"
        )
    if name == "spread":
        return mm.glmmTMB("count ~ clean + (1 | site)", rows, "gaussian", dispformula="~ clean")
    if name == "no_random":
        return mm.glmmTMB("count ~ clean", rows, "nbinom2", ziformula="~ clean")
    return mm.glmmTMB("count ~ clean + (1 | site)", rows, "poisson")


def numbers(table: Any) -> Any:
    """The values of a table or a series."""
    return np.asarray(table, dtype=float)
