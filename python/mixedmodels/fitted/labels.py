"""From a design and its fit to the record that a summary prints."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mixedmodels.design.records import Design
from mixedmodels.estimates import wald
from mixedmodels.fit import any_fit, likelihood
from mixedmodels.fit.any_fit import AnyFit, AnyMixedFit
from mixedmodels.fit.checks import dropped_columns
from mixedmodels.fit.goodness import Goodness
from mixedmodels.fit.record import GlmmFit, LinearFit, Matrix, MixedFit, Vector
from mixedmodels.fitted.varcorr import varcorr
from mixedmodels.summary.linear_summary import LinearSummary
from mixedmodels.summary.mixed_summary import HEADERS, MixedSummary, linear_title
from mixedmodels.tables.call import Call


def kept_names(design: Design, fit: AnyFit) -> tuple[str, ...]:
    """Names of the columns of X that are estimated."""
    return tuple(design.fixed.names[j] for j in fit.kept)


def _elements(design: Design) -> Iterator[tuple[str, str, str | None]]:
    """Group, effect, and second effect (None of a variance) of the elements of covariance matrices, by columns."""
    for term in design.random:
        group = design.groups[term.group].name
        for j, first in enumerate(term.effects):
            yield group, first, None
            for second in term.effects[j + 1 :]:
                yield group, first, second


def theta_names(design: Design) -> list[str]:
    """lme4's names of the elements of theta: "g.(Intercept)", "g.x.(Intercept)", ..."""
    return [f"{g}.{first}" if second is None else f"{g}.{second}.{first}" for g, first, second in _elements(design)]


def variance_names(design: Design) -> tuple[str, ...]:
    """Names of variances and covariances: "var_(Intercept)|g", "cov_x.(Intercept)|g", ..., "var_residual"."""
    out = [
        f"var_{first}|{g}" if second is None else f"cov_{second}.{first}|{g}" for g, first, second in _elements(design)
    ]
    return (*out, "var_residual")


def joint_names(design: Design, fit: GlmmFit) -> tuple[str, ...]:
    """Names of theta, the fixed effects and the logarithms of the free shapes, in this order."""
    shapes = [f"log({shape})" for shape in fit.family.shapes]
    return (*theta_names(design), *kept_names(design, fit), *shapes)


def scattered(values: Any, fit: AnyFit, p: int) -> Vector:
    """Values of the kept columns in their places among all `p`, NaN elsewhere."""
    out = np.full(p, math.nan)
    out[list(fit.kept)] = values
    return out


def coefficient_matrix(fit: AnyFit) -> Matrix:
    """Estimate, standard error and statistic of the kept columns, shape (p, 3)."""
    se = np.sqrt(np.diag(any_fit.vcov(fit)))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.column_stack([fit.beta, se, fit.beta / se])


def criteria(fit: AnyMixedFit) -> dict[str, float]:
    """What the summary shows of the likelihood."""
    if isinstance(fit, MixedFit) and fit.reml:
        return {"REML": fit.criterion}
    return {
        "AIC": likelihood.aic(fit),
        "BIC": likelihood.bic(fit),
        "logLik": likelihood.loglik(fit),
        "deviance": fit.criterion,
        "df.resid": likelihood.df_resid(fit),
    }


def mixed_summary(design: Design, fit: MixedFit, call: Call, quartiles: Sequence[float]) -> MixedSummary:
    """Summary of a linear mixed model; `quartiles` are those of the scaled residuals."""
    return MixedSummary(
        title=linear_title(fit.reml),
        family=None,
        call=call,
        criteria=criteria(fit),
        quartiles=tuple(quartiles),
        varcorr=varcorr(design, fit),
        nobs=fit.n,
        ngroups={g.name: g.n_levels for g in design.groups},
        dropped=design.dropped,
        names=kept_names(design, fit),
        headers=HEADERS,
        coefficients=coefficient_matrix(fit),
        vcov=any_fit.vcov(fit),
        aliased=dropped_columns(design, fit),
        singular=fit.singular,
        converged=fit.run.converged,
        message=fit.run.message,
        criterion_error=fit.criterion_error,
    )


def linear_summary(
    design: Design,
    fit: LinearFit,
    call: Call,
    quartiles: Sequence[float],
    few: dict[str, float] | None,
    good: Goodness,
    weighted: bool,
) -> LinearSummary:
    """Summary of a linear model; `quartiles` are those of its (with differing weights, `weighted`) residuals."""
    p = len(design.fixed.names)
    table = coefficient_matrix(fit)
    complete = np.column_stack(
        [table, wald.p_values(table[:, 2], fit.df_resid) if fit.df_resid else table[:, 2] * math.nan]
    )
    aliased = np.full((p, 4), math.nan)
    aliased[list(fit.kept)] = complete
    f = None
    if good.df1:
        p_value = math.nan if math.isnan(good.f) else wald.f_p_value(good.f, good.df1, good.df2)
        f = (good.f, good.df1, good.df2, p_value)
    return LinearSummary(
        call=call,
        weighted=weighted,
        quartiles=tuple(quartiles),
        few=few,
        names=design.fixed.names,
        coefficients=aliased,
        aliased=dropped_columns(design, fit),
        sigma=fit.sigma,
        df_resid=fit.df_resid,
        dropped=design.dropped,
        r_squared=good.r_squared,
        adj_r_squared=good.adj_r_squared,
        fstatistic=f,
    )
