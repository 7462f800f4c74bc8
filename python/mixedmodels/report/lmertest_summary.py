"""The summary of a linear mixed model with degrees of freedom and p-values, in lmerTest's layout."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedmodels.fit.record import Matrix
from mixedmodels.inference import wald
from mixedmodels.inference.coefficients import Coefficients
from mixedmodels.inference.kenward_roger import KenwardRoger
from mixedmodels.report.mixed_summary import MixedSummary

HEADERS = ("Estimate", "Std. Error", "df", "t value", "Pr(>|t|)")
REFITTED = "Kenward-Roger's method is for REML: estimates and tests of the fixed effects are from a refit by REML."


def t_table(coefficients: Coefficients) -> Matrix:
    """Estimate, standard error, degrees of freedom, t statistic and p-value, shape (p, 5)."""
    identity = np.eye(len(coefficients.beta))
    estimate, std_error = coefficients.estimates(identity)
    df = coefficients.df(identity)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = estimate / std_error
    p_values = [float(wald.p_values(np.array([v]), float(n))[0]) for v, n in zip(t, df, strict=True)]
    return np.column_stack([estimate, std_error, df, t, p_values])


def with_tests(summary: MixedSummary, coefficients: Coefficients) -> MixedSummary:
    """The summary with the tests of `coefficients` in its table."""
    refitted = isinstance(coefficients, KenwardRoger) and coefficients.refitted
    return replace(
        summary,
        title=f"{summary.title}. t-tests use {coefficients.method}'s method",
        headers=HEADERS,
        coefficients=t_table(coefficients),
        remarks=(*summary.remarks, REFITTED) if refitted else summary.remarks,
        r_class="lmerModLmerTest",
    )
