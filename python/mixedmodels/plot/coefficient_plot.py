"""Coefficients with their intervals, of one model or of several side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels._names import meant
from mixedmodels.errors import DataError
from mixedmodels.plot.axes import Size, finished, height_for, legend, log_scale, name_levels, one, zero_line
from mixedmodels.plot.subjects import columns_of, need_model
from mixedmodels.plot.themes import color, drawing
from mixedmodels.tables.caller_names import names_held

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INTERCEPT = "(Intercept)"
MARKERS = "osD^vP"


def coefficients_table(
    *models: Any,
    names: Sequence[str] | None = None,
    terms: Sequence[str] | None = None,
    intercept: bool = False,
    exp: bool = False,
    level: float = 0.95,
    ddf: Any = None,
) -> Any:
    """Data of `coefficients`: columns model, term, position, estimate, conf_low, conf_high.

    Examples
    --------
    >>> mm.plot.coefficients_table(logit)["term"].tolist()
    ['period2', 'period3', 'period4']
    >>> mm.plot.coefficients_table(fit)["estimate"].round(2).tolist()
    [10.47]
    """
    columns = _coefficients(models, names or _caller_names(models), terms, intercept, exp, level, ddf)
    return frame.to_kind(columns, models[0].table_kind)


def coefficients(
    *models: Any,
    names: Sequence[str] | None = None,
    terms: Sequence[str] | None = None,
    intercept: bool = False,
    exp: bool = False,
    level: float = 0.95,
    ddf: Any = None,
    labels: Mapping[str, str] | None = None,
    ax: Axes | None = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw coefficients as points with intervals: one line per coefficient, one colour per model.

    Parameters
    ----------
    *models : fitted models
        One or more models, of any class.
    names : sequence of str, optional
        Names of the models in the legend; by default the names of the variables that hold them.
    terms : sequence of str, optional
        Coefficients to show, from top to bottom; None for all but the intercept.
    intercept : bool, default False
        Whether to show the intercept too.
    exp : bool, default False
        Whether to exponentiate. A logistic model then shows odds ratios, a model with a log link rate ratios. The axis
        is logarithmic.
    level : float, default 0.95
        Confidence level of the intervals.
    ddf : str or RobustCoefficients, optional
        Method for degrees of freedom, as in `tidy`; None for each model's own `ddf`. The label of the axis names it.
    labels : mapping of str to str, optional
        Labels of the coefficients on the axis, keyed by name.
    ax : Axes, optional
        Axes to draw in; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.

    Examples
    --------
    >>> figure = mm.plot.coefficients(logit)
    >>> len(figure.axes)
    1
    """
    columns = _coefficients(models, names or _caller_names(models), terms, intercept, exp, level, ddf)
    shown = list(dict.fromkeys(columns["model"]))
    rows = list(dict.fromkeys(columns["term"]))
    which = np.array([shown.index(m) for m in columns["model"]])
    with drawing():
        height = height_for(len(rows) * max(1, 0.6 * len(shown)), least=1.6)
        figure, ax = one(ax, 5.2, height, figsize=figsize)
        zero_line(ax, at=1.0 if exp else 0.0, vertical=True)
        handles = []
        for i, model in enumerate(shown):
            mine = which == i
            handles.append(_whiskers(ax, columns, mine, i, model))
        name_levels(ax, [(labels or {}).get(t, t) for t in reversed(rows)], figure.get_figheight())
        if exp:
            log_scale(ax.xaxis)
        how = ", ".join(dict.fromkeys(model._coefficients(ddf).method for model in models))
        ax.set_xlabel(f"{'exp(estimate)' if exp else 'Estimate'}, {100 * level:g}% interval ({how})")
        if len(shown) > 1:
            legend(figure, ax, handles)
        return finished(figure, [ax], title)


def _whiskers(ax: Axes, columns: dict[str, Any], mine: Any, i: int, model: str) -> Any:
    at, place = columns["estimate"][mine], columns["position"][mine]
    ax.hlines(place, columns["conf_low"][mine], columns["conf_high"][mine], color=color(i), linewidth=1.2)
    (points,) = ax.plot(at, place, MARKERS[i % len(MARKERS)], color=color(i), markersize=4.5, label=model)
    return points


def _caller_names(models: Sequence[Any]) -> list[str]:
    """Names of the caller's variables that hold the models; else 'model 1', 'model 2' ..."""
    called = [name or f"model {i + 1}" for i, name in enumerate(names_held(models, depth=3))]
    return called if len(set(called)) == len(called) else [f"model {i + 1}" for i in range(len(models))]


def _coefficients(
    models: Sequence[Any],
    names: Sequence[str],
    terms: Sequence[str] | None,
    intercept: bool,
    exp: bool,
    level: float,
    ddf: Any,
) -> dict[str, Any]:
    if not models:
        raise DataError("coefficients() needs one or more models; give one.")
    for model in models:
        need_model(model, "coefficients")
    if len(names) != len(models) or len(set(names)) < len(names):
        raise DataError(f"names must be {len(models)} different texts; got {list(names)!r}.")
    tables = [columns_of(m.tidy(conf_int=True, level=level, ddf=ddf)) for m in models]
    all_terms = list(dict.fromkeys(t for table in tables for t in table["term"]))
    shown = [t for t in all_terms if intercept or t != INTERCEPT]
    rows = shown if terms is None else [meant(t, all_terms) for t in terms]
    for term in rows:
        if term not in all_terms:
            raise DataError(f"no coefficient {term!r}; the models have {', '.join(all_terms)}.")
    if not rows:
        raise DataError("the models have no coefficient but the intercept; pass intercept=True to show it.")
    out: dict[str, list[Any]] = {k: [] for k in ("model", "term", "position", "estimate", "conf_low", "conf_high")}
    step = 0.7 / len(models)
    for i, (name, table) in enumerate(zip(names, tables, strict=True)):
        for line, term in enumerate(reversed(rows)):
            if term in table["term"]:
                at = table["term"].index(term)
                out["model"].append(name)
                out["term"].append(term)
                out["position"].append(line + step * ((len(models) - 1) / 2 - i))
                for key in ("estimate", "conf_low", "conf_high"):
                    out[key].append(float(table[key][at]))
    order = sorted(range(len(out["term"])), key=lambda k: rows.index(out["term"][k]))
    ordered = {k: [v[i] for i in order] for k, v in out.items()}
    done: dict[str, Any] = {k: v if k in ("model", "term") else np.array(v) for k, v in ordered.items()}
    if exp:
        done.update({k: np.exp(done[k]) for k in ("estimate", "conf_low", "conf_high")})
    return done
