"""Pictures of checks show the tables of the checks: simulated residuals, influence."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from matplotlib.colors import to_hex
from tests.support.drawn_pictures import (
    assert_readable,
    cbpp_fit,
    drawn,
    plain_fit,
    points_of,
    rounded,
    sleep_fit,
    told,
    turned,
)

import mixedmodels as mm
from mixedmodels import plot
from mixedmodels.plot.scaled_panels import ALPHA


@cache
def ticks_residuals() -> mm.report.simulated_residuals.SimulatedResiduals:  # type: ignore[name-defined]
    data = mm.datasets.load("grouseticks", as_="polars")
    return mm.glmer("TICKS ~ YEAR + HEIGHT + (1 | LOCATION)", data, family="poisson").simulate_residuals(100)


def test_scaled_residuals_in_two_panels() -> None:
    found = ticks_residuals()
    table = plot.residual_panels_table(found)
    figure = plot.residual_panels(found)
    left, right = figure.axes
    panels = {name[0]: rows for name, rows in table.to_pandas().groupby(["panel"])}
    assert points_of(left) == told(panels["quantiles"], "x", "y")
    qq = found.qq_table()
    assert np.array_equal(panels["quantiles"]["y"], qq["observed"])
    assert points_of(right) == told(panels["prediction"], "x", "y")
    p = found.test_uniformity().p_value
    assert left.texts[0].get_text().endswith("n.s." if p >= ALPHA else "deviates")
    assert_readable(figure)
    curves = panels["prediction"].query("part == 'curve'").drop_duplicates("quantile")
    shades = {q: to_hex(line.get_color()) for q, line in zip(curves["quantile"], right.lines[-5::2], strict=True)}
    for q, p in zip(curves["quantile"], curves["p_value"], strict=True):
        assert (shades[q] == plot.PALETTE[1].lower()) == (p < ALPHA)


def test_residuals_along_another_predictor() -> None:
    figure = plot.residual_panels(sleep_fit().simulate_residuals(50), "Days", rank=False)
    assert figure.axes[1].get_xlabel() == "Days"
    table = plot.residual_panels_table(sleep_fit().simulate_residuals(50), "Days", rank=False)
    at = table[(table["panel"] == "prediction") & (table["part"] != "curve")]["x"]
    assert sorted(set(at)) == list(range(10))


def test_residuals_by_category() -> None:
    found = ticks_residuals()
    table = plot.residual_panels_table(found, "YEAR").to_pandas()
    figure = plot.residual_panels(found, "YEAR")
    right = figure.axes[1]
    assert [t.get_text() for t in right.get_xticklabels()] == ["95", "96", "97"]
    boxes = table[table["part"] == "median"]
    assert np.allclose(boxes["p_value"], found.test_categorical("YEAR").table["p_adjusted"])
    residuals = np.asarray(found.scaled_residuals)
    year = np.asarray(mm.datasets.load("grouseticks")["YEAR"])
    assert np.allclose(boxes["y"], [np.median(residuals[year == y]) for y in ("95", "96", "97")])
    shown = {(x, y) for x, y in points_of(right) if x == 1.0}
    assert shown <= told(table[table["panel"] == "prediction"], "x", "y")
    assert len(shown) > 100
    assert_readable(figure)


def test_statistics_of_simulations() -> None:
    test = ticks_residuals().test_zero_inflation()
    table = plot.simulated_test_table(test).to_pandas()
    (ax,) = plot.simulated_test(test).axes
    bars = table[table["part"] == "bin"]
    assert [b.get_height() for b in ax.patches] == list(bars["count"])
    assert np.allclose([b.get_x() for b in ax.patches], bars["lower"])
    assert ax.lines[0].get_xdata()[0] == test.observed
    assert bars["count"].sum() == 100
    with pytest.raises(mm.DataError, match="needs a test of simulated residuals"):
        plot.simulated_test(sleep_fit())
    with pytest.raises(mm.DataError, match=r"needs the result of fit\.simulate_residuals\(\)"):
        plot.residual_panels(sleep_fit())


def test_influence_of_groups() -> None:
    found = sleep_fit().influence("Subject")
    table = plot.influence_table(found, ["cooks_distance", "dfbetas"])
    figure = plot.influence(found, ["cooks_distance", "dfbetas"])
    titles = ["Cook's distance", "DFBETAS: (Intercept)", "DFBETAS: Days"]
    assert [ax.get_xlabel() for ax in figure.axes] == titles
    for ax, (_, rows) in zip(figure.axes, table.groupby("measure", sort=False), strict=True):
        feet = {(0.0, y) for _, y in turned(told(rows, "position", "value"))}
        assert points_of(ax) == turned(told(rows, "position", "value")) | feet
    cooks = table[table["measure"] == "cooks_distance"]
    assert np.array_equal(cooks["value"], np.asarray(found.cooks_distance()))
    assert cooks.sort_values("position")["value"].is_monotonic_increasing
    assert (cooks["flagged"] == (cooks["value"] > 4 / 18)).all()
    assert_readable(figure)


def bounds_of(ax: object) -> list[float]:
    """Places of the dashed lines of a panel."""
    return [float(line.get_xdata()[0]) for line in ax.lines if line.get_linestyle() == "--"]  # type: ignore[attr-defined]


def test_bounds_of_influence_are_lines_and_a_column() -> None:
    found = sleep_fit().influence("Subject")
    table = plot.influence_table(found, ["cooks_distance", "dfbetas", "cov_ratio"])
    figure = plot.influence(found, ["cooks_distance", "dfbetas", "cov_ratio"])
    expected = {"cooks_distance": [4 / 18], "cov_ratio": []}
    both = [-2 / np.sqrt(18), 2 / np.sqrt(18)]
    for ax, (measure, rows) in zip(figure.axes, table.groupby("measure", sort=False), strict=True):
        bounds = bounds_of(ax)
        assert np.allclose(bounds, expected.get(measure, both))
        assert np.allclose(rows["bound"], max(bounds) if bounds else np.nan, equal_nan=True)
        assert (rows["flagged"] == (rows["value"].abs() > rows["bound"])).all()
        assert all(ax.get_xlim()[0] <= b <= ax.get_xlim()[1] for b in bounds)
        assert ("bound" in ax.get_title(loc="right")) == bool(bounds)


def test_influence_of_many_rows() -> None:
    found = sleep_fit().influence()
    table = plot.influence_table(found)
    figure = plot.influence(found)
    feet = {(x, 0.0) for x, _ in told(table, "position", "value")}
    assert drawn(figure) == told(table, "position", "value") | feet
    named = [t.get_text() for t in figure.axes[0].texts]
    assert named[0] == "59"  # the largest distance has its row's label
    assert len(named) <= 5
    assert_readable(figure)
    assert rounded(plot.influence_table(plain_fit().influence(), "cov_ratio")[["position", "value"]])
    with pytest.raises(mm.DataError, match="no measure 'cook'; there are dfbetas, rows, cooks_distance"):
        plot.influence(found, "cook")
    with pytest.raises(mm.DataError, match=r"needs the result of fit\.influence\(\)"):
        plot.influence(3)


def test_predictions_with_partial_residuals() -> None:
    fit = sleep_fit()
    predictions, points = fit.ggpredict("Days"), fit.partial_residuals("Days")
    table = plot.effects_table(predictions, points)
    (ax,) = plot.effects(predictions, points).axes
    assert points_of(ax) == told(table, "position", "predicted")
    assert ax.get_xlabel() == "Days"
    assert ax.get_ylabel() == "Predicted values of Reaction\n95% interval (Satterthwaite)"
    dots = table[table["part"] == "point"]["predicted"]
    assert np.array_equal(dots, np.asarray(points.to_frame()["partial_residual"]))


def test_partial_residuals_of_other_terms_are_refused() -> None:
    data = mm.datasets.load("grouseticks", as_="polars")
    fit = mm.glm("TICKS ~ YEAR + HEIGHT", data, family="poisson")
    with pytest.raises(
        mm.DataError, match=r"residuals of YEAR, .* are of HEIGHT; give fit\.partial_residuals\('HEIGHT'\)"
    ):
        plot.effects(fit.ggpredict("HEIGHT"), fit.partial_residuals("YEAR"))
    with pytest.raises(mm.DataError, match=r"give fit\.partial_residuals\(\['HEIGHT', 'YEAR'\]\)"):
        plot.effects(fit.ggpredict(["HEIGHT", "YEAR"]), fit.partial_residuals("HEIGHT"))
    with pytest.raises(mm.DataError, match=r"on the link scale, .* on the response scale; .* scale='response'"):
        plot.effects(fit.ggpredict("YEAR"), fit.partial_residuals("YEAR"))
    points = fit.partial_residuals("YEAR", scale="response")
    table = plot.effects_table(fit.ggpredict("YEAR"), points)
    assert np.array_equal(table.to_pandas().query("part == 'point'")["predicted"], points["partial_residual"])
    log = mm.lm("log(Reaction) ~ Days", mm.datasets.load("sleepstudy"))
    with pytest.raises(mm.DataError, match="on the link scale"):  # predictions are back from the logarithm
        plot.effects(log.ggpredict("Days"), log.partial_residuals("Days"))


def test_power_along_sizes() -> None:
    with pytest.warns(mm.MixedModelsWarning, match="own estimates"):
        curve = sleep_fit().power_curve("Days", nsim=20, seed=1, sizes=[6, 12, 18])
    table = plot.power_curve_table(curve)
    (ax,) = plot.power_curve(curve).axes
    assert points_of(ax) == told(table, "value", "power", "conf_low", "conf_high", "analytic")
    assert list(table["value"]) == [6, 12, 18]
    assert ax.get_xlabel() == "Number of levels in Subject"


def test_poolings_draw_what_the_models_table_of_poolings_says() -> None:
    """Where the group's effects are all there is, both ways to no pooling are the same."""
    fit = sleep_fit()
    lines = fit.pooling().lines("Days", [0.0, 12.0]).to_frame()
    drawn_lines = plot.groups_table(fit, x_range=(0, 12))
    ends = drawn_lines[drawn_lines["x"].isin([0.0, 12.0]) & (drawn_lines["part"] != "data")]
    both = lines.merge(ends, left_on=["method", "group", "x"], right_on=["part", "level", "x"])
    assert len(both) == 3 * 18 * 2
    assert np.allclose(both["fitted"], both["y"], rtol=1e-10)  # two ways to the same least squares


