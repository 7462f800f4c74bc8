"""A page of the documentation as prose and fenced blocks, and what its Python prints and draws.

Two comments, invisible to readers, say more about a block:

``<!-- needs: batMass.csv -->`` ... ``<!-- end needs -->``
    The blocks between them run where that file is at hand, and are shown anyhow.
``<!-- figure: what is to be seen -->``
    Below a block that draws: where the picture stands, and its text for those who do not see it.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import shutil
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<language>\w*)\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL)
_NEEDS = re.compile(r"<!-- (?:needs: (?P<file>\S+)|end needs) -->")
_DRAWS = re.compile(r"\bmatplotlib\b|\bplt\.|\bmm\.plot\b|\.plot\(")


class PageError(Exception):
    """A page does not hold what it promises."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the line of the page on which the text begins, and a file it needs."""

    language: str
    text: str
    line: int
    needs: str | None = None


@dataclass(frozen=True)
class Output:
    """What a block printed, and the figures that it left: the value of its last line, or open ones of pyplot."""

    printed: str
    figures: tuple[Any, ...] = ()


def pieces(page: Path) -> list[str | Block]:
    """Prose and blocks in their order."""
    text = page.read_text(encoding="utf-8")
    out: list[str | Block] = []
    end, needs = 0, None
    for found in _FENCE.finditer(text):
        prose = text[end : found.start()]
        for comment in _NEEDS.finditer(prose):
            needs = comment["file"]
        line = text.count("\n", 0, found.start("text")) + 1
        out += [prose, Block(found["language"], found["text"], line, needs)]
        end = found.end()
    return [*out, text[end:]]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    return [piece for piece in pieces(page) if isinstance(piece, Block)]


def can_run(block: Block, data: Path) -> bool:
    """Whether what the block needs is here: a file of the folder `data`, matplotlib for pictures, scikit-learn."""
    if block.needs is not None and not (data / block.needs).exists():
        return False
    needs = {"matplotlib": _DRAWS.search(block.text), "sklearn": re.search(r"\bsklearn\b", block.text)}
    return all(found is None or find_spec(library) is not None for library, found in needs.items())


def run(block: Block, page: Path, names: dict[str, object], data: Path) -> Output:
    """Execute a block in the working folder, to which a file that it needs is copied; tracebacks name the page's line.

    Parameters
    ----------
    block : Block
        Python that can be run here.
    page : Path
        Page that the block stands on.
    names : dict of str
        What earlier blocks of the page have defined; this one adds to it.
    data : Path
        Folder of files that may be missing.
    """
    if block.needs is not None and not Path(block.needs).exists():
        shutil.copy(data / block.needs, block.needs)
    tree = ast.parse("\n" * (block.line - 1) + block.text, str(page))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, str(page), "exec"), names)  # noqa: S102 - the pages are our own
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), str(page), "eval"), names)  # noqa: S307
    return Output(printed.getvalue(), tuple(_figures(value)))


def same_text(printed: str, shown: str) -> bool:
    """Whether a page shows what was printed; spaces at the ends of lines do not count."""
    return _lines(printed) == _lines(shown)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip("\n").split("\n")]


def _figures(value: object) -> list[Any]:
    """The figures that a block left, each once; pyplot's are closed."""
    found = []
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        found = [pyplot.figure(number) for number in pyplot.get_fignums()]
        pyplot.close("all")
    if hasattr(value, "savefig") and value not in found:
        found.append(value)
    return found
