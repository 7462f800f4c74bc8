"""Fixed effects with their tests and intervals, and the tests of the terms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.errors import MixedModelsError
from mixedmodels.estimates.response_scale import ratio_of
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
INTERCEPT = "(Intercept)"
DIGITS = 3  # of ratios
NORMAL = {**HEADERS, "statistic": "z value", "p_value": "P(>|z|)"}


def parts(model: Any, options: Options) -> Iterator[str]:
    """A row per coefficient, then a row per term."""
    if not model.fixef():
        yield paragraph("The model has no fixed effects.")
        return
    columns, headers, how, ddf = tests(model)
    columns, headers, ratios = with_ratios(model, columns, headers)
    yield table_of("Estimates with 95 % intervals", columns, headers)
    yield paragraph(f"{how}{ratios}", css_class="note")
    if can_draw() and len(columns["term"]) > 1:
        from mixedmodels import plot

        yield picture(
            plot.coefficients,
            model,
            ddf=ddf,
            alt="Each coefficient as a point with its 95 % interval, and a line at 0.",
            caption=f"Coefficients with the table's 95 % intervals{_by(ddf)}, without the intercept.",
        )
    if model.design.fixed.terms:
        yield from _terms(model)


def with_ratios(
    model: Any, columns: dict[str, list[Any]], headers: dict[str, str]
) -> tuple[dict[str, list[Any]], dict[str, str], str]:
    """The table with odds ratios, rate ratios ... and their limits, and a sentence about them.

    As they came where the coefficients are no logarithms.
    """
    ratio = ratio_of(model.family, model.design.spec.formula.left)
    if ratio is None:
        return columns, headers, ""
    names = {"estimate": ratio.name, "conf_low": headers["conf_low"], "conf_high": headers["conf_high"]}
    with np.errstate(over="ignore"):  # a separated term may have an infinite limit
        added = {f"ratio_{k}": _shown(np.power(ratio.base, np.array(columns[k], dtype=float))) for k in names}
    kind = {"odds ratio": "odds", "hazard ratio": "cumulative hazard"}.get(ratio.name, "mean")
    own = f" The row of the intercept has the {kind}." if INTERCEPT in columns["term"] else ""
    sentence = f" The column ‘{ratio.name}’ has exponentiated estimates, and after it are its limits.{own}"
    return {**columns, **added}, {**headers, **{f"ratio_{k}": v for k, v in names.items()}}, sentence


def _shown(ratios: Vector) -> list[str]:
    """Each ratio with its own digits: that of an intercept may be far from the others."""
    return ["" if np.isnan(v) else f"{v:,.0f}" if 1000 <= v < 1e7 else f"{v:#.{DIGITS}g}" for v in ratios.tolist()]


def _lower(label: str) -> str:
    """A label within a sentence: "probability of out = 'dead'"; a response's own name stays."""
    return (
        label[0].lower() + label[1:] if label.startswith(("Probability of ", "Mean count of ")) else f"mean of {label}"
    )


def _by(ddf: str | None) -> str:
    if ddf is None:
        return ""
    return " (normal distribution)" if ddf == "normal" else f" ({ddf}'s degrees of freedom)"


def tests(model: Any) -> tuple[dict[str, list[Any]], dict[str, str], str, str | None]:
    """Columns of the table, their headers, a sentence on the method of tests and intervals, and its name in `tidy`."""
    mixed = bool(model.design.random)
    if mixed and not model._fit.generalized:
        own = model._coefficients()
        columns = columns_of(model.tidy(conf_int=True, ddf=own.method))
        return columns, NORMAL if own.method == "normal" else HEADERS, _how(own), own.method
    columns = columns_of(model.tidy(conf_int=True))
    linear = not mixed and model.family.name == "gaussian" and model.family.link == "identity"
    if linear and not model._fit.has_dispersion:
        return columns, NORMAL, "Sigma is known: tests and intervals use the normal distribution.", None
    if linear:
        return columns, HEADERS, f"Tests and intervals use t with {model.df_resid:,} degrees of freedom.", None
    scale = f"on the scale of the linear predictor ({model.family.link} link) of the {_lower(model.outcome_label)}"
    return columns, NORMAL, f"Estimates are {scale}. Tests and intervals are Wald's.", None


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
