"""R's functions have the degrees of freedom of R's packages, whatever the fit's own are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mixedmodels as mm
from mixedmodels import r
from mixedmodels.r import small_samples

CAKE = mm.datasets.load("cake").iloc[:-25]  # not balanced, so that methods differ
FIT = mm.lmer("angle ~ recipe + temp + (1 | recipe:replicate)", CAKE)
ROWS = {"recipe": ["A"], "temp": [200.0]}

# What R's package does (conventions of R), as the methods of a model are asked for it.
SAME: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], str]] = {
    "lmerTest anova": (lambda m: r.anova(m), lambda m: m.anova(ddf="Satterthwaite"), "p_value"),
    "lmerTest drop1": (lambda m: r.drop1(m, test="F"), lambda m: m.drop1("F", ddf="Satterthwaite"), "p_value"),
    "lmerTest contest": (
        lambda m: r.contest(m, np.eye(4)),
        lambda m: m.contest(np.eye(4), ddf="Satterthwaite"),
        "p_value",
    ),
    "lmerTest contest1D": (
        lambda m: r.contest1D(m, [0, 0, 0, 1]),
        lambda m: m.contest1D([0, 0, 0, 1], ddf="Satterthwaite"),
        "p_value",
    ),
    "lmerTest contestMD": (
        lambda m: r.contestMD(m, np.eye(4)),
        lambda m: m.contest(np.eye(4), ddf="Satterthwaite"),
        "p_value",
    ),
    "car Anova": (lambda m: r.Anova(m), lambda m: m.car_anova(test="Chisq", ddf="normal"), "p_value"),
    "car Anova F": (
        lambda m: r.Anova(m, test_statistic="F"),
        lambda m: m.car_anova(test="F", ddf="Kenward-Roger"),
        "p_value",
    ),
    "car linearHypothesis": (
        lambda m: r.linearHypothesis(m, "temp"),
        lambda m: m.linear_hypothesis("temp", test="Chisq", ddf="normal"),
        "p_value",
    ),
    "car linearHypothesis F": (
        lambda m: r.linearHypothesis(m, "temp", test="F"),
        lambda m: m.linear_hypothesis("temp", test="F", ddf="Kenward-Roger"),
        "p_value",
    ),
    "multcomp glht": (
        lambda m: r.glht(m, r.mcp(recipe="Tukey")).summary(),
        lambda m: m.glht(r.mcp(recipe="Tukey"), df="normal").summary(),
        "p_value",
    ),
    "lme4 confint": (
        lambda m: r.confint(m, "beta_", method="Wald"),
        lambda m: m.confint("beta_", method="wald", ddf="normal"),
        "conf_low",
    ),
    "emmeans": (
        lambda m: r.emmeans(m, "recipe").summary(),
        lambda m: m.emmeans("recipe", ddf="Kenward-Roger").summary(),
        "conf_low",
    ),
    "emmeans pairs": (
        lambda m: r.pairs(r.emmeans(m, "recipe")).summary(),
        lambda m: m.emmeans("recipe", ddf="Kenward-Roger").pairs().summary(),
        "p_value",
    ),
    "emmeans emtrends": (
        lambda m: r.emtrends(m, "~ 1", "temp").summary(),
        lambda m: m.emtrends("~ 1", "temp", ddf="Kenward-Roger").summary(),
        "conf_low",
    ),
    "emmeans joint_tests": (
        lambda m: r.joint_tests(m),
        lambda m: m.joint_tests(ddf="Kenward-Roger"),
        "p_value",
    ),
    "ggeffects ggpredict": (
        lambda m: r.ggpredict(m, "temp").table,
        lambda m: m.ggpredict("temp", ddf=m.df_resid).table,
        "conf_low",
    ),
    "ggeffects ggemmeans": (
        lambda m: r.ggemmeans(m, "recipe").table,
        lambda m: m.ggemmeans("recipe", ddf="normal").table,
        "conf_low",
    ),
    "ggeffects ggeffect": (
        lambda m: r.ggeffect(m, "recipe").table,
        lambda m: m.ggeffect("recipe", ddf="normal").table,
        "conf_low",
    ),
    "ggeffects hypothesis_test": (
        lambda m: r.hypothesis_test(m, "recipe"),
        lambda m: m.ggpredict("recipe", ddf=m.df_resid).compare(),
        "p_value",
    ),
    "sjPlot tab_model": (
        lambda m: r.tab_model(m, names=["m"]).to_frame().iloc[:4],
        lambda m: mm.model_table(m, names=["m"], ddf="normal").to_frame().iloc[:4],
        "p_value",
    ),
    "marginaleffects": (
        lambda m: {"vcov": m.get_vcov(), "df": m.get_df()},
        lambda m: {"vcov": np.asarray(m.vcov()), "df": m.df_resid},
        "vcov",
    ),
}


@pytest.mark.parametrize("ddf", ["Satterthwaite", "Kenward-Roger", "normal"])
@pytest.mark.parametrize("name", SAME)
def test_the_default_is_that_of_r(name: str, ddf: str) -> None:
    ours, theirs, column = SAME[name]
    model = FIT.update(ddf=ddf)
    np.testing.assert_array_equal(np.asarray(ours(model)[column]), np.asarray(theirs(model)[column]))


def test_another_method_can_be_asked_for() -> None:
    assert r.emmeans(FIT, "recipe", ddf="normal")["df"].tolist() == [np.inf] * 3
    assert np.isfinite(r.glht(FIT, "temp", df="Satterthwaite").hypotheses.df).all()
    assert "Satterthwaite" in repr(r.linearHypothesis(FIT, "temp", ddf="Satterthwaite"))
    assert r.ggpredict(FIT, "temp", ddf="Kenward-Roger").method == "Kenward-Roger"
    assert np.isfinite(r.confint(FIT, "temp", method="wald", ddf="KR")["conf_low"]).all()


def test_emmeans_has_none_of_many_rows_and_satterthwaites_where_the_other_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mixedmodels.estimates.kenward_roger.LARGEST", 0)
    model = FIT.update(ddf="Satterthwaite")  # which remembers no other method
    assert small_samples.emmeans(model, None) == "Satterthwaite"
    monkeypatch.setattr(small_samples, "EMMEANS_ROWS", len(CAKE) - 1)
    assert small_samples.emmeans(model, None) == "normal"


def test_other_classes_keep_theirs() -> None:
    linear = mm.lm("angle ~ recipe + temp", CAKE)
    gamma = mm.glm("angle ~ recipe + temp", CAKE, "Gamma")
    np.testing.assert_array_equal(r.glht(linear, "temp").hypotheses.df, [linear.df_resid])
    assert "f_value" in r.linearHypothesis(linear, "temp").columns
    assert "chisq" in r.linearHypothesis(gamma, "temp").columns
    np.testing.assert_array_equal(
        r.confint(gamma, method="wald")["conf_low"], gamma.confint(method="wald", ddf="normal")["conf_low"]
    )
    np.testing.assert_array_equal(r.confint(linear, method="wald")["conf_low"], linear.confint()["conf_low"])


def test_lmer_of_r_takes_a_method() -> None:
    assert r.lmer("angle ~ recipe + (1 | replicate)", CAKE, ddf="KR").ddf == "Kenward-Roger"
    with pytest.raises(TypeError, match="ddf"):
        r.glmer("angle ~ recipe + (1 | replicate)", CAKE, "Gamma", ddf="KR")
