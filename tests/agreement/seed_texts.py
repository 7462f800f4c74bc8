"""What the tests of the teaching texts share: their tables, R's values, and how printed lines are compared."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import mixedmodels as mm

HERE = Path(__file__).resolve().parent.parent / "seeds"
# Tables that must not ship lie here; tests that read them skip where they are absent.
BESIDE = HERE.parents[2] / "shared" / "data"


@cache
def reference() -> dict[str, Any]:
    return json.loads((HERE / "reference.json").read_text())


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


def lines(text: Any) -> list[str]:
    """Printed lines, but for the one that names the table (Python does not know a variable's name) and outer blanks."""
    straight = str(text).replace("‘", "'").replace("’", "'")
    kept = [line.rstrip() for line in straight.split("\n") if not line.lstrip().startswith("Data:")]
    while kept and not kept[0]:
        kept.pop(0)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def printed(expected: list[str]) -> list[str]:
    return lines("\n".join(expected))


def without_call(text: list[str]) -> list[str]:
    """An `lm` prints its call over one or two lines, with the table's name; what follows is compared."""
    return text[text.index("Residuals:") :]
