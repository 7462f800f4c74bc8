"""Rows of weight 0: they get predictions, and count nowhere.

A weight of 0, or a binomial response of no trials, says nothing about any parameter, and what is divided by it goes
wrong in one place or another. So the rows that are fitted are the others, and these are laid out beside them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mixedmodels.design.records import Design, GroupingFactor
from mixedmodels.design.row_subset import part_of
from mixedmodels.errors import DataError


def apart(design: Design) -> Design:
    """The design of the rows that count; those of weight 0 are its `weightless`.

    Grouping factors keep all their levels. A level without rows that count has no data, and random effects of 0.

    Raises
    ------
    DataError
        If no row is left.
    """
    silent = _silent(design)
    if silent is None or not silent.any():
        return design
    if silent.all():
        raise DataError("every weight is 0, so that no row is left to fit to; give positive weights.")
    counted = _part(design, np.flatnonzero(~silent))
    return replace(counted, weightless=_part(design, np.flatnonzero(silent)))


def _silent(design: Design) -> NDArray[np.bool_] | None:
    y, w = design.response, design.weights
    none = None if w is None else np.asarray(w == 0)
    if y is None or y.ndim == 1:
        return none
    no_trials = np.asarray((y == 0).all(axis=1))
    return no_trials if none is None else none | no_trials


def _part(design: Design, rows: NDArray[np.intp]) -> Design:
    part = part_of(design, rows)
    groups = tuple(GroupingFactor(g.name, np.ascontiguousarray(g.codes[rows]), g.levels) for g in design.groups)
    further = tuple(_part(other, rows) for other in design.further)
    return replace(part, groups=groups, dropped=design.dropped, further=further)
