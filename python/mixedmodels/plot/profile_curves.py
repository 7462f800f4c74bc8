"""Profile zeta plots, and the densities that profiles imply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.inference.profile.record import Profile, quantile_of
from mixedmodels.plot.axes import Size, finished, legend, say, several, zero_line
from mixedmodels.plot.themes import color, drawing, ink

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
POINTS = 101  # of a curve


def as_profile(of: Any, picture: str) -> Profile:
    """The profile itself, or the profile of a model.

    Raises
    ------
    DataError
        If it is neither.
    """
    if isinstance(of, Profile):
        return of
    if not hasattr(of, "profile"):
        raise DataError(f"{picture}() needs a profile or a model, not a {type(of).__name__}.")
    made: Profile = of.profile()
    return made


def wanted_names(profile: Profile, parm: Any) -> list[str]:
    """The chosen parameters, in the order of the profile."""
    return [profile._name(c.parameter) for c in profile._curves(parm)]


def profile_zeta_table(
    profile: Any, parm: Any = None, levels: Sequence[float] = LEVELS, *, absolute: bool = False
) -> Any:
    """Data of `profile_zeta`: columns parameter, part ("curve", "point", "interval"), level, value, zeta.

    Examples
    --------
    >>> simple = mm.lmer("Reaction ~ 1 + (1 | Subject)", sleep)
    >>> mm.plot.profile_zeta_table(simple).columns.tolist()
    ['parameter', 'part', 'level', 'value', 'zeta']
    """
    profile = as_profile(profile, "profile_zeta")
    return frame.to_kind(_zeta(profile, parm, levels, absolute), profile.kind)


def profile_zeta(
    profile: Any,
    parm: Any = None,
    levels: Sequence[float] = LEVELS,
    *,
    absolute: bool = False,
    axes: Any = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw profile zeta of each parameter with confidence limits. A straight line means that Wald's interval is right.

    Parameters
    ----------
    profile : Profile or fitted model
        Result of ``fit.profile()``, or a model, which is then profiled first.
    parm : str, int, sequence of str or int, optional
        Parameters by name, position or shortcut; None for all.
    levels : sequence of float, default (0.5, 0.8, 0.9, 0.95, 0.99)
        Confidence levels of the marked intervals. Limits beyond the range of the profile are left out.
    absolute : bool, default False
        Whether to draw the absolute value of zeta.
    axes : Axes or sequence of Axes, optional
        Axes, one for each panel; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.
    """
    profile = as_profile(profile, "profile_zeta")
    columns = _zeta(profile, parm, levels, absolute)
    names = list(dict.fromkeys(columns["parameter"]))
    own, part = np.array(columns["parameter"], dtype=object), np.array(columns["part"])
    with drawing():
        figure, all_axes = several(axes, len(names), size=(2.3, 2.1), figsize=figsize, sharey=True)
        for ax, name in zip(all_axes, names, strict=True):
            mine = own == name
            zero_line(ax)
            _draw_intervals(ax, columns, mine & (part == "interval"), absolute)
            curve, points = mine & (part == "curve"), mine & (part == "point")
            ax.plot(columns["value"][curve], columns["zeta"][curve], color=color(0))
            ax.plot(columns["value"][points], columns["zeta"][points], "o", color=color(0), markersize=2.5)
            say(ax, title=name)
            ax.locator_params(axis="x", nbins=5)
        for ax in all_axes:
            place = ax.get_subplotspec()
            if place is None or place.is_first_col():
                ax.set_ylabel("|ζ|" if absolute else "ζ")
        if np.any(part == "interval"):
            legend(figure, all_axes[0], _limit_handles(levels))
        return finished(figure, all_axes, title)


def _limit_handles(levels: Sequence[float]) -> list[Any]:
    from matplotlib.lines import Line2D

    shares = ", ".join(f"{100 * level:g}" for level in sorted(levels))
    look: dict[str, Any] = {"linestyle": "", "marker": "|", "markersize": 8, "color": ink(0.55)}
    return [Line2D([], [], label=f"limits of {shares}%, from the middle outwards", **look)]


