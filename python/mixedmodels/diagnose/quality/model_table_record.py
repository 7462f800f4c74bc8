"""Several models side by side: estimates with intervals and p-values, variances, figures of the whole fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite, isnan
from pathlib import Path
from typing import Any

import numpy as np

from mixedmodels._files import write_text
from mixedmodels.tables.sheet import Block, Sheet
from mixedmodels.tables.table import Table

PARTS = {"fixed": "Fixed effects", "random": "Random effects", "fit": "Fit"}
FIGURES = ("observations", "levels", "restricted", "log-likelihood", "AIC", "R2")  # beginnings, in order
SMALLEST = 0.001  # p-values below print as smaller than this


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelTable(Table):
    """Models beside each other; prints as text, shows as HTML in a notebook.

    Attributes
    ----------
    columns : mapping of str to list
        Columns with a row for each model and quantity: model, part ("fixed", "random", "fit"), term, estimate,
        std_error, conf_low, conf_high, p_value (lists of one length; NaN where a quantity has none).
    names : tuple of str
        Names of the models, in the order of the columns in print.
    estimate : str
        Name of the column of estimates.
    level : float
        Confidence of the intervals.
    notes : tuple of str
        Lines below the table.
    kind : str, default "pandas"
        The library of `to_frame`.

    Examples
    --------
    >>> table = mm.model_table(lin, fit)
    >>> table.names, table.to_frame().shape[0]
    (('lin', 'fit'), 20)
    """

    columns: Mapping[str, list[Any]]
    names: tuple[str, ...]
    estimate: str
    level: float
    notes: tuple[str, ...]
    kind: Any = "pandas"

    def _columns_of_table(self) -> Mapping[str, Any]:
        """The long table, a row for each model and quantity."""
        texts = ("model", "part", "term")
        return {k: v if k in texts else np.array(v, dtype=float) for k, v in self.columns.items()}

    def to_html(self, path: str | Path | None = None) -> str:
        """The table as HTML, written to `path` too if there is one."""
        text = self._repr_html_()
        if path is not None:
            write_text(path, text, "the table")
        return text

    def _sheet(self) -> Sheet:
        headers = ["", *(f"{name}: {h}" for name in self.names for h in self._headers())]
        rows = []
        for title, part in self._sections():
            rows += [[title, *[""] * (len(headers) - 1)], *part]
        return Sheet(blocks=[Block(headers=headers, rows=rows)], footer=self.notes)

    def to_markdown(self) -> str:
        """The table in Markdown."""
        headers = ["", *(f"{name}: {h}" for name in self.names for h in self._headers())]
        lines = ["| " + " | ".join(headers) + " |", "|---" * len(headers) + "|"]
        for title, rows in self._sections():
            lines.append("| *" + title + "* |" + " |" * (len(headers) - 1))
            lines += ["| " + " | ".join(_escaped(row)) + " |" for row in rows]
        return "\n".join([*lines, "", *self.notes])

    def _headers(self) -> tuple[str, str, str]:
        return (self.estimate, f"{100 * self.level:g}% CI", "p")

    def _sections(self) -> list[tuple[str, list[list[str]]]]:
        """Title -> rows of texts: a term, and three cells for each model."""
        c = self.columns
        places = {(m, p, t): i for i, (m, p, t) in enumerate(zip(c["model"], c["part"], c["term"], strict=True))}
        out = []
        for part, title in PARTS.items():
            terms = dict.fromkeys(t for p, t in zip(c["part"], c["term"], strict=True) if p == part)
            if part == "fit":
                terms = dict.fromkeys(sorted(terms, key=_place))
            rows = [[t, *(cell for m in self.names for cell in self._cells(places.get((m, part, t))))] for t in terms]
            if rows:
                out.append((title, rows))
        return out

    def _cells(self, row: int | None) -> list[str]:
        if row is None:
            return ["", "", ""]
        estimate, low, high, p = (self.columns[k][row] for k in ("estimate", "conf_low", "conf_high", "p_value"))
        limits = "" if isnan(low) and isnan(high) else f"[{number(low)}, {number(high)}]"
        return [number(estimate), limits, p_text(p)]

    def __repr__(self) -> str:
        sections = self._sections()
        body = [row for _, rows in sections for row in rows]
        heads = ["", *(h for _ in self.names for h in self._headers())]
        widths = [max(len(row[j]) for row in [heads, *body]) for j in range(len(heads))]
        for m, name in enumerate(self.names):  # a name stands over its three columns
            three = slice(1 + 3 * m, 4 + 3 * m)
            widths[3 + 3 * m] += max(0, len(name) - sum(widths[three]) - 4)
        over = [" " * widths[0]]
        over += [name.center(sum(widths[1 + 3 * m : 4 + 3 * m]) + 4) for m, name in enumerate(self.names)]
        lines = ["   ".join(over).rstrip(), _line(heads, widths)]
        for title, rows in sections:
            lines += [title, *(_line(row, widths) for row in rows)]
        return "\n".join([*lines, *self.notes])

    def _repr_html_(self) -> str:
        top = "".join(f'<th scope="colgroup" colspan="3">{escape(name)}</th>' for name in self.names)
        heads = "".join(f'<th scope="col">{escape(h)}</th>' for _ in self.names for h in self._headers())
        width = 1 + 3 * len(self.names)
        body = ""
        for title, rows in self._sections():
            body += f'<tr><th scope="rowgroup" colspan="{width}" style="text-align:left">{escape(title)}</th></tr>'
            for term, *cells in rows:
                shown = "".join(f'<td style="text-align:right">{escape(cell)}</td>' for cell in cells)
                body += f'<tr><th scope="row" style="text-align:left">{escape(term)}</th>{shown}</tr>'
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        head = f"<thead><tr><td></td>{top}</tr><tr><td></td>{heads}</tr></thead>"
        return f"<table>{head}<tbody>{body}</tbody></table>{notes}"


def _place(figure: str) -> int:
    return next((i for i, start in enumerate(FIGURES) if figure.startswith(start)), len(FIGURES))


def number(value: float) -> str:
    """Four significant digits, whole numbers as they are; nothing where there is none."""
    if isnan(value):
        return ""
    if not isfinite(value):
        return f"{value:g}"
    if value == round(value) and abs(value) < 1e15:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 1000 else f"{value:#.4g}".rstrip(".")


def p_text(p: float) -> str:
    """A p-value to three decimals."""
    if isnan(p):
        return ""
    return f"<{SMALLEST:g}" if p < SMALLEST else f"{p:.3f}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """A row: the term at the left, cells at the right, models three spaces apart."""
    parts = [cells[0].ljust(widths[0])]
    for m in range((len(cells) - 1) // 3):
        three = range(1 + 3 * m, 4 + 3 * m)
        parts.append("  ".join(cells[j].rjust(widths[j]) for j in three))
    return "   ".join(parts).rstrip()


def _escaped(row: Sequence[str]) -> list[str]:
    return [cell.replace("|", "\\|") for cell in row]
