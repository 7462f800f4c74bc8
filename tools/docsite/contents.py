"""Which pages the site has, in their order; a page that no part names stands in the last one.

Changes and the guide for contributors are files beside the folder of the pages. They have their places on the site too,
and links between them and the pages hold on the code's host as well as on the site.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

PARTS: dict[str, tuple[str, ...]] = {
    "First steps": (
        "installing",
        "tutorials/first-report",
        "tutorial",
        "which-verb",
        "faq",
    ),
    "Tutorials": (
        "significance",
        "tutorials/rodents",
        "tutorials/sites-and-bats",
        "tutorials/zero-inflation",
        "tutorials/writing-models",
        "tutorials/pooling",
        "tutorials/counties",
        "tutorials/meta-analysis",
    ),
    "After the fit": (
        "results",
        "families",
        "prediction",
        "effects",
        "pictures",
        "residuals",
        "checks",
        "singular-fits",
        "fit-quality",
        "cross-validation",
        "simulation",
        "command-line",
    ),
    "Tests and intervals": ("comparisons", "small-samples", "hypotheses", "robust", "profiles"),
    "Coming from": ("coming-from-r", "coming-from-glmmtmb", "coming-from-statsmodels"),
    "How it works": ("notation", "engine", "calibration", "benchmarks", "limitations", "architecture-notes"),
    "The project": ("citing",),
}
FURTHER = "Further pages"
PROJECT = "The project"
BESIDE = {"changes": "CHANGELOG.md", "contributing": "CONTRIBUTING.md"}  # page -> file beside the folder of the pages
_LINK = re.compile(r"\]\((?P<file>[^)#:\s]+\.md)(?P<anchor>#[^)]*)?\)")


def parts(docs: Path) -> dict[str, tuple[str, ...]]:
    """Part -> its pages, each as a path below `docs` without ending.

    Raises
    ------
    FileNotFoundError
        If a page that is named here does not exist.
    """
    there = {p.relative_to(docs).with_suffix("").as_posix() for p in docs.rglob("*.md")} - {"index"}
    named = {page for pages in PARTS.values() for page in pages}
    if missing := sorted(named - there):
        raise FileNotFoundError(f"tools/docsite/contents.py names pages that docs does not have: {', '.join(missing)}")
    further = tuple(sorted(there - named))
    return {**PARTS, FURTHER: further} if further else PARTS


def with_files_beside(groups: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The parts, of which that of the project has the files beside the folder of the pages too."""
    return {part: (*pages, *BESIDE) if part == PROJECT else pages for part, pages in groups.items()}


def place(file: Path, docs: Path) -> Path | None:
    """Where a Markdown file stands on the site, None if nowhere."""
    if file.is_relative_to(docs):
        return file.relative_to(docs)
    beside = {docs.parent / name: Path(f"{page}.md") for page, name in BESIDE.items()}
    return beside.get(file)


def relinked(text: str, file: Path, docs: Path) -> str:
    """The text of a file with its links as they hold on the site."""
    here = place(file, docs)

    def on_site(link: re.Match[str]) -> str:
        there = place(Path(os.path.normpath(file.parent / link["file"])), docs)
        if here is None or there is None:
            return link[0]
        return f"]({Path(os.path.relpath(there, here.parent)).as_posix()}{link['anchor'] or ''})"

    return _LINK.sub(on_site, text)


def trees(groups: dict[str, tuple[str, ...]]) -> str:
    """The parts as Sphinx's tables of contents, which the home page holds unseen."""
    return "".join(
        f"\n```{{toctree}}\n:hidden:\n:caption: {part}\n\n" + "\n".join(pages) + "\n```\n"
        for part, pages in groups.items()
    )
