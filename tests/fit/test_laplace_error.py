"""The error of Laplace's approximation beside integrals done by brute force, and the standard error that it states."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.support import dense_glmm

import mixedmodels as mm
from mixedmodels.fit.laplace_error.indicator import indicated_error
from mixedmodels.fit.laplace_error.pareto import tail_shape

# Small tables with a variance of zero are as good as any here.
pytestmark = pytest.mark.filterwarnings("ignore::mixedmodels.errors.SingularFitWarning")

HERDS = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
NAILS = "y ~ time * treated + (1 | patient)"


def binary(rng: np.random.Generator, eta: np.ndarray) -> np.ndarray:
    return (rng.random(len(eta)) < 1 / (1 + np.exp(-eta))).astype(float)


@cache
def nails() -> pd.DataFrame:
    """Few binary observations of each of many patients, who differ much: the worst case."""
    rng = np.random.default_rng(1)
    patient = np.repeat(np.arange(120), 5)
    time, treated = np.tile(np.arange(5), 120), np.repeat(rng.integers(0, 2, 120), 5)
    eta = -1 - 0.4 * time - 0.1 * time * treated + 3.5 * rng.normal(size=120)[patient]
    return pd.DataFrame({"y": binary(rng, eta), "time": time, "treated": treated, "patient": patient})


@cache
def crossed() -> pd.DataFrame:
    """Two levels crossed with two: the likelihood is an integral over a plane, and one over two planes."""
    rng = np.random.default_rng(3)
    a, b = np.repeat([0, 1], 8), np.tile(np.repeat([0, 1], 4), 2)
    x = rng.normal(size=16).round(2)
    eta = 0.3 + 0.5 * x + np.array([1.2, -1.4])[a] + np.array([-0.7, 0.9])[b]
    return pd.DataFrame({"y": binary(rng, eta), "n": rng.poisson(np.exp(0.5 * eta - 1)), "x": x, "a": a, "b": b})


@cache
def fitted(formula: str, data: str, family: str, **options: Any) -> Any:
    tables = {"nails": nails, "crossed": crossed, "cbpp": lambda: mm.datasets.load("cbpp")}
    return mm.glmer(formula, tables[data](), family, **options)


def sampled(model: Any, seed: int, draws: int = 1000, theta: Any = None) -> dict[str, Any]:
    fit = model._fit
    theta = fit.theta if theta is None else np.asarray(theta, dtype=float)
    return dict(model._engine.importance(theta, fit.beta, fit.psi, draws, seed))


# ---- against integrals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "family", "theta"),
    [
        ("y ~ x + (1 | a) + (1 | b)", "binomial", (0.5, 0.7)),
        ("y ~ x + (1 | a) + (1 | b)", "binomial", (3.0, 3.0)),
        ("n ~ x + (1 | a) + (1 | b)", "poisson", (1.0, 0.8)),
    ],
)
def test_crossed_factors_against_brute_force(formula: str, family: str, theta: tuple[float, float]) -> None:
    model = fitted(formula, "crossed", family)
    link = {"binomial": "logit", "poisson": "log"}[family]
    twin = dense_glmm.build(formula, crossed(), family, link)
    beta = model._fit.beta
    exact = twin.marginal(theta, beta, points=33, reach=6.5) / -2
    out = sampled(model, 5, 20_000, theta)
    assert out["laplace"] == pytest.approx(twin.laplace(theta, beta) / -2, abs=1e-8)
    assert out["std_error"] < 0.02
    assert abs(out["laplace"] + out["error"] - exact) < 4 * out["std_error"] + 1e-3


@pytest.mark.parametrize(
    ("formula", "data", "atol"),
    [(HERDS, "cbpp", 0.004), (NAILS, "nails", 0.25), ("y ~ time * treated + (time | patient)", "nails", 0.5)],
)
def test_sampling_one_factor_against_quadrature(formula: str, data: str, atol: float) -> None:
    model = fitted(formula, data, "binomial")
    by_quadrature = model.laplace_error()
    assert by_quadrature.method == "quadrature"
    assert by_quadrature.std_error == 0
    out = sampled(model, 7, 2000)
    assert abs(out["error"] - by_quadrature.error) < min(4 * out["std_error"] + 1e-3, atol)
    assert out["std_error"] < atol / 2


def test_nested_factors_against_one_factor() -> None:
    """A factor of no variance changes nothing, but puts the other one into the tail or makes it the leaf."""
    data = nails().assign(clinic=lambda d: d["patient"] // 4)
    model = mm.glmer("y ~ time * treated + (1 | clinic / patient)", data, "binomial")
    one = mm.glmer(NAILS, data, "binomial")
    exact = -one._engine.evaluate(one._fit.theta, model._fit.beta, np.empty(0), 41)["criterion"] / 2
    order = {"patient": one._fit.theta[0]}
    theta = [order.get(group.name.split(":")[0], 0.0) for group in model.design.groups]
    out = sampled(model, 1, 200, theta)
    assert out["components"] == 30
    assert out["laplace"] + out["error"] == pytest.approx(exact, abs=0.02)


def test_fit_with_more_points_has_the_error_that_is_left() -> None:
    laplace, better = fitted(NAILS, "nails", "binomial"), fitted(NAILS, "nails", "binomial", nAGQ=25)
    rough = fitted(NAILS, "nails", "binomial", nAGQ=5)
    assert laplace.laplace_error().error > 0.5
    assert abs(better.laplace_error().error) < 0.05
    assert abs(rough.laplace_error().error) > 0.05
    assert better.laplace_error().corrected_loglik == pytest.approx(
        -better._engine.evaluate(better._fit.theta, better._fit.beta, np.empty(0), 101)["criterion"] / 2, abs=1e-3
    )


def test_fit_by_expected_information_is_measured_by_its_own_loglik() -> None:
    link = mm.families.Binomial(link="probit")
    models = [mm.glmer(HERDS, mm.datasets.load("cbpp"), link, laplace=kind) for kind in ("observed", "fisher")]
    for model in models:
        error = model.laplace_error()
        fit = model._fit
        exact = -model._engine.evaluate(fit.theta, fit.beta, fit.psi, 41)["criterion"] / 2
        assert error.corrected_loglik == pytest.approx(exact, abs=1e-3)
        assert error.error == pytest.approx(exact - model.loglik, abs=1e-3)


# ---- what it says of itself ------------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", [HERDS, NAILS])
def test_stated_standard_error_is_that_over_seeds(formula: str) -> None:
    model = fitted(formula, "cbpp" if formula == HERDS else "nails", "binomial")
    exact = model.laplace_error().error
    runs = [sampled(model, seed, 400) for seed in range(50)]
    scores = np.array([(run["error"] - exact) / run["std_error"] for run in runs])
    assert abs(scores.mean()) < 0.6
    assert 0.75 < scores.std() < 1.35


@pytest.mark.slow
def test_stated_standard_error_over_seeds_of_crossed_factors() -> None:
    formula = "r2 ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)"
    model = mm.glmer(formula, mm.datasets.load("VerbAgg"), "binomial")
    runs = [sampled(model, seed, 300) for seed in range(40)]
    errors, stated = np.array([r["error"] for r in runs]), np.array([r["std_error"] for r in runs])
    assert errors.mean() == pytest.approx(3.41, abs=0.06)
    assert 0.6 < errors.std() / stated.mean() < 1.5


def test_seed_settles_the_answer_whatever_the_number_of_threads() -> None:
    script = """
