"""Tables and printed text that tests of the models share; tests/reference/model/make.R makes the same ones."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import mixedmodels as mm
from tests.support import places

REFERENCE = places.REFERENCE / "model"


@cache
def reference(name: str) -> Any:
    return json.loads((REFERENCE / f"{name}.json").read_text())


@cache
def tables() -> dict[str, pd.DataFrame]:
    i = np.arange(180)
    sleep = mm.datasets.load("sleepstudy").assign(
        f=pd.Categorical.from_codes(i % 3, ["a", "b", "c"]),
        w=0.5 + (i % 7) / 4,
        o=(i % 5) * 3.0,
        D2=lambda d: 2 * d["Days"],
    )
    gaps = sleep.astype({"Days": float}).copy()
    gaps.loc[[2, 6], "Reaction"] = np.nan
    gaps.loc[49, "Days"] = np.nan
    load = mm.datasets.load
    return {
        "sleep": sleep,
        "gaps": gaps,
        "tiny": sleep.iloc[:6],
        "pen": load("Penicillin"),
        "dye": load("Dyestuff"),
        "dye2": load("Dyestuff2"),
        "paste_data": load("Pastes"),
        "cakes": load("cake"),
    }


def fitted(fun: str, case: dict[str, Any]) -> Any:
    """The model of a reference case, its table under R's name."""
    options = {k: case[k] for k in ("weights", "offset", "subset", "REML") if k in case}
    scope = {"fit": getattr(mm, fun), "formula": case["formula"], "options": options, **tables()}
    return eval(f"fit(formula, {case['data']}, **options)", scope)


def lines(text: Any) -> list[str]:
    return [line.rstrip() for line in str(text).replace("‘", "'").replace("’", "'").rstrip("\n").split("\n")]


def r_lines(text: list[str] | str) -> list[str]:
    return lines("\n".join([text] if isinstance(text, str) else text))


def without_outcome(text: list[str]) -> list[str]:
    """R's optimizer has another name, its remarks other words; we name the dropped columns and print R's note."""
    starts = ("optimizer (", "boundary (singular)", "Dropped: ")
    kept = [line for line in text if not line.startswith(starts)]
    note = [i for i, line in enumerate(kept) if line.startswith("Correlation matrix not shown")]
    if note:
        kept = kept[: note[0]]
    while kept and not kept[-1]:
        kept.pop()
    return kept
