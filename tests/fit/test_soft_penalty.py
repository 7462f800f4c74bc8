"""The softly penalised likelihood: against its definition, where outcomes are separated, and where nothing is wrong."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from tests.support import dense_glmm, soft_penalty

import mixedmodels as mm
from mixedmodels.fit.covariance import factors


@pytest.fixture(scope="module")
def blocks() -> pd.DataFrame:
    """Ten blocks with two rows of each of four treatments, the last of which never succeeds; counts likewise."""
    rng = np.random.default_rng(1)
    treatment, block = np.tile(np.repeat(list("abcd"), 2), 10), np.repeat(np.arange(10), 8)
    effect = np.select([treatment == "b", treatment == "c"], [-1.0, -2.0], 0.0) + 1.5 * rng.normal(size=10)[block]
    last = treatment == "d"
    trials = rng.integers(1, 6, size=80)
    return pd.DataFrame(
        {
            "treatment": treatment,
            "block": block,
            "x": rng.normal(size=80),
            "known": rng.normal(scale=0.3, size=80),
            "trials": trials,
            "yes": np.where(last, 0, rng.random(80) < 1 / (1 + np.exp(-1.5 - effect))).astype(int),
            "share": np.where(last, 0, rng.binomial(trials, 1 / (1 + np.exp(-effect)))) / trials,
            "count": np.where(last, 0, rng.negative_binomial(2.0, 1 / (1 + np.exp(effect) / 2))),
        }
    )


CASES: dict[str, tuple[str, Any, dict[str, Any], tuple[str, str]]] = {
    "logit": ("yes ~ treatment + (1 | block)", "binomial", {}, ("binomial", "logit")),
    "nAGQ": ("yes ~ treatment + (1 | block)", "binomial", {"nAGQ": 7}, ("binomial", "logit")),
    "probit": ("yes ~ treatment + (1 | block)", "binomial(probit)", {}, ("binomial", "probit")),
    "cloglog": ("yes ~ treatment + (1 | block)", "binomial(cloglog)", {}, ("binomial", "cloglog")),
    "slopes": ("yes ~ x + (1 + x | block)", "binomial", {}, ("binomial", "logit")),
    "two terms": ("yes ~ treatment + (1 | block) + (0 + x | block)", "binomial", {}, ("binomial", "logit")),
    "trials": ("share ~ x + (x | block)", "binomial", {"weights": "trials"}, ("binomial", "logit")),
    "counts": ("count ~ treatment + (1 | block)", "poisson", {"offset": "known"}, ("poisson", "log")),
    "theta known": ("count ~ treatment + (1 | block)", mm.families.NegativeBinomial(theta=2), {}, ("nbinom2", "log")),
    "theta free": ("count ~ x + (1 | block)", "negative_binomial", {}, ("nbinom2", "log")),
}


@pytest.mark.parametrize("case", CASES)
def test_the_definition_written_out(case: str, blocks: pd.DataFrame) -> None:
    formula, family, options, (name, link) = CASES[case]
    fit = mm.glmer(formula, blocks, family, penalty="soft", **options)
    nagq = options.get("nAGQ", 1)
    rows = {k: v for k, v in options.items() if k != "nAGQ"}
    twin = dense_glmm.build(formula, blocks, name, link, **rows, theta=getattr(fit.family, "theta", None))
    at = np.concatenate([fit.theta, fit.params, fit._fit.psi])

    def value(point: Any) -> float:
        return soft_penalty.criterion(twin, point, nagq)

    assert fit._fit.penalised == pytest.approx(value(at), abs=1e-7)
    theta, beta, psi = np.split(at, [twin.n_theta, twin.n_theta + twin.x.shape[1]])
    assert fit._fit.criterion == pytest.approx(
        twin.laplace(theta, beta, psi) if nagq == 1 else twin.quadrature(theta, beta, psi, nagq), abs=1e-7
    )
    start = at * np.random.default_rng(2).uniform(0.9, 1.1, size=len(at))
    found = minimize(value, start, jac=lambda point: twin.gradient(value, point), options={"gtol": 1e-6})
    np.testing.assert_allclose(at, found.x, atol=1e-5, rtol=1e-5)
    assert fit.converged


@pytest.mark.parametrize("case", CASES)
def test_exact_gradient(case: str, blocks: pd.DataFrame) -> None:
    formula, family, options, _ = CASES[case]
    fit = mm.glmer(formula, blocks, family, penalty="soft", **options)
    cuts = np.cumsum([len(fit.theta), len(fit.params)])
    rng = np.random.default_rng(3)
    for _ in range(3):
        at = np.concatenate([fit.theta, fit.params, fit._fit.psi])
        at += rng.normal(scale=0.1, size=len(at))

        def value(point: Any) -> float:
            return fit.objective(*np.split(point, cuts))

        exact = fit.objective.gradient(*np.split(at, cuts))
        for j, e in enumerate(np.eye(len(at)) * 1e-3):
            near, far = value(at + e) - value(at - e), value(at + 2 * e) - value(at - 2 * e)
            assert exact[j] == pytest.approx((8 * near - far) / 12e-3, abs=2e-7)


def test_infinite_estimates_become_finite(blocks: pd.DataFrame) -> None:
    formula = "yes ~ treatment + (1 | block)"
    with pytest.warns(mm.SeparationWarning, match=r"treatmentd \(-Inf\).*'d', 'yes' is 0.*Use penalty='soft'"):
        plain = mm.glmer(formula, blocks, "binomial")
    fit = mm.glmer(formula, blocks, "binomial", penalty="soft")
    assert abs(plain.params["treatmentd"]) > 20
    assert -10 < fit.params["treatmentd"] < -3
    assert fit.bse["treatmentd"] < 5
    assert fit.converged
    assert fit.loglik < plain.loglik < fit.loglik + 0.5
    others = [n for n in fit.params.index if n != "treatmentd"]
    np.testing.assert_allclose(fit.params[others], plain.params[others], atol=0.15 * plain.bse[others].min())


def test_contrasts_only_turn_the_estimates(blocks: pd.DataFrame) -> None:
    formula = "yes ~ treatment + (1 | block)"
    treatment, total = (
        mm.glmer(formula, blocks, "binomial", penalty="soft", contrasts={"treatment": c}) for c in ("treatment", "sum")
    )
    np.testing.assert_allclose(treatment.fitted(), total.fitted(), atol=1e-6)
    np.testing.assert_allclose(treatment.theta, total.theta, atol=1e-6)


def test_a_table_and_its_trials_are_fitted_alike(blocks: pd.DataFrame) -> None:
    table = mm.glmer("share ~ treatment + (1 | block)", blocks, "binomial", weights="trials", penalty="soft")
    each = blocks.loc[blocks.index.repeat(blocks["trials"])].assign(
        one=np.concatenate([np.arange(n) < round(s * n) for s, n in zip(blocks.share, blocks.trials, strict=True)])
    )
    trials = mm.glmer("one ~ treatment + (1 | block)", each, "binomial", penalty="soft")
    np.testing.assert_allclose(trials.params, table.params, atol=1e-6)
    np.testing.assert_allclose(trials.theta, table.theta, atol=1e-6)


@pytest.mark.parametrize("formula", ["y ~ 1 + (1 | g)", "y ~ x + (x | g)", "y ~ x + (1 | g) + (0 + x | g)"])
def test_variances_stay_positive(formula: str) -> None:
    x = np.tile([-2.0, -1.0, 0.0, 1.0, 2.0], 6)
    data = pd.DataFrame({"g": np.repeat(list("abcdef"), 5), "x": x, "y": np.tile([2, 3, 5, 4, 6], 6)})
    with pytest.warns(mm.SingularFitWarning):
        mm.glmer(formula, data, "poisson")
    fit = mm.glmer(formula, data, "poisson", penalty="soft")
    assert not fit.is_singular
    assert fit.converged
    assert all(np.diag(t).min() > 0.02 for t in factors(fit.theta, fit._fit.sizes))
    assert np.isfinite(fit.vcov(full=True).to_numpy()).all()


def test_the_penalty_fades() -> None:
    rng = np.random.default_rng(4)
    distance = []
    for groups in (50, 3200):
        g = np.repeat(np.arange(groups), 10)
        x = rng.normal(size=len(g))
        eta = 0.5 - 0.8 * x + 1.4 * rng.normal(size=groups)[g]
        data = pd.DataFrame({"g": g, "x": x, "y": (rng.random(len(g)) < 1 / (1 + np.exp(-eta))).astype(int)})
        plain, soft = (mm.glmer("y ~ x + (1 | g)", data, "binomial", penalty=p) for p in (None, "soft"))
        distance.append(float((abs(soft.params - plain.params) / plain.bse).max()))
        ratio = soft.vcov(full=True).to_numpy() / plain.vcov(full=True).to_numpy()
        assert np.diag(ratio).max() < 1.02
    assert distance[0] < 0.1
    assert distance[1] < 0.01
    assert distance[1] < distance[0] / 4


def test_a_response_of_zeros_alone(blocks: pd.DataFrame) -> None:
    fit = mm.glmer("none ~ x + (1 | block)", blocks.assign(none=0), "binomial", penalty="soft")
    assert fit.converged
    assert np.isfinite(fit.params).all()
    assert fit.params.iloc[0] < -3


def test_without_fixed_effects(blocks: pd.DataFrame) -> None:
    fit = mm.glmer("yes ~ 0 + (1 | block)", blocks, "binomial", penalty="soft")
    assert fit.converged
    assert fit.theta[0] > 0


def test_what_a_penalised_fit_says_and_keeps(blocks: pd.DataFrame, tmp_path: Path) -> None:
    fit = mm.glmer("yes ~ treatment + (1 | block)", blocks, "binomial", penalty="soft")
    assert fit.penalty == "soft"
    text = " ".join(str(fit.summary()).split())
    assert "fit by maximum softly penalised likelihood (Laplace Approximation)" in text
    assert "logLik, deviance, AIC and BIC are without the penalty" in text
    assert "softly penalised" in repr(fit)
    assert fit.deviance > 0
    assert -2 * fit.loglik == pytest.approx(fit._fit.criterion)
    assert fit.objective(fit.theta, fit.params) == pytest.approx(fit._fit.penalised, abs=1e-7)
    assert np.abs(fit.objective.gradient(fit.theta, fit.params)).max() < 1e-4
    assert fit.objective([0.0], fit.params) == np.inf
    with pytest.raises(mm.FitError, match="boundary"):
        fit.objective.gradient([0.0], fit.params)
    again = fit.refit(blocks["yes"])
    assert again.penalty == "soft"
    np.testing.assert_allclose(again.params, fit.params, atol=1e-6)
    assert fit.update("~ . - treatment").penalty == "soft"
    with pytest.warns(mm.SeparationWarning):
        assert fit.update(penalty=None).penalty is None
    fit.save(tmp_path / "fit.json")
    loaded = mm.load(tmp_path / "fit.json")
    assert loaded.penalty == "soft"
    assert str(loaded.summary()) == str(fit.summary())
    assert pickle.loads(pickle.dumps(fit)).penalty == "soft"


def test_starts_on_the_boundary(blocks: pd.DataFrame) -> None:
    formula = "yes ~ x + (x | block)"
    fit = mm.glmer(formula, blocks, "binomial", penalty="soft")
    for theta in ([0.0, 0.0, 0.0], [1.0, 0.5, 0.0], [30.0, 0.0, 1e-6]):
        again = mm.glmer(formula, blocks, "binomial", penalty="soft", start=theta)
        np.testing.assert_allclose(again.theta, fit.theta, atol=1e-5)


def test_glmer_nb(blocks: pd.DataFrame) -> None:
    with pytest.warns(mm.errors.MixedModelsWarning, match="theta of .* is infinite"):  # the counts are Poisson's
        fit = mm.glmer_nb("count ~ treatment + (1 | block)", blocks, penalty="soft")
    assert fit.penalty == "soft"
    assert abs(fit.params["treatmentd"]) < 12


def test_requests_that_make_no_sense(blocks: pd.DataFrame) -> None:
    with pytest.raises(mm.FitError, match=r"is of glm.*takes penalty='soft'"):
        mm.glmer("yes ~ x + (1 | block)", blocks, "binomial", penalty="jeffreys")
    with pytest.raises(mm.FitError, match="penalty is 3"):
        mm.glmer("yes ~ x + (1 | block)", blocks, "binomial", penalty=3)
    with pytest.raises(mm.FitError, match=r"nAGQ=0.*not penalised"):
        mm.glmer("yes ~ x + (1 | block)", blocks, "binomial", penalty="soft", nAGQ=0)
    with pytest.raises(mm.FitError, match="without a dispersion"):
        mm.glmer("I(count + 1) ~ x + (1 | block)", blocks, "Gamma", penalty="soft")
    with pytest.raises(mm.DataError, match="is of glmer"):
        mm.glm("yes ~ x", blocks, "binomial", penalty="soft")
