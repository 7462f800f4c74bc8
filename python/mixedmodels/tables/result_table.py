"""The table in which every test, comparison and interval ends: named columns that print as R prints them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import UnknownColumnError
from mixedmodels.tables.html import paragraph
from mixedmodels.tables.html import table as html_table
from mixedmodels.tables.result_text import cells, text

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


class ShownAsTable:
    """What prints as its table, and becomes one in the user's library of tables."""

    table: Any

    def to_frame(self, kind: Any = None) -> Any:
        """The table in a library of tables: that of the model's data, or `kind`."""
        return self.table.to_frame(kind)

    def __repr__(self) -> str:
        return repr(self.table)

    def _repr_html_(self) -> str:
        text: str = self.table._repr_html_()
        return text


@dataclass(frozen=True, kw_only=True)
class ResultTable:
    """A table of results, immutable.

    ``table["p_value"]`` is a column, ``table.row("Days")`` a row, `to_frame` the table of the caller's library.

    Attributes
    ----------
    columns : mapping of str
        Columns by name in snake case, arrays of numbers or lists of texts, all of one length.
    names : tuple of str
        Name of each row, which stands at its left.
    row_column : str, default "term"
        What the row names are called as a column of `to_frame`.
    headers : mapping of str to str, optional
        How R calls a column, where `HEADERS` does not say.
    heading, footer : tuple of str, default ()
        Lines above and below the table.
    kind : str, default "pandas"
        The library of `to_frame` ("pandas", "polars", ...).
    digits : int, default 5
        Significant digits in print.
    missing : str, default ""
        How a missing number is printed.
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

    def __getitem__(self, column: str) -> Any:
        try:
            return self.columns[column]
        except KeyError:
            raise UnknownColumnError(f"no column {column!r}; there are {', '.join(self.columns)}") from None

    def __len__(self) -> int:
        return len(self.names)

    def row(self, name: str) -> dict[str, Any]:
        """One row by its name: column -> value.

        Examples
        --------
        >>> round(float(fit.anova().row("Days")["f_value"]), 2)
        45.85
        """
        try:
            i = self.names.index(name)
        except ValueError:
            raise UnknownColumnError(f"no row {name!r}; there are {', '.join(self.names)}") from None
        return {column: values[i] for column, values in self.columns.items()}

    def to_frame(self, kind: Any = None) -> Any:
        """The table in a library of tables: that of the model's data, or `kind`.

        Examples
        --------
        >>> fit.anova().to_frame().columns.tolist()
        ['term', 'sum_sq', 'mean_sq', 'num_df', 'den_df', 'f_value', 'p_value']
        """
        columns = {self.row_column: list(self.names), **self.columns}
        return frame.to_kind(columns, self.kind if kind is None else kind)

    def to_pandas(self) -> Any:
        """A pandas table with the row names as index.

        Examples
        --------
        >>> fit.anova().to_pandas().index.tolist()
        ['Days']
        """
        import pandas as pd

        return pd.DataFrame({k: np.asarray(v) for k, v in self.columns.items()}, index=list(self.names))

    def header(self, column: str) -> str:
        """How a column is called in print."""
        return self.headers.get(column) or HEADERS.get(column, column)

    def __repr__(self) -> str:
        headers = [self.header(c) for c in self.columns]
        return "\n".join(
            [*self.heading, text(self.names, headers, self.columns, self.digits, self.missing), *self.footer]
        )

    def _repr_html_(self) -> str:
        headers = [self.header(c) for c in self.columns]
        rows = [
            [name, *row]
            for name, row in zip(self.names, cells(self.columns, headers, self.digits, self.missing), strict=True)
        ]
        parts = [*map(paragraph, self.heading), html_table("", ["", *headers], rows), *map(paragraph, self.footer)]
        return "".join(parts)


def one_row(values: Mapping[str, Any], name: str, **more: Any) -> ResultTable:
    """A table of one row."""
    columns: dict[str, Any] = {k: [v] if isinstance(v, str) else np.array([v]) for k, v in values.items()}
    return ResultTable(columns=columns, names=(name,), **more)
