"""Profile limits of coefficients of a model that the engine fitted without random effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mixedmodels.design.records import Design
from mixedmodels.errors import FitError
from mixedmodels.fit.engine import EngineError
from mixedmodels.fit.generalized_linear.by_likelihood import engine_of
from mixedmodels.fit.progress import watched
from mixedmodels.fit.record import GlmFit
from mixedmodels.inference.profile.curve import Curve
from mixedmodels.inference.profile.parameters import Parameter
from mixedmodels.inference.profile.walk import MAX_EVALUATIONS, MAX_POINTS

FEW_STEPS = 2


def all_limits(design: Design, fit: GlmFit, wanted: Sequence[Parameter], quantile: float) -> list[tuple[float, float]]:
    """Both limits of several coefficients: where -2 log-likelihood, all else free, has risen by `quantile`^2.

    Raises
    ------
    FitError
        If the engine finds none.
    """
    assert fit.vcov_joint is not None
    errors = np.sqrt(np.maximum(np.diag(fit.vcov_joint), 0.0))
    errors = np.ascontiguousarray(np.where(np.isfinite(errors) & (errors > 0), errors, 1.0))
    how = {
        "cutoff": quantile,
        "step": quantile / FEW_STEPS,
        "limits": [quantile],
        "max_points": MAX_POINTS,
        "max_evaluations": MAX_EVALUATIONS,
    }
    requests = [("other", p.at[0], 0, 0, None) for p in wanted]
    at = (fit.theta, np.ascontiguousarray(fit.beta), fit.psi)
    try:
        with watched(0, fit.n) as watch:
            raw = engine_of(design, fit).profile(*at, 1, False, errors, requests, how, watch)
    except EngineError as error:
        raise FitError(f"{design.formula!r} has no profiles: {error}.") from error
    return [_limits(p, one, quantile) for p, one in zip(wanted, raw, strict=True)]


def _limits(parameter: Parameter, raw: Mapping[str, Any], quantile: float) -> tuple[float, float]:
    curve = Curve(
        parameter=parameter,
        inner=raw["value"],
        zeta=raw["zeta"],
        slope=raw["slope"],
        values=np.empty((len(raw["value"]), 0)),
        estimate=raw["estimate"],
        ends=raw["ends"],
        exact=raw["limit"],
        evaluations=raw["evaluations"],
    )
    return curve.limits(quantile)
