"""Comparisons of models: what is compared with what, what is refused, and how it is said."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.support.places import SEEDS

import mixedmodels as mm
from mixedmodels import r
from mixedmodels.inference.comparison.lrt import restricted_loglik

SITES = SEEDS / "sites.csv"


@pytest.fixture(scope="module")
def sleep() -> pd.DataFrame:
    return mm.datasets.load("sleepstudy").assign(h=lambda d: (d.Days % 3).astype(str), z=lambda d: np.sqrt(d.Days))


@pytest.fixture(scope="module")
def slopes(sleep):
    return mm.lmer("Reaction ~ Days + (Days | Subject)", sleep)


@pytest.fixture(scope="module")
def levels(sleep):
    return mm.lmer("Reaction ~ Days + (1 | Subject)", sleep)


@pytest.fixture(scope="module")
def line(sleep):
    return mm.lm("Reaction ~ Days", sleep)


def test_the_running_texts_drop1() -> None:
    sites = pd.read_csv(SITES)
    fit = mm.lmer("y ~ x + (x | site)", sites, REML=False)
    assert [line.rstrip() for line in repr(fit.drop1(test="Chisq")).split("\n")] == [
        "Single term deletions",
        "",
        "Model:",
        "y ~ x + (x | site)",
        "       npar    AIC    LRT  Pr(Chi)",
        "<none>      913.08",
        "x         1 917.85 6.7697 0.009272 **",
        "---",
        "Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1",
    ]


# -- anova of several models ---------------------------------------------------------------------------------------


def test_models_are_called_by_the_variables_that_hold_them(slopes, levels) -> None:
    assert slopes.anova(levels).names == ("levels", "slopes")
    assert r.anova(slopes, levels).names == ("levels", "slopes")
    assert slopes.anova(levels, names=["with slopes", "without"]).names == ("without", "with slopes")
    assert r.anova(slopes, levels, model_names=["b", "a"]).names == ("a", "b")
    both = [slopes, levels]
    del slopes, levels
    assert both[0].anova(both[1]).names == ("MODEL2", "MODEL1")


def test_restricted_fits_are_refitted_and_it_is_said(slopes, levels, line) -> None:
    table = slopes.anova(levels, line)
    assert table.heading[0] == "refitting model(s) with ML (instead of REML)"
    by_ml = [m.update(REML=False) for m in (levels, slopes)]
    assert table["loglik"] == pytest.approx([line.loglik, *(m.loglik for m in by_ml)], abs=1e-9)
    assert slopes.is_reml
    assert by_ml[0].anova(by_ml[1]).heading[0] == "Data: sleep"


def test_restricted_likelihoods_with_refit_false(slopes, levels, line) -> None:
    table = slopes.anova(levels, line, refit=False)
    assert table["loglik"][1:] == pytest.approx([levels.loglik, slopes.loglik])
    assert table["loglik"][0] == restricted_loglik(line._fit) > line.loglik
    flat = slopes.update(". ~ . - Days")
    with pytest.raises(mm.DataError, match="different fixed effects"):
        slopes.anova(flat, refit=False)
    with pytest.raises(mm.DataError, match="fitted by ML and others by REML"):
        slopes.anova(levels.update(REML=False), refit=False)


def test_each_row_is_against_the_row_above(slopes, levels, line) -> None:
    table = line.anova(slopes, levels)
    assert table["npar"].tolist() == [3, 4, 6]
    assert table["chisq"][1:] == pytest.approx(2 * np.diff(table["loglik"]))
    assert np.isnan(table["chisq"][0])
    assert table["aic"] == pytest.approx(-2 * table["loglik"] + 2 * table["npar"])
    assert table["deviance"] == pytest.approx(-2 * table["loglik"])
    assert table.to_frame().columns[0] == "model"


def test_the_mixture_is_smaller_and_named(slopes, levels, line) -> None:
    plain, mixed = slopes.anova(levels, line), slopes.anova(levels, line, test="mixture")
    assert mixed["p_value"][2] < plain["p_value"][2]
    assert mixed["p_value"][1] == pytest.approx(plain["p_value"][1] / 2)
    assert mixed.footer[1:] == ("levels: 0.5 chi2(0) + 0.5 chi2(1)", "slopes: 0.5 chi2(1) + 0.5 chi2(2)")
    assert list(slopes.anova(levels, test="none").columns) == ["npar", "aic", "bic", "loglik", "deviance"]


def test_models_outside_of_each_other_get_a_warning(sleep, slopes, levels) -> None:
    other = mm.lmer("Reaction ~ z + (Days | Subject)", sleep)
    with pytest.warns(mm.errors.MixedModelsWarning, match="levels does not lie within other"):
        assert np.isfinite(levels.anova(other)["chisq"][1])
    with pytest.warns(mm.errors.MixedModelsWarning, match="compare AIC"):
        table = slopes.anova(other)
    assert table["df"][1] == 0
    assert np.isnan(table["p_value"][1])
    with pytest.raises(mm.DataError, match="does not lie within"):
        levels.anova(other, test="mixture")


def test_an_offset_that_the_larger_model_has_as_a_term_is_nested(sleep) -> None:
    small = mm.lmer("Reaction ~ offset(10 * Days) + (1 | Subject)", sleep)
    large = mm.lmer("Reaction ~ Days + (1 | Subject)", sleep)
    assert small.anova(large)["df"][1] == 1
    with pytest.warns(mm.errors.MixedModelsWarning, match="offset"):
        mm.lmer("Reaction ~ offset(z) + (1 | Subject)", sleep).anova(large)


def test_other_rows_are_refused(sleep, slopes) -> None:
    with pytest.raises(mm.DataError, match="180 and 170 rows"):
        slopes.anova(mm.lmer("Reaction ~ Days + (1 | Subject)", sleep.iloc[10:]))
    holes = sleep.assign(a=sleep.Days.where(sleep.index != 3), b=sleep.z.where(sleep.index != 7))
    one = mm.lmer("Reaction ~ a + (1 | Subject)", holes)
    two = mm.lmer("Reaction ~ a + b + (1 | Subject)", holes)
    with pytest.raises(mm.DataError, match=r"179 and 178 rows.*missing values"):
        one.anova(two)
    with pytest.raises(mm.DataError, match="row 7 is in one only"):
        one.anova(mm.lmer("Reaction ~ b + (1 | Subject)", holes))


def test_other_responses_weights_families_and_methods_are_refused(sleep, levels) -> None:
    with pytest.raises(mm.DataError, match=r"responses, 'Reaction' and 'log\(Reaction\)'"):
        levels.anova(mm.lmer("log(Reaction) ~ Days + (1 | Subject)", sleep))
    with pytest.raises(mm.DataError, match="different weights"):
        levels.anova(mm.lmer("Reaction ~ Days + (1 | Subject)", sleep, weights=np.arange(180) + 1.0))
    counts = sleep.assign(n=sleep.Reaction.round())
    as_counts = mm.glmer("n ~ z + (1 | Subject)", counts, family="poisson")
    with pytest.raises(mm.DataError, match="families"):
        as_counts.anova(mm.lmer("n ~ z + (1 | Subject)", counts))
    herds = mm.datasets.load("cbpp")
    formula = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
    laplace = mm.glmer(formula, herds, family="binomial")
    with pytest.raises(mm.DataError, match=r"nAGQ=1.*nAGQ=9"):
        laplace.anova(mm.glmer(formula, herds, family="binomial", nAGQ=9))
    with pytest.raises(mm.DataError, match="penalties None and 'soft'"):
        laplace.anova(mm.glmer(formula, herds, family="binomial", penalty="soft"))


def test_quadrature_is_comparable_with_a_glm() -> None:
    """All constants are in every log-likelihood, so that one with nAGQ > 1 may stand beside that of a glm."""
    herds = mm.datasets.load("cbpp")
    formula = "cbind(incidence, size - incidence) ~ period"
    fixed = mm.glm(formula, herds, family="binomial")
    mixed = mm.glmer(f"{formula} + (1 | herd)", herds, family="binomial", nAGQ=9)
    assert fixed.anova(mixed)["chisq"][1] == pytest.approx(14.0, abs=0.3)


def test_arguments_that_are_no_models(slopes, levels, tmp_path) -> None:
    with pytest.raises(mm.DataError, match=r"argument 1 is int 3.*anova\(type=2\)"):
        slopes.anova(3)
    with pytest.raises(mm.DataError, match="type and ddf"):
        slopes.anova(levels, type=3)
    with pytest.raises(mm.DataError, match="test is 'F'; here it is one of"):
        slopes.anova(levels, test="F")
    with pytest.raises(mm.DataError, match="2 different texts"):
        slopes.anova(levels, names=["a", "a"])
    with pytest.raises(mm.DataError, match="fitted models"):
        r.anova("Reaction ~ Days")  # type: ignore[arg-type]
    slopes.save(tmp_path / "slopes.json")
    with pytest.raises(mm.DataError, match="loaded from a file"):
        mm.load(tmp_path / "slopes.json").anova(levels)


def test_tables_come_in_the_library_of_the_data(sleep) -> None:
    one, two = (mm.lmer(f"Reaction ~ {x} + (1 | Subject)", pl.from_pandas(sleep)) for x in ("1", "Days"))
    assert isinstance(one.anova(two).to_frame(), pl.DataFrame)
    assert isinstance(two.drop1().to_frame(), pl.DataFrame)
    assert isinstance(two.ranova().to_frame(), pl.DataFrame)


# -- drop1, add1 ---------------------------------------------------------------------------------------------------


def test_terms_within_interactions_stay() -> None:
    cake = mm.datasets.load("cake")
    fit = mm.lmer("angle ~ recipe * temperature + (1 | recipe:replicate)", cake)
    assert fit.drop1().names == ("<none>", "recipe:temperature")
    assert fit.drop1(scope=["temperature:recipe"]).names == ("<none>", "recipe:temperature")
    assert fit.drop1(scope="~ recipe:temperature").names == ("<none>", "recipe:temperature")
    with pytest.raises(mm.DataError, match="'oven' is not a term"):
        fit.drop1(scope="oven")
    with pytest.raises(mm.DataError, match="ddf is for"):
        fit.drop1(ddf="Satterthwaite")
    with pytest.raises(mm.DataError, match="test is 'Rao'; here it is one of"):
        fit.drop1("Rao")


def test_a_margin_that_is_asked_for_is_recoded_as_r_does() -> None:
    """Without `recipe` the interaction takes its columns over: nothing changes."""
    fit = mm.lmer("angle ~ recipe * temperature + (1 | recipe:replicate)", mm.datasets.load("cake"))
    row = fit.drop1("Chisq", scope=["recipe"]).row("recipe")
    assert row["npar"] == 0
    assert row["lrt"] == pytest.approx(0, abs=1e-7)


def test_f_tests_of_a_mixed_model_are_those_of_its_coefficients(slopes, line) -> None:
    row = slopes.drop1("F").row("Days")
    assert row["f_value"] == pytest.approx((slopes.fixef()["Days"] / slopes.bse["Days"]) ** 2)
    assert row["den_df"] == pytest.approx(17, abs=1e-6)
    assert row["sum_sq"] == pytest.approx(row["f_value"] * slopes.sigma**2)
    assert slopes.drop1("F").heading[0] == "Single term deletions using Satterthwaite's method:"
    assert slopes.drop1("F", ddf="asymptotic").row("Days")["den_df"] == np.inf


def test_columns_that_are_left_out_keep_the_rows(sleep) -> None:
    """R would fit the smaller model to more rows, and stops."""
    holes = sleep.assign(a=sleep.z.where(sleep.index % 50 != 3))
    fit = mm.lmer("Reaction ~ Days + a + (1 | Subject)", holes)
    complete = mm.lmer("Reaction ~ Days + (1 | Subject)", holes.dropna(), REML=False)
    assert fit.drop1().row("a")["aic"] == pytest.approx(complete.aic, abs=1e-8)
    with pytest.raises(mm.DataError, match="4 of the 180 rows"):
        mm.lmer("Reaction ~ Days + (1 | Subject)", holes).add1(["a"])


def test_added_terms_are_the_models_with_them(sleep, levels) -> None:
    table = levels.add1("~ . + z + h", test="Chisq")
    assert table.names == ("<none>", "z", "h")
    assert table.heading[0] == "Single term additions"
    for term in ("z", "h"):
        other = levels.update(f". ~ . + {term}")
        both = levels.anova(other)
        assert table.row(term)["lrt"] == pytest.approx(both["chisq"][1], abs=1e-7)
        assert table.row(term)["p_value"] == pytest.approx(both["p_value"][1], abs=1e-9)
        assert table.row(term)["npar"] == both["df"][1]
    assert levels.add1("~ Days * h").names == ("<none>", "h")
    assert r.add1(levels, ["z"]).names == r.add1(levels, "z").names == ("<none>", "z")
    with pytest.raises(mm.DataError, match="no term that could be added"):
        levels.add1("~ .")
    with pytest.raises(mm.DataError, match="lacks the term 'Days'"):
        levels.add1("~ z")
    with pytest.raises(mm.DataError, match="terms to try"):
        levels.add1(None)


def test_rs_spellings_are_the_methods(slopes, line) -> None:
    assert repr(r.drop1(slopes, test="Chisq")) == repr(slopes.drop1("Chisq"))
    assert repr(r.ranova(slopes)) == repr(slopes.ranova())
    assert repr(r.anova(slopes)) == repr(slopes.anova())


def test_an_f_test_of_counts_is_warned_of() -> None:
    fit = mm.glm("TICKS ~ YEAR", mm.datasets.load("grouseticks"), family="poisson")
    with pytest.warns(mm.errors.MixedModelsWarning, match="test='Chisq'"):
        fit.drop1("F")


# -- ranova --------------------------------------------------------------------------------------------------------


def test_an_effect_without_intercept_leaves_nothing(sleep) -> None:
    fit = mm.lmer("Reaction ~ Days + (Days || Subject)", sleep)
    table = fit.ranova()
    assert table.names == ("<none>", "(1 | Subject)", "Days in (0 + Days | Subject)")
    assert table["df"][1:].tolist() == [1, 1]
    alone = mm.lmer("Reaction ~ Days + (1 | Subject)", sleep)
    assert table["loglik"][2] == pytest.approx(alone.loglik, abs=1e-8)


def test_ranova_halves_the_p_value_of_one_variance(levels, slopes) -> None:
    plain, mixed = levels.ranova(), levels.ranova(test="mixture")
    assert mixed["p_value"][1] == pytest.approx(plain["p_value"][1] / 2)
    assert mixed.footer[1] == "(1 | Subject): 0.5 chi2(0) + 0.5 chi2(1)"
    whole = slopes.ranova(reduce_terms=False, test="mixture")
    assert whole.names == ("<none>", "(Days | Subject)")
    assert whole["p_value"][1] < 1e-25
    assert whole.footer == slopes.ranova(reduce_terms=False, test="mixture").footer


def test_ranova_of_a_generalised_model_and_of_none(line) -> None:
    herds = mm.datasets.load("cbpp")
    formula = "cbind(incidence, size - incidence) ~ period"
    mixed = mm.glmer(f"{formula} + (1 | herd)", herds, family="binomial")
    row = mixed.ranova().row("(1 | herd)")
    assert row["loglik"] == pytest.approx(mm.glm(formula, herds, family="binomial").loglik, abs=1e-8)
    with pytest.raises(mm.DataError, match="has none"):
        line.ranova()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.errors.SingularFitWarning)
        warnings.simplefilter("ignore", mm.errors.UnidentifiedWarning)  # period is fixed too
        two = mm.glmer(f"{formula} + (1 | herd) + (1 | period)", herds, family="binomial")
    with pytest.raises(mm.FitError, match="one random effect at a time"):
        mm.glm(formula, herds, family="binomial").anova(two, test="mixture")
