"""Scaled (simulated) residuals: against uniform quantiles, along the prediction, and tests by simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.plot.axes import MANY, one, point_style, say, several
from mixedmodels.plot.subjects import columns_of, table_kind
from mixedmodels.plot.themes import color, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ALPHA = 0.05


def residual_panels_table(residuals: Any, predictor: Any = None, *, rank: bool = True) -> Any:
    """What `residual_panels` draws.

    Returns
    -------
    table with columns panel ("quantiles", "prediction"), part ("point", "outlier", "curve"), quantile (of a curve), x,
    y, conf_low, conf_high and p_value (of a curve).
    """
    columns, _ = _panels(residuals, predictor, rank)
    return frame.to_kind(columns, residuals.kind)


def residual_panels(residuals: Any, predictor: Any = None, *, rank: bool = True, axes: Any = None) -> Figure:
    """Scaled residuals in two panels: against uniform quantiles, and along the prediction.

    Quantile curves that deviate are coloured, as are tests that say so and observations outside all simulations.

    Parameters
    ----------
    residuals : what ``fit.simulate_residuals()`` returned.
    predictor : what stands across in the second panel, as of ``residuals.test_quantiles``: a column's name, or values;
        None for the prediction without random effects.
    rank : whether that is replaced by its ranks.
    axes : two; None for a new figure.
    """
    columns, tests = _panels(residuals, predictor, rank)
    with drawing():
        figure, (left, right) = several(axes, 2, columns=2, size=(3.5, 3.5))
        panel, part = np.array(columns["panel"]), np.array(columns["part"])
        _draw_quantiles(left, columns, panel == "quantiles")
        _write_tests(left, tests)
        here = panel == "prediction"
        _draw_points(right, columns, here, part)
        p = _draw_curves(right, columns, here & (part == "curve"))
        name = predictor if isinstance(predictor, str) else "prediction" if predictor is None else "predictor"
        say(right, x=f"{name.capitalize() if predictor is None else name}{' (rank)' if rank else ''}")
        right.set_ylabel("Scaled residual")
        right.set_ylim(-0.03, 1.03)
        right.set_yticks([0, 0.25, 0.5, 0.75, 1])
        right.set_title(
            "Quantile curves: none deviates" if min(p) >= ALPHA else "Quantile curves: coloured ones deviate"
        )
        return figure


def _draw_quantiles(ax: Axes, columns: dict[str, Any], mine: Any) -> None:
    n = int(mine.sum())
    ax.plot([0, 1], [0, 1], color=color(1), linewidth=1.0, gid="reference")
    size = 3.0 if n <= 500 else 2.0
    x, y = columns["x"][mine], columns["y"][mine]
    ax.plot(x, y, "o", color=color(0), markersize=size, markeredgewidth=0, rasterized=n > MANY)
    ax.set(xlabel="Expected (uniform)", ylabel="Observed scaled residual")
    ax.set_title("Quantiles")


def _write_tests(ax: Axes, tests: dict[str, tuple[str, float]]) -> None:
    """Tests in the empty corner above the diagonal, coloured where they are significant."""
    for line, (name, (statistic, p)) in enumerate(tests.items()):
        said = "deviates" if p < ALPHA else "n.s."
        ax.text(
            0.03,
            0.97 - 0.075 * line,
            f"{name}: {statistic}, p {_p_text(p)}, {said}",
            transform=ax.transAxes,
            va="top",
            fontsize="x-small",
            color=_alarm() if p < ALPHA else ink(0.75),
        )


def _alarm() -> str:
    """The colour of what deviates."""
    return color(1)


def _p_text(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def _draw_points(ax: Axes, columns: dict[str, Any], here: Any, part: Any) -> None:
    points, outside = here & (part == "point"), here & (part == "outlier")
    ax.scatter(columns["x"][points], columns["y"][points], color=ink(0.6), **point_style(int(points.sum())))
    if outside.any():
        ax.plot(columns["x"][outside], columns["y"][outside], "*", color=_alarm(), markersize=6, markeredgewidth=0)


def _draw_curves(ax: Axes, columns: dict[str, Any], mine: Any) -> list[float]:
    """Each quantile's curve with its band and where it should be; returns the p-values."""
    found = []
    for q in np.unique(columns["quantile"][mine]):
        rows = mine & (columns["quantile"] == q)
        p = float(columns["p_value"][rows][0])
        shade = _alarm() if p < ALPHA else ink(0.9)
        x = columns["x"][rows]
        ax.axhline(q, color=shade, linewidth=0.8, linestyle="--", gid="reference")
        ax.fill_between(x, columns["conf_low"][rows], columns["conf_high"][rows], color=shade, alpha=0.15, linewidth=0)
        ax.plot(x, columns["y"][rows], color=shade, linewidth=1.3)
        found.append(p)
    return found or [1.0]


