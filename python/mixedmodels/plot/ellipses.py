"""Ellipses of pairs of random effects around their modes, and confidence regions of pairs of fixed effects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald
from mixedmodels.plot.axes import Size, finished, say, several, zero_line
from mixedmodels.plot.subjects import (
    Fitted,
    FittedMixed,
    effect_covariance,
    group_place,
    need_mixed,
    need_model,
)
from mixedmodels.plot.themes import color, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 121  # of an ellipse
MAX_PAIRS = 5  # that are drawn unless the caller names the effects


def ellipse(center: Vector, covariance: Matrix, level: float) -> Matrix:
    """Points of the ellipse that holds a share of a bivariate normal distribution, shape (POINTS, 2).

    If the covariance is singular, the ellipse is a segment or a point.
    """
    wald.check_level(level)
    values, vectors = np.linalg.eigh(covariance)
    radius = math.sqrt(-2 * math.log(1 - level))  # the quantile of chi-squared with two degrees of freedom
    around = np.linspace(0, 2 * math.pi, POINTS)
    circle = np.column_stack([np.cos(around), np.sin(around)])
    half = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.asarray(center + radius * circle @ half.T)


def most_correlated(covariances: Sequence[Matrix]) -> list[int]:
    """Places of at most five pairs, in their order: those with the largest absolute correlations."""
    size = []
    for v in covariances:
        scale = math.sqrt(max(float(v[0, 0] * v[1, 1]), 0.0))
        size.append(abs(float(v[0, 1])) / scale if scale > 0 else 0.0)
    return sorted(sorted(range(len(size)), key=lambda k: -size[k])[:MAX_PAIRS])


def pairs_note(shown: int, of: int) -> str | None:
    """Remark of a picture that does not show all pairs."""
    return None if shown == of else f"{shown} of {of} pairs: those with the largest correlations"


def covariance_ellipses_table(
    fit: FittedMixed,
    group: str | None = None,
    levels: Sequence[float] = (0.5, 0.95),
    *,
    effects: Sequence[str] | None = None,
) -> Any:
    """Data of `covariance_ellipses`: columns group, term_x, term_y, part ("level" or "ellipse"), level, x, y.

    `level` is the label of a level of the group, or the probability of an ellipse.

    Examples
    --------
    >>> mm.plot.covariance_ellipses_table(fit).columns.tolist()
    ['group', 'term_x', 'term_y', 'part', 'level', 'x', 'y']
    """
    columns, _ = _modes_and_ellipses(fit, group, levels, effects)
    return frame.to_kind(columns, fit.table_kind)


def covariance_ellipses(
    fit: FittedMixed,
    group: str | None = None,
    levels: Sequence[float] = (0.5, 0.95),
    *,
    effects: Sequence[str] | None = None,
    axes: Any = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw conditional modes of each pair of effects, with ellipses of their estimated distribution.

    Modes are shrunk towards zero, so fewer of them lie outside an ellipse than its probability suggests.

    Parameters
    ----------
    fit : fitted mixed model
        Model with two or more random effects of one grouping factor.
    group : str, optional
        Name of a grouping factor; None for all that have two or more effects.
    levels : sequence of float, default (0.5, 0.95)
        Probabilities that the ellipses contain.
    effects : sequence of str, optional
        Names of two or more effects, of which all pairs are drawn. None draws at most five pairs: those with the
        largest correlations.
    axes : Axes or sequence of Axes, optional
        Axes, one for each pair; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.
    """
    columns, pairs = _modes_and_ellipses(fit, group, levels, effects)
    keys = list(zip(columns["group"], columns["term_x"], columns["term_y"], strict=True))
    panels = list(dict.fromkeys(keys))
    part, which = np.array(columns["part"]), np.array([panels.index(k) for k in keys])
    with drawing():
        figure, grid = several(axes, len(panels), size=(3.3, 3.1), figsize=figsize)
        for place, (ax, (name, x, y)) in enumerate(zip(grid, panels, strict=True)):
            mine = which == place
            zero_line(ax)
            zero_line(ax, vertical=True)
            points = mine & (part == "level")
            many = int(points.sum())
            _draw_ellipses(ax, columns, mine & (part == "ellipse"))
            ax.plot(
                columns["x"][points],
                columns["y"][points],
                "o",
                color=ink(0.7),
                markersize=3.5 if many < 200 else 1.6,
                alpha=0.8 if many < 200 else 0.4,
                markeredgewidth=0,
                rasterized=many > 2000,
            )
            say(ax, x=f"{x} of {name}", y=f"{y} of {name}")
        return finished(figure, grid, title, pairs_note(len(panels), pairs))


