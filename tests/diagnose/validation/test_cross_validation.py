"""Cross-validation: against loops over fits, against scikit-learn's scores, and by what its folds must be."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import integrate, stats

import mixedmodels as mm
from mixedmodels.diagnose.validation import cross_validation
from mixedmodels.diagnose.validation.folds import folds_of
from mixedmodels.diagnose.validation.predictive_density import log_density
from mixedmodels.diagnose.validation.scores import HeldOut, scores_for
from mixedmodels.families import resolve

CBPP = "cbind(incidence, size - incidence) ~ period + (1 | herd)"


@pytest.fixture(scope="module")
def sleep() -> pd.DataFrame:
    return mm.datasets.load("sleepstudy")


@pytest.fixture(scope="module")
def cbpp() -> pd.DataFrame:
    return mm.datasets.load("cbpp")


def looped(make: Any, data: pd.DataFrame, fold: Any, **how: Any) -> np.ndarray:
    """The twin: fits from scratch to tables without each fold, and their predictions of its rows."""
    out = np.full(len(data), np.nan)
    for j in np.unique(fold):
        model = make(data[fold != j])
        levels = {"allow_new_levels": True} if hasattr(model, "ranef") else {}
        out[fold == j] = model.predict(data[fold == j], type="response", **levels, **how)
    return out


def folds(cv: Any) -> np.ndarray:
    return cv.predictions()["fold"].to_numpy().astype(str)


# -- predictions against a loop over fits -----------------------------------------------------------------------------


@pytest.mark.parametrize(("group", "k"), [(None, 10), ("Subject", 5), ("Subject", None)])
def test_lmer_predicts_as_a_loop_over_fits(sleep: pd.DataFrame, group: Any, k: Any) -> None:
    def make(data: pd.DataFrame) -> Any:
        return mm.lmer("Reaction ~ Days + (Days | Subject)", data)

    cv = make(sleep).cross_validate(group, k, seed=4)
    twin = looped(make, sleep, folds(cv))
    np.testing.assert_allclose(cv.predictions()["predicted"], twin, rtol=1e-6)


def test_ml_fits_are_refitted_by_maximum_likelihood(sleep: pd.DataFrame) -> None:
    def make(data: pd.DataFrame) -> Any:
        return mm.lmer("Reaction ~ Days + (1 | Subject)", data, REML=False)

    cv = make(sleep).cross_validate(seed=4)
    np.testing.assert_allclose(cv.predictions()["predicted"], looped(make, sleep, folds(cv)), rtol=1e-6)


@pytest.mark.parametrize("re_form", ["~0", "~ (1 | Subject)"])
def test_re_form_is_that_of_predict(sleep: pd.DataFrame, re_form: str) -> None:
    def make(data: pd.DataFrame) -> Any:
        return mm.lmer("Reaction ~ Days + (Days | Subject)", data)

    cv = make(sleep).cross_validate(seed=2, re_form=re_form)
    twin = looped(make, sleep, folds(cv), re_form=re_form)
    np.testing.assert_allclose(cv.predictions()["predicted"], twin, rtol=1e-6)


@pytest.mark.parametrize("kind", ["typical", "marginal"])
def test_kind_is_that_of_predict(cbpp: pd.DataFrame, kind: str) -> None:
    def make(data: pd.DataFrame) -> Any:
        return mm.glmer(CBPP, data, "binomial")

    cv = make(cbpp).cross_validate("herd", 5, seed=2, kind=kind)
    np.testing.assert_allclose(cv.predictions()["predicted"], looped(make, cbpp, folds(cv), kind=kind), rtol=1e-5)


@pytest.mark.parametrize(
    ("fit", "dataset", "group"),
    [
        (lambda d: mm.glmer(CBPP, d, "binomial"), "cbpp", "herd"),
        (lambda d: mm.glmer(CBPP, d, "binomial", nAGQ=5), "cbpp", "herd"),
        (lambda d: mm.glm("cbind(incidence, size - incidence) ~ period", d, "binomial"), "cbpp", None),
        (
            lambda d: mm.glm("cbind(incidence, size - incidence) ~ period", d, "binomial", penalty="jeffreys"),
            "cbpp",
            None,
        ),
        (lambda d: mm.lm("Reaction ~ Days", d), "sleepstudy", "Subject"),
        (lambda d: mm.lm("Reaction ~ Days", d, weights="Days + 1"), "sleepstudy", None),
        (lambda d: mm.glm("Reaction ~ Days", d, "Gamma(log)"), "sleepstudy", "Subject"),
        (lambda d: mm.glm_nb("TICKS ~ YEAR + cHEIGHT", d), "grouseticks", "LOCATION"),
        (lambda d: mm.glmer("TICKS ~ YEAR + cHEIGHT + (1 | BROOD)", d, "poisson"), "grouseticks", "LOCATION"),
    ],
)
def test_other_classes_predict_as_a_loop_over_fits(fit: Any, dataset: str, group: Any) -> None:
    data = mm.datasets.load(dataset)
    cv = fit(data).cross_validate(group, 4, seed=11)
    np.testing.assert_allclose(cv.predictions()["predicted"], looped(fit, data, folds(cv)), rtol=2e-5)


@pytest.mark.filterwarnings("ignore:some values lie beyond the boundary knots")
@pytest.mark.parametrize("term", ["scale(Days)", "poly(Days, 2)", "ns(Days, df = 3)", "bs(Days, df = 5)"])
def test_bases_are_of_the_rows_that_are_left(sleep: pd.DataFrame, term: str) -> None:
    sleep = sleep.assign(Days=sleep["Days"] ** 1.5 + np.arange(180) % 7 / 10)  # so that knots differ between folds

    def make(data: pd.DataFrame) -> Any:
        return mm.lmer(f"Reaction ~ {term} + (1 | Subject)", data)

    cv = make(sleep).cross_validate(k=4, seed=5)
    twin = looped(make, sleep, folds(cv))
    np.testing.assert_allclose(cv.predictions()["predicted"], twin, rtol=1e-6)


def test_bases_of_random_slopes_too_with_offset_arrays_and_a_subset(sleep: pd.DataFrame) -> None:
    offset = np.linspace(0, 30, len(sleep))
    rows = np.arange(len(sleep)) % 6 != 0
    formula = "Reaction ~ scale(Days) + (scale(Days) || Subject)"
    model = mm.lmer(formula, sleep, offset=offset, subset=rows)
    cv = model.cross_validate(k=4, seed=5)
    left, off, fold = sleep[rows], offset[rows], folds(cv)
    for j in np.unique(fold):
        one = mm.lmer(formula, left[fold != j], offset=off[fold != j])
        twin = one.predict(left[fold == j], offset=off[fold == j])
        np.testing.assert_allclose(cv.predictions()["predicted"][fold == j], twin, rtol=1e-6)


def test_a_refitted_model_keeps_its_own_response(sleep: pd.DataFrame) -> None:
    model = mm.lmer("Reaction ~ ns(Days, df = 3) + (1 | Subject)", sleep)
    other = model.refit(2 * sleep["Reaction"] + 5)
    a, b = model.cross_validate(seed=1), other.cross_validate(seed=1)
    assert b.pooled["rmse"] == pytest.approx(2 * a.pooled["rmse"], rel=1e-6)


# -- scores ------------------------------------------------------------------------------------------------------------


def test_scores_of_numbers_are_those_of_scikit_learn(sleep: pd.DataFrame) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    weights = 1 + np.arange(180) % 5
    cv = mm.lmer("Reaction ~ Days + (1 | Subject)", sleep, weights=weights).cross_validate(seed=3)
    y, p, fold = cv.predictions()["observed"], cv.predictions()["predicted"], folds(cv)
    for name, rows in [("1", fold == "1"), ("7", fold == "7"), ("pooled", np.ones(180, dtype=bool))]:
        of = {"y_true": y[rows], "y_pred": p[rows], "sample_weight": weights[rows]}
        row = cv.table.row(name)
        assert row["rows"] == rows.sum()
        assert row["rmse"] == pytest.approx(metrics.root_mean_squared_error(**of), rel=1e-12)
        assert row["mae"] == pytest.approx(metrics.mean_absolute_error(**of), rel=1e-12)
        assert row["r2"] == pytest.approx(metrics.r2_score(**of), rel=1e-12)


def test_scores_of_binary_outcomes_are_those_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    data = _binary(600, 8)
    cv = mm.glmer("use ~ age + (1 | district)", data, "binomial").cross_validate("district", 4, seed=3)
    y, p, fold = cv.predictions()["observed"], cv.predictions()["predicted"], folds(cv)
    for name, rows in [("1", fold == "1"), ("pooled", fold != "")]:
        row = cv.table.row(name)
        assert row["brier"] == pytest.approx(metrics.brier_score_loss(y[rows], p[rows]), rel=1e-12)
        assert row["auc"] == pytest.approx(metrics.roc_auc_score(y[rows], p[rows]), rel=1e-12)
        assert row["deviance"] == pytest.approx(2 * metrics.log_loss(y[rows], p[rows]), rel=1e-12)


def test_trials_of_a_binomial_response_count_one_by_one(cbpp: pd.DataFrame) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    cv = mm.glmer(CBPP, cbpp, "binomial").cross_validate("herd", 5, seed=3)
    p = cv.predictions()["predicted"].to_numpy()
    trials = cbpp["size"].to_numpy()
    events = cbpp["incidence"].to_numpy()
    one = np.concatenate([np.repeat([1, 0], [s, m - s]) for s, m in zip(events, trials, strict=True)])
    each = np.repeat(p, trials)
    assert cv.pooled["brier"] == pytest.approx(metrics.brier_score_loss(one, each), rel=1e-12)
    assert cv.pooled["auc"] == pytest.approx(metrics.roc_auc_score(one, each), rel=1e-12)
    assert cv.pooled["deviance"] == pytest.approx(2 * metrics.log_loss(one, each), rel=1e-12)


@pytest.mark.parametrize(
    ("family", "score"), [("poisson", "mean_poisson_deviance"), ("Gamma(log)", "mean_gamma_deviance")]
)
def test_deviances_are_those_of_scikit_learn(family: str, score: str) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    data = mm.datasets.load("grouseticks")
    data = data.assign(TICKS=data["TICKS"] + (family != "poisson"))
    cv = mm.glm("TICKS ~ YEAR", data, family).cross_validate(seed=3)
    rows = cv.predictions()
    assert cv.pooled["deviance"] == pytest.approx(
        getattr(metrics, score)(rows["observed"], rows["predicted"]), rel=1e-12
    )


def test_functions_are_scores(sleep: pd.DataFrame) -> None:
    def worst(y: np.ndarray, p: np.ndarray) -> float:
        return float(np.abs(y - p).max())

    cv = mm.lm("Reaction ~ Days", sleep).cross_validate(seed=1, metrics=["rmse", worst])
    assert list(cv.pooled) == ["rmse", "worst"]
    rows = cv.predictions()
    assert cv.pooled["worst"] == np.abs(rows["observed"] - rows["predicted"]).max()
    assert np.isnan(rows["log_density"]).all()  # nobody asked for it


def _binary(n: int, groups: int) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    district = rng.integers(0, groups, n)
    age = rng.normal(size=n)
    eta = age + rng.normal(size=groups)[district]
    return pd.DataFrame({"use": (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(int), "age": age, "district": district})


# -- predictive densities ----------------------------------------------------------------------------------------------


def test_density_of_an_lm_has_the_errors_of_its_coefficients(sleep: pd.DataFrame) -> None:
    cv = mm.lm("Reaction ~ Days", sleep).cross_validate(seed=1)
    rows, fold = cv.predictions(), folds(cv)
    for j in ("1", "10"):
        model = mm.lm("Reaction ~ Days", sleep[fold != j])
        table = model.predict(sleep[fold == j], se_fit=True)
        sd = np.sqrt(table["se_fit"] ** 2 + model.sigma**2)
        expected = stats.norm.logpdf(rows["observed"][fold == j], table["fit"], sd)
        np.testing.assert_allclose(rows["log_density"][fold == j], expected, rtol=1e-10)
        assert cv.table.row(j)["log_score"] == pytest.approx(expected.mean(), rel=1e-12)


@pytest.mark.parametrize("group", [None, "Subject"])
def test_density_of_an_lmer_is_the_normal_one_given_theta(sleep: pd.DataFrame, group: Any) -> None:
    """The slow twin: y of all rows is normal with covariance V; y* given y, with beta unknown (a flat prior)."""
    formula = "Reaction ~ Days + (Days | Subject)"
    cv = mm.lmer(formula, sleep).cross_validate(group, 6, seed=1)
    rows, fold = cv.predictions(), folds(cv)
    x = np.column_stack([np.ones(180), sleep["Days"]])
    same = sleep["Subject"].to_numpy()[:, None] == sleep["Subject"].to_numpy()
    for j in ("2", "5"):
        model = mm.lmer(formula, sleep[fold != j])
        t = np.array([[model.theta[0], 0], [model.theta[1], model.theta[2]]]) * model.sigma
        cov = t @ t.T
        v = same * (x @ cov @ x.T) + model.sigma**2 * np.eye(180)
        old, new = fold != j, fold == j
        v11 = np.linalg.inv(v[np.ix_(old, old)])
        v21 = v[np.ix_(new, old)]
        bread = np.linalg.inv(x[old].T @ v11 @ x[old])
        beta = bread @ x[old].T @ v11 @ sleep["Reaction"][old]
        mean = x[new] @ beta + v21 @ v11 @ (sleep["Reaction"][old] - x[old] @ beta)
        a = x[new] - v21 @ v11 @ x[old]
        var = np.diag(v[np.ix_(new, new)] - v21 @ v11 @ v21.T + a @ bread @ a.T)
        expected = stats.norm.logpdf(sleep["Reaction"][new], mean, np.sqrt(var))
        np.testing.assert_allclose(rows["log_density"][new], expected, rtol=1e-6)


def test_effects_that_are_not_used_are_unknown(sleep: pd.DataFrame) -> None:
    """Without the random effects of a row's group its density is that of the group left out, at other coefficients."""
    model = mm.lmer("Reaction ~ Days + (Days | Subject)", sleep)
    conditional, none = model.cross_validate(seed=1), model.cross_validate(seed=1, re_form="~0")
    marginal = model.cross_validate(seed=1, kind="marginal")
    assert conditional.pooled["log_score"] > none.pooled["log_score"] > -6
    assert none.pooled == marginal.pooled


