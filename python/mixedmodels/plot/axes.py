"""Axes for pictures: new or the caller's. Figures grow with the number of levels; legends stand beside the data."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

import numpy as np

from mixedmodels.errors import DataError
from mixedmodels.plot.themes import in_force, ink, matplotlib

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

LEVEL_HEIGHT = 0.17  # inches that a level's label needs
TALLEST = 14.0  # inches; more levels are named by every second, third ... label
LONGEST = 28  # characters of a label; more is cut in the middle
LETTER = 0.078  # inches of a letter of a label, rounded up
MANY = 2000  # points; more are stored as an image in vector files
MAX_LINES = 80  # levels that have a line with a name each; more are drawn as a band
BAND_HEIGHT = 4.6  # inches of a picture with a band
BAND_NAMES = 9  # of a band's levels, how many are named
MAX_TIDY = 20  # panels whose texts are checked after the layout
FEWEST_TICKS = 4  # of a logarithmic axis

Size = Sequence[float] | None

_whole_labels: WeakKeyDictionary[Any, str] = WeakKeyDictionary()  # labels of axes before they are broken into lines


def new_figure(width: float, height: float, *, chosen: bool = False) -> Figure:
    """An empty picture, in inches; whether the caller has `chosen` its size."""
    matplotlib()
    from mixedmodels.plot.figures import Picture

    figure = Picture(figsize=(width, height), layout="constrained", settings=in_force())
    figure.size_is_chosen = chosen
    return figure


def one(ax: Axes | None, width: float = 5.0, height: float = 3.6, *, figsize: Size = None) -> tuple[Figure, Axes]:
    """The caller's axes, or axes in a new figure.

    Parameters
    ----------
    width, height : float
        Usual size of a new figure in inches.
    figsize : sequence of float, optional
        Size that the caller wants instead.

    Raises
    ------
    DataError
        If `ax` is not matplotlib's, or `figsize` is no size of a new figure.
    """
    if ax is None:
        figure = new_figure(*_size(figsize, width, height), chosen=figsize is not None)
        return figure, figure.subplots()
    _no_size(figsize)
    return _figure_of(_checked(ax)), ax


def one_of(axes: Any, width: float, height: float, figsize: Size) -> tuple[Figure, Axes]:
    """As `one`, for pictures with several panels of which only one is drawn; `axes` may be a sequence."""
    if axes is not None and not hasattr(axes, "plot"):
        axes = np.atleast_1d(np.asarray(axes, dtype=object)).ravel()[0]
    return one(axes, width, height, figsize=figsize)


def _size(figsize: Size, width: float, height: float) -> tuple[float, float]:
    """The size that the caller wants, or the usual one."""
    if figsize is None:
        return width, height
    try:
        wide, high = (float(v) for v in figsize)
    except (TypeError, ValueError) as cause:
        raise DataError(f"figsize must be two numbers, the width and height in inches; got {figsize!r:.60}.") from cause
    if not (0 < wide < math.inf and 0 < high < math.inf):
        raise DataError(f"figsize must be positive, in inches; got {figsize!r:.60}.")
    return wide, high


def _no_size(figsize: Size) -> None:
    if figsize is not None:
        raise DataError("figsize is the size of a new figure; axes of yours already have one, so leave it out.")


def several(
    axes: Any,
    n: int,
    *,
    columns: int | None = None,
    size: tuple[float, float] = (2.6, 2.4),
    figsize: Size = None,
    **shared: Any,
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
    figsize : sequence of float, optional
        Width and height of the figure in inches, instead.
    **shared : Any
        Arguments of ``subplots``.

    Raises
    ------
    DataError
        If there are not `n` axes.
    """
    if axes is not None:
        _no_size(figsize)
        panels = [_checked(a) for a in np.atleast_1d(np.asarray(axes, dtype=object)).ravel()]
        if len(panels) != n:
            raise DataError(f"the picture has {n} panels, but there are {len(panels)} axes; give one for each panel.")
        return _figure_of(panels[0]), panels
    across = min(n, columns or math.ceil(math.sqrt(n * 1.3)))
    down = math.ceil(n / across)
    usual = max(across * size[0], 3.4), down * size[1]
    figure = new_figure(*_size(figsize, *usual), chosen=figsize is not None)
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


