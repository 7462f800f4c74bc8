"""Every picture shows exactly what its twin tells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.support.drawn_pictures import (
    cbpp_fit,
    crossed_fit,
    drawn,
    plain_fit,
    points_of,
    rounded,
    sleep_fit,
    sleep_profile,
    told,
    turned,
)

import mixedmodels as mm
from mixedmodels import plot


def part(table: Any, *names: str) -> Any:
    return table[table["part"].isin(names)]


@pytest.mark.parametrize("fit", [sleep_fit, cbpp_fit, plain_fit])
@pytest.mark.parametrize("name", ["residuals", "scale_location"])
def test_clouds_of_residuals(fit: Any, name: str) -> None:
    table = getattr(plot, f"{name}_table")(fit())
    height = "root" if name == "scale_location" else "residual"
    assert drawn(getattr(plot, name)(fit())) == told(table, "fitted", height)


def test_residuals_are_the_models_own() -> None:
    fit = sleep_fit()
    points = part(plot.residuals_table(fit, smooth=False), "point")
    assert np.array_equal(points["residual"], np.asarray(fit.residuals("pearson")))
    assert np.array_equal(points["fitted"], np.asarray(fit.fitted()))
    fit_glmm = cbpp_fit()
    table = plot.residuals_table(fit_glmm, "response", smooth=False)
    assert isinstance(table, pl.DataFrame)
    assert np.array_equal(table["residual"], np.asarray(fit_glmm.residuals("response")))


def test_binned_residuals_of_a_binary_response() -> None:
    data = mm.datasets.load("Contraception").head(600)
    fit = mm.glmer("use ~ age + urban + (1 | district)", data, family="binomial")
    table = plot.residuals_table(fit)
    (ax,) = plot.residuals(fit).axes
    assert points_of(ax) == told(table, "fitted", "residual")
    band = rounded(ax.collections[0].get_paths()[0].vertices)
    assert told(table, "fitted", "low", "high") <= band
    assert ax.get_xlabel() == "Linear predictor of the fixed effects"
    assert table["rows"].sum() == 600
    eta = np.asarray(fit.model_matrix("X")) @ np.asarray(fit.fixef())
    rest = np.asarray(fit.residuals("response"))
    lowest = eta <= np.sort(eta)[int(table["rows"].iloc[0]) - 1]
    assert table["fitted"].iloc[0] == pytest.approx(eta[lowest].mean(), rel=1e-9)
    assert table["residual"].iloc[0] == pytest.approx(rest[lowest].mean(), rel=1e-9)
    cloud = plot.residuals_table(fit, "deviance", smooth=False)
    assert np.array_equal(cloud["residual"], np.asarray(fit.residuals("deviance")))
    assert np.array_equal(plot.residuals_table(fit, binned=False, smooth=False)["residual"], cloud["residual"])
    with pytest.raises(mm.DataError, match="binned residuals are response residuals, not 'pearson'"):
        plot.residuals(fit, "pearson", binned=True)
    assert plot.residuals(sleep_fit(), binned=True).axes[0].get_ylabel() == "Mean response residual"


def test_boxes_by_group() -> None:
    table = plot.residuals_by_group_table(sleep_fit())
    (ax,) = plot.residuals_by_group(sleep_fit()).axes
    labels = [t.get_text() for t in ax.get_yticklabels()]
    place = {label: i for i, label in enumerate(labels)}
    at = table.assign(position=table["level"].map(place))
    middle = {x for x, _ in told(part(at, "median"), "value", "position")}
    outer = at[at["part"] != "median"]
    assert told(outer, "value", "position") == {p for p in points_of(ax) if p[0] not in middle}
    assert middle <= {x for x, _ in points_of(ax)}
    sides = {(b.get_x(), b.get_x() + b.get_width(), b.get_y() + b.get_height() / 2) for b in ax.patches}
    q1, q3 = part(at, "q1"), part(at, "q3")
    assert np.allclose(sorted(sides), sorted(zip(q1["value"], q3["value"], q1["position"], strict=True)))
    r = pd.Series(np.asarray(sleep_fit().residuals("pearson"))).groupby(np.repeat(np.arange(18), 10)).quantile(0.5)
    medians = part(table, "median").set_index("level")["value"]
    order = sleep_fit().design.groups[0].levels.labels
    assert np.allclose(medians.loc[list(order)], r, rtol=1e-12)
    assert medians.is_monotonic_increasing


def test_a_caterpillar() -> None:
    table = plot.caterpillar_table(sleep_fit(), level=0.9)
    figure = plot.caterpillar(sleep_fit(), level=0.9)
    assert len(figure.axes) == 2
    for ax, (term, rows) in zip(figure.axes, table.groupby("term", sort=False), strict=True):
        assert ax.get_title() == term
        assert points_of(ax) == turned(told(rows, "position", "estimate", "conf_low", "conf_high"))
    first = table[table["term"] == "(Intercept)"]
    tidy = sleep_fit().tidy("ran_vals", conf_int=True, level=0.9)
    assert np.allclose(table["conf_low"], tidy["conf_low"], rtol=1e-12)
    named = figure.axes[0].get_yticklabels()
    assert [t.get_text() for t in named] == list(first.sort_values("position")["level"])
    assert list(first.sort_values("position")["estimate"]) == sorted(first["estimate"])
    unsorted = plot.caterpillar_table(sleep_fit(), sort=False)
    assert list(unsorted["position"][:3]) == [17, 16, 15]
    by_slope = plot.caterpillar_table(sleep_fit(), sort="Days").query("term == 'Days'").sort_values("position")
    assert list(by_slope["estimate"]) == sorted(by_slope["estimate"])


def test_random_effects_against_normal_quantiles() -> None:
    table = plot.qq_random_effects_table(crossed_fit())
    figure = plot.qq_random_effects(crossed_fit())
    assert [ax.get_title() for ax in figure.axes] == ["plate: (Intercept)", "sample: (Intercept)"]
    for ax, (_, rows) in zip(figure.axes, table.groupby("group", sort=False), strict=True):
        line = rounded(ax.lines[0].get_xydata())
        assert points_of(ax) - line == told(rows, "quantile", "estimate", "conf_low", "conf_high")
        assert rows["estimate"].is_monotonic_increasing


def test_residuals_against_normal_quantiles() -> None:
    table = plot.qq_residuals_table(sleep_fit())
    (ax,) = plot.qq_residuals(sleep_fit()).axes
    assert rounded(ax.lines[1].get_xydata()) == told(table, "quantile", "residual")
    band = rounded(ax.collections[0].get_paths()[0].vertices)
    assert told(table, "quantile", "conf_low", "conf_high") <= band
    assert list(plot.qq_residuals_table(sleep_fit(), band=None)) == ["quantile", "residual"]


def test_profiles() -> None:
    profile = sleep_profile()
    table = plot.profile_zeta_table(profile)
    figure = plot.profile_zeta(profile)
    assert [ax.get_title().replace("\n", "") for ax in figure.axes] == list(profile.names)
    for ax, (_, rows) in zip(figure.axes, table.groupby("parameter", sort=False), strict=True):
        feet = {(x, 0.0) for x, _ in told(part(rows, "interval"), "value", "zeta")}
        assert points_of(ax) == told(rows, "value", "zeta") | feet
    limits = part(table, "interval").query("parameter == 'Days' and level == 0.95")["value"]
    assert np.allclose(limits, list(profile.confint(parm="Days").row("Days").values()), rtol=1e-12)
    assert [t.get_text() for t in figure.legends[0].texts] == [
        "limits of 50, 80, 90, 95, 99%, from the middle outwards"
    ]
    absolute = plot.profile_zeta_table(profile, absolute=True)
    assert np.array_equal(absolute["zeta"], table["zeta"].abs())
    density = plot.profile_density_table(profile, "sigma")
    assert drawn(plot.profile_density(profile, "sigma")) == told(density, "value", "density")
    assert np.array_equal(density["density"], profile.density("sigma")["density"])


def test_pairs_of_profiles() -> None:
    profile = sleep_profile()
    parm = ["sigma", "(Intercept)", "Days"]
    table = plot.profile_pairs_table(profile, parm, levels=(0.5, 0.95))
    figure = plot.profile_pairs(profile, parm, levels=(0.5, 0.95))
    grid = np.array(figure.axes, dtype=object).reshape(3, 3)
    rows = table[(table["parameter_a"] == "sigma") & (table["parameter_b"] == "Days")]
    assert points_of(grid[0, 2]) == told(rows, "b", "a")
    assert points_of(grid[2, 0]) == told(rows, "zeta_a", "zeta_b")
    own = profile.pairs("sigma", "Days", (0.5, 0.95))
    assert np.array_equal(own["a"], rows["a"], equal_nan=True)
    assert grid[1, 1].texts[0].get_text() == "(Intercept)"
    legend = {t.get_text(): h for t, h in zip(figure.legends[0].texts, figure.legends[0].legend_handles, strict=True)}
    assert list(legend) == ["contours of 50, 95%", "trace of the horizontal", "trace of the vertical"]
    # Above the diagonal b runs across: its trace has b's own grid of zetas, and the colour of the horizontal.
    for panel, x, y, across in ((grid[0, 2], "b", "a", "trace of b"), (grid[2, 0], "zeta_a", "zeta_b", "trace of a")):
        lines = {line.get_color(): rounded(line.get_xydata()) for line in panel.lines}
        shade = legend["trace of the horizontal"].get_color()
        assert lines[shade] == told(part(rows, across), x, y)


def test_ellipses() -> None:
    table = plot.covariance_ellipses_table(sleep_fit())
    assert drawn(plot.covariance_ellipses(sleep_fit())) == told(table, "x", "y")
    around = table[(table["part"] == "ellipse") & (table["level"] == "0.95")][["x", "y"]].to_numpy()
    v = np.asarray(sleep_fit().VarCorr()["Subject"])
    assert np.allclose(np.einsum("ij,jk,ik->i", around, np.linalg.inv(v), around), -2 * np.log(0.05), rtol=1e-9)
    with pytest.raises(mm.DataError, match="must name two or more effects of one grouping factor, not Days"):
        plot.covariance_ellipses(sleep_fit(), effects="Days")
    with pytest.raises(mm.DataError, match="no random effect 'day'; the model has"):
        plot.covariance_ellipses(sleep_fit(), effects=["day", "Days"])
    fixed = plot.fixed_ellipses_table(sleep_fit(), level=0.9)
    assert drawn(plot.fixed_ellipses(sleep_fit(), level=0.9)) == told(fixed, "x", "y")


def test_at_most_five_ellipses_of_the_most_correlated() -> None:
    fit = cbpp_fit()
    table = plot.fixed_ellipses_table(fit).to_pandas()
    figure = plot.fixed_ellipses(fit)
    assert drawn(figure) == told(table, "x", "y")
    assert len(figure.axes) == 5
    assert figure.get_suptitle() == "Joint 95% regions; 5 of 6 pairs: those with the largest correlations"
    v = np.asarray(fit.vcov())
    size = np.abs(v / np.sqrt(np.outer(np.diag(v), np.diag(v))))
    names = list(fit.fixef().names)
    pairs = {(a, b): size[i, j] for i, a in enumerate(names) for j, b in enumerate(names) if i < j}
    assert set(zip(table["term_x"], table["term_y"], strict=True)) == set(pairs) - {min(pairs, key=pairs.__getitem__)}
    assert len(plot.fixed_ellipses(fit, names).axes) == 6  # all of those that are named


def test_at_most_five_pairs_of_effects() -> None:
    rng = np.random.default_rng(2)
    g = np.repeat(np.arange(40), 8)
    data = pd.DataFrame(rng.normal(size=(320, 3)), columns=["a", "b", "c"]).assign(g=g)
    b = rng.normal(size=(40, 4)) @ (np.eye(4) + np.tril(np.full((4, 4), 0.3), -1))
    data["y"] = b[g, 0] + (data[["a", "b", "c"]] * b[g, 1:]).sum(axis=1) + rng.normal(size=320)
    fit = mm.lmer("y ~ a + b + c + (a + b + c | g)", data)
    for name in ("covariance_ellipses", "shrinkage"):
        figure = getattr(plot, name)(fit)
        assert len(figure.axes) == 5
        assert drawn(figure) == told(getattr(plot, f"{name}_table")(fit), "x", "y")
        assert figure.get_suptitle() == "5 of 6 pairs: those with the largest correlations"
        assert len(getattr(plot, name)(fit, effects=["(Intercept)", "a", "b", "c"]).axes) == 6
    assert len(plot.covariance_ellipses(fit, effects=["c", "a"]).axes) == 1


def test_coefficients() -> None:
    mixed, plain = (
        cbpp_fit(),
        mm.glm("cbind(incidence, size - incidence) ~ period", mm.datasets.load("cbpp"), family="binomial"),
    )
    table = plot.coefficients_table(mixed, plain, exp=True)
    figure = plot.coefficients(mixed, plain, exp=True)
    assert isinstance(table, pl.DataFrame)
    (ax,) = figure.axes
    assert points_of(ax) == turned(told(table, "position", "estimate", "conf_low", "conf_high"))
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["mixed", "plain"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["period4", "period3", "period2"]
    assert np.allclose(table["estimate"][::2].log(), list(mixed.fixef())[1:] and np.asarray(mixed.fixef())[1:])
    both = plot.coefficients_table(mixed, plain, names=["a", "b"], terms=["period4"])
    assert both["model"].to_list() == ["a", "b"]


def test_matrices() -> None:
    fit = crossed_fit()
    table = plot.factor_pattern_table(fit)
    z = fit.getME("Z")
    for name, matrix in (("Z", z), ("ZtZ", z.T @ z)):
        rows = table[table["matrix"] == name]
        dense = np.zeros(matrix.shape)
        dense[rows["row"], rows["column"]] = rows["count"]
        assert np.array_equal(dense > 0, matrix.toarray() != 0)
    figure = plot.factor_pattern(fit)
    shown = figure.axes[2].images[0].get_array()
    rows = table[table["matrix"] == "L"]
    assert {(int(r), int(c)) for r, c in zip(*np.nonzero(shown), strict=True)} == set(
        zip(rows["row"], rows["column"], strict=True)
    )
    x = plot.design_matrix_table(cbpp_fit())
    image = plot.design_matrix(cbpp_fit()).axes[0].images[0].get_array()
    assert np.array_equal(image, x["scaled"].to_numpy().reshape(4, -1).T)


def test_the_factor_has_the_pattern_of_the_engines_elimination() -> None:
    """Plates never meet, samples all do: L is that of the dense matrix with the plates first."""
    fit = crossed_fit()
    table = plot.factor_pattern_table(fit, "L")
    z = fit.getME("Z").toarray()
    low = np.linalg.cholesky(z.T @ z + np.eye(z.shape[1]))
    assert set(zip(table["row"], table["column"], strict=True)) == {
        (int(r), int(c)) for r, c in zip(*np.nonzero(np.abs(low) > 1e-12), strict=True)
    }


def test_large_matrices_are_counted_by_cell() -> None:
    data = mm.datasets.load("InstEval").head(3000)
    fit = mm.lmer("y ~ service + (1 | s) + (1 | d)", data)
    table = plot.factor_pattern_table(fit, "Z")
    assert int(table["count"].sum()) == fit.getME("Z").nnz
    assert len(plot.design_matrix_table(fit)) == 2 * 400


def test_replicates() -> None:
    boot = sleep_fit().bootstrap(40, seed=1)
    table = plot.bootstrap_table(boot, "sigma")
    (ax,) = plot.bootstrap(boot, "sigma").axes
    curve = part(table, "density")
    estimate = part(table, "estimate")
    assert points_of(ax) == told(curve, "value", "density") | told(estimate, "value", "density") | {
        (float(f"{estimate['value'].iloc[0]:.9g}"), 0.0)
    }
    assert float(estimate["value"].iloc[0]) == boot.t0["sigma"]
    assert np.allclose(part(table, "limit")["value"], np.quantile(boot.t[:, boot.names.index("sigma")], [0.025, 0.975]))


def test_likelihood_surfaces() -> None:
    fit = sleep_fit()
    names = fit.getME("theta").names
    table = plot.likelihood_surface_table(fit, [names[0], names[2]], points=7)
    theta = np.asarray(fit.theta)
    at = [float(table[names[0]][10]), theta[1], float(table[names[2]][10])]
    assert table["rise"][10] == pytest.approx(fit.objective(at) - fit.objective(theta), abs=1e-12)
    one = plot.likelihood_surface_table(crossed_fit(), "plate.(Intercept)", points=9)
    (ax,) = plot.likelihood_surface(crossed_fit(), "plate.(Intercept)", points=9).axes
    assert rounded(ax.lines[0].get_xydata()) == told(one, "plate.(Intercept)", "rise")
    assert (one["rise"] > -1e-9).all()
    glmm = plot.likelihood_surface_table(cbpp_fit(), points=5)
    assert (glmm["rise"] > -1e-9).all()


def test_power() -> None:
    table = pd.DataFrame({"value": [5, 10], "power": [0.4, 0.8], "conf_low": [0.3, 0.7], "conf_high": [0.5, 0.9]})
    (ax,) = plot.power_curve(table).axes
    assert points_of(ax) == told(plot.power_curve_table(table), "value", "power", "conf_low", "conf_high")


PREDICTIONS = pd.DataFrame(
    {
        "x": [0.0, 1.0, 2.0] * 4,
        "predicted": np.arange(12.0),
        "conf_low": np.arange(12.0) - 1,
        "conf_high": np.arange(12.0) + 1,
        "group": ["a"] * 3 + ["b"] * 3 + ["a"] * 3 + ["b"] * 3,
        "facet": ["u"] * 6 + ["v"] * 6,
    }
)


def test_effects_along_a_number() -> None:
    points = pd.DataFrame({"x": [0.5, 1.5], "y": [3.0, 4.0], "facet": ["u", "v"]})
    table = plot.effects_table(PREDICTIONS, points)
    figure = plot.effects(PREDICTIONS, points)
    assert [ax.get_title() for ax in figure.axes] == ["facet = u", "facet = v"]
    for ax, (_, rows) in zip(figure.axes, table.groupby("facet", sort=False), strict=True):
        assert points_of(ax) == told(rows, "position", "predicted")
        band = rounded(ax.collections[0].get_paths()[0].vertices)
        first = rows[(rows["group"] == "a") & (rows["part"] == "predicted")]
        assert told(first, "position", "conf_low", "conf_high") <= band
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["a", "b"]


def test_effects_along_categories() -> None:
    predictions = PREDICTIONS.assign(x=["p", "q", "r"] * 4).query("facet == 'u'").drop(columns="facet")
    points = pl.DataFrame({"x": ["p", "r"], "response": [1.0, 2.0], "group": ["a", "b"]})
    table = plot.effects_table(predictions, points)
    (ax,) = plot.effects(predictions, points).axes
    rows = part(table, "predicted")
    dots = part(table, "point")
    assert points_of(ax) == told(rows, "position", "predicted", "conf_low", "conf_high") | told(
        dots, "position", "predicted"
    )
    assert [t.get_text() for t in ax.get_xticklabels()] == ["p", "q", "r"]
    assert (rows["position"].to_numpy()[:3] < rows["position"].to_numpy()[3:]).all()
