"""Warnings that readers need before they read the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mixedmodels.fit.checks import dropped_columns
from mixedmodels.page.elements import bullets, result
from mixedmodels.page.options import Options
from mixedmodels.page.pictures import can_draw
from mixedmodels.tables.html import paragraph


def parts(model: Any, options: Options) -> Iterator[str]:
    """The warnings, or a sentence that there are none."""
    texts = list(warnings_of(model))
    if not texts:
        suits = " The checks below show whether the model fits the data." if options.checks else ""
        mixed = "None: the optimum was found, and it lies inside the parameter space."
        fine = mixed if model.design.random else "None: the data determine every coefficient."
        yield paragraph(fine + suits, css_class="good")
    for text in texts:
        yield paragraph(text, css_class="warn")
    if model._fit.singular and model._stored is None:
        yield from doctor(model)
    if not can_draw():
        yield paragraph(
            "This page has tables only. Its pictures need matplotlib, which is not installed "
            "(pip install 'mixedmodels[plot]').",
            css_class="note",
        )


def doctor(model: Any) -> Iterator[str]:
    """The directions without variance, and the smaller models."""
    singularity = model.singularity()
    yield bullets(singularity.directions)
    yield from (paragraph(sentence) for sentence in singularity.advice)
    if singularity.table is not None:
        yield result("Smaller models", singularity.table)


def warnings_of(model: Any) -> Iterator[str]:
    """Warnings about the whole fit, in the order of their importance."""
    if not getattr(model, "converged", True):
        yield "The optimiser stopped before its certificate held. See ‘Is this the optimum?’ below."
    if model._fit.singular:
        yield (
            "The fit is singular: some combination of random effects has an estimated variance of 0. The data do not "
            "distinguish this model from a smaller one."
        )
    dropped = dropped_columns(model.design, model._fit)
    if dropped:
        yield (f"The data do not determine {', '.join(dropped)}. The model leaves out what other predictors imply.")
    yield from getattr(model.summary(), "remarks", ())
