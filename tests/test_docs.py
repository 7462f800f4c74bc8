"""The documentation is true: its Python runs, page by page and in order, and prints what the page shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docsite.blocks import blocks, can_run, run, same_text

from tests.support.places import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
DATA = ROOT.parent / "shared" / "data"  # tables that may not ship: blocks that need them run where they are


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix().removeprefix("docs/")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_pages_python_runs_and_prints_what_is_shown(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": page.stem}
    printed, skipped = None, False
    for block in blocks(page):
        if block.language == "python":
            skipped = not can_run(block, DATA)
            printed = None if skipped else run(block, page, names, DATA).printed
        elif block.language == "text" and not skipped:
            assert printed is not None, f"{name(page)}:{block.line} shows output of no code"
            assert same_text(printed, block.text), f"{name(page)}:{block.line} shows what is not printed:\n{printed}"


def test_there_are_pages_with_code() -> None:
    with_code = {name(page) for page in PAGES if any(block.language == "python" for block in blocks(page))}
    assert {"README.md", "tutorial.md", "significance.md", "coming-from-r.md", "tutorials/pooling.md"} <= with_code


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_and_named_files_exist(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)#:]+)\)", text) if not (page.parent / link).exists()]
    assert links == []
    # The engine's page names files below crates/engine/src, others name them from the root.
    below = [ROOT, ROOT / "crates" / "engine" / "src"]
    files = re.findall(r"`((?:\w+/)+\w+\.\w+)`", text)
    assert [name for name in files if not any((folder / name).exists() for folder in below)] == []
