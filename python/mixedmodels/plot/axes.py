"""Axes for pictures: new or the caller's. Figures grow with the number of levels; legends stand beside the data."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels.errors import DataError
from mixedmodels.plot.themes import in_force, ink, matplotlib

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEVEL_HEIGHT = 0.17  # inches that a level's label needs
TALLEST = 14.0  # inches; more levels are named by every second, third ... label
LONGEST = 28  # characters of a label; more is cut in the middle
LETTER = 0.078  # inches of a letter of a label, rounded up
MANY = 2000  # points; more are stored as an image in vector files


def new_figure(width: float, height: float) -> Figure:
    """An empty picture, in inches."""
    matplotlib()
    from mixedmodels.plot.figures import Picture

    return Picture(figsize=(width, height), layout="constrained", settings=in_force())


def one(ax: Axes | None, width: float = 5.0, height: float = 3.6) -> tuple[Figure, Axes]:
    """The caller's axes, or axes in a new figure.

    Raises
    ------
    DataError
        If `ax` is not matplotlib's.
    """
    if ax is None:
        figure = new_figure(width, height)
        return figure, figure.subplots()
    return _figure_of(_checked(ax)), ax


def several(
    axes: Any, n: int, *, columns: int | None = None, size: tuple[float, float] = (2.6, 2.4), **shared: Any
) -> tuple[Figure, list[Axes]]:
    """`n` axes: the caller's, or new ones row by row.

    Parameters
    ----------
    axes : Axes or sequence of Axes
        None for new axes; or `n` of the caller's, as one Axes or as an array such as ``subplots`` returns.
    columns : int, optional
        Number of panels in a row; None for a nearly square layout.
    size : tuple of two float, default (2.6, 2.4)
        Width and height of a panel in inches.
    **shared : Any
        Arguments of ``subplots``.

    Raises
    ------
    DataError
        If there are not `n` axes.
    """
    if axes is not None:
        panels = [_checked(a) for a in np.atleast_1d(np.asarray(axes, dtype=object)).ravel()]
        if len(panels) != n:
            raise DataError(f"the picture has {n} panels, but there are {len(panels)} axes; give one for each panel.")
        return _figure_of(panels[0]), panels
    across = min(n, columns or math.ceil(math.sqrt(n * 1.3)))
    down = math.ceil(n / across)
    figure = new_figure(max(across * size[0], 3.4), down * size[1])
    grid = figure.subplots(down, across, squeeze=False, **shared).ravel()
    for spare in grid[n:]:
        spare.remove()
    if shared.get("sharex") in (True, "all"):  # the last panel of a column has its labels, on whichever row it is
        for left in grid[max(n - across, 0) : n]:
            left.tick_params(labelbottom=True)
    return figure, list(grid[:n])


def _checked(ax: Any) -> Axes:
    matplotlib()
    from matplotlib.axes import Axes as Own

    if not isinstance(ax, Own):
        raise DataError(f"ax is a {type(ax).__name__}; give axes of matplotlib, as figure.subplots() makes them.")
    return ax


def _figure_of(ax: Axes) -> Figure:
    """The figure of the axes, which may be in a subfigure."""
    holder: Any = ax.get_figure()
    while holder.figure is not holder:
        holder = holder.figure
    figure: Figure = holder
    return figure


def is_own(figure: Figure) -> bool:
    """Whether the figure was made here; then it is laid out and may have its own legend."""
    from mixedmodels.plot.figures import Picture

    return isinstance(figure, Picture)


def height_for(levels: float, least: float = 2.2, margin: float = 0.9) -> float:
    """Inches that a picture with a row per level needs."""
    return min(max(least, levels * LEVEL_HEIGHT + margin), TALLEST)


def short(label: Any, longest: int = LONGEST) -> str:
    """A label that fits: a long one loses its middle."""
    text = str(label)
    if len(text) <= longest:
        return text
    head = (longest - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (longest - 1 - head) :]}"


def say(ax: Axes, *, x: str | None = None, y: str | None = None, title: str | None = None) -> None:
    """Label the axes. A label longer than its side of the panel is broken into several lines."""
    box, figure = ax.get_position(), _figure_of(ax)
    wide, high = box.width * figure.get_figwidth(), box.height * figure.get_figheight()
    if x is not None:
        ax.set_xlabel(_lines(x, wide))
    if y is not None:
        ax.set_ylabel(_lines(y, high))
    if title is not None:
        ax.set_title(_lines(title, 1.25 * wide))


def say_for_all(figure: Figure, panels: Sequence[Axes], own: bool, *, x: str, y: str) -> None:
    """Label the axes of several panels once, or each of the caller's."""
    if not own:
        for ax in panels:
            say(ax, x=x, y=y)
        return
    figure.supxlabel(_lines(x, 0.9 * figure.get_figwidth()), fontsize="medium")
    figure.supylabel(_lines(y, 0.8 * figure.get_figheight()), fontsize="medium")


