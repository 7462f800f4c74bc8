"""Scaled residuals of groups of rows, or of some rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mixedmodels import frame
from mixedmodels.diagnose.residuals.pit import Method
from mixedmodels.diagnose.residuals.recalculate import grouping, recalculated
from mixedmodels.diagnose.residuals.rows import Find, of_groups
from mixedmodels.diagnose.residuals.simulated import Simulated
from mixedmodels.errors import DataError
from mixedmodels.fit.seeds import generator
from mixedmodels.frame import Logical


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouped:
    """Residuals of groups, with labels of these, and what finds a value for each."""

    numbers: Simulated
    labels: tuple[str, ...]
    name: str
    words: str
    find: Find


def regrouped(
    numbers: Simulated,
    find: Find,
    group: Any,
    aggregate: Literal["sum"] | Callable[[Any], float],
    sel: Any,
    seed: Any,
    method: Method,
    rotation: Any,
) -> Regrouped:
    """See `SimulatedResiduals.recalculate`.

    Raises
    ------
    DataError
        If a row to be used has no group, or an argument is not what it should be.
    """
    if aggregate != "sum" and not callable(aggregate):
        raise DataError(f"aggregate is {aggregate!r:.40}; give 'sum' or a function.")
    apart = group is None
    factor = frame.as_factor(frame.any_column("row", np.arange(numbers.n)) if apart else find(group, "group"))
    codes = np.asarray(factor.codes, dtype=np.intp)
    rows = _chosen(numbers.n, find, sel)
    missing = int((codes[rows] < 0).sum())
    if missing:
        raise DataError(f"group is missing in {missing} of the rows; leave them out by sel.")
    groups = grouping(codes, rows)
    function = None if aggregate == "sum" else aggregate
    grouped = recalculated(numbers, groups, function, generator(seed), method=method, rotation=rotation)
    name = group if isinstance(group, str) else "row" if apart else "group"
    return Regrouped(
        numbers=grouped,
        labels=tuple(factor.levels.labels[i] for i in groups.levels.tolist()),
        name=name,
        words="some rows" if apart else f"groups of {name}",
        find=partial(of_groups, find, groups),
    )


def _chosen(n: int, find: Find, sel: Any) -> NDArray[np.intp]:
    """Rows to use."""
    if sel is None:
        return np.arange(n)
    if not isinstance(sel, str):
        values = np.asarray(sel)
        if values.dtype.kind in "iu" and values.ndim == 1:
            if len(values) and (values.min() < 0 or values.max() >= n):
                raise DataError(f"sel has positions from {values.min()} to {values.max()}, and there are {n} rows.")
            return values.astype(np.intp)
    column = find(sel, "sel")
    if not isinstance(column, Logical):
        raise DataError(f"sel is {sel!r:.40}, which is no column of truth values; give these, or positions of rows.")
    return np.flatnonzero(column.values == 1)
