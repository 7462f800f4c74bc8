"""Tests of types II and III as in the R package car: Wald's chi-squared, F, and likelihood ratios.

Reference: Fox and Weisberg (2019), An R Companion to Applied Regression, 3rd edition, sections 5.3 and 6.10.
"""

from __future__ import annotations

from math import nan

import numpy as np

from mixedmodels._typing import Matrix
from mixedmodels.design.records import Design
from mixedmodels.errors import DesignError
from mixedmodels.estimates import wald
from mixedmodels.estimates.coefficients import Coefficients
from mixedmodels.fit.family_moments import pearson_dispersion
from mixedmodels.fit.record import GlmFit, LinearFit
from mixedmodels.inference.anova.contrast_matrices import TermLayout, coefficients_of, conjugate
from mixedmodels.inference.anova.submodels import SubModels
from mixedmodels.inference.anova.term_tests import Table, tabulated


def hypotheses(layout: TermLayout, number: int, vcov: Matrix) -> dict[str, Matrix]:
    """Contrast matrices by name of the term."""
    return conjugate(layout, vcov) if number == 2 else coefficients_of(layout)


def check_estimable(design: Design, kept: tuple[int, ...], number: int) -> None:
    """Refuse type III where coefficients are missing."""
    if number == 3 and len(kept) < len(design.fixed.names):
        gone = [name for j, name in enumerate(design.fixed.names) if j not in kept]
        raise DesignError(
            f"{design.formula!r} has columns that are combinations of others ({', '.join(gone[:5])}"
            f"{', ...' if len(gone) > 5 else ''}), so that type III tests of coefficients have no meaning; use type "
            "II, or leave out the terms with empty cells."
        )


def wald_chi_squared(coefficients: Coefficients, matrices: dict[str, Matrix]) -> Table:
    """Wald's chi-squared of every matrix."""
    rows = []
    for name, c in matrices.items():
        chisq, basis = coefficients.wald_statistic(c) if len(c) else (nan, c)
        rows.append((name, (chisq, float(len(basis)), float(wald.chi_squared_p(chisq, len(basis))))))
    return tabulated(rows, ("chisq", "df", "p_value"))


def scaled_f(coefficients: Coefficients, matrices: dict[str, Matrix]) -> Table:
    """F of every matrix, with the degrees of freedom of the coefficients."""
    rows = []
    for name, c in matrices.items():
        if len(c):
            test = coefficients.f_test(c)
            rows.append((name, (test.f_value, float(test.num_df), test.den_df, test.p_value)))
        else:
            rows.append((name, (nan, 0.0, nan, nan)))
    return tabulated(rows, ("f_value", "df", "df_resid", "p_value"))


def sums_of_squares(design: Design, fit: LinearFit, layout: TermLayout, number: int) -> Table:
    """Sums of squares of a linear model; with collinear columns by comparison of models."""
    error = fit.error_variance
    if len(fit.kept) < len(design.fixed.names):
        squares = _differences(design, fit, layout, number)
    else:
        unscaled = Wald(fit)
        matrices = hypotheses(layout, number, fit.vcov_unscaled)
        squares = [(name, *unscaled.square(c)) for name, c in matrices.items()]
    rows = []
    for name, square, df in squares:
        f = square / df / error if df else nan
        rows.append((name, (square if df else nan, df, f, wald.f_p_value(f, df, fit.wald_df) if df else nan)))
    rows.append(("Residuals", (fit.rss, float(fit.df_resid), nan, nan)))
    return tabulated(rows, ("sum_sq", "df", "f_value", "p_value"))


class Wald:
    """Sums of squares of hypotheses about a linear model."""

    def __init__(self, fit: LinearFit) -> None:
        self._beta, self._vcov = fit.beta, fit.vcov_unscaled

    def square(self, c: Matrix) -> tuple[float, float]:
        """Increase of the residual sum of squares under ``c @ beta = 0``, and the rank of `c`."""
        if not len(c):
            return nan, 0.0
        estimate = c @ self._beta
        return float(estimate @ np.linalg.solve(c @ self._vcov @ c.T, estimate)), float(len(c))


def likelihood_ratios(design: Design, fit: GlmFit, layout: TermLayout, number: int) -> Table:
    """Differences of deviances over the dispersion."""
    rows = []
    for name, gain, df in _differences(design, fit, layout, number):
        value = gain / fit.dispersion if df else nan
        rows.append((name, (value, df, float(wald.chi_squared_p(value, df)))))
    return tabulated(rows, ("chisq", "df", "p_value"))


def deviance_f(design: Design, fit: GlmFit, layout: TermLayout, number: int) -> Table:
    """F tests of differences of deviances against Pearson's estimate of the dispersion."""
    weights = np.ones(fit.n) if fit.weights is None else fit.weights
    error = pearson_dispersion(fit.y, weights, fit.eta, fit.family, fit.df_resid)
    rows = []
    for name, gain, df in _differences(design, fit, layout, number):
        f = gain / df / error if df else nan
        rows.append((name, (gain if df else nan, df, f, wald.f_p_value(f, df, fit.df_resid) if df else nan)))
    rows.append(("Residuals", (error * fit.df_resid, float(fit.df_resid), nan, nan)))
    return tabulated(rows, ("sum_sq", "df", "f_value", "p_value"))


def _differences(
    design: Design, fit: LinearFit | GlmFit, layout: TermLayout, number: int
) -> list[tuple[str, float, float]]:
    """For each term the deviance that it takes away, and its degrees of freedom.

    Type II: beside the terms that have not all of its variables; type III: beside all other columns.
    """
    models = SubModels(design, fit)
    own = (fit.deviance if fit.generalized else fit.rss, float(fit.df_resid))
    out = []
    for t, label in enumerate(layout.labels):
        above = layout.relatives(t) if number == 2 else []
        larger = models.without(above) if above else own
        smaller = models.without([t, *above])
        out.append((label, smaller[0] - larger[0], smaller[1] - larger[1]))
    return out
