"""Poolings and lines by group: against fits of each level, and levels that do not tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.support.adjusted_reference import table

import mixedmodels as mm


@pytest.fixture(scope="module")
def bees():
    return table("bees")


def test_each_level_has_its_own_regression(bees) -> None:
    fit = mm.lmer("y ~ x + f + (x | site)", bees, weights="w")
    found = fit.pooling()
    alone, partial = found.coefficients("no"), found.coefficients("partial")
    for site, rows in bees.groupby("site"):
        expected = dict(mm.lm("y ~ x + f", rows, weights="w").coef())
        if not found.missing.get(site):
            assert alone.loc[site].to_dict() == pytest.approx(expected, rel=1e-8)
    np.testing.assert_allclose(partial, fit.coef()["site"][list(partial.columns)], rtol=1e-12)
    complete = dict(mm.lm("y ~ x + f", bees, weights="w").fixef())
    assert found.coefficients("complete").iloc[0].to_dict() == pytest.approx(complete, rel=1e-9)
    k = found.terms.index("x")
    fixed = fit.fixef()["x"]
    expected = 1 - (partial["x"] - fixed) / (alone["x"] - fixed)
    np.testing.assert_allclose(found.pools.shrinkage[:, k], expected, rtol=1e-9)
    assert np.isnan(found.pools.shrinkage[:, found.terms.index("fb")]).all()  # f does not vary among the sites


def test_levels_of_one_row_say_why(bees) -> None:
    small = bees[(bees["site"] != "s04") | (bees.index == bees.index[bees["site"] == "s04"][0])]
    fit = mm.lmer("y ~ x + (1 | site)", small)
    found = fit.pooling()
    assert found.missing == {"s04": "1 row does not determine (Intercept), x"}
    assert np.isnan(found.coefficients("no").loc["s04"]).all()
    assert np.isfinite(found.coefficients("partial").loc["s04"]).all()
    lines = found.lines("x", [0.0, 1.0]).to_pandas()
    row = lines[(lines["group"] == "s04") & (lines["method"] == "no")]
    assert np.isnan(row["fitted"]).all()
    own = small[small["site"] == "s04"]
    at_its_own = found.lines("x", own["x"].tolist()).to_pandas().query("group == 's04' and method == 'no'")
    assert at_its_own["fitted"].iloc[0] == pytest.approx(own["y"].iloc[0])  # there the row itself is known
    assert "s04: 1 row" in repr(found)


def test_separated_levels_are_flagged(bees) -> None:
    data = bees.assign(hit=np.where(bees["site"] == "s02", 0, np.where(bees["site"] == "s05", 1, bees["hit"])))
    threshold = data["site"] == "s07"
    data.loc[threshold, "hit"] = (data["x"][threshold] > data["x"][threshold].median()).astype(int)
    fit = mm.glmer("hit ~ x + (1 | site)", data, "binomial")
    found = fit.pooling()
    assert found.missing["s02"].startswith("all responses are 0, so that (Intercept)")
    assert found.missing["s05"].startswith("all responses are 1")
    assert found.missing["s07"] == "the responses are separated, so that (Intercept), x would be infinite"
    alone = found.coefficients("no")
    assert alone.loc[["s02", "s05", "s07"]].isna().to_numpy().any(axis=1).all()
    good = [s for s in alone.index if s not in found.missing]
    assert len(good) >= 5
    for site in good[:2]:
        expected = dict(mm.glm("hit ~ x", data[data["site"] == site], "binomial").coef())
        assert alone.loc[site].to_dict() == pytest.approx(expected, rel=1e-6)
    line = found.lines("x", [0.0], scale="response").to_pandas().query("method == 'no' and group == 's02'")
    assert line["fitted"].iloc[0] < 1e-6


@pytest.mark.filterwarnings("ignore::mixedmodels.SingularFitWarning")
def test_proportions_and_negative_binomial_counts(bees) -> None:
    fit = mm.glmer("cbind(s, n - s) ~ x + (1 | site)", bees, "binomial")
    site = bees[bees["site"] == "s03"]
    expected = dict(mm.glm("cbind(s, n - s) ~ x", site, "binomial").coef())
    assert fit.pooling().coefficients("no").loc["s03"].to_dict() == pytest.approx(expected, rel=1e-6)
    counted = mm.glmer_nb("count ~ x + offset(log(effort)) + (1 | site)", bees)
    theta = counted.shapes["theta"]
    family = mm.families.NegativeBinomial(theta=theta)
    expected = dict(mm.glm("count ~ x + offset(log(effort))", site, family).coef())
    assert counted.pooling().coefficients("no").loc["s03"].to_dict() == pytest.approx(expected, rel=1e-6)


def test_what_levels_hold_constant_is_in_their_intercept(bees) -> None:
    data = bees.assign(size=bees["site"].str[1:].astype(float))
    fit = mm.lmer("y ~ x + size + (1 | site)", data)
    found = fit.pooling()
    assert found.missing == {}
    alone = found.coefficients("no")
    assert alone["size"].isna().all()
    site = data[data["site"] == "s06"]
    expected = dict(mm.lm("y ~ x", site).coef())
    assert alone.loc["s06", ["(Intercept)", "x"]].to_dict() == pytest.approx(expected, rel=1e-9)
    fixed = dict(fit.fixef())
    partial = found.coefficients("partial").loc["s06", "(Intercept)"]
    own = alone.loc["s06", "(Intercept)"] - fixed["size"] * 6
    shrinkage = 1 - (partial - fixed["(Intercept)"]) / (own - fixed["(Intercept)"])
    assert found.pools.shrinkage[5, 0] == pytest.approx(shrinkage, rel=1e-8)
    lines = found.lines("x", [1.0]).to_pandas().query("group == 's06'").set_index("method")["fitted"]
    assert lines["no"] == pytest.approx(expected["(Intercept)"] + expected["x"], rel=1e-9)
    assert lines["partial"] == pytest.approx(
        float(np.asarray(fit.predict(pd.DataFrame({"x": [1.0], "size": [6.0], "site": ["s06"]})))[0]), rel=1e-10
    )


@pytest.mark.filterwarnings("ignore::mixedmodels.SingularFitWarning")
def test_effects_that_only_vary_and_several_groups(bees) -> None:
    fit = mm.lmer("y ~ f + (x | site) + (1 | plot)", bees)
    with pytest.raises(mm.errors.DataError, match="say which: group="):
        fit.pooling()
    with pytest.raises(mm.errors.DataError, match="no grouping factor 'hive'"):
        fit.pooling("hive")
    found = fit.pooling("site")
    assert found.terms == ("(Intercept)", "fb", "fc", "x")
    assert found.pools.fixed[3] == 0
    rows = bees[bees["site"] == "s01"]
    expected = dict(mm.lm("y ~ f + x", rows).coef())
    assert found.coefficients("no").loc["s01"].to_dict() == pytest.approx(expected, rel=1e-8)
    np.testing.assert_allclose(found.coefficients("partial")["x"], fit.ranef()["site"]["x"], rtol=1e-10)
    with pytest.raises(mm.errors.DataError, match="random effects"):
        mm.lm("y ~ x", bees).pooling()


@pytest.mark.filterwarnings("ignore::mixedmodels.SingularFitWarning")
def test_an_effect_that_the_fixed_ones_make_up_adds_to_them(bees) -> None:
    fit = mm.lmer("y ~ f + (0 + f | site)", bees)
    found = fit.pooling()
    assert found.terms == ("(Intercept)", "fb", "fc")
    modes = fit.ranef()["site"]
    fixed, partial = dict(fit.fixef()), found.coefficients("partial")
    np.testing.assert_allclose(partial["(Intercept)"], fixed["(Intercept)"] + modes["fa"], rtol=1e-8)
    np.testing.assert_allclose(partial["fb"], fixed["fb"] + modes["fb"] - modes["fa"], rtol=1e-7)
    cells = fit.ggpredict(["f", "site"], type="random")
    means = partial["(Intercept)"].tolist(), (partial["(Intercept)"] + partial["fb"]).tolist()
    np.testing.assert_allclose(cells.predicted[:20], [*means[0], *means[1]], rtol=1e-8)


def test_lines_by_group_are_predictions(bees) -> None:
    fit = mm.lmer("y ~ x * z + f + (x | site)", bees)
    found = fit.group_lines("x", points=5).to_frame()
    groups = found[found["line"] == "group"]
    rows = groups.rename(columns={"group": "site"}).assign(z=bees["z"].mean(), f="a")
    np.testing.assert_allclose(groups["predicted"], fit.predict(rows), rtol=1e-10)
    own = bees.groupby("site")["x"].agg(["min", "max"])
    ends = groups.groupby("group")["x"].agg(["min", "max"])
    np.testing.assert_allclose(ends, own)
    typical = found[found["line"] == "typical"]
    expected = fit.ggpredict({"x": typical["x"].tolist()})
    np.testing.assert_allclose(typical["conf_high"], expected.conf_high)
    common = fit.group_lines("x", span="common", points=3, condition={"f": "c"}).to_frame()
    assert common[common["line"] == "group"].groupby("group")["x"].nunique().eq(3).all()
    with pytest.raises(mm.errors.DataError, match="lines run along a number"):
        fit.group_lines("f")
    with pytest.raises(mm.errors.DataError, match="'own' or 'common'"):
        fit.group_lines("x", span="wide")
    with pytest.raises(mm.errors.DataError, match="2 points"):
        fit.group_lines("x", points=1)


def test_lines_of_a_nested_group_and_of_counts(bees) -> None:
    fit = mm.glmer("count ~ x + (1 | site:plot)", bees, "poisson")
    found = fit.group_lines("x", values=[0.0]).to_frame()
    rows = bees.drop_duplicates(["site", "plot"]).assign(x=0.0)
    expected = dict(zip(rows["site"] + ":" + rows["plot"], fit.predict(rows, type="response"), strict=True))
    groups = found[found["line"] == "group"]
    np.testing.assert_allclose(groups["predicted"], [expected[g] for g in groups["group"]], rtol=1e-10)
