"""Simulated residuals of every kind of model: the right rows, scales and labels, and sentences where there are none."""

from __future__ import annotations

import pickle
import sys
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.support.residuals_reference import CASES, reference

import mixedmodels as mm
from mixedmodels import r
from mixedmodels.diagnose.residuals.draws import _refitted, pearson_sum
from mixedmodels.diagnose.residuals.record import SimulatedResiduals
from mixedmodels.diagnose.residuals.simulated import scaled
from mixedmodels.errors import DataError, FormulaError, MixedModelsError, MixedModelsWarning

SLEEP = mm.datasets.load("sleepstudy")
CBPP = mm.datasets.load("cbpp")
# How far predictions of lme4 are from the optimum: its default tolerance of a linear model and of a binomial one, whose
# weights of Laplace's approximation differ too, and glmer.nb, which stops at a log-likelihood 0.047 below the optimum.
LME4 = {"lmer": 1e-4, "binomial": 1e-3, "nb": 0.04}


def table(name: str) -> pd.DataFrame:
    return pd.DataFrame(reference()["tables"][name])


def sites() -> pd.DataFrame:
    from tests.support.seed_texts import SEEDS

    return pd.read_csv(SEEDS / "sites.csv")


MODELS = {
    "lm": lambda: mm.lm("dist ~ speed", table("cars")),
    "poisson": lambda: mm.glm("breaks ~ wool * tension", table("warpbreaks"), "poisson"),
    "gamma": lambda: mm.glm("breaks ~ tension", table("warpbreaks"), "Gamma(log)"),
    "lmer": lambda: mm.lmer("Reaction ~ Days + (Days | Subject)", SLEEP),
    "binomial": lambda: mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", CBPP, "binomial"),
    "nb": lambda: mm.glmer_nb("y2 ~ x + (x | site)", sites()),
}


@pytest.fixture(scope="module")
def models():
    return {name: make() for name, make in MODELS.items()}


@pytest.mark.parametrize("name", CASES)
def test_responses_and_predictions_are_dharmas(models, name) -> None:
    case, fit = reference()["cases"][name], models[name]
    res = fit.simulate_residuals(50)
    assert np.asarray(res.observed_response) == pytest.approx(case["observed"], rel=1e-12)
    predicted = np.array(case["exact"], dtype=float)
    if name == "binomial":  # DHARMa has probabilities beside counts here
        predicted = predicted * CBPP["size"]
    assert np.asarray(res.fitted_predicted) == pytest.approx(predicted, rel=LME4.get(name, 1e-7))
    assert res.integer_response == case["integer"]
    assert res.simulated_response.shape == (fit.nobs, 50)


@pytest.mark.parametrize("name", CASES)
def test_draws_are_those_of_simulate_and_of_the_seed(models, name) -> None:
    fit = models[name]
    mixed = name in ("lmer", "binomial", "nb")
    trials = np.asarray(CBPP["size"])[:, None] if name == "binomial" else 1.0
    for re_form in (None, "~0") if mixed else (None,):
        more = {"re_form": re_form} if mixed else {}
        res = fit.simulate_residuals(20, 5, re_form=re_form)
        assert res.simulated_response == pytest.approx(np.asarray(fit.simulate(20, 5, **more)) * trials, abs=1e-6)
        again = fit.simulate_residuals(20, 5, re_form=re_form)
        assert (np.asarray(res.scaled_residuals) == np.asarray(again.scaled_residuals)).all()
    if mixed:
        spread = [fit.simulate_residuals(100, 1, re_form=f).simulated_response.var() for f in (None, "~0")]
        assert spread[0] != spread[1]
        assert "given the random effects" in repr(fit.simulate_residuals(10))
        assert "with the random effects drawn" in repr(fit.simulate_residuals(10, re_form="~0"))


