"""Tests of linear hypotheses about the fixed effects, and of two models that differ in these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.estimates import restrictions, wald
from mixedmodels.estimates.coefficients import Coefficients, Ddf
from mixedmodels.estimates.ddf import by_reml
from mixedmodels.fitted.labels import kept_names
from mixedmodels.fitted.layout import laid_out
from mixedmodels.inference.anova import term_tests
from mixedmodels.inference.comparison.comparable import check_rows
from mixedmodels.inference.comparison.modcomp_table import ModelTest
from mixedmodels.inference.comparison.nesting import blocks
from mixedmodels.tables.result_table import F_HEADERS, T_HEADERS
from mixedmodels.tables.single_test import SeveralTests, TestTable

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel


def contest(
    model: FittedModel, hypotheses: Any, joint: bool, rhs: Any, ddf: Ddf, level: float
) -> TestTable | SeveralTests:
    """See `ComparisonVerbs.contest`."""
    coefficients = model._coefficients(ddf)
    c = restrictions.contrasts(hypotheses, len(coefficients.beta))
    right = restrictions.right_sides(rhs, len(c))
    if not joint:
        return _t_tests(model, coefficients, c, right, level)
    columns, names = term_tests.f_tests({"joint": c}, coefficients, model.sigma, right)
    layout = _layout(model, coefficients, columns, names, F_HEADERS)
    return TestTable(**layout, method=f"F test by {coefficients.phrase}")


def _t_tests(
    model: FittedModel, coefficients: Coefficients, c: Matrix, right: Vector, level: float
) -> TestTable | SeveralTests:
    tests = coefficients.t_tests(c, right)
    limits = wald.intervals(tests.estimate, tests.std_error, level, tests.df)
    columns = {
        "estimate": tests.estimate,
        "std_error": tests.std_error,
        "df": tests.df,
        "statistic": tests.statistic,
        "conf_low": limits[:, 0],
        "conf_high": limits[:, 1],
        "p_value": tests.p_value,
    }
    layout = _layout(model, coefficients, columns, tuple(str(i + 1) for i in range(len(c))), T_HEADERS)
    method = f"t test by {coefficients.phrase}"
    return TestTable(**layout, method=method) if len(c) == 1 else SeveralTests(**layout, method=method)


def _layout(
    model: FittedModel,
    coefficients: Coefficients,
    columns: dict[str, Any],
    names: tuple[str, ...],
    headers: dict[str, str],
) -> dict[str, Any]:
    return {
        "columns": columns,
        "names": names,
        "row_column": "hypothesis",
        "headers": headers,
        "footer": coefficients.footer,
        "kind": model._source.kind,
    }


def compare_means(model: FittedModel, other: Any, method: str, beta_h: Any) -> ModelTest:
    """See `ComparisonVerbs.KRmodcomp`."""
    large: FittedModel = model
    small_text, c = None, None
    if isinstance(other, str):
        other = _Design(model, other)
    if hasattr(other, "design") and hasattr(other, "_dense_x"):
        large, small_text, c = _nested(model, other)
    if not large._fit.mixed or large._fit.generalized:
        raise DataError(f"{method}'s method is for linear mixed models; use anova() for other ones.")
    coefficients = _by_reml(large, method)
    p = len(coefficients.beta)
    shift = np.zeros(p)
    if c is None:
        c = restrictions.contrasts(other, p)
        shift = restrictions.right_sides(beta_h, p)
    test = coefficients.f_test(c, c @ shift)
    return ModelTest(
        method=coefficients.method,
        large=large.formula,
        small=small_text,
        contrasts=c,
        beta_h=shift,
        statistic=test.f_value,
        num_df=test.num_df,
        den_df=test.den_df,
        scale=test.scale,
        p_value=test.p_value,
        unscaled=test.f_value / test.scale,
        remarks=coefficients.remarks,
        kind=large._source.kind,
    )


def _by_reml(model: FittedModel, method: str) -> Coefficients:
    """Coefficients with small-sample tests, which suppose REML's variances: of a refit where the model is by ML."""
    fit: Any = model._fit
    if fit.reml:
        return model._coefficients(method)
    model._need_rows("a refit by REML")
    names = kept_names(model.design, fit)
    return model._once(f"{method} by REML", lambda: by_reml(method, names, model.design, fit))


class _Design:
    """The fixed part of a model with another formula, not fitted."""

    def __init__(self, model: FittedModel, formula: str) -> None:
        from mixedmodels.fit.lmm import kept_columns

        self.design, _ = laid_out(model._updated(formula, {}), "required")
        self.formula = self.design.formula
        n = model.nobs if self.design.response is None else len(self.design.response)
        self._kept = kept_columns(self.design.fixed, n, self.design.weights)
        self._n = n

    def check_rows(self, model: FittedModel) -> None:
        """Refuse a formula whose rows or response differ from those of the model."""
        own, other = self.design.response, model.design.response
        if own is None or other is None or not np.array_equal(own, other):
            raise DataError(
                f"{self.formula!r} has another response than {model.formula!r}, or not the same rows; look for missing "
                "values in columns that only one of them uses."
            )

    def _dense_x(self) -> Matrix:
        from mixedmodels.fit.ols import dense_columns

        return dense_columns(self.design, self._kept, self._n)


def _nested(first: FittedModel, second: Any) -> tuple[FittedModel, str, Matrix]:
    """The larger of two models, the formula of the smaller, and the contrasts between them."""
    if isinstance(second, _Design):
        second.check_rows(first)
    else:
        check_rows(first, second, f"{first.formula!r} and {second.formula!r}")
    x, x0 = first._dense_x(), second._dense_x()
    if x0.shape[1] > x.shape[1]:
        if isinstance(second, _Design):
            raise DataError(f"{second.formula!r} has more fixed effects than {first.formula!r}; fit the larger model.")
        return _nested(second, first)
    c = restrictions.between(x, x0)
    if c is None:
        raise DataError(
            f"{second.formula!r} is not nested in {first.formula!r}: its fixed effects span columns that those of the "
            "larger model do not."
        )
    if blocks(first.design, second.design) is None or blocks(second.design, first.design) is None:
        raise DataError(
            f"{second.formula!r} has other random effects than {first.formula!r}, and the test is of fixed effects "
            "alone; give models with the same random effects."
        )
    if not len(c):
        raise DataError(
            f"{second.formula!r} has the same mean structure as {first.formula!r}; there is nothing to test."
        )
    return first, second.formula, c
