"""Complete, no and partial pooling in pictures are what separate fits say."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.support.drawn_pictures import cbpp_fit, crossed_fit, points_of, rounded, sleep_fit, told

import mixedmodels as mm
from mixedmodels import plot
from mixedmodels.plot import group_lines

X = np.array([0.0, 12.0])


def lines(level: str) -> pd.DataFrame:
    table = plot.groups_table(sleep_fit(), x_range=(0, 12))
    rows = table[(table["level"] == level) & table["x"].isin(X) & (table["part"] != "data")]
    return rows.pivot(index="part", columns="x", values="y")


def test_lines_are_those_of_separate_fits() -> None:
    sleep = mm.datasets.load("sleepstudy")
    for level in ("308", "335"):
        found = lines(level)
        new = pd.DataFrame({"Days": X, "Subject": level})
        alone = mm.lm("Reaction ~ Days", sleep[sleep["Subject"] == level])
        together = mm.lm("Reaction ~ Days", sleep)
        # Two ways to the same least squares: equal but for rounding.
        assert np.allclose(found.loc["no"], alone.predict(new), rtol=1e-10)
        assert np.allclose(found.loc["complete"], together.predict(new), rtol=1e-10)
        assert np.allclose(found.loc["partial"], sleep_fit().predict(new), rtol=1e-12)


def test_panels_show_the_table() -> None:
    table = plot.groups_table(sleep_fit(), x_range=(0, 12))
    figure = plot.groups(sleep_fit(), x_range=(0, 12))
    assert [ax.get_title() for ax in figure.axes] == list(dict.fromkeys(table["level"]))
    for ax, (_, rows) in zip(figure.axes, table.groupby("level", sort=False), strict=True):
        assert points_of(ax) == told(rows, "x", "y")
    assert figure.get_supxlabel() == "Days"
    assert figure.get_supylabel() == "Reaction"


def test_a_generalised_model_by_herd() -> None:
    fit = cbpp_fit()
    table = plot.groups_table(fit)
    assert isinstance(table, pl.DataFrame)
    cbpp = mm.datasets.load("cbpp")
    one = table.filter((pl.col("level") == "1") & (pl.col("part") == "partial"))["y"].to_numpy()
    new = pd.DataFrame({"period": ["1", "2", "3", "4"], "herd": "1"})
    assert np.allclose(one, fit.predict(new, type="response"), rtol=1e-12)
    together = mm.glm("cbind(incidence, size - incidence) ~ period", cbpp, family="binomial")
    complete = table.filter((pl.col("level") == "1") & (pl.col("part") == "complete"))["y"].to_numpy()
    # Both stop when the deviance has settled to 1e-8 of itself.
    assert np.allclose(complete, together.predict(new, type="response"), rtol=1e-6)
    # No pooling: the herd's intercept by its own rows, the periods as the model has them.
    eta = np.asarray(fit.predict(cbpp, re_form="~0")) - fit.fixef()["(Intercept)"]
    rows = np.asarray(cbpp["herd"] == "1")
    alone = mm.glm("cbind(incidence, size - incidence) ~ 1", cbpp[rows], offset=eta[rows], family="binomial")
    shrunk = plot.shrinkage_table(fit)
    own = shrunk.filter((pl.col("part") == "no") & (pl.col("level") == "1"))["x"][0]
    assert own == pytest.approx(alone.fixef()["(Intercept)"], rel=1e-6)
    # All animals of herd 2, 8 ... may be well: a level without a finite estimate has no line and no arrow.
    lost = shrunk.filter((pl.col("part") == "no") & pl.col("x").is_nan())["level"].to_list()
    missing = set(table["level"]) - set(table.filter(pl.col("part") == "no")["level"])
    assert missing == set(lost)


def test_levels_without_finite_estimates_have_no_line() -> None:
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"g": np.repeat(list("abcdefgh"), 12), "x": np.tile(np.arange(12.0), 8)})
    data["y"] = rng.poisson(np.exp(0.5 + 0.1 * data["x"] * rng.normal(1, 0.3, 8).repeat(12)))
    data.loc[data["g"] == "c", "y"] = 0
    fit = mm.glmer("y ~ x + (1 | g)", data, family="poisson")
    table = plot.groups_table(fit)
    assert set(table[table["part"] == "no"]["level"]) == set("abdefgh")
    assert set(table[table["part"] == "partial"]["level"]) == set("abcdefgh")
    arrows = plot.shrinkage_table(fit)
    assert np.isnan(arrows.query("part == 'no' and level == 'c'")["x"]).all()


def test_a_model_without_predictors_has_a_row_per_level() -> None:
    table = plot.groups_table(crossed_fit(), group="sample")
    (ax,) = plot.groups(crossed_fit(), group="sample").axes
    assert [t.get_text() for t in ax.get_yticklabels()] == list("FEDCBA")
    means = table[table["part"] == "partial"]["y"].to_numpy()
    coef = crossed_fit().coef()["sample"]["(Intercept)"].to_numpy()
    assert np.allclose(means, coef, rtol=1e-12)
    drawn_x = {x for x, _ in points_of(ax)}
    assert {x for x, _ in rounded(table[["y", "y"]])} == drawn_x


def test_arrows() -> None:
    table = plot.shrinkage_table(sleep_fit())
    (ax,) = plot.shrinkage(sleep_fit()).axes
    assert points_of(ax) == told(table, "x", "y")
    ends = table[table["part"] == "partial"]
    assert np.allclose(ends[["x", "y"]], sleep_fit().coef()["Subject"].to_numpy(), rtol=1e-12)
    arrows = [t for t in ax.texts if t.arrow_patch is not None]
    assert len(arrows) == 18
    starts = rounded([t.xyann for t in arrows])
    assert starts == told(table[table["part"] == "no"], "x", "y")
    typical = table[table["part"] == "typical"][["x", "y"]].to_numpy()[0]
    assert np.allclose(typical, np.asarray(sleep_fit().fixef()))


def test_arrows_of_one_effect() -> None:
    table = plot.shrinkage_table(crossed_fit(), group="plate")
    (ax,) = plot.shrinkage(crossed_fit(), group="plate").axes
    assert points_of(ax) == told(table, "x", "y")
    assert set(table["term_y"]) == {""}


def test_three_effects_have_three_planes() -> None:
    rng = np.random.default_rng(5)
    data = pd.DataFrame({"g": np.repeat(np.arange(15), 10), "x": rng.normal(size=150), "z": rng.normal(size=150)})
    b = rng.normal(size=(15, 3))
    rows = data["g"].to_numpy()
    data["y"] = b[rows, 0] + (1 + b[rows, 1]) * data["x"] + b[rows, 2] * data["z"] + rng.normal(size=150)
    fit = mm.lmer("y ~ x + (x + z | g)", data)
    figure = plot.shrinkage(fit)
    assert [ax.get_ylabel() for ax in figure.axes] == ["x of g", "z of g", "z of g"]
    # z is random only: its lines for all levels together have no slope in it.
    complete = plot.shrinkage_table(fit, ["x", "z"]).query("part == 'complete'")
    assert complete["y"].item() == 0.0
    assert len(plot.covariance_ellipses(fit).axes) == 3


def test_other_predictors_are_at_their_values_in_the_level() -> None:
    fit = mm.lmer("angle ~ recipe + temp + (1 | recipe:replicate)", mm.datasets.load("cake"))
    table = plot.groups_table(fit, levels=["B:3"])
    row = table[table["part"] == "partial"].iloc[0]
    new = pd.DataFrame({"recipe": ["B"], "replicate": ["3"], "temp": [row["x"]]})
    assert row["y"] == pytest.approx(float(fit.predict(new)[0]), rel=1e-12)


def test_very_many_levels_are_thinned_and_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_lines, "MAX_PANELS", 8)
    figure = plot.groups(sleep_fit())
    assert len(figure.axes) == 6
    assert figure.get_suptitle() == "6 of 18 levels of Subject"
    assert [ax.get_title() for ax in plot.groups(sleep_fit(), levels=[309, "310"]).axes] == ["309", "310"]


def test_pairs_of_a_profile_that_is_flat() -> None:
    """A correlation at -1 has a flat profile: no contour is known there, and the others are drawn."""
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"g": np.repeat(np.arange(18), 10), "x": np.tile(np.arange(10.0), 18)})
    data["y"] = rng.uniform(size=180) < 0.4
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.MixedModelsWarning)
        profile = mm.glmer("y ~ x + (x | g)", data, family="binomial").profile()
    table = plot.profile_pairs_table(profile)
    contour = table[table["part"] == "contour"]
    assert len(plot.profile_pairs(profile).axes) == len(profile.names) ** 2
    assert contour["zeta_a"].isna().any()
    assert (contour.groupby(["parameter_a", "parameter_b"])["zeta_a"].count() > 0).sum() >= 6
