"""Random effects with their intervals: level by level (a caterpillar), or against normal quantiles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Vector
from mixedmodels.diagnose.checks.qq import points
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald
from mixedmodels.plot.axes import (
    MANY,
    Size,
    finished,
    height_of_levels,
    is_band,
    name_levels,
    say,
    several,
    with_count,
    zero_line,
)
from mixedmodels.plot.subjects import FittedMixed, group_place, need_mixed
from mixedmodels.plot.themes import color, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEW = 60  # points whose intervals are drawn as lines with a marker


def caterpillar_table(fit: FittedMixed, group: str | None = None, level: float = 0.95, sort: bool | str = True) -> Any:
    """Data of `caterpillar`: columns group, term, level, position, estimate, std_error, conf_low, conf_high.

    Examples
    --------
    >>> table = mm.plot.caterpillar_table(fit)
    >>> table.columns.tolist()
    ['group', 'term', 'level', 'position', 'estimate', 'std_error', 'conf_low', 'conf_high']
    >>> len(table)
    36
    """
    return frame.to_kind(_modes(fit, group, level, sort, "caterpillar"), fit.table_kind)


def caterpillar(
    fit: FittedMixed,
    group: str | None = None,
    level: float = 0.95,
    sort: bool | str = True,
    *,
    axes: Any = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw conditional modes of the random effects with intervals: a panel per effect, a line per level.

    Parameters
    ----------
    fit : fitted mixed model
        Model with random effects.
    group : str, optional
        Name of a grouping factor; None for all.
    level : float, default 0.95
        Confidence level of the intervals. They treat the variance parameters theta as known.
    sort : bool or str, default True
        Order of the levels: True sorts by the first effect, False does not sort, a name sorts by that effect. All
        panels of a group have the same order, so each level stays on one line. More than 80 levels are drawn as a band;
        True then sorts each panel by its own effect.
    axes : Axes or sequence of Axes, optional
        Axes, one for each panel; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.

    Examples
    --------
    >>> figure = mm.plot.caterpillar(gm)
    >>> len(figure.axes)
    1
    """
    columns = _modes(fit, group, level, sort, "caterpillar")
    panels = _panels(columns)
    with drawing():
        height = max(height_of_levels(len(rows)) for _, _, rows in panels)
        size = (_width(len(panels)), height)
        figure, all_axes = several(axes, len(panels), columns=len(panels), size=size, figsize=figsize)
        last = None
        for ax, (name, term, rows) in zip(all_axes, panels, strict=True):
            zero_line(ax, vertical=True)
            band = is_band(len(rows))
            (_draw_band if band else _draw_bars)(ax, columns, rows)
            labels = [columns["level"][i] for i in rows[np.argsort(columns["position"][rows])]]
            name_levels(ax, labels, figure.get_figheight(), band=band)
            if name == last and not (band and sort is True):  # bands have an order each
                ax.tick_params(axis="y", labelleft=False)
            elif name != last:
                say(ax, y=with_count(name, len(rows)))
            last = name
            say(ax, title=term, x=f"Random effect, {100 * level:g}% interval")
        return finished(figure, all_axes, title)


def _width(panels: int) -> float:
    return 4.5 if panels == 1 else 2.9 if panels < 4 else 2.4


def _draw_bars(ax: Axes, columns: dict[str, Any], rows: Any) -> None:
    """A point with a bar for each level; bars that do not reach zero are coloured."""
    few = len(rows) <= FEW
    for chosen, shade in _by_zero(columns, rows):
        place, at = columns["position"][chosen], columns["estimate"][chosen]
        low, high = columns["conf_low"][chosen], columns["conf_high"][chosen]
        ax.hlines(place, low, high, color=shade, linewidth=0.9 if few else 0.8)
        ax.plot(at, place, "o", color=shade, markersize=3.2 if few else 2.2, markeredgewidth=0)


