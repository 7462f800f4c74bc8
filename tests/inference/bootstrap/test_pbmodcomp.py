"""Bootstrap tests of two models: p-values against pbkrtest from the same reference distributions, and what is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.bootstrap_reference import reference

import mixedmodels as mm
from mixedmodels import r
from mixedmodels.errors import DataError
from mixedmodels.inference.bootstrap.likelihood_ratio import bootstrap_test, ratios, stopped_at


def number(value):
    return np.nan if value in (None, "NA") else float(value)


@pytest.mark.parametrize("name", ["chisq", "boundary", "several", "heavy"])
def test_p_values_are_those_of_pbkrtest(name):
    case = reference()["tests"][name]
    t = bootstrap_test(case["stat"], case["df"], np.array(case["ref"]))
    assert [t.samples, t.positive] == case["samples"]
    assert t.extreme == case["extreme"]
    theirs = {row["_row"]: row for row in case["summary"]}
    assert t.p_chisq == pytest.approx(theirs["LRT"]["p.value"], rel=1e-9)
    assert t.p_value == pytest.approx(theirs["PBtest"]["p.value"], rel=1e-9)
    assert t.p_gamma == pytest.approx(theirs["Gamma"]["p.value"], rel=1e-6)
    assert t.bartlett == pytest.approx(theirs["Bartlett"]["stat"], rel=1e-9)
    assert t.p_bartlett == pytest.approx(theirs["Bartlett"]["p.value"], rel=1e-6)
    assert t.f_value == pytest.approx(theirs["F"]["stat"], rel=1e-9)
    assert t.den_df == pytest.approx(theirs["F"]["ddf"], rel=1e-9)
    np.testing.assert_allclose(t.p_f, number(theirs["F"].get("p.value")), rtol=1e-6)


def test_prints_as_pbkrtest(sleep):
    case = reference()["printed"]
    found = sleep.pbmodcomp("Reaction ~ 1 + (Days | Subject)", reference=case["ref"])
    for ours, theirs in ((found, case["print"]), (found.summary(), case["summary"])):
        rows = [line.rstrip() for line in repr(ours).splitlines()]
        wanted = [line.rstrip() for line in theirs if line.strip()]
        table = next(i for i, line in enumerate(wanted) if line.split()[0] == "stat")
        start = next(i for i, line in enumerate(rows) if line.split()[0] == "stat")
        plain = [line.replace("\u2018", "'").replace("\u2019", "'") for line in wanted[table:]]
        assert rows[start:] == plain
    assert "large : Reaction ~ Days + (Days | Subject)" in repr(found)


def test_both_models_are_compared_by_maximum_likelihood(sleep):
    small = mm.lmer("Reaction ~ 1 + (Days | Subject)", mm.datasets.load("sleepstudy"))
    found = sleep.pbmodcomp(small, 60, seed=1)
    ml = [m.update(REML=False).loglik for m in (sleep, small)]
    assert found.statistic == pytest.approx(2 * (ml[0] - ml[1]), abs=1e-7)
    assert found.df == 1
    assert found.p_value == pytest.approx((1 + found.test.extreme) / (1 + found.test.positive))
    by_formula = sleep.pbmodcomp("~ . - Days", 60, seed=1)
    np.testing.assert_allclose(by_formula.reference, found.reference, atol=1e-8)


def test_ratios_are_those_of_refits_to_the_same_responses(sleep):
    small = mm.lmer("Reaction ~ 1 + (Days | Subject)", mm.datasets.load("sleepstudy"), REML=False)
    drawn = np.asarray(small.simulate(5, seed=4))
    large = sleep.update(REML=False)
    by_hand = [2 * (large.refit(y).loglik - small.refit(y).loglik) for y in drawn.T]
    np.testing.assert_allclose(r.PBrefdist(sleep, small, 5, seed=4), by_hand, atol=1e-7)


def test_the_test_holds_its_level_where_chi_squared_does():
    # One coefficient of a linear model with 178 degrees of freedom: the ratio is a function of F, all but chi-squared.
    line = mm.lm("Reaction ~ Days + I(Days^2)", mm.datasets.load("sleepstudy"))
    found = line.pbmodcomp("~ . - I(Days^2)", 4000, seed=2)
    quantiles = np.quantile(found.reference, [0.5, 0.9, 0.95])
    np.testing.assert_allclose(quantiles, [0.455, 2.706, 3.841], rtol=0.1)
    assert found.p_value == pytest.approx(found.test.p_chisq, abs=0.03)


def test_a_linear_model_may_be_the_smaller_one(sleep):
    random = mm.lmer("Reaction ~ Days + (1 | Subject)", mm.datasets.load("sleepstudy"))
    found = random.pbmodcomp("Reaction ~ Days", 200, seed=1)
    same = random.pbmodcomp(mm.lm("Reaction ~ Days", mm.datasets.load("sleepstudy")), 200, seed=1)
    np.testing.assert_array_equal(found.reference, same.reference)
    at_zero = int((found.reference == 0).sum())
    assert 70 < at_zero < 150  # about half of the ratios lie on the boundary
    assert found.test.positive == 200 - at_zero
    assert found.test.p_value_all == pytest.approx(1 / 201)
    assert f"In {at_zero} samples both models fit equally well" in repr(found)


def test_generalised_models():
    cbpp = mm.datasets.load("cbpp")
    formula = "cbind(incidence, size - incidence) ~ period"
    mixed = mm.glmer(f"{formula} + (1 | herd)", cbpp, "binomial")
    fixed = mm.glm(formula, cbpp, "binomial")
    found = mixed.pbmodcomp(fixed, 10, seed=1)
    assert found.statistic == pytest.approx(2 * (mixed.loglik - fixed.loglik), abs=1e-6)
    pair = fixed.pbmodcomp("~ 1", 10, seed=1)
    assert pair.df == 3
    assert pair.p_value == pytest.approx(1 / 11)


def test_it_stops_at_enough_extremes(sleep):
    curved = sleep.update(". ~ . + I(Days^2)")
    whole = curved.pbmodcomp(sleep, 400, seed=3)
    found = curved.pbmodcomp(sleep, 400, seed=3, extremes=5)
    assert found.test.extreme == 5
    np.testing.assert_array_equal(found.reference, whole.reference[: len(found.reference)])
    assert found.reference[-1] > found.statistic
    assert "Stopped after" in repr(found)
    assert stopped_at(np.array([1.0, 3.0, np.nan, 4.0, 5.0]), 2.0, 2) == 4


def test_threads_do_not_matter(sleep):
    one, two = (sleep.pbmodcomp("~ . - Days", 50, seed=1, threads=k) for k in (1, 2))
    np.testing.assert_array_equal(one.reference, two.reference)


def test_rounding_beside_zero_is_zero():
    np.testing.assert_array_equal(ratios(np.array([100.0, 5.0]), np.array([100.0 + 1e-9, 4.0])), [0.0, 1.0])


def test_r_spellings(sleep):
    reference = r.PBrefdist(sleep, "~ . - Days", 20, seed=1)
    found = r.PBmodcomp(sleep, "~ . - Days", ref=reference)
    assert found.p_value == r.PBmodcomp(sleep, "~ . - Days", 20, seed=1).p_value
    assert r.bootMer(sleep, nsim=3, seed=1, use_u=True).t.shape == (3, 6)
    assert r.bootMer(sleep, lambda m: m.sigma, nsim=2, seed=1, use_u=True, type="semiparametric").done == 2
    assert r.seqPBmodcomp(sleep, "~ . - Days", nsim=10, seed=1).test.samples == 10


def test_bad_pairs(sleep):
    data = mm.datasets.load("sleepstudy")
    with pytest.raises(DataError, match=r"smaller model, .* has 6 parameters and the model 6"):
        sleep.pbmodcomp(sleep)
    with pytest.raises(DataError, match="180 and 90 rows"):
        sleep.pbmodcomp(mm.lm("Reaction ~ Days", data.iloc[:90]))
    with pytest.raises(DataError, match="must be a fitted model or a formula"):
        sleep.pbmodcomp(3)
    with pytest.raises(DataError, match="extremes must be"):
        sleep.pbmodcomp("~ . - Days", extremes=0)
    with pytest.raises(DataError, match="holds no finite number"):
        sleep.pbmodcomp("~ . - Days", reference=[np.nan])
