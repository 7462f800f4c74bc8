"""A result laid out in cells, before it becomes HTML, LaTeX or Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mixedmodels import frame
from mixedmodels.tables import html
from mixedmodels.tables.r_numbers import format_numbers

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Cells of one table.

    Attributes
    ----------
    headers : sequence of str
        Name of each column.
    rows : sequence of sequence of str
        Texts of the cells, row by row.
    title : str, default ""
        What distinguishes this block from the others of the sheet.
    texts : frozenset of int, default frozenset({0})
        Columns that hold texts, which are flushed left; all others are flushed right.
    """

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    texts: frozenset[int] = frozenset({0})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Blocks of cells with lines above and below.

    Attributes
    ----------
    blocks : sequence of Block
        Tables, one below the other.
    heading, footer : sequence of str, default ()
        Lines above the first block and below the last one.
    """

    blocks: Sequence[Block]
    heading: Sequence[str] = ()
    footer: Sequence[str] = ()

    def html(self) -> str:
        """The sheet for a notebook.

        Examples
        --------
        >>> from mixedmodels.tables.sheet import Block, Sheet
        >>> Sheet(blocks=[Block(headers=["n"], rows=[["1"]])]).html().count("<th ")
        2
        """
        tables = [html.table(b.title, [h.strip() for h in b.headers], _stripped(b.rows)) for b in self.blocks]
        lines = [[html.paragraph(line) for line in part if line.strip()] for part in (self.heading, self.footer)]
        return "".join([*lines[0], *tables, *lines[1]])

    def markdown(self) -> str:
        """The sheet as tables of GitHub's Markdown."""
        parts = [_paragraphs(self.heading)]
        for block in self.blocks:
            parts += [f"**{_markdown(block.title)}**" if block.title else "", _markdown_table(block)]
        return "\n\n".join(part for part in [*parts, _paragraphs(self.footer)] if part)

    def latex(self, caption: str | None = None, label: str | None = None) -> str:
        """The sheet as a LaTeX table; its rules are those of the LaTeX package booktabs.

        Parameters
        ----------
        caption : str, optional
            Caption; the lines of the heading if not given.
        label : str, optional
            Label for references.
        """
        title = " ".join(line.strip() for line in self.heading if line.strip()) if caption is None else caption
        lines = [r"\begin{table}", r"\centering"]
        if title:
            lines.append(rf"\caption{{{latex_text(title)}}}")
        if label:
            lines.append(rf"\label{{{label}}}")
        for block in self.blocks:
            if block.title:
                lines.append(rf"\par\medskip {latex_text(block.title)}\par")
            lines += _tabular(block)
        lines += [rf"\par\smallskip\footnotesize {latex_text(line.strip())}" for line in self.footer if line.strip()]
        return "\n".join([*lines, r"\end{table}"])


def latex_text(text: str) -> str:
    """A text whose special characters LaTeX prints as they are.

    Examples
    --------
    >>> from mixedmodels.tables.sheet import latex_text
    >>> latex_text("std_error") == "std" + chr(92) + "_error"
    True
    """
    return "".join(_LATEX.get(c, c) for c in text)


def block_of(columns: Mapping[str, Any], digits: int, title: str = "") -> Block:
    """Columns as cells: numbers with their significant digits, everything else as a text.

    Parameters
    ----------
    columns : mapping of str
        Values of each column, by its name.
    digits : int
        Significant digits.
    title : str, default ""
        Title of the block.
    """
    cells, texts = list[list[str]](), set[int]()
    for j, values in enumerate(columns.values()):
        if all(isinstance(v, float | int) and not isinstance(v, bool) for v in values):
            shown = iter(format_numbers([float(v) for v in values if math.isfinite(v)], digits))
            cells.append([next(shown) if math.isfinite(v) else "" if math.isnan(v) else str(v) for v in values])
        else:
            texts.add(j)
            cells.append(["" if v is None else frame.label(v) for v in values])
    rows = [list(row) for row in zip(*cells, strict=True)]
    return Block(headers=list(columns), rows=rows, title=title, texts=frozenset(texts))


def plain_text(block: Block) -> list[str]:
    """Lines of a block, columns two spaces apart."""
    widths = [max(len(h), *(len(row[j]) for row in block.rows)) for j, h in enumerate(block.headers)]

    def line(cells: Sequence[str]) -> str:
        fields = (
            c.ljust(w) if j in block.texts else c.rjust(w) for j, (c, w) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(fields).rstrip()

    return [line(block.headers), *map(line, block.rows)]


def _stripped(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[cell.strip() for cell in row] for row in rows]


def _paragraphs(lines: Sequence[str]) -> str:
    return "\n\n".join(_markdown(line.strip()) for line in lines if line.strip())


def _markdown(text: str) -> str:
    return "".join("\\" + c if c in "\\`*_{}[]<>#|~" else c for c in text)


def _markdown_table(block: Block) -> str:
    rules = [":---" if j in block.texts else "---:" for j in range(len(block.headers))]
    rows = [[_markdown(cell.strip()) for cell in row] for row in [block.headers, *block.rows]]
    return "\n".join(f"| {' | '.join(row)} |" for row in [rows[0], rules, *rows[1:]])


def _tabular(block: Block) -> list[str]:
    places = "".join("l" if j in block.texts else "r" for j in range(len(block.headers)))
    rows = [" & ".join(latex_text(cell.strip()) for cell in row) + r" \\" for row in [block.headers, *block.rows]]
    body = [r"\toprule", rows[0], r"\midrule", *rows[1:], r"\bottomrule"]
    return [rf"\begin{{tabular}}{{{places}}}", *body, r"\end{tabular}"]
