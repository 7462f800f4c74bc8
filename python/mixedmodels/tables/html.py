"""Accessible HTML for notebooks: captioned tables with row and column headers, no script and no style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def table(caption: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column holds the row headers."""
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in headers)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f'<td style="text-align:right">{escape(cell.strip())}</td>' for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    title = f'<caption style="text-align:left">{escape(caption)}</caption>' if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def section(title: str, *parts: str) -> str:
    """Parts under one heading."""
    return f'<section aria-label="{escape(title, quote=True)}"><h4>{escape(title)}</h4>{"".join(parts)}</section>'


def paragraph(text: str) -> str:
    """A paragraph; line breaks of the text are kept."""
    return f"<p>{'<br>'.join(escape(line) for line in text.splitlines())}</p>"
