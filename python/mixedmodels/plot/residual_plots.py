"""Residuals and their spread against fitted values, and residuals by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from mixedmodels import frame
from mixedmodels._names import meant
from mixedmodels._typing import Vector
from mixedmodels.diagnose.checks.family_checks import bins_of
from mixedmodels.diagnose.checks.loess import lowess
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.plot.axes import (
    MANY,
    Size,
    finished,
    height_of_levels,
    is_band,
    name_levels,
    one,
    point_style,
    say,
    with_count,
    zero_line,
)
from mixedmodels.plot.subjects import Fitted, need_model, numbers
from mixedmodels.plot.themes import color, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BINNED_ALONG = "Linear predictor of the fixed effects"
LEGS = ("low", "q1", "median", "q3", "high")


def residuals_table(
    fit: Fitted,
    type: str | None = None,  # noqa: A002
    *,
    smooth: bool = True,
    binned: bool | None = None,
) -> Any:
    """Data of `residuals`: columns part ("point" or "smooth"), fitted, residual.

    Binned residuals have the part "bin", and the columns rows (their number), low and high (the limits).

    Examples
    --------
    >>> mm.plot.residuals_table(fit).columns.tolist()
    ['part', 'fitted', 'residual']
    """
    return frame.to_kind(_residuals(fit, type, smooth, binned)[0], fit.table_kind)


def residuals(
    fit: Fitted,
    type: str | None = None,  # noqa: A002
    *,
    smooth: bool = True,
    binned: bool | None = None,
    ax: Axes | None = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw residuals against fitted values; of a binary response the mean residuals of bins.

    Residuals of single trials lie on two curves and show nothing. Their means in bins of rows with similar predictions
    should be near zero, and 95% of them within the limits (Gelman and Hill 2007, section 5.6).

    Parameters
    ----------
    fit : fitted model
        Any model.
    type : str, optional
        Type of the residuals: "pearson", "deviance", "response" ... None means "pearson" for a Gaussian response and
        "deviance" for others. Without weights, Pearson residuals of a Gaussian response equal its response residuals.
    smooth : bool, default True
        Whether to draw a locally weighted regression line. It should be near zero everywhere.
    binned : bool, optional
        Whether to draw the mean response residuals of bins. None draws them for a binary response if you name no type.
        A mixed model has its bins along the linear predictor of the fixed effects, because shrunken random effects make
        residuals slope along the fitted values.
    ax : Axes, optional
        Axes to draw in; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.

    Examples
    --------
    >>> figure = mm.plot.residuals(fit)
    >>> figure.axes[0].get_xlabel()
    'Fitted value'
    """
    columns, in_bins = _residuals(fit, type, smooth, binned)
    with drawing():
        figure, ax = one(ax, figsize=figsize)
        zero_line(ax)
        if in_bins:
            draw_bins(ax, *(columns[k] for k in ("fitted", "residual", "low", "high")))
            say(ax, x=BINNED_ALONG if hasattr(fit, "ranef") else "Fitted value", y="Mean response residual")
        else:
            _draw_cloud(ax, columns, "residual")
            say(ax, y=residual_name(fit, type))
        return finished(figure, [ax], title)


def scale_location_table(
    fit: Fitted,
    type: str | None = None,  # noqa: A002
    *,
    smooth: bool = True,
) -> Any:
    """Data of `scale_location`: columns part ("point" or "smooth"), fitted, root.

    Examples
    --------
    >>> mm.plot.scale_location_table(fit).columns.tolist()
    ['part', 'fitted', 'root']
    """
    return frame.to_kind(_cloud(fit, type, smooth, root=True, picture="scale_location"), fit.table_kind)