def _draw_ellipses(ax: Axes, columns: dict[str, Any], rows: Any) -> None:
    labels = np.array([str(v) for v in columns["level"]], dtype=object)
    for label in dict.fromkeys(labels[rows]):
        mine = rows & (labels == label)
        x, y = columns["x"][mine], columns["y"][mine]
        ax.plot(x, y, color=color(0), linewidth=1.1)
        top = int(np.argmax(x / (np.ptp(x) or 1.0) + y / (np.ptp(y) or 1.0)))  # the upper right, off the lines for zero
        ax.annotate(
            f"{100 * float(label):g}%",
            (x[top], y[top]),
            xytext=(1, 1),
            textcoords="offset points",
            ha="left",
            va="bottom",
            fontsize="x-small",
            color=color(0),
        )


def _modes_and_ellipses(
    fit: FittedMixed, group: str | None, levels: Sequence[float], effects: Sequence[str] | None
) -> tuple[dict[str, Any], int]:
    """The columns, and the number of pairs that the model has."""
    need_mixed(fit, "covariance_ellipses")
    ranef = fit.ranef()
    places = range(len(ranef.names)) if group is None else [group_place(fit, group)]
    places = [g for g in places if len(ranef.effects[g]) > 1]
    if not places:
        there = [f"{', '.join(e)} of {n}" for n, e in zip(ranef.names, ranef.effects, strict=True)]
        raise DataError(
            "covariance_ellipses() needs two or more random effects of one grouping factor; "
            f"the model has {'; '.join(there)}."
        )
    out: dict[str, list[Any]] = {k: [] for k in ("group", "term_x", "term_y", "part", "level")}
    x: list[Vector] = []
    y: list[Vector] = []

    def put(key: tuple[str, str, str], part: str, labels: Sequence[Any], points: Matrix) -> None:
        for column, value in zip(("group", "term_x", "term_y"), key, strict=True):
            out[column] += [value] * len(points)
        out["part"] += [part] * len(points)
        out["level"] += [str(v) for v in labels]
        x.append(points[:, 0])
        y.append(points[:, 1])

    pairs = _pairs_of_effects({g: ranef.effects[g] for g in places}, effects)
    covariances = {g: effect_covariance(fit, g) for g in places}
    blocks = [covariances[g][np.ix_([i, j], [i, j])] for g, i, j in pairs]
    for k in most_correlated(blocks) if effects is None else range(len(pairs)):
        (g, i, j), covariance, modes = pairs[k], blocks[k], ranef.modes[pairs[k][0]]
        key = (ranef.names[g], ranef.effects[g][i], ranef.effects[g][j])
        put(key, "level", ranef.levels[g], modes[:, [i, j]])
        for level in levels:
            put(key, "ellipse", [level] * POINTS, ellipse(np.zeros(2), covariance, level))
    return {**out, "x": np.concatenate(x), "y": np.concatenate(y)}, len(pairs)


def _pairs_of_effects(names: dict[int, Sequence[str]], effects: Sequence[str] | None) -> list[tuple[int, int, int]]:
    """Group and places of two of its effects, for all pairs or for those of the named effects."""
    there = list(dict.fromkeys(name for own in names.values() for name in own))
    wanted = there if effects is None else [effects] if isinstance(effects, str) else list(dict.fromkeys(effects))
    for name in wanted:
        if name not in there:
            raise DataError(f"there is no random effect {name!r}; the model has {', '.join(there)}.")
    pairs = [
        (g, *pair) for g, own in names.items() for pair in combinations([own.index(n) for n in wanted if n in own], 2)
    ]
    if not pairs:
        raise DataError(f"effects must name two or more effects of one grouping factor, not {', '.join(wanted)}.")
    return pairs


