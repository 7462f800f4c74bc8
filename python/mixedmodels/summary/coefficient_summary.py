"""What all summaries share: each is a table of its coefficients, and a sheet for documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mixedmodels._typing import Matrix
from mixedmodels.tables.coefmat import coefficient_cells
from mixedmodels.tables.sheet import Block
from mixedmodels.tables.table import Table

COLUMNS = {
    "Estimate": "estimate",
    "Std. Error": "std_error",
    "df": "df",
    "t value": "statistic",
    "z value": "statistic",
    "Pr(>|t|)": "p_value",
    "Pr(>|z|)": "p_value",
}


class CoefficientSummary(Table):
    """A summary, which is a table of the coefficients: term, estimate, std_error, [df,] statistic[, p_value]."""

    names: tuple[str, ...]
    coefficients: Matrix
    kind: Any

    @property
    def _headers(self) -> Sequence[str]:
        """What R calls the columns of `coefficients`."""
        raise NotImplementedError  # pragma: no cover

    def _columns_of_table(self) -> Mapping[str, Any]:
        columns = {COLUMNS[h]: self.coefficients[:, j] for j, h in enumerate(self._headers)}
        return {"term": list(self.names), **columns}

    def _aliases(self) -> Mapping[str, str]:
        return {h: COLUMNS[h] for h in self._headers}

    def _coefficient_block(self, title: str, digits: int) -> Block:
        """The coefficients as they are printed, without stars."""
        pvalues = self._headers[-1].startswith("Pr(")
        cells = coefficient_cells(self.coefficients, digits=digits, pvalues=pvalues) if self.names else []
        rows = [[name, *row] for name, row in zip(self.names, cells, strict=True)]
        return Block(headers=["", *self._headers], rows=rows, title=title)

    def to_html(self) -> str:
        """The whole summary as HTML."""
        return self._repr_html_()