@pytest.mark.parametrize(
    ("family", "y", "weights", "psi", "log_pdf"),
    [
        ("binomial", [0, 1 / 3, 1, 0.5], [1, 3, 1, 400], (), lambda y, w, mu: stats.binom.logpmf(round(y * w), w, mu)),
        ("poisson", [0, 3, 900, 40_000], [1, 1, 1, 1], (), lambda y, w, mu: stats.poisson.logpmf(y, mu)),
        (
            "Gamma(log)",
            [0.1, 3.0, 90.0, 1.0],
            [1, 1, 2, 1],
            (np.log(2.5),),
            lambda y, w, mu: stats.gamma.logpdf(y, 2.5 * w, scale=mu / (2.5 * w)),
        ),
    ],
)
def test_densities_of_families_are_integrals(family: str, y: Any, weights: Any, psi: Any, log_pdf: Any) -> None:
    kind = resolve(family)
    y, w = np.array(y, dtype=float), np.array(weights, dtype=float)
    mean, sd = np.array([0.3, -1.0, 2.0, 0.1]), np.array([1.5, 0.2, 0.8, 0.0])
    value = log_density(kind, y, w, psi, mean, sd**2)
    for i in range(3):

        def integrand(eta: Any, i: int = i) -> Any:
            mu = np.asarray(kind.mean(np.atleast_1d(eta)))
            return log_pdf(y[i], w[i], mu) + stats.norm.logpdf(eta, mean[i], sd[i])

        grid = np.linspace(mean[i] - 12, mean[i] + 12, 200_001)
        peak = grid[int(integrand(grid).argmax())]
        top = integrand(peak)[0]
        total = sum(
            integrate.quad(lambda eta, f=integrand, top=top: np.exp(f(eta)[0] - top), a, b, epsabs=1e-13, limit=500)[0]
            for a, b in [(peak - 12, peak), (peak, peak + 12)]
        )
        assert value[i] == pytest.approx(top + np.log(total), abs=2e-7)
    assert value[3] == kind.log_density(y[3:], w[3:], mean[3:], psi)[0]  # where the predictor has no error


