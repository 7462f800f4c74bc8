"""Slopes of the linear predictor in a number, at each cell of a reference grid.

By differences over a thousandth of the number's range, as emmeans takes them: exact where the model is linear in the
number, else within the error of a forward difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from math import factorial

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.estimates.linear_functions import LinearFunctions, cells

DEGREES = ("linear", "quadratic", "cubic", "quartic", "quintic")
SHARE = 0.001  # of the range


def steps(step: float, max_degree: int) -> Vector:
    """Shifts of the number, one grid each."""
    places = np.arange(max_degree + 1.0)
    return step * (places - (max_degree // 2))


def trends(
    shifted: LinearFunctions, var: str, step: float, max_degree: int, of: Callable[[Vector], Vector] | None = None
) -> LinearFunctions:
    """Differences of a grid that comes once for each of `steps`, one below the other.

    Parameters
    ----------
    of : callable, optional
        Function of the number in which slopes are wanted, in place of the number itself.

    Returns
    -------
    LinearFunctions
        Without offset; with `max_degree` above 1, a further factor "degree".
    """
    shifts = steps(step, max_degree)
    r = len(shifted.weights)
    blocks = [shifted.rows[i * r : (i + 1) * r] for i in range(len(shifts))]
    width: float | Vector = step
    if of is not None:
        at = np.array(shifted.labels[var], dtype=float)
        moved = np.array([of(at + s) for s in shifts])
        width = np.mean(np.diff(moved, axis=0), axis=0)[:, None]
    slopes = []
    for degree in range(1, max_degree + 1):
        blocks = [b - a for a, b in pairwise(blocks)]
        middle = (len(blocks) + 1) // 2 - 1
        slopes.append(blocks[middle] / (width**degree * factorial(degree)))
    base = replace(shifted, rows=slopes[0], offset=None)
    if max_degree == 1:
        return base
    levels = {**shifted.levels, "degree": DEGREES[:max_degree]}
    shown = None if shifted.shown is None else np.tile(shifted.shown, max_degree)
    return LinearFunctions(
        levels=levels,
        labels=cells(levels),
        rows=np.vstack(slopes),
        offset=None,
        weights=np.tile(shifted.weights, max_degree),
        shown=shown,
        nesting=shifted.nesting,
    )
