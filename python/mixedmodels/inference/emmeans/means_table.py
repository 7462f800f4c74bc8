"""Tables of marginal means and their contrasts, printed group by group as emmeans prints them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mixedmodels import frame
from mixedmodels.tables.r_numbers import DIGITS, format_numbers, pad_left, pad_right, round_r
from mixedmodels.tables.r_print import matrix
from mixedmodels.tables.sheet import Block, Sheet
from mixedmodels.tables.table import Table

RATIOS = ("statistic", "f_value")


@dataclass(frozen=True, kw_only=True, eq=False)
class MeansTable(Table):
    """Estimates with labels; ``table["estimate"]`` is a column, `to_frame` the table of the caller's library.

    Attributes
    ----------
    labels : mapping of str to tuple
        Values of each factor (or of "contrast") in the rows.
    columns : mapping of str
        Numbers, or texts, of each column, by its name in snake case.
    headers : mapping of str to str
        Names of the columns in R.
    by : tuple of str, default ()
        Labels whose combinations are printed as tables of their own.
    lines : tuple of str, default ()
        Lines printed below.
    kind : str, default "pandas"
        The library of `to_frame`.

    Examples
    --------
    >>> table = lin.ref_grid().table
    >>> table["estimate"].round(2)
    array([298.51])
    """

    labels: Mapping[str, tuple[Any, ...]]
    columns: Mapping[str, Any]
    headers: Mapping[str, str]
    by: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    kind: Any = "pandas"
    notes: tuple[str, ...] = field(default=())

    def _columns_of_table(self) -> Mapping[str, Any]:
        return {**{name: list(values) for name, values in self.labels.items()}, **self.columns}

    def _aliases(self) -> Mapping[str, str]:
        return {self.headers.get(name, name).strip(): name for name in self.columns}

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __repr__(self) -> str:
        parts = []
        for title, names, rows in self._blocks():
            if title:
                parts.append(title)
            parts += [matrix([""] * len(rows), names, rows), ""]
        return "\n".join([*parts, *self.lines])

    def _sheet(self) -> Sheet:
        left = [name for name in self.labels if name not in self.by]
        texts = frozenset(j for j, name in enumerate(left) if not _is_numeric(self.labels[name]))
        blocks = [Block(title=title, headers=h, rows=rows, texts=texts) for title, h, rows in self._blocks()]
        return Sheet(blocks=blocks, footer=self.lines)

    def _blocks(self) -> list[tuple[str, list[str], list[list[str]]]]:
        """Title, headers and cells of each group."""
        digits = _digits(self.columns)
        texts = {name: _label_texts(values, digits) for name, values in self.labels.items()}
        shown = [name for name in self.labels if name not in self.by]
        names, cells = [], []
        for name in shown:
            left = not _is_numeric(self.labels[name])
            width = max(map(len, [name, *texts[name]]))
            names.append(name.ljust(width) if left else name)
            cells.append([t.ljust(width) if left else t.rjust(width) for t in texts[name]])
        for name, values in self.columns.items():
            names.append(self.headers.get(name, name))
            cells.append(_column(name, values, digits))
        rows = [list(row) for row in zip(*cells, strict=True)]
        if not self.by:
            return [("", names, rows)]
        titles = [", ".join(f"{b} = {texts[b][i]}" for b in self.by) + ":" for i in range(len(rows))]
        order = self._group_order()
        return [
            (t, names, [row for row, own in zip(rows, titles, strict=True) if own == t])
            for t in dict.fromkeys(titles[i] for i in order)
        ]

    def _group_order(self) -> list[int]:
        """Rows by group, the first factor fastest, each factor's levels as they come."""
        ranks = [{v: i for i, v in enumerate(dict.fromkeys(self.labels[b]))} for b in self.by]
        keys = [[r[self.labels[b][i]] for b, r in zip(self.by, ranks, strict=True)][::-1] for i in range(len(self))]
        return sorted(range(len(self)), key=keys.__getitem__)


def _is_numeric(values: Sequence[Any]) -> bool:
    return all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)


def _label_texts(values: Sequence[Any], digits: int) -> list[str]:
    if _is_numeric(values):
        return format_numbers(_zapped(np.array(values, dtype=float)), digits)
    texts = [frame.label(v) for v in values]
    return pad_left(texts) if all(isinstance(v, bool) for v in values) else texts


def _zapped(values: Any) -> Any:
    """Values rounded to seven digits of the largest."""
    sizes = [abs(float(v)) for v in values if not math.isnan(v)]
    largest = max(sizes, default=0.0)
    if not math.isfinite(largest):
        decimals = 0
    else:
        decimals = max(0, DIGITS - math.ceil(math.log10(largest))) if largest > 0 else DIGITS
    return np.array([round_r(float(v), decimals) for v in values])


def _digits(columns: Mapping[str, Any]) -> int:
    """Digits that distinguish the limits at two standard errors; seven where there are no standard errors."""
    if "std_error" not in columns:
        return DIGITS
    estimate, error = _zapped(columns["estimate"]), _zapped(columns["std_error"])
    needed = [3]
    for e, s in zip(estimate, error, strict=True):
        if math.isnan(e) or math.isnan(s):
            continue
        ends = (e - 2 * s, e + 2 * s)
        largest = max(abs(ends[0]), abs(ends[1]), abs(e))
        if largest == 0:
            continue
        low, high = min(ends) / largest, max(ends) / largest
        gap = _zapped_8([high - low, low, high])
        needed.append(round(1.51 - math.log10(gap)) if gap > 0 else 3)
    return max(needed)


def _zapped_8(values: list[float]) -> float:
    largest = max(map(abs, values))
    decimals = max(0, 8 - math.ceil(math.log10(largest))) if largest > 0 else 8
    return round_r(values[0], decimals)


def _column(name: str, values: Any, digits: int) -> list[str]:
    if any(isinstance(v, str) for v in values):
        return _in_columns(values) if name == "group" else pad_left(list(values))
    numbers = _zapped(np.asarray(values, dtype=float))
    if name in ("df", "den_df"):
        return format_numbers([round_r(v, 2) for v in numbers], digits)
    if name in RATIOS:
        return _fixed([round_r(v, 3) for v in numbers], 3)
    if name == "p_value":
        return ["<.0001" if t.strip() == "0.0000" else t for t in _fixed([round_r(v, 4) for v in numbers], 4)]
    texts = format_numbers(numbers, digits)
    return (
        pad_left(["nonEst" if math.isnan(v) else t for v, t in zip(numbers, texts, strict=True)])
        if (name == "estimate")
        else texts
    )


def _in_columns(letters: Sequence[str]) -> list[str]:
    """Each letter in a column of its own."""
    alphabet = sorted(set("".join(letters)))
    return pad_right([" " + "".join(c if c in text else " " for c in alphabet).ljust(5) for text in letters])


def _fixed(values: Sequence[float], decimals: int) -> list[str]:
    """Numbers with a fixed number of decimals; empty where one is missing."""
    return pad_left(
        [
            "NA" if math.isnan(v) else ("Inf" if v > 0 else "-Inf") if math.isinf(v) else f"{v + 0.0:.{decimals}f}"
            for v in values
        ]
    )
