"""Families that lme4 does not have: against glmmTMB with and without random effects, and against brute force."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize
from tests.support import places

import mixedmodels as mm
from mixedmodels.errors import DataError

FOLDER = places.REFERENCE / "more_families"
CASES = {case["name"]: case for case in json.loads((FOLDER / "reference.json").read_text())}
ORDERED = {"response": "slider", "family": "ordbeta", "link": "logit"}  # glmmTMB 1.1.5 ends at once with NaN
PARTS = [(name, part) for name in CASES for part in ("mixed", "fixed")]


@lru_cache
def rows() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "rows.csv")


def fitted(case: dict[str, Any], mixed: bool) -> Any:
    family = f"{case['family']}({case['link']})"
    if mixed:
        return mm.glmer(f"{case['response']} ~ x + (1 | g)", rows(), family)
    return mm.glm(f"{case['response']} ~ x", rows(), family)


@pytest.mark.parametrize(("name", "part"), PARTS, ids=[f"{n}-{p}" for n, p in PARTS])
def test_a_fit_is_glmmtmbs(name: str, part: str) -> None:
    case = CASES[name][part]
    fit = fitted(case, part == "mixed")
    assert fit.converged
    assert -2 * fit.loglik <= case["twice"] + 1e-6
    assert -2 * fit.loglik == pytest.approx(case["twice"], abs=2e-5)  # R stops where its steps change little
    se = np.sqrt(np.diag(np.asarray(fit.vcov())))
    beta = np.asarray(fit.fixef() if part == "mixed" else fit.coef())
    assert (beta - case["beta"]) / se == pytest.approx([0, 0], abs=2e-3)
    assert se == pytest.approx(case["se"], rel=1e-3)
    assert fit.sigma == pytest.approx(case["sigma"], rel=1e-3)
    if part == "mixed":
        assert fit._fit.theta[0] == pytest.approx(case["sd"], rel=1e-3)


@pytest.mark.parametrize("name", ["tweedie", "t"])
def test_shapes_beside_sigma_are_glmmtmbs(name: str) -> None:
    case = CASES[name]["mixed"]
    assert fitted(case, True).family_params() == pytest.approx(case["params"], rel=2e-3)


@pytest.mark.parametrize("name", CASES)
def test_means_are_glmmtmbs(name: str) -> None:
    case = CASES[name]["fixed"]
    fit = fitted(case, False)
    assert np.asarray(fit.fitted())[:5] == pytest.approx(case["means"], rel=2e-3)


# Those of its beta lack the factor 1 / (1 + phi) of the variance.
@pytest.mark.parametrize("name", ["nbinom1", "genpois"])
def test_pearson_residuals_are_glmmtmbs(name: str) -> None:
    case = CASES[name]["fixed"]
    fit = fitted(case, False)
    assert np.asarray(fit.residuals("pearson"))[:5] == pytest.approx(case["pearson"], rel=5e-3, abs=2e-3)


def test_pearson_residuals_of_shares_have_their_variance() -> None:
    fit = fitted(CASES["beta"]["fixed"], False)
    mu = np.asarray(fit.fitted())
    expected = (rows()["share"] - mu) / np.sqrt(mu * (1 - mu) / (1 + fit.sigma))
    np.testing.assert_allclose(np.asarray(fit.residuals("pearson")), expected, rtol=1e-10)


# -- families that glmmTMB 1.1.5 does not have: brute force

ABSENT = {"nbinom12": "count", "bell": "count", "lognormal": "positive", "skewnormal": "long"}
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(25)


def absent_rows() -> pd.DataFrame:
    return rows().assign(positive=np.exp(rows()["long"] / 2))


@pytest.mark.parametrize("name", ABSENT)
def test_likelihood_of_a_quadrature_is_the_integral(name: str) -> None:
    """-2 log-likelihood of `nAGQ` points against a sum over a grid that is not adapted, at the estimates."""
    data = absent_rows()
    fit = mm.glmer(f"{ABSENT[name]} ~ x + (1 | g)", data, name, nAGQ=25)
    family, psi = fit.family, fit._fit.psi
    z = np.linspace(-9, 9, 2001)
    eta = np.asarray(fit.fixef())[0] + np.asarray(fit.fixef())[1] * data["x"].to_numpy()
    whole = 0.0
    for level in pd.unique(data["g"]):
        own = (data["g"] == level).to_numpy()
        y = data[ABSENT[name]].to_numpy(dtype=float)[own]
        density = family.log_density(y[:, None], None, eta[own][:, None] + fit._fit.theta[0] * z, psi).sum(axis=0)
        top = density.max()
        whole += top + np.log(np.sum(np.exp(density - top - z**2 / 2)) * (z[1] - z[0]) / np.sqrt(2 * np.pi))
    assert fit.loglik == pytest.approx(whole, abs=1e-5)


@pytest.mark.parametrize("name", ABSENT)
def test_without_random_effects_nothing_near_is_better(name: str) -> None:
    data = absent_rows()
    fit = mm.glm(f"{ABSENT[name]} ~ x", data, name)
    y, x = data[ABSENT[name]].to_numpy(dtype=float), np.column_stack([np.ones(len(data)), data["x"]])

    def minus(point: np.ndarray[Any, Any]) -> float:
        return -float(np.sum(fit.family.log_density(y, None, x @ point[:2], point[2:])))

    at = np.concatenate([np.asarray(fit.coef()), fit._fit.psi])
    assert -fit.loglik == pytest.approx(minus(at), rel=1e-12)
    found = optimize.minimize(minus, at + 0.05, method="BFGS", options={"gtol": 1e-7})
    assert -fit.loglik <= found.fun + 1e-7
    h = 1e-4 * np.eye(len(at))

    def second(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> float:
        return (minus(at + a + b) - minus(at + a - b) - minus(at - a + b) + minus(at - a - b)) / 4e-8

    inside = (
        np.abs(at) < 15
    )  # nbinom12 of these rows has no dispersion of the first kind: exp(-25) cannot be told from 0
    curve = np.array([[second(a, b) for a in h[inside]] for b in h[inside]])
    ours = np.sqrt(np.diag(fit._fit.vcov_joint))[inside]
    assert np.sqrt(np.diag(np.linalg.inv(curve))) == pytest.approx(ours, rel=1e-3)


# -- what verbs do with them


def test_a_family_without_a_deviance_says_so() -> None:
    fit = fitted(CASES["beta"]["mixed"], True)
    with pytest.raises(DataError, match=r"beta family has no deviance.*type='pearson'"):
        fit.residuals("deviance")
    np.testing.assert_array_equal(np.asarray(fit.augment()["resid"]), np.asarray(fit.residuals("pearson")))


@pytest.mark.parametrize("name", ["truncated_nbinom2", "ordbeta"])
def test_the_mean_is_that_of_the_response(name: str) -> None:
    fit = fitted(CASES[name]["mixed"] if name in CASES else ORDERED, True)
    draws = fit.simulate(4000, seed=1, re_form=None)
    mean = np.asarray(fit.fitted())
    error = np.asarray(draws).std(axis=1) / np.sqrt(4000)
    assert np.abs(np.asarray(draws).mean(axis=1) - mean).max() < (5 * error).max()
    means = fit.family.mean(fit._fit.eta)
    assert fit.family.predictor(means) == pytest.approx(fit._fit.eta, abs=1e-9)


def test_pearson_residuals_of_trials_have_their_own_variance() -> None:
    fit = fitted(CASES["betabinomial"]["fixed"], False)
    mu, m, phi = np.asarray(fit.fitted()), rows()["trials"].to_numpy(), fit.sigma
    variance = mu * (1 - mu) * (phi + m) / (phi + 1) / m
    expected = (rows()["hits"] / m - mu) / np.sqrt(variance)
    np.testing.assert_allclose(np.asarray(fit.residuals("pearson")), expected, rtol=1e-10)


@pytest.mark.parametrize("name", ["tweedie", "ordbeta", "truncated_nbinom2", "t"])
@pytest.mark.parametrize("mixed", [True, False])
def test_a_stored_model_is_the_same(name: str, mixed: bool, tmp_path: Any) -> None:
    fit = fitted(CASES[name]["mixed"] if name in CASES else ORDERED, mixed)
    fit.save(tmp_path / "fit.json")
    again = mm.load(tmp_path / "fit.json")
    assert str(again.summary()) == str(fit.summary())
    assert again._fit.free_shapes == fit._fit.free_shapes
    new = rows().head(7)
    np.testing.assert_array_equal(
        np.asarray(again.predict(new, type="response")), np.asarray(fit.predict(new, type="response"))
    )


def test_profiles_of_shapes_are_on_their_scale() -> None:
    fit = fitted(CASES["tweedie"]["mixed"], True)
    limits = fit.confint(parm=["power", "phi"]).to_frame()
    low, high = np.asarray(limits.iloc[:, -2:], dtype=float)[0]
    assert 1 < low < fit.shapes["power"] < high < 2
    fixed = mm.glmer("amount ~ x + (1 | g)", rows(), mm.families.Tweedie(power=float(low)))
    assert 2 * (fit.loglik - fixed.loglik) == pytest.approx(3.841459, abs=2e-3)


def test_profile_limits_without_random_effects_are_those_of_the_likelihood() -> None:
    fit = fitted(CASES["beta"]["fixed"], False)
    limits = np.asarray(fit.confint(parm="x").to_frame().iloc[:, -2:], dtype=float)[0]
    for limit in limits:
        held = mm.glm(f"share ~ 1 + offset({limit!r} * x)".replace("np.float64", ""), rows(), "beta")
        assert 2 * (fit.loglik - held.loglik) == pytest.approx(3.841459, abs=1e-5)


def test_a_fixed_shape_stays() -> None:
    fit = mm.glmer("long ~ x + (1 | g)", rows(), "t(df = 4)")
    assert (list(fit.shapes), fit.family.df, fit.npar) == (["sigma"], 4.0, 4)
    assert re.search(r"t\(sigma = 0\.\d+, df = 4\)", str(fit.summary()))


def test_zeros_in_a_beta_response_are_refused_with_the_cure() -> None:
    with pytest.raises(DataError, match=r"the response 'slider' in row \d+ .*bound of \(0, 1\): the beta.*ordbeta"):
        mm.glmer("slider ~ x + (1 | g)", rows(), "beta")


def test_many_responses_have_shapes_under_their_names() -> None:
    for name in ("t", "tweedie"):
        fits = mm.fit_many("~ x + (1 | g)", rows(), ["amount"] if name == "tweedie" else ["long"], family=name)
        table = fits.to_frame().set_index("term")["estimate"]
        one = mm.glmer(f"{'amount' if name == 'tweedie' else 'long'} ~ x + (1 | g)", rows(), name)
        assert [table[shape] for shape in one.shapes] == pytest.approx(list(one.shapes.values()), rel=1e-5)