@pytest.mark.parametrize("given", reference()["refits"], ids=lambda g: g["name"])
def test_refits_are_dharmas(models, given) -> None:
    fit = models[given["name"]]
    simulated = np.array(given["simulated"])
    refits, kept, reasons = _refitted(fit, simulated.T, False)
    assert kept == list(range(15))
    assert not reasons
    scale = {"rel": 1e-6, "abs": 1e-5} if given["name"] == "poisson" else {"rel": 2e-2, "abs": 0.3}
    # Of lme4 at its default tolerance the random effects are up to 0.3 ms away, where the residuals' sd is 25 ms.
    assert refits.residuals == pytest.approx(np.array(given["residuals"]), **scale)
    assert refits.predicted == pytest.approx(np.array(given["predicted"]), **scale)
    assert refits.pearson == pytest.approx(np.array(given["pearson"]), **scale)
    res = scaled(fit._response(), fit._response(), simulated, np.random.default_rng(1), integer=False, refits=refits,
                 method="traditional")  # fmt: skip
    made = SimulatedResiduals(
        numbers=res, formula="", how="", seed=1, rows=fit._rows, kind="pandas", find=lambda *_: None
    )
    for side, theirs in given["dispersion"].items():
        ours = made.test_dispersion(side)
        assert ours.statistic == pytest.approx(theirs["statistic"], rel=1e-3)
        assert ours.p_value == pytest.approx(theirs["p"], abs=1e-12)
    if given["name"] == "lmer":
        assert res.residuals == pytest.approx(given["scaled"], abs=5e-3)


@pytest.mark.parametrize("name", ["poisson", "binomial", "nb"])
def test_pearson_dispersion_is_dharmas(models, name) -> None:
    res = models[name].simulate_residuals(10)
    for side, theirs in reference()["pearson"][name].items():
        ours = res.test_dispersion(side, type="PearsonChisq")
        assert ours.statistic == pytest.approx(theirs["statistic"], rel=1e-6 if name == "poisson" else 5e-3)
        assert ours.parameter == pearson_sum(models[name]).df
        if name == "poisson":
            assert repr(ours).split("\n")[4:] == theirs["print"][4:]
    for name in ("lm", "gamma"):
        with pytest.raises(DataError, match="families without a dispersion"):
            models[name].simulate_residuals(10).test_dispersion(type="PearsonChisq")


def test_refit_of_every_class(models) -> None:
    for name, fit in models.items():
        res = fit.simulate_residuals(6, 2, refit=True)
        assert res.refit
        assert res.method == "traditional"
        assert np.asarray(res.scaled_residuals).shape == (fit.nobs,)
        assert 0.5 < res.test_dispersion().statistic < (4 if name == "poisson" else 2), name  # which has 3.6
        assert "refitted" in repr(res)
        assert len(np.asarray(res.recalculate(np.arange(fit.nobs) % 5).scaled_residuals)) == 5


def test_refits_that_fail_are_left_out_and_counted() -> None:
    few = pd.DataFrame({"y": [1.0, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0], "g": list("aaabbbcccddd")})
    fit = mm.glmer("y ~ 1 + (1 | g)", few, "binomial")
    res = fit.simulate_residuals(60, 3, refit=True, re_form="~0")
    assert sum(res.failures.values()) + res.n == 60
    assert sum(res.failures.values()) > 0  # responses of one value
    assert "could not be fitted" in repr(res)