def test_density_of_a_glmer_integrates_over_the_error_of_its_predictor(cbpp: pd.DataFrame) -> None:
    model = mm.glmer(CBPP, cbpp, "binomial")
    cv = model.cross_validate("herd", None)
    one = mm.glmer(CBPP, cbpp[cbpp["herd"] != "1"], "binomial")
    rows = cbpp[cbpp["herd"] == "1"]
    table = one.predict(rows, se_fit=True, allow_new_levels=True, uncertainty="given_theta")
    for i, (_, row) in enumerate(rows.iterrows()):

        def integrand(eta: float, row: Any = row, i: int = i) -> float:
            density = stats.norm.pdf(eta, table["fit"].iloc[i], table["se_fit"].iloc[i])
            return float(stats.binom.pmf(row["incidence"], row["size"], 1 / (1 + np.exp(-eta))) * density)

        expected = np.log(integrate.quad(integrand, -15, 10, epsrel=1e-10)[0])
        assert cv.predictions()["log_density"].iloc[i] == pytest.approx(expected, abs=1e-5)


# -- folds -------------------------------------------------------------------------------------------------------------


def test_rows_go_to_folds_that_differ_by_one_at_most(sleep: pd.DataFrame) -> None:
    made = folds_of(mm.lm("Reaction ~ Days", sleep), None, 7, 1)
    sizes = np.bincount(made.codes)
    assert len(sizes) == 7
    assert np.ptp(sizes) <= 1
    assert sizes.sum() == 180


