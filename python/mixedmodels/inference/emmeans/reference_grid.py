"""The reference grid: a table of predictors at levels and typical values, laid out as the rows of the fit were.

Factors, texts and truth values take all their levels, numbers their mean; a number of at most `cov_keep` distinct
values, or one that the formula turns into a factor, keeps its values. As emmeans has it (Lenth, R package emmeans).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.estimates.linear_functions import LinearFunctions, cells
from mixedmodels.estimates.predictors import Predictors, Reduce, Values, only_in_offsets
from mixedmodels.inference.emmeans.nested_factors import existing, find_nesting
from mixedmodels.inference.emmeans.nuisance import NONE, Nuisance, mean_shift

LIMIT = 10_000  # rows of a grid; more are a slip, most likely


def reference_grid(
    predictors: Predictors,
    *,
    at: Mapping[str, Values],
    reduce: Reduce,
    keep: int | Sequence[str],
    offset: float | None,
    argument_offset: float | str | None,
    nesting: Mapping[str, Sequence[str]] | None,
    shifts: tuple[str, Vector] | None = None,
    nuisance: Nuisance = NONE,
) -> LinearFunctions:
    """The linear predictor at each cell of the grid.

    Parameters
    ----------
    at : mapping of str to sequence or Any
        Values of predictors in place of their levels or their mean.
    reduce : callable, mapping of str to callable or bool
        Function of a number's values, one for all or by name; False keeps all values.
    keep : int or sequence of str
        Greatest number of distinct values of a number that is kept, or names of numbers to keep.
    offset : float or None
        Offset, the same in all cells; None for what the formula's ``offset()`` terms say there.
    argument_offset : float, str or None
        Value, or expression, for the offset argument of the fit if `offset` is None.
    nesting : mapping of str to sequence of str or None
        Factors that each factor is nested in; None finds it.
    shifts : tuple of (str, ndarray), optional
        Number and what is added to it in turn: the grid comes once for each, one below the other.
    nuisance : Nuisance, optional
        Factors that are averaged out.
    """
    every = predictors.levels(at, reduce, keep)
    gone = nuisance.factors(predictors, every)
    if shifts is not None and shifts[0] in gone:
        raise DataError(f"{shifts[0]!r} is the number whose slopes are wanted; it cannot be a nuisance.")
    levels = {name: values for name, values in every.items() if name not in gone}
    size = int(np.prod([len(v) for v in levels.values()], dtype=float))
    if size > LIMIT:
        counts = ", ".join(f"{name} {len(values)}" for name, values in levels.items())
        raise DataError(
            f"the reference grid would have {size} rows, more than {LIMIT}; fix some predictors by at={{...}}, "
            f"let fewer numbers keep their values (cov_keep), or average out factors without interactions (nuisance=). "
            f"Levels: {counts}."
        )
    labels = cells(levels)
    free = frozenset[str]() if offset is None else only_in_offsets(predictors.design.spec)
    for name, values in labels.items():
        if name not in free and any(isinstance(v, float) and np.isnan(v) for v in values):
            raise DataError(
                f"the mean of {name!r} is not known, since a model loaded from a file has no rows; give its value: "
                f"at={{{name!r}: ...}}."
            )
    laid: dict[str, tuple[Any, ...]] = {name: tuple(values) for name, values in labels.items()}
    if shifts is not None:
        name, steps = shifts
        laid = {k: v * len(steps) for k, v in laid.items()}
        moved = [float(v) + step for step in steps for v in labels[name]]
        laid[name] = tuple(moved)
    laid = {name: laid[name] if name in laid else (every[name][0],) * _length(laid) for name in every}
    rows, added = predictors.matrix(laid, argument_offset)
    if gone:
        rows = rows + mean_shift(predictors, every, gone, nuisance.weights, argument_offset)
    if offset is not None:
        added = np.full(len(rows), offset) if offset else None
    factors = predictors.are_factors(levels, at, keep)
    frequency = predictors.frequencies(labels, [name for name in factors if name in levels])
    r = len(frequency)
    grid = LinearFunctions(
        levels={k: tuple(v) for k, v in levels.items()},
        labels=labels,
        rows=rows[:r],
        offset=None if added is None else added[:r],
        weights=frequency,
    )
    nested = find_nesting(grid, predictors.design.spec.formula) if nesting is None else _as_nesting(nesting, levels)
    if nested and not predictors.has_rows:
        raise DataError(
            f"{', '.join(nested)} is nested in other factors, and a model loaded from a file has no rows to "
            "show which cells exist; fit it again, or give nesting={} if no factor is nested."
        )
    if nested:
        grid = replace(grid, nesting=nested, shown=existing(grid, list({*nested, *sum(nested.values(), ())}), nested))
    return grid if shifts is None else replace(grid, rows=rows, offset=None)


def _length(labels: Mapping[str, Sequence[Any]]) -> int:
    return len(next(iter(labels.values()))) if labels else 1


def _as_nesting(nesting: Mapping[str, Sequence[str]], levels: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    hosts_of = {name: (hosts,) if isinstance(hosts, str) else tuple(hosts) for name, hosts in nesting.items()}
    for name in [*hosts_of, *sum(hosts_of.values(), ())]:
        if name not in levels:
            raise UnknownColumnError(f"nesting has {name!r}, which is no predictor; there are {', '.join(levels)}.")
    return hosts_of
