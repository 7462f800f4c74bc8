"""A fitted model without some of its rows: by one Newton step, or fitted again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.design.row_subset import part_of
from mixedmodels.errors import FitError
from mixedmodels.fit.any_fit import AnyFit, AnyMixedFit
from mixedmodels.fit.covariance import covariances, diagonal
from mixedmodels.fit.engine import EngineError
from mixedmodels.fit.glmm import new_engine as new_glmm_engine
from mixedmodels.fit.lmm import kept_columns
from mixedmodels.fit.lmm import new_engine as new_lmm_engine
from mixedmodels.fit.many_responses.other_classes import family_design
from mixedmodels.fit.record import Control, GlmmFit
from mixedmodels.fitted.refits import refitted_to_part, same_columns

Rows = NDArray[np.intp]
HALVINGS = 10  # of a Newton step that would raise the criterion


@dataclass(frozen=True, slots=True)
class Deleted:
    """Estimates without some rows.

    Attributes
    ----------
    beta : ndarray, shape (p,)
        Coefficients.
    vcov : ndarray, shape (p, p)
        Covariance matrix of the coefficients.
    parameters : ndarray
        Variance parameters, as of `variance_parameters`.
    """

    beta: Vector
    vcov: Matrix
    parameters: Vector


def variance_parameters(fit: AnyFit) -> Vector:
    """Lower triangles of the random effects' covariances, column by column; residual variance; shapes."""
    values: list[float] = []
    if fit.mixed:
        whole = fit.joint
        for sigma in covariances(whole.theta, whole.sizes, fit.effects_scale):
            values += [sigma[i, j] for j in range(len(sigma)) for i in range(j, len(sigma))]
    residual = fit.residual_sd
    if residual is not None:
        values.append(residual**2)
    else:
        values += fit.free_shapes.values()
    return np.array(values)


def rows_of(design: Design, fit: AnyFit) -> Design:
    """The design whose response and weights are as the family sees them."""
    return design if not fit.generalized else family_design(design, fit)


def at_same_theta(rows: Design, theta: Vector, kept: tuple[int, ...], left: Rows) -> tuple[Vector, Matrix]:
    """Coefficients of a linear mixed model without rows, theta kept, and their covariance over sigma^2."""
    out = new_lmm_engine(_of_columns(rows, kept, left), True).at(theta)
    return out["beta"], out["vcov_unscaled"]


def _of_columns(rows: Design, kept: tuple[int, ...], left: Rows) -> Design:
    part = part_of(rows, left)
    assert part.response is not None
    if len(left) <= len(kept) or kept_columns(part.fixed, len(part.response), part.weights) != kept:
        raise FitError("the rows that are left do not identify all coefficients.")
    return part


def one_step(rows: Design, fit: AnyMixedFit, left: Rows, beta: Vector) -> Deleted:
    """All estimates after one Newton step from where the variance parameters of all rows are best with part of them.

    Of a linear mixed model the step is in theta, and beta and sigma are the best at its end; of a generalised one,
    whose likelihood must have been maximised (nAGQ of 1 or more), it is in all parameters. A step that would raise the
    criterion is halved. A variance that it would make negative is 0, and one that is 0 stays 0, because the boundary is
    stationary in theta.

    Parameters
    ----------
    beta : ndarray
        Coefficients without the rows at the variance parameters of all rows, where a generalised model's step begins.

    Raises
    ------
    FitError
        If the rows that are left do not identify all coefficients.
    """
    part = _part(rows, fit, left)
    if fit.generalized:
        return _one_step_generalised(part, fit, beta)
    engine = new_lmm_engine(part, fit.reml, fit.method.sigma)
    theta = _stepped(fit.theta, engine.evaluate(fit.theta), diagonal(fit.sizes), engine.criterion)
    out = engine.at(theta)
    moved = replace(fit, theta=theta, sigma=out["sigma"])
    return Deleted(out["beta"], out["sigma"] ** 2 * out["vcov_unscaled"], variance_parameters(moved))


