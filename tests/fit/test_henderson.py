"""Prediction-error variances against a dense inverse."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.support import dense_lmm
from tests.support.crossed_table import FORMULAS, crossed

import mixedmodels as mm
from mixedmodels.fit import henderson_tail
from mixedmodels.fit.henderson import Henderson
from mixedmodels.fit.henderson_rows import fixed_rows, random_rows
from mixedmodels.fit.lmm import engine_input

pytestmark = pytest.mark.filterwarnings("ignore::mixedmodels.errors.MixedModelsWarning")
RTOL = 1e-9  # two ways to invert matrices whose condition numbers are below 1e6


def twin(model: mm.MixedModel, weights: np.ndarray, known_beta: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Rows [Z, X] of the fit and the covariance of the errors of (b, beta), dense."""
    given = engine_input(model.design, model._fit.kept)
    dense = dense_lmm.Lmm(np.zeros(model._fit.n), [] if known_beta else given.x, given.groups, given.terms, None, False)
    lam = dense._lambda(model.theta)
    rows = np.hstack([dense._z, dense._x])  # without weights, which come in below
    lift = np.eye(rows.shape[1])
    lift[: dense.q, : dense.q] = lam
    inner = (rows @ lift).T @ (weights[:, None] * (rows @ lift))
    inner[: dense.q, : dense.q] += np.eye(dense.q)
    return rows, lift @ np.linalg.inv(inner) @ lift.T


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return crossed()


@pytest.mark.parametrize("known_beta", [False, True])
@pytest.mark.parametrize("name", FORMULAS)
def test_variances_are_those_of_the_dense_inverse(table: pd.DataFrame, name: str, known_beta: bool) -> None:
    model = mm.lmer(FORMULAS[name], table, weights="w")
    weights = table["w"].to_numpy()
    rows, covariance = twin(model, weights, known_beta)
    got = Henderson(model.design, model._fit, weights, known_beta=known_beta)
    np.testing.assert_allclose(got.own_variances(), np.einsum("ij,jk,ik->i", rows, covariance, rows), rtol=RTOL)


def test_variances_of_a_singular_fit_and_of_a_glmer(table: pd.DataFrame) -> None:
    model = mm.glmer("z ~ x + (x | a) + (1 | b)", table, family="poisson")
    weights = model._working_weights()
    rows, covariance = twin(model, weights)
    got = Henderson(model.design, model._fit, weights).own_variances()
    np.testing.assert_allclose(got, np.einsum("ij,jk,ik->i", rows, covariance, rows), rtol=RTOL)

    fit = SimpleNamespace(theta=np.array([0.5, -0.3, 0.0, 0.0]), sizes=(2, 1), kept=model._fit.kept, n=model._fit.n)
    singular = SimpleNamespace(design=model.design, _fit=fit, theta=fit.theta)
    rows, covariance = twin(singular, weights)
    got = Henderson(model.design, fit, weights).own_variances()
    np.testing.assert_allclose(got, np.einsum("ij,jk,ik->i", rows, covariance, rows), rtol=RTOL)


def test_rows_without_a_level_and_terms_left_out(table: pd.DataFrame) -> None:
    model = mm.lmer("y ~ x + (x | a) + (1 | b) + (1 | c)", table)
    rows, covariance = twin(model, np.ones(len(table)))
    design, fit = model.design, model._fit
    x, random = fixed_rows(design, fit.kept, fit.n), random_rows(design)
    got = Henderson(design, fit, np.ones(fit.n))
    starts = np.cumsum([0] + [design.groups[t.group].n_levels * len(t.columns) for t in design.random])
    for i in range(3):
        without = rows.copy()
        without[:, starts[i] : starts[i + 1]] = 0.0
        expected = np.einsum("ij,jk,ik->i", without, covariance, without)
        codes, columns = random[i]
        unseen = [*random[:i], (np.full_like(codes, -1), columns), *random[i + 1 :]]
        np.testing.assert_allclose(got.row_variances(x, unseen), expected, rtol=RTOL)
        left_out = [*random[:i], None, *random[i + 1 :]]
        np.testing.assert_allclose(got.row_variances(x, left_out), expected, rtol=RTOL)
        assert np.allclose(got.row_variances(x[5:6], [(c[5:6], [None if v is None else v[5:6] for v in cs])
                                                      for c, cs in unseen]), expected[5], rtol=RTOL)  # fmt: skip


@pytest.mark.parametrize("name", ["crossed", "nested", "all"])
def test_sparse_tails_and_small_chunks_give_the_same(
    table: pd.DataFrame, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = mm.lmer(FORMULAS[name], table)
    weights = np.ones(len(table))
    expected = Henderson(model.design, model._fit, weights).own_variances()
    monkeypatch.setattr("mixedmodels.fit.henderson.CHUNK", 60)
    np.testing.assert_allclose(Henderson(model.design, model._fit, weights).own_variances(), expected, rtol=RTOL)
    monkeypatch.setattr(henderson_tail, "SMALL", 0)
    monkeypatch.setattr(henderson_tail, "SHARE", 1)
    sparse = Henderson(model.design, model._fit, weights)
    np.testing.assert_allclose(sparse.own_variances(), expected, rtol=RTOL)
    monkeypatch.setattr(henderson_tail, "DENSE", 0)
    with pytest.raises(mm.FitError, match="out of reach"):
        Henderson(model.design, model._fit, weights)


def test_leverages_add_up_to_the_effective_number_of_parameters() -> None:
    model = mm.lmer("diameter ~ 1 + (1 | plate) + (1 | sample)", mm.datasets.load("Penicillin"))
    leverage = Henderson(model.design, model._fit, np.ones(model.nobs)).own_variances()
    rows, covariance = twin(model, np.ones(model.nobs))
    np.testing.assert_allclose(leverage.sum(), np.trace(rows @ covariance @ rows.T), rtol=RTOL)
    assert 0 < leverage.min() <= leverage.max() < 1
