"""Models as scikit-learn's estimators: its own checks, its tools, and the same numbers as the models behind them."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone, is_classifier, is_regressor
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

import mixedmodels as mm
from mixedmodels.sklearn import MixedClassifier, MixedRegressor

SLOPES = "~ Days + (Days | Subject)"

# Without a penalty the classes of this check's random data are separated: no estimates are the largest, with weights or
# with rows repeated. The penalised classifier passes it.
CANNOT = {
    "check_sample_weight_equivalence_on_dense_data": "classes are separated, and no finite estimates maximise "
    "the likelihood"
}


def expected_failures(estimator: Any) -> dict[str, str]:
    return CANNOT if isinstance(estimator, MixedClassifier) and estimator.penalty is None else {}


@pytest.mark.filterwarnings("ignore::mixedmodels.MixedModelsWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [MixedRegressor(), MixedRegressor(na_action="omit"), MixedClassifier(), MixedClassifier(penalty="jeffreys")],
    expected_failed_checks=expected_failures,
)
def test_scikit_learns_own_checks(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.fixture(scope="module")
def sleep() -> pd.DataFrame:
    return mm.datasets.load("sleepstudy")


@pytest.fixture(scope="module")
def outcomes() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    school = rng.integers(0, 12, 400)
    x = rng.normal(size=400)
    p = 1 / (1 + np.exp(-(x + rng.normal(size=12)[school])))
    passed = np.where(rng.random(400) < p, "yes", "no")
    return pd.DataFrame({"passed": passed, "x": x, "school": school.astype(str)})


# -- the same numbers as the models -----------------------------------------------------------------------------------
def test_a_regressor_predicts_as_its_model(sleep: pd.DataFrame) -> None:
    estimator = MixedRegressor(SLOPES).fit(sleep[["Days", "Subject"]], sleep["Reaction"])
    model = mm.lmer("Reaction ~ Days + (Days | Subject)", sleep)
    np.testing.assert_allclose(estimator.predict(sleep), model.predict(sleep), rtol=1e-12)
    assert type(estimator.predict(sleep)) is np.ndarray
    assert estimator.model_.fixef() == model.fixef()
    assert estimator.score(sleep, sleep["Reaction"]) == pytest.approx(r2_score(sleep["Reaction"], model.fitted()))


@pytest.mark.parametrize(
    ("formula", "how", "make"),
    [
        ("~ Days", {}, lambda d: mm.lm("Reaction ~ Days", d)),
        ("~ Days", {"family": "Gamma(log)"}, lambda d: mm.glm("Reaction ~ Days", d, "Gamma(log)")),
        (SLOPES, {"REML": False}, lambda d: mm.lmer("Reaction ~ Days + (Days | Subject)", d, REML=False)),
        (
            "~ Days + (1 | Subject)",
            {"family": "Gamma(log)", "nAGQ": 3},
            lambda d: mm.glmer("Reaction ~ Days + (1 | Subject)", d, "Gamma(log)", nAGQ=3),
        ),
        (
            "~ factor(Days) + (1 | Subject)",
            {"contrasts": {"factor(Days)": "sum"}},
            lambda d: mm.lmer("Reaction ~ factor(Days) + (1 | Subject)", d, contrasts={"factor(Days)": "sum"}),
        ),
        (
            "~ Days + (1 | Subject)",
            {"control": {"max_evaluations": 900}},
            lambda d: mm.lmer("Reaction ~ Days + (1 | Subject)", d),
        ),
    ],
)
def test_settings_reach_the_model(sleep: pd.DataFrame, formula: str, how: Any, make: Any) -> None:
    estimator = MixedRegressor(formula, **how).fit(sleep, sleep["Reaction"])
    model = make(sleep)
    assert type(estimator.model_) is type(model)
    assert dict(estimator.model_.fixef()) == dict(model.fixef())
    np.testing.assert_allclose(estimator.predict(sleep), model.predict(sleep, type="response"), rtol=1e-12)


def test_a_left_side_is_a_column_of_x_or_y_in_its_place(sleep: pd.DataFrame) -> None:
    formula = "Reaction ~ Days + (1 | Subject)"
    from_x = MixedRegressor(formula).fit(sleep)
    both = MixedRegressor(formula).fit(sleep, sleep["Reaction"])
    without_column = MixedRegressor(formula).fit(sleep.drop(columns="Reaction"), sleep["Reaction"])
    other = MixedRegressor(formula).fit(sleep, 2 * sleep["Reaction"])
    for estimator in (both, without_column):
        assert dict(estimator.model_.fixef()) == dict(from_x.model_.fixef())
        assert estimator.feature_names_in_.tolist() == ["Days", "Subject"]
        assert estimator.n_features_in_ == 2
    assert other.model_.fixef()["Days"] == pytest.approx(2 * from_x.model_.fixef()["Days"])
    assert from_x.score(sleep) == from_x.score(sleep, sleep["Reaction"])


def test_a_transformed_left_side_is_scored_on_its_scale(sleep: pd.DataFrame) -> None:
    estimator = MixedRegressor("log(Reaction) ~ Days + (1 | Subject)").fit(sleep)
    assert estimator.score(sleep) == pytest.approx(r2_score(np.log(sleep["Reaction"]), estimator.predict(sleep)))
    with pytest.raises(mm.DataError, match=r"log\(Reaction\).*TransformedTargetRegressor"):
        estimator.fit(sleep, sleep["Reaction"])
    target = TransformedTargetRegressor(MixedRegressor(SLOPES), func=np.log, inverse_func=np.exp)
    target.fit(sleep, sleep["Reaction"])
    model = mm.lmer("log(Reaction) ~ Days + (Days | Subject)", sleep)
    np.testing.assert_allclose(target.predict(sleep), np.exp(model.predict(sleep)), rtol=1e-10)


def test_counts_of_successes_and_failures() -> None:
    cbpp = mm.datasets.load("cbpp")
    formula = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
    estimator = MixedRegressor(formula, family="binomial").fit(cbpp)
    share = cbpp["incidence"] / cbpp["size"]
    np.testing.assert_allclose(estimator.predict(cbpp), mm.glmer(formula, cbpp, "binomial").fitted(), rtol=1e-10)
    assert estimator.score(cbpp) == pytest.approx(r2_score(share, estimator.predict(cbpp), sample_weight=cbpp["size"]))
    as_weights = MixedRegressor("~ period + (1 | herd)", family="binomial").fit(cbpp, share, cbpp["size"])
    np.testing.assert_allclose(as_weights.predict(cbpp), estimator.predict(cbpp), rtol=1e-6)


@pytest.mark.parametrize("kind", ["conditional", "typical", "marginal"])
def test_kind_and_re_form_are_those_of_predict(outcomes: pd.DataFrame, kind: str) -> None:
    estimator = MixedClassifier("~ x + (1 | school)", kind=kind).fit(outcomes, outcomes["passed"])
    model = mm.glmer("I(passed == 'yes') ~ x + (1 | school)", outcomes, "binomial")
    p = model.predict(outcomes, type="response", kind=kind)
    np.testing.assert_allclose(estimator.predict_proba(outcomes)[:, 1], p, rtol=1e-7)
    estimator.set_params(kind=None, re_form="~0")
    p = model.predict(outcomes, type="response", re_form="~0")
    np.testing.assert_allclose(estimator.predict_proba(outcomes)[:, 1], p, rtol=1e-7)


def test_sample_weights_are_weights(sleep: pd.DataFrame) -> None:
    w = 1.0 + np.arange(180) % 4
    estimator = MixedRegressor(SLOPES).fit(sleep, sleep["Reaction"], sample_weight=w)
    model = mm.lmer("Reaction ~ Days + (Days | Subject)", sleep, weights=w)
    assert dict(estimator.model_.fixef()) == dict(model.fixef())
    w[:30] = 0
    estimator.fit(sleep, sleep["Reaction"], sample_weight=w)
    model = mm.lmer("Reaction ~ Days + (Days | Subject)", sleep[30:], weights=w[30:])
    assert estimator.model_.nobs == 150
    assert dict(estimator.model_.fixef()) == pytest.approx(dict(model.fixef()), rel=1e-9)
    with pytest.raises(ValueError, match=r"zero|is 0"):
        estimator.fit(sleep, sleep["Reaction"], sample_weight=0 * w)


# -- scikit-learn's tools ---------------------------------------------------------------------------------------------
def test_group_k_fold_is_a_loop_over_fits(sleep: pd.DataFrame) -> None:
    folds = GroupKFold(6)
    scores = cross_val_score(MixedRegressor(SLOPES), sleep, sleep["Reaction"], groups=sleep["Subject"], cv=folds)
    twin = []
    for left, out in folds.split(sleep, groups=sleep["Subject"]):
        model = mm.lmer("Reaction ~ Days + (Days | Subject)", sleep.iloc[left])
        twin.append(r2_score(sleep["Reaction"].iloc[out], model.predict(sleep.iloc[out], allow_new_levels=True)))
    np.testing.assert_allclose(scores, twin, rtol=1e-10)
    np.testing.assert_allclose(
        cross_val_score(MixedRegressor("Reaction " + SLOPES), sleep, groups=sleep["Subject"], cv=folds),
        twin,
        rtol=1e-10,
    )


def test_cross_validate_of_the_model_has_the_same_predictions(sleep: pd.DataFrame) -> None:
    folds = list(GroupKFold(6).split(sleep, groups=sleep["Subject"]))
    fold = np.empty(180)
    for j, (_, out) in enumerate(folds):
        fold[out] = j
    p = cross_val_predict(MixedRegressor(SLOPES), sleep, sleep["Reaction"], cv=folds)
    own = mm.lmer("Reaction ~ Days + (Days | Subject)", sleep).cross_validate(fold, None)
    np.testing.assert_allclose(own.predictions()["predicted"], p, rtol=1e-6)


def test_a_grid_of_formulas_estimators_and_families(sleep: pd.DataFrame) -> None:
    grid = {
        "formula": ["~ 1 + (1 | Subject)", "~ Days + (1 | Subject)", "~ Days"],
        "REML": [True, False],
        "family": ["gaussian", "Gamma(log)"],
    }
    search = GridSearchCV(MixedRegressor(), grid, cv=4).fit(sleep, sleep["Reaction"])
    assert len(search.cv_results_["mean_test_score"]) == 12
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert "Days" in search.best_params_["formula"]
    assert search.predict(sleep).shape == (180,)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_pipeline_that_keeps_names(sleep: pd.DataFrame, library: str) -> None:
    columns = ColumnTransformer(
        [("scaled", StandardScaler(), ["Days"])], remainder="passthrough", verbose_feature_names_out=False
    ).set_output(transform=library)
    x: Any = sleep[["Days", "Subject"]]
    y: Any = sleep["Reaction"]
    if library == "polars":
        x, y = pl.from_pandas(x.astype({"Subject": str})), pl.Series("Reaction", y)
    pipe = make_pipeline(columns, MixedRegressor("~ Days + (1 | Subject)")).fit(x, y)
    model = mm.lmer("Reaction ~ scale(Days) + (1 | Subject)", sleep)
    np.testing.assert_allclose(pipe.predict(x), model.predict(sleep), rtol=1e-6)
    assert len(cross_val_score(pipe, x, y, cv=3)) == 3


def test_clones_are_unfitted_and_equal_in_their_settings(sleep: pd.DataFrame) -> None:
    estimator = MixedRegressor(SLOPES, REML=False, control={"max_evaluations": 700}).fit(sleep, sleep["Reaction"])
    copy = clone(estimator)
    assert copy.get_params() == estimator.get_params()
    assert not hasattr(copy, "model_")
    with pytest.raises(NotFittedError):
        copy.predict(sleep)
    assert copy.set_params(formula="~ Days").formula == "~ Days"


def test_estimators_pickle(sleep: pd.DataFrame, outcomes: pd.DataFrame) -> None:
    estimator = MixedRegressor(SLOPES).fit(sleep, sleep["Reaction"])
    again = pickle.loads(pickle.dumps(estimator))
    assert (again.predict(sleep) == estimator.predict(sleep)).all()
    labels = MixedClassifier("~ x + (1 | school)").fit(outcomes, outcomes["passed"])
    assert (pickle.loads(pickle.dumps(labels)).predict(outcomes) == labels.predict(outcomes)).all()


def test_what_scikit_learn_asks_of_an_estimator() -> None:
    regressor, classifier = MixedRegressor(), MixedClassifier()
    assert is_regressor(regressor)
    assert is_classifier(classifier)
    assert not get_tags(classifier).classifier_tags.multi_class
    assert get_tags(MixedRegressor(SLOPES)).target_tags.required
    assert not get_tags(MixedRegressor("Reaction ~ Days")).target_tags.required
    assert not get_tags(regressor).input_tags.allow_nan
    assert get_tags(MixedRegressor(na_action="omit")).input_tags.allow_nan
    assert "MixedRegressor" in regressor._repr_html_()
    assert repr(MixedRegressor(SLOPES, REML=False)) == f"MixedRegressor(REML=False, formula='{SLOPES}')"


# -- tables and arrays ------------------------------------------------------------------------------------------------
def test_columns_are_taken_by_name(sleep: pd.DataFrame) -> None:
    estimator = MixedRegressor(SLOPES).fit(sleep[["Days", "Subject"]], sleep["Reaction"])
    other_order = sleep[["Subject", "Reaction", "Days"]].assign(more=1)
    assert (estimator.predict(other_order) == estimator.predict(sleep)).all()
    with pytest.raises(mm.UnknownColumnError, match="'Days'"):
        estimator.predict(sleep[["Subject"]])
    estimator.set_params(re_form="~0")
    assert estimator.predict(sleep[["Days"]]).shape == (180,)  # no group is needed


def test_tables_of_other_libraries(sleep: pd.DataFrame) -> None:
    pandas = MixedRegressor(SLOPES).fit(sleep, sleep["Reaction"])
    table = pl.from_pandas(sleep.astype({"Subject": str}))
    polars = MixedRegressor(SLOPES).fit(table, table["Reaction"])
    np.testing.assert_allclose(polars.predict(table), pandas.predict(sleep), rtol=1e-9)
    pa = pytest.importorskip("pyarrow")
    arrow = pa.table({"Days": sleep["Days"], "Subject": sleep["Subject"].astype(str)})
    np.testing.assert_allclose(
        MixedRegressor(SLOPES).fit(arrow, sleep["Reaction"]).predict(arrow), pandas.predict(sleep), rtol=1e-9
    )
    mapping = {"Days": sleep["Days"].to_numpy(), "Subject": sleep["Subject"].to_numpy()}
    np.testing.assert_allclose(
        MixedRegressor(SLOPES).fit(mapping, sleep["Reaction"]).predict(mapping), pandas.predict(sleep), rtol=1e-9
    )


def test_arrays_have_the_names_that_they_are_given(sleep: pd.DataFrame) -> None:
    x = np.column_stack([sleep["Days"], sleep["Subject"].astype(int)])
    y = sleep["Reaction"].to_numpy()
    named = MixedRegressor(SLOPES, feature_names=["Days", "Subject"]).fit(x, y)
    assert named.feature_names_in_.tolist() == ["Days", "Subject"]
    own = MixedRegressor("~ x0 + (x0 | x1)").fit(x, y)
    assert not hasattr(own, "feature_names_in_")
    np.testing.assert_allclose(own.predict(x), named.predict(x), rtol=1e-9)
    assert (named.predict(sleep) == named.predict(x)).all()
    with pytest.raises(mm.DataError, match="feature_names has 1 names"):
        MixedRegressor(SLOPES, feature_names=["Days"]).fit(x, y)
    on_table = MixedRegressor(SLOPES).fit(sleep[["Days", "Subject"]].astype({"Subject": int}), y)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        np.testing.assert_allclose(on_table.predict(x), own.predict(x), rtol=1e-9)
    with pytest.raises(ValueError, match="X has 1 features"):
        own.predict(x[:, :1])


def test_a_response_never_takes_the_name_of_a_column(sleep: pd.DataFrame) -> None:
    x = sleep[["Days", "Subject"]].assign(y=np.arange(180) % 3)
    estimator = MixedRegressor("~ Days + y + (1 | Subject)").fit(x, sleep["Reaction"].to_numpy())
    assert estimator.model_.formula == "y_ ~ Days + y + (1 | Subject)"
    with_name = MixedRegressor("~ Days").fit(sleep[["Days"]], sleep["Reaction"].rename("time of reaction"))
    assert with_name.model_.formula == "`time of reaction` ~ Days"


# -- levels, missing values and other troubles ------------------------------------------------------------------------
def test_new_levels_have_effects_of_0_or_are_an_error(sleep: pd.DataFrame) -> None:
    estimator = MixedRegressor(SLOPES).fit(sleep[:90], sleep["Reaction"][:90])
    new = sleep[90:]
    expected = estimator.model_.predict(new, re_form="~0")
    np.testing.assert_allclose(estimator.predict(new), expected, rtol=1e-12)
    with pytest.raises(mm.DataError, match="was not fitted to"):
        estimator.set_params(allow_new_levels=False).predict(new)


def test_missing_values_are_an_error_or_left_out(sleep: pd.DataFrame) -> None:
    gaps = sleep.assign(Days=sleep["Days"].astype(float).where(np.arange(180) != 4))
    with pytest.raises(mm.DataError, match="miss"):
        MixedRegressor(SLOPES).fit(gaps, sleep["Reaction"])
    estimator = MixedRegressor(SLOPES).fit(sleep, sleep["Reaction"])
    with pytest.raises(mm.DataError, match="row 4 of X"):
        estimator.predict(gaps)
    omitting = MixedRegressor(SLOPES, na_action="omit").fit(gaps, sleep["Reaction"])
    assert omitting.model_.nobs == 179
    assert np.flatnonzero(np.isnan(omitting.predict(gaps))).tolist() == [4]
    with pytest.raises(ValueError, match="Input y contains NaN"):
        omitting.fit(sleep, sleep["Reaction"].where(np.arange(180) != 4))


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"formula": 3}, "formula is 3"),
        ({"formula": "~ Days +"}, "something is missing after"),
        ({"formula": "~ Dais"}, "did you mean 'Days'"),
        ({"na_action": "pass"}, "na_action is 'pass'"),
        ({"family": "gaussien"}, "gaussien"),
        ({"formula": "~ Days", "penalty": "soft"}, "penalty='soft' is of families other"),
        ({"formula": "~ Days", "kind": "mean"}, "kind is 'mean'"),
    ],
)
def test_settings_are_checked_at_the_fit_or_the_prediction(sleep: pd.DataFrame, settings: Any, match: str) -> None:
    estimator = MixedRegressor(**{"formula": SLOPES, **settings})
    with pytest.raises(mm.MixedModelsError, match=match):
        estimator.fit(sleep, sleep["Reaction"]).predict(sleep)


def test_a_missing_or_short_y_is_told(sleep: pd.DataFrame) -> None:
    with pytest.raises(mm.DataError, match="requires y to be passed"):
        MixedRegressor(SLOPES).fit(sleep)
    with pytest.raises(mm.DataError, match="X has 180 rows and y has 10"):
        MixedRegressor(SLOPES).fit(sleep, sleep["Reaction"][:10])
    estimator = MixedRegressor(SLOPES).fit(sleep, sleep["Reaction"])
    with pytest.raises(TypeError, match="needs y"):
        estimator.score(sleep)


# -- the classifier ---------------------------------------------------------------------------------------------------
def test_classes_are_sorted_and_the_second_is_modelled(outcomes: pd.DataFrame) -> None:
    estimator = MixedClassifier("passed ~ x + (1 | school)").fit(outcomes)
    assert estimator.classes_.tolist() == ["no", "yes"]
    p = estimator.predict_proba(outcomes)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(np.exp(estimator.predict_log_proba(outcomes)), p, rtol=1e-12)
    np.testing.assert_allclose(1 / (1 + np.exp(-estimator.decision_function(outcomes))), p[:, 1], rtol=1e-9)
    assert (estimator.predict(outcomes) == np.where(p[:, 1] > 0.5, "yes", "no")).all()
    accuracy = accuracy_score(outcomes["passed"], estimator.predict(outcomes))
    assert estimator.score(outcomes) == estimator.score(outcomes, outcomes["passed"]) == accuracy > 0.6
    reverse = MixedClassifier("~ x + (1 | school)").fit(outcomes, np.where(outcomes["passed"] == "yes", 0, 1))
    np.testing.assert_allclose(reverse.predict_proba(outcomes)[:, 0], p[:, 1], rtol=1e-5)


@pytest.mark.parametrize("kind", ["category", "bool", "int"])
def test_classes_of_any_kind(outcomes: pd.DataFrame, kind: str) -> None:
    yes = outcomes["passed"] == "yes"
    labels = {"category": outcomes["passed"].astype("category"), "bool": yes, "int": yes.astype(int) * 4 - 2}[kind]
    by_y = MixedClassifier("~ x + (1 | school)").fit(outcomes, labels)
    by_x = MixedClassifier("label ~ x + (1 | school)").fit(outcomes.assign(label=labels))
    assert by_y.classes_.tolist() == by_x.classes_.tolist() == sorted(set(labels))
    assert (by_y.predict(outcomes) == by_x.predict(outcomes)).all()


@pytest.mark.parametrize("link", ["probit", "cloglog"])
def test_a_decision_is_positive_where_the_second_class_is_more_probable(outcomes: pd.DataFrame, link: str) -> None:
    estimator = MixedClassifier("~ x + (1 | school)", family=f'binomial(link = "{link}")')
    estimator.fit(outcomes, outcomes["passed"])
    assert ((estimator.decision_function(outcomes) > 0) == (estimator.predict_proba(outcomes)[:, 1] > 0.5)).all()


def test_classifiers_in_cross_validation(outcomes: pd.DataFrame) -> None:
    scores = cross_val_score(
        MixedClassifier("~ x + (1 | school)"),
        outcomes,
        outcomes["passed"],
        groups=outcomes["school"],
        cv=GroupKFold(4),
        scoring="roc_auc",
    )
    assert (scores > 0.6).all()


def test_two_classes_are_needed(outcomes: pd.DataFrame) -> None:
    estimator = MixedClassifier("~ x")
    with pytest.raises(mm.DataError, match="one class, 1"):
        estimator.fit(outcomes, np.ones(400))
    with pytest.raises(mm.DataError, match=r"Only binary classification.*multiclass.*3 values"):
        estimator.fit(outcomes, np.arange(400) % 3)
    with pytest.raises(mm.DataError, match="has no classes"):
        MixedClassifier("~ x", family="poisson").fit(outcomes, outcomes["passed"])
    with pytest.raises(mm.DataError, match="learns the classes"):
        MixedClassifier("I(x > 0) ~ school").fit(outcomes)


def test_a_row_without_a_predictor_has_no_class(outcomes: pd.DataFrame) -> None:
    gaps = outcomes.assign(x=outcomes["x"].where(np.arange(400) != 7))
    estimator = MixedClassifier("~ x + (1 | school)", na_action="omit").fit(gaps, outcomes["passed"])
    assert np.flatnonzero(np.isnan(estimator.predict_proba(gaps)[:, 1])).tolist() == [7]
    with pytest.raises(mm.DataError, match="row 7 of X"):
        estimator.predict(gaps)


def test_penalties_keep_separated_classes_finite(outcomes: pd.DataFrame) -> None:
    separated = np.where(outcomes["x"] > 0, "b", "a")
    with pytest.warns(mm.SeparationWarning):
        MixedClassifier("~ x").fit(outcomes, separated)
    estimator = MixedClassifier("~ x", penalty="jeffreys").fit(outcomes, separated)
    assert np.isfinite(estimator.decision_function(outcomes)).all()
    assert estimator.score(outcomes, separated) > 0.98


# -- the import -------------------------------------------------------------------------------------------------------
def run(script: str) -> str:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


def test_scikit_learn_is_imported_when_it_is_used() -> None:
    script = "import sys, mixedmodels as mm; mm.sklearn; print('sklearn' in sys.modules); mm.sklearn.MixedRegressor; "
    assert run(script + "print('sklearn' in sys.modules)").split() == ["False", "True"]


def test_without_scikit_learn_an_error_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['sklearn'] = None\nimport mixedmodels as mm\n"
        "try:\n    mm.sklearn.MixedClassifier\nexcept mm.MissingLibraryError as error:\n    print(error)"
    )
    assert "mm.sklearn.MixedClassifier needs scikit-learn 1.6 or later" in run(script)
    assert "pip install 'mixedmodels[sklearn]'" in run(script)