def is_band(levels: int) -> bool:
    """Whether levels are so many that they are drawn as a band."""
    return levels > MAX_LINES


def height_of_levels(levels: int) -> float:
    """Inches that a picture of levels needs; a band needs no more for more levels."""
    return BAND_HEIGHT if is_band(levels) else height_for(levels)


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
        _whole_labels[ax.xaxis.label] = x
        ax.set_xlabel(_lines(x, wide))
    if y is not None:
        _whole_labels[ax.yaxis.label] = y
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


def name_levels(
    ax: Axes, labels: Sequence[Any], height: float | None = None, *, longest: int = LONGEST, band: bool = False
) -> None:
    """Put labels on the y axis at 0, 1, ..., as many as fit; of a band the first, the last and some between."""
    n = len(labels)
    inches = _figure_of(ax).get_figheight() if height is None else height
    fit = max(int(max(inches - 0.7, 0.5) / (LEVEL_HEIGHT * 0.75)), 2)
    step = max(1, math.ceil(n / fit))
    places = list(range(0, n, step))
    if band:
        places = np.unique(np.linspace(0, n - 1, min(BAND_NAMES, fit)).round().astype(int)).tolist()
    texts = all_short(labels, longest)
    ax.set_yticks(places, [texts[i] for i in places])
    ax.set_ylim(-0.6, n - 0.4)
    if n > 40 and not band:
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


def with_count(name: str, levels: int) -> str:
    """The label of an axis of levels; of a band it has their number."""
    return f"{name} ({levels:,} levels)" if is_band(levels) else name


def finished(figure: Figure, panels: Sequence[Axes], title: str | None = None, note: str | None = None) -> Figure:
    """The figure with its title, and with a note below the title; in a figure of ours all texts are apart.

    Parameters
    ----------
    title : str, optional
        Title that the caller wants: of the figure, or of the only panel if that is the caller's.
    note : str, optional
        Remark of the picture itself, such as how many levels it shows.
    """
    own = is_own(figure)
    lines = [text for text in (title, note) if text]
    if lines and not own and len(panels) == 1:
        panels[0].set_title("\n".join(lines))
    elif lines:
        _head(figure, "\n".join(_lines(text, 0.95 * figure.get_figwidth()) for text in lines), own)
    if own and len(panels) <= MAX_TIDY:
        _tidy(figure, panels)
    return figure


def _head(figure: Figure, text: str, own: bool) -> None:
    """A title of the figure. It stands above the legend; the layout alone would put both in the same place."""
    if not own or not figure.legends:
        figure.suptitle(text)
        return
    canvas, engine = cast(Any, figure.canvas), cast(Any, figure.get_layout_engine())
    high, renderer = figure.bbox.height, canvas.get_renderer()
    pad = 4 * figure.dpi / 72
    head = figure.suptitle(text, y=1 - pad / high, verticalalignment="top")
    below = 1 - (head.get_window_extent(renderer).height + 2 * pad) / high
    for beside in figure.legends:
        beside.set_bbox_to_anchor((0, 0, 1, below), transform=figure.transFigure)
        below -= (beside.get_window_extent(renderer).height + pad) / high
    engine.set(rect=(0, 0, 1, below))


def _tidy(figure: Figure, panels: Sequence[Axes]) -> None:
    """Break labels and thin out ticks that do not fit beside each other once the figure is laid out."""
    _lay_out(figure)
    for ax in panels:
        box = ax.get_position()
        sides = ((ax.xaxis, box.width * figure.get_figwidth()), (ax.yaxis, box.height * figure.get_figheight()))
        for axis, inches in sides:
            whole = _whole_labels.get(axis.label)
            if whole is not None:
                axis.set_label_text(_lines(whole, inches))
            _thin_out(axis)


