"""What a fit of several components cannot know, in words."""

from __future__ import annotations

from mixedmodels.design.records import Design
from mixedmodels.fit.components.record import ComponentsFit
from mixedmodels.fit.separation import zero_part


def zero_part_message(design: Design, fit: ComponentsFit) -> str | None:
    """That zero inflation has no finite estimate, and why; None where all is well."""
    part = next((p for p in fit.further if p.component == "zi"), None)
    if part is None:
        return None
    formula = next(d.formula for d in design.further if d.component == "zi")
    counted = fit.y if fit.weights is None else fit.y[fit.weights > 0]
    if not bool((counted == 0).any()):
        return (
            f"ziformula {formula!r} has nothing to explain: no response {design.response_name!r} is 0, so that the "
            "probability of a structural zero is 0 and its log-odds are minus infinity; leave ziformula out."
        )
    return zero_part.message(design, fit)
