"""R-squared, intraclass correlation and shares of the variance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mixedmodels.errors import MixedModelsError
from mixedmodels.page.elements import result
from mixedmodels.page.options import Options
from mixedmodels.tables.html import paragraph

MAX_ROWS = 20_000  # of a table for which the page computes the conditional AIC


def parts(model: Any, options: Options) -> Iterator[str]:
    """R2, and for a mixed model the intraclass correlation and the components of the variance."""
    tables: list[tuple[str, Callable[[], Any]]] = [("R-squared", lambda: model.r2().table)]
    if model.design.random:
        tables += [
            ("Intraclass correlation", lambda: model.icc().table),
            ("Components of the variance of the rows", model.variance_partition),
        ]
    if model._fit.mixed and not model._fit.generalized and model.nobs <= MAX_ROWS:
        tables.append(("Conditional AIC", lambda: model.caic().table))
    for caption, compute in tables:
        try:
            table = compute()
            yield result(next(iter(table.heading), caption), table)
        except MixedModelsError as error:
            yield paragraph(f"{caption}: {error}", css_class="note")
