"""Intraclass correlations: the share of the variance that lies among groups."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan

from mixedmodels.design import Design
from mixedmodels.estimates.variance_parts import Parts, column_moments
from mixedmodels.fit.record import LinearFit, MixedFit
from mixedmodels.inference.profile.derived import Quantity
from mixedmodels.inference.profile.parameters import parameters


def icc(of: Parts) -> dict[str, float]:
    """Share of random in random and residual variance ("adjusted" for the fixed effects), and in all ("unadjusted").

    Random effects with a level per row count as residual variance.
    """
    return {"adjusted": share(of.among, of.among + of.within), "unadjusted": share(of.among, of.total)}


def by_group(of: Parts) -> dict[str, float]:
    """The adjusted share of each grouping factor; those without a level per row add up to the adjusted ICC."""
    out: dict[str, float] = {}
    for group, value, extra in zip(of.groups, of.random, of.extra, strict=True):
        if not extra:
            out[group] = out.get(group, 0.0) + share(float(value), of.among + of.within)
    return out


def share(part: float, whole: float) -> float:
    """Part / whole, NaN of nothing."""
    return part / whole if whole > 0 else nan


def adjusted_quantity(design: Design, fit: MixedFit, residual_weight: float) -> Quantity:
    """The adjusted ICC of a linear mixed model as a function of its parameters by name, to be profiled.

    Parameters
    ----------
    residual_weight : float
        Factor of sigma^2.
    """
    moments = column_moments(design)
    names = {(p.kind, p.at): p.name for p in parameters(design, fit)}

    def value(estimates: Mapping[str, float]) -> float:
        among = 0.0
        for place, moment in enumerate(moments):
            sd = [estimates[names["sd", (place, j)]] for j in range(len(moment))]
            for i in range(len(moment)):
                among += sd[i] ** 2 * moment[i, i]
                for j in range(i):
                    if sd[i] * sd[j] > 0:
                        among += 2 * estimates[names["cor", (place, j, i)]] * sd[i] * sd[j] * moment[i, j]
        return among / (among + residual_weight * estimates["sigma"] ** 2)

    return value


def residual_weight(design: Design, fit: LinearFit | MixedFit, residual: float) -> float:
    """The factor of sigma^2."""
    return residual / fit.sigma**2
