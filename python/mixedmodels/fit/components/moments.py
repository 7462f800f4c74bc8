"""Means, variances and residuals of responses that depend on several linear predictors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.fit.re_form import Chosen

if TYPE_CHECKING:
    from mixedmodels.design import Design
    from mixedmodels.families.parts import FamilyWithParts
    from mixedmodels.fit.components.record import ComponentsFit

Quantity = Literal["link", "response", "conditional", "zprob", "zlink", "disp", "zero_probability"]
QUANTITIES: tuple[Quantity, ...] = get_args(Quantity)


def by_component(designs: Sequence[Design], chosen: Sequence[Chosen]) -> list[Sequence[Chosen]]:
    """The chosen effects of each component; `chosen` has the terms of all components in turn."""
    out, start = [], 0
    for design in designs:
        out.append(chosen[start : start + len(design.random)])
        start += len(design.random)
    return out


def quantity(
    family: FamilyWithParts, etas: Sequence[Vector], weights: Vector | None, psi: Vector, which: str
) -> Vector:
    """A quantity of each row, given its linear predictors.

    Parameters
    ----------
    etas : sequence of ndarray, shape (n,)
        Linear predictors in the order of the family's components.
    which : str
        "link", the conditional linear predictor; "conditional", the mean of a response that is no structural zero;
        "response", the mean; "zlink" and "zprob", log-odds and probability of a structural zero; "zero_probability",
        the probability of any zero; "disp", the dispersion on the scale of `sigma`.
    """
    by_name = dict(zip(family.components, etas, strict=True))
    if which == "link":
        return by_name["cond"]
    if which in ("zlink", "zprob"):
        return _of_zeros(by_name.get("zi"), len(etas[0]), which)
    if which == "disp":
        return _dispersion(family, by_name.get("disp"), len(etas[0]), psi)
    if which == "conditional":
        kept = np.concatenate([eta for name, eta in by_name.items() if name != "zi"])
        return family.conditional.moments(kept, weights, psi)[0]
    mean, _, zero = family.moments(np.concatenate(list(etas)), weights, psi)
    return mean if which == "response" else zero


def _of_zeros(zeta: Vector | None, n: int, which: str) -> Vector:
    if zeta is None:
        return np.full(n, -np.inf if which == "zlink" else 0.0)
    if which == "zlink":
        return zeta
    from mixedmodels.families.shape_scale import SHARE

    return SHARE.value(zeta)


def _dispersion(family: FamilyWithParts, xi: Vector | None, n: int, psi: Vector) -> Vector:
    """The dispersion on the scale on which R's glmmTMB reports it."""
    base = family.base
    if xi is None:
        return np.full(n, base.spread(psi))
    at_0, at_1 = (base.spread([x, *psi]) for x in (0.0, 1.0))  # a power of what the predictor is the logarithm of
    return np.asarray(at_0 * (at_1 / at_0) ** xi)


def residuals(fit: ComponentsFit, kind: str) -> Vector:
    """Residuals of the rows used.

    "response" is y less its mean, "pearson" is divided by the standard deviation of the response (zero inflation and
    truncation included) and multiplied by the root of a weight of cases, "working" is divided by the slope of the
    conditional mean.
    """
    family = fit.family
    mean, variance, _ = family.moments(fit.etas, fit.weights, fit.psi)
    r = fit.y - mean
    if kind == "response":
        return np.asarray(r)
    if kind == "working":
        return np.asarray(r / family.mean_derivative(fit.eta))
    r = np.asarray(r / np.sqrt(variance))
    return r if fit.weights is None or family.weights_role != "cases" else np.asarray(r * np.sqrt(fit.weights))
