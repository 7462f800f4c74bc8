"""Models, tables and values of tests/reference/adjusted."""

from __future__ import annotations

import gzip
import json
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import mixedmodels as mm
from tests.support.places import REFERENCE

FOLDER = REFERENCE / "adjusted"
ROLES = ("x", "group", "facet", "panel")
FAMILIES = {
    "binomial(probit)": mm.families.Binomial(link="probit"),
    "Gamma(log)": mm.families.Gamma(link="log"),
    "Gamma(inverse)": mm.families.Gamma(link="inverse"),
}


@cache
def models() -> dict[str, dict[str, Any]]:
    return {m["name"]: m for m in json.loads((FOLDER / "models.json").read_text())}


@cache
def values() -> dict[str, list[dict[str, Any]]]:
    with gzip.open(FOLDER / "reference.json.gz", "rt", encoding="utf-8") as lines:
        return json.load(lines)


@cache
def table(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / "tables" / "bees.csv") if name == "bees" else mm.datasets.load(name)


@cache
def fitted(name: str) -> Any:
    m = models()[name]
    given = {k: m[k] for k in ("weights", "offset") if k in m}
    if "family" in m:
        given["family"] = FAMILIES.get(m["family"], m["family"])
    return getattr(mm, m["class"])(m["formula"], table(m["data"]), **given)


def arguments(ask: dict[str, Any]) -> dict[str, Any]:
    """How we are asked what R was asked; the offset that R needs to be told is our default."""
    return {k: v for k, v in ask.items() if k not in ("fun", "terms", "residuals", "offset")}


def keys(found: Any, count: int) -> list[tuple[str, ...]]:
    """Focal values of each row, in one spelling."""
    columns = [found[role] for role in ROLES[:count]]
    return [tuple(_text(v) for v in row) for row in zip(*columns, strict=True)]


def _text(value: Any) -> str:
    try:
        return f"{float(value):.8g}"
    except ValueError:
        return str(value)


def numbers(given: Any) -> np.ndarray:
    return np.array([np.nan if v is None or v == "NA" else v for v in given], dtype=float)