def _lines(text: str, inches: float) -> str:
    """A text broken at spaces and underscores, or anywhere, to lines that fit; lines that it has stay."""
    return "\n".join(_broken(line, max(8, int(inches / LETTER))) for line in text.split("\n"))


def _broken(text: str, width: int) -> str:
    if len(text) <= width:
        return text
    words = re.findall(r"[^\s_:|]+[\s_:|]*|[\s_:|]+", text)
    out = [""]
    for word in words:
        while len(word.rstrip()) > width:
            out[-1:] = [out[-1], word[:width]] if out[-1] else [word[:width]]
            word = word[width:]
        if len(out[-1]) + len(word.rstrip()) > width:
            out.append("")
        out[-1] += word
    return "\n".join(line.rstrip() for line in out if line.strip())


def all_short(labels: Sequence[Any], longest: int = LONGEST) -> list[str]:
    """Labels that fit and still differ. If shortening would make them equal, their common beginning is left out."""
    texts = [str(label) for label in labels]
    cut = [short(text, longest) for text in texts]
    if len(set(cut)) == len(set(texts)):
        return cut
    head = _shared(texts)
    tail = _shared([text[head:][::-1] for text in texts])
    start = texts[0][: min(head, 8)] + ("…" if head > 8 else "")
    inner = [text[head : len(text) - tail] for text in texts]
    return [short(f"{start}{middle}{'…' if tail else ''}", longest) for middle in inner]


def _shared(texts: Sequence[str]) -> int:
    """Letters with which all texts begin."""
    return next(
        (i for i, letters in enumerate(zip(*texts, strict=False)) if len(set(letters)) > 1), min(map(len, texts))
    )


def name_levels(ax: Axes, labels: Sequence[Any], height: float | None = None, *, longest: int = LONGEST) -> None:
    """Put labels on the y axis at 0, 1, ..., as many as fit."""
    n = len(labels)
    inches = _figure_of(ax).get_figheight() if height is None else height
    step = max(1, math.ceil(n * LEVEL_HEIGHT * 0.75 / max(inches - 0.7, 0.5)))
    places = range(0, n, step)
    texts = all_short(labels, longest)
    ax.set_yticks(places, [texts[i] for i in places])
    ax.set_ylim(-0.6, n - 0.4)
    if n > 40:
        ax.tick_params(axis="y", labelsize=6.5)
    ax.tick_params(axis="y", length=0)


def name_columns(ax: Axes, labels: Sequence[Any], *, longest: int = LONGEST) -> None:
    """Put labels on the x axis at 0, 1, ..., upright if they would overlap."""
    n = len(labels)
    texts = all_short(labels, longest)
    width = _figure_of(ax).get_figwidth()
    step = max(1, math.ceil(n * 0.14 / max(width - 0.8, 0.5)))
    crowded = n * (max(map(len, texts), default=0) + 2) * 0.075 > width - 0.8
    places = range(0, n, step)
    ax.set_xticks(places, [texts[i] for i in places])
    if crowded:
        steep = n * 0.3 > width
        ax.tick_params(axis="x", labelrotation=90 if steep else 35)
        for label in ax.get_xticklabels():
            label.set_horizontalalignment("center" if steep else "right")
            label.set_rotation_mode("default" if steep else "anchor")


def legend(figure: Figure, ax: Axes, handles: Sequence[Any], *, title: str | None = None) -> None:
    """A legend outside the data: above a figure of ours, beside axes of the caller's."""
    if not handles:
        return
    if is_own(figure):
        widest = max(len(str(h.get_label())) for h in handles) * 0.065 + 0.55
        ncols = max(1, min(len(handles), int(figure.get_figwidth() / widest)))
        figure.legend(handles=list(handles), loc="outside upper center", ncols=ncols, title=title)
    else:
        ax.legend(handles=list(handles), loc="upper left", bbox_to_anchor=(1.01, 1.0), title=title, borderaxespad=0)


def zero_line(ax: Axes, *, at: float = 0.0, vertical: bool = False) -> None:
    """A thin line at zero, or at the expected value."""
    draw: Callable[..., Any] = ax.axvline if vertical else ax.axhline
    draw(at, color=ink(0.45), linewidth=0.7, zorder=0.5, gid="reference")


def point_style(n: int) -> dict[str, Any]:
    """The style of `n` points: the more points, the fainter and smaller. Very many points become an image."""
    alpha = float(np.clip(60 / math.sqrt(max(n, 1)) / 5, 0.12, 0.8))
    return {"s": 12 if n <= 500 else 7 if n <= 5000 else 3, "alpha": alpha, "linewidths": 0, "rasterized": n > MANY}
