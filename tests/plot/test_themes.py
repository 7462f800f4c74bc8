"""Looks: the house's settings, the user's, and what is left behind."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from tests.support.drawn_pictures import sleep_fit

import mixedmodels as mm
from mixedmodels import plot


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """Nothing that a picture does stays behind in matplotlib."""
    before = dict(mpl.rcParams)
    yield
    plot.set_theme()
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []


def font_of_label(figure: Figure) -> float:
    return float(figure.axes[0].xaxis.label.get_fontsize())


def test_themes_hold_inside_their_block() -> None:
    fit = sleep_fit()
    assert font_of_label(fit.plot()) == plot.THEME["axes.labelsize"]
    with plot.theme({"axes.labelsize": 14.0}), plot.theme(axes_linewidth=2.0):
        figure = fit.plot()
        assert font_of_label(figure) == 14.0
        assert figure.axes[0].spines["left"].get_linewidth() == 2.0
    assert font_of_label(fit.plot()) == plot.THEME["axes.labelsize"]
    plot.set_theme(axes_labelsize=5.0)
    found = []
    thread = threading.Thread(target=lambda: found.append(font_of_label(fit.plot())))
    thread.start()
    thread.join()
    assert found == [5.0]
    plot.set_theme()
    assert font_of_label(fit.plot()) == plot.THEME["axes.labelsize"]


def test_the_users_own_settings_win_over_the_house() -> None:
    with mpl.rc_context({"axes.labelsize": 20.0, "axes.spines.top": True}):
        figure = sleep_fit().plot()
        assert font_of_label(figure) == 20.0
        with plot.theme(axes_labelsize=6.0):
            assert font_of_label(sleep_fit().plot()) == 6.0
    with mpl.rc_context({"lines.markersize": 11.0}), plot.theme(None):
        assert sleep_fit().plot().axes[0].spines["top"].get_visible()  # matplotlib's own looks


def test_pictures_suit_dark_pages() -> None:
    with plt.style.context("dark_background"):
        figure = plot.caterpillar(sleep_fit())
    grey = to_rgb(figure.axes[0].lines[0].get_color())
    assert figure.get_facecolor()[:3] == (0.0, 0.0, 0.0)
    assert min(grey) > 0.3
    pixels = np.frombuffer(saved(figure, "raw", dpi=20), dtype=np.uint8).reshape(-1, 4)
    assert np.median(pixels[:, 0]) == 0  # saved outside the block, dark all the same


def saved(figure: Figure, kind: str, **options: float) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format=kind, **options)
    return out.getvalue()


def test_files_are_clean() -> None:
    figure = plot.qq_residuals(sleep_fit())
    svg = saved(figure, "svg").decode()
    assert ">Normal quantile<" in svg  # text is text
    assert "<image" not in svg
    assert b"/Type3" not in saved(figure, "pdf")
    data = np.random.default_rng(1).normal(size=3000)
    many = mm.lm("y ~ x", {"y": data, "x": np.arange(3000.0)})
    assert "<image" in saved(many.plot(), "svg").decode()  # thousands of points are an image within the picture


def test_notebooks_show_a_picture_that_pyplot_does_not_know() -> None:
    figure = sleep_fit().plot()
    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]
    assert plt.get_fignums() == []
    figure.show()
    assert len(plt.get_fignums()) == 1
    figure.show()
    assert len(plt.get_fignums()) == 1
    plt.close("all")


def test_pictures_are_drawn_in_axes_that_are_given() -> None:
    figure, axes = plt.subplots(1, 2)
    assert plot.caterpillar(sleep_fit(), axes=axes) is figure
    assert axes[1].get_title() == "Days"
    assert plot.residuals(sleep_fit(), ax=axes[0]) is figure
    inner = figure.subfigures(1, 1).subplots()
    assert plot.residuals(sleep_fit(), ax=inner) is figure
    plt.close(figure)
    own, grid = plt.subplots(3, 3)
    assert plot.profile_pairs(sleep_fit().profile(["sigma", "Days", "(Intercept)"]), axes=grid) is own
    plt.close(own)
    with pytest.raises(mm.DataError, match="2 panels, but there are 1 axes"):
        plot.caterpillar(sleep_fit(), axes=[grid[0, 0]])
    with pytest.raises(mm.DataError, match="ax is a str"):
        plot.residuals(sleep_fit(), ax="left")  # type: ignore[arg-type]


def test_wrong_settings_are_said() -> None:
    with pytest.raises(mm.DataError, match=r"no rcParam 'font\.sise'"):
        plot.set_theme({"font.sise": 8})
    with pytest.raises(mm.DataError, match=r"'font\.size' cannot be 'tall'"):
        plot.set_theme(font_size="tall")
    with pytest.raises(mm.DataError, match="no style 'ggplot3'"):
        plot.set_theme("ggplot3")
    with pytest.raises(mm.DataError, match="a theme is a mapping"):
        plot.set_theme(3)  # type: ignore[arg-type]


def test_without_matplotlib_tables_remain(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = sleep_fit()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(mm.errors.MissingLibraryError, match=r"pip install 'mixedmodels\[plot\]'"):
        fit.plot()
    with pytest.raises(ImportError):
        plot.shrinkage(fit)
    assert len(plot.caterpillar_table(fit)) == 36
