"""The reference models, their tables, and what lme4 made of them (see tests/reference/lmm/README.md)."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import mixedmodels as mm
from tests.support.places import REFERENCE

FOLDER = REFERENCE / "lmm"


@dataclass(frozen=True)
class Model:
    """One model as `models.json` states it and, in `lme4`, the values that lme4 found."""

    name: str
    data: str
    formula: str
    REML: bool
    lme4: dict[str, Any]
    weights: str | None = None
    offset: str | None = None
    keep: str | None = None
    flat: bool = False
    steep: bool = False
    large: bool = False
    starts: int = 0

    @property
    def interior(self) -> bool:
        """The estimates are unique, off the boundary, and lme4's to many digits (not where it is `steep`)."""
        return not (self.lme4["singular"] or self.flat or self.steep)


def _read(name: str) -> str:
    with gzip.open(FOLDER / name, "rt", encoding="utf-8") as lines:
        return lines.read()


@cache
def models() -> dict[str, Model]:
    values = {value["name"]: value for value in json.loads(_read("values.json.gz"))}
    stated = json.loads((FOLDER / "models.json").read_text())
    return {m["name"]: Model(**m, lme4=values[m["name"]]) for m in stated}


@cache
def summaries() -> dict[str, list[str]]:
    parts = _read("summaries.txt.gz").split("#### ")[1:]
    return {part.split("\n", 1)[0]: part.split("\n", 1)[1].rstrip("\n").split("\n") for part in parts}


@cache
def table(name: str) -> pd.DataFrame:
    path = FOLDER / "tables" / f"{name}.csv.gz"
    if not path.exists():
        return mm.datasets.load(name)
    factors = json.loads((FOLDER / "tables" / "levels.json").read_text())[name]
    frame = pd.read_csv(path, dtype=dict.fromkeys(factors, str))
    for column, spec in factors.items():
        frame[column] = pd.Categorical(frame[column], spec["levels"], ordered=spec["ordered"])
    return frame


@cache
def fitted(name: str) -> Any:
    """Our fit of a reference model; the warnings that belong to it are expected, others are errors."""
    import warnings

    model = models()[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.ConvergenceWarning)  # the certificate has a test of its own
        if model.lme4["singular"]:
            warnings.simplefilter("ignore", mm.SingularFitWarning)
        if model.lme4["aliased"]:
            warnings.simplefilter("ignore", mm.RankDeficientWarning)
        if model.flat:  # `||` before a factor: that it splits terms but not the factor's columns deserves its warning
            warnings.filterwarnings("ignore", message=r".*'\|\|' splits terms", category=mm.MixedModelsWarning)
        return mm.lmer(model.formula, table(model.data), REML=model.REML, weights=model.weights, offset=model.offset)


def criterion(fit: Any, reml: bool) -> float:
    return fit.reml_criterion if reml else fit.deviance


def relative_error(ours: Any, theirs: Any, scale: Any) -> float:
    """Largest difference in units of `scale`."""
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    assert ours.shape == theirs.shape
    return float(np.max(np.abs(ours - theirs) / np.broadcast_to(scale, theirs.shape), initial=0.0))
