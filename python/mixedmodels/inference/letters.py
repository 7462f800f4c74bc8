"""Compact letter display: levels that share a letter do not differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_letters

import numpy as np
from numpy.typing import NDArray

from mixedmodels.errors import DataError

Columns = list[NDArray[np.bool_]]


def letters(
    p_values: Mapping[tuple[str, str], float],
    names: Sequence[str],
    level: float = 0.05,
    *,
    order: Sequence[str] | None = None,
    reverse: bool = False,
) -> list[str]:
    """Letters of each of `names`: two share one if and only if their p-value is at least `level`.

    Parameters
    ----------
    p_values : of pairs of names, in either order; a pair that is missing, or whose p-value is, does not differ.
    names : levels, length n.
    level : significance level.
    order : the names from the smallest mean to the largest: "a" goes to the first. As `names` unless given.
    reverse : "a" goes to the last instead.

    Returns
    -------
    list of str
        In the order of `names`.

    Source: Piepho (2004), An algorithm for a letter-based representation of all-pairwise comparisons, J. Comput. Graph.
    Statist. 13, 456-466: insert, absorb, sweep.
    """
    place = _places(names, names if order is None else order)
    pairs = []
    for (a, b), p in p_values.items():
        for name in (a, b):
            if name not in place:
                raise DataError(f"the pair ({a!r}, {b!r}) names {name!r}, which is none of {', '.join(names)}.")
        if p < level:
            pairs.append((place[a], place[b]))
    columns = _insert(pairs, len(names))
    # as many sweeps as make no difference: one can make room for another
    before: list[bytes] = []
    while before != (now := [c.tobytes() for c in columns]):
        before = now
        columns = _sweep(sorted(columns, key=lambda c: int(c.sum())), pairs)
    columns.sort(key=lambda c: (int(np.flatnonzero(c)[0]), tuple(~c)))
    if reverse:
        columns.sort(key=lambda c: (-int(np.flatnonzero(c)[-1]), tuple(~c[::-1])))
    marks = letter_names(len(columns))
    return ["".join(mark for mark, c in zip(marks, columns, strict=True) if c[place[name]]) for name in names]


def letter_names(n: int) -> list[str]:
    """a..z, A..Z, then with as many dots in front as rounds were needed."""
    return ["." * (i // len(ascii_letters)) + ascii_letters[i % len(ascii_letters)] for i in range(n)]


def _places(names: Sequence[str], order: Sequence[str]) -> dict[str, int]:
    if len(set(names)) != len(names) or sorted(names) != sorted(order):
        raise DataError("names must differ from each other, and `order` must hold the same ones.")
    return {name: i for i, name in enumerate(order)}


def _insert(pairs: Sequence[tuple[int, int]], n: int) -> Columns:
    """One column per set of levels that do not differ: a column that holds both of a pair splits in two."""
    columns: Columns = [np.ones(n, dtype=bool)]
    for a, b in pairs:
        split = []
        for column in columns:
            if not (column[a] and column[b]):
                split.append(column)
                continue
            for out in (a, b):
                part = column.copy()
                part[out] = False
                split.append(part)
        columns = _absorb(split)
    return columns


def _absorb(columns: Columns) -> Columns:
    """Without the columns that others hold."""
    kept: Columns = []
    for column in sorted(columns, key=lambda c: -int(c.sum())):
        if not any((other | ~column).all() for other in kept):
            kept.append(column)
    return kept


def _sweep(columns: Columns, pairs: Sequence[tuple[int, int]]) -> Columns:
    """Take away letters that no pair needs: one may go where each partner is joined by another column."""
    columns = [c.copy() for c in columns]
    for k, column in enumerate(columns):
        for i in np.flatnonzero(column):
            partners = np.flatnonzero(column)
            others = [c for j, c in enumerate(columns) if j != k and c[i]]
            if others and all(any(c[p] for c in others) for p in partners):
                column[i] = False
    return [c for c in columns if c.any()]
