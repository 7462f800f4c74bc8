"""Shrinkage: arrows from each level's separate estimate to the model's estimate."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.effects.pooling.level_effects import LevelEffects, level_effects
from mixedmodels.errors import DataError
from mixedmodels.plot.axes import (
    Size,
    finished,
    height_of_levels,
    is_band,
    legend,
    name_levels,
    one_of,
    say,
    several,
    with_count,
    zero_line,
)
from mixedmodels.plot.ellipses import ellipse, most_correlated, pairs_note
from mixedmodels.plot.subjects import FittedMixed, effect_covariance, group_place, need_mixed
from mixedmodels.plot.themes import color, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEW = 25  # levels whose names stand beside their points
MANY_ARROWS = 200
BEYOND = 0.02  # of very many separate estimates: the share that may be beyond the axes, in each direction


def shrinkage_table(
    fit: FittedMixed,
    effects: Sequence[str] | None = None,
    *,
    group: str | None = None,
    levels: Sequence[float] = (0.5, 0.95),
) -> Any:
    """Data that `shrinkage` draws.

    Returns
    -------
    table
        Columns term_x, term_y, part, level, x, y. A level has the parts "no" and "partial" (pooling), which are the
        ends of its arrow. Other parts are "typical" (the fixed effects), "complete" (pooling) and "ellipse", where
        `level` is the probability. With one effect, term_y is empty and y is the line of the level.

    Examples
    --------
    >>> mm.plot.shrinkage_table(fit)["part"].unique().tolist()
    ['no', 'partial', 'complete', 'typical', 'ellipse']
    """
    columns, _, _ = _arrows(fit, effects, group, levels)
    return frame.to_kind(columns, fit.table_kind)


def shrinkage(
    fit: FittedMixed,
    effects: Sequence[str] | None = None,
    *,
    group: str | None = None,
    levels: Sequence[float] = (0.5, 0.95),
    axes: Any = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw arrows from each level's separate estimates to the model's, in the plane of two effects.

    Parameters
    ----------
    fit : fitted mixed model
        Model with random effects.
    effects : sequence of str, optional
        Names of the effects, of which all pairs are drawn; one effect has a line per level. None draws at most five
        pairs of the group's effects: those with the largest correlations.
    group : str, optional
        Name of a grouping factor; None for the first.
    levels : sequence of float, default (0.5, 0.95)
        Probabilities, under the estimated distribution of the effects, that the ellipses contain.
    axes : Axes or sequence of Axes, optional
        Axes, one for each pair; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.

    Notes
    -----
    The separate estimates of a level use its own rows; terms that do not vary between levels are held at the model's
    estimates. A level with too few rows for separate estimates has a point and no arrow.

    Examples
    --------
    >>> figure = mm.plot.shrinkage(fit)
    >>> figure.axes[0].get_xlabel()
    '(Intercept) of Subject'
    """
    columns, panels, pairs = _arrows(fit, effects, group, levels)
    name = fit.design.groups[group_place(fit, group)].name
    with drawing():
        if panels == [(panels[0][0], "")]:
            return _draw_lines(columns, panels[0][0], name, axes, figsize, title)
        part, which = np.array(columns["part"]), _panel_of(columns, panels)
        figure, all_axes = several(
            axes, len(panels), size=(4.6, 4.0) if len(panels) == 1 else (3.2, 3.0), figsize=figsize
        )
        for i, (ax, (x, y)) in enumerate(zip(all_axes, panels, strict=True)):
            _draw_plane(ax, columns, which == i, part)
            say(ax, x=f"{x} of {name}", y=f"{y} of {name}")
        beyond = max(_zoom(ax, columns, which == i, part) for i, ax in enumerate(all_axes))
        notes = [pairs_note(len(panels), pairs), f"{beyond:,} separate estimates are beyond the axes" if beyond else ""]
        legend(figure, all_axes[0], _handles())
        return finished(figure, all_axes, title, "; ".join(filter(None, notes)))


def _panel_of(columns: dict[str, Any], panels: list[tuple[str, str]]) -> Any:
    return np.array([panels.index(k) for k in zip(columns["term_x"], columns["term_y"], strict=True)])


def _ends(columns: dict[str, Any], mine: Any, part: Any) -> tuple[Any, Any, Any]:
    """Rows of the two ends of each arrow, in the order of the levels, and whether it has a start."""
    start, end = np.flatnonzero(mine & (part == "no")), np.flatnonzero(mine & (part == "partial"))
    return start, end, np.isfinite(columns["x"][start])


