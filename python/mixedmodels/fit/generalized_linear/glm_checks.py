"""Warnings about a fitted generalised linear model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedmodels.design.records import Design
from mixedmodels.errors import ConvergenceWarning, MixedModelsWarning, PerfectFitWarning, SeparationWarning
from mixedmodels.fit.ols import dense_columns
from mixedmodels.fit.record import GlmFit, GlmmFit
from mixedmodels.fit.responses import Response, one_value
from mixedmodels.fit.separation import fixed_effects, message

if TYPE_CHECKING:
    from mixedmodels.families import Family


def glm_warnings(design: Design, fit: GlmFit) -> list[MixedModelsWarning]:
    """Warnings about a fit; where the outcomes are separated, that one alone."""
    if fit.penalty is None:
        infinite = separated(design, fit)
        if infinite is not None:
            return [SeparationWarning(infinite)]
    warnings: list[MixedModelsWarning] = []
    constant = None if fit.penalty else one_value(Response(fit.y, fit.weights), design, fit.family)
    if constant is not None and fit.kept and design.offset is None:
        warnings.append(PerfectFitWarning(f"{constant}: look whether it is the right column."))
    elif fit.has_dispersion and fit.df_resid > 0 and fit.deviance <= 1e-26 * max(fit.null_deviance, 1e-300):
        warnings.append(
            PerfectFitWarning(
                f"{design.formula!r} fits the response exactly: the dispersion, {fit.dispersion:.3g}, is rounding "
                "error, and standard errors and tests mean nothing; leave out what determines "
                f"{design.response_name!r}."
            )
        )
    if not fit.converged:
        warnings.append(
            ConvergenceWarning(
                f"{design.formula!r}: after {fit.iterations} iterations the deviance, {fit.deviance:.6g}, still "
                "changes, or the optimum lies where a mean leaves the domain of the link. Raise "
                "control={'max_evaluations': ...}, give start=, or use another link."
            )
        )
    return warnings


def separated(design: Design, fit: GlmFit | GlmmFit) -> str | None:
    """The sentence that says which estimates are infinite, if some are.

    What separates the outcomes by fixed effects alone does so given any random effects too.
    """
    if not fixed_effects.concerned(fit.family) or fit.method.penalty == "soft":
        return None
    vcov = fit.vcov_conditional if fit.mixed else fit.vcov_unscaled
    definite = bool((np.diag(vcov) > 0).all())  # a criterion that is flat in a direction may have no covariance at all
    if definite and not fixed_effects.at_bounds(fit.family, fit.eta):
        return None
    if definite and not fixed_effects.suspected(fit.family, fit.eta, dense_columns(design, fit.kept, fit.n), vcov):
        return None
    return separated_response(design, fit.family, fit.kept, Response(fit.y, fit.weights))


def separated_response(design: Design, family: Family, kept: tuple[int, ...], response: Response) -> str | None:
    """The sentence of `separated`, found from the response alone."""
    y, weights = response.y, response.weights
    separation = fixed_effects.find(dense_columns(design, kept, len(y)), y, weights, family)
    if separation is None:
        return None
    return message.message(design, kept, separation, y, weights, "soft" if design.random else "jeffreys")
