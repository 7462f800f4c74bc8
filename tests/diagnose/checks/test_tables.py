"""The tables that pictures of checks draw, and the page."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats
from tests.support.influence_reference import check_model

import mixedmodels as mm
from mixedmodels.diagnose.checks.loess import smooth
from mixedmodels.diagnose.checks.normal_band import local_level
from mixedmodels.diagnose.checks.predictive import predictive, summaries
from mixedmodels.diagnose.checks.qq import normal_quantiles, points

SLEEP = mm.datasets.load("sleepstudy")


@pytest.fixture(scope="module")
def sleep():
    return mm.lmer("Reaction ~ Days + (Days | Subject)", SLEEP)


def test_residuals_and_their_scale(sleep):
    page = sleep.check_model()
    table = page.residuals_fitted_table()
    np.testing.assert_allclose(table["fitted"], sleep.fitted())
    np.testing.assert_allclose(table["residual"], sleep.residuals())
    np.testing.assert_array_equal(table["row"], np.arange(180))
    scale = page.scale_location_table()
    np.testing.assert_allclose(scale["root"] ** 2, np.abs(sleep.rstandard()))
    assert (scale["smooth"] > 0).all()


def test_quantiles_of_residuals_and_their_bands(sleep):
    table = sleep.check_model().qq_residuals_table()
    np.testing.assert_allclose(table["residual"], np.sort(sleep.rstandard()))
    np.testing.assert_allclose(np.asarray(sleep.rstandard())[table["row"]], table["residual"])
    np.testing.assert_allclose(table["quantile"], stats.norm.ppf(np.arange(0.5, 180) / 180))
    low = stats.norm.ppf(stats.beta.ppf(0.025, 5, 176))
    np.testing.assert_allclose(table["low"].iloc[4], low)
    assert (table["joint_low"] < table["low"]).all()
    assert (table["high"] < table["joint_high"]).all()


@pytest.mark.parametrize("n", [5, 40, 300])
def test_the_simultaneous_band_holds_all_points_as_often_as_it_says(n):
    rng = np.random.default_rng(1)
    draws = np.sort(rng.standard_normal((2000, n)), axis=1)
    band = normal_quantiles(draws[0])
    inside = ((draws >= band.joint_low) & (draws <= band.joint_high)).all(axis=1).mean()
    # 0.95, its approximation good to a per cent, and four standard errors of 2,000 draws
    assert abs(inside - 0.95) < 0.01 + 4 * np.sqrt(0.95 * 0.05 / 2000)
    assert local_level(n, 0.95) > local_level(n + 1, 0.95)


def test_points_are_those_of_r():
    np.testing.assert_allclose(points(4), [0.625 / 4.25, 1.625 / 4.25, 2.625 / 4.25, 3.625 / 4.25])
    np.testing.assert_allclose(points(11), (np.arange(1, 12) - 0.5) / 11)


def test_quantiles_of_random_effects(sleep):
    table = sleep.check_model().qq_random_effects_table()
    assert table.groupby(["group", "effect"], sort=False).size().to_dict() == {
        ("Subject", "(Intercept)"): 18,
        ("Subject", "Days"): 18,
    }
    modes = sleep.ranef(cond_var=True)
    slopes = table[table["effect"] == "Days"].set_index("level")
    np.testing.assert_allclose(slopes["value"], modes["Subject"]["Days"].loc[slopes.index])
    assert slopes["value"].is_monotonic_increasing
    variance = sleep._conditional_covariances()[0][:, 1, 1]
    np.testing.assert_allclose(slopes["std_error"], np.sqrt(variance))
    np.testing.assert_allclose(slopes["conf_high"] - slopes["value"], 1.959964 * slopes["std_error"], rtol=1e-6)


def test_influence_table(sleep):
    table = sleep.check_model().influence_table()
    np.testing.assert_allclose(table["leverage"], sleep.hat_values())
    h, r = table["leverage"], table["residual"]
    np.testing.assert_allclose(table["cooks_distance"], r**2 * h / (1 - h) / 2)


def test_draws_are_given_the_random_effects_and_come_again_with_the_seed(sleep):
    page = sleep.check_model()
    table = page.posterior_predictive_table(n=5, seed=3)
    assert set(table["draw"]) == set(range(6))
    pd.testing.assert_frame_equal(table, sleep.check_model().posterior_predictive_table(n=5, seed=3))
    for _, curve in table.groupby("draw"):
        assert abs(np.trapezoid(curve["density"], curve["value"]) - 1) < 0.01
    whole, given = np.std(SLEEP["Reaction"]), page.posterior_predictive_table(n=20, seed=1)
    spread = [np.sqrt(np.average((c["value"] - 298) ** 2, weights=c["density"])) for d, c in given.groupby("draw") if d]
    assert abs(np.mean(spread) / whole - 1) < 0.1


def test_counts_are_shown_value_by_value():
    table = check_model("glmer_poisson").check_model().posterior_predictive_table(n=3, seed=1)
    zero = table[(table["draw"] == 0) & (table["value"] == 0)]["density"].item()
    np.testing.assert_allclose(zero, (mm.datasets.load("grouseticks")["TICKS"] == 0).mean())
    np.testing.assert_allclose(table.groupby("draw")["density"].sum(), 1.0)


def test_a_density_is_that_of_its_kernel():
    values = np.random.default_rng(2).normal(size=200)
    found = predictive(values, values[:, None] + 0.0)
    sd = values.std(ddof=1)
    kernel = stats.gaussian_kde(values, bw_method=0.9 * min(sd, stats.iqr(values) / 1.34) * 200**-0.2 / sd)
    curve = found.draw == 0
    np.testing.assert_allclose(found.density[curve], kernel(found.value[curve]), atol=4e-3)


def test_densities_end_at_the_bounds():
    rng = np.random.default_rng(4)
    y, draws = rng.beta(1, 4, 300), rng.beta(1, 4, (300, 2))
    found = predictive(y, draws, (0.0, 1.0))
    assert found.value.min() == 0.0
    assert found.value.max() <= 1.0
    curve = found.draw == 0
    assert abs(np.trapezoid(found.density[curve], found.value[curve]) - 1) < 0.02
    assert found.density[curve][0] > 2.5  # of a density of 4 at 0, which no mass beyond the bound halves
    free = predictive(y, draws)
    assert free.value.min() < 0


def test_continuous_draws_count_for_the_nearest_value():
    y = np.tile([1.0, 2.0, 4.0], 20)
    draws = np.linspace(-0.9, 6.9, 60)[:, None]
    found = predictive(y, draws)
    own, drawn = found.draw == 0, found.draw == 1
    assert found.discrete
    assert found.value[own].tolist() == [-1.0, 0.0, 1.0, 2.0, 4.0, 6.0, 8.0][: own.sum()]
    np.testing.assert_allclose(found.density[own][[2, 3, 4]], 1 / 3)
    counted = [np.mean((draws >= a) & (draws < b)) for a, b in ((-0.5, 0.5), (0.5, 1.5), (1.5, 3.0), (3.0, 5.0))]
    np.testing.assert_allclose(found.density[drawn][1:5], counted)
    few = predictive(y[:9], draws[:9])  # too few rows for shares
    assert not few.discrete or len(np.unique(few.value)) <= 40


def test_summaries_say_where_the_data_lie():
    y = np.array([0.0, 0.0, 1.0, 5.0])
    found = summaries(y, np.tile(np.array([[0.0, 1.0, 2.0, 3.0]]).T, 10), counts=True)
    assert found.name[-1] == "number of zeros"
    np.testing.assert_allclose(found.data, [1.5, np.std(y, ddof=1), 0, 5, 2])
    np.testing.assert_allclose(found.share, [0.5, 0.0, 0.5, 0.0, 0.0])


def test_a_smooth_curve_follows_a_line_exactly_and_a_bend_nearly():
    x = np.random.default_rng(3).normal(size=300)
    np.testing.assert_allclose(smooth(x, 2 + 3 * x), 2 + 3 * x, atol=1e-9)
    u = np.linspace(0, 1, 400)
    assert np.abs(smooth(u, u**2) - u**2).max() < 0.1
    np.testing.assert_allclose(smooth(np.ones(5), np.arange(5.0)), 2.0)


def test_the_page_says_every_check_in_a_sentence(sleep):
    page = sleep.check_model(seed=1)
    titles = [c.title for c in page.checks]
    assert titles == [
        "draws from the model", "linearity", "equal variance", "influential rows", "normality of residuals",
        "normality of (Intercept) of Subject", "normality of Days of Subject",
    ]  # fmt: skip
    text = repr(page)
    assert all(title in text for title in titles)
    assert max(map(len, text.splitlines())) <= 110
    assert page.suspicious
    frame = page.to_frame()
    assert list(frame.columns) == ["check", "verdict", "sentence", "statistic", "p_value"]
    assert frame["verdict"].tolist().count("Look") == 3
    assert "<p>" in page._repr_html_()


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("poisson", "dispersion"), ("poisson", "zeros"), ("bernoulli", "binned residuals"), ("lm", "collinearity"),
        ("glmer_binomial", "normality of (Intercept) of herd"),
    ],
)  # fmt: skip
def test_the_page_has_the_checks_of_the_family(name, title):
    assert title in [c.title for c in check_model(name).check_model().checks]


def test_tables_come_in_the_kind_of_the_data():
    model = mm.lm("Reaction ~ Days", pl.from_pandas(SLEEP.astype({"Subject": str})))
    page = model.check_model()
    for table in [page.qq_residuals_table(), page.residuals_fitted_table(), page.to_frame(), model.dfbetas(),
                  model.influence("Subject").to_frame(), model.leverage("Subject")]:  # fmt: skip
        assert isinstance(table, pl.DataFrame)
    assert isinstance(model.hat_values(), pl.Series)
    assert page.checks.to_frame("pandas")["check"][0] == "draws from the model"


def test_dispersion_table_and_bins():
    page = check_model("binomial").check_model()
    table = page.dispersion_table()
    cbpp = mm.datasets.load("cbpp")
    mu = table["fitted"]
    np.testing.assert_allclose(table["variance"], mu * (1 - mu) / cbpp["size"])
    np.testing.assert_allclose(table["squared_residual"], (cbpp["incidence"] / cbpp["size"] - mu) ** 2)
    bins = page.binned_residuals_table(bins=4)
    assert bins["rows"].sum() == 56
    np.testing.assert_allclose(bins["low"], -bins["high"])


def test_the_verdict_on_linearity_is_drawn_along_what_it_judges() -> None:
    """The curve of the panel moves by the number in the verdict; along conditional fitted values it does not."""
    from mixedmodels.plot.check_panels import panels

    fit = mm.lmer("Reaction ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy"))
    page = fit.check_model()
    verdict = next(c for c in page.checks if c.title == "linearity")
    panel = next(p for p in panels(page) if p.title == "Linearity")
    part, x, y = np.array(panel.columns["part"]), panel.columns["x"], panel.columns["y"]
    points, line = part == "point", part == "smooth"
    np.testing.assert_allclose(np.sort(x[points]), np.sort(np.asarray(fit.model_matrix()) @ np.asarray(fit.fixef())))
    low, high = np.quantile(x[points], [0.05, 0.95])
    middle = line & (x >= low) & (x <= high)
    assert np.ptp(y[middle]) / np.std(y[points]) == pytest.approx(verdict["move"], rel=1e-12)
    assert panel.x == "Fitted value of the fixed effects"
    along_modes = page.residuals_fitted_table()
    assert not np.allclose(np.sort(along_modes["fitted"]), np.sort(x[points]))
