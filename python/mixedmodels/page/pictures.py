"""Figures as pictures inside the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from mixedmodels.errors import MixedModelsError
from mixedmodels.page.elements import figure
from mixedmodels.tables.html import paragraph

LARGEST = 250_000  # bytes of a drawing; larger ones, of very many points, become images


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def picture(draw: Callable[..., Any], *arguments: Any, alt: str, caption: str, **options: Any) -> str:
    """A figure of `mixedmodels.plot` as HTML, with a text for readers who cannot see it.

    Without matplotlib the result is empty. If the model does not have the picture, a note gives the reason.

    Parameters
    ----------
    draw : callable
        Function that draws.
    *arguments : Any
        Arguments of that function.
    alt : str
        Description for readers who cannot see the picture.
    caption : str
        Text below the picture.
    **options : Any
        Arguments of that function.
    """
    if not can_draw():
        return ""
    from mixedmodels import plot

    try:
        # Letters as outlines: the reader's machine may not have the font of the layout.
        with plot.theme(svg_fonttype="path"):
            drawn = draw(*arguments, **options)
    except MixedModelsError as error:
        return paragraph(f"No picture: {error}", css_class="note")
    return figure(source(drawn), alt, caption)


def source(drawn: Any) -> str:
    """A figure as a data URI: SVG, or PNG if the SVG would be very large."""
    drawing = io.BytesIO()
    drawn.savefig(drawing, format="svg", bbox_inches="tight", metadata={"Date": None})
    if drawing.tell() <= LARGEST:
        return _uri("image/svg+xml", drawing.getvalue())
    image = io.BytesIO()
    drawn.savefig(image, format="png", bbox_inches="tight", dpi=150)
    return _uri("image/png", image.getvalue())


def _uri(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
