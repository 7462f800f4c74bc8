"""Sets of rows that are deleted together, from an argument of the caller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mixedmodels.errors import DataError
from mixedmodels.fitted.row_groups import Clusters, rows_by


def deletion_sets(model: Any, group: Any) -> Clusters:
    """Single rows, levels of a factor, or combinations of levels that occur.

    Parameters
    ----------
    group : str, array_like or sequence of str
        Rows to delete together: None for single rows; name of a grouping factor or of a column of the table, or one
        value per row; several of these in a list for the combinations of their levels.

    Raises
    ------
    DataError
        If there is no such column, a row used has no level, or there is one set only.
    """
    if group is None:
        n, index = model._fit.n, model._source.index
        numbers = model._rows.numbers
        labels = numbers.tolist() if index is None else index[numbers].tolist()
        return Clusters("row", np.arange(n, dtype=np.intp), tuple(map(str, labels)))
    factors = [rows_by(model, g, "group") for g in (group if _several(group) else [group])]
    sets = factors[0] if len(factors) == 1 else _combined(factors)
    if len(sets) < 2:
        raise DataError(f"{sets.name!r} has the one level {sets.labels[0]!r}; without it no row is left.")
    return sets


def _several(group: Any) -> bool:
    """Whether a list names factors, and is not a value per row."""
    return (
        isinstance(group, Sequence)
        and not isinstance(group, str)
        and 0 < len(group) <= 8
        and all(isinstance(g, str) for g in group)
    )


def _combined(factors: list[Clusters]) -> Clusters:
    codes, labels = factors[0].codes, factors[0].labels
    for other in factors[1:]:
        seen, codes = np.unique(codes.astype(np.int64) * len(other) + other.codes, return_inverse=True)
        pairs = [divmod(int(s), len(other)) for s in seen]
        labels = tuple(f"{labels[a]}.{other.labels[b]}" for a, b in pairs)
    return Clusters(".".join(f.name for f in factors), codes.astype(np.intp), labels)
