"""A Sphinx extension: names in the backticks of docstrings lead to where they are documented, formulas stay plain text.

Docstrings have single backticks for code and for names alike. What is documented becomes a link, whatever class or
module it stands in; the rest stays code.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from docsite.reference import results

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

_CODE = re.compile(r"(``.+?``|`[^`]+`)", re.DOTALL)
_NAME = re.compile(r"^\*{0,2}\w+(, \*{0,2}\w+)*( : |$)")


def plain(lines: list[str]) -> list[str]:
    """The lines with signs of formulas such as ``log|X'X|`` escaped; code and examples are left alone."""
    out: list[str] = []
    paragraph: list[str] = []

    def close() -> None:
        out.extend(_escaped("\n".join(paragraph)).split("\n") if paragraph else [])
        paragraph.clear()

    code = None  # indentation of the text above a literal block
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if code is not None and line.strip() and indent <= code:
            code = None
        if code is None and line.strip() and not line.lstrip().startswith((">>>", "...")) and not _NAME.match(line):
            paragraph.append(line)
        else:
            close()
            out.append(line)
        if code is None and line.endswith("::"):
            code = indent
    close()
    return out


def _escaped(text: str) -> str:
    parts = _CODE.split(text)
    for i in range(0, len(parts), 2):
        text = re.sub(r"(?<=\w)_(?=\W|$)", r"\\_", re.sub(r"[|*]", r"\\\g<0>", parts[i]))
        if i and re.match(r"[\w^]", text):  # code must not touch a word
            text = "\\ " + text
        parts[i] = text
    return "".join(parts)


def nearest(name: str, documented: list[str]) -> str | None:
    """The full name that a short one means: the one with the fewest parts, the first of these."""
    bare = name.removesuffix("()").strip()
    found = [full for full in documented if full == bare or full.endswith(f".{bare}")]
    return min(found, key=lambda full: full.count("."), default=None)


def _escape(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    lines[:] = plain(lines)


def _hide_constructor(
    app: Sphinx, what: str, name: str, value: Any, options: Any, arguments: str | None, returns: str | None
) -> tuple[str, str] | None:
    """No arguments for a class that only verbs make: readers need its attributes, not its constructor."""
    return ("", "") if arguments and what == "class" and value in results().values() else None


def _resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: nodes.Element) -> nodes.Element | None:
    if node.get("refdomain") != "py":
        return None
    domain = env.domains["py"]
    full = nearest(node["reftarget"], list(domain.objects))  # type: ignore[attr-defined]
    if full is None or app.builder is None:
        return shown
    found = domain.resolve_xref(env, node["refdoc"], app.builder, "obj", full, node, shown)
    return shown if found is None else found


def _link_verbs(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """In tables with a column "verb", each verb leads to where it is documented."""
    from docutils import nodes

    if app.builder is None:
        return
    objects = app.env.domains["py"].objects  # type: ignore[attr-defined]
    for table in doctree.findall(nodes.table):
        names = [entry.astext() for entry in next(iter(table.findall(nodes.thead))).findall(nodes.entry)]
        if "verb" not in names:
            continue
        for row in next(iter(table.findall(nodes.tbody))).findall(nodes.row):
            for literal in list(row[names.index("verb")].findall(nodes.literal)):
                full = nearest(literal.astext().removeprefix("mm."), list(objects))
                if full is not None:
                    entry = objects[full]
                    address = f"{app.builder.get_relative_uri(docname, entry.docname)}#{entry.node_id}"
                    literal.replace_self(nodes.reference("", "", literal.deepcopy(), internal=True, refuri=address))


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx; the escaping comes before numpydoc reads the docstring."""
    app.connect("autodoc-process-docstring", _escape, priority=400)
    app.connect("autodoc-process-signature", _hide_constructor)
    app.connect("missing-reference", _resolve)
    app.connect("doctree-resolved", _link_verbs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
