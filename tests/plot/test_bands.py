"""Very many levels are drawn as bands, which show what the tables tell."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from tests.support.drawn_pictures import assert_readable, points_of, rounded, sleep_fit, told, turned

import mixedmodels as mm
from mixedmodels import plot
from mixedmodels.plot.axes import BAND_HEIGHT, BAND_NAMES, MAX_LINES

LEVELS = 120


@cache
def many() -> mm.MixedModel:
    rng = np.random.default_rng(1)
    g = np.repeat(np.arange(LEVELS), 5)
    data = pd.DataFrame({"g": [f"level {i:03d}" for i in g], "x": rng.normal(size=len(g))})
    b = rng.normal(size=(LEVELS, 2))
    data["y"] = b[g, 0] + (1 + 0.5 * b[g, 1]) * data["x"] + rng.normal(size=len(g))
    return mm.lmer("y ~ x + (x | g)", data)


def bands_of(ax: Any) -> list[Any]:
    """Corners of the bands of a panel."""
    bands = [c for c in ax.collections if isinstance(c, PolyCollection)]
    return [rounded(np.vstack([path.vertices for path in band.get_paths()])) for band in bands]


def assert_band_of_levels(figure: Figure) -> None:
    assert figure.get_figheight() == BAND_HEIGHT
    assert_readable(figure)
    for ax in figure.axes:
        assert len(ax.get_yticklabels()) == BAND_NAMES


def test_a_caterpillar_of_many_levels() -> None:
    table = plot.caterpillar_table(many())
    figure = plot.caterpillar(many())
    assert_band_of_levels(figure)
    assert figure.axes[0].get_ylabel() == f"g ({LEVELS} levels)"
    for ax, (_, rows) in zip(figure.axes, table.groupby("term", sort=False), strict=True):
        assert points_of(ax) == turned(told(rows, "position", "estimate"))
        (band,) = bands_of(ax)
        assert band == turned(told(rows, "position", "conf_low", "conf_high"))
        ordered = rows.sort_values("position")
        assert ordered["estimate"].is_monotonic_increasing  # each effect in its own order
        names = [t.get_text() for t in ax.get_yticklabels()]
        assert (names[0], names[-1]) == (ordered["level"].iloc[0], ordered["level"].iloc[-1])
        away = int(((rows["conf_low"] > 0) | (rows["conf_high"] < 0)).sum())
        coloured = sum(len(line.get_xdata()) for line in ax.lines if line.get_color() == plot.PALETTE[0].lower())
        assert coloured == away
        assert away > 0 or rows["term"].iloc[0] == "x"
    by_slope = plot.caterpillar_table(many(), sort="x").pivot(index="level", columns="term", values="position")
    assert (by_slope["x"] == by_slope["(Intercept)"]).all()  # the caller's order is that of all panels


def test_few_and_many_levels_side_by_side() -> None:
    data = mm.datasets.load("grouseticks")
    fit = mm.glmer("TICKS ~ YEAR + (1 | BROOD) + (1 | LOCATION)", data, family="poisson")
    figure = plot.caterpillar(fit)
    lines, band = [ax for ax in figure.axes if not bands_of(ax)], [ax for ax in figure.axes if bands_of(ax)]
    assert [ax.get_ylabel() for ax in band] == ["BROOD (118 levels)"]
    assert [len(ax.get_yticklabels()) for ax in lines] == [63]
    assert_readable(figure)


def test_quantiles_of_many_levels() -> None:
    table = plot.qq_random_effects_table(many())
    for ax, (_, rows) in zip(plot.qq_random_effects(many()).axes, table.groupby("term", sort=False), strict=True):
        assert bands_of(ax) == [told(rows, "quantile", "conf_low", "conf_high")]


def test_boxes_of_many_levels() -> None:
    table = plot.residuals_by_group_table(many())
    figure = plot.residuals_by_group(many())
    assert_band_of_levels(figure)
    (ax,) = figure.axes
    order = list(dict.fromkeys(table["level"]))
    at = table.assign(position=table["level"].map({label: i for i, label in enumerate(order)}))
    for band, ends in zip(bands_of(ax), (("low", "high"), ("q1", "q3")), strict=True):
        assert band == told(at[at["part"].isin(ends)], "value", "position")
    assert points_of(ax) == told(at[at["part"].isin(["median", "outlier"])], "value", "position")


def test_arrows_of_many_levels() -> None:
    fit = mm.lmer("y ~ 1 + (1 | g)", many().frame)
    table = plot.shrinkage_table(fit)
    figure = plot.shrinkage(fit)
    assert_band_of_levels(figure)
    (ax,) = figure.axes
    assert points_of(ax) == told(table, "x", "y")


def test_a_few_wild_levels_do_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    from mixedmodels.plot import shrinkage_arrows

    monkeypatch.setattr(shrinkage_arrows, "MANY_ARROWS", 100)
    table = plot.shrinkage_table(many())
    figure = plot.shrinkage(many())
    (ax,) = figure.axes
    assert points_of(ax) == told(table, "x", "y")  # all are drawn
    rest = table[table["part"] != "no"]
    separate = table[table["part"] == "no"]
    inside = separate["x"].between(*ax.get_xlim()) & separate["y"].between(*ax.get_ylim())
    assert 0 < (~inside).sum() <= 0.05 * LEVELS
    assert figure.get_suptitle() == f"{(~inside).sum()} separate estimates are beyond the axes"
    assert rest["x"].between(*ax.get_xlim()).all()
    assert rest["y"].between(*ax.get_ylim()).all()


def test_levels_have_lines_up_to_the_bound() -> None:
    assert not bands_of(plot.caterpillar(sleep_fit()).axes[0])
    data = many().frame
    first = mm.lmer("y ~ 1 + (1 | g)", data[data["g"] < f"level {MAX_LINES:03d}"])
    assert first.design.groups[0].n_levels == MAX_LINES
    assert not bands_of(plot.caterpillar(first).axes[0])
    more = mm.lmer("y ~ 1 + (1 | g)", data[data["g"] <= f"level {MAX_LINES:03d}"])
    assert bands_of(plot.caterpillar(more).axes[0])
