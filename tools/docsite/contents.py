"""Which pages the site has, in their order; a page that no part names stands in the last one."""

from __future__ import annotations

from pathlib import Path

PARTS: dict[str, tuple[str, ...]] = {
    "Tutorials": (
        "tutorials/first-report",
        "tutorial",
        "tutorials/rodents",
        "tutorials/sites-and-bats",
        "tutorials/writing-models",
        "tutorials/pooling",
        "tutorials/counties",
        "significance",
    ),
    "After the fit": (
        "results",
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
    "Coming from": ("coming-from-r", "coming-from-statsmodels"),
    "How it works": ("notation", "engine", "calibration", "limitations", "architecture-notes"),
}
FURTHER = "Further pages"


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


def trees(groups: dict[str, tuple[str, ...]]) -> str:
    """The parts as Sphinx's tables of contents, which the home page holds unseen."""
    return "".join(
        f"\n```{{toctree}}\n:hidden:\n:caption: {part}\n\n" + "\n".join(pages) + "\n```\n"
        for part, pages in groups.items()
    )