def fixed_ellipses_table(fit: Fitted, terms: Sequence[str] | None = None, level: float = 0.95) -> Any:
    """Data of `fixed_ellipses`: columns term_x, term_y, part ("estimate" or "ellipse"), x, y.

    Examples
    --------
    >>> mm.plot.fixed_ellipses_table(fit).columns.tolist()
    ['term_x', 'term_y', 'part', 'x', 'y']
    """
    columns, _ = _regions(fit, terms, level)
    return frame.to_kind(columns, fit.table_kind)


def fixed_ellipses(
    fit: Fitted,
    terms: Sequence[str] | None = None,
    level: float = 0.95,
    *,
    axes: Any = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw confidence ellipses of pairs of coefficients, which are their joint Wald regions.

    Parameters
    ----------
    fit : fitted model
        Any model.
    terms : sequence of str, optional
        Two or more coefficients, of which all pairs are drawn. None draws at most five pairs of the model's
        coefficients: those with the largest correlations.
    level : float, default 0.95
        Joint confidence level of each pair.
    axes : Axes or sequence of Axes, optional
        Axes, one for each pair; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.
    """
    columns, pairs = _regions(fit, terms, level)
    keys = list(zip(columns["term_x"], columns["term_y"], strict=True))
    panels = list(dict.fromkeys(keys))
    part, which = np.array(columns["part"]), np.array([panels.index(k) for k in keys])
    with drawing():
        figure, grid = several(axes, len(panels), size=(2.8, 2.6), figsize=figsize)
        for place, (ax, (x, y)) in enumerate(zip(grid, panels, strict=True)):
            around, center = (which == place) & (part == "ellipse"), (which == place) & (part == "estimate")
            ax.fill(columns["x"][around], columns["y"][around], facecolor=color(0), alpha=0.15, edgecolor="none")
            ax.plot(columns["x"][around], columns["y"][around], color=color(0))
            ax.plot(columns["x"][center], columns["y"][center], "o", color=color(0))
            say(ax, x=x, y=y)
            ax.locator_params(nbins=5)
        region = f"Joint {100 * level:g}% region{'s' if len(panels) > 1 else ''}"
        return finished(figure, grid, title, "; ".join(filter(None, [region, pairs_note(len(panels), pairs)])))


def _regions(fit: Fitted, terms: Sequence[str] | None, level: float) -> tuple[dict[str, Any], int]:
    """The columns, and the number of pairs that the model or the caller names."""
    need_model(fit, "fixed_ellipses")
    fixef = fit.fixef()
    names, beta, vcov = list(fixef.names), np.asarray(fixef, dtype=float), np.asarray(fit.vcov(), dtype=float)
    wanted = names if terms is None else list(terms)
    for name in wanted:
        if name not in names:
            raise DataError(f"no coefficient {name!r}; the model has {', '.join(names)}.")
    if len(wanted) < 2:
        raise DataError(f"fixed_ellipses() needs two or more coefficients, not {', '.join(wanted) or 'none'}.")
    out: dict[str, list[Any]] = {"term_x": [], "term_y": [], "part": []}
    points = []
    pairs = list(combinations(wanted, 2))
    blocks = [vcov[np.ix_(at, at)] for at in ([names.index(a), names.index(b)] for a, b in pairs)]
    for k in most_correlated(blocks) if terms is None else range(len(pairs)):
        a, b = pairs[k]
        at = [names.index(a), names.index(b)]
        out["term_x"] += [a] * (POINTS + 1)
        out["term_y"] += [b] * (POINTS + 1)
        out["part"] += ["estimate"] + ["ellipse"] * POINTS
        points.append(np.vstack([beta[at], ellipse(beta[at], blocks[k], level)]))
    xy = np.vstack(points)
    return {**out, "x": xy[:, 0], "y": xy[:, 1]}, len(pairs)
