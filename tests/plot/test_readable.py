"""Pictures can be read: texts inside the page and apart, whatever the number of levels and the length of names."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from tests.support.drawn_pictures import assert_readable, cbpp_fit, crossed_fit, plain_fit, sleep_fit, sleep_profile

import mixedmodels as mm
from mixedmodels import plot
from mixedmodels.plot.axes import BAND_HEIGHT, all_short

PICTURES: dict[str, Callable[[], Figure]] = {
    "residuals": lambda: plot.residuals(sleep_fit()),
    "scale location": lambda: plot.scale_location(cbpp_fit()),
    "boxes": lambda: plot.residuals_by_group(crossed_fit()),
    "quantiles": lambda: plot.qq_residuals(sleep_fit()),
    "herds": lambda: plot.groups(cbpp_fit(), levels=["1", "2", "7", "14", "15"]),
    "samples": lambda: plot.groups(crossed_fit(), group="sample"),
    "shrinkage": lambda: plot.shrinkage(sleep_fit()),
    "shrinkage of one": lambda: plot.shrinkage(crossed_fit()),
    "caterpillar": lambda: plot.caterpillar(sleep_fit()),
    "random effects": lambda: plot.qq_random_effects(sleep_fit()),
    "zeta": lambda: plot.profile_zeta(sleep_profile()),
    "density": lambda: plot.profile_density(sleep_profile(), "theta_"),
    "pairs": lambda: plot.profile_pairs(
        sleep_profile(), ["sd_(Intercept)|Subject", "cor_Days.(Intercept)|Subject", "Days"]
    ),
    "ellipses": lambda: plot.covariance_ellipses(sleep_fit()),
    "regions": lambda: plot.fixed_ellipses(cbpp_fit()),
    "coefficients": lambda: plot.coefficients(cbpp_fit(), exp=True),
    "two models": lambda: plot.coefficients(sleep_fit(), plain_fit(), names=["mixed", "plain"]),
    "X": lambda: plot.design_matrix(cbpp_fit()),
    "pattern": lambda: plot.factor_pattern(crossed_fit()),
    "bootstrap": lambda: plot.bootstrap(sleep_fit().bootstrap(30, seed=1), ["sd_Days|Subject", "sigma"]),
    "likelihood": lambda: plot.likelihood_surface(sleep_fit(), points=9),
}


@pytest.mark.parametrize("name", PICTURES)
def test_texts_are_inside_and_apart(name: str) -> None:
    assert_readable(PICTURES[name]())


@pytest.fixture(scope="module")
def awkward() -> mm.MixedModel:
    """90 levels with long names, a long response, effects with long names."""
    rng = np.random.default_rng(7)
    names = [f"a very long name of level number {i} of the factor" for i in range(90)]
    data = pd.DataFrame({"the_site_of_the_measurement": np.repeat(names, 4), "a_predictor_of_some_length": 0.0})
    data["a_predictor_of_some_length"] = rng.normal(size=360)
    b = rng.normal(size=(90, 2)).repeat(4, axis=0)
    x = data["a_predictor_of_some_length"]
    data["a_response_with_a_name"] = b[:, 0] + (1 + b[:, 1]) * x + rng.normal(size=360)
    return mm.lmer(
        "a_response_with_a_name ~ a_predictor_of_some_length + "
        "(a_predictor_of_some_length | the_site_of_the_measurement)",
        data,
    )


@pytest.mark.parametrize(
    "kind",
    [
        "residuals_by_group",
        "groups",
        "shrinkage",
        "caterpillar",
        "qq_random_effects",
        "covariance_ellipses",
        "coefficients",
        "design_matrix",
        "factor_pattern",
    ],
)
def test_many_levels_with_long_names(awkward: mm.MixedModel, kind: str) -> None:
    levels = awkward.design.groups[0].levels.labels
    assert_readable(awkward.plot(kind, levels=levels[:4]) if kind == "groups" else awkward.plot(kind))


def test_heights_grow_with_the_levels_and_end() -> None:
    few, more = plot.caterpillar(crossed_fit(), "sample"), plot.caterpillar(crossed_fit(), "plate")
    assert few.get_figheight() < more.get_figheight()
    students = mm.lmer("y ~ 1 + (1 | s)", mm.datasets.load("InstEval").head(6000))
    figure = plot.caterpillar(students)
    assert figure.get_figheight() == BAND_HEIGHT
    assert_readable(figure)


def test_many_coefficients() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.MixedModelsWarning)
        fit = mm.lmer("angle ~ recipe * temperature + (1 | recipe:replicate)", mm.datasets.load("cake"))
    assert_readable(plot.coefficients(fit))
    assert_readable(plot.design_matrix(fit))


def test_axes_have_the_names_and_units_of_the_data() -> None:
    sleep = mm.datasets.load("sleepstudy")
    sleep.attrs["units"] = {"Reaction": "ms", "Days": "d"}
    fit = mm.lmer("Reaction ~ Days + (Days | Subject)", sleep)
    figure = plot.groups(fit, levels=["308"], labels={"Days": "Days without sleep"})
    assert figure.get_supylabel() == "Reaction (ms)"
    assert figure.get_supxlabel() == "Days without sleep"
    assert plot.groups(cbpp_fit(), levels=["1"]).get_supylabel() == "Proportion of incidence"


def test_long_names_lose_what_they_share(awkward: mm.MixedModel) -> None:
    (ax,) = plot.residuals_by_group(awkward).axes
    named = [t.get_text() for t in ax.get_yticklabels()]
    assert len(set(named)) == len(named)
    assert all(re.fullmatch(r"a very l…\d+…", text) for text in named)
    assert all_short(["a", "b"]) == ["a", "b"]
    assert all_short(["x" * 40, "y" * 40])[0] == "x" * 18 + "…" + "x" * 9
