"""Pairs of profiles: how two parameters move together, and the contours of their joint likelihood.

Along the profile of a, the zeta of b traces a curve, and the other way round. A contour touches these traces where one
zeta is +-level; in between, with zeta_a = level cos(u + v / 2) and zeta_b = level cos(u - v / 2), the phase v is a
smooth periodic function of u that four points determine. Source: Bates and Watts (1988), appendix 6.
"""

from __future__ import annotations

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.inference.profile.curve import Curve, hermite

POINTS = 101


def trace(along: Curve, other: Curve, place: int, zeta: Vector) -> Vector:
    """Zeta of `other` (column `place` of the values) along the profile of a parameter, at values of its zeta."""
    _, own, values = along.points
    theirs = other.zeta_of(np.clip(values[:, place], other.points[0][0], other.points[0][-1]))
    own, first = np.unique(own, return_index=True)  # a flat profile has a zeta more than once
    theirs = theirs[first]
    slope = np.gradient(theirs, own) if len(own) > 2 else np.zeros(len(own))
    return hermite(own, theirs, slope, np.clip(zeta, own[0], own[-1]))


def contour(a: Curve, b: Curve, places: tuple[int, int], level: float) -> Matrix:
    """zeta_a and zeta_b around a contour, shape (points, 2); NaN where a profile is flat, so that a trace is lost."""
    from scipy.interpolate import CubicSpline

    ends = np.array([level, -level])
    of_b = np.clip(trace(a, b, places[1], ends) / level, -1, 1)
    of_a = np.clip(trace(b, a, places[0], ends) / level, -1, 1)
    if not np.isfinite([of_a, of_b]).all():
        return np.full((POINTS, 2), np.nan)
    first = np.concatenate([[0.0, np.pi], np.arccos(of_a)])
    second = np.concatenate([np.arccos(of_b), [0.0, np.pi]])
    mean, phase = (first + second) / 2, first - second
    u = np.where(phase > 0, mean, -mean)
    v = np.abs(phase)
    order = np.argsort(u)
    u, v = u[order], v[order]
    spline = CubicSpline(np.append(u, u[0] + 2 * np.pi), np.append(v, v[0]), bc_type="periodic")
    around = np.linspace(-np.pi, np.pi, POINTS)
    shift = spline(around)
    return level * np.column_stack([np.cos(around + shift / 2), np.cos(around - shift / 2)])
