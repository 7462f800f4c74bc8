"""The distribution of bootstrap replicates."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald
from mixedmodels.plot.axes import Size, finished, say, several
from mixedmodels.plot.density import density
from mixedmodels.plot.themes import color, drawing, ink

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def bootstrap_table(boot: Any, parm: str | Sequence[str] | None = None, level: float = 0.95) -> Any:
    """Data of `bootstrap`: columns parameter, part ("density", "estimate", "limit"), value, density.

    Examples
    --------
    >>> boot = lin.bootstrap(20, seed=1)
    >>> mm.plot.bootstrap_table(boot)["parameter"].unique().tolist()
    ['sigma', '(Intercept)', 'Days']
    """
    return frame.to_kind(_densities(boot, parm, level), boot.kind)


def bootstrap(
    boot: Any,
    parm: str | Sequence[str] | None = None,
    level: float = 0.95,
    *,
    axes: Any = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw the density of each statistic's replicates, with the estimate and the percentile interval.

    Parameters
    ----------
    boot : Bootstrap
        Result of ``fit.bootstrap()``.
    parm : str or sequence of str, optional
        Name of a statistic, or several names; None for all.
    level : float, default 0.95
        Confidence level of the interval, which is shaded.
    axes : Axes or sequence of Axes, optional
        Axes, one for each statistic; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.
    """
    columns = _densities(boot, parm, level)
    own, part = np.array(columns["parameter"], dtype=object), np.array(columns["part"])
    names = list(dict.fromkeys(columns["parameter"]))
    with drawing():
        figure, panels = several(axes, len(names), size=(2.3, 1.9), figsize=figsize)
        for ax, name in zip(panels, names, strict=True):
            x, y = (columns[k][(own == name) & (part == "density")] for k in ("value", "density"))
            limits = columns["value"][(own == name) & (part == "limit")]
            inside = (x >= limits[0]) & (x <= limits[1])
            ax.fill_between(x[inside], 0, y[inside], color=color(0), alpha=0.25, linewidth=0)
            ax.plot(x, y, color=color(0))
            at = (own == name) & (part == "estimate")
            ax.vlines(columns["value"][at], 0, columns["density"][at], color=ink(0.8), linewidth=0.9)
            ax.set_ylim(bottom=0)
            say(ax, title=name)
            ax.locator_params(nbins=4)
        return finished(figure, panels, title)


def _bounds(name: str) -> tuple[float, float]:
    """Bounds of a statistic: a standard deviation is at least 0, a correlation is between -1 and 1."""
    if name.startswith("cor_"):
        return -1.0, 1.0
    return (0.0, inf) if name == "sigma" or name.startswith("sd_") else (-inf, inf)


def _densities(boot: Any, parm: str | Sequence[str] | None, level: float) -> dict[str, Any]:
    wald.check_level(level)
    if not hasattr(boot, "t0") or not hasattr(boot, "t"):
        raise DataError(f"bootstrap() needs the result of fit.bootstrap(), not a {type(boot).__name__}.")
    wanted = list(boot.names) if parm is None else [parm] if isinstance(parm, str) else list(parm)
    out: dict[str, list[Any]] = {"parameter": [], "part": [], "value": [], "density": []}
    for name in wanted:
        if name not in boot.names:
            raise DataError(f"no parameter {name!r}; there are {', '.join(boot.names)}.")
        values = boot.t[:, boot.names.index(name)]
        values = values[np.isfinite(values)]
        x, y = density(values, bounds=_bounds(name))
        if not len(x):
            if parm is not None:
                raise DataError(f"the replicates of {name!r} are all the same, or there are none.")
            continue
        limits = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
        estimate = float(boot.t0[name])
        at = [estimate, *limits]
        out["parameter"] += [name] * (len(x) + 3)
        out["part"] += ["density"] * len(x) + ["estimate", "limit", "limit"]
        out["value"] += [*x, *at]
        out["density"] += [*y, *np.interp(at, x, y)]
    if not out["parameter"]:
        raise DataError("no statistic has replicates that differ.")
    return {k: v if k in ("parameter", "part") else np.array(v) for k, v in out.items()}
