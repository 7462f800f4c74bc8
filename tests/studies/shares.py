"""Shares of data sets as a table of docs/calibration.md, and that page's tables as shares."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import sqrt

from tests.support.places import ROOT

PAGE = ROOT / "docs" / "calibration.md"
MARKED = r"(<!-- table: {name} -->\n).*?(<!-- end -->)"


@dataclass(frozen=True)
class Shares:
    """Shares of `runs` data sets by row and column; a cell that is missing says that there is no such thing.

    Attributes
    ----------
    corner : what the rows are.
    cells : row -> column -> share.
    notes : lines below the table.
    """

    corner: str
    runs: int
    cells: dict[str, dict[str, float]]
    notes: str = ""

    def __getitem__(self, row: str) -> dict[str, float]:
        return self.cells[row]

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(column for row in self.cells.values() for column in row))

    def markdown(self) -> str:
        head = f"| {self.corner} | " + " | ".join(map(escaped, self.columns)) + " |"
        lines = [head, "|---|" + "---|" * len(self.columns)]
        for name, row in self.cells.items():
            shown = [f"{100 * row[c]:.1f}" if c in row else "" for c in self.columns]
            lines.append(f"| {escaped(name)} | " + " | ".join(shown) + " |")
        return "\n".join([*lines, *(["", self.notes] if self.notes else [])]) + "\n"


def error(share: float, runs: int) -> float:
    """Standard error of a share."""
    return sqrt(share * (1 - share) / runs)


def escaped(name: str) -> str:
    return name.replace("|", r"\|")


def write(name: str, shares: Shares) -> None:
    """Put a table in its place on the page."""
    text = PAGE.read_text()
    new, count = re.subn(
        MARKED.format(name=name), lambda m: m[1] + shares.markdown() + m[2], text, count=1, flags=re.DOTALL
    )
    if count == 0:
        raise SystemExit(f"{PAGE.name} has no place for the table {name!r}: <!-- table: {name} --> ... <!-- end -->")
    PAGE.write_text(new)


def on_the_page(name: str) -> dict[str, list[str]]:
    """Row -> cells of a table of the page."""
    found = re.search(MARKED.format(name=name), PAGE.read_text(), re.DOTALL)
    assert found, f"{PAGE.name} has no table {name!r}"
    rows = [re.split(r" ?(?<!\\)\| ?", line.strip())[1:-1] for line in found[0].split("\n")[3:] if line[:1] == "|"]
    return {row[0]: row[1:] for row in rows}


def assert_is_on_the_page(name: str, shares: Shares) -> None:
    """The page has these shares; rounding errors of another machine may turn a few data sets, but no more."""
    page = on_the_page(name)
    assert list(page) == [escaped(row) for row in shares.cells]
    for row, cells in shares.cells.items():
        for column, cell in zip(shares.columns, page[escaped(row)], strict=True):
            assert (column in cells) == (cell != ""), (row, column)
            if cell:
                assert abs(float(cell) / 100 - cells[column]) <= 0.0005 + 3 / shares.runs, (row, column)
