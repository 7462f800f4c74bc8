"""Fixed effects with their tests and intervals, and the tests of the terms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mixedmodels.errors import MixedModelsError
from mixedmodels.page.columns import columns_of
from mixedmodels.page.elements import result, table_of
from mixedmodels.page.options import Options
from mixedmodels.page.pictures import can_draw, picture
from mixedmodels.tables.html import paragraph

HEADERS = {
    "term": "term",
    "estimate": "estimate",
    "std_error": "std. error",
    "statistic": "t value",
    "df": "df",
    "p_value": "P(>|t|)",
    "conf_low": "2.5 %",
    "conf_high": "97.5 %",
}
NORMAL = {**HEADERS, "statistic": "z value", "p_value": "P(>|z|)"}


def parts(model: Any, options: Options) -> Iterator[str]:
    """A row per coefficient, then a row per term."""
    if not model.fixef():
        yield paragraph("The model has no fixed effects.")
        return
    columns, headers, how = tests(model)
    yield table_of("Estimates with 95 % intervals", columns, headers)
    yield paragraph(how, css_class="note")
    if can_draw() and len(columns["term"]) > 1:
        from mixedmodels import plot

        yield picture(
            plot.coefficients,
            model,
            alt="Each coefficient as a point with its 95 % interval, and a line at 0.",
            caption="Coefficients with 95 % intervals, without the intercept.",
        )
    if model.design.fixed.terms:
        yield from _terms(model)


def tests(model: Any) -> tuple[dict[str, list[Any]], dict[str, str], str]:
    """Columns of the table, their headers, and a sentence on the method of tests and intervals."""
    mixed = bool(model.design.random)
    if mixed and not model._fit.generalized:
        own = model._coefficients()
        columns = columns_of(model.tidy(conf_int=True, ddf=own.method))
        return columns, NORMAL if own.method == "normal" else HEADERS, _how(own)
    columns = columns_of(model.tidy(conf_int=True))
    linear = not mixed and model.family.name == "gaussian" and model.family.link == "identity"
    if linear:
        return columns, HEADERS, f"Tests and intervals use t with {model.df_resid:,} degrees of freedom."
    scale = f"on the scale of the linear predictor ({model.family.link} link)"
    return columns, NORMAL, f"Estimates are {scale}. Tests and intervals are Wald's."


def _how(own: Any) -> str:
    """Sentences on how tests and intervals of a linear mixed model were made."""
    if own.method == "normal":
        return " ".join(["Tests and intervals use the normal distribution.", *own.remarks])
    what = "degrees of freedom" + (" and standard errors" if own.method == "Kenward-Roger" else "")
    return " ".join([f"Tests and intervals use t with {own.method}'s {what}.", *own.remarks])


def _terms(model: Any) -> Iterator[str]:
    """Tests of whole terms, such as all coefficients of a factor."""
    try:
        if model.design.random and not model._fit.generalized:
            yield result(f"Tests of the terms, type III with {model._coefficients().phrase}", model.anova())
        else:
            yield result("Tests of the terms, with one term left out at a time", model.drop1("Chisq"))
    except MixedModelsError as error:
        yield paragraph(f"No tests of whole terms: {error}", css_class="note")
