"""Type II and III tables in the layout of the R package car."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixedmodels.errors import DataError, DesignError
from mixedmodels.fit.record import GlmFit, LinearFit, MixedFit
from mixedmodels.inference import car_anova as car
from mixedmodels.inference.anova_terms import Table, checked_test, type_number
from mixedmodels.inference.coefficients import Asymptotic
from mixedmodels.inference.kenward_roger import KenwardRoger
from mixedmodels.inference.term_hypotheses import TermLayout, term_layout
from mixedmodels.report.lmertest_summary import REFITTED
from mixedmodels.report.result_table import ResultTable

if TYPE_CHECKING:
    from mixedmodels.model.base import Model


def car_anova(model: Model, type: Any, test: str | None) -> ResultTable:  # noqa: A002
    """See `TermTests.car_anova`."""
    number = type_number(type)
    if number == 1:
        raise DataError("car_anova() has types 2 and 3; anova(type=1) has the sequential tests.")
    fit = model._fit
    layout = term_layout(model.design, fit.kept)
    if not layout.labels and number == 2:
        number = 3  # an intercept alone: type II has nothing to say
    if isinstance(fit, LinearFit | GlmFit):
        car.check_estimable(model.design, fit.kept, number)
    if isinstance(fit, LinearFit):
        return _linear(model, number, layout, test)
    if isinstance(fit, GlmFit):
        return _generalized(model, number, layout, test)
    return _mixed(model, number, layout, test)


def _mixed(model: Model, number: int, layout: TermLayout, test: str | None) -> ResultTable:
    known = ("Chisq", "F") if isinstance(model._fit, MixedFit) else ("Chisq",)
    wanted = checked_test(test, known, "Chisq")
    roman = "I" * number
    footer: tuple[str, ...] = ()
    if wanted == "F":
        coefficients = model._coefficients("Kenward-Roger")
        assert isinstance(coefficients, KenwardRoger)
        table = car.scaled_f(coefficients, car.hypotheses(layout, number, coefficients.vcov))
        heading = f"Analysis of Deviance Table (Type {roman} Wald F tests with Kenward-Roger df)"
        headers = {"f_value": "F", "df": "Df", "df_resid": "Df.res", "p_value": "Pr(>F)"}
        footer = (REFITTED,) if coefficients.refitted else ()
    else:
        coefficients = model._coefficients("asymptotic")
        table = car.wald_chi_squared(coefficients, car.hypotheses(layout, number, coefficients.vcov))
        heading = f"Analysis of Deviance Table (Type {roman} Wald chisquare tests)"
        headers = {}
    return _shown(model, table, (heading, ""), headers, footer)


def _linear(model: Model, number: int, layout: TermLayout, test: str | None) -> ResultTable:
    checked_test(test, ("F",), "F")
    fit = model._fit
    if not fit.df_resid or fit.exact:
        raise DesignError(
            f"{model.formula!r} leaves {fit.df_resid} degrees of freedom and a sum of squares of {fit.rss:.3g} to the "
            "residuals, so there is nothing to test against; leave out terms."
        )
    table = car.sums_of_squares(model.design, fit, layout, number)
    return _shown(model, table, (f"Anova Table (Type {'I' * number} tests)", ""), {"p_value": "Pr(>F)"})


def _generalized(model: Model, number: int, layout: TermLayout, test: str | None) -> ResultTable:
    fit = model._fit
    wanted = checked_test(test, ("LR", "Wald", "F"), "LR")
    title = f"Analysis of Deviance Table (Type {'I' * number} tests)"
    if wanted == "Wald":
        coefficients = Asymptotic(*_estimates(model))
        (columns, names) = car.wald_chi_squared(coefficients, car.hypotheses(layout, number, coefficients.vcov))
        ordered = {name: columns[name] for name in ("df", "chisq", "p_value")}
        return _shown(model, (ordered, names), (title, ""), {})
    model._need_rows("car_anova()")
    if wanted == "F":
        table = car.deviance_f(model.design, fit, layout, number)
        headers = {"f_value": "F values" if number == 3 else "F value", "p_value": "Pr(>F)"}
        return _shown(model, table, (title, ""), headers, below=("Error estimate based on Pearson residuals ", ""))
    table = car.likelihood_ratios(model.design, fit, layout, number)
    return _shown(model, table, (title, ""), {"chisq": "LR Chisq"})


def _estimates(model: Model) -> tuple[Any, Any, Any]:
    coefficients = model._coefficients("asymptotic")
    return coefficients.names, coefficients.beta, coefficients.vcov


def _shown(
    model: Model,
    table: Table,
    heading: tuple[str, ...],
    headers: dict[str, str],
    footer: tuple[str, ...] = (),
    below: tuple[str, ...] = (),
) -> ResultTable:
    columns, names = table
    lines = (*heading, f"Response: {model.design.response_name}", *below)
    return ResultTable(columns, names, headers=headers, heading=lines, footer=footer, kind=model._source.kind)
