"""Tables of general linear hypotheses as multcomp prints them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedmodels.report.coefmat import coefficient_table
from mixedmodels.report.result_table import ResultTable
from mixedmodels.report.rformat import format_numbers
from mixedmodels.report.rprint import matrix

RELATIONS = {"two.sided": "==", "less": ">=", "greater": "<="}
P_HEADERS = {"two.sided": "Pr(>|{}|)", "less": "Pr(<{})", "greater": "Pr(>{})"}
METHODS = {"none": "(Univariate p values reported)", "univariate": "(Univariate p values reported)"}


def heading(title: str, kind: str | None, fit: str | None = None) -> tuple[str, ...]:
    """Lines above the table of hypotheses: title, what is compared, and the call of the model."""
    lines = ["", f"\t {title}", ""]
    if kind is not None:
        lines += [f"Multiple Comparisons of Means: {kind} Contrasts", "", ""]
    if fit is not None:
        lines += [f"Fit: {fit}"]
    return tuple(lines)


def row_names(names: tuple[str, ...], rhs: np.ndarray, alternative: str) -> tuple[str, ...]:
    """Each hypothesis with its relation."""
    values = [f"{float(v):.15g}" for v in rhs]
    return tuple(f"{name} {RELATIONS[alternative]} {value}" for name, value in zip(names, values, strict=True))


def method_line(test: str) -> str:
    """How p-values were adjusted."""
    return METHODS.get(test, f"(Adjusted p values reported -- {test} method)")


@dataclass(frozen=True)
class HypothesesTable(ResultTable):
    """Estimates, standard errors, statistics and p-values."""

    def __repr__(self) -> str:
        shown = [c for c in self.columns if c != "df" or np.isfinite(self.columns[c]).any()]
        values = np.column_stack([np.asarray(self.columns[c], dtype=float) for c in shown])
        headers = [self.header(c) for c in shown]
        table = coefficient_table(self.names, headers, values, digits=self.digits, pvalues=True)
        return "\n".join([*self.heading, "Linear Hypotheses:", table, *self.footer, ""])


@dataclass(frozen=True)
class EstimatesTable(ResultTable):
    """Estimates alone, or with limits: one format for all numbers of the table."""

    def __repr__(self) -> str:
        headers = [self.header(c) for c in self.columns]
        columns = [format_numbers([float(v) for v in values], self.digits) for values in self.columns.values()]
        rows = [list(row) for row in zip(*columns, strict=True)]
        return "\n".join([*self.heading, "Linear Hypotheses:", matrix(self.names, headers, rows), *self.footer, ""])
