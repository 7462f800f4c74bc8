"""Small-sample tests of fits by maximum likelihood: R's numbers, and the word that the variances are ML's."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.support.places import REFERENCE

import mixedmodels as mm
from mixedmodels.r import vcovAdj

THEIRS = json.loads((REFERENCE / "ddf" / "ml.json").read_text(encoding="utf-8"))
SMALLER = {"sleep": ". ~ . - Days", "cake": ". ~ . - recipe:temp"}
ML = "The variances are those of maximum likelihood, too small in small samples"
REFIT = "are from a refit by REML"


@cache
def model(name: str, reml: bool = False) -> Any:
    if name == "sleep":
        data = mm.datasets.load("sleepstudy")
        few = data[data["Subject"].astype(str).isin(["308", "309", "310", "330"])]
        return mm.lmer("Reaction ~ Days + (Days | Subject)", few, REML=reml)
    cake = mm.datasets.load("cake").iloc[:245]
    return mm.lmer("angle ~ recipe * temp + (1 | recipe:replicate)", cake, REML=reml)


@pytest.mark.parametrize("name", list(SMALLER))
def test_the_fits_own_tests_are_those_of_lmertest(name: str) -> None:
    fit, theirs = model(name), THEIRS[name]
    np.testing.assert_allclose(fit.summary(ddf="Satterthwaite").coefficients, theirs["coefficients"], rtol=2e-4)
    columns = ("num_df", "den_df", "f_value", "p_value")
    for table, right in ((fit.anova(), theirs["anova"]), (fit.contest(np.eye(len(fit.fixef()))), theirs["contest"])):
        ours = np.column_stack([table[c] for c in columns])
        np.testing.assert_allclose(ours[:, :3], np.array(right)[:, :3], rtol=2e-4)
        np.testing.assert_allclose(ours[:, 3], np.array(right)[:, 3], rtol=2e-3)


@pytest.mark.parametrize("name", list(SMALLER))
@pytest.mark.parametrize("verb", ["SATmodcomp", "KRmodcomp"])
def test_two_models_are_compared_by_reml_as_in_pbkrtest(name: str, verb: str) -> None:
    fit, smaller = model(name), SMALLER[name]
    for other in (smaller, fit.update(smaller)):
        test = getattr(fit, verb)(other)
        ours = (test.statistic, test.num_df, test.den_df, test.p_value)
        np.testing.assert_allclose(ours, THEIRS[name][verb.lower()], rtol=1e-4)
        assert REFIT in repr(test).replace("\n", " ")
    by_reml = getattr(model(name, True), verb)(smaller)
    assert by_reml.statistic == pytest.approx(test.statistic, rel=1e-5)
    assert by_reml.remarks == ()


PRINTED: dict[str, Callable[[Any], Any]] = {
    "summary": lambda m: m.summary(ddf="Satterthwaite").text(),
    "anova": lambda m: m.anova(),
    "car_anova": lambda m: m.car_anova(test="F"),
    "drop1": lambda m: m.drop1(test="F"),
    "contest": lambda m: m.contest([0, 1]),
    "contest1D": lambda m: m.contest1D([0, 1]),
    "emmeans": lambda m: m.emmeans("Days"),
    "emmeans on another scale": lambda m: m.emmeans("Days").regrid(),
    "emtrends": lambda m: m.emtrends(None, "Days"),
    "joint_tests": lambda m: m.joint_tests(),
    "confint": lambda m: m.confint(method="Wald"),
    "glht": lambda m: m.glht("Days = 0").summary(),
    "linear_hypothesis": lambda m: m.linear_hypothesis("Days = 0"),
    "t_test": lambda m: m.t_test("Days = 0"),
    "wald_test": lambda m: m.wald_test("Days = 0"),
    "avg_slopes": lambda m: m.avg_slopes(),
    "ggpredict": lambda m: m.ggpredict("Days [0, 9]"),
    "compare": lambda m: m.ggpredict("Days [0, 9]").compare(),
    "hypotheses": lambda m: m.hypotheses("Days = 0"),
}


def _text(shown: Any) -> str:
    return " ".join(str(shown).split())


@pytest.mark.parametrize("verb", list(PRINTED))
def test_every_print_says_that_the_variances_are_those_of_ml(verb: str) -> None:
    assert ML in _text(PRINTED[verb](model("sleep")))
    assert ML not in _text(PRINTED[verb](model("sleep", True)))
    assert ML not in _text(PRINTED[verb](model("sleep").update(ddf="normal"))) or verb == "summary"


def test_what_has_no_print_does_not_warn_of_the_users_own_choice() -> None:
    fit = model("sleep")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit.tidy(conf_int=True)
        assert len(fit.bse) == 2
        fit.predict(fit.frame, interval="confidence")


def test_a_covariance_of_a_refit_does_not_go_with_estimates_of_the_fit() -> None:
    fit = model("sleep")
    with pytest.raises(mm.DataError, match="a method for REML, and this model was fitted by maximum likelihood"):
        fit.get_vcov("Kenward-Roger")
    with pytest.warns(mm.MixedModelsWarning, match=REFIT):
        adjusted = vcovAdj(fit)
    np.testing.assert_allclose(adjusted, vcovAdj(model("sleep", True)), rtol=1e-5)


def test_a_model_without_its_rows_cannot_be_refitted(tmp_path: Any) -> None:
    model("sleep").save(tmp_path / "fit.json")
    with pytest.raises(mm.DataError, match="rows"):
        mm.load(tmp_path / "fit.json").SATmodcomp([0, 1])
