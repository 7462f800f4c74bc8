"""Data by group, with the lines of complete, no and partial pooling."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.effects.pooling.level_effects import level_effects, response_and_weights
from mixedmodels.errors import DataError
from mixedmodels.fit import family_moments
from mixedmodels.plot.axes import (
    Size,
    all_short,
    finished,
    height_for,
    legend,
    name_levels,
    one_of,
    say,
    say_for_all,
    several,
)
from mixedmodels.plot.level_grid import default_predictor, grid_design, lines, running
from mixedmodels.plot.subjects import FittedMixed, axis_label, group_place, need_mixed, response_label
from mixedmodels.plot.themes import color, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POOLINGS = ("complete", "no", "partial")
POINTS = 41  # of a line
MAX_PANELS = 60
LOOKS: Mapping[str, tuple[int, Any, float]] = {  # colour, line, width
    "complete": (2, "--", 1.0),
    "no": (1, ":", 1.5),
    "partial": (0, "-", 1.4),
}


def groups_table(
    fit: FittedMixed,
    x: str | None = None,
    poolings: Sequence[str] = POOLINGS,
    *,
    group: str | None = None,
    levels: Sequence[Any] | None = None,
    x_range: Sequence[float] | None = None,
    link: bool = False,
) -> Any:
    """Data of `groups`: columns level, part ("data", "complete", "no", "partial"), x and y.

    x is a number, or for a factor the place of its level. It is NaN if the model has no predictor.

    Examples
    --------
    >>> mm.plot.groups_table(fit)["part"].unique().tolist()
    ['data', 'complete', 'no', 'partial']
    """
    columns, _ = _lines(fit, x, poolings, group, levels, x_range, link)
    del columns["place"]
    return frame.to_kind(columns, fit.table_kind)


def groups(
    fit: FittedMixed,
    x: str | None = None,
    poolings: Sequence[str] = POOLINGS,
    *,
    group: str | None = None,
    levels: Sequence[Any] | None = None,
    x_range: Sequence[float] | None = None,
    link: bool = False,
    labels: Mapping[str, str] | None = None,
    axes: Any = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw the data of each level with three lines: complete pooling, no pooling and the model's partial pooling.

    Parameters
    ----------
    fit : fitted mixed model
        Model with random effects.
    x : str, optional
        Predictor on the horizontal axis. None chooses the one with random slopes, else the first. A model without
        predictors has one panel with a row per level.
    poolings : sequence of str, default ("complete", "no", "partial")
        Poolings to draw. "complete" is the model without random effects. "no" fits each level separately; terms that do
        not vary between levels are held at the model's estimates. Levels with too few rows for a separate fit have no
        such line. "partial" is the model.
    group : str, optional
        Name of a grouping factor; None for the first.
    levels : sequence, optional
        Levels to draw. None draws all; if there are more than 60, it draws every second, third ...
    x_range : sequence of float, optional
        Ends of the lines, such as ``(0, 10)``; None for the range of the data.
    link : bool, default False
        Whether to draw linear predictors instead of means. The data are then left out.
    labels : mapping of str to str, optional
        Labels of the axes, keyed by the names of x and of the response.
    axes : Axes or sequence of Axes, optional
        Axes, one for each level; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.

    Notes
    -----
    In each level, numbers other than `x` are held at their mean and factors at their most frequent value.
    """
    columns, about = _lines(fit, x, poolings, group, levels, x_range, link)
    with drawing():
        if about["x"] is None:
            return _draw_levels(fit, columns, about, labels, axes, figsize, title)
        shown = about["levels"]
        figure, all_axes = _panels(axes, len(shown), figsize)
        names = all_short(shown, 18)
        part = np.array(columns["part"])
        own = np.array(columns["place"])
        for i, ax in enumerate(all_axes):
            mine = own == i
            _draw_one(ax, columns, mine, part, about["poolings"])
            ax.set_title(names[i], fontsize="small", pad=2)
            if about["x"].labels is not None:
                texts = all_short(about["x"].labels, 8)
                ax.set_xticks(range(len(texts)), texts, rotation=0 if sum(map(len, texts)) < 14 else 90)
            else:
                ax.locator_params(axis="x", nbins=4, integer=bool(np.ptp(about["x"].values) >= 3))
            ax.locator_params(axis="y", nbins=4)
            ax.tick_params(labelsize=7)
        x_label = axis_label(fit, about["x"].name, labels)
        say_for_all(figure, all_axes, axes is None, x=x_label, y=_response_label(fit, link, labels))
        legend(figure, all_axes[0], _handles(about["poolings"]))
        return finished(figure, all_axes, title, _note(about))


def _note(about: dict[str, Any]) -> str | None:
    """How many levels are shown, if they are some that the picture chose."""
    shown = len(about["levels"])
    if about["chosen"] or about["of"] == shown:
        return None
    return f"{shown} of {about['of']:,} levels of {about['group']}"


def _response_label(fit: FittedMixed, link: bool, labels: Mapping[str, str] | None) -> str:
    name = response_label(fit, labels)
    return f"Linear predictor of {name}" if link else name


def _panels(axes: Any, n: int, figsize: Size) -> tuple[Figure, list[Axes]]:
    if axes is not None:
        return several(axes, n, figsize=figsize)
    across = min(n, max(3, min(8, math.ceil(math.sqrt(n * 1.7)))))
    size = (1.28, 1.3) if n > 6 else (2.1, 2.0) if n > 1 else (4.4, 3.2)
    return several(None, n, columns=across, size=size, figsize=figsize, sharex=True, sharey=True)


