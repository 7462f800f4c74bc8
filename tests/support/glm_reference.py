"""The generalised linear models of tests/reference/glm, and their calls in R as calls of ours."""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import mixedmodels as mm
from mixedmodels.families import NegativeBinomial
from tests.support import places

REFERENCE = places.REFERENCE / "glm" / "reference.json.gz"


@cache
def _document() -> dict[str, Any]:
    return json.loads(gzip.decompress(REFERENCE.read_bytes()))


def models() -> dict[str, dict[str, Any]]:
    """What R says, by name of the model."""
    return _document()["models"]


@cache
def tables() -> dict[str, pd.DataFrame]:
    """The tables by R's names; each knows its own, for the print."""
    out = {}
    for name, columns in _document()["tables"].items():
        out[name] = pd.DataFrame({k: _column(v) for k, v in columns.items()})
        out[name].attrs["name"] = name
    return out


def _column(values: Any) -> Any:
    if not isinstance(values, dict):
        return np.array(values, dtype=float) if None in values else values
    return pd.Categorical.from_codes(values["codes"], values["levels"], ordered=values["ordered"])


def arguments(call: str) -> dict[str, str]:
    """Arguments of a call of glm in R, as texts."""
    found = re.match(r"glm(?:\.nb)?\((.*)\)$", call)
    assert found is not None
    parts, depth = [""], 0
    for c in found[1]:
        depth += (c in "([") - (c in ")]")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    first, *rest = (p.strip() for p in parts)
    return {"formula": first, **dict(p.split(" = ", 1) for p in rest)}


@cache
def fitted(name: str) -> mm.GeneralizedLinearModel:
    """Our fit of a reference model."""
    call = models()[name]["call"]
    given = arguments(call)
    others = {k: given[k] for k in ("weights", "offset", "subset") if k in given}
    if call.startswith("glm.nb"):
        return mm.glm_nb(given["formula"], tables()[given["data"]], link=given.get("link", "log"), **others)
    family: Any = given["family"]
    if family.startswith("negative.binomial"):
        family = NegativeBinomial(theta=float(family[18:-1]))
    return mm.glm(given["formula"], tables()[given["data"]], family, **others)


def numbers(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """R's numbers, missing ones as NaN; a vector that it names or has one element as well."""
    if isinstance(values, dict):
        values = list(values.values())
    return np.atleast_1d(np.array(values, dtype=float))
