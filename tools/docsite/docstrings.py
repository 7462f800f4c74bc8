"""A docstring in the house's numpydoc, as Markdown.

Entries of a section are ``name : what it is`` with further lines indented, or a name alone with the text below it.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable

_TITLE = re.compile(r"^(?P<title>[A-Z][\w ]+)\n-{3,}\n", re.MULTILINE)
_ENTRIES = ("Parameters", "Attributes", "Items", "Raises", "Returns", "Yields")

Link = Callable[[str], str | None]


def markdown(text: str | None, link: Link = lambda name: None) -> str:
    """The docstring as Markdown.

    Parameters
    ----------
    text : the docstring, as it stands in the source.
    link : where a name in backticks is documented, or None.
    """
    clean = inspect.cleandoc(text or "")
    titles = list(_TITLE.finditer(clean))
    out = [_paragraphs(clean[: titles[0].start()] if titles else clean)]
    for i, found in enumerate(titles):
        end = titles[i + 1].start() if i + 1 < len(titles) else len(clean)
        body = clean[found.end() : end].strip("\n")
        shown = _entries(body) if found["title"] in _ENTRIES else _paragraphs(body)
        out.append(f"**{found['title']}**\n\n{shown}")
    return _linked("\n\n".join(part for part in out if part.strip()), link) + "\n"


def summary(text: str | None) -> str:
    """The first paragraph, on one line."""
    first = inspect.cleandoc(text or "").split("\n\n")[0]
    return " ".join(first.split())


def _entries(body: str) -> str:
    """A bullet for each entry: its name in bold, then the text."""
    out = []
    for entry in re.split(r"\n(?=\S)", body):
        head, _, rest = entry.partition("\n")
        name, colon, said = head.partition(" : ")
        below = textwrap.dedent(rest)
        if not colon and not rest:  # a sentence, not a name
            out.append(_paragraphs(head))
            continue
        text = _paragraphs(f"{said}\n{below}".strip())
        out.append(f"- {_bold(name)}: " + textwrap.indent(text, "  ").lstrip())
    return "\n".join(out)


def _bold(name: str) -> str:
    return ", ".join(f"**{part.strip()}**".replace("***", "**\\*") for part in name.split(","))


def _paragraphs(text: str) -> str:
    """Paragraphs as they are; what is indented, or follows ``::``, and examples at a prompt are code."""
    out = []
    for part in re.split(r"\n\s*\n", text.strip("\n")):
        lines = part.split("\n")
        if lines[0].startswith(">>>") or all(line.startswith("    ") for line in lines):
            out.append("```python\n" + textwrap.dedent(part) + "\n```")
        else:
            out.append(re.sub(r"::$", ":", part))
    return "\n\n".join(out)


def _linked(text: str, link: Link) -> str:
    """Double backticks as single ones, and names that are documented as links; code blocks are left alone."""

    def name(found: re.Match[str]) -> str:
        target = link(found[1])
        return f"[`{found[1]}`]({target})" if target else f"`{found[1]}`"

    parts = re.split(r"(^```.*?^```)", text, flags=re.MULTILINE | re.DOTALL)
    for i in range(0, len(parts), 2):
        single = parts[i].replace("``", "`")
        parts[i] = re.sub(r"(?<!`)`([\w.]+)(?:\(\))?`(?!`)", name, single)
    return "".join(parts)
