"""Generalised linear models whose shapes are estimated with the coefficients, by the engine of the mixed ones.

-2 log-likelihood is minimised in (beta, psi); the covariance of the coefficients is the block of the inverse Hessian,
so that it includes what is not known of the shapes. There is no saturated model: `deviance` is -2 log-likelihood.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from mixedmodels._engine import EngineError, Glmm, Rows
from mixedmodels._typing import Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import DataError, DesignError, FitError
from mixedmodels.fit.generalized_linear.glm import positive_rows, start_of_kept
from mixedmodels.fit.lmm import DEFAULTS, kept_columns
from mixedmodels.fit.moments import fixed_part
from mixedmodels.fit.record import Control, GlmFit
from mixedmodels.fit.responses import Response, family_response

if TYPE_CHECKING:
    from mixedmodels._engine import GlmmOptimum
    from mixedmodels.families import Family


def fit_by_likelihood(
    design: Design,
    family: Family,
    *,
    penalty: str | None = None,
    start: ArrayLike | None = None,
    control: Control | None = None,
) -> GlmFit:
    """Fit a model without random effects, with all free shapes.

    Parameters
    ----------
    start : array_like, optional
        Coefficients of the columns of X to start from (those of dropped columns are not looked at).

    Raises
    ------
    DataError, DesignError
        If the response is not one of the family's, or a penalty is asked for.
    FitError
        If the engine gives up.
    """
    if design.random:
        raise DesignError(f"random term ({design.random[0].text}) in a call of glm(); use glmer().")
    if penalty is not None:
        raise DataError(
            f"penalty={penalty!r} is for families that reweighted least squares fits (binomial, Poisson, ...), not for "
            f"{family}; leave it out."
        )
    response = family_response(design, family)
    used = positive_rows(response)
    n, kept = len(response.y), kept_columns(design.fixed, len(response.y), response.weights)
    first = start_of_kept(start, design, kept)
    control = DEFAULTS if control is None else control
    columns = [design.fixed.columns[j] for j in kept]
    out = _optimum(design, family, _rows(columns, response, design.offset, used), first, control)
    beta, psi, p = out["beta"], out["psi"], len(kept)
    vcov = np.asarray(out["vcov"], dtype=float)
    n_used = n if used is None else int(used.sum())
    intercept = -1 in design.fixed.assign
    only: list[Vector | None] = [None] if intercept else []
    null = out
    if columns != only:
        null = _optimum(design, family, _rows(only, response, design.offset, used), None, control)
    cases = response.cases if used is None or response.cases is None else response.cases[used]
    loglik = -0.5 * out["criterion"]
    if cases is not None:
        loglik = _of_cases(family, response, used, cases, out)
    return GlmFit(
        n=n,
        family=family.at(psi),
        kept=kept,
        beta=beta,
        psi=psi,
        dispersion=1.0,
        deviance=-2 * loglik,
        null_deviance=float(null["criterion"]),
        df_resid=n_used - p,
        df_null=n_used - intercept,
        vcov_unscaled=vcov[:p, :p],
        vcov_joint=vcov,
        loglik=loglik,
        eta=fixed_part(design, kept, beta, n),
        y=response.y,
        weights=response.weights,
        iterations=out["evaluations"],
        converged=bool(out["certificate"]["holds"]),
    )


def _optimum(design: Design, family: Family, rows: Rows, beta: Vector | None, control: Control) -> GlmmOptimum:
    start = None if beta is None else {"beta": beta}
    try:
        engine = Glmm(family.handle, rows, False)
        out = engine.fit(1, start, control.max_evaluations, control.tolerance, None, False)
    except EngineError as error:
        raise _failure(design, family, str(error)) from error
    if not isfinite(out["criterion"]):
        raise _failure(design, family, f"-2 log-likelihood is {out['criterion']:g}")
    return out


def engine_of(design: Design, fit: GlmFit) -> Glmm:
    """The engine's handle for the rows of positive weight, as the fit had it."""
    response = Response(fit.y, fit.weights)
    columns = [design.fixed.columns[j] for j in fit.kept]
    return Glmm(fit.family.handle, _rows(columns, response, design.offset, positive_rows(response)), False)


def _failure(design: Design, family: Family, cause: str) -> FitError:
    others = " or ".join(repr(link) for link in family.handle.links if link != family.link)
    return FitError(
        f"{design.formula!r} cannot be fitted as {family}: {cause}. Leave out terms, give predictors similar scales, "
        f"give start=, or try another link: {others}."
    )


def _rows(columns: list[Vector | None], response: Response, offset: Vector | None, used: Vector | None) -> Rows:
    """The rows of positive weight."""

    def of(values: Vector | None) -> Vector | None:
        return values if used is None or values is None else np.ascontiguousarray(values[used])

    y = of(response.y)
    assert y is not None
    return Rows(y, [of(column) for column in columns], [], [], of(response.weights), of(offset))


def _of_cases(family: Family, response: Response, used: Vector | None, cases: Vector, out: GlmmOptimum) -> float:
    """Log-likelihood in which a row of trials counts several times, its trials in all being the weight."""
    rows = slice(None) if used is None else used
    assert response.weights is not None
    trials = response.weights[rows] / cases
    return float(cases @ np.asarray(family.log_density(response.y[rows], trials, out["eta"], out["psi"])))
