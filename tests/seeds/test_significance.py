"""What the texts say about significance: Wald z, t tests, dropped terms, and the tests that they only name.

The texts' p-values are those of lme4's estimates, which stop a little before the optimum: z is the same to 3e-5.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from tests.support.places import SEEDS
from tests.support.seed_texts import beside, reference, sleep, sleep2

import mixedmodels as mm
from mixedmodels.r import glht

EARLY_STOP = 3e-5


@pytest.fixture(scope="module")
def sites():
    return mm.lmer("y ~ x + (x | site)", pd.read_csv(SEEDS / "sites.csv"))


@pytest.fixture(scope="module")
def partial():
    return mm.lmer("Reaction ~ days_deprived + (days_deprived | Subject)", sleep2())


@pytest.fixture(scope="module")
def exercise():
    return mm.lmer("Reaction ~ Days + (1 | Subject)", sleep())


@pytest.fixture(scope="module")
def bats():
    return mm.lmer("mass ~ forest * species + (1 | sites)", beside("batMass.csv"))


def as_z(p_value: float) -> float:
    return float(norm.isf(p_value / 2))


# -- Wald ----------------------------------------------------------------------------------------------------------


def test_wald_z_of_the_sites(sites) -> None:
    by_hand = 2 * norm.sf(sites.fixef()["x"] / np.sqrt(sites.vcov().loc["x", "x"]))
    assert sites.update(ddf="normal").pvalues["x"] == pytest.approx(by_hand, rel=1e-12)
    assert sites.pvalues["x"] == pytest.approx(0.0127, abs=5e-5)  # the default: t with Satterthwaite's 14.9
    assert as_z(by_hand) == pytest.approx(as_z(0.004659069), rel=EARLY_STOP)


def test_wald_z_of_the_sleep_study(partial) -> None:
    assert list(partial.tvalues) == pytest.approx([32.418437, 6.197082], rel=EARLY_STOP)
    normal = partial.update(ddf="normal").pvalues
    assert as_z(normal["days_deprived"]) == pytest.approx(as_z(5.75197e-10), rel=EARLY_STOP)
    assert normal["(Intercept)"] < 1e-200


def test_one_line_each_and_a_t_test_of_their_slopes_is_satterthwaites_test(partial) -> None:
    """Balanced data: the text's one-sample t test, t(17) = 6.197, is that of the mixed model."""
    each = mm.lm("Reaction ~ 0 + Subject + Subject:days_deprived", sleep2()).params.to_numpy()[18:]
    sample = mm.lm("slope ~ 1", pd.DataFrame({"slope": each})).tidy(conf_int=True).iloc[0]
    mixed = partial.tidy(conf_int=True).set_index("term").loc["days_deprived"]
    for row in (sample, mixed):
        assert row["statistic"] == pytest.approx(6.1971, abs=5e-5)
        assert row["p_value"] == pytest.approx(9.749e-06, abs=5e-10)
        assert [row["conf_low"], row["conf_high"]] == pytest.approx([7.542244, 15.328613], abs=5e-7)
    assert mixed["df"] == pytest.approx(17, abs=1e-4)


# -- likelihood ratios ---------------------------------------------------------------------------------------------


def test_dropped_term_of_a_refit_by_ml_and_back(sites) -> None:
    by_ml = sites.update(REML=False)
    assert [line.rstrip() for line in str(by_ml.drop1(test="Chisq")).split("\n")[5:7]] == [
        "<none>      913.08",
        "x         1 917.85 6.7697 0.009272 **",
    ]
    assert by_ml.update(REML=True).reml_criterion == pytest.approx(sites.reml_criterion, abs=1e-9)


# -- the tests that the texts name ---------------------------------------------------------------------------------


def same_tests(fit: mm.MixedModel, smaller: str, expected: dict[str, object]) -> None:
    ratio = fit.anova(fit.update(smaller)).to_frame()["chisq"].iloc[-1]
    assert ratio == pytest.approx(expected["lrt"], rel=1e-8)
    found = fit.KRmodcomp(smaller)
    f, df, den_df, p_value = expected["kr"]
    assert [found.statistic, found.num_df] == pytest.approx([f, df], rel=1e-5)
    assert found.den_df == pytest.approx(den_df, rel=1e-5)
    assert found.p_value == pytest.approx(p_value, rel=1e-3)


def test_likelihood_ratio_and_kenward_roger_of_the_exercise(exercise) -> None:
    same_tests(exercise, ". ~ . - Days", reference()["tests"]["sleep"])


def test_likelihood_ratio_and_kenward_roger_of_the_sites(sites) -> None:
    same_tests(sites, ". ~ . - x", reference()["tests"]["sites"])


def test_restricted_likelihood_ratio_of_the_exercise(exercise) -> None:
    row = exercise.rlrt(nsim=1000, seed=1).to_frame().iloc[0]
    assert row["rlrt"] == pytest.approx(reference()["tests"]["sleep_rlrt"], rel=1e-6)
    assert row["p_value"] == pytest.approx(1 / 1001)


def test_parametric_bootstrap_of_the_dichotomised_exercise() -> None:
    data = sleep().assign(aboveAve=(sleep()["Reaction"] > 288.7).astype(int))
    fit = mm.glmer("aboveAve ~ Days + (1 | Subject)", data, "binomial")
    test = fit.pbmodcomp("~ . - Days", nsim=40, seed=1).test
    assert test.statistic == pytest.approx(fit.drop1("Chisq").to_frame()["lrt"].iloc[1], rel=1e-8)
    assert test.p_value == pytest.approx(1 / (test.positive + 1))


def test_bats_with_their_sites_as_random_effects(bats) -> None:
    same_tests(bats, ". ~ . - forest:species", reference()["tests"]["bats"])


def test_comparisons_of_the_bats_slopes(bats) -> None:
    second, third = "forest:speciesSpp2", "forest:speciesSpp3"
    lines = [f"{second} = 0", f"{third} = 0", f"{third} - {second} = 0"]
    found = glht(bats, lines).summary(test="none").to_frame()["p_value"]
    assert list(found) == pytest.approx(reference()["tests"]["bats_glht"], rel=1e-4, abs=1e-12)
