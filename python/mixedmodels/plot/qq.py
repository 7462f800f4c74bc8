"""Residuals against normal quantiles, with a band for normal residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.diagnose.checks.normal_band import Band, normal_band
from mixedmodels.errors import DataError
from mixedmodels.plot.axes import MANY, Size, finished, one, say
from mixedmodels.plot.caterpillars import normal_points
from mixedmodels.plot.residual_plots import finite_residuals, residual_name
from mixedmodels.plot.subjects import Fitted, need_model
from mixedmodels.plot.themes import color, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def qq_residuals_table(
    fit: Fitted,
    type: str | None = None,  # noqa: A002
    band: Band | None = "simultaneous",
    level: float = 0.95,
) -> Any:
    """Data of `qq_residuals`: columns quantile, residual, conf_low, conf_high, ascending.

    Examples
    --------
    >>> mm.plot.qq_residuals_table(logit).columns.tolist()
    ['quantile', 'residual', 'conf_low', 'conf_high']
    """
    return frame.to_kind(_quantiles(fit, type, band, level), fit.table_kind)


def qq_residuals(
    fit: Fitted,
    type: str | None = None,  # noqa: A002
    band: Band | None = "simultaneous",
    level: float = 0.95,
    *,
    ax: Axes | None = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw standardised residuals against normal quantiles.

    Residuals of a generalised model need not be normal, even if the model is right; use `residual_panels` there.

    Parameters
    ----------
    fit : fitted model
        Any model.
    type : str, optional
        Type of the residuals, as in `residuals`. They are divided by sigma.
    band : {"simultaneous", "pointwise"} or None, default "simultaneous"
        Band for normal residuals. The "simultaneous" band contains all of them with probability `level`, the
        "pointwise" band each of them; None draws no band. It treats the residuals as independent and sigma as known,
        and is therefore a little wide.
    level : float, default 0.95
        Confidence level of the band.
    ax : Axes, optional
        Axes to draw in; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.
    """
    columns = _quantiles(fit, type, band, level)
    with drawing():
        figure, ax = one(ax, 3.8, 3.6, figsize=figsize)
        draw_qq(ax, columns, band)
        say(ax, y=f"Standardised {residual_name(fit, type, start=False)}")
        return finished(figure, [ax], title)


def draw_qq(ax: Axes, columns: dict[str, Any], band: Band | None) -> None:
    """Band, line and points."""
    q = columns["quantile"]
    if band is not None:
        ax.fill_between(q, columns["conf_low"], columns["conf_high"], color=ink(0.15), linewidth=0)
    ends = np.array([q[0], q[-1]])
    ax.plot(ends, ends, color=color(1), linewidth=1.0)
    n = len(q)
    size = 3.0 if n <= 500 else 2.0
    ax.plot(q, columns["residual"], "o", color=color(0), markersize=size, markeredgewidth=0, rasterized=n > MANY)
    ax.set_xlabel("Normal quantile")


def _quantiles(fit: Fitted, type: str | None, band: Band | None, level: float) -> dict[str, Any]:  # noqa: A002
    need_model(fit, "qq_residuals")
    _, rest = finite_residuals(fit, type, scaled=True)
    if not len(rest):
        raise DataError("the model has no finite standardised residuals: it fits the response exactly.")
    rest = np.sort(rest)
    out: dict[str, Any] = {"quantile": normal_points(len(rest)), "residual": rest}
    if band is None:
        return out
    low, high = normal_band(len(rest), band, level)
    return {**out, "conf_low": low, "conf_high": high}
