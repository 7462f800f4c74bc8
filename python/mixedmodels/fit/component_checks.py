"""What a fit of several components cannot know, in words."""

from __future__ import annotations

import numpy as np

from mixedmodels.design.records import Design
from mixedmodels.fit.component_record import ComponentsFit, PredictorFit

FAR = 12.0  # log-odds beyond which a probability cannot be told from 0 or 1
LARGE = 4.0
LOOSE = 0.5  # standard error over estimate of a coefficient that runs to infinity


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
    return _infinite(design, part)


def _infinite(design: Design, part: PredictorFit) -> str | None:
    """Which coefficients of zero inflation run to infinity."""
    far = np.abs(part.eta) > FAR
    if not far.any():
        return None
    own = next(d for d in design.further if d.component == "zi")
    names = [own.fixed.names[j] for j in part.kept]
    with np.errstate(invalid="ignore"):
        errors = np.sqrt(np.diag(part.vcov))
        loose = ~np.isfinite(errors) | (errors > LOOSE * np.abs(part.beta))
    running = loose & (np.abs(part.beta) > LARGE)
    infinite = [f"{name} ({b:.3g})" for name, b, runs in zip(names, part.beta, running, strict=True) if runs]
    if not infinite:
        return None
    low = int((part.eta < -FAR).sum())
    high = int(far.sum()) - low
    counts = " and ".join(f"{what} in {n} rows" for what, n in (("0", low), ("1", high)) if n)
    return (
        f"zero inflation {own.formula!r} is separated: the probability of a structural zero is as good as {counts}, "
        f"and coefficients such as {', '.join(infinite[:4])} have no finite estimate, nor standard errors. "
        "Leave terms out of ziformula, join levels, or give them a prior (priors=[{'prior': 'normal(0, 3)', 'class': "
        "'fixef_zi'}])."
    )
