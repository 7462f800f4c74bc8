"""Vectors and matrices of texts laid out as R's ``print()`` lays them out, wrapped at 80 characters."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH = 80


def named_vector(names: Sequence[str], texts: Sequence[str], *, gap: int = 1, width: int = WIDTH) -> str:
    """Names over values, right-justified in fields of one width, as many to a line as fit."""
    if not texts:
        return "named numeric(0)"
    field = max(max(map(len, names)), max(map(len, texts)))
    per_line = max(1, width // (field + gap))
    lines = []
    for start in range(0, len(texts), per_line):
        for row in (names, texts):
            lines.append("".join(t.rjust(field) + " " * gap for t in row[start : start + per_line]))
    return "\n".join(lines)


def matrix(
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Sequence[Sequence[str]],
    *,
    right: bool = True,
    width: int = WIDTH,
) -> str:
    """A matrix with row and column names; columns that do not fit go into further blocks below.

    Parameters
    ----------
    rows : sequence of str
        Names of the rows, left-justified.
    columns : sequence of str
        Names of the columns.
    cells : sequence of sequence of str
        Texts, one sequence per row.
    right : bool, default True
        Whether to justify columns right (numbers) or left (texts).
    """
    margin = max(map(len, rows), default=0)
    widths = [max([len(name), *(len(row[j]) for row in cells)]) for j, name in enumerate(columns)]
    blocks: list[list[int]] = []
    used = width + 1
    for j, w in enumerate(widths):
        if used + 1 + w > width:
            blocks.append([])
            used = margin
        blocks[-1].append(j)
        used += 1 + w

    def line(label: str, texts: Sequence[str], chosen: Sequence[int]) -> str:
        fields = (texts[j].rjust(widths[j]) if right else texts[j].ljust(widths[j]) for j in chosen)
        return label.ljust(margin) + "".join(" " + f for f in fields)

    lines = []
    for chosen in blocks:
        lines.append(line("", columns, chosen))
        lines.extend(line(label, row, chosen) for label, row in zip(rows, cells, strict=True))
    return "\n".join(lines)


def fill(*items: str, width: int = WIDTH) -> str:
    """Items joined by a space, a new line before an item that would pass the width (R's ``cat(fill = TRUE)``)."""
    lines = [items[0]]
    for item in items[1:]:
        if len(lines[-1]) + 1 + len(item) > width:
            lines[-1] += " "
            lines.append(item)
        else:
            lines[-1] += " " + item
    return "\n".join(lines)


_BREAKS = (*(f" {o} " for o in ["+", "-", "*", "~", "|", "||", "&", "&&", "<", ">", "<=", ">=", "==", "!="]), ", ")


def deparse(text: str, cutoff: int = 60) -> list[str]:
    """A one-line expression broken as R's ``deparse()`` breaks it.

    R breaks after an operator or comma once a line holds more than `cutoff` characters, and indents by four for
    every open bracket level (or the whole) that has been broken.
    """
    lines: list[str] = []
    start = 0
    broken = [False]
    i = 0
    indent = ""
    quote = ""
    while i < len(text):
        c = text[i]
        if quote:
            quote = "" if c == quote else quote
        elif c in "\"'`":
            quote = c
        elif c == "(":
            broken.append(False)
        elif c == ")" and len(broken) > 1:
            broken.pop()
        else:
            operator = next((b for b in _BREAKS if text.startswith(b, i)), None)
            if operator:
                i += len(operator)
                full = len(indent) + i - start > cutoff
                # an operator's break indents its right side only; a comma's all that follows in the bracket
                broken[-1] = full or (operator == ", " and broken[-1])
                if full:
                    lines.append(indent + text[start:i])
                    start = i
                    indent = "    " * sum(broken)
                continue
        i += 1
    return [*lines, indent + text[start:]]
