"""Type II and III tables in the layout of the R package car."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels.errors import DataError, DesignError
from mixedmodels.estimates.coefficients import Coefficients, Ddf
from mixedmodels.estimates.statistic_choice import checked_test
from mixedmodels.inference.anova.car_anova import (
    check_estimable,
    deviance_f,
    hypotheses,
    likelihood_ratios,
    scaled_f,
    sums_of_squares,
    wald_chi_squared,
)
from mixedmodels.inference.anova.contrast_matrices import TermLayout, term_layout
from mixedmodels.inference.anova.term_tests import Table, type_number
from mixedmodels.tables.result_table import ResultTable

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel


def car_anova(model: FittedModel, type: Any, test: str | None, ddf: Ddf = None) -> ResultTable:  # noqa: A002
    """See `TermVerbs.car_anova`."""
    number = type_number(type)
    if number == 1:
        raise DataError("car_anova() has types 2 and 3; anova(type=1) has the sequential tests.")
    fit = model._fit
    layout = term_layout(model.design, fit.kept)
    if not layout.labels and number == 2:
        number = 3  # an intercept alone: type II has nothing to say
    if not fit.mixed:
        check_estimable(model.design, fit.kept, number)
    if ddf is not None:
        return _with_covariance(model, number, layout, test, ddf)
    if fit.mixed:
        return _mixed(model, number, layout, test)
    return (_generalized if fit.generalized else _linear)(model, number, layout, test)


def _mixed(model: FittedModel, number: int, layout: TermLayout, test: str | None) -> ResultTable:
    available = ("Chisq",) if model._fit.generalized else ("Chisq", "F")
    wanted = checked_test(test, available, "Chisq")
    if wanted == "F":
        return _wald_f(model, number, layout, model._coefficients())
    return _wald_chi_squared(model, number, layout, model._coefficients("normal"))


def _with_covariance(model: FittedModel, number: int, layout: TermLayout, test: str | None, ddf: Ddf) -> ResultTable:
    """Wald tests with the coefficients or method of the caller, as car's ``vcov.``."""
    fit = model._fit
    if not isinstance(ddf, Coefficients) and (fit.generalized or not fit.mixed):
        raise DataError(f"ddf is {ddf!r:.80}; give what robust() returned, as only an lmer has a choice of methods.")
    coefficients = model._coefficients(ddf)
    finite = np.isfinite(coefficients.df(np.eye(len(coefficients.beta)))).any()
    wanted = checked_test(test, ("Chisq", "F"), "F" if finite else "Chisq")
    if wanted == "F":
        return _wald_f(model, number, layout, coefficients)
    phrase = "" if coefficients.method == "normal" else f" with {coefficients.phrase}"
    return _wald_chi_squared(model, number, layout, coefficients, phrase)


def _wald_f(model: FittedModel, number: int, layout: TermLayout, coefficients: Coefficients) -> ResultTable:
    small = coefficients.method in ("Satterthwaite", "Kenward-Roger")
    phrase = f"with {coefficients.method} df" if small else f"with {coefficients.phrase}"  # as car says it
    table = scaled_f(coefficients, hypotheses(layout, number, coefficients.vcov))
    heading = f"Analysis of Deviance Table (Type {'I' * number} Wald F tests {phrase})"
    headers = {"f_value": "F", "df": "Df", "df_resid": "Df.res", "p_value": "Pr(>F)"}
    return _shown(model, table, (heading, ""), headers, coefficients.remarks)


def _wald_chi_squared(
    model: FittedModel, number: int, layout: TermLayout, coefficients: Coefficients, phrase: str = ""
) -> ResultTable:
    table = wald_chi_squared(coefficients, hypotheses(layout, number, coefficients.vcov))
    heading = f"Analysis of Deviance Table (Type {'I' * number} Wald chisquare tests{phrase})"
    return _shown(model, table, (heading, ""), {}, coefficients.remarks)


def _linear(model: FittedModel, number: int, layout: TermLayout, test: str | None) -> ResultTable:
    checked_test(test, ("F",), "F")
    fit = model._fit
    if not fit.df_resid or fit.exact:
        raise DesignError(
            f"{model.formula!r} leaves {fit.df_resid} degrees of freedom and a sum of squares of {fit.rss:.3g} to the "
            "residuals, so there is nothing to test against; leave out terms."
        )
    table = sums_of_squares(model.design, fit, layout, number)
    return _shown(model, table, (f"Anova Table (Type {'I' * number} tests)", ""), {"p_value": "Pr(>F)"})


def _generalized(model: FittedModel, number: int, layout: TermLayout, test: str | None) -> ResultTable:
    fit = model._fit
    wanted = checked_test(test, ("LR", "Wald", "F"), "LR")
    title = f"Analysis of Deviance Table (Type {'I' * number} tests)"
    if wanted == "Wald":
        coefficients = model._coefficients("normal")
        (columns, names) = wald_chi_squared(coefficients, hypotheses(layout, number, coefficients.vcov))
        ordered = {name: columns[name] for name in ("df", "chisq", "p_value")}
        return _shown(model, (ordered, names), (title, ""), {})
    model._need_rows("car_anova()")
    if wanted == "F":
        table = deviance_f(model.design, fit, layout, number)
        headers = {"f_value": "F values" if number == 3 else "F value", "p_value": "Pr(>F)"}
        return _shown(model, table, (title, ""), headers, below=("Error estimate based on Pearson residuals ", ""))
    table = likelihood_ratios(model.design, fit, layout, number)
    return _shown(model, table, (title, ""), {"chisq": "LR Chisq"})


def _shown(
    model: FittedModel,
    table: Table,
    heading: tuple[str, ...],
    headers: dict[str, str],
    footer: tuple[str, ...] = (),
    below: tuple[str, ...] = (),
) -> ResultTable:
    columns, names = table
    component = "" if model.design.component == "cond" else f", component {model.design.component}"
    lines = (*heading, f"Response: {model.design.response_name}{component}", *below)
    return ResultTable(
        columns=columns, names=names, headers=headers, heading=lines, footer=footer, kind=model._source.kind
    )