def _draw_plane(ax: Axes, columns: dict[str, Any], mine: Any, part: Any) -> None:
    x, y = columns["x"], columns["y"]
    for probability in dict.fromkeys(np.array(columns["level"], dtype=object)[mine & (part == "ellipse")]):
        rows = mine & (part == "ellipse") & (np.array(columns["level"], dtype=object) == probability)
        ax.plot(x[rows], y[rows], color=ink(0.35), linewidth=0.8)
    start, end, there = _ends(columns, mine, part)
    _draw_arrows(ax, np.column_stack([x[start], y[start]])[there], np.column_stack([x[end], y[end]])[there])
    size = 4.0 if len(end) <= 60 else 2.2
    ax.plot(x[start], y[start], "o", color=color(1), markersize=size, markerfacecolor="none", markeredgewidth=0.9)
    ax.plot(x[end], y[end], "o", color=color(0), markersize=size, markeredgewidth=0)
    for name, style in CENTERS.items():
        rows = mine & (part == name)
        ax.plot(x[rows], y[rows], linestyle="", color=color(CENTER_COLORS[name]), **style)
    if len(end) <= FEW:
        _name_points(ax, columns, start, end)


def _zoom(ax: Axes, columns: dict[str, Any], mine: Any, part: Any) -> int:
    """Limits for the bulk of very many levels, so that a few wild estimates do not hide the rest.

    Returns
    -------
    int
        Number of separate estimates that are beyond the limits.
    """
    start = mine & (part == "no")
    if start.sum() <= MANY_ARROWS:
        return 0
    outside = np.zeros(int(start.sum()), dtype=bool)
    for key, set_limits in (("x", ax.set_xlim), ("y", ax.set_ylim)):
        separate = columns[key][start]
        bulk = np.nanquantile(separate, [BEYOND / 2, 1 - BEYOND / 2])
        shown = np.concatenate([columns[key][mine & (part != "no")], bulk])
        low, high = float(np.nanmin(shown)), float(np.nanmax(shown))
        margin = 0.05 * (high - low)
        set_limits(low - margin, high + margin)
        outside |= (separate < low - margin) | (separate > high + margin)
    return int(outside.sum())


def _draw_arrows(ax: Axes, starts: Any, ends: Any) -> None:
    """Draw arrows; very many are lines, because their heads would hide each other."""
    if len(ends) > MANY_ARROWS:
        from matplotlib.collections import LineCollection

        ax.add_collection(LineCollection(list(np.stack([starts, ends], axis=1)), colors=[ink(0.45)], linewidths=0.4))
        return
    style = {
        "arrowstyle": "-|>",
        "mutation_scale": 7 if len(ends) <= 60 else 4,
        "color": ink(0.45),
        "linewidth": 0.7,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    for a, b in zip(starts, ends, strict=True):
        ax.annotate("", tuple(b), tuple(a), arrowprops=style)


def _name_points(ax: Axes, columns: dict[str, Any], start: Any, end: Any) -> None:
    """The name of each level at the far side of its arrow's start."""
    x, y = columns["x"], columns["y"]
    wide, high = np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim())
    for i, j in zip(start, end, strict=True):
        there = bool(np.isfinite(x[i]))
        away = np.array([(x[i] - x[j]) / wide, (y[i] - y[j]) / high]) if there else np.array([0.0, 1.0])
        away = 8 * away / (float(np.hypot(*away)) or 1.0)
        at = i if there else j
        ax.annotate(
            columns["level"][j],
            (x[at], y[at]),
            xytext=(float(away[0]), float(away[1])),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=6.5,
            color=ink(0.6),
        )


CENTERS: dict[str, dict[str, Any]] = {
    "complete": {"marker": "s", "markersize": 6, "markerfacecolor": "none", "markeredgewidth": 1.3},
    "typical": {"marker": "P", "markersize": 7, "markeredgewidth": 0},
}
CENTER_COLORS = {"complete": 2, "typical": 3}


def _handles(*, upright: bool = False) -> list[Any]:
    """Handles of the legend; `upright` if the centers are lines across the levels."""
    from matplotlib.lines import Line2D

    hollow: dict[str, Any] = {"markerfacecolor": "none", "markeredgewidth": 0.9}
    out = [
        Line2D([], [], linestyle="", marker="o", color=color(1), label="no pooling", **hollow),
        Line2D([], [], linestyle="", marker="o", color=color(0), label="partial pooling"),
    ]
    labels = {"complete": "complete pooling", "typical": "fixed effects"}
    for name, style in CENTERS.items():
        look = {"linestyle": "-", "linewidth": 1.0} if upright else {"linestyle": "", **style}
        out.append(Line2D([], [], color=color(CENTER_COLORS[name]), label=labels[name], **look))
    return out


