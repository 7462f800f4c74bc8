"""Adjusted predictions by themselves: what they hold, with every class of model and table, and what is refused."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from tests.support.adjusted_reference import table

import mixedmodels as mm
from mixedmodels import r


@pytest.fixture(scope="module")
def bees() -> pd.DataFrame:
    return table("bees").assign(cov=lambda d: d["x"] > 0, k=lambda d: (d["z"] * 2).round().astype(int))


@pytest.fixture(scope="module")
def mixed(bees):
    return mm.lmer("y ~ x * z + f + (x | site)", bees)


@pytest.fixture(scope="module")
def counts(bees):
    return mm.glmer("count ~ x + f + (1 | site)", bees, "poisson")


def test_predictions_are_those_of_predict(mixed, bees) -> None:
    found = mixed.ggpredict(["x [-1, 0, 1]", "f [a, c]"])
    rows = pd.DataFrame({"x": found["x"], "f": found["group"], "z": bees["z"].mean()})
    np.testing.assert_allclose(found.predicted, mixed.predict(rows, re_form="~0"), rtol=1e-12)
    by_site = mixed.ggpredict(["x [-1, 1]", "site [s03, s01]"], type="random", condition={"f": "b"})
    rows = pd.DataFrame({"x": by_site["x"], "site": by_site["group"], "z": bees["z"].mean(), "f": "b"})
    np.testing.assert_allclose(by_site.predicted, mixed.predict(rows), rtol=1e-12)
    held = mixed.ggpredict("x [-1, 1]", type="random", condition={"f": "b", "site": "s03"})
    np.testing.assert_allclose(held.predicted, by_site.predicted[::2], rtol=1e-12)


def test_errors_are_the_quadratic_forms(mixed, bees) -> None:
    found = mixed.ggpredict("x [2]", condition={"f": "c"})
    row = np.array([1, 2, bees["z"].mean(), 0, 1, 2 * bees["z"].mean()])
    v = np.asarray(mixed.vcov())
    assert found.std_error[0] == pytest.approx(np.sqrt(row @ v @ row), rel=1e-10)
    z = np.array([1, 2])
    sigma = np.asarray(mixed.VarCorr()["site"])
    wide = mixed.ggpredict("x [2]", condition={"f": "c"}, type="random", variance="all")
    assert wide.std_error[0] ** 2 == pytest.approx(row @ v @ row + mixed.sigma**2 + z @ sigma @ z, rel=1e-10)
    known = mixed.ggpredict(["x [2]", "site [s01]"], condition={"f": "c"}, type="random", variance="all")
    assert known.std_error[0] ** 2 == pytest.approx(row @ v @ row + mixed.sigma**2, rel=1e-10)
    assert wide.included == ("the residual", "the random effects of unknown groups")


def test_methods_for_small_samples_give_their_covariance(mixed) -> None:
    plain, kr = r.ggpredict(mixed, "f"), mixed.ggpredict("f", ddf="Kenward-Roger")
    assert (plain.df == mixed.df_resid).all()  # as ggeffects
    assert (kr.df < 30).all()
    means = mixed.update(ddf="KR").emmeans(
        "f", at={"x": float(np.mean(table("bees")["x"])), "z": float(np.mean(table("bees")["z"]))}
    )
    np.testing.assert_allclose(kr.std_error, means["std_error"], rtol=1e-9)
    np.testing.assert_allclose(kr.df, means["df"], rtol=1e-9)


def test_bias_correction_is_of_second_order(counts, bees) -> None:
    plain, corrected = counts.ggpredict("f"), counts.ggpredict("f", bias_correction=True)
    variance = np.asarray(counts.VarCorr()["site"])[0, 0]
    np.testing.assert_allclose(corrected.predicted, plain.predicted * (1 + variance / 2), rtol=1e-6)
    logged = mm.lmer("log(pos) ~ x + (1 | site)", bees)
    both = np.asarray(logged.VarCorr()["site"])[0, 0] + logged.sigma**2
    plain, corrected = logged.ggpredict("x [0]"), logged.ggpredict("x [0]", bias_correction=True)
    assert corrected.predicted[0] == pytest.approx(plain.predicted[0] * (1 + both / 2), rel=1e-6)


def test_the_gradient_is_that_of_the_predictions(counts) -> None:
    found = counts.ggpredict("f")
    errors = np.sqrt(np.diag(found.vcov()))
    np.testing.assert_allclose(errors, found.predicted * found.std_error, rtol=1e-9)  # log link
    compared = found.compare("reference", adjust="holm")
    assert compared.names == ("(b) - (a)", "(c) - (a)")
    v = found.vcov()
    assert compared["std_error"][0] == pytest.approx(np.sqrt(v[0, 0] + v[1, 1] - 2 * v[0, 1]), rel=1e-9)
    assert len(r.hypothesis_test(counts, "f")) == 3
    link = counts.ggpredict("f", scale="link").compare()
    pairs = counts.emmeans("f").pairs()
    np.testing.assert_allclose(link["estimate"], pairs["estimate"], rtol=1e-9)
    np.testing.assert_allclose(link["std_error"], pairs["std_error"], rtol=1e-9)


def test_slopes_are_compared_where_the_first_term_is_a_number(mixed) -> None:
    alone = r.hypothesis_test(mixed, "x")
    assert alone["estimate"] == pytest.approx(mixed.emtrends("~ 1", "x")["estimate"])
    cake = mm.lm("angle ~ recipe * temp", mm.datasets.load("cake"))
    found = r.hypothesis_test(cake, ["temp", "recipe"])
    np.testing.assert_allclose(found["estimate"], cake.emtrends("~ recipe", "temp").pairs()["estimate"], rtol=1e-12)


def test_margins_agree_where_they_must(bees) -> None:
    additive = mm.lm("y ~ x + f + g", bees)
    means, average = additive.ggemmeans("x [0, 1]"), additive.ggaverage("x [0, 1]")
    by_share = additive.ggeffect("x [0, 1]")
    np.testing.assert_allclose(average.predicted, by_share.predicted, rtol=1e-12)  # linear: averages of rows
    np.testing.assert_allclose(average.std_error, by_share.std_error, rtol=1e-9)
    levels = [
        additive.ggpredict("x [0, 1]", condition={"f": f, "g": g}).predicted for f in "abc" for g in ("low", "high")
    ]
    np.testing.assert_allclose(means.predicted, np.mean(levels, axis=0), rtol=1e-12)
    modal = additive.ggpredict("x [0]", margin="mean_mode")
    assert modal.constants == {"f": bees["f"].mode()[0], "g": bees["g"].mode()[0]}


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "dict"])
def test_tables_come_back_in_the_kind_that_came_in(bees, kind: str) -> None:
    import polars
    import pyarrow

    columns = bees[["y", "x", "f", "site"]]
    data = {
        "pandas": columns,
        "polars": polars.from_pandas(columns),
        "pyarrow": pyarrow.Table.from_pandas(columns),
        "dict": {c: columns[c].to_numpy() for c in columns},
    }[kind]
    fit = mm.lmer("y ~ x + f + (1 | site)", data)
    expected = {"polars": polars.DataFrame, "pyarrow": pyarrow.Table}.get(kind, pd.DataFrame)
    for result in (fit.ggpredict("x"), fit.partial_residuals("x"), fit.pooling(), fit.group_lines("x")):
        assert isinstance(result.to_frame(), expected)
    names = fit.ggpredict(["x", "f"]).to_frame("pandas", term_names=True)
    assert list(names) == ["x", "predicted", "std_error", "conf_low", "conf_high", "f"]


def test_truth_values_factors_of_numbers_and_numbered_groups(bees) -> None:
    fit = mm.lm("y ~ cov * x", bees)
    assert fit.ggpredict("cov")["x"].tolist() == [False, True]
    assert fit.ggpredict("x", condition={"cov": True}).constants["cov"] is True
    made = mm.lm("y ~ factor(k) + x", bees)
    assert made.ggpredict("k")["x"].tolist() == sorted(set(bees["k"].astype(float)))
    assert made.ggpredict("x").constants["k"] == bees["k"].min()
    numbered = mm.lmer("y ~ x + (1 | number)", bees.assign(number=bees["site"].str[1:].astype(int)))
    named = mm.lmer("y ~ x + (1 | site)", bees)
    found = numbered.ggpredict(["x [0, 1]", "number [1, 2]"], type="random")
    np.testing.assert_allclose(
        found.predicted, named.ggpredict(["x [0, 1]", "site [s01, s02]"], type="random").predicted, rtol=1e-9
    )
    drawn = numbered.ggpredict(["x [0]", "number [sample=3]"], type="random", seed=4)
    again = numbered.ggpredict(["x [0]", "number [sample=3]"], type="random", seed=4)
    assert len(set(drawn["group"])) == 3
    assert drawn["group"].tolist() == again["group"].tolist()


def test_what_cannot_be_estimated_is_missing_and_said(bees) -> None:
    holed = bees[(bees["f"] != "c") | (bees["g"] != "low")]
    fit = mm.lm("y ~ f * g + x", holed)
    for found in (fit.ggpredict(["f", "g"]), fit.ggemmeans(["f", "g"]), fit.ggaverage(["f", "g"])):
        assert np.isnan(found.predicted).sum() == 1
        assert "1 of 6 predictions are missing" in repr(found)
    logged = mm.lm("y ~ log(p)", bees).ggpredict("p")
    assert 0.0 not in logged["x"]
    assert "p = 0" in repr(logged)


def test_models_from_a_file_predict_what_they_know(mixed, tmp_path) -> None:
    mixed.save(tmp_path / "m.json")
    loaded = mm.load(tmp_path / "m.json")
    condition = {"x": 0, "z": 1}
    np.testing.assert_allclose(
        loaded.ggpredict("f", condition=condition).predicted, mixed.ggpredict("f", condition=condition).predicted
    )
    np.testing.assert_allclose(
        loaded.ggpredict(["f", "site [s02]"], condition=condition, type="random").predicted,
        mixed.ggpredict(["f", "site [s02]"], condition=condition, type="random").predicted,
    )
    with pytest.raises(mm.errors.DataError, match=r"condition=\{'x'"):
        loaded.ggpredict("f")
    with pytest.raises(mm.errors.DataError, match="give some"):
        loaded.ggpredict("x")
    for verb in ("partial_residuals", "group_lines", "ggaverage"):
        with pytest.raises(mm.errors.DataError, match="file"):
            getattr(loaded, verb)("f" if verb != "group_lines" else "x")
    with pytest.raises(mm.errors.DataError, match="rows"):
        loaded.pooling()


def test_offsets_stand_at_their_mean(bees) -> None:
    given = np.log(bees["effort"].to_numpy())
    fit = mm.glm("count ~ x", bees, "poisson", offset=given)
    found = fit.ggpredict("x [0]", scale="link")
    assert found.predicted[0] == pytest.approx(fit.fixef()["(Intercept)"] + given.mean(), rel=1e-12)
    formula = mm.glm("count ~ x + offset(log(effort))", bees, "poisson").ggpredict("x [0]", scale="link")
    assert formula.predicted[0] == pytest.approx(fit.fixef()["(Intercept)"] + np.log(bees["effort"].mean()), rel=1e-9)
    average = fit.ggaverage("x [0]")
    assert average.predicted[0] == pytest.approx(np.exp(fit.fixef()["(Intercept)"] + given).mean(), rel=1e-12)


def test_simulated_predictions_are_means_of_draws(mixed, counts, bees) -> None:
    found = counts.ggpredict("f", type="simulate", nsim=400, seed=1)
    expected = [counts.fitted()[bees["f"] == level].mean() for level in "abc"]
    assert found.predicted == pytest.approx(expected, rel=0.05)  # 400 draws of 50 rows each
    assert (found.conf_low < found.predicted).all()
    assert found.predicted.tolist() == counts.ggpredict("f", type="simulate", nsim=400, seed=1).predicted.tolist()
    new = mixed.ggpredict("f", type="simulate_random", nsim=400, seed=1)
    assert (new.std_error > mixed.ggpredict("f", type="simulate", nsim=400, seed=1).std_error).all()
    with pytest.raises(mm.errors.DataError, match="simulated predictions have no"):
        found.compare()


def test_records_are_values(mixed, counts) -> None:
    for result in (
        mixed.ggpredict(["x", "f"], ddf="Satterthwaite"), counts.ggaverage("f"), counts.ggemmeans("f"),
        mixed.partial_residuals("x"), mixed.pooling(), mixed.group_lines("x"), mixed.johnson_neyman("x", "z"),
        mixed.pooling().lines("x"),
    ):  # fmt: skip
        again = pickle.loads(pickle.dumps(result))
        assert repr(again) == repr(result)
        assert again._repr_html_() == result._repr_html_()


def test_small_formulas(bees) -> None:
    empty = mm.lmer("y ~ 1 + (1 | site)", bees)
    found = empty.ggpredict("site", type="random")
    np.testing.assert_allclose(found.predicted, empty.coef()["site"]["(Intercept)"], rtol=1e-12)
    only = mm.lmer("y ~ f + (x | site)", bees)  # a slope that varies around no fixed one
    flat = only.ggpredict("x [0, 1]")
    assert flat.predicted[0] == pytest.approx(flat.predicted[1])
    tilted = only.ggpredict(["x [0, 1]", "site [s01]"], type="random")
    assert tilted.predicted[1] - tilted.predicted[0] == pytest.approx(only.ranef()["site"].loc["s01", "x"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.SingularFitWarning)
        nested = mm.lmer("y ~ x + (1 | site/plot)", bees)
    cells = nested.ggpredict(["x [0]", "site [s01]", "plot [p1, p2]"], type="random")
    rows = pd.DataFrame({"x": [0.0, 0.0], "site": "s01", "plot": ["p1", "p2"]})
    np.testing.assert_allclose(cells.predicted, nested.predict(rows), rtol=1e-12)


REFUSED = [
    ({"terms": "xx"}, "did you mean 'x'"),
    ({"terms": "f [q]"}, "has no level 'q'"),
    ({"terms": "x [nonsense]"}, "does not describe its values"),
    ({"terms": {"x": ["a"]}}, "values are given"),
    ({"terms": "f [n=3]"}, "is a factor"),
    ({"terms": "site [sample=99]", "type": "random"}, "10 levels"),
    ({"terms": "x", "condition": {"q": 1}}, "condition has 'q'"),
    ({"terms": "x", "condition": {"x": 1}}, "varied or held"),
    ({"terms": "x", "condition": {"z": "a"}}, "give one number"),
    ({"terms": "x", "type": "both"}, "type is 'both'"),
    ({"terms": "x", "margin": "all"}, "margin is 'all'"),
    ({"terms": "x", "scale": "log"}, "scale must be"),
    ({"terms": "x", "interval": "wide"}, "interval must be"),
    ({"terms": "x", "level": 2}, "level must lie"),
    ({"terms": "x", "typical": "middle"}, "typical is 'middle'"),
    ({"terms": "x", "variance": "residual"}, "interval='prediction'"),
    ({"terms": "x", "interval": "prediction", "variance": "none"}, "variance is 'none'"),
    ({"terms": "x", "bias_correction": True}, "come back"),
    ({"terms": "x", "margin": "empirical", "interval": "prediction"}, "no new observation"),
    ({"terms": "site", "margin": "marginalmeans"}, "no marginal means"),
    ({"terms": "x [0:1e7]"}, "fewer values"),
    ({"terms": "x", "ddf": "Bartlett"}, "Bartlett"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_what_makes_no_sense_is_refused(mixed, arguments: dict, message: str) -> None:
    given = dict(arguments)
    with pytest.raises(mm.errors.MixedModelsError, match=message):
        mixed.ggpredict(given.pop("terms"), **given)


def test_what_other_models_refuse(counts, bees) -> None:
    with pytest.raises(mm.errors.DataError, match="not normal around"):
        counts.ggpredict("x", interval="prediction", variance="residual")
    linear = mm.lm("y ~ x", bees)
    with pytest.raises(mm.errors.DataError, match="no random effects"):
        linear.ggpredict("x", type="random")
    with pytest.raises(mm.errors.DataError, match="no variance of theirs"):
        linear.ggpredict("x", interval="prediction", variance="all")
    binary = mm.glm("hit ~ x", bees, "binomial")
    with pytest.raises(mm.errors.DataError, match="say little"):
        binary.ggpredict("x", type="simulate")
    with pytest.raises(mm.errors.DataError, match="nothing to correct"):
        binary.ggpredict("x", bias_correction=True)


def test_names_of_r(mixed, bees) -> None:
    every = r.ggpredict(mixed, ci_lvl=0.9)
    assert list(every) == ["x", "z", "f"]
    assert every["f"].level == 0.9
    grid = r.new_data(mixed, ["x [0, 1]", "f"])
    assert list(grid.columns) == ["x", "f", "z"]
    assert len(grid) == 6
    np.testing.assert_allclose(
        mixed.predict(grid, re_form="~0"), r.ggpredict(mixed, ["x [0, 1]", "f"]).predicted, rtol=1e-12
    )
    assert r.values_at(bees["x"], "minmax").tolist() == [-2.89, 2.21]
    assert r.pretty_range(bees["x"], 3)[0] <= bees["x"].min()
    np.testing.assert_allclose(r.ggemmeans(mixed, "f").predicted, mixed.ggemmeans("f").predicted)
    np.testing.assert_allclose(r.ggeffect(mixed, "f").predicted, mixed.ggeffect("f").predicted)
    assert r.johnson_neyman(mixed, "x", "z").bounds == mixed.johnson_neyman("x", "z", ddf=mixed.df_resid).bounds
    with pytest.raises(mm.errors.DataError, match="pairwise"):
        r.hypothesis_test(mixed, ["x", "f"], test="reference")
    with pytest.raises(mm.errors.DataError, match="no predictor"):
        r.ggpredict(mm.lm("y ~ 1", bees))


def test_an_array_beside_the_data_says_nothing_about_other_rows(bees) -> None:
    fit = mm.lm("y ~ x + q", bees, env={"q": bees["z"].to_numpy()})
    with pytest.raises(mm.errors.DataError, match="'q' is an array of env="):
        fit.ggpredict("x")
    assert len(mm.lm("y ~ I(x * q)", bees, env={"q": 2.0}).ggpredict("x [0, 1]")) == 2
