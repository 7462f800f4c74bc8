"""From design to record: starts, settings, warnings, and the objective, beside the dense twin."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.dense_lmm import Lmm, pivot_columns
from tests.support.model_tables import tables

import mixedmodels as mm
from mixedmodels import frame
from mixedmodels.design import build
from mixedmodels.fit.checks import mixed_warnings
from mixedmodels.fit.covariance import correlation, diagonal, factors, is_singular, smallest
from mixedmodels.fit.lmm import engine_input, fit_lmm
from mixedmodels.fit.record import Control

FORMULA = "Reaction ~ Days + f + (Days | Subject)"
# (formula, options): one group, weights and offset, two terms of one group, crossed groups
PROBLEMS: list[tuple[str, dict[str, Any]]] = [
    (FORMULA, {}),
    (FORMULA, {"weights": "w", "offset": "o"}),
    ("Reaction ~ Days + (1 | Subject) + (0 + Days | Subject)", {}),
    ("Reaction ~ 1 + (1 | Subject) + (1 | f)", {}),
]


def design_of(formula: str, **options: Any) -> Any:
    return build(formula, frame.read(tables()["sleep"]), random="required", **options)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_record_is_that_of_the_dense_twin_at_the_same_theta(problem: tuple[str, dict[str, Any]], reml: bool) -> None:
    design = design_of(problem[0], **problem[1])
    fit, engine = fit_lmm(design, reml=reml)
    given = engine_input(design)
    y = design.response if design.offset is None else design.response - design.offset
    twin = Lmm(y, given.x, given.groups, given.terms, given.weights, reml)
    slow = twin.at(fit.theta)
    assert fit.criterion == pytest.approx(slow["criterion"], abs=1e-8)
    for name in ("beta", "sigma", "pwrss", "logdet_u", "logdet_x", "vcov_unscaled"):
        np.testing.assert_allclose(getattr(fit, name), slow[name], rtol=1e-7, atol=1e-10, err_msg=name)
    for name in ("u", "b"):
        for ours, theirs in zip(getattr(fit, name), slow[name], strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)
    assert np.abs(slow["gradient"]).max() < 1e-4
    for ours, theirs in zip(engine.condvar(fit.theta), twin.condvar(fit.theta), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-12)


def test_no_start_of_the_twin_finds_a_lower_criterion() -> None:
    design = design_of("Reaction ~ Days + (Days | Subject)", subset="Days < 4")
    fit, _ = fit_lmm(design)
    given = engine_input(design)
    twin = Lmm(design.response, given.x, given.groups, given.terms, None, True)
    for start in ([1.0, 0, 1], [0.1, 0.1, 0.1]):
        assert twin.fit(np.array(start), 50, 1e-10)["criterion"] > fit.criterion - 1e-6


def test_objective_and_its_derivatives() -> None:
    fit = mm.lmer(FORMULA, tables()["sleep"])
    objective, theta = fit.objective, np.array([0.7, 0.1, 0.4])
    assert objective(fit.theta) == pytest.approx(fit.reml_criterion, abs=1e-9)
    step = 1e-5 * np.eye(3)
    numeric = [(objective(theta + s) - objective(theta - s)) / 2e-5 for s in step]
    np.testing.assert_allclose(objective.gradient(theta), numeric, rtol=1e-5)
    hessian = [(objective.gradient(theta + s) - objective.gradient(theta - s)) / 2e-5 for s in step]
    np.testing.assert_allclose(objective.hessian(theta), hessian, rtol=1e-4)
    assert objective(theta * [1, 1, -1]) == pytest.approx(objective(theta), abs=1e-8)
    assert objective.information(theta).shape == (3, 3)
    with pytest.raises(mm.FitError, match=r"shape \(2,\), but theta has 3"):
        objective([1, 2])


def test_start_and_control() -> None:
    sleep = tables()["sleep"]
    fit = mm.lmer(FORMULA, sleep)
    again = mm.lmer(FORMULA, sleep, start=fit.theta)
    assert again.reml_criterion == pytest.approx(fit.reml_criterion, abs=1e-8)
    with pytest.raises(mm.FitError, match=r"shape \(1,\), but theta has 3 elements"):
        mm.lmer(FORMULA, sleep, start=[1.0])
    with pytest.raises(mm.FitError, match="holds nan at position 1"):
        mm.lmer(FORMULA, sleep, start=[1.0, np.nan, 1.0])
    with pytest.raises(mm.FitError, match="no setting 'maxeval'; it has max_evaluations, tolerance"):
        mm.lmer(FORMULA, sleep, control={"maxeval": 3})
    for wrong in (5, {"tolerance": "small"}, {"max_evaluations": 1.5}):
        with pytest.raises(mm.FitError, match="control"):
            mm.lmer(FORMULA, sleep, control=wrong)  # type: ignore[arg-type]
    with pytest.raises(mm.FitError, match="theta must be numbers"):
        mm.lmer(FORMULA, sleep, start="a")
    with pytest.raises(mm.FitError, match="max_evaluations >= 1"):
        mm.lmer(FORMULA, sleep, control=Control(max_evaluations=0))
    with pytest.warns(mm.ConvergenceWarning, match="certificate of an optimum does not hold"):
        early = mm.lmer("Reaction ~ Days + (Days + I(Days^2) | Subject)", sleep, control={"max_evaluations": 1})
    assert not early.converged
    assert "convergence code: 1" in str(early.summary())


def test_singular_fits_say_which_term_and_what_to_do() -> None:
    with pytest.warns(
        mm.SingularFitWarning, match=r"boundary \(singular\) fit: in \(1 \| Batch\) the variance of \(Intercept\) is 0"
    ):
        fit = mm.lmer("Yield ~ 1 + (1 | Batch)", tables()["dye2"])
    assert fit.is_singular
    assert fit.converged
    assert fit.VarCorr().sigma == fit.sigma
    with pytest.warns(
        mm.SingularFitWarning, match=r"in \(f \| Subject\) the correlation of \(Intercept\) and fb is -1"
    ):
        mm.lmer("Reaction ~ f + Days + (f | Subject)", tables()["sleep"])


def test_rank_deficiency_is_named_warned_of_and_recorded() -> None:
    sleep = tables()["sleep"]
    with pytest.warns(mm.RankDeficientWarning, match="rank 2 with 3 columns: dropped 'D2', which is a combination"):
        fit = mm.lmer("Reaction ~ Days + D2 + (1 | Subject)", sleep)
    same = mm.lmer("Reaction ~ Days + (1 | Subject)", sleep)
    assert fit.fixef().names == same.fixef().names
    assert fit.npar == same.npar
    assert fit.reml_criterion == pytest.approx(same.reml_criterion, abs=1e-9)
    assert "Dropped: D2" in str(fit.summary())
    np.testing.assert_allclose(fit.predict(sleep), same.fitted(), rtol=1e-8)


def test_sound_fits_do_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = mm.lmer(FORMULA, tables()["sleep"])
    assert fit.converged
    assert not fit.is_singular


def test_reml_without_fixed_effects_is_ml() -> None:
    fit = mm.lmer("Reaction ~ 0 + (1 | Subject)", tables()["sleep"])
    assert not fit.is_reml
    assert fit.deviance == pytest.approx(1985.6797, abs=1e-3)
    assert len(fit.fixef()) == 0
    assert "maximum likelihood" in str(fit.summary())


def test_theta_runs_down_the_columns_of_the_factors() -> None:
    first, second = factors(np.arange(1.0, 8.0), (3, 1))
    np.testing.assert_array_equal(first, [[1, 0, 0], [2, 4, 0], [3, 5, 6]])
    np.testing.assert_array_equal(second, [[7]])
    assert diagonal((3, 1)).tolist() == [0, 3, 5, 6]


def test_singularity_is_judged_in_standardised_columns() -> None:
    plain = [np.eye(3), np.eye(1)]
    assert is_singular(np.array([1, 9, 9, 1e-5, 9, 1, 1]), (3, 1), plain)
    assert not is_singular(np.array([1, 0, 0, 1, 0, 1, 1.0]), (3, 1), plain)
    assert not is_singular(np.array([1, 0, 0, 1, 0, 1e-6, 1.0]), (3, 1), [np.diag([1, 1, 1e6]), np.eye(1)])
    both = np.array([[1, 0, 0, 1, 0, 1, 1.0], [1, 0, 0, 1, 0, 1, 1e-5], [np.nan] * 7])
    np.testing.assert_allclose(smallest(both, (3, 1), plain), [1, 1e-5, np.nan])


@given(st.lists(st.floats(-3, 3), min_size=6, max_size=6))
@settings(max_examples=50, deadline=None)
def test_correlations_of_any_factor_are_correlations(theta: list[float]) -> None:
    (t,) = factors(np.array(theta), (3,))
    r = correlation(t)
    assert np.nanmax(np.abs(r)) <= 1 + 1e-12
    sd = np.sqrt((t**2).sum(axis=1))
    known = sd > 1e-6
    np.testing.assert_allclose((r * np.outer(sd, sd))[known][:, known], (t @ t.T)[known][:, known], atol=1e-9)


def test_pivot_columns_beside_the_twin() -> None:
    from mixedmodels import _engine

    rng = np.random.default_rng(2)
    x = [None, *rng.normal(size=(3, 40))]
    columns = [*x[:2], x[1] * 2, x[2], np.ones(40), x[2] - x[1] + 3, x[3]]
    assert list(_engine.pivot_columns(columns, 40, None)) == pivot_columns(columns, 40, None) == [0, 1, 3, 6]


def test_the_certificate_decides_about_convergence_not_the_way_the_optimiser_stopped() -> None:
    design = design_of("Reaction ~ Days + (Days | Subject)")
    fit, _ = fit_lmm(design)
    for status in ("converged", "stalled", "max_evaluations"):
        run = replace(fit.run, status=status)
        assert mixed_warnings(design, replace(fit, run=run)) == []
        doubtful = replace(run, certificate={**run.certificate, "holds": False, "escape_gain": 0.25})
        (warning,) = mixed_warnings(design, replace(fit, run=doubtful))
        assert isinstance(warning, mm.ConvergenceWarning)
        assert "by about 0.25 if a variance that is 0 grew" in str(warning)


@pytest.mark.parametrize("reml", [True, False])
def test_a_search_whose_curvature_is_far_too_large_arrives(reml: bool) -> None:
    # Without a fixed intercept all intercepts lie far from 0 together: average information is forty times the
    # curvature along their covariance with the slopes, and Newton's steps a fortieth of what they should be.
    sleep = mm.datasets.load("sleepstudy")
    fit = mm.lmer("Reaction ~ 0 + Days + (Days | Subject)", sleep, REML=reml)
    assert fit.converged
    assert fit.engine.evaluations <= 60
    assert np.abs(fit.objective.gradient(fit.theta)).max() < 1e-4


def test_there_are_no_more_columns_than_the_rank() -> None:
    rng = np.random.default_rng(0)
    data = {"x": rng.normal(size=30), "y": rng.normal(size=30)}
    fit = mm.lm("y ~ bs(x, degree=30)", data)
    assert 28 <= len(fit.params) <= 30  # R's qr keeps 29
    assert np.isfinite(fit.params).all()


def test_a_covariance_beyond_double_precision_is_refused() -> None:
    rng = np.random.default_rng(0)
    data = {"x": rng.normal(size=60) * 1e-160, "y": rng.normal(size=60), "g": np.arange(60) % 6}
    with pytest.raises(mm.DataError, match="'x' of the fixed effects has values up to"):
        mm.lm("y ~ x", data)
    with pytest.raises(mm.DataError, match="'x' of the fixed effects has values up to"):
        mm.lmer("y ~ x + (1 | g)", data)
