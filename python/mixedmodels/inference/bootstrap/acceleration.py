"""Influence values of a model's estimates, for the acceleration of BCa intervals: a grouped jackknife.

Rows of one level are not independent, so that levels are left out, not rows: those of the coarsest grouping factor in
which all others are nested, or of crossed factors those of the one with the most levels; without random effects the
rows themselves. Beyond `MAX_REFITS` of them, neighbours are left out together. The values are
L_j = (J - 1) (mean of all t_(-j) - t_(-j)), which is what R's ``boot::empinf(type = "jack")`` has but for a constant.

Reference: Efron (1987), J. Am. Stat. Assoc. 82; Davison and Hinkley (1997), section 2.7.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design
from mixedmodels.errors import FitError

MAX_REFITS = 200  # refits


def blocks(design: Design, n: int) -> NDArray[np.intp]:
    """Block of each row; blocks are left out one at a time."""
    codes, levels = np.arange(n, dtype=np.intp), n
    if design.groups:
        group = design.groups[_outermost(design)]
        codes, levels = np.asarray(group.codes, dtype=np.intp), group.n_levels
    return codes if levels <= MAX_REFITS else np.asarray(codes * MAX_REFITS // levels)


def _outermost(design: Design) -> int:
    """The grouping factor whose levels are left out."""
    sizes = [g.n_levels for g in design.groups]
    outer = int(np.argmin(sizes))
    for g in design.groups:
        pairs = len(np.unique(g.codes.astype(np.int64) * sizes[outer] + design.groups[outer].codes))
        if pairs > g.n_levels:
            return int(np.argmax(sizes))
    return outer


def influence(block: NDArray[np.intp], estimate: Callable[[NDArray[np.intp]], Vector]) -> Matrix:
    """Influence values, a row per block and a column per statistic.

    Parameters
    ----------
    block : ndarray of int
        Block of each row, as `blocks` makes them.
    estimate : callable
        Function from the positions of the rows that stay to statistics; may raise, which leaves a row of NaN.

    Raises
    ------
    FitError
        If fewer than two blocks can be left out.
    """
    estimates = []
    for j in range(int(block.max()) + 1):
        try:
            estimates.append(estimate(np.flatnonzero(block != j)))
        except (ArithmeticError, RuntimeError, ValueError):
            continue
    if len(estimates) < 2:
        raise FitError("the model cannot be fitted with any level left out, which BCa intervals need; use type='perc'.")
    t = np.array(estimates)
    return np.asarray((len(t) - 1) * (t.mean(axis=0) - t))
