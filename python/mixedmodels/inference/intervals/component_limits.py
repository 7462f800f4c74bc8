"""Wald limits of all parameters of a model of several components, each on the scale on which R's glmmTMB has it.

Coefficients are taken as they are, standard deviations by their logarithms, a correlation r by r / sqrt(1 - r^2), and
shapes on the scale on which they are estimated. The errors are those of the joint covariance, by the delta method.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan, sqrt

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.fit.components.record import ComponentsFit
from mixedmodels.fit.covariance import factors
from mixedmodels.inference.profile.parameters import Parameter


def component_limits(fit: ComponentsFit, wanted: Sequence[Parameter], quantile: float) -> list[tuple[float, float]]:
    """Lower and upper limit of each parameter; NaN where it lies on its boundary, or its error is not known."""
    whole = fit.joint
    return [_limits(whole, p, quantile) for p in wanted]


def _limits(fit: ComponentsFit, p: Parameter, quantile: float) -> tuple[float, float]:
    m = len(fit.theta)
    if p.kind == "beta":
        return _around(fit.beta[p.at[0]], fit.vcov_joint[m + p.at[0], m + p.at[0]], quantile)
    if p.kind == "shape":
        place = m + len(fit.beta) + p.at[0]
        ends = _around(fit.psi[p.at[0]], fit.vcov_joint[place, place], quantile)
        return ends if p.scale is None else (float(p.scale.value(ends[0])), float(p.scale.value(ends[1])))
    return _of_random(fit, p, quantile)


def _around(value: float, variance: float, quantile: float) -> tuple[float, float]:
    half = quantile * sqrt(variance) if variance >= 0 else nan
    return float(value - half), float(value + half)


def _of_random(fit: ComponentsFit, p: Parameter, quantile: float) -> tuple[float, float]:
    """Limits of a standard deviation or a correlation."""
    term = p.at[0]
    t = factors(fit.theta, fit.sizes)[term]
    start = sum(k * (k + 1) // 2 for k in fit.sizes[:term])
    width = len(t) * (len(t) + 1) // 2
    v = fit.vcov_joint[start : start + width, start : start + width]
    if p.kind == "sd":
        sd = float(np.linalg.norm(t[p.at[1]]))
        if not sd > 0:
            return nan, nan
        slope = _in_theta(_row(t, p.at[1], t[p.at[1]] / sd**2))  # of log(sd)
        low, high = _around(np.log(sd), float(slope @ v @ slope), quantile)
        return float(np.exp(low)), float(np.exp(high))
    first, second = t[p.at[1]], t[p.at[2]]
    lengths = float(np.linalg.norm(first)), float(np.linalg.norm(second))
    if not min(lengths) > 0:
        return nan, nan
    r = float(first @ second) / (lengths[0] * lengths[1])
    if not abs(r) < 1:
        return nan, nan
    by_first = second / (lengths[0] * lengths[1]) - r * first / lengths[0] ** 2
    by_second = first / (lengths[0] * lengths[1]) - r * second / lengths[1] ** 2
    slope = _in_theta(_row(t, p.at[1], by_first) + _row(t, p.at[2], by_second)) * (1 - r * r) ** -1.5
    ends = _around(r / sqrt(1 - r * r), float(slope @ v @ slope), quantile)
    low, high = (x / sqrt(1 + x * x) for x in ends)
    return low, high


def _row(t: Matrix, row: int, values: Vector) -> Matrix:
    """A matrix of the shape of T with these values in a row."""
    out = np.zeros_like(t)
    out[row] = values
    return out


def _in_theta(slopes: Matrix) -> Vector:
    """The derivatives in the elements of a factor in the order of theta: its lower triangle, column by column."""
    columns, rows = np.triu_indices(len(slopes))
    return np.asarray(slopes[rows, columns])