def _lay_out(figure: Figure) -> None:
    """Lay out the figure.

    Raises
    ------
    DataError
        If a size of the caller's leaves no room for the panels.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        figure.draw_without_rendering()
    collapsed = [w for w in caught if "collapsed to zero" in str(w.message)]
    if collapsed and getattr(figure, "size_is_chosen", False):
        wide, high = figure.get_size_inches()
        raise DataError(
            f"figsize=({wide:g}, {high:g}) leaves no room for {len(figure.axes)} panels beside their texts; "
            "give a larger one, in inches."
        )
    for warning in caught:
        warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def _thin_out(axis: Axis) -> None:
    """Fewer ticks on an axis of numbers until none runs into the next. Their number is then settled."""
    from matplotlib.ticker import MaxNLocator

    locator = axis.get_major_locator()
    if not isinstance(locator, MaxNLocator):
        return
    counts = range(max(len(axis.get_majorticklocs()), 2), 0, -1)
    for most, least in [(most, 2) for most in counts] + [(2, 1), (1, 1)]:  # a single tick only if two do not fit
        locator.set_params(nbins=most, min_n_ticks=least)
        if not _crowded(axis):
            return


def _is_across(axis: Axis) -> bool:
    return axis is axis.axes.xaxis


def _crowded(axis: Axis) -> bool:
    across = _is_across(axis)
    low, high = sorted(axis.get_view_interval())
    axis.get_ticklabels()  # makes the ticks
    shown = [t for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
    boxes = [
        label.get_window_extent()
        for t in shown
        for label in (t.label1, t.label2)
        if label.get_visible() and label.get_text()
    ]
    sides = sorted((b.x0, b.x1) if across else (b.y0, b.y1) for b in boxes)
    space = 0.3 * (boxes[0].height if boxes else 0.0) if across else 0.0
    return any(start < end + space for (_, end), (start, _) in pairwise(sides))


def log_scale(axis: Axis) -> None:
    """A logarithmic scale with plain numbers on it, at least four of them."""
    from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

    set_scale: Callable[..., Any] = axis.axes.set_xscale if _is_across(axis) else axis.axes.set_yscale
    set_scale("log")
    low, high = sorted(axis.get_view_interval())
    axis.set_ticks(log_ticks(low, high))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
    axis.set_view_interval(low, high, ignore=True)


def log_ticks(low: float, high: float) -> list[float]:
    """Round numbers between two positive ones, for a logarithmic axis: the coarsest series with enough of them."""
    from matplotlib.ticker import MaxNLocator

    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    far = max(3, math.ceil(len(decades) / 6))
    for digits, every in (((1,), far), ((1,), 2), ((1,), 1), ((1, 3), 1), ((1, 2, 5), 1), ((1, 1.5, 2, 3, 5, 7), 1)):
        ticks = [float(f"{d}e{k}") for k in decades if k % every == 0 for d in digits]
        ticks = [t for t in ticks if low <= t <= high]
        if len(ticks) >= FEWEST_TICKS:
            return ticks
    return [float(f"{t:.10g}") for t in MaxNLocator(5).tick_values(low, high) if low <= t <= high and t > 0]


def zero_line(ax: Axes, *, at: float = 0.0, vertical: bool = False) -> None:
    """A thin line at zero, or at the expected value."""
    draw: Callable[..., Any] = ax.axvline if vertical else ax.axhline
    draw(at, color=ink(0.45), linewidth=0.7, zorder=0.5, gid="reference")


def point_style(n: int) -> dict[str, Any]:
    """The style of `n` points: the more points, the fainter and smaller. Very many points become an image."""
    alpha = float(np.clip(60 / math.sqrt(max(n, 1)) / 5, 0.12, 0.8))
    return {"s": 12 if n <= 500 else 7 if n <= 5000 else 3, "alpha": alpha, "linewidths": 0, "rasterized": n > MANY}
