"""Models, questions and answers of tests/reference/marginal."""

from __future__ import annotations

import gzip
import json
from functools import cache
from typing import Any

import numpy as np

import mixedmodels as mm
from tests.support.places import REFERENCE

FOLDER = REFERENCE / "marginal"
# Ours by R's names, where they are not spelled alike.
NUMBERS = {
    "estimate": "estimate",
    "std.error": "std_error",
    "statistic": "statistic",
    "p.value": "p_value",
    "conf.low": "conf_low",
    "conf.high": "conf_high",
    "predicted_lo": "predicted_lo",
    "predicted_hi": "predicted_hi",
    "p.value.noninf": "p_value_noninf",
    "p.value.nonsup": "p_value_nonsup",
    "p.value.equiv": "p_value_equiv",
}
NOT_LABELS = (*NUMBERS, "s.value", "df", "hypothesis", "rowid")


@cache
def models() -> dict[str, dict[str, Any]]:
    return {m["name"]: m for m in json.loads((FOLDER / "models.json").read_text())}


@cache
def answers() -> dict[str, Any]:
    with gzip.open(FOLDER / "reference.json.gz", "rt", encoding="utf-8") as lines:
        return json.load(lines)


@cache
def fitted(name: str) -> Any:
    m = models()[name]
    family = {"family": m["family"]} if "family" in m else {}
    return getattr(mm, m["class"])(m["formula"], data_of(name), **family)


@cache
def data_of(name: str) -> Any:
    table = mm.datasets.load(models()[name]["data"])
    return table.assign(woman=table["woman"].astype(float)) if "woman" in table else table


def arguments(name: str, ask: dict[str, Any]) -> dict[str, Any]:
    """How we are asked what R was asked: with normal tests."""
    given = {"ddf": "asymptotic", **ask["ours"]}
    if ask["ours"].get("newdata") == "Days > 6":
        given["newdata"] = data_of(name).query("Days > 6")
    return given


def in_order(ours: Any, theirs: dict[str, list[Any]]) -> np.ndarray:
    """Positions of our rows in the order of R's, by the columns that label them."""
    labels = [c for c in theirs if c not in NOT_LABELS and c in ours.columns]
    r = len(theirs["estimate"])
    if not labels:
        return np.arange(r)
    here = list(zip(*([_text(v) for v in ours[c]] for c in labels), strict=True))
    there = list(zip(*([_text(v) for v in theirs[c]] for c in labels), strict=True))
    if len(set(there)) < r:
        return np.arange(r)
    assert sorted(here) == sorted(there)
    return np.array([here.index(key) for key in there])


def _text(value: Any) -> str:
    try:
        return f"{float(value):.8g}"
    except ValueError:
        return str(value)


def numbers(values: Any) -> np.ndarray:
    special = {"Inf": np.inf, "-Inf": -np.inf, "NaN": np.nan, "NA": np.nan, None: np.nan}
    listed = values if isinstance(values, list) else [values]
    return np.array([special.get(v, v) if isinstance(v, str) or v is None else v for v in listed], dtype=float)
