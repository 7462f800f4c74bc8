"""Distribution of a sum of squared standard normal variables, each with its weight."""

from __future__ import annotations

import numpy as np

from mixedmodels._typing import Vector

NEGLIGIBLE = 1e-11  # of a probability
INTEGRAL_POINTS = 1 << 18  # points of the integral
BLOCK = 1 << 12


def upper_tail(weights: Vector, x: float) -> float:
    """P(sum of w_j z_j^2 > x) for weights of either sign, shape (k,).

    The characteristic function is inverted by the trapezoidal rule, whose error is the probability of values beyond
    the span of its step.

    Reference: Davies (1980), Applied Statistics 29, 323-333.
    """
    w = np.asarray(weights, dtype=float)
    scale = float(np.abs(w).max(initial=0.0))
    if scale == 0:
        return float(x < 0)
    w, x = w / scale, x / scale
    spread = float(np.sqrt(2 * (w * w).sum()))
    span = 2 * (abs(float(w.sum()) - x) + 8 * spread + 60.0)
    step = 2 * np.pi / span
    total = 0.0
    for first in range(0, INTEGRAL_POINTS, BLOCK):
        k = np.arange(first, first + BLOCK) + 0.5
        u = k * step
        angle = np.zeros(BLOCK)
        size = np.zeros(BLOCK)
        for weight in w:
            angle += np.arctan(2 * weight * u)
            size += np.log1p((2 * weight * u) ** 2)
        terms = np.exp(-size / 4) / k
        total += float(np.sum(np.sin(angle / 2 - u * x) * terms))
        if terms[-1] < NEGLIGIBLE:
            break
    return float(min(1.0, max(0.0, 0.5 + total / np.pi)))
