"""Marginal means, trends, contrasts and joint tests: emmeans' numbers and print, invariances, options, bad input."""

from __future__ import annotations

import warnings
from functools import lru_cache
from itertools import product

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.support.emmeans_cases import QUESTIONS, Models, reference, table

import mixedmodels as mm
from mixedmodels import r
from mixedmodels.r import small_samples

COLUMNS = {
    "SE": "std_error", "df": "df", "lower.CL": "conf_low", "asymp.LCL": "conf_low", "upper.CL": "conf_high",
    "asymp.UCL": "conf_high", "null": "null", "t.ratio": "statistic", "z.ratio": "statistic", "F.ratio": "f_value",
    "p.value": "p_value", "df1": "num_df", "df2": "den_df",
}  # fmt: skip
MODELS = Models()

# Relative, p-values absolute. emmeans rounds F to three decimals and the degrees of freedom of a joint test to two, and
# takes the p-value of what is confounded from rounded F. lme4's optimum is known to 1e-7 or so of theta, glmmTMB's to
# less.
TOLERANCE = {"std_error": 2e-6, "df": 1e-4, "p_value": 1e-6}
TOLERANCE_OF_JOINT_TESTS = {"f_value": 1e-3, "den_df": 1e-3, "num_df": 0.0, "p_value": 1e-6}
# R finds the quantile of "dunnettx" by bisection to five digits.
LOOSE = {"herds_prob": 1e-5, "herds_odds": 1e-5, "seven_dunnett": 1e-4}
CONFOUNDED = ("holes_joint", "oats3_joint")


@lru_cache
def answer(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.RankDeficientWarning)
        return QUESTIONS[name](MODELS)


def numbers(values):
    values = values if isinstance(values, list) else [values]
    return np.array([np.nan if v in ("NA", None) else float(v) for v in values])


@pytest.mark.parametrize("name", list(QUESTIONS))
def test_numbers_of_emmeans(name):
    expected = reference()["answers"][name]["frame"]
    found = answer(name)
    seen = set()
    labels = getattr(found, "table", found).labels
    for column, values in expected.items():
        ours = COLUMNS.get(column)
        if ours is None:
            if column in labels or column == "note":
                continue
            ours = "estimate"
        seen.add(ours)
        tolerances = TOLERANCE_OF_JOINT_TESTS if "df1" in expected else TOLERANCE
        tolerance = max(tolerances.get(ours, 1e-6), LOOSE.get(name, 0))
        want = numbers(values)
        if name in CONFOUNDED and ours == "p_value":
            want = want[:-1]
        absolute = tolerance if ours in ("p_value", "f_value", "den_df") else 1e-9
        np.testing.assert_allclose(found[ours][: len(want)], want, rtol=tolerance, atol=absolute, err_msg=column)
    assert {"std_error", "f_value"} & seen
    for column, values in labels.items():
        texts = [str(v) for v in (expected[column] if isinstance(expected[column], list) else [expected[column]])]
        assert len(texts) == len(values)
        if not isinstance(values[0], (float, bool)):
            assert texts == list(values)


def with_our_name(line):
    """A line of emmeans with the name that a method has everywhere in this package."""
    names = {"kenward-roger": "Kenward-Roger", "satterthwaite": "Satterthwaite", "asymptotic": "normal"}
    head, colon, method = line.partition("Degrees-of-freedom method: ")
    return head + colon + names.get(method, method)


@pytest.mark.parametrize("name", [n for n in QUESTIONS if n not in CONFOUNDED])
def test_print_of_emmeans(name):
    """Line for line, but for blanks at the end of lines; what R says by message() stands below."""
    stored = reference()["answers"][name]
    notes = [" ".join(line.split()) for line in stored["notes"]]
    want = [with_our_name(line.rstrip()) for line in stored["text"] if "user-specified" not in line]
    got = [line.rstrip() for line in repr(answer(name)).split("\n")]
    assert got[: len(want)] == want
    joint = "joint" in name  # R says nothing there about interactions that the tests are about
    assert joint or sorted(got[len(want) :]) == sorted(notes)


