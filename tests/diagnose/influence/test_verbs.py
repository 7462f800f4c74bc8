"""Influence and checks as verbs: what they return, what they refuse, and how they print."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import mixedmodels as mm
from mixedmodels import r

SLEEP = mm.datasets.load("sleepstudy")


@pytest.fixture(scope="module")
def sleep():
    return mm.lmer("Reaction ~ Days + (Days | Subject)", SLEEP)


@pytest.fixture(scope="module")
def gaps():
    """A model that excluded rows with missing values."""
    data = SLEEP.copy()
    data.loc[[3, 50], "Reaction"] = np.nan
    return mm.lmer("Reaction ~ Days + (1 | Subject)", data, na_action="exclude")


def test_the_most_influential_come_first(sleep):
    found = sleep.influence("Subject")
    lines = repr(found).splitlines()
    assert lines[0] == "Influence of each level of Subject, variances kept"
    assert [line.split()[0] for line in lines[3:6]] == ["309", "335", "337"]
    assert lines[-2] == "10 of 18 levels; 0 have a Cook's D above 4 / 18 = 0.222."
    assert len(found) == 18
    assert found.to_frame().columns[:4].tolist() == ["Subject", "rows", "cooks_distance", "mdffits"]
    assert found.to_frame()["Subject"].tolist() == list(SLEEP["Subject"].unique().astype(str))
    assert "Cook" in found._repr_html_()


def test_rows_are_labelled_as_the_table_and_missing_ones_are_nan(gaps):
    cooks = gaps.cooks_distance()
    assert cooks.index.equals(SLEEP.index)
    assert cooks[[3, 50]].isna().all()
    assert cooks.notna().sum() == 178
    assert gaps.hat_values().isna().sum() == 2
    assert gaps.dfbetas().shape == (180, 2)
    assert len(gaps.influence()) == 180
    assert "51" in gaps.influence().labels
    assert "50" not in gaps.influence().labels
    assert 3 not in set(gaps.check_model().influence_table()["row"])


def test_groups_may_be_a_column_a_list_or_values(sleep):
    values = np.arange(180) % 3
    by_values = sleep.influence(values)
    named = mm.lmer("Reaction ~ Days + (Days | Subject)", SLEEP.assign(third=values)).influence("third")
    np.testing.assert_allclose(by_values.cooks_distance(), named.cooks_distance())
    assert named.labels == ("0", "1", "2")
    pair = sleep.influence(["Subject", "Days"])
    assert pair.group == "Subject.Days"
    assert pair.labels[0] == "308.0"


def test_lm_and_glm_have_what_mixed_models_have():
    cake = mm.datasets.load("cake")
    model = mm.lm("angle ~ recipe + temp", cake)
    kept, again = model.influence("replicate"), model.influence("replicate", "refit")
    np.testing.assert_allclose(kept.cooks_distance(), again.cooks_distance())
    assert list(kept.rvc().columns) == ["replicate", "var_residual"]
    part = mm.lm("angle ~ recipe + temp", cake[cake["replicate"] != "1"])
    row = kept.variances().set_index("replicate").loc["1", "var_residual"]
    np.testing.assert_allclose(row, part.sigma**2)
    ticks = mm.glm("TICKS ~ YEAR", mm.datasets.load("grouseticks"), "poisson")
    with pytest.raises(mm.DataError, match="this model has none"):
        ticks.influence("LOCATION").rvc()


def test_what_nothing_is_left_of_is_nan_with_a_reason():
    cake = mm.datasets.load("cake")
    for theta in ("fixed", "one_step", "refit"):
        found = mm.lmer("angle ~ recipe + (1 | recipe:replicate)", cake).influence("recipe", theta)
        assert set(found.failures) == {"A", "B", "C"}
        assert "do not identify all coefficients" in found.failures["A"]
        assert np.isnan(np.asarray(found.cooks_distance())).all()
        assert "3 without numbers" in repr(found)
    one = mm.lm("angle ~ recipe + temp", cake.assign(recipe=["D", *cake["recipe"].iloc[1:]]))
    assert np.isnan(one.cooks_distance()[0])
    assert one.hat_values()[0] == 1
    assert list(one.influence().failures) == ["0"]


def test_a_saturated_model_has_no_residual_variance():
    few = SLEEP.iloc[:3].assign(f=["a", "b", "c"])
    model = mm.lm("Reaction ~ f", few)
    assert "no degrees of freedom" in model.influence().failures["0"] or "identify" in model.influence().failures["0"]
    assert np.isnan(model.rstudent()).all()
    assert model.check_model().checks[0].suspicious is None


def test_signs_of_r(sleep):
    found = r.influence(sleep, "Subject")
    ours = sleep.dfbetas("Subject", "refit").set_index("Subject")
    np.testing.assert_allclose(r.dfbetas(found).set_index("Subject"), -ours)
    line = mm.lm("Reaction ~ Days", SLEEP)
    np.testing.assert_allclose(r.dfbetas(line), line.dfbetas())
    np.testing.assert_allclose(r.covratio(sleep), sleep.cov_ratio())
    np.testing.assert_allclose(r.rstandard(sleep), sleep.rstandard())
    assert r.vif(mm.lm("Reaction ~ Days + Subject", SLEEP))["vif"] == pytest.approx([1, 1])


def test_a_glmer_warns_as_lme4_does():
    model = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", mm.datasets.load("cbpp"), "binomial")
    with pytest.warns(mm.MixedModelsWarning, match="may not make sense"):
        theirs = r.hatvalues(model)
    assert theirs.max() > 1
    assert model.hat_values().max() < 1


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda m: m.influence(theta="half"), "'fixed', 'one_step' or 'refit'"),
        (lambda m: m.influence("Subjekt"), "no column 'Subjekt'"),
        (lambda m: m.influence(["Subject", "no"]), "no column 'no'"),
        (lambda m: m.influence([1, 2]), "group has 2 values"),
        (lambda m: m.influence(np.ones(180)), "the one level '1'"),
        (lambda m: m.rstandard("raw"), "'deviance' or 'pearson'"),
        (lambda m: m.influence("Subject").rvc(), "use influence(theta='one_step')"),
        (lambda m: m.check_normality("both"), "'fixed' for the residuals or 'random'"),
        (lambda m: m.check_overdispersion(), "for counts"),
        (lambda m: m.check_zeroinflation(), "for counts"),
        (lambda m: m.check_outliers(0), "positive Cook's distance"),
        (lambda m: m.vif(), "1 term besides the intercept"),
        (lambda m: m.check_autocorrelation(nsim=0), "positive whole number"),
        (lambda m: m.check_model().binned_residuals_table(1), "whole number from 2"),
        (lambda m: m.check_model().dispersion_table(), "for counts"),
        (lambda m: m.check_model().posterior_predictive_table(n=-1), "positive whole number"),
    ],
)
def test_bad_requests(sleep, ask, words):
    with pytest.raises(mm.DataError) as caught:
        ask(sleep)
    assert words in str(caught.value)


def test_what_is_not_for_a_model():
    cake = mm.datasets.load("cake")
    poisson = mm.glm("TICKS ~ YEAR", mm.datasets.load("grouseticks"), "poisson")
    for ask in (poisson.check_normality, poisson.check_heteroscedasticity):
        with pytest.raises(mm.DataError, match="Gaussian"):
            ask()
    with pytest.raises(mm.DataError, match="random effects"):
        mm.lm("angle ~ temp", cake).check_normality("random")
    with pytest.raises(mm.DataError, match="random effects"):
        mm.lm("angle ~ temp", cake).check_model().qq_random_effects_table()
    with pytest.raises(mm.DataError, match="single trials"):
        mm.glm("use ~ age", mm.datasets.load("Contraception"), "binomial").check_overdispersion()
    with pytest.raises(mm.DataError, match="level is 1"):
        mm.lm("angle ~ temp + recipe", cake).check_collinearity(1)
    with pytest.raises(mm.DataError, match="tolerance"):
        poisson.check_zeroinflation(2)
    alone = mm.lmer("angle ~ 0 + (1 | replicate)", cake)
    with pytest.raises(mm.DataError, match="no fixed effects"):
        alone.influence("replicate")
    np.testing.assert_allclose(alone.leverage()["fixed"], 0, atol=1e-15)
    quick = mm.glmer(
        "incidence / size ~ period + (1 | herd)", mm.datasets.load("cbpp"), "binomial", weights="size", nAGQ=0
    )
    with pytest.raises(mm.DataError, match="nAGQ=0"):
        quick.influence("herd", "one_step")


def test_a_model_without_its_rows_says_so(sleep, tmp_path):
    sleep.save(tmp_path / "fit.json")
    loaded = mm.load(tmp_path / "fit.json")
    for ask in (loaded.influence, loaded.hat_values, loaded.check_model, loaded.rstudent, loaded.check_outliers):
        with pytest.raises(mm.DataError, match="needs the rows"):
            ask()
    assert len(loaded.check_normality("random")) == 2


def test_what_was_not_reached_is_nan_with_a_reason(sleep, monkeypatch):
    from mixedmodels.diagnose.influence import deletions as module

    calls = []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return again(*arguments)

    again = module.refits.fitted_again
    monkeypatch.setattr(module.refits, "fitted_again", interrupted)
    found = sleep.influence("Subject", "refit")
    assert len(found.failures) == 15
    assert "interrupted" in found.failures["330"]
    assert np.isfinite(np.asarray(found.cooks_distance())).sum() == 3


def test_rows_of_weight_0_change_nothing():
    ticks = mm.datasets.load("grouseticks").assign(w=1.0)
    ticks.loc[:4, "w"] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.MixedModelsWarning)
        model = mm.glm("TICKS ~ YEAR + cHEIGHT", ticks, "poisson", weights="w")
    assert (model.cooks_distance()[:5] == 0).all()
    assert (model.hat_values()[:5] == 0).all()
    other = mm.glm("TICKS ~ YEAR + cHEIGHT", ticks.iloc[5:], "poisson")
    np.testing.assert_allclose(model.cooks_distance()[5:], other.cooks_distance(), rtol=1e-8)


def test_100_000_rows_take_no_more_than_a_moment():
    rng = np.random.default_rng(1)
    n = 100_000
    x, g = rng.normal(size=n), rng.integers(0, 2000, n)
    data = pd.DataFrame({"x": x, "g": g, "y": x + rng.normal(size=2000)[g] + rng.normal(size=n)})
    model = mm.lmer("y ~ x + (x | g)", data)
    assert model.hat_values().sum() > 1500
    assert np.isfinite(np.asarray(model.cooks_distance())).all()
    assert np.isfinite(np.asarray(model.cooks_distance("g"))).all()
