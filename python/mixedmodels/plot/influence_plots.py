"""Influence of rows and groups: Cook's distances, DFBETAS and similar measures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Vector
from mixedmodels.errors import DataError
from mixedmodels.plot.axes import height_for, name_levels, say, several, short, zero_line
from mixedmodels.plot.subjects import columns_of, table_kind
from mixedmodels.plot.themes import color, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_LINES = 80  # deletions that get a line with a name each
NAMED = 5  # of the others, how many are named
TITLES = {
    "cooks_distance": "Cook's distance",
    "mdffits": "MDFFITS",
    "cov_ratio": "COVRATIO",
    "cov_trace": "COVTRACE",
}


def influence_table(influence: Any, measures: str | Sequence[str] = "cooks_distance") -> Any:
    """Data of `influence`: columns measure, label, position, value, and whether it is `flagged`.

    Examples
    --------
    >>> mm.plot.influence_table(fit.influence("Subject"))["measure"].unique().tolist()
    ['cooks_distance']
    """
    columns, _ = _measures(influence, measures)
    return frame.to_kind(columns, table_kind(influence))


def influence(influence: Any, measures: str | Sequence[str] = "cooks_distance", *, axes: Any = None) -> Figure:
    """Draw measures of influence: groups from the most influential down, many rows as vertical lines.

    Parameters
    ----------
    influence : Influence
        Result of ``fit.influence()``.
    measures : str or sequence of str, default "cooks_distance"
        Measures to draw: "cooks_distance", "mdffits", "cov_ratio", "cov_trace", "dfbetas" (all coefficients), or
        columns of ``influence.to_frame()``. Values beyond the usual bounds are coloured. For J deletions the bounds are
        4 / J for Cook's distance and MDFFITS, and 2 / sqrt(J) for DFBETAS.
    axes : Axes or sequence of Axes, optional
        Axes, one for each measure; None for a new figure.
    """
    columns, (names, heading) = _measures(influence, measures)
    own = np.array(columns["measure"], dtype=object)
    n = int((own == names[0]).sum())
    by_line = n <= MAX_LINES
    with drawing():
        height = height_for(n) if by_line else 2.4
        size = (4.2 if len(names) == 1 else 2.6, height) if by_line else (5.0, height)
        figure, all_axes = several(axes, len(names), columns=len(names) if by_line else 1, size=size)
        for i, (ax, name) in enumerate(zip(all_axes, names, strict=True)):
            rows = np.flatnonzero(own == name)
            (_draw_lines if by_line else _draw_stems)(ax, columns, rows, _center(name))
            title = TITLES.get(name, name.replace("dfbetas_", "DFBETAS: "))
            if not by_line:
                say(ax, x=heading if i == len(names) - 1 else "", y=title)
                continue
            say(ax, x=title)
            ax.locator_params(axis="x", nbins=4)
            labels = [columns["label"][r] for r in rows[np.argsort(columns["position"][rows])]]
            name_levels(ax, labels, height)
            if i == 0:
                say(ax, y=heading)
            else:
                ax.tick_params(axis="y", labelleft=False)
        return figure


def _center(name: str) -> float:
    return 1.0 if name == "cov_ratio" else 0.0


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
    if n <= MAX_LINES:
        position = np.empty(n, dtype=int)
        size = np.abs(first - _center(names[0]))
        position[np.argsort(np.where(np.isnan(size), -1, size), kind="stable")] = np.arange(n)
    values = [np.asarray(table[name], dtype=float) for name in names]
    columns = {
        "measure": [name for name in names for _ in range(n)],
        "label": labels * len(names),
        "position": np.tile(position, len(names)),
        "value": np.concatenate(values),
        "flagged": np.concatenate([_flagged(name, v, n) for name, v in zip(names, values, strict=True)]),
    }
    return columns, (names, heading)


def _flagged(name: str, values: Vector, n: int) -> Any:
    """Whether values exceed the usual bound of a measure, if it has one."""
    bound = 4 / n if name in ("cooks_distance", "mdffits") else 2 / math.sqrt(n) if "dfbetas_" in name else math.inf
    with np.errstate(invalid="ignore"):
        return np.abs(values) > bound
