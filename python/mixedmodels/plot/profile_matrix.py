"""Pairs of profiles: contours of the joint profile likelihood, and the profile traces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.inference.profile.record import Profile
from mixedmodels.plot.axes import Size, finished, legend, several, short
from mixedmodels.plot.profile_curves import LEVELS, as_profile, wanted_names
from mixedmodels.plot.subjects import columns_of
from mixedmodels.plot.themes import color, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRACES = (1, 2)  # colours of the traces of the horizontal and of the vertical parameter


def profile_pairs_table(profile: Any, parm: Any = None, levels: Sequence[float] = LEVELS) -> Any:
    """Data that `profile_pairs` draws.

    Returns
    -------
    table
        Columns parameter_a, parameter_b, part ("contour", "trace of a", "trace of b"), level, zeta_a, zeta_b, a, b.
        Panels above the diagonal have b on the horizontal and a on the vertical axis. Panels below have zeta_a and
        zeta_b.
    """
    profile = as_profile(profile, "profile_pairs")
    return frame.to_kind(_pairs(profile, _names(profile, parm), levels), profile.kind)


def profile_pairs(
    profile: Any,
    parm: Any = None,
    levels: Sequence[float] = LEVELS,
    *,
    axes: Any = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw contours of each pair of parameters: on their own scale above the diagonal, on the zeta scale below.

    The trace of a parameter is the best value of the other one, along the values of the parameter. The legend says
    whether the parameter is on the horizontal or the vertical axis. If the likelihood is that of a normal distribution,
    the zeta scale has circles as contours and straight traces.

    Parameters
    ----------
    profile : Profile or fitted model
        What ``fit.profile()`` returned, or a model, which is profiled first.
    parm : str, int, sequence of str or int, optional
        Two or more parameters by name, position or shortcut; None for all.
    levels : sequence of float, default (0.5, 0.8, 0.9, 0.95, 0.99)
        Probabilities of the joint regions.
    axes : Axes or sequence of Axes, optional
        A square array of axes with one row and column per parameter; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.
    """
    profile = as_profile(profile, "profile_pairs")
    names = _names(profile, parm)
    columns = _pairs(profile, names, levels)
    own = [np.array(columns[k], dtype=object) for k in ("parameter_a", "parameter_b")]
    with drawing():
        p = len(names)
        figure, grid = _square(axes, p, figsize)
        for i in range(p):
            _name_panel(grid[i][i], names[i])
            for j in range(i + 1, p):
                rows = (own[0] == names[i]) & (own[1] == names[j])
                # A parameter runs across in its column and upwards in its row.
                _panel(grid[i][j], columns, rows, ("b", "a"), levels)
                _panel(grid[j][i], columns, rows, ("zeta_a", "zeta_b"), levels)
        _limits(grid, columns, own, names)
        _ticks(grid, p)
        legend(figure, grid[0][p - 1], _handles(levels))
        return finished(figure, [ax for row in grid for ax in row], title)


def _names(profile: Profile, parm: Any) -> list[str]:
    derived = {c.parameter.name for c in profile.profiles.curves} - {p.name for p in profile.profiles.all_parameters}
    curves = [c for c in profile._curves(parm) if c.parameter.name not in derived or parm is not None]
    names = [profile._name(c.parameter) for c in curves]
    if len(names) < 2:
        available = wanted_names(profile, None)
        raise DataError(
            f"profile_pairs() needs two parameters, but has {len(names)}; the profile has {', '.join(available)}."
        )
    return names


def _pairs(profile: Profile, names: Sequence[str], levels: Sequence[float]) -> dict[str, Any]:
    out: dict[str, list[Any]] = {"parameter_a": [], "parameter_b": []}
    numeric: dict[str, list[Any]] = {k: [] for k in ("level", "zeta_a", "zeta_b", "a", "b")}
    part: list[str] = []
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            contours = columns_of(profile.pairs(a, b, levels))
            part += contours["part"]
            out["parameter_a"] += [a] * len(contours["part"])
            out["parameter_b"] += [b] * len(contours["part"])
            for key, values in numeric.items():
                values.append(contours[key])
    return {**out, "part": part, **{k: np.concatenate(v) for k, v in numeric.items()}}


