"""Pieces of the page: accessible HTML without scripts, every text escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from mixedmodels.tables.result_table import ResultTable
from mixedmodels.tables.result_text import cells

DIGITS = 4
SENTENCE = 40  # characters; a longer cell breaks its lines
_NUMBER = re.compile(r"\s*[-+<>=~]*\s*[\d.]+(e[-+]?\d+)?\s*%?\s*")


def paragraph(text: str, *, kind: str = "") -> str:
    """A paragraph; `kind` is a class of the style sheet ("lead", "note", "warn", "good")."""
    lines = "<br>".join(escape(line) for line in text.splitlines())
    return f"<p{_class(kind)}>{lines}</p>"


def code(text: str) -> str:
    """A text as it stands, in fixed width."""
    return f"<pre><code>{escape(text)}</code></pre>"


def heading(text: str) -> str:
    """A heading within a section."""
    return f"<h3>{escape(text)}</h3>"


def bullets(items: Sequence[str]) -> str:
    """A list of sentences."""
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def facts(pairs: Mapping[str, str]) -> str:
    """Names and what they are, as a description list."""
    return "<dl>" + "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in pairs.items()) + "</dl>"


def folded(title: str, *parts: str) -> str:
    """Parts that open when their title is clicked, and stand open in print."""
    return f"<details><summary>{escape(title)}</summary>{''.join(parts)}</details>"


def table(caption: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A captioned table whose first column holds the row headers; columns of numbers are flushed right."""
    right = [j > 0 and all(_is_number(row[j]) for row in rows) for j in range(len(headers))]
    head = "".join(f'<th scope="col"{_class("n" if r else "")}>{escape(h)}</th>' for h, r in zip(headers, right))  # noqa: B905
    body = "".join("<tr>" + "".join(_cell(text, j, right[j]) for j, text in enumerate(row)) + "</tr>" for row in rows)
    title = f"<caption>{escape(caption)}</caption>"
    # A wide table scrolls in its frame, which the keyboard can reach.
    return (
        f'<div class="wide" role="region" aria-label="{escape(caption, quote=True)}" tabindex="0">'
        f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def table_of(
    caption: str, columns: Mapping[str, Sequence[Any]], headers: Mapping[str, str], *, digits: int = DIGITS
) -> str:
    """A table of the columns that `headers` names, in its order; numbers as R rounds them."""
    shown = {name: columns[name] for name in headers if name in columns}
    first, *others = shown
    texts = cells({k: shown[k] for k in others}, [headers[k] for k in others], digits)
    rows = [[str(name), *(cell.strip() for cell in row)] for name, row in zip(shown[first], texts, strict=True)]
    return table(caption, [headers[k] for k in shown], rows)


def result(caption: str, found: ResultTable) -> str:
    """A table of results with the lines that stand above and below it."""
    headers = [found.header(c) for c in found.columns]
    texts = cells(found.columns, headers, min(found.digits, DIGITS), found.missing)
    rows = [[name, *(cell.strip() for cell in row)] for name, row in zip(found.names, texts, strict=True)]
    lines = [line for line in found.footer if line.strip()]
    return table(caption, ["", *headers], rows) + "".join(paragraph(line, kind="note") for line in lines)


def figure(source: str, alt: str, caption: str) -> str:
    """A picture held in the page itself."""
    return (
        f'<figure><img src="{source}" alt="{escape(alt, quote=True)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _cell(text: str, column: int, right: bool) -> str:
    if column == 0:
        return f'<th scope="row">{escape(text)}</th>'
    kind = "n" if right else "text" if len(text) > SENTENCE else ""
    return f"<td{_class(kind)}>{escape(text)}</td>"


def _is_number(text: str) -> bool:
    return not text.strip() or text.strip() in ("NA", "NaN", "Inf", "-Inf") or _NUMBER.fullmatch(text) is not None


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""