def test_excluded_rows_are_missing_and_kinds_come_back() -> None:
    data = SLEEP.iloc[:60].copy()
    data.index = [f"row{i}" for i in range(60)]
    data.loc["row7", "Days"] = np.nan
    fit = mm.lmer("Reaction ~ Days + (1 | Subject)", data, na_action="exclude")
    res = fit.simulate_residuals(20)
    assert list(res.scaled_residuals.index) == list(data.index)
    assert np.flatnonzero(res.scaled_residuals.isna()).tolist() == [7]
    assert list(res.to_frame().columns) == ["row", "observed", "fitted_predicted", "scaled_residual"]
    assert res["row"].tolist() == list(data.index)
    assert list(res.to_frame("polars")["row"]) == list(data.index)
    assert len(res.qq_table()) == 59
    # Columns are looked up in the rows used; values may be of the rows used or of all.
    by_name = res.test_categorical("Subject")
    assert by_name.found.n.sum() == 59
    for given in (data["Subject"], data["Subject"].drop("row7")):
        assert (res.test_categorical(given).found.p_value == by_name.found.p_value).all()
    assert res.test_quantiles("Days").p_value == res.test_quantiles(data["Days"].dropna()).p_value
    frame = pl.from_pandas(SLEEP)
    res = mm.lmer("Reaction ~ Days + (1 | Subject)", frame).simulate_residuals(20)
    assert isinstance(res.scaled_residuals, pl.Series)
    assert isinstance(res.to_frame(), pl.DataFrame)
    assert isinstance(res.test_quantiles().curves, pl.DataFrame)
    assert isinstance(res.recalculate("Subject").to_frame(), pl.DataFrame)
    assert isinstance(res.test_uniformity().to_frame(), pl.DataFrame)
    arrow = mm.lmer("Reaction ~ Days + (1 | Subject)", frame.to_arrow()).simulate_residuals(20)
    assert arrow.to_frame().column_names == ["row", "observed", "fitted_predicted", "scaled_residual"]
    assert arrow.recalculate("Subject").to_frame().column_names[0] == "Subject"


def test_other_ways_to_say_the_same_model() -> None:
    fits = [
        mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", CBPP, "binomial"),
        mm.glmer("incidence / size ~ period + (1 | herd)", CBPP, "binomial", weights="size"),
    ]
    one, other = (fit.simulate_residuals(30) for fit in fits)
    assert np.asarray(one.observed_response).tolist() == np.asarray(other.observed_response).tolist()
    assert (np.asarray(one.observed_response) == np.asarray(CBPP["incidence"])).all()
    assert other.simulated_response == pytest.approx(np.round(other.simulated_response))
    # Redundant columns, an offset, a transformed response, precision weights, a singular fit.
    data = SLEEP.assign(twice=2 * SLEEP["Days"], known=3.0 * SLEEP["Days"], w=np.linspace(0.5, 2, 180))
    with pytest.warns(MixedModelsWarning):
        fit = mm.lmer("log(Reaction) ~ Days + twice + (Days | Subject)", data)
    assert np.asarray(fit.simulate_residuals(30).observed_response) == pytest.approx(np.log(data["Reaction"]))
    fit = mm.lmer("Reaction ~ Days + offset(known) + (1 | Subject)", data, weights="w")
    res = fit.simulate_residuals(400)
    ratio = np.var(res.simulated_response, axis=1) * data["w"] / fit.sigma**2
    assert ratio.mean() == pytest.approx(1, abs=0.03)  # of 180 variances of 400 draws
    assert (res.fitted_predicted - 3 * data["Days"] - fit.fixef()["(Intercept)"]).std() > 0
    with pytest.warns(MixedModelsWarning):
        singular = mm.lmer(
            "noise ~ 1 + (1 | Subject)", data.assign(noise=np.tile([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10], 18))
        )
    assert singular.simulate_residuals(20).test_uniformity().p_value >= 0


def test_some_random_effects_kept() -> None:
    penicillin = mm.datasets.load("Penicillin")
    fit = mm.lmer("diameter ~ 1 + (1 | plate) + (1 | sample)", penicillin)
    kept = fit.simulate_residuals(300, re_form="~ (1 | plate)")
    assert "with the random effects ~ (1 | plate) kept" in repr(kept)
    spread = [fit.simulate_residuals(300, re_form=f).simulated_response.var(axis=1).mean()
              for f in (None, "~ (1 | plate)", "~0")]  # fmt: skip
    assert spread == sorted(spread)
    with pytest.raises(FormulaError, match="not part of the model"):
        fit.simulate_residuals(10, re_form="~ (1 | nobody)")


