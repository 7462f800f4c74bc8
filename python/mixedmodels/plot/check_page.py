"""A page of pictures for all checks of a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.plot.axes import Size, finished, log_scale, name_levels, point_style, say, several, short, zero_line
from mixedmodels.plot.caterpillars import FEW, draw_intervals
from mixedmodels.plot.check_panels import BOUNDS, Columns, Panel, joined, panels
from mixedmodels.plot.qq import draw_qq
from mixedmodels.plot.residual_plots import draw_bins
from mixedmodels.plot.themes import color, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMED = 3  # rows of large Cook's distance that are named


def check_model_table(check: Any) -> Any:
    """Data of `check_model`: columns panel, part, series, x, y, low, high (of influence Cook's distance)."""
    drawn_panels, kind = _panels_and_kind(check)
    drawn = joined(*(p.columns for p in drawn_panels))
    names = [p.name for p in drawn_panels for _ in p.columns["part"]]
    return frame.to_kind({"panel": names, **drawn}, kind)


def check_model(check: Any, *, axes: Any = None, figsize: Size = None, title: str | None = None) -> Figure:
    """Draw the checks of ``fit.check_model()``, each with its verdict.

    Parameters
    ----------
    check : ModelChecks or fitted model
        Result of ``fit.check_model()``, or a model, which is then checked first.
    axes : Axes or sequence of Axes, optional
        Axes, one for each panel; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.
    """
    drawn_panels, _ = _panels_and_kind(check)
    with drawing():
        figure, grid = several(
            axes, len(drawn_panels), columns=2 if len(drawn_panels) < 5 else 3, size=(3.1, 2.6), figsize=figsize
        )
        for ax, panel in zip(grid, drawn_panels, strict=True):
            DRAWERS.get(panel.name, _draw_effects)(ax, panel.columns)
            say(ax, x=panel.x, y=panel.y, title=panel.title + (f": {panel.verdict}" if panel.verdict else ""))
            ax.title.set_color(color(1) if panel.verdict == "Look" else ink())
        return finished(figure, grid, title)


def _panels_and_kind(check: Any) -> tuple[list[Panel], Any]:
    made = check.check_model() if hasattr(check, "check_model") else check
    if not hasattr(made, "posterior_predictive_table"):
        raise DataError(
            f"check_model() needs a model or the result of fit.check_model(), not a {type(check).__name__}."
        )
    return panels(made), frame.read(made.to_frame()).kind


def _rows(columns: Columns, part: str) -> Any:
    return np.array([p == part for p in columns["part"]])


def _series(columns: Columns, rows: Any) -> dict[str, Any]:
    """Label -> its rows."""
    out: dict[str, list[int]] = {}
    for i in np.flatnonzero(rows):
        out.setdefault(columns["series"][i], []).append(int(i))
    return {label: np.array(places) for label, places in out.items()}


def _draw_draws(ax: Axes, columns: Columns) -> None:
    for rows in _series(columns, _rows(columns, "draw")).values():
        ax.plot(columns["x"][rows], columns["y"][rows], "-", color=ink(0.35), linewidth=0.5, alpha=0.5)
    rows = np.flatnonzero(_rows(columns, "data"))
    ax.plot(columns["x"][rows], columns["y"][rows], "-", color=color(0), linewidth=1.5)
    ax.set_ylim(bottom=0)


def _draw_shares(ax: Axes, columns: Columns) -> None:
    """For each value, the share of rows: a ring for the data, points for the draws."""
    for rows in _series(columns, _rows(columns, "draw")).values():
        ax.plot(columns["x"][rows], columns["y"][rows], "_", color=ink(0.35), markersize=12, alpha=0.5)
    rows = np.flatnonzero(_rows(columns, "data"))
    x, y = columns["x"][rows], columns["y"][rows]
    ax.plot(x, y, "o", color=color(0), markersize=5, markerfacecolor="none", markeredgewidth=1.5)
    ax.margins(x=0.3 if len(x) < 4 else 0.1)
    if len(x) <= 6:
        ax.set_xticks(x, [f"{v:g}" for v in x])


def _draw_cloud(ax: Axes, columns: Columns) -> None:
    points, line = _rows(columns, "point"), _rows(columns, "smooth")
    ax.scatter(columns["x"][points], columns["y"][points], color=ink(0.7), **point_style(int(points.sum())))
    ax.plot(columns["x"][line], columns["y"][line], color=color(1))


def _draw_linearity(ax: Axes, columns: Columns) -> None:
    zero_line(ax)
    _draw_cloud(ax, columns)


def _draw_dispersion(ax: Axes, columns: Columns) -> None:
    for part, shade, style in (("expected", ink(0.6), "--"), ("observed", color(0), "-")):
        rows = _rows(columns, part)
        x, y = columns["x"][rows], columns["y"][rows]
        ax.plot(x, y, style, color=shade, label=part)
    ax.set_ylim(bottom=0)
    ax.legend(loc="best")


def _draw_bins(ax: Axes, columns: Columns) -> None:
    zero_line(ax)
    draw_bins(ax, *(columns[k] for k in ("x", "y", "low", "high")))


def _draw_influence(ax: Axes, columns: Columns) -> None:
    zero_line(ax)
    points = np.flatnonzero(_rows(columns, "point"))
    x, y, cooks = (columns[k][points] for k in ("x", "y", "low"))
    ax.scatter(x, y, color=ink(0.7), **point_style(len(points)))
    low, high = ax.get_ylim()
    for label, rows in _series(columns, _rows(columns, "contour")).items():
        for side in (columns["y"][rows] < 0, columns["y"][rows] > 0):
            line = rows[side]
            ax.plot(columns["x"][line], columns["y"][line], "--", color=color(1), linewidth=0.8)
            if low < columns["y"][line][-1] < high:
                end = (columns["x"][line][-1], columns["y"][line][-1])
                style: dict[str, Any] = {"fontsize": 6.5, "color": color(1), "ha": "right", "va": "bottom"}
                ax.annotate(label, end, xytext=(0, 1), textcoords="offset points", **style)
    ax.set_ylim(low, high)
    for i in np.argsort(np.where(np.isfinite(cooks), -cooks, 0))[:NAMED]:
        name = short(columns["series"][points[i]], 10)
        ax.annotate(name, (x[i], y[i]), xytext=(3, 2), textcoords="offset points", fontsize=6.5)


def _draw_terms(ax: Axes, columns: Columns) -> None:
    vif, place = columns["x"], columns["y"]
    for bound in BOUNDS:
        zero_line(ax, at=bound, vertical=True)
    ax.hlines(place, columns["low"], columns["high"], color=color(0), linewidth=1.0)
    ax.plot(vif, place, "o", color=color(0))
    ax.set_xlim(0.9, max(12.0, 1.3 * float(np.nanmax([vif, columns["high"]]))))
    log_scale(ax.xaxis)
    labels = [columns["series"][i] for i in np.argsort(place)]
    name_levels(ax, labels, 2.6, longest=14)


def _draw_normality(ax: Axes, columns: Columns) -> None:
    names = {"quantile": "x", "residual": "y", "conf_low": "low", "conf_high": "high"}
    draw_qq(ax, {k: columns[v] for k, v in names.items()}, "simultaneous")


def _draw_effects(ax: Axes, columns: Columns) -> None:
    q, y = columns["x"], columns["y"]
    zero_line(ax)
    draw_intervals(ax, q, columns["low"], columns["high"])
    ax.plot(q, y, "o", color=color(0), markersize=1.8 if len(q) > FEW else 3.2, markeredgewidth=0)


DRAWERS: dict[str, Callable[[Axes, Columns], None]] = {
    "draws": _draw_draws,
    "shares": _draw_shares,
    "residuals": _draw_linearity,
    "scale_location": _draw_cloud,
    "dispersion": _draw_dispersion,
    "binned": _draw_bins,
    "influence": _draw_influence,
    "collinearity": _draw_terms,
    "normality": _draw_normality,
}
