"""Warnings that the reader needs before the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mixedmodels.fit.checks import dropped_columns
from mixedmodels.page.elements import bullets, result
from mixedmodels.page.options import Options
from mixedmodels.page.pictures import can_draw
from mixedmodels.tables.html import paragraph


def parts(model: Any, options: Options) -> Iterator[str]:
    """A warning each, or that there is none."""
    texts = list(warnings_of(model))
    if not texts:
        suits = " Whether the model suits the data is for the checks below." if options.checks else ""
        mixed = "Nothing: the optimum was found, inside the space of parameters."
        fine = mixed if model.design.random else "Nothing: the data determine every coefficient."
        yield paragraph(fine + suits, kind="good")
    for text in texts:
        yield paragraph(text, kind="warn")
    if model._fit.singular and model._stored is None:
        yield from doctor(model)
    if not can_draw():
        yield paragraph(
            "This page has tables only: its pictures are drawn by matplotlib, which is not installed "
            "(pip install 'mixedmodels[plot]').",
            kind="note",
        )


def doctor(model: Any) -> Iterator[str]:
    """What is singular about the fit, and which smaller models there are."""
    singularity = model.singularity()
    yield bullets(singularity.directions)
    yield from (paragraph(sentence) for sentence in singularity.advice)
    if singularity.table is not None:
        yield result("Smaller models", singularity.table)


def warnings_of(model: Any) -> Iterator[str]:
    """Warnings that concern the whole fit, in the order of their weight."""
    if not getattr(model, "converged", True):
        yield "The optimiser stopped before its certificate held; see ‘Is this the optimum?’ below."
    if model._fit.singular:
        yield (
            "The fit is singular: some combination of random effects has no variance at all, so that the data do not "
            "distinguish this model from a smaller one."
        )
    dropped = dropped_columns(model.design, model._fit)
    if dropped:
        yield (f"The data do not determine {', '.join(dropped)}, which other predictors imply: left out of the model.")
    yield from getattr(model.summary(), "remarks", ())