def test_groups_carry_their_columns(models) -> None:
    by_site = models["nb"].simulate_residuals(40).recalculate("site")
    assert list(by_site.scaled_residuals.index[:3]) == ["a", "b", "c"]
    assert by_site.scaled_residuals.index.name == "site"
    assert by_site.test_categorical("site").found.n.tolist() == [1] * 16
    with pytest.raises(DataError, match="differs within groups"):
        by_site.test_quantiles("x")
    with pytest.raises(DataError, match=r"160 values, and there are 16"):
        by_site.test_temporal_autocorrelation(np.arange(160))
    assert by_site.test_temporal_autocorrelation(np.arange(16)).p_value > 0
    with pytest.raises(DataError, match="needs the model"):
        by_site.test_dispersion(type="PearsonChisq")
    # From groups one comes back to the rows.
    again = by_site.recalculate(sel=np.arange(10))
    assert again.nobs == 10
    assert by_site.original is not None


def test_other_scales(models) -> None:
    from scipy.stats import norm

    res = models["lmer"].simulate_residuals(50)
    p = np.asarray(res.scaled_residuals)
    assert np.asarray(res.residuals()) == pytest.approx(p)
    with np.errstate(all="ignore"):
        assert np.asarray(res.residuals("normal")) == pytest.approx(norm.ppf(p))
    bounded = np.asarray(res.residuals(norm.ppf, (-7, 7)))
    assert np.isfinite(bounded).all()
    assert (r.residuals(res, quantileFunction=norm.ppf, outlierValues=(-7, 7)) == bounded).all()
    assert (r.residuals(res) == res.scaled_residuals).all()
    assert res.outliers().tolist() == np.flatnonzero((p == 0) | (p == 1)).tolist()
    assert len(r.outliers(res, 0.1, 0.9)) == ((p <= 0.1) | (p >= 0.9)).sum()
    with pytest.raises(DataError, match="normal"):
        res.residuals("cauchy")


def test_tables_for_pictures(models) -> None:
    res = models["nb"].simulate_residuals(60)
    qq = res.qq_table()
    assert qq["expected"].tolist() == pytest.approx((np.arange(160) + 1) / 161)
    assert qq["observed"].is_monotonic_increasing
    table = res.quantile_table()
    assert list(table.points.columns) == ["predictor", "residual", "is_outlier"]
    assert list(table.curves.columns) == ["quantile", "x", "fitted", "conf_low", "conf_high", "p_value"]
    assert table.points["predictor"].max() == 1.0
    assert res.quantile_table("x", rank=False).points["predictor"].tolist() == sites()["x"].tolist()
    shown = res.test_zero_inflation().histogram(10)
    assert shown["count"].sum() == 60
    with pytest.raises(DataError, match="nothing to show"):
        res.test_uniformity().histogram()
    assert set(res.test_residuals().to_frame()["test"]) == {"uniformity", "dispersion", "outliers"}


