"""Scaled (simulated) residuals against uniform quantiles and against the prediction, with tests by simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.plot.axes import MANY, Size, finished, name_columns, point_style, say, several
from mixedmodels.plot.residual_plots import LEGS, five
from mixedmodels.plot.subjects import columns_of, numbers
from mixedmodels.plot.themes import color, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ALPHA = 0.05
FEWEST = 4  # different values that a quantile curve needs


def residual_panels_table(residuals: Any, predictor: Any = None, *, rank: bool = True) -> Any:
    """Data that `residual_panels` draws.

    Returns
    -------
    table
        Columns panel ("quantiles", "prediction"), part, quantile (of a curve), x, y, conf_low, conf_high and p_value
        (of a curve or box). `part` is "point", "outlier" or "curve"; boxes of categories have their ends, quartiles and
        median as parts. For categories, x is their place.

    Examples
    --------
    >>> mm.plot.residual_panels_table(logit.simulate_residuals(50, seed=1))["panel"].unique().tolist()
    ['quantiles', 'prediction']
    """
    columns, _, _ = _panels(residuals, predictor, rank)
    return frame.to_kind(columns, residuals.kind)


def residual_panels(
    residuals: Any,
    predictor: Any = None,
    *,
    rank: bool = True,
    axes: Any = None,
    figsize: Size = None,
    title: str | None = None,
) -> Figure:
    """Draw scaled residuals in two panels: against uniform quantiles, and against the prediction.

    Colour marks quantile curves that deviate, significant tests, and observations outside all simulations. A predictor
    that is a factor or has fewer than four different values has boxes instead of curves. Each box has a test.

    Parameters
    ----------
    residuals : SimulatedResiduals
        Result of ``fit.simulate_residuals()``.
    predictor : str or array_like, optional
        Predictor on the horizontal axis of the second panel, as in ``residuals.test_quantiles``: the name of a column,
        or values. None is the prediction without random effects.
    rank : bool, default True
        Whether to replace the predictor by its ranks.
    axes : Axes or sequence of Axes, optional
        Two axes; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.
    """
    columns, tests, categories = _panels(residuals, predictor, rank)
    with drawing():
        figure, (left, right) = several(axes, 2, columns=2, size=(3.5, 3.5), figsize=figsize)
        panel, part = np.array(columns["panel"]), np.array(columns["part"])
        _draw_quantiles(left, columns, panel == "quantiles")
        _write_tests(left, tests)
        here = panel == "prediction"
        _draw_points(right, columns, here, part)
        name = predictor if isinstance(predictor, str) else "Prediction" if predictor is None else "Predictor"
        if categories is None:
            p = _draw_curves(right, columns, here & (part == "curve"))
            say(right, x=f"{name}{' (rank)' if rank else ''}")
        else:
            p = _draw_boxes(right, columns, here, part)
            say(right, x=name)
            name_columns(right, categories)
        right.set_ylabel("Scaled residual")
        right.set_ylim(-0.03, 1.03)
        right.set_yticks([0, 0.25, 0.5, 0.75, 1])
        what = "Quantile curves" if categories is None else "Boxes"
        say(right, title=f"{what}: none deviates" if min(p) >= ALPHA else f"{what}: coloured ones deviate")
        return finished(figure, [left, right], title)


def _draw_quantiles(ax: Axes, columns: dict[str, Any], mine: Any) -> None:
    n = int(mine.sum())
    ax.plot([0, 1], [0, 1], color=color(1), linewidth=1.0, gid="reference")
    size = 3.0 if n <= 500 else 2.0
    x, y = columns["x"][mine], columns["y"][mine]
    ax.plot(x, y, "o", color=color(0), markersize=size, markeredgewidth=0, rasterized=n > MANY)
    ax.set(xlabel="Expected (uniform)", ylabel="Observed scaled residual")
    ax.set_title("Quantiles")


def _write_tests(ax: Axes, tests: dict[str, tuple[str, float]]) -> None:
    """Write the tests into the empty corner above the diagonal. Significant tests are coloured."""
    for line, (name, (statistic, p)) in enumerate(tests.items()):
        verdict = "deviates" if p < ALPHA else "n.s."
        ax.text(
            0.03,
            0.97 - 0.075 * line,
            f"{name}: {statistic}, p {p_text(p)}, {verdict}",
            transform=ax.transAxes,
            va="top",
            fontsize="x-small",
            color=alarm() if p < ALPHA else ink(0.75),
        )


def alarm() -> str:
    """The colour of deviations."""
    return color(1)


def p_text(p: float) -> str:
    """A p-value in a title."""
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def _draw_points(ax: Axes, columns: dict[str, Any], here: Any, part: Any) -> None:
    points, outside = here & (part == "point"), here & (part == "outlier")
    ax.scatter(columns["x"][points], columns["y"][points], color=ink(0.6), **point_style(int(points.sum())))
    if outside.any():
        ax.plot(columns["x"][outside], columns["y"][outside], "*", color=alarm(), markersize=6, markeredgewidth=0)


def _draw_curves(ax: Axes, columns: dict[str, Any], mine: Any) -> list[float]:
    """Draw each quantile's curve with its band and its expected line; returns the p-values."""
    p_values = []
    for q in np.unique(columns["quantile"][mine]):
        rows = mine & (columns["quantile"] == q)
        p = float(columns["p_value"][rows][0])
        shade = alarm() if p < ALPHA else ink(0.9)
        x = columns["x"][rows]
        ax.axhline(q, color=shade, linewidth=0.8, linestyle="--", gid="reference")
        ax.fill_between(x, columns["conf_low"][rows], columns["conf_high"][rows], color=shade, alpha=0.15, linewidth=0)
        ax.plot(x, columns["y"][rows], color=shade, linewidth=1.3)
        p_values.append(p)
    return p_values or [1.0]


