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
from mixedmodels.plot.axes import height_for, name_levels, say, several, zero_line
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
        panels of a group have the same order, so each level stays on one line.
    axes : Axes or sequence of Axes, optional
        Axes, one for each panel; None for a new figure.

    Examples
    --------
    >>> figure = mm.plot.caterpillar(gm)
    >>> len(figure.axes)
    1
    """
    columns = _modes(fit, group, level, sort, "caterpillar")
    panels = _panels(columns)
    tallest = max(len(rows) for _, _, rows in panels)
    with drawing():
        height = height_for(tallest)
        figure, all_axes = several(axes, len(panels), columns=len(panels), size=(_width(len(panels)), height))
        last = None
        for ax, (name, term, rows) in zip(all_axes, panels, strict=True):
            zero_line(ax, vertical=True)
            low, high = columns["conf_low"][rows], columns["conf_high"][rows]
            away = (low > 0) | (high < 0)
            for chosen, shade in ((~away, ink(0.5)), (away, color(0))):
                if chosen.any():
                    _bars(ax, columns, rows[chosen], shade, len(rows))
            order = np.argsort(columns["position"][rows])
            labels = [columns["level"][rows[i]] for i in order]
            name_levels(ax, labels, height)
            if name == last:
                ax.tick_params(axis="y", labelleft=False)
            else:
                say(ax, y=name)
            last = name
            say(ax, title=term)
            ax.set_xlabel(f"Random effect, {100 * level:g}% interval" if len(panels) == 1 else "Random effect")
        return figure


def _width(panels: int) -> float:
    return 4.5 if panels == 1 else 2.9 if panels < 4 else 2.4


def _bars(ax: Axes, columns: dict[str, Any], rows: Any, shade: Any, many: int) -> None:
    place, at = columns["position"][rows], columns["estimate"][rows]
    thin = 0.9 if many <= FEW else max(0.25, 50 / many)
    ax.hlines(place, columns["conf_low"][rows], columns["conf_high"][rows], color=shade, linewidth=thin)
    ax.plot(at, place, "o", color=shade, markersize=3.2 if many <= FEW else 1.4, markeredgewidth=0)


def qq_random_effects_table(fit: FittedMixed, group: str | None = None, level: float = 0.95) -> Any:
    """Data of `qq_random_effects`: group, term, level, quantile, estimate, std_error, conf_low, conf_high.

    Examples
    --------
    >>> len(mm.plot.qq_random_effects_table(gm))
    15
    """
    return frame.to_kind(_quantiles(fit, group, level), fit.table_kind)


def qq_random_effects(fit: FittedMixed, group: str | None = None, level: float = 0.95, *, axes: Any = None) -> Figure:
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
    """
    columns = _quantiles(fit, group, level)
    panels = _panels(columns)
    with drawing():
        figure, all_axes = several(axes, len(panels), size=(3.0, 2.8))
        for ax, (name, term, rows) in zip(all_axes, panels, strict=True):
            q, at = columns["quantile"][rows], columns["estimate"][rows]
            slope, start = _quartile_line(q, at)
            ends = np.array([q.min(), q.max()])
            ax.plot(ends, start + slope * ends, color=color(1), linewidth=1.0, zorder=1)
            thin = 0.8 if len(rows) <= FEW else 0.4
            ax.vlines(
                q, columns["conf_low"][rows], columns["conf_high"][rows], color=ink(0.35), linewidth=thin, zorder=2
            )
            size = 3.4 if len(rows) <= FEW else 1.8
            ax.plot(q, at, "o", color=color(0), markersize=size, markeredgewidth=0, zorder=3)
            title = term if len(set(columns["group"])) == 1 else f"{name}: {term}"
            say(ax, x="Normal quantile", y=f"Random effect of {name}", title=title)
        return figure


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
        position = _positions(modes, effects, sort)
        errors = np.sqrt(np.maximum(np.diagonal(ranef.cond_var[name], axis1=1, axis2=2), 0.0))
        for j, effect in enumerate(effects):
            text["group"] += [name] * len(modes)
            text["term"] += [effect] * len(modes)
            text["level"] += list(ranef.levels[g])
            parts["position"].append(position)
            parts["estimate"].append(modes[:, j])
            parts["std_error"].append(errors[:, j])
    columns = {k: np.concatenate(v) for k, v in parts.items()}
    reach = z * columns["std_error"]
    return {**text, **columns, "conf_low": columns["estimate"] - reach, "conf_high": columns["estimate"] + reach}


def _positions(modes: Any, effects: tuple[str, ...], sort: bool | str) -> Any:
    """The line of each level, counted from below. Unsorted levels start at the top."""
    n = len(modes)
    if sort is False:
        return np.arange(n)[::-1].copy()
    by = effects.index(sort) if isinstance(sort, str) and sort in effects else 0
    position = np.empty(n, dtype=int)
    position[np.argsort(modes[:, by], kind="stable")] = np.arange(n)
    return position


def _panels(columns: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Group, effect and rows of each panel."""
    keys = list(zip(columns["group"], columns["term"], strict=True))
    places: dict[tuple[str, str], list[int]] = {}
    for i, key in enumerate(keys):
        places.setdefault(key, []).append(i)
    return [(name, term, np.array(rows)) for (name, term), rows in places.items()]