def test_at_least_fifteen_models_and_all_classes():
    assert len({type(getattr(MODELS, n)).__name__ for n in ("warp", "claims", "oats", "herds")}) == 4
    assert len(QUESTIONS) == len(reference()["answers"]) >= 100


# -- invariances ----------------------------------------------------------------------------------------------------


def scattered(seed=3, n=90):
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {
            "A": rng.choice(list("abc"), n),
            "B": rng.choice(["u", "v"], n),
            "x": rng.normal(size=n),
            "g": rng.integers(0, 9, n),
        }
    )
    data["y"] = rng.normal(size=n) + (data.A == "b") * data.x + (data.B == "v") + rng.normal(size=9)[data.g]
    return data


FITS = {
    "lm": lambda data, **more: mm.lm("y ~ A * B + A:x", data, **more),
    "lmer": lambda data, **more: mm.lmer("y ~ A * B + A:x + (1 | g)", data, **more),
}


@pytest.mark.parametrize("kind", list(FITS))
@pytest.mark.parametrize("coding", ["sum", "helmert", "poly", "SAS"])
def test_coding_of_factors_does_not_matter(kind, coding):
    data = scattered()
    plain, other = FITS[kind](data), FITS[kind](data, contrasts={"A": coding, "B": coding})
    for ask in (
        lambda m: m.emmeans("~ A | B"),
        lambda m: m.emmeans("A").pairs(),
        lambda m: m.emtrends("A", var="x"),
    ):
        for column in ("estimate", "std_error", "df"):
            np.testing.assert_allclose(ask(other)[column], ask(plain)[column], rtol=1e-6)
    # The denominator that emmeans takes for a joint test of an lmer, the least of some rows, is the coding's own.
    joint = ("f_value", "den_df", "p_value") if kind == "lm" else ("num_df", "f_value")
    ours, theirs = other.joint_tests(), plain.joint_tests()
    for column in joint:
        np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-6)


@pytest.mark.parametrize("kind", list(FITS))
def test_names_and_order_of_levels_do_not_matter(kind):
    data = scattered()
    plain = FITS[kind](data).emmeans("~ A * B").to_frame().set_index(["A", "B"])
    turned = data.assign(A=pd.Categorical(data.A, ["c", "a", "b"]), B=data.B.map({"u": "second", "v": "first"}))
    other = FITS[kind](turned).emmeans("~ A * B").to_frame()
    other = other.assign(B=other.B.map({"second": "u", "first": "v"})).set_index(["A", "B"]).loc[plain.index]
    np.testing.assert_allclose(other.to_numpy(), plain.to_numpy(), rtol=1e-7)


def test_means_of_a_balanced_table_are_raw_means():
    rng = np.random.default_rng(1)
    data = pd.DataFrame(list(product("abc", "uv", range(4))), columns=["A", "B", "i"])
    data["y"] = rng.normal(size=len(data))
    fit = mm.lm("y ~ A * B", data)
    np.testing.assert_allclose(fit.emmeans("A")["estimate"], data.groupby("A").y.mean())
    np.testing.assert_allclose(fit.emmeans("~ A * B")["estimate"], data.groupby(["B", "A"]).y.mean())
    np.testing.assert_allclose(fit.emmeans("~ 1")["estimate"], data.y.mean())


def test_cell_weights_give_raw_means_of_an_unbalanced_table():
    data = scattered()
    fit = mm.lm("y ~ A * B", data)
    np.testing.assert_allclose(fit.emmeans("A", weights="cells")["estimate"], data.groupby("A").y.mean())
    counts = data.B.value_counts()
    own = fit.emmeans("A", weights={"B": dict(counts)})
    np.testing.assert_allclose(own["estimate"], fit.emmeans("A", weights="proportional")["estimate"])
    np.testing.assert_allclose(own["estimate"], fit.emmeans("A", weights="outer")["estimate"])