def test_groups_stay_whole_and_folds_are_of_like_size() -> None:
    data = mm.datasets.load("grouseticks")
    made = folds_of(mm.lm("TICKS ~ YEAR", data), "LOCATION", 5, 1)
    by_group = pd.Series(made.codes).groupby(data["LOCATION"].to_numpy()).nunique()
    assert (by_group == 1).all()
    sizes = np.bincount(made.codes)
    assert sizes.max() / sizes.min() < 1.2


def test_seeds_reproduce_and_none_draws_one_that_the_result_tells(sleep: pd.DataFrame) -> None:
    model = mm.lm("Reaction ~ Days", sleep)
    first = model.cross_validate()
    assert isinstance(first.seed, int)
    assert f"seed {first.seed}" in repr(first)
    again = model.cross_validate(seed=first.seed)
    assert again.pooled == first.pooled
    assert model.cross_validate().seed != first.seed
    assert model.cross_validate(k=None, metrics="rmse").seed is None  # nothing was drawn


def test_two_models_have_the_same_folds(sleep: pd.DataFrame) -> None:
    a = mm.lm("Reaction ~ Days", sleep).cross_validate(seed=8)
    b = mm.lmer("Reaction ~ Days + (1 | Subject)", sleep).cross_validate(seed=8)
    assert (folds(a) == folds(b)).all()