def _draw_boxes(ax: Axes, columns: dict[str, Any], here: Any, part: Any) -> list[float]:
    """Draw a box for each category; returns the p-values."""
    p_values = []
    for at in np.unique(columns["x"][here & (part == "median")]):
        mine = here & (columns["x"] == at)
        legs = {leg: float(columns["y"][mine & (part == leg)][0]) for leg in LEGS}
        p = float(columns["p_value"][mine & (part == "median")][0])
        draw_box(ax, float(at), legs, alarm() if p < ALPHA else ink(0.7))
        p_values.append(p)
    for q in (0.25, 0.5, 0.75):
        ax.axhline(q, color=ink(0.5), linewidth=0.7, linestyle="--", gid="reference")
    return p_values


def draw_box(ax: Axes, at: float, legs: dict[str, float], shade: Any) -> None:
    """An upright box at a place, without its outliers."""
    names = {"low": "whislo", "q1": "q1", "median": "med", "q3": "q3", "high": "whishi"}
    ax.bxp(
        [{names[leg]: value for leg, value in legs.items()}],
        positions=[at],
        widths=0.5,
        showfliers=False,
        showcaps=False,
        manage_ticks=False,
        boxprops={"color": shade},
        medianprops={"color": shade, "linewidth": 1.8},
        whiskerprops={"color": shade},
    )


def _categories(residuals: Any, predictor: Any) -> frame.Factor | None:
    """The predictor as categories, if it is a factor or has too few values for curves."""
    if predictor is None:
        column: Any = frame.any_column("prediction", numbers(residuals.numbers.predicted))
    else:
        column = residuals.find(predictor, "predictor")
    if not isinstance(column, frame.Numeric):
        return frame.as_factor(column)
    if len(np.unique(column.values[np.isfinite(column.values)])) >= FEWEST:
        return None
    factor = frame.as_factor(column)
    labels = [f"{float(v):.3g}" for v in factor.levels.values]
    return frame.Factor(factor.codes, frame.Levels(np.array(labels, dtype=object)))


def _boxes(residuals: Any, factor: frame.Factor) -> dict[str, list[Any]]:
    """Points, and a box with its test for each category, in the columns of the right panel."""
    value = numbers(residuals.numbers.residuals)
    labels = factor.levels.labels
    tested = residuals.test_categorical([labels[c] for c in factor.codes]).table
    p = dict(zip(tested.names, tested["p_adjusted"], strict=True))
    outside = (value == 0) | (value == 1)
    out: dict[str, list[Any]] = {
        "part": ["outlier" if o else "point" for o in outside],
        "x": factor.codes.astype(float).tolist(),
        "y": value.tolist(),
        "p_value": [np.nan] * len(value),
    }
    for code, label in enumerate(labels):
        mine = value[factor.codes == code]
        if len(mine):
            out["part"] += LEGS
            out["x"] += [float(code)] * len(LEGS)
            out["y"] += five(mine)[0].tolist()
            out["p_value"] += [float(p.get(label, np.nan))] * len(LEGS)
    return out


def _curves(residuals: Any, predictor: Any, rank: bool) -> dict[str, list[Any]]:
    """Points and quantile curves in the columns of the right panel."""
    test = residuals.quantile_table(predictor, rank=rank)
    points, curves = columns_of(test.points), columns_of(test.curves)
    m, c = len(points["residual"]), len(curves["x"])
    names = {"x": ("predictor", "x"), "y": ("residual", "fitted")}
    out: dict[str, list[Any]] = {"part": ["outlier" if o else "point" for o in points["is_outlier"]] + ["curve"] * c}
    out |= {k: [*points[a], *curves[b]] for k, (a, b) in names.items()}
    return out | {k: [*[np.nan] * m, *curves[k]] for k in ("quantile", "conf_low", "conf_high", "p_value")}


def _panels(
    residuals: Any, predictor: Any, rank: bool
) -> tuple[dict[str, Any], dict[str, tuple[str, float]], tuple[str, ...] | None]:
    """The columns; each test's statistic in words and p-value; the categories of the right panel, if any."""
    if not hasattr(residuals, "qq_table"):
        raise DataError(
            f"residual_panels() needs the result of fit.simulate_residuals(), not a {type(residuals).__name__}."
        )
    qq = columns_of(residuals.qq_table())
    factor = _categories(residuals, predictor)
    right = _curves(residuals, predictor, rank) if factor is None else _boxes(residuals, factor)
    n, m = len(qq["expected"]), len(right["part"])
    left = {"x": qq["expected"], "y": qq["observed"]}
    columns: dict[str, Any] = {"panel": ["quantiles"] * n + ["prediction"] * m, "part": ["point"] * n + right["part"]}
    for name in ("quantile", "x", "y", "conf_low", "conf_high", "p_value"):
        both = [left.get(name, np.full(n, np.nan)), right.get(name, np.full(m, np.nan))]
        columns[name] = np.concatenate([np.asarray(v, dtype=float) for v in both])
    uniform, spread, outside = residuals.test_uniformity(), residuals.test_dispersion(), residuals.test_outliers()
    tests = {
        "Uniformity (KS)": (f"D = {uniform.statistic:.3g}", uniform.p_value),
        "Dispersion": (f"{spread.statistic:.3g}", spread.p_value),
        "Outliers": (f"{outside.statistic:g}", outside.p_value),
    }
    return columns, tests, None if factor is None else factor.levels.labels
