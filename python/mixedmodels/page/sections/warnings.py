"""Warnings that readers need before they read the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mixedmodels.fit.checks import dropped_columns
from mixedmodels.fitted.outcome import modelled
from mixedmodels.page.elements import bullets, links, result
from mixedmodels.page.options import Options
from mixedmodels.page.pictures import can_draw
from mixedmodels.page.verdicts import doubts
from mixedmodels.tables.html import paragraph


def parts(model: Any, options: Options) -> Iterator[str]:
    """The warnings, or a sentence that there are none."""
    texts = list(warnings_of(model))
    found = doubts(model, options) if options.checks else []
    if not texts:
        fine = (
            "The optimum was found, and it lies inside the parameter space."
            if model.design.random
            else "The data determine every coefficient."
        )
        if found:
            yield paragraph(fine, css_class="note")
        else:
            more = " No check asks for a closer look." if options.checks else ""
            yield paragraph(f"None: {fine[0].lower()}{fine[1:]}{more}", css_class="good")
    for text in texts:
        yield paragraph(text, css_class="warn")
    if found:
        count = "One check asks" if len(found) == 1 else f"{len(found)} checks ask"
        yield paragraph(f"{count} for a closer look, the strongest evidence first:", css_class="warn")
        yield links([(doubt.sentence, doubt.anchor) for doubt in found])
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
    if not getattr(model, "converged", True) and "flat" not in model._fit.run.certificate:
        yield "The optimiser stopped before its certificate held. See ‘Is this the optimum?’ below."
    if model._fit.singular:
        yield (
            "The fit is singular: some combination of random effects has an estimated variance of 0. The data do not "
            "distinguish this model from a smaller one. fit.singularity() names the direction and the smaller models."
        )
    dropped = dropped_columns(model.design, model._fit)
    if dropped:
        yield (f"The data do not determine {', '.join(dropped)}. The model leaves out what other predictors imply.")
    yield from (text for text in getattr(model.summary(), "remarks", ()) if text != modelled(model.design))