@cache
def contraception_check() -> object:
    data = mm.datasets.load("Contraception", as_="polars").head(600)
    return mm.glmer("use ~ age + urban + (1 | district)", data, family="binomial").check_model()


def panels_of(table: object) -> dict[str, object]:
    frame = table.to_pandas() if hasattr(table, "to_pandas") else table
    return dict(list(frame.groupby("panel", sort=False)))  # type: ignore[attr-defined]


def test_a_page_of_checks_of_a_linear_mixed_model() -> None:
    check = sleep_fit().check_model()
    found = panels_of(plot.check_model_table(check))
    figure = plot.check_model(check)
    names = ["draws", "residuals", "scale_location", "influence", "normality"]
    assert list(found) == [*names, "normality of (Intercept) of Subject", "normality of Days of Subject"]
    for ax, rows in zip(figure.axes, found.values(), strict=True):
        shown, said = points_of(ax), told(rows, "x", "y")
        assert said <= shown
        ends = told(rows, "x", "low", "high")  # of intervals and bands
        q = np.array([rows["x"].min(), rows["x"].max()])
        assert shown <= said | ends | rounded(np.column_stack([q, q]))
    verdicts = {c.title: c.verdict for c in check.checks}
    assert figure.axes[2].get_title() == f"Equal variance: {verdicts['equal variance']}"
    assert figure.axes[5].get_title().replace("\n", " ").startswith("Normality of (Intercept) of Subject")
    assert_readable(figure)