def _draw_intervals(ax: Any, columns: dict[str, Any], rows: Any, absolute: bool) -> None:
    value, zeta, level = columns["value"][rows], columns["zeta"][rows], columns["level"][rows]
    for one in np.unique(level):
        mine = level == one
        ax.vlines(value[mine], 0, zeta[mine], color=ink(0.55), linewidth=0.6)
        if absolute and mine.sum() == 2:
            ax.plot(value[mine], zeta[mine], color=ink(0.55), linewidth=0.6)


def _zeta(profile: Profile, parm: Any, levels: Sequence[float], absolute: bool) -> dict[str, Any]:
    out: dict[str, list[Any]] = {"parameter": [], "part": [], "level": [], "value": [], "zeta": []}

    def put(name: str, part: str, level: float, value: Any, zeta: Any) -> None:
        n = len(value)
        out["parameter"] += [name] * n
        out["part"] += [part] * n
        out["level"] += [level] * n
        out["value"] += np.asarray(value, dtype=float).tolist()
        out["zeta"] += np.asarray(np.abs(zeta) if absolute else zeta, dtype=float).tolist()

    for name, curve in zip(wanted_names(profile, parm), profile._curves(parm), strict=True):
        value, zeta, _ = curve.points
        grid = curve.outer(np.linspace(curve.inner[0], curve.inner[-1], POINTS))
        grid = np.sort(np.concatenate([grid, value]))
        put(name, "curve", np.nan, grid, curve.zeta_of(grid))
        put(name, "point", np.nan, value, zeta)
        for level in levels:
            limits = np.array([t for t in curve.limits(quantile_of(level)) if value[0] <= t <= value[-1]])
            put(name, "interval", level, limits, curve.zeta_of(limits))
    return {k: v if k in ("parameter", "part") else np.array(v, dtype=float) for k, v in out.items()}


def profile_density_table(profile: Any, parm: Any = None, points: int = 121) -> Any:
    """Data of `profile_density`: columns parameter, value, density.

    Examples
    --------
    >>> simple = mm.lmer("Reaction ~ 1 + (1 | Subject)", sleep)
    >>> mm.plot.profile_density_table(simple).columns.tolist()
    ['parameter', 'value', 'density']
    """
    profile = as_profile(profile, "profile_density")
    return frame.to_kind(_densities(profile, parm, points), profile.kind)


def profile_density(
    profile: Any,
    parm: Any = None,
    points: int = 121,
    *,
    axes: Any = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw the density of each estimate, for which the signed root of the likelihood ratio is normal.

    Parameters
    ----------
    profile : Profile or fitted model
        See `profile_zeta`.
    parm : str, int, sequence of str or int, optional
        See `profile_zeta`.
    points : int, default 121
        Number of points of a curve.
    axes : Axes or sequence of Axes, optional
        See `profile_zeta`.
    figsize : sequence of float, optional
        See `profile_zeta`.
    title : str, optional
        See `profile_zeta`.
    """
    profile = as_profile(profile, "profile_density")
    columns = _densities(profile, parm, points)
    own = np.array(columns["parameter"], dtype=object)
    names = list(dict.fromkeys(columns["parameter"]))
    with drawing():
        figure, all_axes = several(axes, len(names), size=(2.3, 1.9), figsize=figsize)
        for ax, name in zip(all_axes, names, strict=True):
            value, density = columns["value"][own == name], columns["density"][own == name]
            ax.fill_between(value, 0, density, color=color(0), alpha=0.2, linewidth=0)
            ax.plot(value, density, color=color(0))
            ax.set_ylim(bottom=0)
            say(ax, title=name)
            ax.locator_params(nbins=5)
        return finished(figure, all_axes, title)


def _densities(profile: Profile, parm: Any, points: int) -> dict[str, Any]:
    names = wanted_names(profile, parm)
    pairs = [curve.density(points) for curve in profile._curves(parm)]
    return {
        "parameter": [name for name in names for _ in range(points)],
        "value": np.concatenate([value for value, _ in pairs]),
        "density": np.concatenate([density for _, density in pairs]),
    }
