"""The models that glmmTMB fitted, their tables, and what it found (see tests/reference/glmmtmb/README.md)."""

from __future__ import annotations

import gzip
import json
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from tests.support.places import REFERENCE, ROOT, SEEDS

FOLDER = REFERENCE / "glmmtmb"

# Tables that must not ship lie here; tests that read them skip where they are absent.
BESIDE = ROOT.parent / "shared" / "data"
NOT_SHIPPED = {"owls": "glmmTMB", "presentDat": ""}

# What `epil` has centred, glmmTMB's `epil2` has not.
LOG_BASE, LOG_AGE = 1.767954700396035, 3.319783509185881


@cache
def reference() -> dict[str, dict[str, Any]]:
    """glmmTMB's values by name of the model."""
    return _values("reference.json.gz")


@cache
def newer() -> dict[str, dict[str, Any]]:
    """Values of families later than glmmTMB 1.1.5, and of random effects in the dispersion."""
    return _values("newer_values.json.gz")


def _values(name: str) -> dict[str, dict[str, Any]]:
    with gzip.open(FOLDER / name, "rt", encoding="utf-8") as lines:
        models: dict[str, dict[str, Any]] = json.load(lines)["models"]
    return models


@cache
def table(name: str) -> pd.DataFrame:
    """The table of that name in `models.json`."""
    path = FOLDER / "tables" / f"{name}.csv.gz"
    if path.exists():
        return pd.read_csv(path)
    if name == "salamanders":
        return mm.datasets.load("Salamanders")
    if name == "sites":
        return pd.read_csv(SEEDS / "sites.csv")
    if name == "epil2":
        return _epilepsy()
    if name in NOT_SHIPPED:
        return _beside(name)
    return mm.datasets.load(name)


def _epilepsy() -> pd.DataFrame:
    epil = pd.read_csv(REFERENCE / "glmm" / "tables" / "epil.csv.gz")
    return epil.assign(
        subject=epil["subject"].str[1:].astype(int),
        Base=epil["lbase"] + LOG_BASE,
        Age=epil["lage"] + LOG_AGE,
        Visit=(epil["period"] - 2.5) / 5,
    )


def _beside(name: str) -> pd.DataFrame:
    folder = BESIDE / NOT_SHIPPED[name]
    path = next((p for p in (folder / f"{name}.csv.gz", folder / f"{name}.csv") if p.exists()), None)
    if path is None:
        pytest.skip(f"{name} does not ship, and is not in {folder}")
    frame = pd.read_csv(path, keep_default_na=False, na_values=["NA", ""])  # "None" is a kind of treat
    levels = folder / "levels.json"
    if levels.exists():
        for column, factor in json.loads(levels.read_text()).get(name, {}).items():
            # An ordered grouping factor groups as any other does.
            frame[column] = pd.Categorical(frame[column].astype(str), factor["levels"])
    return frame


def data_of(model: dict[str, Any]) -> pd.DataFrame:
    """The table of a model, with the rows that it has and the columns that its formula computes."""
    frame = table(model["data"])
    if "subset" in model:
        frame = frame.query(model["subset"]).reset_index(drop=True)
    return frame


def block(model: dict[str, Any], name: str, of: str = "estimates") -> np.ndarray:
    """The parameters of one of TMB's blocks: beta, betazi, betad, theta, thetazi or psi."""
    stored = model["elsewhere"] if of == "elsewhere" else model["parameters"]
    values = stored["parameters" if of == "elsewhere" else of]
    return np.array([value for value, kind in zip(values, stored["blocks"], strict=True) if kind == name], float)
