"""A long table, such as a row per row of the data. It prints in part; `to_frame` has all rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mixedmodels.tables.sheet import Block, Sheet, block_of, plain_text
from mixedmodels.tables.table import Table

ROWS = 10  # printed at each end


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class LongTable(Table):
    """Columns of one length; ``table["x"]`` is a column, `to_frame` the table of the caller's library.

    Attributes
    ----------
    columns : mapping of str
        Columns by name, in snake case.
    title : str, default ""
        The first line in print.
    footer : tuple of str, default ()
        Lines below the table.
    kind : str, default "pandas"
        The library of `to_frame`.
    digits : int, default 5
        Significant digits in print.
    hidden : tuple of str, default ()
        Columns that are not printed.
    """

    columns: Mapping[str, Any]
    title: str = ""
    footer: tuple[str, ...] = ()
    kind: Any = "pandas"
    digits: int = 5
    hidden: tuple[str, ...] = ()

    def _columns_of_table(self) -> Mapping[str, Any]:
        return self.columns

    def _printed(self, places: Sequence[int]) -> Block:
        """Cells of some rows, without the hidden columns."""
        shown = {n: [v[i] for i in places] for n, v in self.columns.items() if n not in self.hidden}
        return block_of(shown, self.digits)

    def _sheet(self) -> Sheet:
        heading = [self.title] if self.title else []
        return Sheet(blocks=[self._printed(range(len(self)))], heading=heading, footer=self.footer)

    def __repr__(self) -> str:
        lines = [self.title, ""] if self.title else []
        return "\n".join([*lines, *plain_text(self._printed(self._ends())), *self._rest(), *self.footer])

    def _repr_html_(self) -> str:
        block = replace(self._printed(self._ends()), title=self.title)
        return Sheet(blocks=[block], footer=[*self._rest(), *self.footer]).html()

    def _ends(self) -> Sequence[int]:
        """Rows that are printed."""
        n = len(self)
        return range(n) if n <= 2 * ROWS else [*range(ROWS), *range(n - ROWS, n)]

    def _rest(self) -> list[str]:
        more = len(self) - 2 * ROWS
        return [f"... {more} rows more, before the last {ROWS}"] if more > 0 else []