def test_a_cell_of_a_model_with_all_interactions_is_its_mean_and_others_cannot_be_estimated():
    data = scattered()
    data = data[~((data.A == "c") & (data.B == "v"))]
    fit = mm.lm("y ~ A * B", data)
    cells = fit.emmeans("~ A * B").to_frame().set_index(["A", "B"]).estimate
    raw = data.groupby(["A", "B"]).y.mean()
    np.testing.assert_allclose(cells[raw.index], raw)
    assert np.isnan(cells["c", "v"])
    assert "nonEst" in repr(fit.emmeans("A"))


@pytest.mark.parametrize("kind", list(FITS))
def test_joint_tests_of_pairs_are_the_models_f_tests(kind):
    fit = FITS[kind](scattered())
    test = fit.emmeans("A", at={"x": 0}, ddf="asymptotic").pairs().test(joint=True)
    assert test["num_df"] == [2]
    means = fit.emmeans("A", at={"x": 0}, ddf="asymptotic")
    c = means.functions.rows[1:] - means.functions.rows[0]
    np.testing.assert_allclose(test["f_value"], fit._coefficients("asymptotic").f_test(c).f_value)


def test_trends_are_slopes_of_means():
    fit = FITS["lm"](scattered())
    low, high = (fit.emmeans("A", at={"x": v})["estimate"] for v in (0.0, 1.0))
    np.testing.assert_allclose(fit.emtrends("A", var="x")["estimate"], high - low, rtol=1e-9)


def test_regridding_a_linear_scale_changes_nothing_and_a_log_scale_means():
    data = scattered().assign(y=lambda d: np.exp(d.y))
    fit = mm.lm("log(y) ~ A + B", data)
    cells = fit.ref_grid(type="response")
    averaged = cells.regrid().emmeans("A")
    np.testing.assert_allclose(averaged["estimate"], cells["estimate"].reshape(2, 3).mean(axis=0))
    assert fit.emmeans("A").regrid().regrid()["estimate"] == pytest.approx(
        fit.emmeans("A", type="response")["estimate"]
    )


# -- options --------------------------------------------------------------------------------------------------------


def test_formula_with_contrasts_gives_both():
    both = MODELS.warp.emmeans("pairwise ~ tension | wool")
    means, pairs = both
    assert repr(both).startswith("$emmeans\nwool = A:\n")
    assert "$contrasts" in repr(both)
    np.testing.assert_array_equal(means["estimate"], MODELS.warp.emmeans("tension", "wool")["estimate"])
    np.testing.assert_array_equal(pairs["p_value"], answer("warp_pairs")["p_value"])
    same = MODELS.warp.emmeans("tension", by="wool", contr="pairwise", adjust="holm").contrasts
    assert "holm" in repr(same)


def test_tables_come_in_the_kind_that_came_in():
    data = pl.from_pandas(scattered())
    frame = mm.lm("y ~ A * x", data).emmeans("A").to_frame()
    assert isinstance(frame, pl.DataFrame)
    assert frame.columns == ["A", "estimate", "std_error", "df", "conf_low", "conf_high"]


def test_simple_contrasts_of_each_factor():
    each = MODELS.warp.emmeans("~ wool * tension").pairs(simple="each")
    assert list(each) == ["wool", "tension"]
    np.testing.assert_array_equal(each["tension"]["estimate"], answer("warp_pairs")["estimate"])


def test_helmert_contrasts_compare_with_the_mean_before():
    means = MODELS.warp.emmeans("tension")
    e = means["estimate"]
    found = means.contrast("helmert")
    np.testing.assert_allclose(found["estimate"], [e[1] - e[0], e[2] - e[:2].mean()])


