"""Checks of the model's assumptions: simulated residuals with their tests, residuals as they are, influence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mixedmodels.errors import MixedModelsError
from mixedmodels.page.elements import heading, result
from mixedmodels.page.options import Options
from mixedmodels.page.pictures import can_draw, picture
from mixedmodels.tables.html import paragraph, wide_table
from mixedmodels.tables.r_numbers import format_pvalues

DOUBTFUL = 0.05
MOST_ROWS = 20_000  # of a table for which the influence of each level is computed by itself


def parts(model: Any, options: Options) -> Iterator[str]:
    """Tests of simulated residuals, pictures of residuals, and the most influential levels or rows."""
    if not options.checks:
        return
    yield from _verdicts(model, options)
    yield from _simulated(model, options)
    yield from _pictures(model)
    yield from _influence(model)


def _verdicts(model: Any, options: Options) -> Iterator[str]:
    """A line for each assumption, with what was found in words."""
    try:
        checks = model.check_model(seed=options.seed).checks
    except MixedModelsError as error:
        yield paragraph(f"No overview: {error}", kind="note")
        return
    words = {True: "look at it", False: "fine", None: "not known"}
    rows = [[check.title, words[check.suspicious], check.sentence] for check in checks]
    yield wide_table("What was checked", ["assumption", "verdict", "what was found"], rows)
    yield paragraph(
        "‘Look at it’ marks what deserves a look, not what is wrong: with many rows small deviations show, with few "
        "large ones do not.",
        kind="note",
    )


def _simulated(model: Any, options: Options) -> Iterator[str]:
    yield heading("Simulated residuals")
    try:
        residuals = model.simulate_residuals(seed=options.seed)
    except MixedModelsError as error:
        yield paragraph(f"None: {error}", kind="note")
        return
    yield paragraph(
        f"Each observation is compared with {residuals.n:,} responses simulated from the model, given its random "
        "effects: if the model is true, the shares below it are uniform. A small p-value speaks against the model; "
        "with many rows it may do so for a deviation that matters little."
    )
    if can_draw():
        from mixedmodels import plot

        yield picture(
            plot.residual_panels,
            residuals,
            alt="Two panels: scaled residuals against uniform quantiles, with the tests; and along the ranks of the "
            "prediction, with three quantile curves.",
            caption="Left, the points lie on the diagonal if the distribution is right; right, the three curves are "
            "level if it is so everywhere. What deviates is coloured.",
        )
    rows = [_row(name, question, test) for name, question, test in tests_of(residuals)]
    yield wide_table("Tests of the simulated residuals", ["what is tested", "question", "p-value", "answer"], rows)


Tests = list[tuple[str, str, Callable[[], Any]]]


def tests_of(residuals: Any) -> Tests:
    """Name, question and function of each test."""
    tests: Tests = [
        ("uniformity", "Is the distribution right as a whole?", residuals.test_uniformity),
        ("dispersion", "Is there as much scatter as expected?", residuals.test_dispersion),
        ("outliers", "Are there more rows outside all simulations than expected?", residuals.test_outliers),
        ("quantiles", "Do quartiles stay level along the fitted values?", residuals.test_quantiles),
    ]
    if residuals.integer_response:
        tests.append(("zeros", "Are there as many zeros as expected?", residuals.test_zero_inflation))
    return tests


def _row(name: str, question: str, test: Callable[[], Any]) -> list[str]:
    """A test in words; one that cannot be made says why."""
    try:
        p = float(test().p_value)
    except MixedModelsError as error:
        return [name, question, "", f"not tested: {error}"]
    answer = "speaks against the model" if p < DOUBTFUL else "nothing against the model"
    return [name, question, format_pvalues([p], 3)[0], answer]


def _pictures(model: Any) -> Iterator[str]:
    if not can_draw():
        return
    from mixedmodels import plot

    yield heading("Residuals")
    yield picture(
        plot.residuals,
        model,
        alt="Residuals against fitted values, a point per row, with a smooth line.",
        caption="Residuals against fitted values: no trend and no funnel is what one hopes for.",
    )
    yield picture(
        plot.scale_location,
        model,
        alt="Square roots of absolute residuals against fitted values, with a smooth line.",
        caption="The size of residuals along the fitted values: a level line means an even scatter.",
    )
    linear = model.family.name == "gaussian" and model.family.link == "identity"
    if linear:
        yield picture(
            plot.qq_residuals,
            model,
            alt="Residuals against quantiles of a normal distribution, with a line.",
            caption="Normal residuals lie along the line.",
        )


def _influence(model: Any) -> Iterator[str]:
    """Of each grouping factor's levels; of the rows, where there is none."""
    yield heading("Influence")
    if model.nobs > MOST_ROWS:
        yield paragraph(f"Not looked for in more than {MOST_ROWS:,} rows; fit.influence() finds it.", kind="note")
        return
    for group in [g.name for g in model.design.groups] or [None]:
        try:
            influence = model.influence(group)
        except MixedModelsError as error:
            yield paragraph(f"{group or 'Rows'}: {error}", kind="note")
            continue
        if can_draw():
            from mixedmodels import plot

            what = "row" if group is None else f"level of {group}"
            yield picture(
                plot.influence,
                influence,
                alt=f"Cook's distance of each {what}; those above the customary bound are coloured.",
                caption=f"How far the coefficients move without each {what}, as Cook's distance.",
            )
        yield result(influence.table.heading[0], influence.table)