def test_contours_of_cooks_distance_are_where_it_has_that_value() -> None:
    fit = sleep_fit()
    found = panels_of(plot.check_model_table(fit.check_model()))["influence"]
    around = found[(found["part"] == "contour") & (found["series"] == "0.5")]  # type: ignore[index]
    h, r = around["x"].to_numpy(), around["y"].to_numpy()
    assert np.allclose(r**2 * h / (2 * (1 - h)), 0.5)  # of two coefficients
    points = found[found["part"] == "point"]  # type: ignore[index]
    assert np.array_equal(points["low"], fit.check_model().influence_table()["cooks_distance"])


def test_a_page_of_checks_of_a_binary_response() -> None:
    check = contraception_check()
    table = plot.check_model_table(check)
    figure = plot.check_model(check)
    found = panels_of(table)
    assert list(found)[:2] == ["shares", "binned"]  # in the places of a density, and of residuals against fitted values
    assert points_of(figure.axes[0]) == told(found["shares"], "x", "y")
    ring = figure.axes[0].lines[-1]
    use = np.asarray(mm.datasets.load("Contraception").head(600)["use"] == "Y")
    assert np.allclose(ring.get_ydata(), [1 - use.mean(), use.mean()])
    assert figure.axes[0].get_ylabel() == "Share of rows"
    assert "collinearity" in found
    terms = figure.axes[list(found).index("collinearity")]
    assert [t.get_text() for t in terms.get_yticklabels()] == ["urban", "age"]
    assert type(table).__module__.startswith("polars")
    assert_readable(figure)
    with pytest.raises(mm.DataError, match=r"needs a model or the result of fit\.check_model\(\), not a int"):
        plot.check_model(3)


