"""What a picture really shows, read back from matplotlib's artists, and whether it can be read."""

from __future__ import annotations

from functools import cache
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

import mixedmodels as mm

Points = set[tuple[float, float]]


@cache
def sleep_fit() -> mm.MixedModel:
    return mm.lmer("Reaction ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy"))


@cache
def sleep_profile() -> Any:
    return sleep_fit().profile()


@cache
def cbpp_fit() -> mm.GeneralizedMixedModel:
    """From polars, so that tables come back as such."""
    table = mm.datasets.load("cbpp", as_="polars")
    return mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", table, family="binomial")


@cache
def crossed_fit() -> mm.MixedModel:
    return mm.lmer("diameter ~ 1 + (1 | plate) + (1 | sample)", mm.datasets.load("Penicillin"))


@cache
def plain_fit() -> mm.LinearModel:
    return mm.lm("Reaction ~ Days", mm.datasets.load("sleepstudy"))


def rounded(xy: Any) -> Points:
    """Points without those that are missing, to nine digits."""
    pairs = np.asarray(xy, dtype=float).reshape(-1, 2)
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    return {(float(f"{x:.9g}") + 0.0, float(f"{y:.9g}") + 0.0) for x, y in pairs}


def points_of(ax: Axes) -> Points:
    """Positions of everything drawn in data coordinates: lines, markers, segments, points; not of reference lines."""
    found: Points = set()
    for line in ax.lines:
        if line.get_gid() != "reference":
            found |= rounded(line.get_xydata())
    for collection in ax.collections:
        if isinstance(collection, PathCollection):
            found |= rounded(collection.get_offsets())
        elif isinstance(collection, LineCollection):
            for segment in collection.get_segments():
                found |= rounded(segment)
    return found


def drawn(figure: Figure) -> Points:
    return set().union(*(points_of(ax) for ax in figure.axes))


def told(table: Any, x: str, *ys: str) -> Points:
    """Points that a table tells of: one column across, some upwards."""
    across = np.asarray(table[x], dtype=float)
    return set().union(*(rounded(np.column_stack([across, np.asarray(table[y], dtype=float)])) for y in ys))


def turned(points: Points) -> Points:
    return {(y, x) for x, y in points}


def assert_readable(figure: Figure) -> None:
    """Every text lies in the figure, and no tick label runs into the next one."""
    figure.draw_without_rendering()
    page, hidden = figure.bbox, _never_drawn(figure)
    for text in figure.findobj(Text):
        if not text.get_visible() or not text.get_text().strip():
            continue
        if id(text) in hidden or (text.axes is not None and text in text.axes.texts):  # these belong to the data
            continue
        box = text.get_window_extent()
        assert box.x0 >= page.x0 - 1.5, text
        assert box.y0 >= page.y0 - 1.5, text
        assert box.x1 <= page.x1 + 1.5, text
        assert box.y1 <= page.y1 + 1.5, text
    titles = [(ax.get_title(), ax.title.get_window_extent()) for ax in figure.axes if ax.get_title()]
    for (a, box), (b, other) in combinations(titles, 2):
        assert not box.overlaps(other), (a, b)
    for ax in figure.axes:
        _apart(ax.get_xticklabels(), upwards=False)
        _apart(ax.get_yticklabels(), upwards=True)


def _never_drawn(figure: Figure) -> set[int]:
    """Texts of ticks beyond the limits, and of axes that are switched off."""
    out = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks() + axis.get_minor_ticks():
                if not (low <= tick.get_loc() <= high and ax.axison):
                    out |= {id(tick.label1), id(tick.label2)}
    return out


def _apart(labels: list[Text], *, upwards: bool) -> None:
    boxes = [t.get_window_extent() for t in labels if t.get_visible() and t.get_text().strip()]
    turned_text = any(t.get_rotation() not in (0.0, 90.0) for t in labels)
    if turned_text:  # slanted texts have boxes that overlap though the texts do not
        return
    sides = sorted((b.y0, b.y1) if upwards else (b.x0, b.x1) for b in boxes)
    for (_, end), (start, _) in pairwise(sides):
        assert start >= end - 1.0, [t.get_text() for t in labels]
