"""The criterion as a function of one or two covariance parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Vector
from mixedmodels.errors import DataError, FitError
from mixedmodels.plot.axes import Size, finished, one, say
from mixedmodels.plot.subjects import FittedMixed, need_mixed
from mixedmodels.plot.themes import color, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CONTOURS = (0.5, 1.0, 2.0, 4.0, 6.0, 9.0, 14.0, 20.0, 30.0, 50.0, 80.0)


def likelihood_surface_table(
    fit: FittedMixed, parameters: Sequence[str] | None = None, points: int = 41, reach: float = 2.0
) -> Any:
    """Data of `likelihood_surface`: columns with the names of the parameters, and `rise` above the optimum.

    Examples
    --------
    >>> table = mm.plot.likelihood_surface_table(fit, points=5)
    >>> table.shape
    (25, 3)
    >>> float(table["rise"].min()) >= 0
    True
    """
    columns, _ = _surface(fit, parameters, points, reach)
    return frame.to_kind(columns, fit.table_kind)


def likelihood_surface(
    fit: FittedMixed,
    parameters: Sequence[str] | None = None,
    points: int = 41,
    reach: float = 2.0,
    *,
    ax: Axes | None = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw how much the criterion (a deviance) rises around the optimum, over one or two elements of theta.

    The other elements are held at their estimates. An lmer has the optimal beta and sigma for each theta; a glmer holds
    them at their estimates too.

    Parameters
    ----------
    fit : fitted mixed model
        Model with random effects.
    parameters : sequence of str, optional
        Names of one or two elements of theta, as in ``fit.getME("theta")``. None chooses the first one or two diagonal
        elements, which are standard deviations up to a scale.
    points : int, default 41
        Number of points along each side.
    reach : float, default 2.0
        Range of the grid. Diagonal elements run from 0 to `reach` times the estimate, others equally far to both sides.
    ax : Axes, optional
        Axes to draw in; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.
    """
    columns, best = _surface(fit, parameters, points, reach)
    names = [n for n in columns if n != "rise"]
    with drawing():
        figure, ax = one(ax, 4.4, 3.8, figsize=figsize)
        say(ax, x=f"theta: {names[0]}")
        if len(names) == 1:
            ax.plot(columns[names[0]], columns["rise"], color=color(0))
            ax.plot(best[0], 0.0, "o", color=color(1))
            ax.set_ylabel("Rise of the criterion")
            return finished(figure, [ax], title)
        x, y, z = (columns[k].reshape(points, points) for k in (*names, "rise"))
        levels = [c for c in CONTOURS if c < np.nanmax(z)]
        drawn = ax.contour(x, y, z, levels=levels, colors=[ink(0.5)], linewidths=0.7)
        ax.clabel(drawn, fontsize=6.5, fmt="%g")
        ax.plot(best[0], best[1], "o", color=color(1))
        say(ax, y=f"theta: {names[1]}")
        return finished(figure, [ax], title)


def _surface(
    fit: FittedMixed, parameters: Sequence[str] | None, points: int, reach: float
) -> tuple[dict[str, Any], list[float]]:
    need_mixed(fit, "likelihood_surface")
    theta = fit.getME("theta")
    names, lower = list(theta.names), np.asarray(fit.getME("lower"), dtype=float)
    center = np.asarray(theta, dtype=float)
    usual = [n for n, low in zip(names, lower, strict=True) if low == 0][:2]
    wanted = usual if parameters is None else [parameters] if isinstance(parameters, str) else list(parameters)
    for name in wanted:
        if name not in names:
            raise DataError(f"no element of theta {name!r}; there are {', '.join(names)}.")
    if not 1 <= len(wanted) <= 2 or len(set(wanted)) < len(wanted):
        raise DataError(f"likelihood_surface() needs one or two elements of theta, not {len(wanted)}.")
    if points < 5 or not reach > 0:
        raise DataError(f"points must be at least 5 and reach positive; got {points} and {reach}.")
    at = [names.index(name) for name in wanted]
    least = float(center[lower == 0].min()) or float(np.abs(center).max()) or 1.0
    sides = [_side(float(center[j]), float(lower[j]), least, points, reach) for j in at]
    mesh = [m.ravel() for m in np.meshgrid(*sides)]
    criterion = _criterion(fit)
    best = criterion(center)
    rise = np.empty(len(mesh[0]))
    for i, values in enumerate(zip(*mesh, strict=True)):
        theta_i = center.copy()
        theta_i[at] = values
        try:
            rise[i] = criterion(theta_i) - best
        except FitError:  # where the engine finds no modes
            rise[i] = np.nan
    return {**dict(zip(wanted, mesh, strict=True)), "rise": rise}, [float(center[j]) for j in at]


def _side(center: float, lower: float, usual: float, points: int, reach: float) -> Vector:
    """Values along one side. `usual` is the size used for elements that are about 0."""
    if lower == 0:
        return np.linspace(0.0, reach * max(center, usual / 2), points)
    size = reach * max(abs(center), usual)
    return np.linspace(center - size, center + size, points)


def _criterion(fit: FittedMixed) -> Any:
    """The criterion as a function of theta. Other parameters of a generalised model are held."""
    objective = fit.objective
    if not hasattr(fit, "shapes"):
        return objective
    beta = np.asarray(fit.fixef(), dtype=float)
    psi = objective.psi
    return lambda theta: objective(theta, beta, psi)
