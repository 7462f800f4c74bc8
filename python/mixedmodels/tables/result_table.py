"""The result table of tests, comparisons and intervals: named columns that print as R prints them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mixedmodels.tables.result_text import cells, role, text
from mixedmodels.tables.sheet import Block, Sheet
from mixedmodels.tables.table import Table

# What R calls a column; a table's own `headers` go first.
HEADERS = {
    "estimate": "Estimate",
    "std_error": "Std. Error",
    "statistic": "t value",
    "npar": "npar",
    "aic": "AIC",
    "bic": "BIC",
    "loglik": "logLik",
    "deviance": "-2*log(L)",
    "chisq": "Chisq",
    "lrt": "LRT",
    "df": "Df",
    "sum_sq": "Sum Sq",
    "mean_sq": "Mean Sq",
    "num_df": "NumDF",
    "den_df": "DenDF",
    "f_value": "F value",
    "p_value": "Pr(>Chisq)",
}


F_HEADERS = {"p_value": "Pr(>F)"}
T_HEADERS = {"df": "df", "conf_low": "lower", "conf_high": "upper", "p_value": "Pr(>|t|)"}
Z_HEADERS = {**T_HEADERS, "statistic": "z value", "p_value": "Pr(>|z|)"}


class ShownAsTable(Table):
    """What is a table by another one that it makes, in `table`, and prints as that."""

    table: Any

    def _columns_of_table(self) -> Mapping[str, Any]:
        columns: Mapping[str, Any] = self.table._columns_of_table()
        return columns

    def _aliases(self) -> Mapping[str, str]:
        aliases: Mapping[str, str] = self.table._aliases()
        return aliases

    def _sheet(self) -> Sheet:
        sheet: Sheet = self.table._sheet()
        return sheet

    def to_frame(self, kind: Any = None) -> Any:
        """The table in a library of tables: that of the model's data, or `kind`."""
        return self.table.to_frame(kind)

    def __repr__(self) -> str:
        return repr(self.table)

    def to_html(self) -> str:
        """The table as HTML."""
        text: str = self.table.to_html()
        return text

    def _repr_html_(self) -> str:
        text: str = self.table._repr_html_()
        return text


@dataclass(frozen=True, kw_only=True, eq=False)
class ResultTable(Table):
    """A table of results whose rows have names.

    ``table["p_value"]`` is a column, ``table.row("Days")`` a row, `to_frame` the table of the caller's library.

    Attributes
    ----------
    columns : mapping of str
        Columns by name in snake case, arrays of numbers or lists of texts, all of one length; without the names.
    names : tuple of str
        Name of each row, printed at its left.
    row_column : str, default "term"
        What the row names are called as the first column.
    headers : mapping of str to str, optional
        R's headers of columns that are not in `HEADERS`.
    heading, footer : tuple of str, default ()
        Lines above and below the table.
    kind : str, default "pandas"
        The library of `to_frame` ("pandas", "polars", ...).
    digits : int, default 5
        Significant digits in print.
    missing : str, default ""
        Text for a missing number.
    seed : int or Generator, optional
        Seed that gives the same table again; None if nothing was drawn.
    """

    columns: Mapping[str, Any]
    names: tuple[str, ...]
    row_column: str = "term"
    headers: Mapping[str, str] = field(default_factory=dict)
    heading: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
    kind: Any = "pandas"
    digits: int = 5
    missing: str = ""
    seed: Any = None

    def _columns_of_table(self) -> Mapping[str, Any]:
        return {self.row_column: list(self.names), **self.columns}

    def _aliases(self) -> Mapping[str, str]:
        return {self.header(column): column for column in self.columns}

    def _row_labels(self) -> list[str]:
        return list(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def header(self, column: str) -> str:
        """How a column is called in print."""
        return self.headers.get(column) or HEADERS.get(column, column)

    def __repr__(self) -> str:
        headers = [self.header(c) for c in self.columns]
        return "\n".join(
            [*self.heading, text(self.names, headers, self.columns, self.digits, self.missing), *self.footer]
        )

    def _sheet(self) -> Sheet:
        headers = [self.header(c) for c in self.columns]
        shown = cells(self.columns, headers, self.digits, self.missing)
        rows = [[name, *row] for name, row in zip(self.names, shown, strict=True)]
        texts = [
            j
            for j, (c, h) in enumerate(zip(self.columns, headers, strict=True), 1)
            if role(c, h, self.columns[c]) == "text"
        ]
        block = Block(headers=["", *headers], rows=rows, texts=frozenset([0, *texts]))
        return Sheet(blocks=[block], heading=self.heading, footer=self.footer)


def one_row(values: Mapping[str, Any], name: str, **more: Any) -> ResultTable:
    """A table of one row."""
    columns: dict[str, Any] = {k: [v] if isinstance(v, str) else np.array([v]) for k, v in values.items()}
    return ResultTable(columns=columns, names=(name,), **more)