def scale_location(
    fit: Fitted,
    type: str | None = None,  # noqa: A002
    *,
    smooth: bool = True,
    ax: Axes | None = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw the root of the absolute standardised residuals against fitted values. Equal spread gives a level line.

    It says nothing about a binary response, whose variance follows from its mean.

    Parameters
    ----------
    fit : fitted model
        See `residuals`. Residuals are divided by sigma.
    type : str, optional
        See `residuals`. Residuals are divided by sigma.
    smooth : bool, default True
        See `residuals`. Residuals are divided by sigma.
    ax : Axes, optional
        See `residuals`. Residuals are divided by sigma.
    figsize : sequence of float, optional
        See `residuals`. Residuals are divided by sigma.
    title : str, optional
        See `residuals`. Residuals are divided by sigma.

    Examples
    --------
    >>> figure = mm.plot.scale_location(lin)
    >>> figure.axes[0].get_xlabel()
    'Fitted value'
    """
    columns = _cloud(fit, type, smooth, root=True, picture="scale_location")
    with drawing():
        figure, ax = one(ax, figsize=figsize)
        _draw_cloud(ax, columns, "root")
        ax.set_ylim(bottom=0)
        say(ax, y=f"√|standardised {residual_name(fit, type, start=False)}|")
        return finished(figure, [ax], title)


def residual_type(fit: Fitted, type_: str | None) -> str:
    """The chosen type, or the usual one of the model."""
    if type_ is not None:
        return type_
    family = getattr(fit, "family", None)
    return "pearson" if getattr(family, "name", "gaussian") == "gaussian" else "deviance"


def residual_name(fit: Fitted, type_: str | None, *, start: bool = True) -> str:
    """The name of residuals, at the start of a label or inside it."""
    name = residual_type(fit, type_)
    return f"{name.capitalize() if start or name == 'pearson' else name} residual"


def is_binary(fit: Fitted) -> bool:
    """Whether the response is single trials: successes and failures."""
    if getattr(fit.family, "support", "") != "proportion":
        return False
    response = numbers(fit.fitted()) + numbers(fit.residuals("response"))
    response = response[np.isfinite(response)]
    return bool(np.isclose(response, np.round(response), atol=1e-9).all())


def _residuals(
    fit: Fitted,
    type: str | None,  # noqa: A002
    smooth: bool,
    binned: bool | None,
) -> tuple[dict[str, Any], bool]:
    """The columns, and whether they are those of bins."""
    need_model(fit, "residuals")
    if binned and type not in (None, "response"):
        raise DataError(f"binned residuals are response residuals, not {type!r}; leave out type or binned.")
    if not (binned or (binned is None and type is None and is_binary(fit))):
        return _cloud(fit, type, smooth, root=False, picture="residuals"), False
    bins = bins_of(fit, None, fixed=hasattr(fit, "ranef"))
    columns = {"fitted": bins.fitted, "residual": bins.residual, "rows": bins.rows, "low": bins.low, "high": bins.high}
    return {"part": ["bin"] * len(bins.rows), **columns}, True


def draw_bins(ax: Axes, at: Vector, mean: Vector, low: Vector, high: Vector) -> None:
    """A band between the limits, and a point for each bin, coloured if it is outside."""
    ax.fill_between(at, low, high, color=ink(0.15), linewidth=0)
    outside = (mean < low) | (mean > high)
    for chosen, shade in ((~outside, ink(0.7)), (outside, color(1))):
        ax.plot(at[chosen], mean[chosen], "o", color=shade, markersize=3, markeredgewidth=0)


def finite_residuals(fit: Fitted, type: str | None, scaled: bool) -> tuple[Vector, Vector]:  # noqa: A002
    """Fitted values and residuals of the rows that have both."""
    mean = numbers(fit.fitted())
    rest = numbers(fit.residuals(residual_type(fit, type), scaled=scaled))
    there = np.isfinite(mean) & np.isfinite(rest)
    return mean[there], rest[there]


def _cloud(
    fit: Fitted,
    type: str | None,  # noqa: A002
    smooth: bool,
    *,
    root: bool,
    picture: str,
) -> dict[str, Any]:
    need_model(fit, picture)
    mean, rest = finite_residuals(fit, type, scaled=root)
    value = np.sqrt(np.abs(rest)) if root else rest
    x, line = lowess(mean, value) if smooth else (np.empty(0), np.empty(0))
    return {
        "part": ["point"] * len(mean) + ["smooth"] * len(x),
        "fitted": np.concatenate([mean, x]),
        "root" if root else "residual": np.concatenate([value, line]),
    }


def _draw_cloud(ax: Axes, columns: dict[str, Any], value: str) -> None:
    part = np.array(columns["part"])
    points, line = part == "point", part == "smooth"
    ax.scatter(
        columns["fitted"][points],
        columns[value][points],
        color=ink(0.75),
        **point_style(int(points.sum())),
    )
    if line.any():
        ax.plot(columns["fitted"][line], columns[value][line], color=color(1))
    ax.set_xlabel("Fitted value")


def residuals_by_group_table(
    fit: Fitted,
    group: str | None = None,
    type: str | None = None,  # noqa: A002
) -> Any:
    """Data of `residuals_by_group`: columns level, part (ends, quartiles and median of a box, "outlier"), value.

    Examples
    --------
    >>> mm.plot.residuals_by_group_table(fit).columns.tolist()
    ['level', 'part', 'value']
    """
    return frame.to_kind(_boxes(fit, group, type)[0], fit.table_kind)


def residuals_by_group(
    fit: Fitted,
    group: str | None = None,
    type: str | None = None,  # noqa: A002
    *,
    ax: Axes | None = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw a box of the residuals of each level, from the lowest median to the highest.

    More than 80 levels have bands in place of boxes: between the ends of the whiskers and between the quartiles.

    Parameters
    ----------
    fit : fitted model
        Any model.
    group : str, optional
        Name of a grouping factor, or of any column of the model's table; None for the first grouping factor.
    type : str, optional
        Type of the residuals, as in `residuals`.
    ax : Axes, optional
        Axes to draw in; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.
    """
    columns, levels, name = _boxes(fit, group, type)
    with drawing():
        band = is_band(len(levels))
        figure, ax = one(ax, 5.0, height_of_levels(len(levels)), figsize=figsize)
        zero_line(ax, vertical=True)
        part, value = np.array(columns["part"]), columns["value"]
        places = {label: i for i, label in enumerate(levels)}
        place = np.array([places[label] for label in columns["level"]])
        parts = {p: (value[part == p], place[part == p]) for p in (*LEGS, "outlier")}
        (_draw_bands if band else _draw_boxes)(ax, parts)
        name_levels(ax, levels, figure.get_figheight(), band=band)
        say(ax, x=residual_name(fit, type), y=with_count(name, len(levels)))
        return finished(figure, [ax], title)


def _draw_boxes(ax: Axes, parts: dict[str, tuple[Vector, Any]]) -> None:
    """Horizontal boxes. A few artists draw all of them, because there may be very many."""
    (low, at), q1, median, q3, high = (parts["low"], *(parts[leg][0] for leg in LEGS[1:]))
    ax.hlines([*at, *at], [*low, *q3], [*q1, *high], color=ink(0.6), linewidth=0.8)
    ax.barh(at, q3 - q1, left=q1, height=0.62, facecolor=ink(0.12), edgecolor=ink(0.6))
    ax.vlines(median, at - 0.31, at + 0.31, color=color(0), linewidth=1.4)
    ax.plot(*parts["outlier"], ".", color=ink(0.6), markersize=3, markeredgewidth=0)


def _draw_bands(ax: Axes, parts: dict[str, tuple[Vector, Any]]) -> None:
    """The parts of all boxes joined: from whisker to whisker, from quartile to quartile, and the medians."""
    many = len(parts["median"][0]) > MANY
    for low, high, shade in (("low", "high", 0.12), ("q1", "q3", 0.3)):
        at = parts[low][1]
        ax.fill_betweenx(at, parts[low][0], parts[high][0], color=ink(shade), linewidth=0, rasterized=many)
    ax.plot(*parts["outlier"], ".", color=ink(0.6), markersize=1.5, markeredgewidth=0, rasterized=many)
    ax.plot(*parts["median"], color=color(0), linewidth=1.2)


def _boxes(fit: Fitted, group: str | None, type: str | None) -> tuple[dict[str, Any], list[str], str]:  # noqa: A002
    """The columns, the levels in order of their medians, and the factor's name."""
    need_model(fit, "residuals_by_group")
    rest = numbers(fit.residuals(residual_type(fit, type)))
    rest = rest[np.isfinite(rest)]
    codes, labels, name = _levels(fit, group)
    boxes: list[tuple[str, Vector, Vector]] = []
    for code, label in enumerate(labels):
        mine = rest[codes == code]
        if len(mine):
            boxes.append((label, *five(mine)))
    boxes.sort(key=lambda one: one[1][2])
    out: dict[str, list[Any]] = {"level": [], "part": [], "value": []}
    for label, legs, outliers in boxes:
        out["level"] += [label] * (len(legs) + len(outliers))
        out["part"] += [*LEGS, *["outlier"] * len(outliers)]
        out["value"] += [*legs.tolist(), *outliers.tolist()]
    return {**out, "value": np.array(out["value"])}, [label for label, _, _ in boxes], name


def five(values: Vector) -> tuple[Vector, Vector]:
    """Five numbers of a box, with whiskers within 1.5 times its length; and the outliers."""
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
    reach = 1.5 * (q3 - q1)
    inside = values[(values >= q1 - reach) & (values <= q3 + reach)]
    legs = np.array([min(inside.min(), q1), q1, median, q3, max(inside.max(), q3)])
    return legs, np.sort(values[(values < legs[0]) | (values > legs[4])])


def _levels(fit: Fitted, group: str | None) -> tuple[Any, list[str], str]:
    """Codes of the rows used, labels, and the name of a grouping factor or of a column."""
    group = group if group is None else meant(group, (factor.name for factor in fit.design.groups))
    for factor in fit.design.groups:
        if group in (None, factor.name):
            return factor.codes, list(factor.levels.labels), factor.name
    if group is None:
        raise DataError("a model without random effects has no groups; name a column, as group='site'.")
    table = frame.read(fit.frame)
    group = meant(group, table.names)
    if group not in table:
        raise UnknownColumnError(f"no grouping factor or column {group!r}; the model has {', '.join(table.names)}.")
    column_factor = frame.as_factor(cast(Any, table.column(group)))
    return column_factor.codes, list(column_factor.levels.labels), str(group)
