"""Levels of factors as plain lists and numbers, which go into JSON, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedmodels.design.groups import CellLevels
from mixedmodels.frame import Levels


def levels_out(levels: Levels) -> dict[str, Any]:
    """The values of the levels with their type; of combinations the parts and the cells."""
    if isinstance(levels, CellLevels):
        return {"parts": [levels_out(part) for part in levels.parts], "cells": levels.cells.tolist()}
    values = levels.values
    if values.dtype.kind in "biuf":
        return {"values": values.tolist(), "dtype": values.dtype.str}
    if values.dtype.kind == "M":
        return {"values": values.astype(np.int64).tolist(), "dtype": values.dtype.str}
    return {"values": list(levels.labels)}


def levels_in(stored: dict[str, Any]) -> Levels:
    """The levels that `levels_out` wrote."""
    if "cells" in stored:
        return CellLevels(tuple(map(levels_in, stored["parts"])), np.array(stored["cells"], dtype=np.int64))
    dtype = np.dtype(stored.get("dtype", object))
    values = np.array(stored["values"], dtype=np.int64 if dtype.kind == "M" else dtype)
    return Levels(values.astype(dtype, copy=False))
