"""Influence of rows and groups: Cook's distances, DFBETAS and similar measures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.plot.axes import Size, finished, height_for, is_band, name_levels, say, several, short, zero_line
from mixedmodels.plot.subjects import columns_of, table_kind
from mixedmodels.plot.themes import color, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FAR = 2.5  # times the largest value; bounds beyond have no line
NAMED = 5  # of the others, how many are named
TITLES = {
    "cooks_distance": "Cook's distance",
    "mdffits": "MDFFITS",
    "cov_ratio": "COVRATIO",
    "cov_trace": "COVTRACE",
}


def influence_table(influence: Any, measures: str | Sequence[str] = "cooks_distance") -> Any:
    """Data of `influence`: columns measure, label, position, value, bound, and whether it is `flagged`.

    `bound` is the usual bound of the measure's absolute value, NaN if it has none. Values beyond it are flagged.

    Examples
    --------
    >>> mm.plot.influence_table(fit.influence("Subject"))["measure"].unique().tolist()
    ['cooks_distance']
    """
    columns, _ = _measures(influence, measures)
    return frame.to_kind(columns, table_kind(influence))


def influence(
    influence: Any,
    measures: str | Sequence[str] = "cooks_distance",
    *,
    axes: Any = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw measures of influence: groups from the most influential down, many rows as vertical lines.

    Parameters
    ----------
    influence : Influence
        Result of ``fit.influence()``.
    measures : str or sequence of str, default "cooks_distance"
        Measures to draw: "cooks_distance", "mdffits", "cov_ratio", "cov_trace", "dfbetas" (all coefficients), or
        columns of ``influence.to_frame()``. Values beyond the usual bounds, which are dashed lines, are coloured. For
        J deletions the bounds are 4 / J for Cook's distance and MDFFITS, and 2 / sqrt(J) for DFBETAS.
    axes : Axes or sequence of Axes, optional
        Axes, one for each measure; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.
    """
    columns, (names, heading) = _measures(influence, measures)
    own = np.array(columns["measure"], dtype=object)
    n = int((own == names[0]).sum())
    by_line = not is_band(n)
    with drawing():
        height = height_for(n) if by_line else 2.4
        size = (4.2 if len(names) == 1 else 2.6, height) if by_line else (5.0, height)
        figure, all_axes = several(axes, len(names), columns=len(names) if by_line else 1, size=size, figsize=figsize)
        for i, (ax, name) in enumerate(zip(all_axes, names, strict=True)):
            rows = np.flatnonzero(own == name)
            (_draw_lines if by_line else _draw_stems)(ax, columns, rows, _center(name))
            _draw_bounds(ax, name, float(columns["bound"][rows][0]), n, vertical=by_line)
            measure = TITLES.get(name, name.replace("dfbetas_", "DFBETAS: "))
            if not by_line:
                say(ax, x=heading if i == len(names) - 1 else "", y=measure)
                continue
            say(ax, x=measure)
            ax.locator_params(axis="x", nbins=4)
            labels = [columns["label"][r] for r in rows[np.argsort(columns["position"][rows])]]
            name_levels(ax, labels, figure.get_figheight())
            if i == 0:
                say(ax, y=heading)
            else:
                ax.tick_params(axis="y", labelleft=False)
        return finished(figure, all_axes, title)


def _center(name: str) -> float:
    return 1.0 if name == "cov_ratio" else 0.0


def _draw_bounds(ax: Axes, name: str, bound: float, n: int, *, vertical: bool) -> None:
    """Dashed lines at the usual bounds of a measure. Bounds far beyond the values are only written."""
    if not math.isfinite(bound):
        return
    signed = name.startswith("dfbetas_")
    rule = f"{'±2/√' if signed else '4/'}{n} = {bound:.2g}"
    low, high = ax.get_xlim() if vertical else ax.get_ylim()
    reach = max(abs(low), abs(high))
    if bound <= FAR * reach:
        for at in (-bound, bound) if signed else (bound,):
            zero_line(ax, at=at, vertical=vertical)
            ax.lines[-1].set(linestyle="--", color=color(1))
    ax.set_title(f"bound {rule}", fontsize="x-small", color=color(1), loc="right", pad=2)


def _draw_lines(ax: Axes, columns: dict[str, Any], rows: Any, center: float) -> None:
    zero_line(ax, at=center, vertical=True)
    value, place, flagged = (columns[k][rows] for k in ("value", "position", "flagged"))
    for chosen, shade in ((~flagged, ink(0.5)), (flagged, color(1))):
        ax.hlines(place[chosen], center, value[chosen], color=shade, linewidth=0.9)
        ax.plot(value[chosen], place[chosen], "o", color=shade, markersize=3.5, markeredgewidth=0)


def _draw_stems(ax: Axes, columns: dict[str, Any], rows: Any, center: float) -> None:
    zero_line(ax, at=center)
    value, place, flagged = (columns[k][rows] for k in ("value", "position", "flagged"))
    thin = max(0.3, min(0.9, 300 / len(rows)))
    for chosen, shade in ((~flagged, ink(0.5)), (flagged, color(1))):
        ax.vlines(place[chosen], center, value[chosen], color=shade, linewidth=thin, rasterized=len(rows) > 5000)
    size = np.abs(value - center)
    for i in np.argsort(np.where(np.isnan(size), -1, size))[::-1][:NAMED]:
        if flagged[i]:
            label = short(columns["label"][rows[i]], 12)
            up = value[i] >= center
            ax.annotate(
                label,
                (place[i], value[i]),
                xytext=(0, 2 if up else -2),
                textcoords="offset points",
                ha="center",
                va="bottom" if up else "top",
                fontsize="x-small",
            )
    ax.margins(x=0.01, y=0.12)


def _measures(influence: Any, measures: str | Sequence[str]) -> tuple[dict[str, Any], tuple[list[str], str]]:
    """The columns, the names of the measures, and the name of the deleted unit."""
    if not hasattr(influence, "to_frame"):
        raise DataError(f"influence() needs the result of fit.influence(), not a {type(influence).__name__}.")
    table = columns_of(influence)
    heading = next(iter(table))
    wanted = [measures] if isinstance(measures, str) else list(measures)
    names: list[str] = []
    for name in wanted:
        mine = [c for c in table if c.startswith("dfbetas_")] if name == "dfbetas" else [name]
        if not mine or any(c not in table or c == heading for c in mine):
            raise DataError(f"there is no measure {name!r}; there are dfbetas, {', '.join(list(table)[1:])}.")
        names += mine
    n = len(table[heading])
    labels = [frame.label(v) for v in table[heading]]
    first = np.asarray(table[names[0]], dtype=float)
    position: Any = np.arange(n)
    if not is_band(n):
        position = np.empty(n, dtype=int)
        size = np.abs(first - _center(names[0]))
        position[np.argsort(np.where(np.isnan(size), -1, size), kind="stable")] = np.arange(n)
    values = [np.asarray(table[name], dtype=float) for name in names]
    columns: dict[str, Any] = {
        "measure": [name for name in names for _ in range(n)],
        "label": labels * len(names),
        "position": np.tile(position, len(names)),
        "value": np.concatenate(values),
        "bound": np.repeat([_bound(name, n) for name in names], n),
    }
    with np.errstate(invalid="ignore"):
        columns["flagged"] = np.abs(columns["value"]) > columns["bound"]
    return columns, (names, heading)


def _bound(name: str, n: int) -> float:
    """The usual bound of a measure's absolute value; NaN if it has none."""
    if name in ("cooks_distance", "mdffits"):
        return 4 / n
    return 2 / math.sqrt(n) if name.startswith("dfbetas_") else math.nan