def test_contrasts_by_matrix_and_control_by_name():
    means = MODELS.warp.emmeans("tension")
    by_matrix = means.contrast([[1, -1, 0], [0, 1, -1]])
    np.testing.assert_allclose(by_matrix["estimate"], -means.contrast("consec")["estimate"])
    by_name = means.contrast("dunnett", ref="M")
    assert tuple(by_name["contrast"]) == ("L - M", "H - M")
    several = means.contrast("trt_vs_ctrl", ref=[1, 2], reverse=True)
    assert several["contrast"] == ("avg(L,M) - H",)


def test_letters_stand_in_columns_of_their_own():
    lines = repr(MODELS.warp.emmeans("~ tension | wool").cld()).split("\n")
    assert [line.rstrip() for line in lines[1:5]] == [
        " tension emmean   SE df lower.CL upper.CL .group",
        " M         24.0 3.65 48     16.7     31.3  a",
        " H         24.6 3.65 48     17.2     31.9  a",
        " L         44.6 3.65 48     37.2     51.9   b",
    ]
    lost = MODELS.holes.emmeans("~ tension | wool").cld()
    assert lost["tension"][-1] == "M"
    assert lost["group"][-1] == ""


def test_a_model_fitted_by_ml_has_the_means_of_its_reml_refit():
    means = MODELS.oats_ml.emmeans("Variety", ddf="Kenward-Roger")
    reml = MODELS.oats_ml.update(REML=True, ddf="Kenward-Roger").emmeans("Variety")
    for column in ("estimate", "std_error", "df"):
        np.testing.assert_allclose(means[column], reml[column], rtol=1e-5)
    assert "from a refit by REML" in repr(means)
    assert "refitted" not in repr(reml)


def test_differences_that_are_zero_by_construction_have_no_test():
    slopes = MODELS.trial_slopes.emtrends("A", var="z").pairs().summary(infer=True)
    assert abs(slopes["estimate"][0]) < 1e-12
    for model in ("trial_slopes", "oats"):
        fit = getattr(MODELS, model)
        name = {"trial_slopes": "A", "oats": "Variety"}[model]
        k = len(fit.emmeans(name)["estimate"])
        none = fit.emmeans(name).contrast({"nothing": [0] * k}).summary(infer=True)
        assert np.isnan(none["p_value"][0])
        assert none["conf_low"][0] == none["conf_high"][0] == 0


def test_single_step_adjustment_of_correlated_contrasts():
    """The values are emmeans' (where mvtnorm has two contrasts to integrate over, it is exact to more than 1e-8)."""
    found = MODELS.warp.emmeans("~ tension | wool").contrast("consec")
    assert found["p_value"] == pytest.approx([0.00044717108, 0.99151540463, 0.99151540463, 0.10464007127], abs=1e-8)
    assert "mvt method for 2 tests" in repr(found)


def test_letters_follow_the_pairwise_tests():
    shown = MODELS.warp.emmeans("tension").cld()
    assert list(zip(shown["tension"], shown["group"], strict=True)) == [("H", "a"), ("M", "a"), ("L", "b")]
    assert "alpha = 0.05" in repr(shown)
    by_wool = MODELS.warp.emmeans("~ tension | wool").cld(reverse=True)
    assert tuple(by_wool["tension"]) == ("L", "H", "M", "M", "L", "H")
    assert by_wool["group"].tolist() == ["a", "b", "b", "a", "a", "a"]


def test_an_lmer_has_its_own_method_and_in_r_that_of_emmeans(monkeypatch):
    oats = MODELS.oats.update(ddf="Satterthwaite")
    own, kenward_roger = oats.emmeans("Variety"), oats.emmeans("Variety", ddf="Kenward-Roger")
    assert "Degrees-of-freedom method: Satterthwaite" in repr(own)
    assert "Degrees-of-freedom method: Kenward-Roger" in repr(r.emmeans(oats, "Variety"))
    np.testing.assert_array_equal(r.emmeans(oats, "Variety")["df"], kenward_roger["df"])
    np.testing.assert_array_equal(r.joint_tests(oats)["den_df"], oats.joint_tests(ddf="Kenward-Roger")["den_df"])
    monkeypatch.setattr(small_samples, "EMMEANS_ROWS", 50)
    assert np.isinf(r.emmeans(oats, "Variety")["df"]).all()  # emmeans' pbkrtest.limit
    assert set(oats.emmeans("Variety", ddf=7)["df"]) == {7.0}


