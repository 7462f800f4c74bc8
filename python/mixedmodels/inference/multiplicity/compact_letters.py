"""Compact letter display: levels that share a letter do not differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_letters

import numpy as np
from numpy.typing import NDArray

from mixedmodels.errors import DataError

Columns = list[NDArray[np.bool_]]


HIGHEST_ALPHA = 0.5  # what is larger was meant as a confidence


def letters(
    p_values: Mapping[tuple[str, str], float],
    names: Sequence[str],
    alpha: float = 0.05,
    *,
    order: Sequence[str] | None = None,
    reverse: bool = False,
    sweep: bool = False,
) -> list[str]:
    """Letters of each of `names`: two share one if and only if their p-value is at least `alpha`.

    Parameters
    ----------
    p_values : mapping of tuple of two str to float
        P-values of pairs of names, in either order; a pair that is missing, or whose p-value is, does not differ.
    names : sequence of str
        Levels, length n.
    alpha : float, default 0.05
        Significance level.
    order : sequence of str, optional
        The names from the smallest mean to the largest: "a" goes to the first. As `names` unless given.
    reverse : bool, default False
        Whether "a" goes to the last instead.
    sweep : bool, default False
        Whether to take away letters that no pair needs, as multcomp's ``cld`` does; multcompView's letters (and those
        of emmeans) keep them.

    Returns
    -------
    list of str
        In the order of `names`.

    Notes
    -----
    Source: Piepho (2004), An algorithm for a letter-based representation of all-pairwise comparisons, J. Comput.
    Graph. Statist. 13, 456-466: insert, absorb, sweep.
    """
    if not 0 < alpha <= HIGHEST_ALPHA:
        raise DataError(f"alpha is {alpha!r:.40}; letters take a significance level, 0.05 for a confidence of 0.95.")
    place = _places(names, names if order is None else order)
    pairs = []
    for (a, b), p in p_values.items():
        for name in (a, b):
            if name not in place:
                raise DataError(f"the pair ({a!r}, {b!r}) names {name!r}, which is none of {', '.join(names)}.")
        if p < alpha:
            pairs.append((place[a], place[b]))
    columns = _insert([(b, a) for a, b in pairs] if sweep else pairs, len(names))
    if sweep:
        for _ in range(2):
            columns = _sweep(sorted(columns, key=lambda c: int(c.sum())))
            columns.sort(key=lambda c: int(np.flatnonzero(c)[0]))
    else:
        columns.sort(key=lambda c: tuple(~c))
    if reverse:
        columns.sort(key=lambda c: tuple(~c[::-1]))
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
        both = [c for c in columns if c[a] and c[b]]
        columns = [_without(c, b) if c[a] and c[b] else c for c in columns]
        columns = _absorb(columns + [_without(c, a) for c in both])
    return columns


def _without(column: NDArray[np.bool_], i: int) -> NDArray[np.bool_]:
    out = column.copy()
    out[i] = False
    return out


def _absorb(columns: Columns) -> Columns:
    """Without the columns that others hold; of equal ones the first stays."""
    kept: Columns = []
    for i, column in enumerate(columns):
        holders = [j for j, other in enumerate(columns) if j != i and not (column & ~other).any()]
        if not any(j < i or (columns[j] != column).any() for j in holders):
            kept.append(column)
    return kept


def _sweep(columns: Columns) -> Columns:
    """Take away letters that no pair needs: one goes where another column joins the level to each of its partners.

    The column that then has to join a pair keeps both for good, so that levels lose no more letters than they have to.
    """
    m = np.column_stack(columns)
    locked = np.zeros_like(m)
    for i in range(m.shape[1]):
        before = m.copy()
        before[:, i] = False
        members = np.flatnonzero(m[:, i])
        if len(members) == len(m) and before.any(axis=1).all():
            continue
        for j in members:
            if locked[j, i]:
                continue
            joined = [(k, np.flatnonzero(before[j] & before[k])) for k in members if k != j]
            if joined and all(len(where) for _, where in joined):
                for k, where in joined:
                    locked[[j, k], where[-1]] = True
                m[j, i] = False
        if not m[:, i].any():
            return _sweep([m[:, h] for h in range(m.shape[1]) if h != i])
    return [m[:, h] for h in range(m.shape[1])]
