"""Adjusted predictions as a table, printed group by group as ggeffects prints them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedmodels import frame
from mixedmodels.effects.adjusted.pretty import rounded_as_r
from mixedmodels.tables.sheet import Block, Sheet
from mixedmodels.tables.table import Table

ROLES = ("x", "group", "facet", "panel")
POPULATION = "0 (population-level)"
DECIMALS = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class AdjustedTable(Table):
    """Predictions by focal values; ``table["predicted"]`` is a column, `to_frame` the table of the caller's library.

    Attributes
    ----------
    columns : mapping of str
        Columns: x, predicted, std_error, conf_low, conf_high, group, and with more terms facet and panel.
    terms : tuple of str
        Names of what stands in x, group, facet and panel.
    title : str
        Title of the table.
    constants : mapping of str
        Values at which other variables are held, or a text.
    level : float, default 0.95
        Confidence level.
    footer : tuple of str, default ()
        Lines below the table.
    kind : str, default "pandas"
        The library of `to_frame`.
    """

    columns: Mapping[str, Any]
    terms: tuple[str, ...]
    title: str
    constants: Mapping[str, Any]
    level: float = 0.95
    footer: tuple[str, ...] = ()
    kind: Any = "pandas"

    def _columns_of_table(self) -> Mapping[str, Any]:
        return self.columns

    def __len__(self) -> int:
        return len(self.columns["predicted"])

    def to_frame(self, kind: Any = None, *, term_names: bool = False) -> Any:
        """The table in a library of tables: that of the model's data, or `kind`.

        Parameters
        ----------
        kind : str, optional
            Library of the table; None for that of the model's data.
        term_names : bool, default False
            Whether the focal columns have the names of the variables, in place of x, group, facet, panel.
        """
        names = dict(zip(ROLES, self.terms, strict=False)) if term_names else {}
        columns = {names.get(k, k): v for k, v in self.columns.items()}
        if term_names and len(self.terms) == 1:
            del columns["group"]
        return frame.to_kind(columns, self.kind if kind is None else kind)

    # -- print --------------------------------------------------------------------------------------------------

    def text(self, rows: int | None = None) -> str:
        """The table as it prints.

        Parameters
        ----------
        rows : int, optional
            Most rows of each block, spread over it; fewer the more blocks there are if not given.

        Examples
        --------
        >>> print(lin.ggpredict("Days [0, 9]").table.text().splitlines()[0])
        # Predicted values of Reaction
        """
        blocks = self._blocks()
        count = len(blocks)
        n_shown = rows or (4 if count >= 6 else 5 if count >= 4 else 6 if count >= 2 else 8)
        lines = [f"# {self.title}"]
        for titles, places in blocks:
            lines += ["", *([*(f"# {t}" for t in titles), ""] if titles else [])]
            lines += self._block(spread(places, n_shown))
        return "\n".join([*lines, *self._adjusted_for(), *(line for f in self.footer for line in ("", f))])

    def __repr__(self) -> str:
        return self.text()

    def _sheet(self) -> Sheet:
        blocks = []
        for titles, places in self._blocks():
            headers, cells = self._cells(places)
            blocks.append(Block(title=", ".join(titles), headers=headers, rows=cells))
        return Sheet(blocks=blocks, heading=[self.title], footer=[*self._adjusted_for()[1:], *self.footer])

    def _blocks(self) -> list[tuple[list[str], list[int]]]:
        """Titles and rows of each combination of groups, the first of them fastest."""
        roles = [r for r in ROLES[1 : len(self.terms)] if len(set(self.columns[r])) > 1]
        width = max(map(len, self.terms[1:]), default=0) if len(self.terms) > 2 else 0
        names = {r: t.rjust(width) for r, t in zip(ROLES, self.terms, strict=False)}
        ranks = {r: {v: i for i, v in enumerate(dict.fromkeys(self.columns[r]))} for r in roles}
        rows_of: dict[tuple[int, ...], list[int]] = {}
        for i in range(len(self)):
            key = tuple(ranks[r][self.columns[r][i]] for r in reversed(roles))
            rows_of.setdefault(key, []).append(i)
        return [
            ([f"{names[r]} = {frame.label(self.columns[r][rows[0]])}" for r in roles], rows)
            for _, rows in sorted(rows_of.items())
        ]

    def _cells(self, places: Sequence[int]) -> tuple[list[str], list[list[str]]]:
        x = [self.columns["x"][i] for i in places]
        predicted = decimals([float(self.columns["predicted"][i]) for i in places])
        numeric = all(isinstance(v, float | int) and not isinstance(v, bool) for v in x)
        shown = decimals([float(v) for v in x]) if numeric else [frame.label(v) for v in x]
        headers = [self.terms[0], "Predicted"]
        cells = [shown, predicted]
        if np.isfinite(self.columns["conf_low"]).any():
            headers.append(f"{100 * self.level:g}% CI")
            low, high = ([float(self.columns[c][i]) for i in places] for c in ("conf_low", "conf_high"))
            cells.append(interval_texts(low, high))
        widths = [max(len(h), *map(len, c)) for h, c in zip(headers, cells, strict=True)]
        for j, (h, w) in enumerate(zip(headers, widths, strict=True)):
            right = numeric or j > 0
            headers[j] = h.rjust(w) if right else h.ljust(w)
            cells[j] = [c.rjust(w) if right else c.ljust(w) for c in cells[j]]
        return headers, [list(row) for row in zip(*cells, strict=True)]

    def _block(self, places: Sequence[int]) -> list[str]:
        headers, cells = self._cells(places)
        head = " | ".join(headers)
        return [head, "-" * len(head), *(" | ".join(row) for row in cells)]

    def _adjusted_for(self) -> list[str]:
        if not self.constants:
            return []
        texts = {
            name: f"{v:.{DECIMALS}f}" if isinstance(v, float) else frame.label(v) for name, v in self.constants.items()
        }
        width = max(map(len, texts))
        room = max((len(t) for t in texts.values() if t != POPULATION), default=0)
        return ["", "Adjusted for:", *(f"* {name.rjust(width)} = {t.rjust(room)}" for name, t in texts.items())]


def spread(places: Sequence[int], n_shown: int) -> list[int]:
    """Rows to print, spread over all of them: the first, quantiles, the last."""
    n = len(places)
    if n <= n_shown:
        return list(places)
    inner = [1 + (n - 1) * k / n_shown for k in range(1, n_shown - 1)]
    return [places[int(rounded_as_r(at, 0)) - 1] for at in (1, *inner, n)]


def decimals(values: Sequence[float]) -> list[str]:
    """Two decimals, or none where all are whole; a missing number is an empty cell."""
    shown = [_rounded(v) for v in values]
    whole = all(v == round(v) for v in shown if math.isfinite(v))
    return ["" if math.isnan(v) else f"{v:.{0 if whole else DECIMALS}f}" for v in shown]


def _rounded(x: float) -> float:
    """To the decimals that are shown, no negative zero."""
    return rounded_as_r(x, DECIMALS) + 0.0 if math.isfinite(x) else x


def interval_texts(low: Sequence[float], high: Sequence[float]) -> list[str]:
    """Limits in brackets, lined up; a missing interval is an empty cell."""
    texts = [[f"{_rounded(v):.{DECIMALS}f}" for v in side] for side in (low, high)]
    finite = [math.isfinite(v) for v in low]
    widths = [max((len(t) for t, k in zip(side, finite, strict=True) if k), default=0) for side in texts]
    return [
        f"[{a.rjust(widths[0])}, {b.rjust(widths[1])}]" if k else "" for a, b, k in zip(*texts, finite, strict=True)
    ]