def test_variances_of_unequal_numbers_of_trials_are_no_zigzag() -> None:
    rows = panels_of(plot.check_model_table(cbpp_fit()))["dispersion"]
    expected = rows[rows["part"] == "expected"].sort_values("x")  # type: ignore[index]
    bends = np.diff(np.sign(np.diff(expected["y"])))
    assert (bends != 0).sum() <= 4
    raw = cbpp_fit().check_model().dispersion_table().to_pandas().sort_values("fitted")["variance"]
    assert (np.diff(np.sign(np.diff(raw))) != 0).sum() > 20


def test_draws_beside_a_discrete_response_are_no_comb() -> None:
    data = mm.datasets.load("InstEval").head(2000)
    page = mm.lmer("y ~ service + (1 | s)", data).check_model()
    found = panels_of(plot.check_model_table(page))["shares"]
    own = found[found["part"] == "data"].set_index("x")["y"]  # type: ignore[index]
    assert np.allclose(own.loc[[1, 2, 3, 4, 5]], data["y"].value_counts(normalize=True).sort_index())
    assert np.allclose(found.groupby("series")["y"].sum(), 1)  # type: ignore[attr-defined]
    ticks = mm.glm("TICKS ~ YEAR + HEIGHT", mm.datasets.load("grouseticks"), family="poisson").check_model()
    table = panels_of(plot.check_model_table(ticks))["draws"]
    steps = table.groupby("series")["y"]  # type: ignore[attr-defined]
    assert steps.size().max() <= 30
    assert np.allclose(steps.sum(), 1)
    figure = plot.check_model(ticks)
    assert figure.axes[0].get_ylabel() == "Share of rows"
    assert figure.axes[0].get_xlabel() == "TICKS"


def test_inflation_without_limits_has_no_bar() -> None:
    data = mm.datasets.load("VerbAgg").iloc[::5]
    page = mm.glm("r2 ~ Anger + btype + situ", data, family="binomial").check_model()
    rows = panels_of(plot.check_model_table(page))["collinearity"]
    assert len(rows) == 3  # type: ignore[arg-type]
    figure = plot.check_model(page)
    ax = next(a for a in figure.axes if a.get_title().startswith("Collinearity"))
    low, high = ax.get_xlim()
    assert all(low <= x <= high for x, _ in points_of(ax))
    assert ((rows["x"] >= low) & (rows["x"] <= high)).all()  # type: ignore[index]
    wide = rows["high"] > 10 * rows["x"]  # type: ignore[index]
    assert not wide.any()


def test_binned_residuals_are_drawn_along_what_the_check_judges() -> None:
    check = contraception_check()
    found = panels_of(plot.check_model_table(check))["binned"]
    outside = (found["y"] < found["low"]) | (found["y"] > found["high"])  # type: ignore[index]
    words = next(c.sentence for c in check.checks if c.title == "binned residuals")  # type: ignore[attr-defined]
    assert words.startswith(f"{int(outside.sum())} of {len(outside)} bins")


def test_dispersion_of_counts() -> None:
    fit = mm.glm("TICKS ~ YEAR + HEIGHT", mm.datasets.load("grouseticks"), family="poisson")
    rows = panels_of(plot.check_model_table(fit))["dispersion"]
    expected = rows[rows["part"] == "expected"]  # type: ignore[index]
    assert np.allclose(expected["x"], expected["y"])  # the variance of a Poisson variable is its mean
    assert "Look" in plot.check_model(fit).axes[2].get_title()
