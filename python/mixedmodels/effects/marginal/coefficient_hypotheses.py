"""Hypotheses about the coefficients themselves, or functions of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedmodels.effects.marginal.coefficients import coefficients_for
from mixedmodels.effects.marginal.hypotheses import about, estimates_of
from mixedmodels.effects.marginal.jets import Jet
from mixedmodels.effects.marginal.record import MarginalTable
from mixedmodels.effects.marginal.statistics import result


def coefficient_hypotheses(
    model: Any,
    hypothesis: Any,
    *,
    vcov: Any,
    ddf: Any,
    level: float,
    transform: Any,
    equivalence: Any,
    adjust: str | None,
) -> MarginalTable:
    """Tests of hypotheses about the coefficients of a model, by the delta method."""
    coefficients = coefficients_for(model, ddf, vcov)
    beta = np.array(coefficients.beta, dtype=float)
    estimates = estimates_of(Jet(beta, np.eye(len(beta))), {"term": list(coefficients.names)})
    footer = [] if vcov is False else [f"Delta method; p-values and limits by {coefficients.phrase}."]
    return result(
        about(estimates, hypothesis),
        None if vcov is False else coefficients,
        level=level,
        title="Coefficients" if hypothesis is None else "Hypotheses about the coefficients",
        footer=[*footer, *coefficients.remarks],
        kind=model._source.kind,
        transform=transform,
        equivalence=equivalence,
        adjust=adjust,
    )
