"""What R's boot, pbkrtest and lme4 found (tests/reference/bootstrap)."""

from __future__ import annotations

import gzip
import json
from functools import cache
from typing import Any

import numpy as np

from tests.support.places import REFERENCE

FILE = REFERENCE / "bootstrap" / "reference.json.gz"


@cache
def reference() -> dict[str, Any]:
    with gzip.open(FILE, "rt") as lines:
        return json.load(lines)


def matrix(given: Any) -> np.ndarray:
    """A matrix, or R's vector that was one column; null is NaN."""
    out = np.array(given, dtype=float)
    return out.reshape(len(out), -1)