def _square(axes: Any, p: int, figsize: Size) -> tuple[Figure, list[list[Axes]]]:
    shape = np.shape(np.asarray(axes, dtype=object)) if axes is not None else (p, p)
    if shape != (p, p):
        raise DataError(f"profile_pairs() of {p} parameters needs axes of shape ({p}, {p}), not {shape}.")
    size = (max(1.35, 3.5 / p), max(1.3, 3.4 / p))
    figure, panels = several(axes, p * p, columns=p, size=size, figsize=figsize)
    return figure, [panels[i * p : (i + 1) * p] for i in range(p)]


def _panel(ax: Axes, columns: dict[str, Any], rows: Any, sides: tuple[str, str], levels: Sequence[float]) -> None:
    """Contours and both traces. The colour of a trace tells which side's parameter it follows."""
    x, y = sides
    part, level = np.array(columns["part"]), columns["level"]
    for one in levels:
        mine = rows & (part == "contour") & (level == one)
        ax.plot(columns[x][mine], columns[y][mine], color=color(0), linewidth=0.8)
    for side, shade in zip(sides, TRACES, strict=True):
        mine = rows & (part == f"trace of {side[-1]}")
        ax.plot(columns[x][mine], columns[y][mine], color=color(shade), linewidth=0.8)


def _handles(levels: Sequence[float]) -> list[Any]:
    from matplotlib.lines import Line2D

    shares = ", ".join(f"{100 * level:g}" for level in levels)
    labels = {0: f"contours of {shares}%", TRACES[0]: "trace of the horizontal", TRACES[1]: "trace of the vertical"}
    return [Line2D([], [], color=color(shade), linewidth=0.8, label=label) for shade, label in labels.items()]


def _limits(grid: list[list[Axes]], columns: dict[str, Any], own: list[Any], names: Sequence[str]) -> None:
    """One scale for each parameter, so panels of a row or column can be compared. All zetas share one."""
    contour = np.array(columns["part"]) == "contour"
    radius = max(-_span([columns[k][contour] for k in ("zeta_a", "zeta_b")])[0], 0.5)
    spans = []
    for name in names:
        mine = [(columns[k], rows == name) for k, rows in zip(("a", "b"), own, strict=True)]
        low, high = _span([v[rows & contour] for v, rows in mine], [v[rows] for v, rows in mine])
        reach = (high - low) or max(abs(high), 1.0)
        spans.append((low - 0.08 * reach, high + 0.08 * reach))
    for i in range(len(names)):
        for j in range(len(names)):
            if j > i:
                grid[i][j].set(xlim=spans[j], ylim=spans[i])
            elif j < i:
                grid[i][j].set(xlim=(-1.08 * radius, 1.08 * radius), ylim=(-1.08 * radius, 1.08 * radius))


def _span(*choices: list[Any]) -> tuple[float, float]:
    """Minimum and maximum of the first candidate that has numbers."""
    for arrays in choices:
        values = np.concatenate(arrays)
        values = values[np.isfinite(values)]
        if len(values):
            return float(values.min()), float(values.max())
    return -1.0, 1.0


def _name_panel(ax: Axes, name: str) -> None:
    ax.set_axis_off()
    ax.text(0.5, 0.5, _broken(name), ha="center", va="center", transform=ax.transAxes, fontsize="small", color=ink())


def _broken(name: str) -> str:
    """A long name on lines of its own: sd_ above (Intercept) above |Subject."""
    if len(name) <= 11:
        return name
    head, bar, group = name.partition("|")
    for prefix in ("sd_", "cor_"):
        if head.startswith(prefix):
            inner = head[len(prefix) :].replace(".", "\n", 1) if prefix == "cor_" else head[len(prefix) :]
            head = f"{prefix[:-1]}\n{inner}"
    return "\n".join(short(line, 16) for line in (f"{head}\n|{group}" if bar else head).split("\n"))


def _ticks(grid: list[list[Axes]], p: int) -> None:
    """Scales at the outer edges: parameters at the top and right, zeta at the left and bottom."""
    for i in range(p):
        for j in range(p):
            ax = grid[i][j]
            if i == j:
                continue
            upper = j > i
            ax.spines[:].set_visible(True)
            ax.locator_params(nbins=3)
            ax.tick_params(
                labelsize=6.5,
                length=2,
                bottom=not upper,
                left=not upper,
                top=upper,
                right=upper,
                labelbottom=not upper and i == p - 1,
                labelleft=not upper and j == 0,
                labeltop=upper and i == 0,
                labelright=upper and j == p - 1,
            )