def _panels(residuals: Any, predictor: Any, rank: bool) -> tuple[dict[str, Any], dict[str, tuple[str, float]]]:
    """The columns, and of each test its statistic in words and p-value."""
    if not hasattr(residuals, "qq_table"):
        raise DataError(
            f"residual_panels() is of what fit.simulate_residuals() returned, not of a {type(residuals).__name__}."
        )
    qq = columns_of(residuals.qq_table())
    test = residuals.quantile_table(predictor, rank=rank)
    points, curves = columns_of(test.points), columns_of(test.curves)
    n, m, c = len(qq["expected"]), len(points["residual"]), len(curves["x"])
    nothing = np.full(n + m, np.nan)
    columns: dict[str, Any] = {
        "panel": ["quantiles"] * n + ["prediction"] * (m + c),
        "part": ["point"] * n + ["outlier" if o else "point" for o in points["is_outlier"]] + ["curve"] * c,
        "quantile": np.concatenate([nothing, curves["quantile"]]),
        "x": np.concatenate([qq["expected"], points["predictor"], curves["x"]]),
        "y": np.concatenate([qq["observed"], points["residual"], curves["fitted"]]),
        **{k: np.concatenate([nothing, curves[k]]) for k in ("conf_low", "conf_high", "p_value")},
    }
    uniform, spread, outside = residuals.test_uniformity(), residuals.test_dispersion(), residuals.test_outliers()
    tests = {
        "Uniformity (KS)": (f"D = {uniform.statistic:.3g}", uniform.p_value),
        "Dispersion": (f"{spread.statistic:.3g}", spread.p_value),
        "Outliers": (f"{outside.statistic:g}", outside.p_value),
    }
    return columns, tests


def simulated_test_table(test: Any, bins: int = 20) -> Any:
    """What `simulated_test` draws: columns part ("bin", "observed"), lower, upper, count; NaN where there is none."""
    return frame.to_kind(_histogram(test, bins), table_kind(test))


def simulated_test(test: Any, bins: int = 20, *, ax: Axes | None = None) -> Figure:
    """The statistic of the simulations as a histogram, and that of the data as a line.

    Parameters
    ----------
    test : what ``residuals.test_dispersion()``, ``test_zero_inflation()`` or ``test_generic()`` returned.
    bins : of the histogram.
    ax : axes to draw in; None for a new figure.
    """
    columns = _histogram(test, bins)
    bar = np.array(columns["part"]) == "bin"
    low, high, count = (columns[k][bar] for k in ("lower", "upper", "count"))
    with drawing():
        figure, ax = one(ax, 4.4, 3.2)
        ax.bar(low, count, width=high - low, align="edge", color=ink(0.2), edgecolor=ink(0.0), linewidth=0.5)
        seen = float(columns["lower"][~bar][0])
        ax.plot([seen, seen], [0, max(count.max(), 1)], color=_alarm() if test.p_value < ALPHA else color(0))
        ax.annotate("data", (seen, max(count.max(), 1)), xytext=(0, 2), textcoords="offset points", ha="center")
        say(ax, x="Statistic", y="Simulations", title=f"p {_p_text(test.p_value)}")
        return figure


def _histogram(test: Any, bins: int) -> dict[str, Any]:
    if not hasattr(test, "histogram"):
        raise DataError(
            f"simulated_test() is of a test of simulated residuals, as test_dispersion() returns, not of a "
            f"{type(test).__name__}."
        )
    found = columns_of(test.histogram(bins))
    return {
        "part": ["bin"] * len(found["count"]) + ["observed"],
        "lower": np.append(found["lower"], test.observed),
        "upper": np.append(found["upper"], test.observed),
        "count": np.append(found["count"].astype(float), np.nan),
    }
