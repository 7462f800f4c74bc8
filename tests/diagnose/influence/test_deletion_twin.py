"""Deletion and leverage against the dense twin, and against fits to the rows that are left."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from tests.support import dense_deletion

import mixedmodels as mm

EXACT = {"rtol": 1e-9, "atol": 1e-10}  # of quantities of order 1, by inverses of matrices of condition below 1e4


def table(seed=1, n=70):
    rng = np.random.default_rng(seed)
    school = rng.integers(0, 7, n)
    room = school * 2 + rng.integers(0, 2, n)
    frame = pd.DataFrame(
        {"x": rng.normal(size=n), "f": np.array(list("abc"))[rng.integers(0, 3, n)], "w": rng.uniform(0.5, 3, n),
         "o": rng.normal(size=n), "school": [f"s{i}" for i in school], "room": [f"r{i}" for i in room],
         "item": [f"i{i}" for i in rng.integers(0, 6, n)]}
    )  # fmt: skip
    frame["twice"] = 2 * frame["x"]
    effects = rng.normal(size=7)[school] + rng.normal(size=14)[room]
    frame["y"] = 3 + frame["x"] + effects + rng.normal(size=n)
    frame["count"] = rng.poisson(np.exp(0.5 * frame["x"] + 0.5 * rng.normal(size=7)[school]))
    return frame


MODELS = {
    "lm": ("y ~ x + f", None),
    "lm weighted": ("y ~ x * f + offset(o)", "w"),
    "intercepts": ("y ~ x + f + (1 | school)", None),
    "slopes": ("y ~ x + (x | school)", "w"),
    "independent slopes": ("y ~ x + (x || school) + offset(o)", None),
    "nested": ("y ~ x * f + (1 | school / room)", "w"),
    "crossed": ("y ~ x + f + (1 | school) + (1 | item)", "w"),
    "crossed slopes": ("y ~ x + (x | school) + (1 | item) + offset(o)", None),
    "dependent": ("y ~ x + twice + f + (1 | school)", None),
    "no random variance": ("o ~ x + (1 | school) + (1 | item)", None),
}


def fitted(name):
    formula, weights = MODELS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.MixedModelsWarning)
        fit = mm.lm if "|" not in formula else mm.lmer
        return fit(formula, table(), weights=weights)


@pytest.mark.parametrize(
    ("name", "group"),
    [
        (name, group)
        for name, (formula, _) in MODELS.items()
        for group in (None, "school", "item", "f")
        if group != "f" or "f" not in formula.split("(")[0].split("offset")[0]  # a coefficient goes with its level
    ],
)
def test_deletion_at_kept_variances_is_exact(name, group):
    model = fitted(name)
    ours = model.influence(group)
    codes = np.arange(70) if group is None else pd.factorize(table()[group])[0]
    seen = np.arange(70) if group is None else pd.factorize(table()[group])[1]
    places = [ours.labels.index(str(label)) for label in seen]
    twin = dense_deletion.without(model, codes)
    pairs = {
        "estimates": ours._changes.estimates,
        "cooks": np.asarray(ours.cooks_distance()),
        "mdffits": np.asarray(ours.mdffits()),
        "ratio": np.asarray(ours.cov_ratio()),
        "trace": np.asarray(ours.cov_trace()),
        "error": ours._changes.std_error,
    }
    for what, values in pairs.items():
        np.testing.assert_allclose(values[places], twin[what], err_msg=what, **EXACT)
    assert not ours.failures


@pytest.mark.parametrize("name", ["crossed", "crossed slopes", "nested", "no random variance"])
@pytest.mark.parametrize("group", ["school", "item", "room"])
def test_the_mean_shift_identity_says_the_same(name, group, monkeypatch):
    """What large models have in the place of solving the equations of the rows that are left."""
    from mixedmodels.diagnose.influence import deletions as module

    monkeypatch.setattr(module, "_apart", lambda *_: False)
    model = fitted(name)
    solved = model.influence(group)
    monkeypatch.setattr(module, "MANY", 0)
    monkeypatch.setattr(module, "_solved_again", None)
    shifted = model.influence(group)
    np.testing.assert_allclose(shifted.to_frame().iloc[:, 1:], solved.to_frame().iloc[:, 1:], **EXACT)
    assert not shifted.failures


def test_the_mean_shift_identity_of_a_glmer_and_of_what_identifies_nothing(monkeypatch):
    from mixedmodels.diagnose.influence import deletions as module

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.MixedModelsWarning)
        model = mm.glmer("count ~ x + f + (1 | school) + (1 | item)", table(), "poisson")
    solved = model.influence("item")
    monkeypatch.setattr(module, "MANY", 0)
    monkeypatch.setattr(module, "_solved_again", None)
    np.testing.assert_allclose(model.influence("item").to_frame().iloc[:, 1:], solved.to_frame().iloc[:, 1:], **EXACT)
    nothing = model.influence("f")
    assert set(nothing.failures) == {"a", "b", "c"}
    assert "do not identify" in nothing.failures["b"]


@pytest.mark.parametrize("name", MODELS)
def test_leverage_and_its_parts(name):
    model = fitted(name)
    ours, twin = model.leverage(), dense_deletion.leverage(model)
    for what, values in twin.items():
        np.testing.assert_allclose(ours[what], values, err_msg=what, **EXACT)
    assert ours["total"].between(0, 1).all()
    np.testing.assert_allclose(model.hat_values(), ours["total"])
    by_school = model.leverage("school").set_index("school")["total"]
    np.testing.assert_allclose(by_school, ours["total"].groupby(table()["school"]).mean()[by_school.index])


@pytest.mark.parametrize("name", ["intercepts", "slopes", "crossed", "nested"])
def test_refits_are_fits_to_the_rows_that_are_left(name):
    model, data = fitted(name), table()
    found = model.influence("school", "refit")
    formula, weights = MODELS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mm.MixedModelsWarning)
        other = mm.lmer(formula, data[data["school"] != "s3"], weights=weights)
    row = found.labels.index("s3")
    # both searches end where no step promises a decrease of the criterion above 1e-11
    np.testing.assert_allclose(found._changes.estimates[row], other._fit.beta, rtol=1e-5)
    np.testing.assert_allclose(found._changes.std_error[row], np.sqrt(np.diag(other.vcov())), rtol=1e-4)
    assert found.rows[row] == (data["school"] == "s3").sum()


@pytest.mark.parametrize(
    ("data", "formula", "group", "share"),
    [
        ("sleepstudy", "Reaction ~ Days + (Days | Subject)", "Subject", 0.2),
        ("Penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)", "plate", 0.05),
        ("Penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)", "sample", 0.15),
        ("cake", "angle ~ recipe * temperature + (1 | recipe:replicate)", "recipe:replicate", 0.02),
        ("sites", "y ~ x + (x | site)", "site", 0.05),
    ],
)
def test_one_newton_step_goes_most_of_the_way(data, formula, group, share):
    """What is left to the refit, beside the way from the estimates, on average over levels."""
    model = mm.lmer(formula, mm.datasets.load(data))
    step, again = model.influence(group, "one_step"), model.influence(group, "refit")
    at, whole = step._changes.parameters, model.influence(group).parameters
    variances = [i for i, name in enumerate(step.parameter_names) if name.startswith("var_")]
    left = np.abs(at - again._changes.parameters).mean(axis=0)
    way = np.abs(whole - again._changes.parameters).mean(axis=0)
    assert (left[variances] < share * way[variances]).all()
    moved = np.abs(step._changes.estimates - again._changes.estimates)
    assert moved.max() < 0.02 * np.sqrt(np.diag(model.vcov())).max()


def test_a_glmer_steps_towards_its_refit():
    model = mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", mm.datasets.load("cbpp"), "binomial")
    cooks = {theta: np.asarray(model.cooks_distance("herd", theta)) for theta in ("fixed", "one_step", "refit")}
    assert np.abs(cooks["fixed"] - cooks["refit"]).max() < 0.05
    assert np.abs(cooks["one_step"] - cooks["refit"]).max() < 0.003


def test_a_glm_is_fitted_again_and_stepped_towards():
    data = table()
    model = mm.glm("count ~ x + f", data, "poisson")
    again = model.influence("school", "refit").fixed_effects().set_index("school").loc["s2"]
    other = mm.glm("count ~ x + f", data[data["school"] != "s2"], "poisson")
    np.testing.assert_allclose(again, np.asarray(other.fixef()), rtol=1e-8)
    step = model.influence("school").fixed_effects().set_index("school").loc["s2"]
    assert np.abs(step - again).max() < 0.2 * np.abs(np.asarray(model.fixef()) - again).max()


def test_a_variance_of_0_stays_0_through_one_step():
    model = fitted("no random variance")
    assert model.is_singular
    zero = [i for i, v in enumerate(model.influence("school").parameters) if v == 0]
    assert zero
    assert (model.influence("school", "one_step")._changes.parameters[:, zero] == 0).all()
    assert np.isnan(model.influence("school", "one_step").rvc().iloc[:, [1 + i for i in zero]]).all().all()


def test_single_rows_named_by_two_factors_are_the_rows():
    sleep = mm.datasets.load("sleepstudy")
    model = mm.lmer("Reaction ~ Days + (Days | Subject)", sleep)
    both, rows = model.influence(["Subject", "Days"]), model.influence()
    places = [both.labels.index(f"{s}.{d}") for s, d in zip(sleep["Subject"], sleep["Days"], strict=True)]
    np.testing.assert_allclose(np.asarray(both.cooks_distance())[places], rows.cooks_distance())
    np.testing.assert_allclose(np.asarray(both.dfbetas())[places, 1:].astype(float), rows.dfbetas())
