"""Analysis of variance tables of one model: a test for each term, as columns by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import inf, nan
from typing import Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald
from mixedmodels.estimates.coefficients import Coefficients
from mixedmodels.fit.moments import fixed_part
from mixedmodels.fit.ols import dense_columns
from mixedmodels.fit.record import GlmFit, LinearFit, MixedFit
from mixedmodels.inference.anova.contrast_matrices import TermLayout, marginal, sequential
from mixedmodels.inference.anova.submodels import SubModels

Columns = dict[str, Any]
Table = tuple[Columns, tuple[str, ...]]

TYPES = {"I": 1, "II": 2, "III": 3, "1": 1, "2": 2, "3": 3}
CHISQ, F_TEST = "Chisq", "F"


def type_number(type_: Any) -> int:
    """1, 2 or 3 from what the user gave: a number or "I", "II", "III".

    Raises
    ------
    DataError
        If it is none.
    """
    number = TYPES.get(str(type_).upper())
    if number is None:
        raise DataError(f"type is {type_!r}; the types of tests are 1, 2 and 3 (or 'I', 'II', 'III').")
    return number


F_COLUMNS = ("sum_sq", "mean_sq", "num_df", "den_df", "f_value", "p_value")


def f_tests(
    hypotheses: Mapping[str, Matrix], coefficients: Coefficients, sigma: float, rhs: Vector | None = None
) -> Table:
    """F tests of matrices by name, as lmerTest tabulates them.

    Sums of squares are those that give Wald's F (before Kenward and Roger's scaling) beside the variance, sigma^2
    unless the coefficients are of another fit; a robust covariance has none. Terms without anything to test go to the
    end.

    Parameters
    ----------
    rhs : ndarray, optional
        Value of every matrix times the coefficients under the hypothesis; 0 if not given.
    """
    if coefficients.refitted is not None:
        sigma = coefficients.refitted.sigma
    rows: list[tuple[str, tuple[float, ...]]] = []
    empty: list[str] = []
    for name, c in hypotheses.items():
        test = coefficients.f_test(c, rhs) if len(c) else None
        if test is None or not test.num_df:
            empty.append(name)
            continue
        mean = test.f_value / test.scale * sigma**2
        rows.append((name, (mean * test.num_df, mean, test.num_df, test.den_df, test.f_value, test.p_value)))
    rows += [(name, (nan,) * 6) for name in empty]
    columns, names = tabulated(rows, F_COLUMNS)
    if not coefficients.proportional:
        del columns["sum_sq"], columns["mean_sq"]
    return columns, names


def single_terms(
    design: Design, fit: MixedFit, layout: TermLayout, labels: Sequence[str] | None = None
) -> dict[str, Matrix]:
    """Tests of terms that are in no other term, each left out by itself (``drop1`` as lmerTest has it).

    Parameters
    ----------
    labels : sequence of str, optional
        Labels of the terms; all that are in no other one by default.
    """
    aliased = len(fit.kept) < len(design.fixed.names)
    own = sequential(layout, dense_columns(design, fit.kept, fit.n)) if layout.single else marginal(layout)
    return {
        label: _what_only(design, fit, t) if aliased else own[t]
        for t, label in enumerate(layout.labels)
        if (label in labels if labels is not None else not layout.relatives(t))
    }


def _what_only(design: Design, fit: MixedFit, term: int) -> Matrix:
    """Estimable functions of the coefficients of one term alone, where columns are collinear."""
    x = dense_columns(design, fit.kept, fit.n)
    others = dense_columns(design, tuple(j for j, t in enumerate(design.fixed.assign) if t != term), fit.n)
    norm = np.linalg.norm(x, axis=0)
    x = x / norm
    others = others / np.maximum(np.linalg.norm(others, axis=0), np.finfo(float).tiny)
    left = x - others @ np.linalg.lstsq(others, x, rcond=1e-10)[0]
    used = np.linalg.norm(left, axis=0) > 1e-8
    left = left[:, used]
    products = x.T @ left
    u, s, _ = np.linalg.svd(products, full_matrices=False)
    rank = int((s > 1e-10 * s.max(initial=0.0)).sum())
    # The basis in the units of the data, on which degrees of freedom depend, as lmerTest has it; unless it is rounding.
    raw, sizes, _ = np.linalg.svd(norm[:, None] * products * norm[used], full_matrices=False)
    if rank and sizes[rank - 1] > 1e-10 * sizes[0]:
        return np.asarray(raw[:, :rank].T)
    return np.asarray(u[:, :rank].T * norm)


def sequential_squares(layout: TermLayout, beta: Any, vcov_unscaled: Matrix, sigma: float) -> Table:
    """Sequential sums of squares and their F, without degrees of freedom or p-values, as lme4 tabulates them."""
    if not len(beta):
        return tabulated([], ("npar", "sum_sq", "mean_sq", "f_value"))
    squares = np.full(len(beta), np.nan)  # of a fit without standard errors
    if np.isfinite(vcov_unscaled).all():
        # R with R'R the inverse of the covariance, from the last coefficient to the first. The intercept, which is in
        # no term and may be far from all rows, is left out.
        first = int(layout.assign[0] == -1)
        with suppress(np.linalg.LinAlgError):  # a covariance that is singular in rounding tells nothing apart
            back = np.linalg.cholesky(vcov_unscaled[first:, first:][::-1, ::-1])[::-1, ::-1]
            squares = np.r_[np.zeros(first), np.linalg.solve(back, beta[first:]) ** 2]
    rows = []
    for t, label in enumerate(layout.labels):
        own = layout.columns(t)
        if len(own):
            total = float(squares[own].sum())
            rows.append((label, (len(own), total, total / len(own), total / len(own) / sigma**2)))
    return tabulated(rows, ("npar", "sum_sq", "mean_sq", "f_value"))


def linear_sequential(design: Design, fit: LinearFit, layout: TermLayout) -> Table:
    """R's analysis of variance of a linear model: each term after those before it, and the residuals."""
    assert design.response is not None
    x = dense_columns(design, fit.kept, fit.n)
    y = design.response - fixed_part(design, (), np.empty(0), fit.n)
    if design.weights is not None:
        root = np.sqrt(design.weights)
        x, y = x * root[:, None], y * root
    squares = (np.linalg.qr(x)[0].T @ y) ** 2
    rows = []
    df, denominator = fit.df_resid, fit.wald_df
    error = fit.error_variance
    for t, label in enumerate(layout.labels):
        own = layout.columns(t)
        if len(own):
            total = float(squares[own].sum())
            f = total / len(own) / error if denominator and error > 0 else nan
            p = wald.f_p_value(f, len(own), denominator) if denominator else nan
            rows.append((label, (len(own), total, total / len(own), f, p)))
    rows.append(("Residuals", (df, fit.rss, error, nan, nan)))
    return tabulated(rows, ("df", "sum_sq", "mean_sq", "f_value", "p_value"))


