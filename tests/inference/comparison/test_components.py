"""Comparisons of models of several components: glmmTMB's tables, and refits written out."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from tests.support.component_fits import fitted, salamanders
from tests.support.glmmtmb_models import fitted as beside_r
from tests.support.glmmtmb_reference import reference

import mixedmodels as mm
from mixedmodels.errors import DataError, MixedModelsWarning

COMPARED = [name for name, values in reference().items() if "anova" in values]


def _cells(text: str) -> list[list[str]]:
    """Words of the rows of a printed table, without the names of models."""
    return [re.split(r"\s+", line.strip())[1:] for line in text.splitlines() if re.match(r"\w+_model  |\w+  ", line)]


@pytest.mark.parametrize("name", COMPARED)
def test_anova_is_the_table_of_glmmtmb(name: str) -> None:
    values = reference()[name]["anova"]
    one, other = beside_r(name), beside_r(values["against"])
    small, large = (one, other) if one.npar < other.npar else (other, one)
    table = small.anova(large, names=["small_model", "large_model"])
    assert table["chisq"][1] == pytest.approx(values["chisq"], rel=1e-5)
    assert table["df"][1] == values["df"]
    assert table["p_value"][1] == pytest.approx(values["p"], rel=1e-4)
    theirs, ours = values["text"].splitlines(), str(table).splitlines()
    heads = [next(line.split() for line in lines if line.split()[:2] == ["Df", "AIC"]) for lines in (theirs, ours)]
    assert heads[0] == heads[1]
    rows = [[line.split()[1:] for line in lines if re.match(r"\w+_model +\d", line)] for lines in (theirs, ours)]
    assert rows[0] == rows[1]
    formulas = {line.split(": ", 1)[1] for line in theirs if re.match(r"\w+_model: \w", line)}
    if not any(line.endswith("+ , zi=~0, disp=~1") or "+ ," in line for line in theirs):  # which R breaks in its middle
        assert formulas == {line.split(": ", 1)[1] for line in ours if re.match(r"\w+_model: ", line)}


def test_a_component_outside_the_other_model_s_is_told() -> None:
    rows = salamanders()
    a = mm.glmmTMB("count ~ clean + (1 | site)", rows, "poisson", ziformula="~ DOY")
    b = mm.glmmTMB("count ~ clean + (1 | site)", rows, "poisson", ziformula="~ clean + DOP")
    with pytest.warns(MixedModelsWarning, match="does not lie within"):
        a.anova(b)
    with pytest.raises(DataError, match="models of one linear predictor"):
        fitted("one").anova(fitted("both_random"), test="mixture")


@pytest.mark.parametrize("name", ["both_random", "hurdle", "spread", "no_random"])
def test_a_term_dropped_is_a_model_fitted_anew(name: str) -> None:
    fit = fitted(name)
    table = fit.drop1("Chisq")
    smaller = fit.update(". ~ . - clean")
    assert table.row("clean")["lrt"] == pytest.approx(2 * (fit.loglik - smaller.loglik), abs=1e-5)
    assert table.row("clean")["aic"] == pytest.approx(smaller.aic, abs=1e-5)
    added = smaller.add1(". ~ . + clean", "Chisq")
    assert added.row("clean")["aic"] == pytest.approx(fit.aic, abs=1e-5)


def test_a_dot_in_ziformula_keeps_its_terms_while_terms_are_dropped() -> None:
    rows = salamanders()
    fit = mm.glmmTMB("count ~ clean + (1 | site)", rows, "poisson", ziformula="~ .")
    spelled = mm.glmmTMB("count ~ (1 | site)", rows, "poisson", ziformula="~ clean + (1 | site)")
    assert fit.drop1("Chisq").row("clean")["aic"] == pytest.approx(spelled.aic, abs=1e-5)
    test = fit.pbmodcomp(". ~ . - clean", 4, seed=1, progress=False)
    assert test.test.statistic == pytest.approx(2 * (fit.loglik - spelled.loglik), abs=1e-5)


@pytest.mark.parametrize("name", ["both_random", "hurdle", "no_random"])
def test_a_bootstrap_test_reproduces_and_refits_both(name: str) -> None:
    fit = fitted(name)
    smaller = fit.update(". ~ . - clean")
    one, two = (fit.pbmodcomp(smaller, 6, seed=3, progress=False) for _ in range(2))
    np.testing.assert_array_equal(one.reference, two.reference)
    drawn = smaller.simulate(1, seed=3, re_form="~0")["sim_1"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MixedModelsWarning)
        ratio = 2 * (fit.refit(drawn).loglik - smaller.refit(drawn).loglik)
    assert one.reference[0] == pytest.approx(max(ratio, 0.0), abs=1e-3)


def test_ranova_leaves_conditional_terms_out_and_keeps_the_other_components() -> None:
    fit = fitted("both_random")
    table = fit.ranova()
    without = fit.update(". ~ . - (1 | site)")
    assert without.components == ("cond", "zi")
    assert table.row("(1 | site)")["loglik"] == pytest.approx(without.loglik, abs=1e-6)
