"""Models and values of tests/reference/glht."""

from __future__ import annotations

import gzip
import json
import warnings
from functools import cache
from typing import Any

import mixedmodels as mm
from tests.support.places import REFERENCE

FOLDER = REFERENCE / "glht"


@cache
def reference() -> dict[str, Any]:
    with gzip.open(FOLDER / "reference.json.gz", "rt") as file:
        return json.load(file)


def more_models() -> list[dict[str, Any]]:
    return json.loads((FOLDER / "more.json").read_text(encoding="utf-8"))


def tails() -> list[dict[str, Any]]:
    return json.loads((FOLDER / "tails.json").read_text(encoding="utf-8"))


def texts() -> list[dict[str, Any]]:
    return json.loads((FOLDER / "text.json").read_text(encoding="utf-8"))


@cache
def table(name: str) -> Any:
    import pandas as pd

    if name == "penicillin":
        data = mm.datasets.load("Penicillin")
        data = data[data["sample"].isin(list("ABCD"))].copy()
        data["sample"] = data["sample"].cat.remove_unused_categories()
        return data
    if name in ("cbpp", "sleepstudy"):
        return mm.datasets.load(name)
    data = pd.read_csv(FOLDER / "tables" / f"{name}.csv.gz")
    for column in ("temperature", "recipe", "replicate"):
        data[column] = data[column].astype(str).astype("category")
    data["w"] = data["temperature"].cat.codes + 1.0
    return data


_FITS: dict[str, Any] = {}


def fitted(call: dict[str, Any]) -> Any:
    key = json.dumps(call, sort_keys=True)
    if key not in _FITS:
        given = {k: v for k, v in call.items() if k not in ("f", "formula", "data")}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mm.errors.SingularFitWarning)  # one of the models is meant to be
            _FITS[key] = getattr(mm, call["f"])(call["formula"], table(call["data"]), **given)
    return _FITS[key]
