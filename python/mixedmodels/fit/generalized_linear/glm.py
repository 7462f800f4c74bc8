"""A design without random terms and a family -> iteratively reweighted least squares -> a `GlmFit`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import DataError, DesignError, FitError
from mixedmodels.fit import family_moments
from mixedmodels.fit.degenerate import refuse_hidden
from mixedmodels.fit.generalized_linear import infinite, irls, jeffreys
from mixedmodels.fit.generalized_linear.glm_likelihood import loglik
from mixedmodels.fit.lmm import kept_columns
from mixedmodels.fit.moments import fixed_part
from mixedmodels.fit.ols import dense_columns
from mixedmodels.fit.record import Control, GlmFit
from mixedmodels.fit.responses import Response, family_response

if TYPE_CHECKING:
    from mixedmodels.families import Family

PENALTIES = (None, "jeffreys")


def fit_glm(
    design: Design,
    family: Family,
    *,
    penalty: Literal["jeffreys"] | None = None,
    start: ArrayLike | None = None,
    control: Control | None = None,
) -> GlmFit:
    """Fit a generalised linear model.

    Parameters
    ----------
    penalty : {"jeffreys"}, optional
        Penalty: "jeffreys" adds half the logarithm of the determinant of the information to the log-likelihood, which
        keeps every estimate finite and takes most of its bias away.
    start : array_like, optional
        Coefficients of the columns of X to start from (those of dropped columns are not looked at).
    control : Control, optional
        Settings; `max_evaluations` are the most iterations.

    Raises
    ------
    DataError, DesignError
        If the response is not one of the family's.
    FitError
        If no start lies in the domain of the link.
    """
    if design.random:
        raise DesignError(f"random term ({design.random[0].text}) in a call of glm(); use glmer().")
    if str(penalty) == "soft":
        raise DataError("penalty='soft' is of glmer(); a model without random effects takes penalty='jeffreys'.")
    if penalty not in PENALTIES:
        raise DataError(f"penalty is {penalty!r}; it is 'jeffreys', or None for maximum likelihood.")
    response = family_response(design, family)
    used = positive_rows(response)
    kept = kept_columns(design.fixed, len(response.y), response.weights)
    refuse_hidden(design, kept, response.y)
    problem = _problem(design, response, family, kept, used)
    solution = _solution(problem, design, kept, penalty, start, control)
    return _record(design, response, problem, solution, kept, used, penalty)


def positive_rows(response: Response) -> Vector | None:
    """A mask of the rows of positive weight; None if all rows have one."""
    w = response.weights
    if w is None or bool((w > 0).all()):
        return None
    if not bool((w > 0).any()):
        raise DataError("every weight is 0, so that no row is left to fit to; give positive weights.")
    return np.asarray(w > 0)


def _problem(
    design: Design, response: Response, family: Family, kept: tuple[int, ...], used: Vector | None
) -> irls.Problem:
    n = len(response.y)
    x = dense_columns(design, kept, n)
    weights = np.ones(n) if response.weights is None else response.weights
    offset = np.zeros(n) if design.offset is None else design.offset
    if used is None:
        return irls.Problem(x=x, y=response.y, weights=weights, offset=offset, family=family)
    return irls.Problem(x=x[used], y=response.y[used], weights=weights[used], offset=offset[used], family=family)


def _solution(
    problem: irls.Problem,
    design: Design,
    kept: tuple[int, ...],
    penalty: str | None,
    start: ArrayLike | None,
    control: Control | None,
) -> irls.Solution:
    limit = 200 if control is None else control.max_evaluations
    first = start_of_kept(start, design, kept)
    if penalty is None:
        solution = irls.solve(problem, first, limit=limit)
    else:
        solution = jeffreys.solve(problem, first, limit=limit)
    if solution is None:
        raise FitError(
            f"{design.formula!r}: no coefficients were found from which every mean lies in the domain of the "
            f"{problem.family} family; give some as start=, or use a link whose domain has no bound, as 'log'."
        )
    if penalty is None:
        away = solution.runaway if first is None else irls.direction_of(problem, solution)
        if away is not None:
            fact = f"the deviance, {solution.deviance:.6g}, rises no more"
            raise FitError(infinite.message(design, kept, problem.family, problem.y, solution.beta, away, fact))
    return solution


def inverse_root(root: Matrix, design: Design) -> Matrix:
    """The inverse of the information's root.

    Raises
    ------
    FitError
        If the information is singular.
    """
    try:
        return np.asarray(np.linalg.solve(root, np.eye(len(root))), dtype=float)
    except np.linalg.LinAlgError:
        raise FitError(
            f"{design.formula!r} has no standard errors: where the iterations stopped, means are so near the bound of "
            "their domain that rows say nothing about some coefficient. Use a link without that bound, give start=, or "
            "leave out the term that is alone there."
        ) from None


def start_of_kept(start: ArrayLike | None, design: Design, kept: tuple[int, ...]) -> Vector | None:
    """Coefficients of the kept columns to start from, checked; None where none are given."""
    if start is None:
        return None
    beta = np.asarray(start, dtype=float)
    p = len(design.fixed.names)
    if beta.shape != (p,) or not np.isfinite(beta[list(kept)]).all():
        raise DataError(f"start must be {p} finite numbers, one for each of {', '.join(design.fixed.names)}.")
    return np.asarray(beta[list(kept)])


def _record(
    design: Design,
    response: Response,
    problem: irls.Problem,
    solution: irls.Solution,
    kept: tuple[int, ...],
    used: Vector | None,
    penalty: Literal["jeffreys"] | None,
) -> GlmFit:
    family, n_used = problem.family, len(problem.y)
    df = n_used - len(kept)
    inverse = inverse_root(solution.root, design)
    eta = solution.eta if used is None else fixed_part(design, kept, solution.beta, len(response.y))
    dispersion = 1.0
    if family.weights_role == "precision":
        dispersion = family_moments.pearson_dispersion(problem.y, problem.weights, solution.eta, family, df)
    cases = response.cases if used is None or response.cases is None else response.cases[used]
    intercept = -1 in design.fixed.assign
    return GlmFit(
        n=len(response.y),
        family=family,
        kept=kept,
        beta=solution.beta,
        dispersion=dispersion,
        deviance=solution.deviance,
        null_deviance=_null_deviance(problem, intercept, design.offset is not None),
        df_resid=df,
        df_null=n_used - intercept,
        vcov_unscaled=inverse @ inverse.T,
        loglik=loglik(problem, solution.eta, solution.deviance, cases),
        eta=eta,
        y=response.y,
        weights=response.weights,
        iterations=solution.iterations,
        converged=solution.converged,
        penalty=penalty,
    )


def _null_deviance(problem: irls.Problem, intercept: bool, offset: bool) -> float:
    """Deviance of the model with an intercept (if there is one) and the offset alone.

    As in R the one mean that an intercept without offset allows is the weighted average of the response.
    """
    y, w, family = problem.y, problem.weights, problem.family
    with np.errstate(all="ignore"):
        if not intercept:
            return family_moments.deviance(y, w, problem.offset, family)
        if not offset:
            mu = np.full(len(y), np.average(y, weights=w))
            return float(w @ family_moments.unit_deviance(family, y, mu))
    null = irls.solve(replace(problem, x=np.ones((len(y), 1))))
    return np.nan if null is None else null.deviance
