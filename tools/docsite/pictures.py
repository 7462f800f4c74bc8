"""Figures as files, with a text for those who do not see them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

LARGEST = 400_000  # bytes of a drawing; larger ones, of very many points, become images


def write(figure: Any, stem: Path) -> Path:
    """Write a figure to `stem` with the ending that suits it.

    Returns
    -------
    The file: SVG, or PNG where that would be very large.
    """
    import matplotlib as mpl

    drawing = stem.with_suffix(".svg")
    with mpl.rc_context({"svg.hashsalt": stem.name}):
        figure.savefig(drawing, bbox_inches="tight", metadata={"Date": None})
    if drawing.stat().st_size <= LARGEST:
        return drawing
    drawing.unlink()
    image = stem.with_suffix(".png")
    figure.savefig(image, bbox_inches="tight", dpi=160)
    return image


def description(figure: Any) -> str:
    """What the figure's own words say: titles and axes."""
    axes = figure.get_axes()
    titles = [t for t in (figure.get_suptitle(), *(a.get_title() for a in axes)) if t]
    words = [f"Picture with {len(axes)} panel{'s' if len(axes) != 1 else ''}"]
    if titles:
        words.append(", ".join(dict.fromkeys(titles)))
    for name, labels in (("across", [a.get_xlabel() for a in axes]), ("up", [a.get_ylabel() for a in axes])):
        found = list(dict.fromkeys(label for label in labels if label))
        if found:
            words.append(f"{name}: {', '.join(found)}")
    return "; ".join(words).replace("\n", " ")
