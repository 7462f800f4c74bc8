"""The dense twin beside R at R's own estimates: the truth that the engine is measured against is checked first."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special
from tests.support import dense_glmm
from tests.support.glmm_reference import data_of, models

MODELS = models()
# lme4's inner iterations stop early with these (see the README of the reference): digits that its value has.
INNER = 5e-6


def twin(name: str) -> dense_glmm.DenseGlmm:
    model = MODELS[name]
    return dense_glmm.build(
        model.formula,
        data_of(model),
        model.family,
        model.link,
        weights=model.weights,
        offset=model.offset,
        theta=model.theta,
    )


def marked(names: list[str]) -> list[object]:
    big = {"verbagg", "immun"}
    return [pytest.param(name, marks=pytest.mark.slow) if name in big else name for name in names]


def test_the_models_are_as_many_and_as_varied_as_promised() -> None:
    assert len(MODELS) >= 65
    assert {(m.family, m.link) for m in MODELS.values()} >= {
        *(("binomial", link) for link in ("logit", "probit", "cloglog", "loglog", "cauchit", "log")),
        *(("poisson", link) for link in ("log", "sqrt", "identity")),
        *(("Gamma", link) for link in ("log", "inverse", "identity")),
        *(("inverse.gaussian", link) for link in ("1/mu^2", "log", "inverse")),
        *(("gaussian", link) for link in ("log", "inverse")),
        *(("nbinom2", link) for link in ("log", "sqrt")),
    }
    assert sum(m.singular for m in MODELS.values()) >= 7
    assert {len(m.r["levels"]) for m in MODELS.values()} >= {1, 2, 3}
    assert sum(bool(m.r.get("glmmTMB")) for m in MODELS.values()) >= 55
    assert sum(bool(m.nagq) for m in MODELS.values()) >= 8
    assert sum(m.zero for m in MODELS.values()) >= 3


@pytest.mark.parametrize("name", MODELS)
def test_references_are_optima_and_agree(name: str) -> None:
    """Two programs with automatic derivatives say the same, unless a variance of zero keeps one from arriving."""
    plain, peer = MODELS[name].plain, MODELS[name].r.get("glmmTMB")
    assert plain["gradient"] < 1e-8
    if peer and not MODELS[name].singular:
        assert peer["criterion"] == pytest.approx(plain["criterion"], abs=1e-9)
        assert peer["gradient"] < 1e-8
        np.testing.assert_allclose(peer["se_beta"], plain["se_beta"], rtol=1e-6)
    elif peer:
        assert -1e-9 < peer["criterion"] - plain["criterion"] < 1e-5


@pytest.mark.parametrize("name", marked(list(MODELS)))
def test_laplace_at_the_reference(name: str) -> None:
    plain = MODELS[name].plain
    value = twin(name).laplace(plain["theta"], plain["beta"], plain["psi"])
    assert value == pytest.approx(plain["criterion"], abs=1e-8, rel=1e-13)


@pytest.mark.parametrize("name", marked([n for n, m in MODELS.items() if m.r.get("lme4")]))
def test_lme4s_definition_at_lme4s_estimates(name: str) -> None:
    lme4 = MODELS[name].r["lme4"]
    value = twin(name).laplace(lme4["theta"], lme4["beta"], (), "fisher")
    assert value == pytest.approx(lme4["criterion"], abs=INNER if lme4["definition"] == "fisher" else 2e-8, rel=1e-12)


@pytest.mark.parametrize("name", [n for n, m in MODELS.items() if m.r.get("zero")])
def test_no_quadrature_at_lme4s_estimates(name: str) -> None:
    """nAGQ = 0 maximises Laplace's likelihood over theta, beta being that of the joint mode."""
    zero = MODELS[name].r["zero"]
    model = twin(name)
    theta, beta = np.asarray(zero["theta"]), np.asarray(zero["beta"])
    assert model.laplace(theta, beta) == pytest.approx(zero["criterion"], abs=1e-7)
    at = model.at_mode(theta, beta, np.empty(0))
    g, _, _ = model.slopes(at["eta"], at["psi"])
    assert np.abs(model.x.T @ g).max() < 1e-3 * np.abs(model.x.T @ np.abs(g)).max()