def test_offset_follows_at_where_it_names_its_variable():
    age = MODELS.claims.emmeans("Age", at={"Holders": 1000})["estimate"]
    np.testing.assert_allclose(age, MODELS.claims.emmeans("Age", offset=np.log(1000))["estimate"])
    np.testing.assert_allclose(MODELS.claims.emmeans("Age", offset=0)["estimate"] + np.log(1000), age)


CLAIMS = pd.DataFrame(  # the insurance data of SAS's manual, as in emmeans' vignette "sophisticated"
    {
        "n": [500, 1200, 100, 400, 500, 300],
        "size": ["1", "2", "3"] * 2,
        "age": list("111222"),
        "claims": [42, 37, 1, 101, 73, 14],
    }
)
OFFSETS = {
    "term": lambda: mm.glm("claims ~ size + age + offset(log(n))", CLAIMS, "poisson"),
    "expression": lambda: mm.glm("claims ~ size + age", CLAIMS, "poisson", offset="log(n)"),
    "array": lambda: mm.glm("claims ~ size + age", CLAIMS, "poisson", offset=np.log(CLAIMS.n)),
}


@pytest.mark.parametrize(
    ("name", "rates"), [("term", [69.3, 34.6, 11.9]), ("expression", [54.2, 27.1, 9.3]), ("array", [54.2, 27.1, 9.3])]
)
def test_offsets_are_where_emmeans_has_them(name, rates):
    means = OFFSETS[name]().emmeans("size", type="response")
    np.testing.assert_allclose(means["estimate"], rates, atol=0.05)  # emmeans 2.0.5, to the digits of its vignette
    exposure = 500 if name == "term" else np.exp(np.log(CLAIMS.n).mean())
    at_one = OFFSETS["term"]().emmeans("size", type="response", at={"n": 1})["estimate"]
    np.testing.assert_allclose(means["estimate"], exposure * at_one, rtol=1e-9)


def test_an_offset_follows_at_and_cov_reduce():
    term, expression = OFFSETS["term"](), OFFSETS["expression"]()
    for at in ({"n": 1}, {"n": [1, 500]}):
        wanted = term.emmeans("size", at=at)["estimate"]
        np.testing.assert_allclose(expression.emmeans("size", at=at)["estimate"], wanted, rtol=1e-9)
    median = term.emmeans("size", cov_reduce="median")["estimate"]
    np.testing.assert_allclose(median, term.emmeans("size", at={"n": CLAIMS.n.median()})["estimate"], rtol=1e-12)
    mixed = mm.glm("claims ~ size", CLAIMS.assign(k=2.0), "poisson", offset="log(n * k)")
    halves = mixed.emmeans("size", at={"n": 3})["estimate"]  # the other variable of the expression at its mean
    np.testing.assert_allclose(halves, mixed.emmeans("size", offset=np.log(6))["estimate"], rtol=1e-12)
    with pytest.raises(mm.UnknownColumnError, match="at has 'n', which is no predictor"):
        OFFSETS["array"]().emmeans("size", at={"n": 1})


