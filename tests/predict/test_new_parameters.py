"""Predictions and responses at other parameters, and of the random effects alone, beside lme4 and a dense twin."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import linalg
from tests.support.places import REFERENCE

import mixedmodels as mm
from mixedmodels import r

SLEEP_AT = {"beta": [250, 10], "theta": [2, 0.1, 0.5], "sigma": 30}
HERDS_AT = {"beta": [-1, -0.5, -0.5, -1], "theta": [1]}


@lru_cache
def sleep() -> mm.MixedModel:
    return mm.lmer("Reaction ~ Days + (Days | Subject)", mm.datasets.load("sleepstudy"))


@lru_cache
def herds() -> mm.GeneralizedMixedModel:
    return mm.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", mm.datasets.load("cbpp"), "binomial")


CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "sleep_all": (sleep, {"newparams": SLEEP_AT}),
    "sleep_population": (sleep, {"newparams": SLEEP_AT, "re_form": "~0"}),
    "sleep_random": (sleep, {"random_only": True}),
    "sleep_intercepts": (sleep, {"random_only": True, "re_form": "~ (1 | Subject)"}),
    "herds_all": (herds, {"newparams": HERDS_AT, "type": "response"}),
    "herds_population": (herds, {"newparams": HERDS_AT, "re_form": "~0"}),
    "herds_random": (herds, {"random_only": True}),
}


@pytest.mark.parametrize("case", CASES)
def test_predictions_are_lme4s(case: str) -> None:
    model, how = CASES[case]
    expected = json.loads((REFERENCE / "predict" / "newparams.json").read_text())[case]
    # u of lme4's fits is known to three or four digits, where its optimiser stopped
    np.testing.assert_allclose(np.asarray(model().predict(**how))[:12], expected, atol=1e-3)
    np.testing.assert_array_equal(r.predict(model(), **how), model().predict(**how))


def test_parts_add_up_on_new_rows_too() -> None:
    rows = {"Days": [0.0, 4, 9], "Subject": ["308", "309", "new"]}
    whole = sleep().predict(rows, allow_new_levels=True)
    fixed = sleep().predict(rows, kind="typical")
    random = sleep().predict(rows, random_only=True, allow_new_levels=True)
    np.testing.assert_allclose(np.asarray(fixed) + np.asarray(random), whole, rtol=1e-12)
    data = mm.datasets.load("cbpp").assign(exposure=2.0)
    shifted = mm.glmer("incidence ~ period + offset(log(size)) + (1 | herd)", data, "poisson")
    modes = shifted.ranef()["herd"]["(Intercept)"].to_numpy()
    codes = data["herd"].cat.codes.to_numpy()
    np.testing.assert_allclose(shifted.predict(random_only=True), modes[codes], atol=1e-12)


def test_standard_errors_of_random_effects_are_those_of_henderson() -> None:
    fit = sleep()
    x, z = np.asarray(fit.model_matrix("X")), fit.model_matrix("Z").toarray()
    p, q = x.shape[1], z.shape[1]
    t = np.array([[fit.theta[0], 0], [fit.theta[1], fit.theta[2]]])
    relative = linalg.block_diag(*[t @ t.T] * (q // 2))
    both = np.hstack([x, z])
    m = both.T @ both
    m[p:, p:] += np.linalg.inv(relative)
    errors = fit.sigma**2 * np.linalg.inv(m)[p:, p:]
    got = fit.predict(random_only=True, se_fit=True, uncertainty="given_theta")["se_fit"]
    np.testing.assert_allclose(got, np.sqrt(np.einsum("ni,ij,nj->n", z, errors, z)), rtol=1e-8)
    full = fit.predict(random_only=True, se_fit=True, interval="confidence")
    assert (full["se_fit"] > got).all()
    assert ((full["conf_low"] < full["fit"]) & (full["fit"] < full["conf_high"])).all()


@pytest.mark.parametrize("method", ["simulation", "bootstrap"])
def test_other_methods_have_standard_errors_of_random_effects(method: Any) -> None:
    nsim = 2000 if method == "simulation" else 150
    rows = mm.datasets.load("sleepstudy").iloc[:4]
    got = sleep().predict(rows, random_only=True, se_fit=True, method=method, nsim=nsim, seed=1)["se_fit"]
    delta = sleep().predict(rows, random_only=True, se_fit=True)["se_fit"]
    np.testing.assert_allclose(got, delta, rtol=0.25)


def test_responses_have_the_new_moments() -> None:
    y = sleep().simulate(4000, seed=1, newparams=SLEEP_AT).to_numpy()
    days = mm.datasets.load("sleepstudy")["Days"].to_numpy()
    sd = np.sqrt(30**2 * (1 + 2**2 + 2 * 2 * 0.1 * days + (0.1**2 + 0.5**2) * days**2))
    np.testing.assert_allclose(y.mean(axis=1), 250 + 10 * days, atol=4.5 * (sd / np.sqrt(4000)).max())
    np.testing.assert_allclose(y.std(axis=1), sd, rtol=0.06)
    same = sleep().simulate(3, seed=2, newparams={"theta": sleep().theta})
    np.testing.assert_allclose(same, sleep().simulate(3, seed=2), rtol=1e-12)
    kept = sleep().simulate(1, seed=2, newparams={**SLEEP_AT, "sigma": 1e-9}, re_form=None)["sim_1"]
    np.testing.assert_allclose(kept, sleep().predict(newparams=SLEEP_AT), atol=1e-6)
    rows = {"Days": [0.0] * 4000, "Subject": [f"s{i}" for i in range(4000)]}
    new = np.asarray(sleep().simulate(1, seed=3, newdata=rows, newparams=SLEEP_AT)["sim_1"])
    assert new.std() == pytest.approx(30 * np.sqrt(5), rel=0.05)


def test_families_with_shapes_and_models_without_random_effects() -> None:
    linear = mm.lm("Reaction ~ Days", mm.datasets.load("sleepstudy"))
    assert linear.predict({"Days": [1.0]}, newparams={"beta": {"Days": 1}})[0] == pytest.approx(
        linear.fixef()["(Intercept)"] + 1
    )
    drawn = linear.simulate(1, seed=1, newparams={"beta": [1, 2], "sigma": 1e-9})["sim_1"]
    np.testing.assert_allclose(drawn, 1 + 2 * mm.datasets.load("sleepstudy")["Days"], atol=1e-6)
    sites = mm.datasets.load("cbpp")
    poisson = mm.glm("incidence ~ period", sites, "poisson")
    counts = poisson.simulate(400, seed=1, newparams={"fixef": [np.log(5), 0, 0, 0]}).to_numpy()
    assert counts.mean() == pytest.approx(5, abs=0.1)
    gamma = mm.glmer("size ~ period + (1 | herd)", sites, "Gamma(log)")
    spread = gamma.simulate(400, seed=1, newparams={"beta": [2, 0, 0, 0], "theta": [0], "sigma": 0.5}).to_numpy()
    assert spread.std() / spread.mean() == pytest.approx(0.5, rel=0.03)
    negative = mm.glm("incidence ~ period", sites, mm.families.NegativeBinomial())
    wide = negative.simulate(600, seed=1, newparams={"beta": [np.log(4), 0, 0, 0], "shapes": {"theta": 0.5}}).to_numpy()
    assert wide.var() == pytest.approx(4 + 16 / 0.5, rel=0.1)


def test_a_saved_model_predicts_at_other_parameters(tmp_path: Path) -> None:
    rows = {"Days": [3.0], "Subject": ["309"]}
    sleep().save(tmp_path / "fit.json")
    again = mm.load(tmp_path / "fit.json")
    for how in ({"newparams": SLEEP_AT}, {"random_only": True}):
        np.testing.assert_allclose(again.predict(rows, **how), sleep().predict(rows, **how), rtol=1e-12)
    np.testing.assert_array_equal(
        again.simulate(2, seed=1, newdata=rows, newparams=SLEEP_AT),
        sleep().simulate(2, seed=1, newdata=rows, newparams=SLEEP_AT),
    )


@pytest.mark.parametrize(
    ("newparams", "message"),
    [
        ({"gamma": 1}, "no part 'gamma'"),
        ({"theta": [1]}, r"shape \(1,\); give 3 numbers"),
        ({"theta": {"Subject.Day": 1}}, "did you mean 'Subject.Days'"),
        ({"sigma": -1}, "one positive number"),
        ({"beta": {"Dayz": 1}}, "did you mean 'Days'"),
        ({"beta": [1, np.nan]}, "finite"),
        ({"beta": [1, 2], "fixef": [1, 2]}, "two names"),
        ({"shapes": {"theta": 1}}, "none that were estimated"),
        (3, "give a mapping"),
    ],
)
def test_parameters_that_the_model_does_not_have_are_refused(newparams: Any, message: str) -> None:
    with pytest.raises(mm.DataError, match=message):
        sleep().predict(newparams=newparams)
    with pytest.raises(mm.DataError, match=message):
        sleep().simulate(1, newparams=newparams)


def test_what_has_no_meaning_is_refused() -> None:
    with pytest.raises(mm.DataError, match="no standard errors"):
        sleep().predict(newparams=SLEEP_AT, se_fit=True)
    with pytest.raises(mm.DataError, match="kind='typical' is not"):
        sleep().predict(random_only=True, kind="typical")
    with pytest.raises(mm.DataError, match="leaves nothing"):
        sleep().predict(random_only=True, re_form="~0")
    with pytest.raises(mm.DataError, match="no new observations"):
        sleep().predict(random_only=True, interval="prediction")
    with pytest.raises(mm.DataError, match="linear predictor"):
        herds().predict(random_only=True, type="response")
    with pytest.raises(mm.DataError, match="no residual variance"):
        herds().predict(newparams={"sigma": 1})
    with pytest.raises(mm.DataError, match="no random effects"):
        mm.lm("Reaction ~ Days", mm.datasets.load("sleepstudy")).predict(newparams={"theta": [1]})
