"""Infinite estimates of generalised linear mixed models: whether there are, and another start for a search that failed.

Given the random effects at their modes, a mixed model is a generalised linear one with these as its offset. Its
information tells where to look, and the criterion of the mixed model decides.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mixedmodels._engine import EngineError
from mixedmodels._typing import Vector
from mixedmodels.design.records import Design
from mixedmodels.fit.generalized_linear import infinite, irls
from mixedmodels.fit.ols import dense_columns
from mixedmodels.fit.responses import Response

if TYPE_CHECKING:
    from mixedmodels._engine import Glmm
    from mixedmodels.families import Family
    from mixedmodels.fit.record import GlmmFit

RISE = 1e-6  # of the criterion, which iterations for the modes leave uncertain by less


def problem_of(design: Design, family: Family, kept: tuple[int, ...], response: Response) -> irls.Problem:
    """The model without its random effects."""
    n = len(response.y)
    weights = np.ones(n) if response.weights is None else response.weights
    offset = np.zeros(n) if design.offset is None else design.offset
    used = weights > 0
    x = dense_columns(design, kept, n)
    return irls.Problem(x=x[used], y=response.y[used], weights=weights[used], offset=offset[used], family=family)


def direction(design: Design, fit: GlmmFit, engine: Glmm) -> Vector | None:
    """A direction of the fixed effects that has no finite optimum; None if there is none."""
    if not irls.may_be_infinite(fit.family) or not fit.kept:
        return None
    problem = problem_of(design, fit.family, fit.kept, Response(fit.y, fit.weights))
    fixed = problem.x @ fit.beta + problem.offset
    eta = fit.eta if fit.weights is None else fit.eta[fit.weights > 0]
    at_modes = replace(problem, offset=problem.offset + eta - fixed)

    def costs(step: Vector) -> bool:
        try:
            there = engine.evaluate(fit.theta, fit.beta + step, fit.psi, fit.nagq, fit.penalised is not None)
        except EngineError:
            return True
        return not there["penalised"] <= fit.criterion + RISE

    root = problem.root(at_modes.working(eta)[0])
    return infinite.direction(at_modes, eta, fit.beta, root, irls.flat_predictor(problem), costs)


def message(design: Design, fit: GlmmFit, away: Vector) -> str:
    """The sentence about a mixed model without a finite estimate."""
    fact = f"-2 log-likelihood, {fit.criterion:.6g}, rises no more"
    return infinite.message(design, fit.kept, fit.family, fit.y, fit.beta, away, fact)


def other_start(design: Design, family: Family, kept: tuple[int, ...], response: Response) -> Vector | None:
    """Fixed effects of the model without random effects, where its means lie in the domain; None if it has none."""
    if not irls.may_be_infinite(family) or not kept:
        return None
    solution = irls.solve(problem_of(design, family, kept, response))
    return None if solution is None or solution.runaway is not None else solution.beta