def test_means_adjusted_predictions_and_marginal_effects_have_one_offset():
    fit = OFFSETS["term"]()
    means = fit.emmeans("size", type="response", at={"age": "1"})["estimate"]
    np.testing.assert_allclose(fit.ggpredict("size", condition={"age": "1"}).predicted, means, rtol=1e-9)
    grid = fit.datagrid(size=np.unique, age="1")
    np.testing.assert_allclose(fit.predictions(newdata=grid)["estimate"], means, rtol=1e-9)
    averaged = fit.emmeans("size", type="response")["estimate"]
    np.testing.assert_allclose(fit.ggpredict("size", margin="marginalmeans").predicted, averaged, rtol=1e-9)
    one = OFFSETS["expression"]().ggpredict("size", margin="marginalmeans", condition={"n": 1}).predicted
    np.testing.assert_allclose(one, fit.emmeans("size", type="response", at={"n": 1})["estimate"], rtol=1e-9)


def test_a_loaded_model_needs_no_mean_where_the_offset_is_given(tmp_path):
    for name, fit in OFFSETS.items():
        made = fit()
        made.save(tmp_path / name)
        loaded = mm.load(tmp_path / name)
        wanted = made.emmeans("size", offset=0.0)["estimate"]
        np.testing.assert_allclose(loaded.emmeans("size", offset=0.0)["estimate"], wanted, rtol=1e-12)
        with pytest.raises(mm.DataError, match=r"at=\{'n'|give offset="):
            loaded.emmeans("size")


@pytest.mark.parametrize("word", ["equal", "proportional", "outer", "cells", "flat"])
def test_weights_are_read_from_their_beginning_as_in_r(word):
    full = MODELS.uneven.emmeans("wool", weights=word)["estimate"]
    for short in (word[:4], word[:1], word[:3].upper()):
        np.testing.assert_array_equal(MODELS.uneven.emmeans("wool", weights=short)["estimate"], full)


@pytest.mark.parametrize("weights", ["", "prior", "equals"])
def test_unknown_weights_are_refused(weights):
    with pytest.raises(mm.DataError, match="it is one of 'equal', 'proportional'"):
        MODELS.uneven.emmeans("wool", weights=weights)


def test_weights_of_what_is_not_in_the_grid_are_refused():
    with pytest.raises(mm.UnknownColumnError, match="weights are given for 'tensoin', which is not in the reference"):
        MODELS.uneven.emmeans("wool", weights={"tensoin": [1, 1, 1]})


def test_nesting_can_be_given_or_denied():
    denied = MODELS.towns.emmeans("state", nesting={})
    assert np.isnan(denied["estimate"]).all()
    given = MODELS.towns.emmeans("state", nesting={"city": ["state"]})
    np.testing.assert_allclose(given["estimate"], answer("towns_state")["estimate"])
    assert "NOTE: A nesting" in repr(answer("towns_state"))


def test_test_of_null_values_and_both_at_once():
    both = MODELS.warp.emmeans("tension").summary(infer=True, null=20, level=0.9)
    assert {"conf_low", "conf_high", "null", "p_value"} <= set(both.to_frame().columns)
    joint = MODELS.warp.emmeans("tension").test(null=20, joint=True)
    assert joint["num_df"] == [3]
    apart = both["statistic"]
    np.testing.assert_allclose(joint["f_value"], np.mean(apart**2))  # balanced: the means are independent


def test_a_joint_test_counts_the_offset_and_refuses_impossible_null_values():
    with pytest.raises(mm.DataError, match="linearly dependent"):
        MODELS.warp.emmeans("tension").pairs().test(null=1, joint=True)
    rates = MODELS.counts.emmeans("~ A | B")
    joint, apart = rates.test(joint=True), rates.contrast("identity", adjust="none")
    c = rates.functions.rows[:2]
    v = c @ MODELS.counts.vcov().to_numpy() @ c.T
    estimates = apart["estimate"][:2]
    assert joint["f_value"][0] == pytest.approx(estimates @ np.linalg.solve(v, estimates) / 2)
    lost = MODELS.holes.emmeans("~ wool * tension").test(null=20, joint=True)
    assert lost["num_df"] == [5]
    assert "non-estimability" in repr(lost)