def test_rs_names(models) -> None:
    fit = models["lmer"]
    assert (r.simulateResiduals(fit, 30).scaled_residuals == fit.simulate_residuals(30, 123).scaled_residuals).all()
    drawn = fit.simulate_residuals(30, 123, re_form="~0").scaled_residuals
    for how in ("unconditional", "user-specified"):
        assert (r.simulateResiduals(fit, 30, how).scaled_residuals == drawn).all()
    kept = r.simulateResiduals(fit, 30, "user-specified", re_form="~ (1 | Subject)")
    assert "~ (1 | Subject) kept" in repr(kept)
    with pytest.raises(DataError, match="user-specified"):
        r.simulateResiduals(fit, 30, re_form=None)
    with pytest.raises(DataError, match="simulateREs"):
        r.simulateResiduals(fit, 30, "some")
    assert r.testUniformity(fit).p_value == fit.simulate_residuals(seed=123).test_uniformity().p_value
    assert r.testQuantiles(kept, "Days").p_value == kept.test_quantiles("Days").p_value
    assert r.testCategorical(kept, "Subject").p_value == kept.test_categorical("Subject").p_value
    assert r.testOutliers(kept, type="bootstrap", nBoot=20).simulated.shape == (20,)
    assert r.testGeneric(kept, np.std, methodName="spread").method == "spread"
    assert r.testResiduals(kept).dispersion.p_value == r.testDispersion(kept).p_value
    assert np.isnan(r.testZeroInflation(kept).statistic)
    groups = r.recalculateResiduals(kept, "Subject", aggregateBy=np.mean)
    assert groups.nobs == 18
    assert r.testTemporalAutocorrelation(groups, np.arange(18), "greater").p_value > 0
    assert r.testSpatialAutocorrelation(groups, np.arange(18), np.arange(18) ** 2).p_value > 0
    with pytest.raises(DataError, match="simulationOutput"):
        r.testUniformity([0.1, 0.2])


def test_results_are_values(models) -> None:
    res = models["binomial"].simulate_residuals(20)
    for value in (
        res,
        res.recalculate("herd"),
        res.test_residuals(),
        res.test_quantiles(),
        res.test_categorical("herd"),
    ):
        back = pickle.loads(pickle.dumps(value))
        assert repr(back) == repr(value)
        assert "<" in value._repr_html_()
    assert pickle.loads(pickle.dumps(res)).test_categorical("period").p_value == res.test_categorical("period").p_value


BAD = {
    "too few": (lambda m: m["lmer"].simulate_residuals(1), "2 or more simulations"),
    "no number": (lambda m: m["lmer"].simulate_residuals("many"), "positive whole number"),
    "seed": (lambda m: m["lmer"].simulate_residuals(5, "x"), "seed"),
    "method": (lambda m: m["lmer"].simulate_residuals(5, method="exact"), "method"),
    "rotation": (lambda m: m["lmer"].simulate_residuals(5, rotation="some"), "rotation"),
    "rotation's shape": (lambda m: m["lmer"].simulate_residuals(5, rotation=np.eye(3)), r"\(180, 180\)"),
    "rotated refits": (lambda m: m["lmer"].simulate_residuals(5, refit=True, rotation="estimated"), "refit"),
    "alternative": (lambda m: m["lm"].simulate_residuals(5).test_uniformity("both"), "alternative"),
    "margin": (lambda m: m["lm"].simulate_residuals(5).test_outliers(margin="left"), "margin"),
    "type": (lambda m: m["lm"].simulate_residuals(5).test_outliers(type="exact"), "type"),
    "dispersion": (lambda m: m["lm"].simulate_residuals(5).test_dispersion(type="exact"), "type"),
    "summary": (lambda m: m["lm"].simulate_residuals(5).test_generic(lambda y: y), "one number"),
    "column": (lambda m: m["lm"].simulate_residuals(5).test_quantiles("sped"), "speed"),
    "a factor": (lambda m: m["poisson"].simulate_residuals(5).test_quantiles("tension"), "factor"),
    "length": (lambda m: m["lm"].simulate_residuals(5).test_categorical([1, 2]), "one value for each"),
    "quantiles": (lambda m: m["lm"].simulate_residuals(5).test_quantiles(quantiles=(0.5, 1.5)), "between 0 and 1"),
    "few rows": (lambda m: m["lmer"].simulate_residuals(5).recalculate(sel=np.arange(9)).test_quantiles(), "need 10"),
    "times": (lambda m: m["lmer"].simulate_residuals(5).test_temporal_autocorrelation("Days"), "recalculate"),
    "places": (lambda m: m["lmer"].simulate_residuals(5).test_spatial_autocorrelation("Days", "Days"), "recalculate"),
    "half a place": (lambda m: m["lmer"].simulate_residuals(5).test_spatial_autocorrelation("Days"), "x and y"),
    "distances": (lambda m: m["lm"].simulate_residuals(5).test_spatial_autocorrelation(distances=np.eye(4)), "shape"),
    "aggregate": (lambda m: m["lm"].simulate_residuals(5).recalculate("speed", aggregate="mean"), "aggregate"),
    "sel": (lambda m: m["lm"].simulate_residuals(5).recalculate(sel=[99]), "positions"),
    "sel's kind": (lambda m: m["lm"].simulate_residuals(5).recalculate(sel="speed"), "truth values"),
    "nothing": (lambda m: m["lm"].simulate_residuals(5).recalculate(sel=np.zeros(50, bool)), "no row"),
    "shape": (lambda m: SimulatedResiduals.from_simulations(np.ones((4, 5)), np.ones(3)), "shape"),
    "a gap": (lambda m: SimulatedResiduals.from_simulations([[1, np.nan]] * 3, [1, 2, 3]), "finite"),
    "a name": (
        lambda m: SimulatedResiduals.from_simulations(np.eye(4), np.ones(4)).test_quantiles("x"),
        "no table",
    ),
}