def test_a_value_per_row_and_combinations_of_columns_are_groups(sleep: pd.DataFrame) -> None:
    model = mm.lm("Reaction ~ Days", sleep)
    by_name, by_value = model.cross_validate("Subject", None), model.cross_validate(sleep["Subject"], None)
    assert by_name.pooled == by_value.pooled
    assert len(model.cross_validate(["Subject", "Days"], None, metrics="rmse")) == 181  # with the pooled row


def test_leaving_out_single_rows_of_an_lm_is_its_press(sleep: pd.DataFrame) -> None:
    model = mm.lm("Reaction ~ Days", sleep)
    press = np.asarray(model.residuals()) / (1 - np.asarray(model.hat_values()))
    cv = model.cross_validate(k=None)
    assert cv.pooled["rmse"] == pytest.approx(np.sqrt(np.mean(press**2)), rel=1e-9)
    assert np.isnan(cv.table.row(cv.table.names[0])["r2"])
    assert "160 more folds" in repr(cv)
    assert len(repr(cv).splitlines()) < 40


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def test_rows_of_a_level_in_one_fold_only_have_no_prediction(sleep: pd.DataFrame) -> None:
    sleep = sleep.assign(site=np.where(sleep["Subject"] == "308", "b", "a"))
    model = mm.lmer("Reaction ~ site + Days + (1 | Subject)", sleep)
    with pytest.warns(mm.MixedModelsWarning, match=r"10 rows \(the first in fold '308'\) have no prediction"):
        cv = model.cross_validate("Subject", None)
    assert np.isnan(cv.predictions()["predicted"]).sum() == 10
    assert cv.table.row("308")["rows"] == 0
    assert np.isnan(cv.table.row("308")["rmse"])
    assert cv.table.row("pooled")["rows"] == 170
    assert "Rows without a prediction: 10" in repr(cv)


