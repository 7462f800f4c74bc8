"""Adjusted predictions: lines with bands, or points with intervals where the predictor has categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Vector
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.plot.axes import Size, finished, legend, name_columns, point_style, say_for_all, several, short
from mixedmodels.plot.subjects import columns_of, table_kind
from mixedmodels.plot.themes import color, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROLES = ("x", "group", "facet", "panel")
NUMBERS = ("predicted", "conf_low", "conf_high")
HEIGHTS = ("partial_residual", "residual", "response", "y", "predicted")  # what `points` may call their height
STYLES = ("-", "--", "-.", ":")
DODGE = 0.5  # of the room of a category that its groups share
JITTER_SEED = 1


def effects_table(predictions: Any, points: Any = None) -> Any:
    """Data that `effects` draws.

    Returns
    -------
    table
        Columns part, position, x, predicted, conf_low, conf_high, group, facet and panel. `part` is "predicted", or
        "point" for the data. `position` is the number on the horizontal axis; for a category it is the category's
        place, with groups side by side.

    Examples
    --------
    >>> mm.plot.effects_table(lin.ggpredict("Days")).columns.tolist()
    ['part', 'position', 'x', 'predicted', 'conf_low', 'conf_high', 'group', 'facet', 'panel']
    """
    columns, _ = _effects(predictions, points)
    return frame.to_kind(columns, table_kind(predictions))


def effects(
    predictions: Any,
    points: Any = None,
    *,
    labels: Mapping[str, str] | None = None,
    axes: Any = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw predictions along a predictor: one colour per group, one column per facet and one row per panel.

    Parameters
    ----------
    predictions : AdjustedPredictions or table
        Result of ``fit.ggpredict()`` or ``fit.ggemmeans()``, or any table with columns x and predicted. Columns
        conf_low, conf_high, group, facet and panel are optional.
    points : table, optional
        Data to draw behind the predictions: a table with a column x and one of partial_residual, residual, response and
        y. Columns group, facet and panel are optional; points without them belong to all groups, facets or panels.
        Partial residuals must be those of the same terms, on the same scale: ``fit.partial_residuals(terms)``.
    labels : mapping of str to str, optional
        Labels of the axes, the legend and the facets, keyed by the names of the terms. The key "predicted" labels the
        vertical axis.
    axes : Axes or sequence of Axes, optional
        Axes, one for each facet and panel; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.
    """
    columns, about = _effects(predictions, points)
    titles = {**dict(zip(about["terms"], about["terms"], strict=True)), **(labels or {})}
    terms = [titles[t] for t in about["terms"]]
    with drawing():
        facets, panels = about["facet"], about["panel"]
        n = len(facets) * len(panels)
        size = (4.6, 3.4) if n == 1 else (3.0, 2.7) if n <= 3 else (2.5, 2.3)
        figure, all_axes = several(
            axes, n, columns=_across(len(facets), len(panels)), size=size, figsize=figsize, sharex=True, sharey=True
        )
        part = np.array(columns["part"])
        keys = list(zip(columns["panel"], columns["facet"], strict=True))
        handles: list[Any] = []
        for i, ax in enumerate(all_axes):
            panel, facet = panels[i // len(facets)], facets[i % len(facets)]
            here = np.array([k == (panel, facet) for k in keys])
            handles = _draw_panel(ax, columns, here, part, about)
            ax.set_title(_title(terms, facet, panel))
        shared = axes is None and n > 1
        say_for_all(figure, all_axes, shared, x=terms[0], y=titles.get("predicted", about["title"]))
        if len(about["group"]) > 1:
            legend(figure, all_axes[0], handles, title=terms[1] if len(terms) > 1 else None)
        return finished(figure, all_axes, title)


def _across(facets: int, panels: int) -> int | None:
    """Number of panels in a row: the number of facets if there are rows of panels."""
    return facets if panels > 1 or facets <= 4 else None


def _title(terms: Sequence[str], facet: str, panel: str) -> str:
    shown = [f"{short(t, 14)} = {short(v, 14)}" for t, v in zip(terms[2:], (facet, panel), strict=False) if v]
    return "\n".join(reversed(shown))


def _draw_panel(ax: Axes, columns: dict[str, Any], here: Any, part: Any, about: dict[str, Any]) -> list[Any]:
    own = np.array(columns["group"], dtype=object)
    many = int((here & (part == "point")).sum())
    handles = []
    for i, group in enumerate(about["group"]):
        mine = here & (own == group)
        dots = mine & (part == "point")
        if dots.any():
            shade = color(i) if len(about["group"]) > 1 else ink(0.5)
            ax.scatter(columns["position"][dots], columns["predicted"][dots], color=shade, **point_style(many))
        rows = np.flatnonzero(mine & (part == "predicted"))
        rows = rows[np.argsort(columns["position"][rows], kind="stable")]
        handles.append(_draw_group(ax, columns, rows, i, short(group), about["categories"] is not None))
    everyone = here & (part == "point") & (own == "")
    if everyone.any() and "" not in about["group"]:
        ax.scatter(columns["position"][everyone], columns["predicted"][everyone], color=ink(0.5), **point_style(many))
    if about["categories"] is not None:
        name_columns(ax, about["categories"])
        ax.set_xlim(-0.6, len(about["categories"]) - 0.4)
    return handles


def _draw_group(ax: Axes, columns: dict[str, Any], rows: Any, i: int, label: str, ranges: bool) -> Any:
    at, y = columns["position"][rows], columns["predicted"][rows]
    low, high = columns["conf_low"][rows], columns["conf_high"][rows]
    with_intervals = bool(np.isfinite(low).any())
    if ranges or len(rows) == 1:
        if with_intervals:
            ax.vlines(at, low, high, color=color(i), linewidth=1.2, zorder=3)
        return ax.plot(at, y, "os^Dv"[i % 5], color=color(i), markersize=5, zorder=3, label=label)[0]
    if with_intervals:
        ax.fill_between(at, low, high, color=color(i), alpha=0.15, linewidth=0)
    return ax.plot(at, y, color=color(i), linestyle=STYLES[(i // 7) % len(STYLES)], label=label)[0]


def _effects(predictions: Any, points: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The columns, and the ordered terms, groups, facets, panels and categories."""
    table = columns_of(predictions)
    for name in ("x", "predicted"):
        if name not in table:
            raise UnknownColumnError(
                f"effects() needs columns x and predicted, but the table has {', '.join(table)}; "
                "fit.ggpredict(...) makes one."
            )
    n = len(table["predicted"])
    terms = tuple(getattr(predictions, "terms", ())) or ("x", "group", "facet", "panel")
    single = len(terms) == 1 or "group" not in table
    texts = {r: _texts(table.get(r), n) for r in ROLES[1:]}
    if single:
        texts["group"] = [""] * n
    order = {r: list(dict.fromkeys(v)) for r, v in texts.items()}
    categories = None if _is_number(table["x"]) else list(dict.fromkeys(_texts(table["x"], n)))
    columns: dict[str, Any] = {
        "part": ["predicted"] * n,
        "position": _positions(table["x"], texts["group"], categories, order["group"]),
        "x": table["x"] if categories is None else _texts(table["x"], n),
        **{k: np.asarray(table.get(k, np.full(n, np.nan)), dtype=float) for k in NUMBERS},
        **texts,
    }
    if points is not None:
        _check_partial(predictions, points)
        columns = _joined(columns, _points(points, terms, categories, order))
    used = terms[: 1 + max((j for j, r in enumerate(ROLES[1:], 1) if order[r] != [""]), default=0)]
    axis = getattr(predictions, "axis", None) or getattr(predictions, "title", "Predicted")
    title = f"{axis}{_interval(predictions)}"
    return columns, {"terms": used, "categories": categories, "title": title, **order}


def _interval(predictions: Any) -> str:
    """Line of the vertical axis that names the intervals of a linear mixed model and their degrees of freedom."""
    method = getattr(predictions, "method", None)
    return "" if method is None else f"\n{100 * predictions.level:g}% interval ({method})"


def _check_partial(predictions: Any, points: Any) -> None:
    """Refuse partial residuals of other terms, or on another scale, than the predictions."""
    theirs, own = getattr(points, "terms", None), getattr(predictions, "terms", None)
    if theirs is None or own is None:
        return
    if tuple(theirs) != tuple(own):
        raise DataError(
            f"the points are partial residuals of {', '.join(theirs)}, but the predictions are of {', '.join(own)}; "
            f"give fit.partial_residuals({_call(own)})."
        )
    scale = getattr(points, "scale", predictions.scale)
    if scale != predictions.scale and not getattr(points, "one_scale", False):
        raise DataError(
            f"the points are on the {scale} scale, but the predictions are on the {predictions.scale} scale; "
            f"give fit.partial_residuals({_call(own)}, scale={predictions.scale!r})."
        )


def _call(terms: Sequence[str]) -> str:
    return repr(terms[0] if len(terms) == 1 else list(terms))


def _is_number(values: Any) -> bool:
    return isinstance(values, np.ndarray) and values.dtype.kind in "fiu"


def _texts(values: Any, n: int) -> list[str]:
    return [""] * n if values is None else [frame.label(v) for v in values]


def _positions(x: Any, groups: Sequence[str], categories: list[str] | None, order: list[str]) -> Vector:
    if categories is None:
        return np.asarray(x, dtype=float)
    place = np.array([categories.index(frame.label(v)) for v in x], dtype=float)
    shift = np.array([order.index(g) for g in groups]) - (len(order) - 1) / 2
    return place + DODGE * shift / max(len(order), 2)


def _points(
    points: Any, terms: Sequence[str], categories: list[str] | None, order: Mapping[str, list[str]]
) -> dict[str, Any]:
    """The data's points in the columns of the predictions. Points that name no facet or panel appear in each."""
    drawn = columns_of(points)
    names = dict(zip(ROLES, terms, strict=False))
    height = next((h for h in HEIGHTS if h in drawn), None)
    across = next((c for c in ("x", names["x"]) if c in drawn), None)
    if height is None or across is None:
        raise UnknownColumnError(
            f"points need a column x (or {names['x']}) and one of {', '.join(HEIGHTS)}; they have {', '.join(drawn)}."
        )
    n = len(drawn[height])
    texts = {}
    for role in ROLES[1:]:
        column = next((c for c in (role, names.get(role)) if c in drawn), None)
        texts[role] = [""] * n if column is None else _texts(drawn[column], n)
    x = drawn[across]
    if categories is not None:
        unknown = next((frame.label(v) for v in x if frame.label(v) not in categories), None)
        if unknown is not None:
            raise DataError(f"points have x = {unknown!r}, but the predictions are at {', '.join(categories)}.")
    elif not _is_number(x):
        raise DataError(f"points have texts in {across!r}, but the predictions have numbers there.")
    grouped = texts["group"] if set(texts["group"]) <= set(order["group"]) else [""] * n
    texts["group"] = grouped
    position = _positions(
        x, [g if g in order["group"] else order["group"][0] for g in grouped], categories, order["group"]
    )
    if categories is not None:
        position = position + np.random.default_rng(JITTER_SEED).uniform(-0.08, 0.08, n)
    columns: dict[str, Any] = {
        "part": ["point"] * n,
        "position": position,
        "x": x if categories is None else _texts(x, n),
        "predicted": np.asarray(drawn[height], dtype=float),
        "conf_low": np.full(n, np.nan),
        "conf_high": np.full(n, np.nan),
        **texts,
    }
    for role in ("facet", "panel"):
        if order[role] != [""] and set(texts[role]) == {""}:
            copies = [{**columns, role: [value] * len(columns["part"])} for value in order[role]]
            whole = copies[0]
            for more in copies[1:]:
                whole = _joined(whole, more)
            columns = whole
    return columns


def _joined(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    return {k: [*a[k], *b[k]] if isinstance(a[k], list) else np.concatenate([a[k], b[k]]) for k in a}
