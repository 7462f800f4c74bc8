"""Models, tables and values of tests/reference/ddf and tests/reference/anova."""

from __future__ import annotations

import gzip
import json
import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import mixedmodels as mm
from tests.support import lmm_reference
from tests.support.places import REFERENCE

# What R calls a column of a table of tests, and what we call it.
COLUMNS = {
    "Sum Sq": "sum_sq",
    "Mean Sq": "mean_sq",
    "NumDF": "num_df",
    "DenDF": "den_df",
    "F value": "f_value",
    "F values": "f_value",
    "F": "f_value",
    "npar": "npar",
    "Chisq": "chisq",
    "LR Chisq": "chisq",
    "Df": "df",
    "Df.res": "df_resid",
    "Deviance": "deviance",
    "Resid. Df": "resid_df",
    "Resid. Dev": "resid_dev",
    "Pr(>F)": "p_value",
    "Pr(>Chisq)": "p_value",
    "Pr(>Chi)": "p_value",
}


@cache
def models(topic: str) -> dict[str, dict[str, Any]]:
    return {m["name"]: m for m in json.loads((REFERENCE / topic / "models.json").read_text())}


@cache
def values(topic: str) -> dict[str, dict[str, Any]]:
    with gzip.open(REFERENCE / topic / "reference.json.gz", "rt", encoding="utf-8") as lines:
        return json.load(lines)


@cache
def table(name: str) -> pd.DataFrame:
    path = REFERENCE / "ddf" / "tables" / f"{name}.csv"
    if not path.exists():
        return lmm_reference.table(name)
    factors = json.loads((REFERENCE / "ddf" / "tables" / "levels.json").read_text())[name]
    frame = pd.read_csv(path, dtype=dict.fromkeys(factors, str))
    for column, spec in factors.items():
        frame[column] = pd.Categorical(frame[column], spec["levels"], ordered=spec["ordered"])
    return frame


@cache
def fitted(topic: str, name: str) -> Any:
    """Our fit of a model; that it is singular or of deficient rank is no news here."""
    m = models(topic)[name]
    make = getattr(mm, m.get("class", "lmer"))
    given: dict[str, Any] = {key: m[key] for key in ("weights", "contrasts", "REML", "family") if key in m}
    with warnings.catch_warnings():
        for known in (mm.SingularFitWarning, mm.RankDeficientWarning):
            warnings.simplefilter("ignore", known)
        return make(m["formula"], table(m["data"]), **given)


def numbers(given: Any) -> np.ndarray:
    """R's numbers, its missing ones NaN."""
    return np.array([np.nan if v is None or isinstance(v, str) else v for v in given], dtype=float)


def differences(ours: Any, theirs: dict[str, Any], relative: float, p_tolerance: float) -> list[str]:
    """What differs between our table and R's: rows, and columns by how much."""
    if list(ours.names) != list(theirs["row"]):
        return [f"rows {ours.names} for {theirs['row']}"]
    out = []
    for name, column in theirs.items():
        if name == "row":
            continue
        a, b = np.asarray(ours[COLUMNS[name]], float), numbers(column)
        if not np.array_equal(np.isnan(a), np.isnan(b)):
            out.append(f"{name}: {a} for {b}")
            continue
        scale = 1.0 if name.startswith("Pr") else np.maximum(np.abs(b), 1e-8)
        worst = float(np.nanmax(np.abs(a - b) / scale, initial=0.0))
        if worst > (p_tolerance if name.startswith("Pr") else relative):
            out.append(f"{name}: off by {worst:.1g}: {a} for {b}")
    return out
