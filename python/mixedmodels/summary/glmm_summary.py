"""The record that the summary of a generalised mixed model prints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mixedmodels._typing import Matrix
from mixedmodels.design.records import Design
from mixedmodels.estimates import wald
from mixedmodels.fit.checks import dropped_columns, unidentified_message
from mixedmodels.fit.laplace_error.estimate import MATTERS, better_nagq
from mixedmodels.fit.record import GlmFit, GlmmFit
from mixedmodels.fitted.labels import coefficient_matrix, kept_names
from mixedmodels.fitted.outcome import modelled
from mixedmodels.fitted.varcorr import varcorr
from mixedmodels.summary.mixed_summary import MixedSummary, criteria
from mixedmodels.tables import r_numbers
from mixedmodels.tables.call import Call

PENALISED = (
    "Estimates maximise a softly penalised likelihood; logLik, deviance, AIC and BIC are without the penalty, and "
    "their differences are no likelihood-ratio tests"
)


def generalized_summary(
    design: Design,
    fit: GlmmFit,
    call: Call,
    quartiles: Sequence[float],
    indicated: float = math.nan,
    kind: Any = "pandas",
) -> MixedSummary:
    """Summary of a generalised mixed model.

    `quartiles` are those of Pearson residuals divided by the root of the dispersion. `indicated` is a rough estimate of
    the error of Laplace's approximation.
    """
    return MixedSummary(
        title=title(fit.nagq, fit.penalised is not None),
        family=(family_label(fit), fit.family.link),
        call=call,
        criteria=criteria(fit),
        quartiles=tuple(quartiles),
        varcorr=varcorr(design, fit),
        nobs=fit.n,
        ngroups={g.name: g.n_levels for g in design.groups},
        dropped=design.dropped,
        names=kept_names(design, fit),
        headers=headers(fit),
        coefficients=with_p_values(coefficient_matrix(fit)),
        vcov=fit.vcov,
        aliased=dropped_columns(design, fit),
        singular=fit.singular,
        converged=fit.run.converged,
        message=fit.run.message,
        remarks=remarks(design, fit, indicated),
        kind=kind,
    )


def approximation(design: Design, fit: GlmmFit, indicated: float) -> str:
    """A remark if the log-likelihood is far from the exact one, with advice."""
    if not abs(indicated) > MATTERS:
        return ""
    more = better_nagq(design, fit)
    cure = f"nAGQ={more} is possible here; " if more else ""
    return f"Laplace's approximation: logLik is off by about {indicated:+.1f}; {cure}see fit.laplace_error()"


def title(nagq: int, penalised: bool = False) -> str:
    """The approximation of the likelihood, and whether it was the maximised criterion."""
    how = "Laplace Approximation" if nagq == 1 else f"Adaptive Gauss-Hermite Quadrature, nAGQ = {nagq}"
    what = "maximum softly penalised likelihood" if penalised else "maximum likelihood"
    return f"Generalized linear mixed model fit by {what} ({how})"


def remarks(design: Design, fit: GlmmFit, indicated: float) -> tuple[str, ...]:
    """Further remarks for the reader of a summary."""
    penalised = PENALISED if fit.penalised is not None else ""
    unidentified = unidentified_message(fit) if fit.unidentified else ""
    texts = (modelled(design), fit.separated, penalised, unidentified, approximation(design, fit, indicated))
    return tuple(text for text in texts if text)


def headers(fit: GlmmFit) -> tuple[str, ...]:
    """Names of the columns of the coefficients; lme4 says t where a dispersion is estimated, and takes it as normal."""
    return ("Estimate", "Std. Error", "t value" if fit.has_dispersion else "z value", "Pr(>|z|)")


def with_p_values(table: Matrix) -> Matrix:
    """Estimate, standard error, statistic and its two-sided normal p-value, shape (p, 4)."""
    return np.column_stack([table, wald.p_values(table[:, 2])])


def family_label(fit: GlmFit | GlmmFit) -> str:
    """The family's name as R prints it; that of a negative binomial with its theta, of others with all shapes."""
    family = fit.family
    if not family.least_squares:
        shown = [
            f"{name} = {r_numbers.format_number(r_numbers.signif(value, 4))}" for name, value in all_shapes(fit).items()
        ]
        return f"{family.name}({', '.join(shown)})" if shown else family.name
    if fit.has_dispersion or not (family.shapes or family.theta is not None):
        return family.name
    return f"{family.name}({r_numbers.format_number(r_numbers.round_r(fit.sigma, 4))})"


def all_shapes(fit: GlmFit | GlmmFit) -> dict[str, float]:
    """Shapes by name, estimated or fixed."""
    fixed = {name: getattr(fit.family, name) for name in fit.family.fixable}
    return {**fit.free_shapes, **{name: value for name, value in fixed.items() if value is not None}}
