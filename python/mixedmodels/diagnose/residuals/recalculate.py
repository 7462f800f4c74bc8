"""Scaled residuals of groups of observations, or of some of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.diagnose.residuals.pit import Method
from mixedmodels.diagnose.residuals.simulated import Refits, Simulated, scaled
from mixedmodels.errors import DataError

Aggregate = Callable[[Vector], float]


@dataclass(frozen=True, slots=True)
class Grouping:
    """Rows of each group, in the order of the groups; k groups that have rows.

    Attributes
    ----------
    rows : ndarray of int
        Rows chosen, those of one group after those of another.
    starts : ndarray of int, shape (k,)
        Position in `rows` where each group begins.
    levels : ndarray of int, shape (k,)
        Level of the factor that each group is.
    """

    rows: NDArray[np.intp]
    starts: NDArray[np.intp]
    levels: NDArray[np.intp]


def grouping(codes: NDArray[np.intp], chosen: NDArray[np.intp]) -> Grouping:
    """Groups of the rows `chosen` by codes, shape (n,)."""
    mine = codes[chosen]
    order = np.argsort(mine, kind="stable")
    levels, starts = np.unique(mine[order], return_index=True)
    return Grouping(chosen[order], starts.astype(np.intp), levels.astype(np.intp))


def recalculated(
    simulated: Simulated,
    groups: Grouping,
    aggregate: Aggregate | None,
    rng: np.random.Generator,
    *,
    method: Method = "PIT",
    rotation: Matrix | str | None = None,
) -> Simulated:
    """Observations and simulations aggregated by group, and residuals of what comes out.

    Parameters
    ----------
    aggregate : callable or None
        Function that gives a number from the values of a group; None is the sum, which is faster.

    Raises
    ------
    DataError
        If no row is chosen, or the function does not give a number.
    """
    if not len(groups.rows):
        raise DataError("no row is chosen; sel must keep some.")

    def by_group(values: Matrix) -> Matrix:
        return _sums(values, groups) if aggregate is None else _applied(values, groups, aggregate)

    refits = simulated.refits
    if refits is not None:
        refits = Refits(
            observed=by_group(refits.observed[:, None])[:, 0],
            residuals=by_group(refits.residuals),
            predicted=by_group(refits.predicted),
            observed_pearson=by_group(refits.observed_pearson[:, None])[:, 0],
            pearson=by_group(refits.pearson),
        )
    return scaled(
        by_group(simulated.observed[:, None])[:, 0],
        by_group(simulated.predicted[:, None])[:, 0],
        by_group(simulated.simulated),
        rng,
        integer=simulated.integer,
        method=method,
        rotation=rotation,
        refits=refits,
    )


def _sums(values: Matrix, groups: Grouping) -> Matrix:
    return np.asarray(np.add.reduceat(values[groups.rows], groups.starts, axis=0))


def _applied(values: Matrix, groups: Grouping, aggregate: Aggregate) -> Matrix:
    parts = np.split(values[groups.rows], groups.starts[1:])
    out = np.empty((len(parts), values.shape[1]))
    for i, part in enumerate(parts):
        for j in range(values.shape[1]):
            number = np.asarray(aggregate(part[:, j]))
            if number.size != 1 or number.dtype.kind not in "biuf":
                raise DataError(f"aggregate returned {number!r:.60}; it should return one number for a group.")
            out[i, j] = float(number.reshape(()))
    return out
