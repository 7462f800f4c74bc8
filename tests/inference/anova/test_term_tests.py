"""Analysis of variance of one model in every class beside R's and car's, contrasts, and nested means."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support.ddf_reference import differences, fitted, models, table, values
from tests.support.printed_text import differences as text_differences

import mixedmodels as mm
from mixedmodels.r import Anova, KRmodcomp, SATmodcomp, contest1D, contestMD, vcovAdj

NAMES = list(models("anova"))
CALLS: dict[str, Any] = {
    "anova": lambda m: m.anova(),
    "anova_chisq": lambda m: m.anova(test="Chisq"),
    "anova_f": lambda m: m.anova(test="F"),
    "car2": lambda m: Anova(m),
    "car3": lambda m: Anova(m, 3),
    "car2_wald": lambda m: Anova(m, "II", "Wald"),
    "car3_wald": lambda m: Anova(m, "III", "Wald"),
    "car2_f": lambda m: Anova(m, 2, "F"),
    "car3_f": lambda m: Anova(m, 3, "F"),
}
# R iterates a glm until the deviance settles to 1e-14, with collinear columns to 1e-9, or it would not see them;
# glmmTMB's Hessian is by differences of its gradient. For columns relative, for p-values absolute.
TOLERANCES = {"lm": (1e-9, 1e-9), "glm": (1e-8, 1e-8), "glmer": (5e-4, 1e-4)}


@pytest.mark.parametrize("name", NAMES)
def test_tables_as_r_has_them(name: str) -> None:
    model, theirs = fitted("anova", name), values("anova")[name]
    given = [key for key in CALLS if key in theirs]
    assert given
    tolerances = (2e-5, 1e-5) if name == "glm_aliased" else TOLERANCES[models("anova")[name]["class"]]
    wrong = {key: found for key in given if (found := differences(CALLS[key](model), theirs[key], *tolerances))}
    assert wrong == {}


@pytest.mark.parametrize("name", [name for name in NAMES if "printed" in values("anova")[name]])
def test_print_line_for_line(name: str) -> None:
    theirs = values("anova")[name]["printed"]
    assert len(theirs) >= 2
    wrong = {}
    for key, lines in theirs.items():
        # car announces on a line of its own that it compares models.
        shown = "\n".join(line for line in lines if "aliased coefficients" not in line)
        if found := text_differences(CALLS[key](fitted("anova", name)), shown):
            wrong[key] = found
    assert wrong == {}


def test_type_three_of_a_linear_model_with_missing_coefficients_is_refused() -> None:
    with pytest.raises(mm.DesignError, match=r"combinations of others \(atop:o.C\).*use type II"):
        fitted("anova", "lm_aliased").car_anova(3)


def test_types_agree_where_they_must() -> None:
    """The last term of a sequence, and each term of a balanced design, are the same in all types."""
    model = fitted("ddf", "cake")
    one, two, three = (model.anova(type=t) for t in (1, 2, 3))
    assert one["f_value"] == pytest.approx(two["f_value"])
    assert one["f_value"] == pytest.approx(three["f_value"], rel=1e-6)
    unbalanced = [fitted("ddf", "plots").anova(type=t) for t in (1, 2, 3)]
    assert [t.row("a:b")["f_value"] for t in unbalanced] == pytest.approx([unbalanced[0].row("a:b")["f_value"]] * 3)
    assert abs(unbalanced[0].row("a")["f_value"] - unbalanced[2].row("a")["f_value"]) > 1


def test_type_three_of_lmer_does_not_hang_on_contrasts_and_that_of_car_does() -> None:
    plain, summed = fitted("ddf", "plots"), fitted("ddf", "plots_sum")
    assert plain.anova()["f_value"] == pytest.approx(summed.anova()["f_value"], rel=1e-6)
    ours, theirs = (m.car_anova(3).row("a")["chisq"] for m in (plain, summed))
    assert abs(ours - theirs) > 1
    assert plain.car_anova(2)["chisq"] == pytest.approx(summed.car_anova(2)["chisq"], rel=1e-6)


def test_glmer_has_the_sequential_table_of_lme4() -> None:
    shown = fitted("anova", "glmer_herds").anova()
    assert shown.names == ("period",)
    assert list(shown.columns) == ["npar", "sum_sq", "mean_sq", "f_value"]
    # lme4 stops a little before the optimum: 25.313.
    assert shown["sum_sq"][0] == pytest.approx(25.313, rel=2e-3)
    assert fitted("anova", "glmer_herds").anova(type=2)["chisq"] == pytest.approx(
        Anova(fitted("anova", "glmer_herds"))["chisq"]
    )


def test_contrasts() -> None:
    model = fitted("ddf", "machines_unbalanced")
    by_t = contest1D(model, [0, 1, -1])
    assert by_t["estimate"][0] == pytest.approx(model.fixef()["MachineB"] - model.fixef()["MachineC"])
    by_f = contestMD(model, [0, 1, -1])
    assert by_f["f_value"][0] == pytest.approx(by_t["statistic"][0] ** 2)
    assert by_f["den_df"][0] == pytest.approx(by_t["df"][0])
    assert by_t["conf_low"][0] < by_t["estimate"][0] < by_t["conf_high"][0]
    # Against its own estimate a contrast is 0, and a row that repeats others adds nothing.
    at = by_t["estimate"][0]
    assert model.contest([0, 1, -1], rhs=at)["f_value"][0] == pytest.approx(0, abs=1e-12)
    assert model.contest([0, 1, -1], joint=False, rhs=at)["statistic"][0] == pytest.approx(0, abs=1e-12)
    twice = model.contest([[0, 1, -1], [0, 2, -2], [0, 0, 1]])
    once = model.contest([[0, 1, -1], [0, 0, 1]])
    assert twice["num_df"][0] == 2
    assert twice["f_value"][0] == pytest.approx(once["f_value"][0])
    kr = model.contest([[0, 1, 0], [0, 0, 1]], ddf="KR").row("joint")
    assert kr["f_value"] == pytest.approx(model.anova(ddf="KR")["f_value"][0])


def test_contrasts_of_models_without_small_sample_methods() -> None:
    linear = fitted("anova", "lm_two_way")
    found = linear.contest(np.eye(len(linear.fixef())), joint=False)
    assert set(found["df"]) == {linear.df_resid}
    glmer = fitted("anova", "glmer_herds")
    assert np.isinf(glmer.contest([0, 1, 0, 0], joint=False)["df"][0])


def test_nested_models() -> None:
    large = fitted("ddf", "plots")
    small = mm.lmer("y ~ a + b + x + (1 | block)", table("plots"))
    matrix = np.zeros((2, 7))
    matrix[0, 5] = matrix[1, 6] = 1
    for method in (KRmodcomp, SATmodcomp):
        found = [method(large, other) for other in (small, ". ~ . - a:b", matrix)] + [method(small, large)]
        assert len({round(f.statistic, 8) for f in found}) == 1
        assert found[0].num_df == 2
        assert len({round(f.den_df, 5) for f in found}) == 1
        assert [f.small for f in found] == ["y ~ a + b + x + (1 | block)"] * 2 + [None, found[0].small]
        assert {f.large for f in found} == {large.formula}
    kr = KRmodcomp(large, small)
    assert kr.scale < 1
    assert kr.statistic == pytest.approx(kr.scale * kr.unscaled)
    term = large.anova(ddf="KR").row("a:b")
    assert (kr.statistic, kr.den_df, kr.p_value) == pytest.approx(
        (term["f_value"], term["den_df"], term["p_value"]), rel=1e-6
    )
    shifted = KRmodcomp(large, matrix, betaH=np.array(list(dict(large.fixef()).values())))
    assert shifted.statistic == pytest.approx(0, abs=1e-12)


def test_nested_models_print_as_pbkrtest_prints_them() -> None:
    model = fitted("ddf", "sleepstudy")
    assert repr(model.KRmodcomp(". ~ . - Days")).split("\n") == [
        "large : Reaction ~ Days + (Days | Subject)",
        "small : Reaction ~ (Days | Subject)",
        "        stat    ndf    ddf F.scaling   p.value    ",
        "Ftest 45.853  1.000 17.000         1 3.264e-06 ***",
        "---",
        "Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1",
    ]
    assert repr(model.KRmodcomp(np.eye(2))).split("\n")[1:6] == [
        "L = ",
        "     [,1] [,2]",
        "[1,]    1    0",
        "[2,]    0    1",
        "        stat    ndf    ddf F.scaling   p.value    ",
    ]
    assert "Ftest 705.84   2.00  16.00   0.94118 2.488e-16 ***" in repr(model.KRmodcomp(np.eye(2)))
    assert repr(model.SATmodcomp(". ~ . - Days")).split("\n")[3] == "[1,]    45.853  1.000  17 3.264e-06 ***"


def test_adjusted_covariance_is_labelled() -> None:
    adjusted = vcovAdj(fitted("ddf", "plots"))
    assert list(adjusted.index) == list(adjusted.columns) == list(dict(fitted("ddf", "plots").fixef()))


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda m: m.contest([1, 0]), mm.DataError, r"shape \(1, 2\), and the model has 3 fixed effects"),
        (lambda m: m.contest([0, 1, np.nan]), mm.DataError, "the contrasts hold nan"),
        (lambda m: m.contest("MachineB"), mm.DataError, "contrasts must be numbers, a row of 3"),
        (lambda m: m.contest([0, 1, -1], rhs=[1, 2]), mm.DataError, r"rhs is \[1, 2\]; give one number"),
        (lambda m: m.contest([0, 1, -1], ddf="residual"), mm.DataError, "ddf 'residual' is not for this model"),
        (lambda m: m.anova(type=4), mm.DataError, "type is 4; the types of tests are 1, 2 and 3"),
        (lambda m: m.anova(test="Chisq"), mm.DataError, r"F tests, car_anova\(\) Wald's chi-squared"),
        (lambda m: m.car_anova(1), mm.DataError, r"types 2 and 3; anova\(type=1\)"),
        (lambda m: m.car_anova(2, "LR"), mm.DataError, "test is 'LR'; here it is one of 'Chisq', 'F'"),
        (lambda m: m.KRmodcomp(". ~ ."), mm.DataError, "the same mean structure"),
        (lambda m: m.KRmodcomp(". ~ . + I(score > 50)"), mm.DataError, "has more fixed effects"),
        (lambda m: m.KRmodcomp(fitted("ddf", "machines")), mm.DataError, "were fitted to 45 and 54 rows"),
        (lambda m: m.SATmodcomp("score ~ I(score > 50) + (1 | Worker)"), mm.DataError, "not nested"),
    ],
)
def test_bad_input(call: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        call(fitted("ddf", "machines_unbalanced"))


def test_methods_of_mixed_models_are_refused_elsewhere() -> None:
    with pytest.raises(mm.DataError, match="ddf is 'Kenward-Roger'; only an lmer"):
        fitted("anova", "lm_two_way").anova(ddf="Kenward-Roger")
    with pytest.raises(mm.DataError, match="for linear mixed models"):
        fitted("anova", "lm_two_way").KRmodcomp(np.eye(7))


def test_tables_come_back_in_the_kind_of_the_data() -> None:
    import polars as pl

    model = mm.lmer(
        "y ~ a * b + x + (1 | block)", pl.from_pandas(table("plots").astype({"a": str, "b": str, "block": str}))
    )
    shown = model.anova().to_frame()
    assert isinstance(shown, pl.DataFrame)
    assert shown["term"].to_list() == ["a", "b", "x", "a:b"]


def test_columns_that_the_formula_transforms_and_rows_that_are_left_out() -> None:
    """Type III lays the rows out anew, with a subset, missing values, and functions of columns: the same rows."""
    data = table("plots").copy()
    data.loc[[3, 50], "x"] = np.nan
    data["keep"] = np.arange(len(data)) % 7 != 0
    model = mm.lmer(
        "log(y + 10) ~ a * scale(x) + factor(flag) + (1 | block)", data, subset="keep", contrasts={"a": "sum"}
    )
    # As in R, scale() centres on the whole table.
    data["scaled"] = (data["x"] - data["x"].mean()) / data["x"].std()
    rows = data[data["keep"] & data["x"].notna()]
    again = mm.lmer("log(y + 10) ~ a * scaled + flag + (1 | block)", rows)
    assert model.anova()["f_value"] == pytest.approx(again.anova()["f_value"], rel=1e-6)
    assert model.anova()["den_df"] == pytest.approx(again.anova()["den_df"], rel=1e-6)
