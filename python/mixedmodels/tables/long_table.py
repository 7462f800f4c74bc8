"""A table with a row for each row of the data or point of a line: printed in part, whole as a table of a library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mixedmodels import frame
from mixedmodels.errors import UnknownColumnError
from mixedmodels.tables.html import paragraph
from mixedmodels.tables.html import table as html_table
from mixedmodels.tables.r_numbers import format_numbers

ROWS = 10  # printed at each end


@dataclass(frozen=True, kw_only=True)
class LongTable:
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

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, column: str) -> Any:
        try:
            return self.columns[column]
        except KeyError:
            raise UnknownColumnError(f"no column {column!r}; there are {', '.join(self.columns)}") from None

    def to_frame(self, kind: Any = None) -> Any:
        """The table in a library of tables: that of the model's data, or `kind`."""
        return frame.to_kind(self.columns, self.kind if kind is None else kind)

    def to_pandas(self) -> Any:
        """The table as a pandas DataFrame."""
        return self.to_frame("pandas")

    def __repr__(self) -> str:
        headers, rows, left = self._shown()
        widths = [max(len(h), *(len(row[j]) for row in rows)) for j, h in enumerate(headers)]

        def line(cells: Sequence[str]) -> str:
            fields = [
                c.ljust(w) if j in left else c.rjust(w) for j, (c, w) in enumerate(zip(cells, widths, strict=True))
            ]
            return "  ".join(fields).rstrip()

        lines = [self.title, ""] if self.title else []
        return "\n".join([*lines, line(headers), *map(line, rows), *self._rest(), *self.footer])

    def _repr_html_(self) -> str:
        headers, rows, _ = self._shown()
        parts = [html_table(self.title, headers, rows), *map(paragraph, [*self._rest(), *self.footer])]
        return "".join(parts)

    def _rest(self) -> list[str]:
        more = len(self) - 2 * ROWS
        return [f"... {more} rows more, before the last {ROWS}"] if more > 0 else []

    def _shown(self) -> tuple[list[str], list[list[str]], set[int]]:
        """Headers, cells of the rows printed, and which columns are texts."""
        n = len(self)
        places = range(n) if n <= 2 * ROWS else [*range(ROWS), *range(n - ROWS, n)]
        cells, left = list[list[str]](), set[int]()
        printed = {name: values for name, values in self.columns.items() if name not in self.hidden}
        for j, values in enumerate(printed.values()):
            chosen = [values[i] for i in places]
            if all(isinstance(v, float | int) and not isinstance(v, bool) for v in chosen):
                known = iter(format_numbers([float(v) for v in chosen if math.isfinite(v)], self.digits))
                cells.append([next(known) if math.isfinite(v) else "" if math.isnan(v) else str(v) for v in chosen])
            else:
                left.add(j)
                cells.append([frame.label(v) for v in chosen])
        return list(printed), [list(row) for row in zip(*cells, strict=True)], left