def test_a_loaded_model_has_means_of_its_factors(tmp_path):
    path = tmp_path / "model.json"
    fit = MODELS.warp
    fit.save(path)
    loaded = mm.load(path)
    for column in ("estimate", "std_error", "df"):
        np.testing.assert_allclose(loaded.emmeans("~ tension | wool")[column], fit.emmeans("~ tension | wool")[column])
    with pytest.raises(mm.DataError, match="weights='cells' need the rows"):
        loaded.emmeans("tension", weights="cells")
    MODELS.teeth.save(path)
    slopes = mm.load(path)
    with pytest.raises(mm.DataError, match="mean of 'dose' is not known"):
        slopes.emmeans("supp")
    at = {"dose": table("teeth").dose.mean()}
    np.testing.assert_allclose(slopes.emmeans("supp", at=at)["estimate"], MODELS.teeth.emmeans("supp")["estimate"])


def test_an_unknown_transformation_stays_where_it_is():
    data = scattered()
    fit = mm.lm("tanh(y) ~ A", data)
    assert "Results are given on the tanh(y) (not the response) scale." in repr(fit.emmeans("A"))
    assert "no transformation done" in repr(fit.emmeans("A", type="response"))
    with pytest.raises(mm.DataError, match="not known"):
        fit.emmeans("A").regrid()


# -- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda m: m.emmeans("tensoin"), mm.UnknownColumnError, "'tensoin' is not in the reference grid; it has wool"),
        (lambda m: m.emmeans("tension", at={"wol": "A"}), mm.UnknownColumnError, "did you mean 'wool'"),
        (lambda m: m.emmeans("tension", at={"wool": "C"}), mm.DataError, "at has 'C' for 'wool', whose levels are A"),
        (lambda m: m.emmeans("tension", weights="same"), mm.DataError, "weights is 'same'"),
        (lambda m: m.emmeans("tension", weights=[1, 2, 3]), mm.DataError, "means are over 2 combinations of wool"),
        (lambda m: m.emmeans("tension", type="mean"), mm.DataError, "type must be"),
        (lambda m: m.emmeans("tension", level=95), mm.DataError, "level must lie between 0 and 1"),
        (lambda m: m.emmeans("tension").contrast("pairs"), mm.DataError, "'pairs' is not known"),
        (lambda m: m.emmeans("tension").contrast({"a": [1, -1]}), mm.DataError, "2 coefficients for 3 means"),
        (lambda m: m.emmeans("tension").contrast("dunnett", ref="X"), mm.DataError, "ref is 'X'"),
        (lambda m: m.emmeans("tension").contrast("dunnett", ref=4), mm.DataError, "ref is 4"),
        (lambda m: m.emmeans("tension").pairs(by="loom"), mm.UnknownColumnError, "no factor 'loom'"),
        (lambda m: m.emmeans("tension").test(side="up"), mm.DataError, "side is 'up'"),
        (lambda m: m.emmeans("tension").pairs(adjust="magic")["p_value"], mm.DataError, "magic"),
        (lambda m: m.emtrends("wool", var="tension"), mm.UnknownColumnError, "'tension' is a factor"),
        (lambda m: m.emtrends("wool", var="log(depth)"), mm.UnknownColumnError, "no predictor and no function"),
        (lambda m: m.emmeans("tension", nesting={"loom": "wool"}), mm.UnknownColumnError, "nesting has 'loom'"),
        (lambda m: m.emmeans("tension")["mean"], mm.UnknownColumnError, "no column 'mean'"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_its_name(ask, error, message):
    with pytest.raises(error, match=message):
        ask(MODELS.warp)


def test_a_grid_that_is_too_large_is_refused():
    fit = mm.lm("y ~ x + I(x^2) + A * B", scattered(n=3000))
    with pytest.raises(mm.DataError, match="more than 10000"):
        fit.emmeans("A", cov_keep=["x"])
