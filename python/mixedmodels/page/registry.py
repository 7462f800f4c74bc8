"""The sections of the page in their order. A new section is a file in `page/sections` and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from mixedmodels.page.options import Options
from mixedmodels.page.sections import (
    checks,
    effects,
    estimates,
    model,
    optimum,
    poolings,
    quality,
    random_effects,
    rows,
    session,
    summary,
    warnings,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A section: its anchor, its heading, and the function that makes its HTML (without HTML it is left out)."""

    anchor: str
    title: str
    build: Callable[[Any, Options], Iterable[str]]


SECTIONS = (
    Entry("model", "The model", model.parts),
    Entry("warnings", "Warnings", warnings.parts),
    Entry("data", "The data", rows.parts),
    Entry("fixed", "Fixed effects", estimates.parts),
    Entry("random", "Random effects", random_effects.parts),
    Entry("pooling", "Pooling", poolings.parts),
    Entry("effects", "Effects of the predictors", effects.parts),
    Entry("quality", "How much the model explains", quality.parts),
    Entry("checks", "Checks", checks.parts),
    Entry("optimum", "Is this the optimum?", optimum.parts),
    Entry("summary", "The summary as R prints it", summary.parts),
    Entry("session", "Software versions", session.parts),
)
