"""The documentation is true: its Python runs, page by page and in order, and prints what the page shows."""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line of the page on which the text begins."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [Block(m[1], m[2], text.count("\n", 0, m.start(2)) + 1) for m in BLOCK.finditer(text)]


def run(block: Block, page: Path, names: dict[str, object]) -> str:
    """Execute a block; a traceback shows the line of the page."""
    printed = io.StringIO()
    code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
    with contextlib.redirect_stdout(printed):
        exec(code, names)
    return printed.getvalue()


def without_trailing_space(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip("\n").split("\n")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_pages_python_runs_and_prints_what_is_shown(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": page.stem}
    printed = None
    for block in blocks(page):
        if block.language == "python":
            printed = run(block, page, names)
        elif block.language == "text":
            assert printed is not None, f"{page.name}:{block.line} shows output of no code"
            assert without_trailing_space(printed) == without_trailing_space(block.text), f"{page.name}:{block.line}"


def test_there_are_pages_with_code() -> None:
    with_code = {page.name for page in PAGES if any(block.language == "python" for block in blocks(page))}
    assert {"README.md", "tutorial.md", "significance.md", "coming-from-r.md"} <= with_code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_named_files_exist(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)#:]+)\)", text) if not (page.parent / link).exists()]
    assert links == []
    # The engine's page names files below crates/engine/src, others name them from the root.
    below = [ROOT, ROOT / "crates" / "engine" / "src"]
    files = re.findall(r"`((?:\w+/)+\w+\.\w+)`", text)
    assert [name for name in files if not any((folder / name).exists() for folder in below)] == []