def _draw_band(ax: Axes, columns: dict[str, Any], rows: Any) -> None:
    """A band between the limits of all levels, and a point for each level."""
    ordered = rows[np.argsort(columns["position"][rows])]
    low, high = columns["conf_low"][ordered], columns["conf_high"][ordered]
    ax.fill_betweenx(columns["position"][ordered], low, high, color=ink(0.2), linewidth=0, rasterized=len(rows) > MANY)
    for chosen, shade in _by_zero(columns, rows):
        style: dict[str, Any] = {"markersize": 1.6, "markeredgewidth": 0, "rasterized": len(rows) > MANY}
        ax.plot(columns["estimate"][chosen], columns["position"][chosen], "o", color=shade, **style)


def _by_zero(columns: dict[str, Any], rows: Any) -> list[tuple[Any, Any]]:
    """Rows whose intervals have zero and rows whose intervals have not, each with their colour."""
    away = (columns["conf_low"][rows] > 0) | (columns["conf_high"][rows] < 0)
    return [(rows[chosen], shade) for chosen, shade in ((~away, ink(0.55)), (away, color(0))) if chosen.any()]


def qq_random_effects_table(fit: FittedMixed, group: str | None = None, level: float = 0.95) -> Any:
    """Data of `qq_random_effects`: group, term, level, quantile, estimate, std_error, conf_low, conf_high.

    Examples
    --------
    >>> len(mm.plot.qq_random_effects_table(gm))
    15
    """
    return frame.to_kind(_quantiles(fit, group, level), fit.table_kind)


