"""Accessible HTML without scripts: captioned tables with row and column headers, for notebooks and for the page."""

from __future__ import annotations

import re
from collections.abc import Sequence

SENTENCE = 40  # characters; a longer cell of the page breaks its lines
_NUMBER = re.compile(r"\s*[-+<>=~]*\s*[\d.]+(e[-+]?\d+)?\s*%?\s*")
_RIGHT = ' style="text-align:right"'

Cell = tuple[str, str]  # text and attributes


def table(caption: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column holds the row headers, for a notebook: it needs no style sheet.

    Examples
    --------
    >>> from mixedmodels.tables.html import table
    >>> table("", ["", "n"], [["a", "1"]]).count("<td")
    1
    """
    title = f'<caption style="text-align:left">{_escaped(caption)}</caption>' if caption else ""
    cells = [[(row[0], ""), *((cell.strip(), _RIGHT) for cell in row[1:])] for row in rows]
    return _table(title, [(header, "") for header in headers], cells)


def wide_table(caption: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same table for the page, whose style sheet has its classes; columns of numbers are flushed right."""
    right = [j > 0 and all(_is_number(row[j]) for row in rows) for j in range(len(headers))]
    head = [(header, _class("n" if flush else "")) for header, flush in zip(headers, right, strict=True)]
    cells = [[(text, "" if j == 0 else _class_of_cell(text, right[j])) for j, text in enumerate(row)] for row in rows]
    # A wide table scrolls in its frame, which the keyboard can reach.
    return (
        f'<div class="wide" role="region" aria-label="{_escaped(caption)}" tabindex="0">'
        f"{_table(f'<caption>{_escaped(caption)}</caption>', head, cells)}</div>"
    )


def section(title: str, *parts: str) -> str:
    """Parts under one heading."""
    return f'<section aria-label="{_escaped(title)}"><h4>{_escaped(title)}</h4>{"".join(parts)}</section>'


def paragraph(text: str, *, css_class: str = "") -> str:
    """A paragraph, which keeps the line breaks of the text. `css_class` is one of the style sheet ("note", "warn")."""
    return f"<p{_class(css_class)}>{'<br>'.join(_escaped(line) for line in text.splitlines())}</p>"


def preformatted(text: str) -> str:
    """A text whose columns stay aligned."""
    return f"<pre>{_escaped(text)}</pre>"


def _table(title: str, headers: Sequence[Cell], rows: Sequence[Sequence[Cell]]) -> str:
    head = "".join(f'<th scope="col"{attributes}>{_escaped(text)}</th>' for text, attributes in headers)
    body = "".join(f"<tr>{_row_header(row[0])}{''.join(map(_cell, row[1:]))}</tr>" for row in rows)
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _row_header(cell: Cell) -> str:
    return f'<th scope="row">{_escaped(cell[0])}</th>'


def _cell(cell: Cell) -> str:
    return f"<td{cell[1]}>{_escaped(cell[0])}</td>"


def _class_of_cell(text: str, right: bool) -> str:
    return _class("n" if right else "text" if len(text) > SENTENCE else "")


def _escaped(text: str) -> str:
    from html import escape  # takes longer to import than a small model to fit

    return escape(text, quote=True)


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _is_number(text: str) -> bool:
    return not text.strip() or text.strip() in ("NA", "NaN", "Inf", "-Inf") or _NUMBER.fullmatch(text) is not None
