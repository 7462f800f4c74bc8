"""Tests that a model cannot answer, or would answer by an accident of coding or units, are refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

import mixedmodels as mm

CAKE = mm.datasets.load("cake").iloc[:245]
TICKS = mm.datasets.load("grouseticks")
CBPP = mm.datasets.load("cbpp")
SLEEP = mm.datasets.load("sleepstudy")
HERDS = "cbind(incidence, size - incidence) ~ period + (1 | herd)"


@cache
def model(name: str, coding: str = "treatment") -> Any:
    contrasts = {"recipe": coding}
    if name == "lmer":
        return mm.lmer("angle ~ recipe * temp + (1 | recipe:replicate)", CAKE, contrasts=contrasts)
    if name == "glm":
        return mm.glm("angle ~ recipe * temp", CAKE, "gamma(log)", contrasts=contrasts)
    return mm.lm("angle ~ recipe * temp", CAKE, contrasts=contrasts)


# -- models of different laws ----------------------------------------------------------------------------------------

LAWS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "links of a glmer": (
        lambda: mm.glmer(HERDS, CBPP, "binomial"),
        lambda: mm.glmer(HERDS.replace("period", "1"), CBPP, "binomial(probit)"),
    ),
    "links of a glm": (
        lambda: mm.glm("TICKS ~ YEAR", TICKS, "poisson"),
        lambda: mm.glm("TICKS ~ 1", TICKS, "poisson(sqrt)"),
    ),
    "families": (
        lambda: mm.glm("Reaction ~ Days", SLEEP, "gamma(log)"),
        lambda: mm.glm("Reaction ~ 1", SLEEP, "inverse_gaussian(log)"),
    ),
    "known thetas": (
        lambda: mm.glm("TICKS ~ YEAR", TICKS, mm.families.NegativeBinomial(theta=1.0)),
        lambda: mm.glm("TICKS ~ 1", TICKS, mm.families.NegativeBinomial(theta=5.0)),
    ),
    "poisson and a known theta": (
        lambda: mm.glm("TICKS ~ YEAR", TICKS, mm.families.NegativeBinomial(theta=1.0)),
        lambda: mm.glm("TICKS ~ 1", TICKS, "poisson"),
    ),
    "links of a linear model": (
        lambda: mm.lm("Reaction ~ Days", SLEEP),
        lambda: mm.glm("Reaction ~ 1", SLEEP, "gaussian(log)"),
    ),
}


@pytest.mark.parametrize("name", list(LAWS))
def test_likelihoods_of_different_laws_are_compared_but_not_tested(name: str) -> None:
    large, small = (make() for make in LAWS[name])
    for models in ((large, small), (small, large)):
        with pytest.raises(mm.DataError, match="neither lies within the other"):
            models[0].anova(models[1])
    assert len(large.anova(small, test="none").names) == 2
    with pytest.raises(mm.DataError, match="neither lies within the other"):
        large.pbmodcomp(small, nsim=10, seed=1)


def test_laws_that_lie_within_each_other_are_tested() -> None:
    poisson, free = mm.glm("TICKS ~ YEAR", TICKS, "poisson"), mm.glm_nb("TICKS ~ YEAR", TICKS)
    known = mm.glm("TICKS ~ YEAR", TICKS, mm.families.NegativeBinomial(theta=1.0))
    for small in (poisson, known):
        table = free.anova(small)
        assert table["chisq"][1] == pytest.approx(2 * (free.loglik - small.loglik))
        assert table["p_value"][1] < 1e-10


def test_fixed_effects_are_not_tested_between_models_of_other_random_effects() -> None:
    large = mm.lmer("Reaction ~ Days + (1 | Subject)", SLEEP)
    small = mm.lmer("Reaction ~ 1 + (Days | Subject)", SLEEP)
    for verb in ("KRmodcomp", "SATmodcomp"):
        with pytest.raises(mm.DataError, match="has other random effects"):
            getattr(large, verb)(small)


# -- margins ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lmer", "lm", "glm"])
@pytest.mark.parametrize("scope", [["temp"], ["recipe:temp", "recipe"], "~ ."])
def test_a_term_within_an_interaction_is_not_dropped_alone(name: str, scope: Any) -> None:
    for coding in ("treatment", "sum"):
        with pytest.raises(mm.DataError, match=r"is part of 'recipe:temp'.*depends on the coding"):
            model(name, coding).drop1("F", scope=scope)


@pytest.mark.parametrize("name", ["lmer", "lm", "glm"])
def test_what_is_dropped_does_not_depend_on_the_coding(name: str) -> None:
    tables = [model(name, coding).drop1("F") for coding in ("treatment", "sum", "helmert")]
    row = [t.row("recipe:temp") for t in tables]
    for other in row[1:]:
        assert other["f_value"] == pytest.approx(row[0]["f_value"], rel=1e-5)
        assert other["p_value"] == pytest.approx(row[0]["p_value"], rel=1e-5)


# -- empty hypotheses ------------------------------------------------------------------------------------------------

EMPTY = {"no rows": np.zeros((0, 6)), "zeros": np.zeros(6), "a row of zeros": np.eye(6)[:2] * [[1], [0]]}
VERBS: dict[str, Callable[[Any, Any], Any]] = {
    "contest": lambda m, c: m.contest(c),
    "contest one by one": lambda m, c: m.contest(c, joint=False),
    "linear_hypothesis": lambda m, c: m.linear_hypothesis(c),
    "glht": lambda m, c: m.glht(c).summary(),
    "t_test": lambda m, c: m.t_test(c),
    "wald_test": lambda m, c: m.wald_test(c),
}


@pytest.mark.parametrize("matrix", list(EMPTY))
@pytest.mark.parametrize("verb", list(VERBS))
@pytest.mark.parametrize("name", ["lmer", "lm"])
def test_an_empty_hypothesis_is_none(name: str, verb: str, matrix: str) -> None:
    with pytest.raises(mm.DataError, match=r"no contrasts to test|row [12] of the contrasts is 0 everywhere"):
        VERBS[verb](model(name), EMPTY[matrix])


@pytest.mark.parametrize("verb", ["KRmodcomp", "SATmodcomp"])
def test_an_empty_restriction_is_none(verb: str) -> None:
    with pytest.raises(mm.DataError, match="row 1 of the contrasts is 0 everywhere"):
        getattr(model("lmer"), verb)(np.zeros(6))


def test_other_empty_questions() -> None:
    fit = model("lmer")
    for method in ("profile", "wald", "boot"):
        with pytest.raises(mm.DataError, match="parm is empty"):
            fit.confint(parm=[], method=method)
    with pytest.raises(mm.DataError, match="the scope is empty"):
        fit.drop1("F", scope=[])
    with pytest.raises(mm.DataError, match="there are no contrasts"):
        fit.emmeans("recipe").contrast({})


# -- units of hypotheses ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lmer", "lm"])
@pytest.mark.parametrize("unit", [1e-200, 1e-9, 1e12])
def test_the_unit_of_a_contrast_changes_no_test(name: str, unit: float) -> None:
    fit = model(name)
    rows = np.eye(6)[[1, 4]]
    plain, one = fit.contest(rows), fit.contest([0, 1, 0, 0, 0, 0], joint=False)
    mixed = fit.contest(rows * [[1.0], [unit]])
    assert mixed["num_df"][0] == 2
    # The denominator of a joint test by Satterthwaite's method is lmerTest's, which depends on the basis of the rows.
    exact, scaled = (fit.contest(c, ddf="normal") for c in (rows, rows * [[1.0], [unit]]))
    for column in ("f_value", "p_value"):
        assert scaled[column][0] == pytest.approx(exact[column][0], rel=1e-6)
        assert scaled[column][0] > 0
    assert mixed["f_value"][0] == pytest.approx(plain["f_value"][0], rel=1e-6)
    other = fit.contest([0, unit, 0, 0, 0, 0], joint=False)
    for column in ("statistic", "df", "p_value"):
        assert other[column][0] == pytest.approx(one[column][0], rel=1e-9)
    assert other["std_error"][0] == pytest.approx(unit * one["std_error"][0], rel=1e-9)


def test_hypotheses_that_contradict_each_other_do_so_in_any_unit() -> None:
    small = mm.lm("angle ~ temp", CAKE.assign(angle=1e-9 * CAKE["angle"]))
    with pytest.raises(mm.DataError, match="contradict each other"):
        small.contest([[0, 1], [0, 1]], rhs=[1e-10, 2e-10])
