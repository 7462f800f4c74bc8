"""Tables of general linear hypotheses as multcomp prints them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixedmodels._spellings import recased
from mixedmodels.inference.glht.tests import CLOSED
from mixedmodels.inference.multiplicity.adjust import JOINT
from mixedmodels.inference.multiplicity.p_adjust import ALIASES, STEPWISE
from mixedmodels.tables.coefmat import coefficient_cells, coefficient_table
from mixedmodels.tables.r_numbers import format_numbers
from mixedmodels.tables.r_print import matrix
from mixedmodels.tables.result_table import ResultTable
from mixedmodels.tables.sheet import Block, Sheet

RELATIONS = {"two.sided": "==", "less": ">=", "greater": "<="}
P_HEADERS = {"two.sided": "Pr(>|{}|)", "less": "Pr(<{})", "greater": "Pr(>{})"}
METHODS = {"none": "(Univariate p values reported)", "univariate": "(Univariate p values reported)"}


def heading(title: str, contrast: str | None, fit: str | None = None) -> tuple[str, ...]:
    """Lines above the table of hypotheses: title, kind of comparison, and call of the model."""
    lines = ["", f"\t {title}", ""]
    if contrast is not None:
        lines += [f"Multiple Comparisons of Means: {contrast} Contrasts", "", ""]
    if fit is not None:
        lines += [f"Fit: {fit}"]
    return tuple(lines)


def row_names(names: tuple[str, ...], rhs: NDArray[np.float64], alternative: str) -> tuple[str, ...]:
    """Each hypothesis with its relation."""
    values = [f"{float(v):.15g}" for v in rhs]
    return tuple(f"{name} {RELATIONS[alternative]} {value}" for name, value in zip(names, values, strict=True))


def method_line(test: str) -> str:
    """The line that names the adjustment of the p-values."""
    name = recased(test, [*METHODS, *CLOSED, *STEPWISE, *JOINT, *ALIASES])
    return METHODS.get(name, f"(Adjusted p values reported -- {name} method)")


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class HypothesesTable(ResultTable):
    """Estimates, standard errors, statistics and p-values."""

    def _shown(self) -> tuple[list[str], NDArray[np.float64]]:
        """Headers and numbers of the columns that are printed."""
        shown = [c for c in self.columns if c != "df" or np.isfinite(self.columns[c]).any()]
        values = np.column_stack([np.asarray(self.columns[c], dtype=float) for c in shown])
        return [self.header(c) for c in shown], values

    def _sheet(self) -> Sheet:
        headers, values = self._shown()
        return _sheet(self, headers, coefficient_cells(values, digits=self.digits, pvalues=True))

    def __repr__(self) -> str:
        headers, values = self._shown()
        table = coefficient_table(self.names, headers, values, digits=self.digits, pvalues=True)
        return "\n".join([*self.heading, "Linear Hypotheses:", table, *self.footer, ""])


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class EstimatesTable(ResultTable):
    """Estimates alone."""

    def _rows(self) -> list[list[str]]:
        columns = [format_numbers([float(v) for v in values], self.digits) for values in self.columns.values()]
        return [list(row) for row in zip(*columns, strict=True)]

    def _sheet(self) -> Sheet:
        return _sheet(self, [self.header(c) for c in self.columns], self._rows())

    def __repr__(self) -> str:
        headers = [self.header(c) for c in self.columns]
        rows = self._rows()
        return "\n".join([*self.heading, "Linear Hypotheses:", matrix(self.names, headers, rows), *self.footer, ""])


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class LimitsTable(ResultTable):
    """Estimates and limits, all in one format and at the left of their columns."""

    def _rows(self) -> list[list[str]]:
        values = np.column_stack([np.asarray(v, dtype=float) for v in self.columns.values()])
        texts = _alike(values.ravel(), self.digits)
        return [texts[i : i + values.shape[1]] for i in range(0, len(texts), values.shape[1])]

    def _sheet(self) -> Sheet:
        return _sheet(self, [self.header(c) for c in self.columns], self._rows())

    def __repr__(self) -> str:
        rows = self._rows()
        headers = [self.header(c) for c in self.columns]
        widths = [max(len(header), len(rows[0][0])) for header in headers]
        left = max(map(len, self.names))
        lines = [" ".join([" " * left, *map(str.ljust, headers, widths)])]
        lines += [
            " ".join([name.ljust(left), *map(str.ljust, row, widths)])
            for name, row in zip(self.names, rows, strict=True)
        ]
        return "\n".join([*self.heading, "Linear Hypotheses:", *lines, *self.footer, ""])


def _sheet(table: ResultTable, headers: list[str], cells: list[list[str]]) -> Sheet:
    """The cells beside the hypotheses, for documents."""
    rows = [[name, *row] for name, row in zip(table.names, cells, strict=True)]
    return Sheet(blocks=[Block(headers=["", *headers], rows=rows)], heading=table.heading, footer=table.footer)


def _alike(values: NDArray[np.float64], digits: int) -> list[str]:
    """Numbers in one format: so many significant digits for each, as many decimals at least, and one width."""
    finite = format_numbers([float(v) for v in values if np.isfinite(v)], digits)
    if any("e" in t for t in finite):
        decimals, notation = digits - 1, "e"
    else:
        decimals, notation = max([digits, *(len(t.partition(".")[2]) for t in finite)]), "f"
    texts = [f"{v:.{decimals}{notation}}" if np.isfinite(v) else ("Inf" if v > 0 else "-Inf") for v in values]
    width = max(map(len, texts))
    return [t.rjust(width) for t in texts]
