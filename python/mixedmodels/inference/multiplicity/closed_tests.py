"""Closed testing that knows which hypotheses can be true together (Shaffer 1986; Westfall 1997)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError

Flat = frozenset[int]

LARGEST = 20_000  # sets looked at for one hypothesis


def closed_p(c: Matrix, upper: Vector, smallest_p: Callable[[list[int]], float]) -> Vector:
    """p-values of hypotheses ``c @ beta = 0`` by stepping down with logical constraints.

    When the most extreme statistics are rejected, a set of the others has to be considered only if all in it can be
    true while those rejected are false: if no rejected row lies in the span of the set's rows.

    Parameters
    ----------
    c : ndarray, shape (k, p)
        Hypotheses.
    upper : ndarray, shape (k,)
        Statistics, the larger the more extreme.
    smallest_p : callable
        Function of a set of rows, the adjusted p-value of its most extreme one within that set.

    Raises
    ------
    DataError
        If the hypotheses hang together in too many ways.
    """
    order = np.argsort(-upper, kind="stable")
    rows = c[order]
    out = np.empty(len(order))
    reached = 0.0
    for j in range(len(order)):
        sets = _largest_sets(rows, j)
        reached = max(reached, *(smallest_p([int(order[i]) for i in sorted(s)]) for s in sets))
        out[order[j]] = reached
    return out


def _largest_sets(rows: Matrix, j: int) -> list[Flat]:
    """The sets that hold row j, whose span holds no earlier row, and that no row can join."""
    first = _span(rows, [j])
    if min(first) < j:  # an earlier hypothesis says the same
        return [frozenset([j])]
    seen, waiting, largest = {first}, [first], []
    while waiting:
        current = waiting.pop()
        grows = False
        for i in range(j + 1, len(rows)):
            if i in current:
                continue
            bigger = _span(rows, [*current, i])
            if min(bigger) < j:
                continue
            grows = True
            if bigger not in seen:
                seen.add(bigger)
                waiting.append(bigger)
        if len(seen) > LARGEST:
            raise DataError("these hypotheses hang together in too many ways for 'Westfall' or 'Shaffer'; use 'free'.")
        if not grows:
            largest.append(current)
    return largest


def _span(rows: Matrix, chosen: list[int]) -> Flat:
    """All rows within the span of the chosen ones."""
    _, singular, vectors = np.linalg.svd(rows[chosen], full_matrices=False)
    basis = vectors[singular > singular[0] * 1e-9]
    outside = rows - rows @ basis.T @ basis
    scale = np.linalg.norm(rows, axis=1)
    return frozenset(np.flatnonzero(np.linalg.norm(outside, axis=1) <= 1e-8 * scale).tolist())