def qq_random_effects(
    fit: FittedMixed,
    group: str | None = None,
    level: float = 0.95,
    *,
    axes: Any = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw conditional modes with intervals against normal quantiles: a panel per effect.

    Modes of levels with few rows are shrunk towards zero. The line through the quartiles is therefore flatter than the
    standard deviation of the effect.

    Parameters
    ----------
    fit : fitted mixed model
        See `caterpillar`.
    group : str, optional
        See `caterpillar`.
    level : float, default 0.95
        See `caterpillar`.
    axes : Axes or sequence of Axes, optional
        See `caterpillar`.
    figsize : sequence of float, optional
        See `caterpillar`.
    title : str, optional
        See `caterpillar`.
    """
    columns = _quantiles(fit, group, level)
    panels = _panels(columns)
    with drawing():
        figure, all_axes = several(axes, len(panels), size=(3.0, 2.8), figsize=figsize)
        for ax, (name, term, rows) in zip(all_axes, panels, strict=True):
            q, at = columns["quantile"][rows], columns["estimate"][rows]
            slope, start = _quartile_line(q, at)
            ends = np.array([q.min(), q.max()])
            ax.plot(ends, start + slope * ends, color=color(1), linewidth=1.0, zorder=1)
            draw_intervals(ax, q, columns["conf_low"][rows], columns["conf_high"][rows])
            size = 3.4 if len(rows) <= FEW else 1.8
            ax.plot(q, at, "o", color=color(0), markersize=size, markeredgewidth=0, zorder=3)
            head = term if len(set(columns["group"])) == 1 else f"{name}: {term}"
            say(ax, x="Normal quantile", y=f"Random effect of {name}", title=head)
        return finished(figure, all_axes, title)


def draw_intervals(ax: Axes, at: Vector, low: Vector, high: Vector) -> None:
    """Upright intervals side by side: lines, or a band of very many."""
    if is_band(len(at)):
        ax.fill_between(at, low, high, color=ink(0.2), linewidth=0, zorder=0.8)
        return
    ax.vlines(at, low, high, color=ink(0.35), linewidth=0.8 if len(at) <= FEW else 0.5, zorder=2)


def _quartile_line(q: Vector, at: Vector) -> tuple[float, float]:
    """Slope and intercept of the line through the quartiles; few levels have a line through the mean."""
    x, y = np.quantile(q, [0.25, 0.75]), np.quantile(at, [0.25, 0.75])
    slope = float((y[1] - y[0]) / (x[1] - x[0])) if x[1] > x[0] else 0.0
    return slope, float(y[0] - slope * x[0])


def _quantiles(fit: FittedMixed, group: str | None, level: float) -> dict[str, Any]:
    columns = _modes(fit, group, level, False, "qq_random_effects")
    quantile = np.empty(len(columns["estimate"]))
    order: list[int] = []
    for _, _, rows in _panels(columns):
        sorted_rows = rows[np.argsort(columns["estimate"][rows], kind="stable")]
        quantile[sorted_rows] = normal_points(len(rows))
        order += sorted_rows.tolist()
    columns.pop("position")
    out = {"group": columns.pop("group"), "term": columns.pop("term"), "level": columns.pop("level")}
    ordered: dict[str, Any] = {k: [v[i] for i in order] for k, v in out.items()}
    return {**ordered, "quantile": quantile[order], **{k: v[order] for k, v in columns.items()}}


def normal_points(n: int) -> Vector:
    """Normal quantiles of the ranks 1..n, at R's ``ppoints``."""
    return wald.quantile(points(n), math.inf)


def _modes(fit: FittedMixed, group: str | None, level: float, sort: bool | str, picture: str) -> dict[str, Any]:
    """Modes with intervals, group by group, effect by effect, in the order of the levels."""
    need_mixed(fit, picture)
    wald.check_level(level)
    places = range(len(fit.design.groups)) if group is None else [group_place(fit, group)]
    ranef = fit.ranef(cond_var=True)
    if isinstance(sort, str) and not any(sort in ranef.effects[g] for g in places):
        effect_names = dict.fromkeys(e for g in places for e in ranef.effects[g])
        raise DataError(f"sort={sort!r} is no random effect; give one of {', '.join(effect_names)}, or True or False.")
    z = float(wald.quantile((1 + level) / 2, math.inf))
    text: dict[str, list[Any]] = {"group": [], "term": [], "level": []}
    parts: dict[str, list[Vector]] = {"position": [], "estimate": [], "std_error": []}
    for g in places:
        modes, effects, name = ranef.modes[g], ranef.effects[g], ranef.names[g]
        positions = _positions(modes, effects, sort)
        errors = np.sqrt(np.maximum(np.diagonal(ranef.cond_var[name], axis1=1, axis2=2), 0.0))
        for j, effect in enumerate(effects):
            text["group"] += [name] * len(modes)
            text["term"] += [effect] * len(modes)
            text["level"] += list(ranef.levels[g])
            parts["position"].append(positions[j])
            parts["estimate"].append(modes[:, j])
            parts["std_error"].append(errors[:, j])
    columns = {k: np.concatenate(v) for k, v in parts.items()}
    reach = z * columns["std_error"]
    return {**text, **columns, "conf_low": columns["estimate"] - reach, "conf_high": columns["estimate"] + reach}


def _positions(modes: Any, effects: tuple[str, ...], sort: bool | str) -> list[Any]:
    """The line of each level in the panel of each effect, counted from below. Unsorted levels start at the top."""
    n = len(modes)
    if sort is False:
        return [np.arange(n)[::-1].copy()] * len(effects)
    if sort is True and is_band(n):
        return [_ranks(modes[:, j]) for j in range(len(effects))]
    by = effects.index(sort) if isinstance(sort, str) and sort in effects else 0
    return [_ranks(modes[:, by])] * len(effects)


def _ranks(values: Vector) -> Any:
    rank = np.empty(len(values), dtype=int)
    rank[np.argsort(values, kind="stable")] = np.arange(len(values))
    return rank


def _panels(columns: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Group, effect and rows of each panel."""
    keys = list(zip(columns["group"], columns["term"], strict=True))
    places: dict[tuple[str, str], list[int]] = {}
    for i, key in enumerate(keys):
        places.setdefault(key, []).append(i)
    return [(name, term, np.array(rows)) for (name, term), rows in places.items()]
