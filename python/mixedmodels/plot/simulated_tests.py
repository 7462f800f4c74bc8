"""Tests by simulation: the statistic of the data beside the simulated ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.plot.axes import Size, finished, one, say
from mixedmodels.plot.scaled_panels import ALPHA, alarm, p_text
from mixedmodels.plot.subjects import columns_of, table_kind
from mixedmodels.plot.themes import color, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STATISTICS = {  # by a word of the method
    "zero-inflation": "Number of zeros",
    "refitted": "Sum of squared Pearson residuals",
    "dispersion": "Variance of the residuals",
    "outlier": "Number of outliers",
}


def simulated_test_table(test: Any, bins: int = 20) -> Any:
    """Data of `simulated_test`: columns part ("bin", "observed"), lower, upper, count; NaN where there is none.

    Examples
    --------
    >>> test = lin.simulate_residuals(50, seed=1).test_dispersion()
    >>> mm.plot.simulated_test_table(test).columns.tolist()
    ['part', 'lower', 'upper', 'count']
    """
    return frame.to_kind(_histogram(test, bins), table_kind(test))


def simulated_test(
    test: Any, bins: int = 20, *, ax: Axes | None = None, figsize: Size = None, title: str | None = None
) -> Figure:
    """Draw the simulated statistics as a histogram, and the statistic of the data as a line.

    Parameters
    ----------
    test : HypothesisTest
        Result of ``residuals.test_dispersion()``, ``test_zero_inflation()`` or ``test_generic()``.
    bins : int, default 20
        Number of bins of the histogram.
    ax : Axes, optional
        Axes to draw in; None for a new figure.
    figsize : sequence of float, optional
        Width and height of a new figure in inches; None for a size that suits the picture.
    title : str, optional
        Title of the figure. If you give one Axes, it is the title of the Axes.
    """
    columns = _histogram(test, bins)
    bar = np.array(columns["part"]) == "bin"
    low, high, count = (columns[k][bar] for k in ("lower", "upper", "count"))
    with drawing():
        figure, ax = one(ax, 4.4, 3.2, figsize=figsize)
        ax.bar(low, count, width=high - low, align="edge", color=ink(0.2), edgecolor=ink(0.0), linewidth=0.5)
        seen, top = float(columns["lower"][~bar][0]), float(max(count.max(), 1))
        ax.plot([seen, seen], [0, top], color=alarm() if test.p_value < ALPHA else color(0))
        ax.annotate(f"data: {seen:.4g}", (seen, top), xytext=(0, 2), textcoords="offset points", ha="center")
        ax.set_ylim(0, 1.12 * top)
        say(ax, x=_name_of_statistic(test), y="Simulations", title=f"p {p_text(test.p_value)}")
        return finished(figure, [ax], title)


def _name_of_statistic(test: Any) -> str:
    """Name of the number that is compared; of a test by a function of the caller it is the test's own name."""
    name = next((name for word, name in STATISTICS.items() if word in test.method), None)
    if name is not None:
        return name
    return "Value of the summary" if test.method.startswith("DHARMa") else test.method


def _histogram(test: Any, bins: int) -> dict[str, Any]:
    if not hasattr(test, "histogram"):
        raise DataError(
            f"simulated_test() needs a test of simulated residuals, such as test_dispersion() returns, not a "
            f"{type(test).__name__}."
        )
    bars = columns_of(test.histogram(bins))
    return {
        "part": ["bin"] * len(bars["count"]) + ["observed"],
        "lower": np.append(bars["lower"], test.observed),
        "upper": np.append(bars["upper"], test.observed),
        "count": np.append(bars["count"].astype(float), np.nan),
    }
