"""A table of results as text: the role of a column determines its format, and p-values have stars.

The roles are those of R's tables of tests. A p-value has a header such as ``Pr(>F)``; a test statistic is headed ``F``,
``Chisq``, ``Cp`` or ``t value``; estimates and standard errors share their decimals; degrees of freedom (headers that
end in ``Df``) are shown as they are, and so are limits, each of which is in the unit of its own parameter; of all other
columns what is negligible beside the largest number becomes 0. A missing number is an empty cell, or the table's text
for it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from mixedmodels.tables.coefmat import LEGEND, estimate_texts, stars, unround_zeros
from mixedmodels.tables.r_numbers import format_numbers, format_pvalues, pad_right, round_r, zapsmall
from mixedmodels.tables.r_print import matrix

Role = Literal["text", "estimate", "statistic", "p_value", "count", "limit", "number"]

ESTIMATES = ("estimate", "std_error")
STATISTICS = ("F", "Cp", "Chisq")
P_VALUES = ("p_value", "p_adjusted")
LIMITS = ("conf_low", "conf_high", "value_low", "value_high")


def role(column: str, header: str, values: Sequence[Any]) -> Role:
    """The role of a column, from its name, its header in R and its values."""
    if any(isinstance(v, str) or v is None for v in values):
        return "text"
    if column in ESTIMATES:
        return "estimate"
    if column in P_VALUES or re.match(r"(P|Pr)\(", header):
        return "p_value"
    if column in LIMITS:
        return "limit"
    if header[1:7] == " value" or header in STATISTICS:
        return "statistic"
    return "count" if header.endswith("Df") else "number"


def cells(columns: Mapping[str, Any], headers: Sequence[str], digits: int, missing: str = "") -> list[list[str]]:
    """Texts row by row.

    Parameters
    ----------
    columns : mapping of str
        Values of each column, by name.
    headers : sequence of str
        Names of the columns in print.
    digits : int
        Significant digits; statistics and p-values show one less (at most 5).
    missing : str, default ""
        Text of a missing number.
    """
    roles = [role(name, header, values) for (name, values), header in zip(columns.items(), headers, strict=True)]
    texts = dict[int, list[str]]()
    for j, (values, what) in enumerate(zip(columns.values(), roles, strict=True)):
        if what == "text":
            texts[j] = ["" if v is None else str(v) for v in values]
        elif what == "p_value":
            texts[j] = _pvalue_texts(values, digits, missing)
    numbers = [j for j in range(len(roles)) if j not in texts]
    if numbers:
        block = np.column_stack([np.asarray(list(columns.values())[j], dtype=float) for j in numbers])
        texts.update(zip(numbers, _number_texts(block, [roles[j] for j in numbers], digits, missing), strict=True))
    return [list(row) for row in zip(*(texts[j] for j in range(len(roles))), strict=True)]


def text(
    names: Sequence[str], headers: Sequence[str], columns: Mapping[str, Any], digits: int, missing: str = ""
) -> str:
    """The table, with stars behind the p-values where the last column has a small one."""
    if not names:  # a model without terms: R shows the headers alone
        return matrix([], headers, [])
    rows = cells(columns, headers, digits, missing)
    last = list(columns)[-1]
    if role(last, headers[-1], columns[last]) != "p_value" or not any(p < 0.1 for p in columns[last]):
        return matrix(names, headers, rows)
    for row, mark in zip(rows, pad_right([stars(float(p)) for p in columns[last]]), strict=True):
        row.append(mark)
    return matrix(names, [*headers, ""], rows) + f"\n---\n{LEGEND}"


def _number_texts(values: np.ndarray[Any, Any], roles: Sequence[Role], digits: int, missing: str) -> list[list[str]]:
    """Columns of numbers, shape (rows, columns), as texts: estimates together, statistics together, the rest alone."""
    shown = values.copy()
    for j, what in enumerate(roles):
        if what == "number":
            present = ~np.isnan(values[:, j])
            shown[present, j] = zapsmall(values[present, j].tolist(), digits)
    out = [[""] * len(values) for _ in roles]
    for what in ("estimate", "statistic"):
        here = [j for j, other in enumerate(roles) if other == what]
        if here:
            block = shown[:, here]
            together = estimate_texts(block, digits) if what == "estimate" else _statistic_texts(block, digits)
            for k, j in enumerate(here):
                out[j] = [row[k] for row in together]
    for j, what in enumerate(roles):
        if what in ("count", "limit", "number"):
            out[j] = format_numbers(shown[:, j], digits)
    rows = [list(row) for row in zip(*out, strict=True)]
    unround_zeros(rows, shown, digits, [j for j, what in enumerate(roles) if what != "statistic"])
    for i, j in zip(*np.nonzero(np.isnan(values)), strict=True):
        rows[i][j] = missing
    return [list(column) for column in zip(*rows, strict=True)]


def _statistic_texts(values: np.ndarray[Any, Any], digits: int) -> list[list[str]]:
    decimals = max(1, min(5, digits - 1))
    texts = format_numbers([round_r(float(v), decimals) for v in values.ravel(order="F")], digits)
    n = len(values)
    return [texts[i::n] for i in range(n)]


def _pvalue_texts(values: Any, digits: int, missing: str) -> list[str]:
    numbers = [float(v) for v in values]
    present = [v for v in numbers if not math.isnan(v)]
    texts = iter(format_pvalues(present, max(1, min(5, digits - 1))))
    return [missing if math.isnan(v) else next(texts) for v in numbers]
