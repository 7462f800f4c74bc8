"""A table of results as text: each column in a format of its own, p-values with stars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mixedmodels.report.coefmat import LEGEND, stars
from mixedmodels.report.rformat import format_numbers, format_pvalues, pad_right
from mixedmodels.report.rprint import matrix

P_VALUES = ("p_value",)


def cells(columns: Mapping[str, Any], digits: int) -> list[list[str]]:
    """Texts row by row; a missing number is an empty cell."""
    formatted = [_column(name, values, digits) for name, values in columns.items()]
    return [list(row) for row in zip(*formatted, strict=True)]


def text(names: Sequence[str], headers: Sequence[str], columns: Mapping[str, Any], digits: int) -> str:
    """The table, with stars behind the p-values where one is small."""
    rows = cells(columns, digits)
    last = list(columns)[-1]
    if last not in P_VALUES or not any(p < 0.1 for p in columns[last]):
        return matrix(names, headers, rows)
    for row, mark in zip(rows, pad_right([stars(float(p)) for p in columns[last]]), strict=True):
        row.append(mark)
    return matrix(names, [*headers, ""], rows) + f"\n---\n{LEGEND}"


def _column(name: str, values: Any, digits: int) -> list[str]:
    if any(isinstance(v, str) or v is None for v in values):
        return ["" if v is None else str(v) for v in values]
    numbers = [float(v) for v in values]
    known = [v for v in numbers if not math.isnan(v)]
    texts = iter(format_pvalues(known, max(1, digits - 1)) if name in P_VALUES else format_numbers(known, digits))
    return ["" if math.isnan(v) else next(texts) for v in numbers]
