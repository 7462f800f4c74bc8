"""Every picture takes figsize and title; titles, legends, labels and ticks are apart."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from tests.support.drawn_pictures import assert_readable, cbpp_fit, crossed_fit, sleep_fit, sleep_profile

import mixedmodels as mm
from mixedmodels import plot
from mixedmodels.plot.axes import log_scale, log_ticks
from mixedmodels.plot.themes import drawing

TITLE = "A title that somebody chose"


@cache
def simulated() -> Any:
    return sleep_fit().simulate_residuals(50, seed=1)


POWER = pd.DataFrame({"value": [5, 10], "power": [0.4, 0.8], "conf_low": [0.3, 0.7], "conf_high": [0.5, 0.9]})
DRAW: dict[str, Callable[..., Figure]] = {
    "bootstrap": lambda **o: plot.bootstrap(sleep_fit().bootstrap(20, seed=1), ["sigma", "Days"], **o),
    "caterpillar": lambda **o: plot.caterpillar(sleep_fit(), **o),
    "check_model": lambda **o: plot.check_model(sleep_fit().check_model(), **o),
    "coefficients": lambda **o: plot.coefficients(cbpp_fit(), exp=True, **o),
    "covariance_ellipses": lambda **o: plot.covariance_ellipses(sleep_fit(), **o),
    "design_matrix": lambda **o: plot.design_matrix(cbpp_fit(), **o),
    "effects": lambda **o: plot.effects(sleep_fit().ggpredict("Days"), **o),
    "factor_pattern": lambda **o: plot.factor_pattern(crossed_fit(), **o),
    "fixed_ellipses": lambda **o: plot.fixed_ellipses(sleep_fit(), **o),
    "groups": lambda **o: plot.groups(sleep_fit(), levels=["308", "309"], **o),
    "influence": lambda **o: plot.influence(sleep_fit().influence("Subject"), **o),
    "likelihood_surface": lambda **o: plot.likelihood_surface(sleep_fit(), points=5, **o),
    "power_curve": lambda **o: plot.power_curve(POWER, **o),
    "profile_density": lambda **o: plot.profile_density(sleep_profile(), ["sigma", "Days"], **o),
    "profile_pairs": lambda **o: plot.profile_pairs(sleep_profile(), ["sigma", "Days"], **o),
    "profile_zeta": lambda **o: plot.profile_zeta(sleep_profile(), ["sigma", "Days"], **o),
    "qq_random_effects": lambda **o: plot.qq_random_effects(sleep_fit(), **o),
    "qq_residuals": lambda **o: plot.qq_residuals(sleep_fit(), **o),
    "residual_panels": lambda **o: plot.residual_panels(simulated(), **o),
    "residuals": lambda **o: plot.residuals(sleep_fit(), **o),
    "residuals_by_group": lambda **o: plot.residuals_by_group(sleep_fit(), **o),
    "scale_location": lambda **o: plot.scale_location(sleep_fit(), **o),
    "shrinkage": lambda **o: plot.shrinkage(sleep_fit(), **o),
    "simulated_test": lambda **o: plot.simulated_test(simulated().test_dispersion(), **o),
}


def test_every_picture_is_here() -> None:
    pictures = {n for n in plot.__all__ if n.islower() and not n.endswith(("_table", "theme"))}
    assert set(DRAW) == pictures
    for name in pictures:
        options = inspect.signature(getattr(plot, name)).parameters
        assert {"figsize", "title"} <= set(options), name


@pytest.mark.parametrize("name", DRAW)
def test_size_and_title(name: str) -> None:
    figure = DRAW[name](figsize=(7.5, 5.5), title=TITLE)
    assert tuple(figure.get_size_inches()) == (7.5, 5.5)
    assert figure.get_suptitle().split("\n")[0] == TITLE
    assert_readable(figure)
    assert_head_is_clear(figure)


def assert_head_is_clear(figure: Figure) -> None:
    """The title, the legend and the panels lie below each other."""
    figure.draw_without_rendering()
    head = next(text for text in figure.texts if text.get_text() == figure.get_suptitle())
    floor = head.get_window_extent().y0
    for legend in figure.legends:
        box = legend.get_window_extent()
        assert box.y1 <= floor + 1
        floor = box.y0
    for ax in figure.axes:
        box = ax.get_tightbbox()
        assert box is None or box.y1 <= floor + 1


@pytest.mark.parametrize(("figsize", "said"), [(5, "two numbers"), ((1, 2, 3), "two numbers"), ((0, 3), "positive")])
def test_wrong_sizes(figsize: Any, said: str) -> None:
    with pytest.raises(mm.DataError, match=said):
        plot.residuals(sleep_fit(), figsize=figsize)


def test_sizes_without_room_are_refused() -> None:
    check = sleep_fit().check_model()
    with pytest.raises(mm.DataError, match=r"figsize=\(2, 2\) leaves no room for 7 panels"):
        plot.check_model(check, figsize=(2, 2))
    assert_readable(plot.residuals(sleep_fit(), figsize=(1.5, 1.2)))


def test_axes_of_the_caller_have_a_size_of_their_own_and_take_the_title() -> None:
    figure, ax = plt.subplots()
    with pytest.raises(mm.DataError, match="axes of yours already have one"):
        plot.residuals(sleep_fit(), ax=ax, figsize=(3, 3))
    with pytest.raises(mm.DataError, match="axes of yours already have one"):
        plot.caterpillar(sleep_fit(), axes=[ax, ax], figsize=(3, 3))
    plot.residuals(sleep_fit(), ax=ax, title=TITLE)
    assert ax.get_title() == TITLE
    plt.close(figure)
    both, axes = plt.subplots(1, 2)
    plot.caterpillar(sleep_fit(), axes=axes, title=TITLE)
    assert both.get_suptitle() == TITLE
    plt.close(both)


def test_number_of_levels_stands_above_the_legend(monkeypatch: pytest.MonkeyPatch) -> None:
    from mixedmodels.plot import group_lines

    monkeypatch.setattr(group_lines, "MAX_PANELS", 6)
    figure = plot.groups(sleep_fit(), title=TITLE)
    assert figure.get_suptitle() == f"{TITLE}\n6 of 18 levels of Subject"
    assert_head_is_clear(figure)


@pytest.mark.parametrize(
    ("low", "high"), [(0.08, 2.2), (0.2, 5.5), (0.9, 12.0), (0.9, 1e4), (1.1, 1.3), (1e-3, 1e6), (1e-200, 1e90)]
)
def test_logarithmic_axes_have_four_ticks_or_more(low: float, high: float) -> None:
    ticks = log_ticks(low, high)
    assert 4 <= len(ticks) <= 12
    assert all(low <= t <= high for t in ticks)
    assert ticks == sorted(ticks)
    with drawing():
        ax: Axes = Figure().subplots()
        ax.set_xlim(low, high)
        log_scale(ax.xaxis)
        assert ax.get_xlim() == (low, high)
        assert [float(t.get_text()) for t in ax.get_xticklabels()] == ticks


def test_ratios_have_four_ticks_or_more() -> None:
    (ax,) = plot.coefficients(cbpp_fit(), exp=True).axes
    low, high = ax.get_xlim()
    assert sum(low <= t <= high for t in ax.get_xticks()) >= 4


def test_ticks_do_not_run_into_each_other() -> None:
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"y": rng.normal(size=60) * 0.0123, "x": rng.normal(size=60) * 12345.6})
    fit = mm.lm("y ~ x", data)
    for width in (1.6, 2.2, 5.0):
        figure = plot.residuals(fit, figsize=(width, 2.0))
        assert_readable(figure)
        assert len(figure.axes[0].get_xticks()) >= 2


def test_labels_are_broken_where_the_panel_became_small() -> None:
    kinds = ["the first kind of the things", "another kind of the things", "things of no kind"]
    data = pd.DataFrame({"a_category_of_things": np.repeat(kinds, 20)})
    data["a_response_with_a_very_long_name"] = np.random.default_rng(1).normal(size=60)
    fit = mm.lm("a_response_with_a_very_long_name ~ a_category_of_things", data)
    assert_readable(plot.effects(fit.ggpredict("a_category_of_things")))
    assert_readable(plot.effects(fit.ggpredict("a_category_of_things"), figsize=(3, 2.4)))


NAMES: Mapping[str, tuple[Callable[[], Figure], tuple[str, ...]]] = {
    "checks": (
        lambda: plot.check_model(sleep_fit().check_model()),
        ("Reaction", "Fitted value of the fixed\neffects", "Fitted value", "Leverage"),
    ),
    "dispersion": (lambda: plot.simulated_test(simulated().test_dispersion()), ("Variance of the residuals",)),
    "zeros": (lambda: plot.simulated_test(simulated().test_zero_inflation()), ("Number of zeros",)),
    "summary": (lambda: plot.simulated_test(simulated().test_generic(np.max)), ("Value of the summary",)),
    "own": (lambda: plot.simulated_test(simulated().test_generic(np.max, method="Longest")), ("Longest",)),
}


@pytest.mark.parametrize("name", NAMES)
def test_axes_are_called_by_their_variables(name: str) -> None:
    draw, labels = NAMES[name]
    assert tuple(ax.get_xlabel() for ax in draw().axes)[: len(labels)] == labels