def _draw_lines(columns: dict[str, Any], term: str, name: str, axes: Any, figsize: Size, title: str | None) -> Figure:
    """One effect: a line per level, sorted by the model's estimate. Lines of very many levels are a band."""
    part = np.array(columns["part"])
    everything = np.ones(len(part), dtype=bool)
    start, end, there = _ends(columns, everything, part)
    x, y = columns["x"], columns["y"]
    figure, ax = one_of(axes, 5.0, height_of_levels(len(end)), figsize)
    band = is_band(len(end))
    size = 4.0 if len(end) <= 60 else 1.6 if band else 2.4
    for center in CENTERS:
        zero_line(ax, at=float(x[part == center][0]), vertical=True)
        ax.lines[-1].set(color=color(CENTER_COLORS[center]), linewidth=1.0)
    ax.hlines(y[start[there]], x[start[there]], x[end[there]], color=ink(0.4), linewidth=0.3 if band else 0.7)
    edge = 0.4 if band else 0.9
    ax.plot(x[start], y[start], "o", color=color(1), markersize=size, markerfacecolor="none", markeredgewidth=edge)
    ax.plot(x[end], y[end], "o", color=color(0), markersize=size, markeredgewidth=0)
    order = end[np.argsort(y[end])]
    name_levels(ax, [columns["level"][i] for i in order], figure.get_figheight(), band=band)
    say(ax, x=f"{term} of {name}", y=with_count(name, len(end)))
    legend(figure, ax, _handles(upright=True))
    return finished(figure, [ax], title)


def _arrows(
    fit: FittedMixed, effects: Sequence[str] | None, group: str | None, levels: Sequence[float]
) -> tuple[dict[str, Any], list[tuple[str, str]], int]:
    """The columns, the pair of effects of each panel, and the number of pairs that there are."""
    need_mixed(fit, "shrinkage")
    place = group_place(fit, group)
    own_effects = fit.ranef().effects[place]
    wanted = list(own_effects) if effects is None else [effects] if isinstance(effects, str) else list(effects)
    for effect in wanted:
        if effect not in own_effects:
            raise DataError(
                f"no random effect {effect!r} of {fit.design.groups[place].name}; it has {', '.join(own_effects)}."
            )
    if not wanted:
        raise DataError(f"effects is empty; the group has {', '.join(own_effects)}.")
    estimates = level_effects(fit, place)
    labels = fit.design.groups[place].levels.labels
    covariance = effect_covariance(fit, place)
    if len(wanted) == 1:
        return _one_effect(estimates, own_effects.index(wanted[0]), labels), [(wanted[0], "")], 1
    out: dict[str, list[Any]] = {k: [] for k in ("term_x", "term_y", "part", "level", "x", "y")}
    pairs = list(combinations(wanted, 2))
    places = [[own_effects.index(a), own_effects.index(b)] for a, b in pairs]
    shown = most_correlated([covariance[np.ix_(at, at)] for at in places]) if effects is None else range(len(pairs))
    for k in shown:
        (a, b), at = pairs[k], places[k]
        around = [ellipse(estimates.typical[at], covariance[np.ix_(at, at)], level) for level in levels]
        parts = [
            ("no", labels, estimates.none[:, at]),
            ("partial", labels, estimates.partial[:, at]),
            ("complete", [""], estimates.complete[None, at]),
            ("typical", [""], estimates.typical[None, at]),
            *(("ellipse", [f"{p:g}"] * len(e), e) for p, e in zip(levels, around, strict=True)),
        ]
        for part, names, points in parts:
            _put(out, (a, b), part, names, points)
    return _arrays(out), [pairs[k] for k in shown], len(pairs)


def _one_effect(estimates: LevelEffects, j: int, labels: Sequence[str]) -> dict[str, Any]:
    line = np.empty(len(labels))
    line[np.argsort(estimates.partial[:, j], kind="stable")] = np.arange(len(labels))
    out: dict[str, list[Any]] = {k: [] for k in ("term_x", "term_y", "part", "level", "x", "y")}
    key = (estimates.effects[j], "")
    for part, values in (("no", estimates.none), ("partial", estimates.partial)):
        _put(out, key, part, labels, np.column_stack([values[:, j], line]))
    for part, center in (("complete", estimates.complete), ("typical", estimates.typical)):
        _put(out, key, part, [""], np.array([[center[j], np.nan]]))
    return _arrays(out)


def _put(out: dict[str, list[Any]], key: tuple[str, str], part: str, names: Sequence[str], points: Any) -> None:
    out["term_x"] += [key[0]] * len(points)
    out["term_y"] += [key[1]] * len(points)
    out["part"] += [part] * len(points)
    out["level"] += list(names)
    out["x"] += points[:, 0].tolist()
    out["y"] += points[:, 1].tolist()


def _arrays(out: dict[str, list[Any]]) -> dict[str, Any]:
    return {k: np.array(v, dtype=float) if k in ("x", "y") else v for k, v in out.items()}
