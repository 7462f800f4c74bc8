"""Checks of the model's assumptions: simulated residuals with their tests, ordinary residuals, influence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mixedmodels.errors import MixedModelsError
from mixedmodels.page.elements import heading, result
from mixedmodels.page.options import Options
from mixedmodels.page.pictures import can_draw, picture
from mixedmodels.page.verdicts import (
    ASSUMPTIONS,
    DOUBTFUL,
    SIMULATED,
    assumption_checks,
    simulated_residuals,
    tests_of,
)
from mixedmodels.tables.html import paragraph, wide_table
from mixedmodels.tables.r_numbers import format_pvalues

MAX_ROWS = 20_000  # of a table for which the page computes the influence of each level


def parts(model: Any, options: Options) -> Iterator[str]:
    """Tests of simulated residuals, pictures of residuals, and the most influential levels or rows."""
    if not options.checks:
        return
    yield from _verdicts(model, options)
    yield from _simulated(model, options)
    yield from _pictures(model)
    yield from _influence(model)


def _verdicts(model: Any, options: Options) -> Iterator[str]:
    """A line for each assumption, with its result in words."""
    try:
        checks = assumption_checks(model, options)
    except MixedModelsError as error:
        yield paragraph(f"No overview: {error}", css_class="note")
        return
    words = {True: "look at it", False: "fine", None: "not known"}
    rows = [[check.title, words[check.suspicious], check.sentence] for check in checks]
    yield heading("Assumptions", ASSUMPTIONS)
    yield wide_table("Checks of the assumptions", ["assumption", "verdict", "result"], rows)
    yield paragraph(
        "‘Look at it’ marks a check that deserves a closer look. It does not mean that the model is wrong. With many "
        "rows even small deviations are significant, with few rows large ones are not.",
        css_class="note",
    )


def _simulated(model: Any, options: Options) -> Iterator[str]:
    yield heading("Simulated residuals", SIMULATED)
    try:
        residuals = simulated_residuals(model, options)
    except MixedModelsError as error:
        yield paragraph(f"None: {error}", css_class="note")
        return
    yield paragraph(
        f"Each observation is compared with {residuals.n:,} responses simulated from the model, given its random "
        "effects. If the model is true, the shares below the observations are uniform. A small p-value is evidence "
        "against the model. With many rows it may come from a deviation of little importance."
    )
    if can_draw():
        from mixedmodels import plot

        yield picture(
            plot.residual_panels,
            residuals,
            alt="Two panels: scaled residuals against uniform quantiles, with the tests; and along the ranks of the "
            "prediction, with three quantile curves.",
            caption="Left: if the distribution is right, the points lie on the diagonal. Right: if it is right for all "
            "predictions, the three curves are level. Significant deviations are coloured.",
        )
    rows = [_row(name, question, test) for name, question, test in tests_of(residuals)]
    yield wide_table("Tests of the simulated residuals", ["test", "question", "p-value", "answer"], rows)


def _row(name: str, question: str, test: Callable[[], Any]) -> list[str]:
    """A test in words, or the reason why it cannot be made."""
    try:
        p = float(test().p_value)
    except MixedModelsError as error:
        return [name, question, "", f"not tested: {error}"]
    answer = "evidence against the model" if p < DOUBTFUL else "no evidence against the model"
    return [name, question, format_pvalues([p], 3)[0], answer]


def _pictures(model: Any) -> Iterator[str]:
    if not can_draw():
        return
    from mixedmodels import plot
    from mixedmodels.plot.residual_plots import is_binary

    yield heading("Residuals")
    if is_binary(model):  # single residuals of single trials show nothing
        yield picture(
            plot.residuals,
            model,
            alt="Mean residuals of rows with similar predictions, with a band of limits that holds most of them.",
            caption="Mean residuals of rows with similar predictions. In a good model 95 % of them are in the band.",
        )
        return
    yield picture(
        plot.residuals,
        model,
        alt="Residuals against fitted values, a point per row, with a smooth line.",
        caption="Residuals against fitted values. In a good model they show no trend and no funnel.",
    )
    yield picture(
        plot.scale_location,
        model,
        alt="Square roots of absolute residuals against fitted values, with a smooth line.",
        caption="The size of residuals along the fitted values. A level line means that the variance is constant.",
    )
    linear = model.family.name == "gaussian" and model.family.link == "identity"
    if linear:
        yield picture(
            plot.qq_residuals,
            model,
            alt="Residuals against quantiles of a normal distribution, with a line.",
            caption="If the residuals are normal, the points lie along the line.",
        )


def _influence(model: Any) -> Iterator[str]:
    """The influence of each grouping factor's levels, or of the rows of a model without grouping factors."""
    yield heading("Influence")
    if model.nobs > MAX_ROWS:
        yield paragraph(f"The page computes it for at most {MAX_ROWS:,} rows. Use fit.influence().", css_class="note")
        return
    for group in [g.name for g in model.design.groups] or [None]:
        try:
            influence = model.influence(group)
        except MixedModelsError as error:
            yield paragraph(f"{group or 'Rows'}: {error}", css_class="note")
            continue
        if can_draw():
            from mixedmodels import plot

            what = "row" if group is None else f"level of {group}"
            yield picture(
                plot.influence,
                influence,
                alt=f"Cook's distance of each {what}; those above the usual bound are coloured.",
                caption=f"The change of the coefficients without each {what}, as Cook's distance.",
            )
        yield result(influence.table.heading[0], influence.table)