def _one_step_generalised(part: Design, fit: GlmmFit, beta: Vector) -> Deleted:
    assert part.response is not None
    engine = new_glmm_engine(part, replace(fit, y=part.response, weights=part.weights))
    whole = fit.joint
    how, cuts = (fit.nagq, fit.method.penalty is not None), np.cumsum([len(whole.theta), len(whole.beta)])

    def criterion(point: Vector) -> float:
        try:
            theta, beta, psi = map(np.ascontiguousarray, np.split(point, cuts))
            return engine.evaluate(theta, beta, psi, *how)["penalised"]
        except EngineError:  # where the modes are not found
            return np.inf

    at = np.concatenate([whole.theta, beta, whole.psi])
    point = _stepped(at, engine.at(whole.theta, beta, whole.psi, *how), diagonal(whole.sizes), criterion)
    theta, beta, psi = map(np.ascontiguousarray, np.split(point, cuts))
    out = engine.at(theta, beta, psi, *how)
    moved = replace(whole, theta=theta, beta=beta, psi=psi, vcov_joint=out["vcov"])
    return Deleted(beta, moved.vcov, variance_parameters(moved))


def _stepped(at: Vector, here: Any, bounded: NDArray[np.intp], criterion: Any) -> Vector:
    """The point that a Newton step reaches; `here` has gradient and Hessian at `at`."""
    hessian: Matrix = (here["hessian"] + here["hessian"].T) / 2
    step = _bounded_step(at, here["gradient"], hessian, bounded)
    before = here.get("penalised", here["criterion"])
    for _ in range(HALVINGS):
        point = at + step
        if criterion(point) <= before:
            return np.ascontiguousarray(point)
        step /= 2
    return at


def _bounded_step(at: Vector, gradient: Vector, hessian: Matrix, bounded: NDArray[np.intp]) -> Vector:
    """The Newton step; elements that it would make negative stop at 0, and the others then step as that lets them."""
    free, step = np.ones(len(at), dtype=bool), np.zeros(len(at))
    while free.any():
        step[free] = _newton(hessian[np.ix_(free, free)], gradient[free] + hessian[np.ix_(free, ~free)] @ step[~free])
        over = [j for j in bounded if free[j] and at[j] + step[j] < 0]
        if not over:
            break
        worst = min(over, key=lambda j: at[j] + step[j])
        free[worst], step[worst] = False, -at[worst]
    return step


def _newton(hessian: Matrix, gradient: Vector) -> Vector:
    """``-H^-1 g``, downhill also where H is not positive definite, and still where it is flat."""
    try:
        inverse = np.linalg.inv(np.linalg.cholesky(hessian))
        return np.asarray(-inverse.T @ (inverse @ gradient))
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(hessian)
    flat = np.abs(values) <= 1e-10 * np.abs(values).max(initial=0.0)
    along = np.where(flat, 0.0, vectors.T @ gradient)
    return np.asarray(-vectors @ (along / np.where(flat, 1.0, np.abs(values))))


def fitted_again(rows: Design, fit: AnyFit, left: Rows, control: Control) -> Deleted:
    """The model fitted to part of its rows, from the estimates of all.

    Raises
    ------
    MixedModelsError
        If it cannot be.
    """
    again = refitted_to_part(fit, _part(rows, fit, left), control)
    if again.mixed and again.generalized and again.separated:
        raise FitError(again.separated)
    return Deleted(again.joint.beta, again.joint.vcov, variance_parameters(again))


def with_beta_stepped(rows: Design, fit: GlmmFit, left: Rows) -> Deleted:
    """The coefficients of all linear predictors after one Newton step from the estimates, theta and shapes kept.

    Raises
    ------
    FitError
        If the rows that are left do not identify all coefficients.
    """
    part = _part(rows, fit, left)
    assert part.response is not None
    engine = new_glmm_engine(part, replace(fit, y=part.response, weights=part.weights))
    theta, beta, psi = fit.point
    m, p = len(theta), len(beta)
    own = slice(m, m + p)

    def criterion(point: Vector) -> float:
        try:
            return float(engine.evaluate(theta, np.ascontiguousarray(point), psi, fit.nagq, False)["penalised"])
        except EngineError:  # where the modes are not found
            return np.inf

    here = engine.at(theta, beta, psi, fit.nagq, False)
    at = {"gradient": here["gradient"][own], "hessian": here["hessian"][own, own], "criterion": here["criterion"]}
    moved = _stepped(beta, at, np.empty(0, dtype=np.intp), criterion)
    vcov = engine.at(theta, moved, psi, fit.nagq, False)["vcov_conditional"]
    return Deleted(moved, vcov, variance_parameters(fit))


def _part(rows: Design, fit: AnyFit, left: Rows) -> Design:
    part = part_of(rows, left)
    assert part.response is not None
    if len(left) <= len(fit.joint.kept) or not same_columns(part, fit):
        raise FitError("the rows that are left do not identify all coefficients.")
    return part
