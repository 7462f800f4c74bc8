"""Power as a function of the size of a design."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import UnknownColumnError
from mixedmodels.plot.axes import Size, finished, legend, one, zero_line
from mixedmodels.plot.subjects import columns_of, table_kind
from mixedmodels.plot.themes import color, drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = ("value", "power", "conf_low", "conf_high", "analytic")


def power_curve_table(curve: Any) -> Any:
    """Data of `power_curve`: columns value, power, conf_low, conf_high, analytic."""
    return frame.to_kind(_curve(curve), table_kind(curve))


def power_curve(
    curve: Any, *, target: float | None = 0.8, ax: Axes | None = None, figsize: Size = None, title: str | None = None
) -> Figure:
    """Draw simulated power with its intervals, and the analytic approximation as a line.

    Parameters
    ----------
    curve : PowerCurve or table
        Result of ``powerCurve()``, or any table with columns value and power. Columns conf_low, conf_high and analytic
        are optional.
    target : float or None, default 0.8
        Power marked by a horizontal line; None for no line.
    ax : Axes, optional
        Axes to draw in; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.
    """
    columns = _curve(curve)
    with drawing():
        figure, ax = one(ax, 4.6, 3.4, figsize=figsize)
        if target is not None:
            zero_line(ax, at=target)
        order = np.argsort(columns["value"], kind="stable")
        at, power, low, high, exact = (columns[k][order] for k in COLUMNS)
        handles = []
        if np.isfinite(exact).any():
            handles += ax.plot(at, exact, "--", color=color(1), label="analytic")
        simulated = np.isfinite(low)
        ax.vlines(at[simulated], low[simulated], high[simulated], color=color(0), linewidth=1.2)
        handles += ax.plot(at, power, "o-", color=color(0), linewidth=0.9, label="simulated")
        ax.set_ylim(-0.02, 1.02)
        ax.set(xlabel=_capital(getattr(curve, "axis", "Size")), ylabel="Power")
        if len(handles) > 1:
            legend(figure, ax, handles)
        return finished(figure, [ax], title)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _curve(curve: Any) -> dict[str, Any]:
    table = columns_of(curve)
    for name in ("value", "power"):
        if name not in table:
            raise UnknownColumnError(
                f"power_curve() needs columns value and power, but the table has {', '.join(table)}."
            )
    n = len(table["power"])
    return {k: np.asarray(table.get(k, np.full(n, np.nan)), dtype=float) for k in COLUMNS}