@pytest.mark.parametrize(("name", "nagq"), [(n, q) for n, m in MODELS.items() for q in m.nagq])
def test_quadrature_at_lme4s_estimates(name: str, nagq: int) -> None:
    lme4 = MODELS[name].r["nagq"][str(nagq)]
    value = twin(name).quadrature(lme4["theta"], lme4["beta"], (), nagq)
    assert value == pytest.approx(lme4["criterion"], abs=INNER if name == "visits" else 1e-7)
    assert lme4["lme4_criterion"] + lme4["saturated"] == pytest.approx(lme4["criterion"])


def test_one_node_is_laplace_and_many_are_the_likelihood_itself() -> None:
    for name in ("cbpp", "poisson_two_groups", "sleep_above", "gamma"):
        model, plain = twin(name), MODELS[name].plain
        at = plain["theta"], plain["beta"], plain["psi"]
        assert model.quadrature(*at, 1) == pytest.approx(model.laplace(*at), abs=1e-9)
        exact = model.marginal(*at, points=401 if model.sizes[0][1] == 1 else 121)
        assert model.quadrature(*at, 25) == pytest.approx(exact, abs=2e-5)
        assert abs(model.quadrature(*at, 5) - exact) < abs(model.laplace(*at) - exact)


def test_quadrature_on_crossed_factors_by_brute_force_alone() -> None:
    """Four random effects that every row ties together: the likelihood by hand, row by row."""
    import pandas as pd

    rng = np.random.default_rng(3)
    table = pd.DataFrame({"y": rng.integers(0, 2, 16), "a": list("uuvv") * 4, "b": list("pq") * 8})
    model = dense_glmm.build("y ~ 1 + (1 | a) + (1 | b)", table, "binomial", "logit")
    theta, beta = np.array([0.8, 0.5]), np.array([0.3])
    exact = model.marginal(theta, beta, points=29, reach=6.5)
    draws = rng.normal(size=(200_000, 4))
    eta = beta[0] + draws @ model.scaled(theta).T
    sign = 2 * model.y - 1
    chances = special.expit(sign * eta).prod(axis=1)
    error = chances.std() / np.sqrt(len(chances)) / chances.mean()
    assert error < 5e-3
    assert -2 * np.log(chances.mean()) == pytest.approx(exact, abs=8 * error)


def test_rows_against_their_own_differences() -> None:
    """Derivatives in the linear predictor, and the expected weight as an average over the responses."""
    from tests.support import glmm_rows

    cases = [
        *(("binomial", link, [-1.5, -0.4]) for link in ("logit", "probit", "cloglog", "loglog", "cauchit", "log")),
        *((f, link, [0.4, 1.7]) for f in ("poisson", "nbinom2") for link in ("log", "sqrt", "identity")),
        *(("Gamma", link, [0.4, 1.7]) for link in ("log", "inverse", "identity")),
        *(("inverse.gaussian", link, [0.4, 1.7]) for link in ("1/mu^2", "log", "inverse")),
        *(("gaussian", link, [0.4, 1.7]) for link in ("log", "inverse", "identity")),
    ]
    for family, link, at in cases:
        eta, h = np.array(at), 1e-4
        w = np.array([3.0, 2.0])
        y = np.array([1 / 3, 1 / 2]) if family == "binomial" else np.array([2.0, 1.0])

        def l(e: np.ndarray, f: str = family, k: str = link, y: np.ndarray = y, w: np.ndarray = w) -> np.ndarray:  # noqa: E743
            return glmm_rows.log_density(f, k, y, w, e, 0.3)

        g, observed, expected = glmm_rows.derivatives(family, link, y, w, eta, 0.3)
        np.testing.assert_allclose((l(eta + h) - l(eta - h)) / (2 * h), g, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(-(l(eta + h) - 2 * l(eta) + l(eta - h)) / h**2, observed, rtol=1e-4, atol=1e-4)
        if family == "binomial":
            counts = np.arange(4) / 3.0
            chance = np.exp(glmm_rows.log_density(family, link, counts, np.full(4, 3.0), np.full(4, eta[0]), 0.3))
            each = glmm_rows.derivatives(family, link, counts, np.full(4, 3.0), np.full(4, eta[0]), 0.3)[1]
            assert chance.sum() == pytest.approx(1)
            assert chance @ each == pytest.approx(expected[0], rel=1e-9)
