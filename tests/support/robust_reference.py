"""Tables and values of tests/reference/robust, as clubSandwich and sandwich computed them."""

from __future__ import annotations

import gzip
import json
from functools import cache
from typing import Any

import pandas as pd

import mixedmodels as mm
from tests.support.places import REFERENCE

FILE = REFERENCE / "robust" / "reference.json.gz"


@cache
def reference() -> dict[str, Any]:
    with gzip.open(FILE, "rt", encoding="utf-8") as text:
        return json.load(text)


def models(*kinds: str) -> list[str]:
    return [name for name, value in reference()["models"].items() if value["kind"] in kinds]


def value(name: str) -> dict[str, Any]:
    return reference()["models"][name]


@cache
def table(name: str) -> pd.DataFrame:
    levels = reference()["levels"][name]
    levels = levels if isinstance(levels, dict) else {}  # R writes an empty list where there are none
    columns = reference()["tables"][name]
    return pd.DataFrame({k: pd.Categorical(v, levels[k]) if k in levels else v for k, v in columns.items()})


@cache
def fitted(name: str) -> Any:
    """The model as it was fitted in R."""
    this = value(name)
    data = table(this["data"])
    if this["kind"] == "lmer":
        return mm.lmer(this["formula"], data, REML=this["REML"], weights=this.get("weights"))
    if this["kind"] == "lm":
        return mm.lm(this["formula"], data, weights=this.get("weights"))
    family, link = this["family"]
    return mm.glm(this["formula"], data, f"{family}({link})", weights=this.get("weights"))
