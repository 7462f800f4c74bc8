"""Zero inflation that has no finite estimate: zeros that are told apart without error, or that the family expects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mixedmodels.design.matrices import model_matrix
from mixedmodels.families import Binomial
from mixedmodels.fit.separation import fixed_effects
from mixedmodels.fit.separation.message import listed, sentence

if TYPE_CHECKING:
    from mixedmodels.design.records import Design
    from mixedmodels.fit.components.record import ComponentsFit, PredictorFit

FAR = 10.0  # log-odds of a structural zero beyond which its probability is as good as 0 or 1
UNKNOWN = 10.0  # standard error of a log-odds that says nothing
REMEDY = "priors=[{'prior': 'normal(0, 3)', 'class': 'fixef_zi'}]"


def message(design: Design, fit: ComponentsFit) -> str | None:
    """What has no finite estimate in the zero part, and what to do; None where all estimates are finite."""
    own = next(((d, p) for d, p in zip(design.further, fit.further, strict=True) if d.component == "zi"), None)
    if own is None or fit.constraints.priors or fit.held or not np.abs(own[1].eta).max(initial=0.0) > FAR:
        return None
    zeros, part = own
    y = np.asarray(fit.y == 0, dtype=float)
    x = model_matrix(zeros.fixed, fit.n)[:, list(part.kept)]
    separation = fixed_effects.find(x, y, fit.weights, Binomial())
    if separation is not None:
        named = replace(zeros, response_name=f"{design.response_name} == 0")
        text = sentence(named, part.kept, separation, y, fit.weights, REMEDY)
        return f"zero inflation {zeros.formula!r}: {text}"
    return _expected(design, zeros, part, y, fit)


def _expected(design: Design, zeros: Design, part: PredictorFit, y: np.ndarray, fit: ComponentsFit) -> str | None:
    """That the family without zero inflation expects as many zeros as there are, in all rows or in some."""
    with np.errstate(invalid="ignore"):
        error = np.sqrt(np.diag(part.vcov))
    names = [zeros.fixed.names[j] for j in part.kept]
    unknown = [f"{name} ({b:.3g})" for name, b, se in zip(names, part.beta, error, strict=True) if not se < UNKNOWN]
    low = int((part.eta < -FAR).sum())
    if not low or not (unknown or low == fit.n):
        return None
    where = "all rows" if low == fit.n else f"{low} of {fit.n} rows"
    whose = listed(unknown) or f"{names[0]} ({part.beta[0]:.3g})"
    have = "coefficients of" if len(unknown) > 1 else "coefficient of"
    return (
        f"zero inflation {zeros.formula!r} is estimated as 0 in {where}: the {fit.family.base.name} family expects as "
        f"many zeros of {design.response_name!r} there as the data have ({int(y.sum())} in all). The {have} {whose} "
        f"{'have' if len(unknown) > 1 else 'has'} no finite estimate, nor a standard error. Use {REMEDY} for finite "
        "estimates, or leave out of ziformula what these zeros do not need."
    )