def test_no_fold_with_predictions_is_an_error(cbpp: pd.DataFrame) -> None:
    with pytest.raises(mm.FitError, match="do not determine"):
        mm.glmer(CBPP, cbpp, "binomial").cross_validate("period", None)


def test_a_fold_that_cannot_be_fitted_is_named(sleep: pd.DataFrame) -> None:
    sleep = sleep.assign(half=np.where(sleep["Subject"].isin(["308", "309"]), "x", "y"))
    few = sleep[sleep["Subject"].isin(["308", "309", "310"])]
    model = mm.lmer("Reaction ~ Days + (1 | Subject)", few)
    with pytest.warns(mm.MixedModelsWarning, match=r"1 of 2 folds have no predictions.*one level"):
        cv = model.cross_validate("half", None)
    assert list(cv.reasons) == ["x"]
    assert cv.table.row("pooled")["rows"] == 10


def test_singular_fits_are_counted() -> None:
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"y": rng.normal(size=60), "g": np.repeat(np.arange(6), 10)})
    with pytest.warns(mm.SingularFitWarning):
        model = mm.lmer("y ~ 1 + (1 | g)", data)
    assert model.is_singular
    assert "Fits singular: 5 of 5." in repr(model.cross_validate(k=5, seed=1))


def test_separated_fits_are_counted() -> None:
    data = pd.DataFrame({"y": [0, 0, 0, 0, 1, 0, 1, 1, 1, 1], "x": np.arange(10.0)})
    model = mm.glm("y ~ x", data, "binomial")
    text = repr(model.cross_validate(k=None))
    assert "Fits with infinite estimates: 2 of 10." in text


@pytest.mark.parametrize("k", [1, 0, -3, 2.5, "ten", True])
def test_k_is_a_number_of_folds(sleep: pd.DataFrame, k: Any) -> None:
    with pytest.raises(mm.DataError, match="k is"):
        mm.lm("Reaction ~ Days", sleep).cross_validate(k=k)


