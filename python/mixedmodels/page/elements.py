"""Pieces of the page: accessible HTML without scripts, every text escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from mixedmodels.tables.html import paragraph, wide_table
from mixedmodels.tables.result_table import ResultTable
from mixedmodels.tables.result_text import cells

DIGITS = 4


def code(text: str) -> str:
    """A text without changes, in fixed width."""
    return f"<pre><code>{escape(text)}</code></pre>"


def heading(text: str, anchor: str | None = None) -> str:
    """A heading within a section, with an anchor where others refer to it."""
    name = "" if anchor is None else f' id="{anchor}"'
    return f"<h3{name}>{escape(text)}</h3>"


def bullets(items: Sequence[str]) -> str:
    """A list of sentences."""
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def links(items: Sequence[tuple[str, str]]) -> str:
    """An ordered list of sentences, each with the anchor on the page that it leads to."""
    return "<ol>" + "".join(f'<li><a href="#{a}">{escape(text)}</a></li>' for text, a in items) + "</ol>"


def facts(pairs: Mapping[str, str]) -> str:
    """Names and values as a description list."""
    return "<dl>" + "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in pairs.items()) + "</dl>"


def folded(title: str, *parts: str) -> str:
    """Parts that open with a click on their title, and are open in print."""
    return f"<details><summary>{escape(title)}</summary>{''.join(parts)}</details>"


def table_of(
    caption: str, columns: Mapping[str, Sequence[Any]], headers: Mapping[str, str], *, digits: int = DIGITS
) -> str:
    """A table of the columns that `headers` names, in its order; numbers as R rounds them."""
    shown = {name: columns[name] for name in headers if name in columns}
    first, *others = shown
    texts = cells({k: shown[k] for k in others}, [headers[k] for k in others], digits)
    rows = [[str(name), *(cell.strip() for cell in row)] for name, row in zip(shown[first], texts, strict=True)]
    return wide_table(caption, [headers[k] for k in shown], rows)


def result(caption: str, results: ResultTable) -> str:
    """A table of results with the notes below it."""
    headers = [results.header(c) for c in results.columns]
    texts = cells(results.columns, headers, min(results.digits, DIGITS), results.missing)
    rows = [[name, *(cell.strip() for cell in row)] for name, row in zip(results.names, texts, strict=True)]
    lines = [line for line in results.footer if line.strip()]
    return wide_table(caption, ["", *headers], rows) + "".join(paragraph(line, css_class="note") for line in lines)


def figure(source: str, alt: str, caption: str) -> str:
    """A picture inside the page."""
    return (
        f'<figure><img src="{source}" alt="{escape(alt, quote=True)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
