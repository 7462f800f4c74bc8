"""What the tests of the teaching texts share: their tables and R's values."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pandas as pd
import pytest

import mixedmodels as mm
from tests.support.places import ROOT, SEEDS
from tests.support.printed_text import differences, lines

# Tables that must not ship lie here; tests that read them skip where they are absent.
BESIDE = ROOT.parent / "shared" / "data"


@cache
def reference() -> dict[str, Any]:
    return json.loads((SEEDS / "reference.json").read_text())


@cache
def sleep() -> pd.DataFrame:
    return mm.datasets.load("sleepstudy")


@cache
def sleep2() -> pd.DataFrame:
    """Without the two days of adaptation, counted from the first night of deprivation."""
    kept = sleep()[sleep()["Days"] >= 2].reset_index(drop=True)
    return kept.assign(days_deprived=kept["Days"] - 2)


@cache
def beside(name: str) -> pd.DataFrame:
    path = BESIDE / name
    if not path.exists():
        pytest.skip(f"{name} is not beside the repository")
    return pd.read_csv(path)


def same_print(ours: Any, theirs: list[str], *, after: str | None = None) -> bool:
    """Whether a summary reads like R's lines; of an `lm`, whose call names the table, from the line `after` on."""
    mine, its = lines(ours), lines("\n".join(theirs))
    if after is not None:
        mine, its = mine[mine.index(after) :], its[its.index(after) :]
    found = differences("\n".join(mine), "\n".join(its))
    assert found == []
    return not found