def deviance_sequential(design: Design, fit: GlmFit, layout: TermLayout, test: str) -> Table:
    """R's analysis of deviance of a generalised linear model: terms added one by one."""
    models = SubModels(design, fit)
    rows: list[tuple[str, tuple[float, ...]]] = [("NULL", (nan, nan, fit.df_null, fit.null_deviance, nan, nan))]
    deviance, df = fit.null_deviance, float(fit.df_null)
    for t, label in enumerate(layout.labels):
        last = t == len(layout.labels) - 1
        now = (fit.deviance, float(fit.df_resid)) if last else models.without(range(t + 1, len(layout.labels)))
        gain, used = deviance - now[0], df - now[1]
        deviance, df = now
        f = gain / used / fit.dispersion if used else nan
        rows.append((label, (used, gain, df, deviance, f, _deviance_p(gain, used, fit, test))))
    columns, names = tabulated(rows, ("df", "deviance", "resid_df", "resid_dev", "f_value", "p_value"))
    if test != F_TEST:
        del columns["f_value"]
    if test == "none":
        del columns["p_value"]
    return columns, names


def _deviance_p(gain: float, df: float, fit: GlmFit, test: str) -> float:
    if not df or test == "none":
        return nan
    if test == CHISQ:
        return float(wald.chi_squared_p(gain / fit.dispersion, df))
    rest = fit.df_resid if fit.has_dispersion else inf
    return wald.f_p_value(max(gain / df / fit.dispersion, 0.0), df, rest)


def tabulated(rows: Sequence[tuple[str, Sequence[float]]], columns: tuple[str, ...]) -> Table:
    """Columns by name and the names of the rows, from rows with their names."""
    values = np.array([row for _, row in rows], dtype=float).reshape(len(rows), len(columns))
    return {name: values[:, j] for j, name in enumerate(columns)}, tuple(name for name, _ in rows)