def test_scores_have_names_that_are_told(sleep: pd.DataFrame) -> None:
    model = mm.lm("Reaction ~ Days", sleep)
    with pytest.raises(mm.DataError, match=r"metrics has 'auc'.*rmse, mae, r2, log_score"):
        model.cross_validate(metrics=["auc"])
    with pytest.raises(mm.DataError, match="empty"):
        model.cross_validate(metrics=[])


def test_a_loaded_model_says_that_it_has_no_rows(sleep: pd.DataFrame, tmp_path: Any) -> None:
    mm.lm("Reaction ~ Days", sleep).save(tmp_path / "m.json")
    with pytest.raises(mm.DataError, match=r"cross_validate\(\) needs the rows"):
        mm.load(tmp_path / "m.json").cross_validate()


def test_an_interrupt_returns_the_folds_so_far(sleep: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    model, whole = mm.lm("Reaction ~ Days", sleep), cross_validation._Task.fold

    def fold(self: Any, j: int, *more: Any) -> None:
        if j == 3:
            raise KeyboardInterrupt
        whole(self, j, *more)

    complete = model.cross_validate(seed=1)
    monkeypatch.setattr(cross_validation._Task, "fold", fold)
    part = model.cross_validate(seed=1)
    assert part.table.names == ("1", "2", "3", "pooled")
    assert part.table.row("2") == complete.table.row("2")
    assert "interrupted" in repr(part)
    monkeypatch.setattr(cross_validation._Task, "fold", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        model.cross_validate(seed=1)


# -- the record --------------------------------------------------------------------------------------------------------


def test_the_result_is_a_table_in_the_callers_library(sleep: pd.DataFrame) -> None:
    cv = mm.lm("Reaction ~ Days", pl.from_pandas(sleep.astype({"Subject": str}))).cross_validate(seed=1)
    assert isinstance(cv.to_frame(), pl.DataFrame)
    assert isinstance(cv.predictions(), pl.DataFrame)
    assert cv.to_frame().columns == ["fold", "rows", "rmse", "mae", "r2", "log_score"]
    assert len(cv) == 11  # with the pooled row
    again = pickle.loads(pickle.dumps(cv))
    assert again.pooled == cv.pooled
    assert "<table" in cv._repr_html_()
    assert pd.DataFrame(cv)["rmse"].iloc[-1] == cv["RMSE"][-1] == cv.pooled["rmse"]
    assert cv.row("pooled")["rows"] == 180


def test_excluded_rows_have_no_fold(sleep: pd.DataFrame) -> None:
    sleep = sleep.assign(Days=sleep["Days"].astype(float).where(np.arange(180) != 4))
    cv = mm.lm("Reaction ~ Days", sleep, na_action="exclude").cross_validate(seed=1)
    rows = cv.predictions()
    assert len(rows) == 180
    assert rows["fold"].isna().tolist().index(True) == 4
    assert rows["predicted"].isna().sum() == 1


def test_a_line_of_progress(sleep: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    model = mm.lmer("Reaction ~ Days + (Days | Subject)", sleep)
    for _ in range(5):
        model.cross_validate(k=None, metrics="rmse", progress=True)
        text = capsys.readouterr().err
        if "180 folds" in text:
            return
    raise AssertionError(text)


def test_scores_by_hand() -> None:
    rows = HeldOut(
        observed=np.array([1.0, 2.0, 4.0]),
        predicted=np.array([1.0, 3.0, 2.0]),
        log_density=np.array([-1.0, -2.0, -3.0]),
        weights=np.array([1.0, 1.0, 2.0]),
        cases=False,
    )
    score = scores_for(resolve("gaussian"))
    assert score["rmse"](rows) == pytest.approx(np.sqrt((0 + 1 + 8) / 4))
    assert score["mae"](rows) == pytest.approx((0 + 1 + 4) / 4)
    assert score["r2"](rows) == pytest.approx(1 - 9 / (1.75**2 + 0.75**2 + 2 * 1.25**2))
    assert score["log_score"](rows) == -2
    assert HeldOut.take(rows, np.array([0])).weights.tolist() == [1.0]