import json, sys
import mixedmodels as mm
mm.set_threads(int(sys.argv[1]))
model = mm.glmer("TICKS ~ YEAR + (1 | BROOD) + (1 | LOCATION)", mm.datasets.load("grouseticks"), "poisson")
error = model.laplace_error(draws=200, seed=11)
print(json.dumps([error.error, error.std_error, error.ess]))
"""
    runs = [subprocess.run([sys.executable, "-c", script, n], capture_output=True, text=True, check=True) for n in "12"]
    one, two = (json.loads(run.stdout) for run in runs)
    assert one == two
    model = mm.glmer("TICKS ~ YEAR + (1 | BROOD) + (1 | LOCATION)", mm.datasets.load("grouseticks"), "poisson")
    assert model.laplace_error(200, seed=11).error == one[0]
    assert model.laplace_error(200, seed=12).error != one[0]


def test_it_prints_what_it_is_and_what_to_do() -> None:
    large, small = fitted(NAILS, "nails", "binomial").laplace_error(), fitted(HERDS, "cbpp", "binomial").laplace_error()
    assert large.matters
    assert large.reliable
    assert "Fit with nAGQ=9." in " ".join(str(large).split())
    assert not small.matters
    assert "Small beside what matters" in str(small)
    assert f"{small.error:+.4f}" in repr(small)
    assert small.per_level == {"herd": small.error / 15}
    crossed_error = fitted("y ~ x + (1 | a) + (1 | b)", "crossed", "binomial").laplace_error(200)
    assert "against importance sampling (200 draws" in " ".join(str(crossed_error).split())
    assert (crossed_error.draws, crossed_error.points) == (200, None)


def test_degenerate_weights_are_said_in_words() -> None:
    from mixedmodels.fit.laplace_error.estimate import _doubt

    rng = np.random.default_rng(0)
    good = {"error": 1.0, "std_error": 0.05, "ess": 900.0, "draws": 1000, "by_cumulants": 0, "remainder": 0.0}
    good["log_weights"] = 0.1 * rng.normal(size=500)
    assert _doubt(good) == ""
    assert "those of a few" in _doubt({**good, "ess": 20.0})
    assert "those of a few" in _doubt({**good, "ess": 300.0, "log_weights": 3 * rng.exponential(size=500)})
    assert "Too rough" in _doubt({**good, "std_error": 0.9})
    assert "cumulants" in _doubt({**good, "ess": 5.0, "by_cumulants": 1, "remainder": 2.0})
    assert _doubt({**good, "ess": 5.0, "by_cumulants": 1, "remainder": 0.01}) == ""


@pytest.mark.parametrize("draws", [0, 39, 2.5, True, "many"])
def test_draws_are_a_number(draws: Any) -> None:
    with pytest.raises(mm.errors.FitError, match="nsim is"):
        fitted(HERDS, "cbpp", "binomial").laplace_error(draws)


def test_model_without_rows_says_so(tmp_path: Any) -> None:
    fitted(HERDS, "cbpp", "binomial").save(tmp_path / "herds.json")
    with pytest.raises(mm.errors.DataError, match=r"laplace_error\(\)"):
        mm.load(tmp_path / "herds.json").laplace_error()


def test_shape_of_pareto_tails() -> None:
    rng = np.random.default_rng(4)
    for shape in (0.2, 0.5, 0.9):
        found = [tail_shape(shape * rng.exponential(size=4000)) for _ in range(20)]
        assert np.mean(found) == pytest.approx(shape, abs=0.12)
    assert np.isnan(tail_shape(np.zeros(500)))


# ---- the summary -----------------------------------------------------------------------------------------------


def test_summary_says_so_where_it_matters_and_only_there(tmp_path: Any) -> None:
    model = fitted(NAILS, "nails", "binomial")
    text = str(model.summary())
    error = model.laplace_error().error
    assert f"Laplace's approximation: logLik is off by about {error:+.1f}; nAGQ=9 is possible here" in text
    assert "laplace_error" not in repr(model)
    assert "laplace_error" not in str(fitted(HERDS, "cbpp", "binomial").summary())
    assert "laplace_error" not in str(fitted(NAILS, "nails", "binomial", nAGQ=9).summary())
    model.save(tmp_path / "nails.json")
    assert str(mm.load(tmp_path / "nails.json").summary()) == text


@pytest.mark.parametrize("formula", ["y ~ time + (1 | patient)", "y ~ time + (time || patient)"])
def test_guess_is_near_the_error(formula: str) -> None:
    model = fitted(formula, "nails", "binomial")
    guess = indicated_error(lambda: model._engine, model.design, model._fit)
    assert guess == pytest.approx(model.laplace_error().error, rel=0.15)


def test_guess_of_crossed_factors_is_near_the_error() -> None:
    ticks = mm.datasets.load("grouseticks")
    model = mm.glmer("TICKS ~ YEAR + scale(HEIGHT) + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)", ticks, "poisson")
    error = model.laplace_error()
    assert error.error == pytest.approx(0.56, abs=5 * error.std_error)
    assert model._indicated == pytest.approx(error.error, abs=0.35)