@pytest.mark.parametrize("which", BAD)
def test_sentences(models, which) -> None:
    ask, words = BAD[which]
    with pytest.raises(MixedModelsError, match=words):
        ask(models)


def test_models_that_have_no_residuals(tmp_path) -> None:
    fit = mm.lmer("Reaction ~ Days + (1 | Subject)", SLEEP)
    fit.save(tmp_path / "fit.json")
    with pytest.raises(DataError, match="loaded from a file"):
        mm.load(tmp_path / "fit.json").simulate_residuals()
    breaks = table("warpbreaks").assign(w=np.r_[0.0, np.ones(53)], twice=2.0)
    with pytest.raises(DataError, match="1 rows have weight 0"):
        mm.glm("breaks ~ wool", breaks, "poisson", weights="w").simulate_residuals()
    with pytest.warns(MixedModelsWarning, match="as if all weights were 1"):
        mm.glm("breaks ~ wool", breaks, "poisson", weights="twice").simulate_residuals(10)


def test_pearson_of_a_model_without_freedom() -> None:
    data = pd.DataFrame({"y": [1, 2, 3], "f": list("abc")})
    fit = mm.glm("y ~ f", data, "poisson")
    with pytest.raises(DataError, match="degrees of freedom"):
        fit.simulate_residuals(10).test_dispersion(type="PearsonChisq")


def calls_of(action: Callable[[], object]) -> int:
    """How many functions run, Python's and compiled ones: the same on every machine."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(None)
    return calls


def test_a_simulation_is_a_few_operations_on_whole_columns() -> None:
    """250 simulations of 7,584 rows with crossed random effects; `bench/inference.py residuals` times them."""
    fit = mm.glmer(
        "r2 ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)", mm.datasets.load("VerbAgg"), "binomial"
    )
    res = fit.simulate_residuals(250, 123)
    few, many = (calls_of(partial(fit.simulate_residuals, n)) for n in (10, 60))
    assert few < 2500  # of 7,584 rows none is visited by itself
    assert many - few < 50 * 200
    assert res.simulated_response.shape == (7584, 250)
    assert res.test_uniformity().p_value > 0.05


def test_a_level_for_every_row_is_told_of() -> None:
    data = SLEEP.assign(count=np.random.default_rng(1).poisson(5, 180), row=np.arange(180))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MixedModelsWarning)
        fit = mm.glmer("count ~ Days + (1 | Subject) + (1 | row)", data, "poisson")
    kept = fit.simulate_residuals(10)
    assert "(1 | row) has 180 levels for 180 rows" in kept.notes[0]
    assert "Note: (1 | row)" in repr(kept)
    assert fit.simulate_residuals(10, re_form="~ (1 | Subject)").notes == ()
