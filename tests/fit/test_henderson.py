"""Prediction-error variances against a dense inverse."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.support import dense_lmm
from tests.support.crossed_table import FORMULAS, crossed

import mixedmodels as mm
from mixedmodels.fit.henderson import Form, Henderson
from mixedmodels.fit.henderson_rows import fixed_rows, random_rows
from mixedmodels.fit.lmm import engine_input
from mixedmodels.frame.columns import Levels

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
def test_dense_and_sparse_tails_give_the_same(table: pd.DataFrame, name: str) -> None:
    model = mm.lmer(FORMULAS[name], table)
    weights = np.ones(len(table))
    expected = Henderson(model.design, model._fit, weights).own_variances()
    dense = Henderson(model.design, model._fit, weights, form="dense")
    np.testing.assert_allclose(dense.own_variances(), expected, rtol=RTOL)
    sparse = Henderson(model.design, model._fit, weights, form="sparse")
    np.testing.assert_allclose(sparse.own_variances(), expected, rtol=RTOL)
    levels = Levels(np.arange(20_000))
    wide = replace(model.design, groups=tuple(replace(g, levels=levels) for g in model.design.groups))
    with pytest.raises(mm.FitError, match="out of reach"):
        Henderson(wide, model._fit, weights, form="dense")


@pytest.mark.parametrize("form", ["dense", "sparse"])
@pytest.mark.parametrize("name", FORMULAS)
def test_few_rows_and_levels_that_never_met_are_those_of_the_dense_inverse(
    table: pd.DataFrame, name: str, form: Form
) -> None:
    model = mm.lmer(FORMULAS[name], table, weights="w")
    design, fit, weights = model.design, model._fit, table["w"].to_numpy()
    rows, covariance = twin(model, weights)
    mixed = np.random.default_rng(3)
    starts = np.cumsum([0] + [design.groups[t.group].n_levels * len(t.columns) for t in design.random])
    codes = [mixed.integers(0, g.n_levels, fit.n).astype(np.int32) for g in design.groups]
    new = np.zeros_like(rows)
    new[:, starts[-1] :] = rows[:, starts[-1] :]
    for term, start in zip(design.random, starts, strict=False):
        for j, column in enumerate(term.columns):
            places = start + codes[term.group] * len(term.columns) + j
            new[np.arange(fit.n), places] = 1.0 if column is None else column
    expected = np.einsum("ij,jk,ik->i", new, covariance, new)
    x, random = fixed_rows(design, fit.kept, fit.n), [(codes[t.group], t.columns) for t in design.random]
    got = Henderson(design, fit, weights, form=form)
    few = [(c[:3], [None if z is None else z[:3] for z in columns]) for c, columns in random]
    np.testing.assert_allclose(got.row_variances(x[:3], few), expected[:3], rtol=RTOL)
    np.testing.assert_allclose(got.row_variances(x, random), expected, rtol=RTOL)


@pytest.mark.parametrize("form", ["dense", "sparse"])
@pytest.mark.parametrize("name", FORMULAS)
def test_covariances_and_projections_are_those_of_the_dense_inverse(table: pd.DataFrame, name: str, form: Form) -> None:
    model = mm.lmer(FORMULAS[name], table, weights="w")
    weights = table["w"].to_numpy()
    some = np.array([3, 100, 4, 239, 17, 5])
    for known_beta in (False, True):
        rows, covariance = twin(model, weights, known_beta)
        got = Henderson(model.design, model._fit, weights, known_beta=known_beta, form=form)
        scale = np.abs(covariance).max()
        np.testing.assert_allclose(
            got.own_covariances(some), rows[some] @ covariance @ rows[some].T, rtol=RTOL, atol=RTOL * scale
        )
        v = np.random.default_rng(1).normal(size=(len(table), 2))
        wv = weights[:, None] * v
        expected = wv - weights[:, None] * (rows @ (covariance @ (rows.T @ wv)))
        np.testing.assert_allclose(got.project(v), expected, rtol=RTOL, atol=RTOL * scale)


def test_leverages_add_up_to_the_effective_number_of_parameters() -> None:
    model = mm.lmer("diameter ~ 1 + (1 | plate) + (1 | sample)", mm.datasets.load("Penicillin"))
    leverage = Henderson(model.design, model._fit, np.ones(model.nobs)).own_variances()
    rows, covariance = twin(model, np.ones(model.nobs))
    np.testing.assert_allclose(leverage.sum(), np.trace(rows @ covariance @ rows.T), rtol=RTOL)
    assert 0 < leverage.min() <= leverage.max() < 1