def _draw_one(ax: Axes, columns: dict[str, Any], mine: Any, part: Any, poolings: Sequence[str]) -> None:
    data = mine & (part == "data")
    many = int(data.sum())
    ax.plot(
        columns["x"][data],
        columns["y"][data],
        "o",
        color=ink(0.55),
        markersize=2.6 if many < 60 else 1.6,
        alpha=0.9 if many < 60 else 0.4,
        markeredgewidth=0,
    )
    for name in poolings:
        shade, style, width = LOOKS[name]
        rows = mine & (part == name)
        ax.plot(columns["x"][rows], columns["y"][rows], style, color=color(shade), linewidth=width)


def _handles(poolings: Sequence[str]) -> list[Any]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=color(LOOKS[p][0]), linestyle=LOOKS[p][1], linewidth=LOOKS[p][2], label=f"{p} pooling")
        for p in poolings
    ]


MARKS = {"complete": "|", "no": "o", "partial": "D"}


def _draw_levels(
    fit: FittedMixed,
    columns: dict[str, Any],
    about: dict[str, Any],
    labels: Mapping[str, str] | None,
    axes: Any,
    figsize: Size,
    title: str | None,
) -> Figure:
    """One panel with a row per level, for models without predictors."""
    from matplotlib.lines import Line2D

    shown = about["levels"]
    figure, ax = one_of(axes, 5.0, height_for(len(shown)), figsize)
    part, place = np.array(columns["part"]), len(shown) - 1.0 - np.array(columns["place"])
    data = part == "data"
    ax.plot(columns["y"][data], place[data], "o", color=ink(0.55), markersize=2.4, alpha=0.6, markeredgewidth=0)
    handles = []
    for name in about["poolings"]:
        rows = part == name
        shade = color(LOOKS[name][0])
        style: dict[str, Any] = {
            "markersize": 9 if name == "complete" else 4.5,
            "markerfacecolor": "none" if name == "no" else shade,
        }
        ax.plot(columns["y"][rows], place[rows], MARKS[name], color=shade, **style)
        handles.append(Line2D([], [], color=shade, marker=MARKS[name], linestyle="", label=f"{name} pooling", **style))
    name_levels(ax, list(reversed(shown)), figure.get_figheight())
    say(ax, x=_response_label(fit, False, labels), y=about["group"])
    legend(figure, ax, handles)
    return finished(figure, [ax], title, _note(about))


def _lines(
    fit: FittedMixed,
    x: str | None,
    poolings: Sequence[str],
    group: str | None,
    levels: Sequence[Any] | None,
    x_range: Sequence[float] | None,
    link: bool,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The columns, with the panel of each row in `place`, and the labels and settings of the picture."""
    need_mixed(fit, "groups")
    wanted = [poolings] if isinstance(poolings, str) else list(poolings)
    for name in wanted:
        if name not in POOLINGS:
            raise DataError(f"poolings are {', '.join(POOLINGS)}; got {name!r}.")
    place = group_place(fit, group)
    factor = fit.design.groups[place]
    chosen = _chosen(factor, levels)
    predictor = x if x is not None else default_predictor(fit, place)
    along = None if predictor is None else running(fit, predictor, x_range, POINTS)
    n = 1 if along is None else len(along.values)
    estimates = level_effects(fit, place)
    predicted = lines(fit, estimates, grid_design(fit, place, along, chosen), chosen, n)
    y, _ = response_and_weights(fit)
    out: dict[str, list[Any]] = {k: [] for k in ("level", "part", "x", "y", "place")}

    def put(panel: int, part: str, at: Any, values: Any) -> None:
        out["level"] += [factor.levels.labels[chosen[panel]]] * len(values)
        out["part"] += [part] * len(values)
        out["x"] += np.asarray(at, dtype=float).tolist()
        out["y"] += np.asarray(values, dtype=float).tolist()
        out["place"] += [panel] * len(values)

    for panel, g in enumerate(chosen):
        mine = np.flatnonzero(factor.codes == g)
        if not link:
            put(panel, "data", np.full(len(mine), np.nan) if along is None else along.rows[mine], y[mine])
        for pooling in wanted:
            eta = predicted[pooling][panel * n : (panel + 1) * n]
            values = eta if link else family_moments.mean(fit.family, eta)
            if np.isfinite(values).all():
                put(panel, pooling, np.full(n, np.nan) if along is None else along.values, values)
    columns: dict[str, Any] = {k: v if k in ("level", "part") else np.array(v) for k, v in out.items()}
    about = {
        "levels": [factor.levels.labels[g] for g in chosen],
        "of": factor.n_levels,
        "chosen": levels is not None,
        "group": factor.name,
        "x": along,
        "poolings": wanted,
    }
    return columns, about


def _chosen(factor: Any, levels: Sequence[Any] | None) -> list[int]:
    """Places of the levels to draw."""
    labels = factor.levels.labels
    if levels is None:
        step = math.ceil(len(labels) / MAX_PANELS)
        return list(range(0, len(labels), step))
    wanted = [frame.label(v) for v in ([levels] if isinstance(levels, str) else levels)]
    for label in wanted:
        if label not in labels:
            shown = ", ".join(labels[:10]) + (" ..." if len(labels) > 10 else "")
            raise DataError(f"{factor.name} has no level {label!r}; it has {shown}")
    return [labels.index(label) for label in wanted]
