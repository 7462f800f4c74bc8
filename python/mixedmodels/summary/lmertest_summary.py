"""The summary of a linear mixed model with degrees of freedom and p-values, in lmerTest's layout."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixedmodels._typing import Matrix
from mixedmodels.estimates.coefficients import Coefficients
from mixedmodels.summary.mixed_summary import MixedSummary

HEADERS = ("Estimate", "Std. Error", "df", "t value", "Pr(>|t|)")


def t_table(coefficients: Coefficients) -> Matrix:
    """Estimate, standard error, degrees of freedom, t statistic and p-value, shape (p, 5)."""
    t = coefficients.t_tests()
    return np.column_stack([t.estimate, t.std_error, t.df, t.statistic, t.p_value])


def with_tests(summary: MixedSummary, coefficients: Coefficients) -> MixedSummary:
    """The summary with the tests of `coefficients` in its table."""
    tested = replace(
        summary,
        title=f"{summary.title}. t-tests use {coefficients.phrase}",
        headers=HEADERS,
        coefficients=t_table(coefficients),
        remarks=(*summary.remarks, *coefficients.remarks),
    )
    if coefficients.proportional:
        return replace(tested, r_class="lmerModLmerTest")
    return replace(tested, vcov=coefficients.vcov)  # lmerTest has no such summary; its correlations are the model's
