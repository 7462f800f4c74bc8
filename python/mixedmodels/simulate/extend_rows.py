"""Larger designs: slices of a table repeated along a variable, rows repeated within cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels.errors import DataError
from mixedmodels.frame import Factor, Numeric, Table, as_factor, values_of

SMALLEST, POINTS = 3, 10  # the least size of a curve, and its number of sizes, unless the caller gives others


@dataclass(frozen=True)
class Axis:
    """Sizes of a design, each of which uses the first so many levels or replicates.

    Attributes
    ----------
    places : ndarray of int, shape (n,)
        Level or replicate that each row belongs to, counted from 0.
    sizes : tuple of int
        Sizes to be looked at.
    values : tuple
        Value printed for each size.
    title : str
        Name of the quantity whose sizes vary.
    """

    places: NDArray[np.intp]
    sizes: tuple[int, ...]
    values: tuple[Any, ...]
    title: str

    def rows(self, size: int) -> NDArray[np.intp]:
        """Positions of the rows that a size has."""
        return np.flatnonzero(self.places < size)


@dataclass(frozen=True)
class Extension:
    """Rows of a table, repeated, and columns that change.

    Attributes
    ----------
    rows : ndarray of int, shape (new n,)
        Positions in the old table.
    columns : dict of str
        Values of the new rows, by column.
    """

    rows: NDArray[np.intp]
    columns: dict[str, Any]


def levels_along(table: Table, along: str) -> tuple[NDArray[np.intp], Factor]:
    """The place of each row's value among the values that occur, in level order, and these values."""
    factor = as_factor(table.column(along))
    present, places = np.unique(factor.codes, return_inverse=True)
    if present[0] < 0:
        row = int(np.flatnonzero(factor.codes < 0)[0])
        raise DataError(f"{along!r} is missing in row {row}; a design is extended along values that are there.")
    return places.astype(np.intp), Factor(places, factor.levels.take(present), factor.ordered)


def replicates_within(table: Table, within: Sequence[str]) -> NDArray[np.intp]:
    """The number of each row, from 0, among the rows of the same cell of the factors `within`."""
    cells = np.zeros(table.n_rows, dtype=np.int64)
    for name in within:
        codes = as_factor(table.column(name)).codes
        cells = cells * (int(codes.max()) + 2) + codes + 1
    order = np.argsort(cells, kind="stable")
    firsts = np.r_[0, np.flatnonzero(np.diff(cells[order])) + 1]
    out = np.empty(table.n_rows, dtype=np.intp)
    out[order] = np.arange(table.n_rows) - np.repeat(firsts, np.diff(np.r_[firsts, table.n_rows]))
    return out


def factor_names(within: str | Sequence[str]) -> tuple[str, ...]:
    """Names of factors from "Subject + Days", or several."""
    parts = within.replace(",", "+").split("+") if isinstance(within, str) else list(within)
    names = tuple(p.strip() for p in parts)
    if not names or not all(names):
        raise DataError(f"within is {within!r}; name the factors whose cells are meant, as 'Subject + Days'.")
    return names


def extended_along(
    table: Table, along: str, n: int | None, values: Sequence[Any] | None, nested: Sequence[str]
) -> Extension:
    """Slices of a table for `n` values of a variable, repeated in turn where there are more than there were.

    Parameters
    ----------
    n : int or None
        Number of values; a number continues in steps as it has them, a factor's new levels get new labels.
    values : sequence or None
        Values themselves, in place of `n`.
    nested : sequence of str
        Factors whose levels belong to one level of `along` each; in repeated slices they get new labels too.
    """
    places, old = levels_along(table, along)
    count = len(old.levels)
    numeric = isinstance(table.column(along), Numeric) and along not in nested
    if (n is None) == (values is None):
        raise DataError("give either n, the number of values, or values, the values themselves.")
    wanted = list(values) if values is not None else _more(along, old, checked_size(n, "n"), numeric)
    if len(set(wanted)) < len(wanted):
        raise DataError(f"values of {along!r} must differ from each other; got {wanted!r:.80}.")
    slices = [np.flatnonzero(places == i) for i in range(count)]
    used = [slices[i % count] for i in range(len(wanted))]
    rows = np.concatenate(used)
    turn = np.repeat(np.arange(len(wanted)) // count, [len(s) for s in used])
    columns = {along: _repeated(wanted, [len(s) for s in used], old, numeric)}
    for name in nested:
        if name != along and bool((turn > 0).any()):
            columns[name] = relabelled(table, name, rows, turn)
    return Extension(rows, columns)


def _more(along: str, old: Factor, n: int, numeric: bool) -> list[Any]:
    """The first `n` values, continued where there are fewer."""
    have = list(old.levels.values)
    if n <= len(have):
        return have[:n]
    if numeric:
        steps = np.diff(np.asarray(have, dtype=float))
        if not len(steps) or not np.allclose(steps, steps[0]):
            raise DataError(f"{along!r} has no even steps in which it could go on; give values= in place of n.")
        more = have[-1] + steps[0] * np.arange(1, n - len(have) + 1)
        return [*have, *(more.astype(np.asarray(have).dtype) if np.allclose(more, np.round(more)) else more)]
    if isinstance(have[0], (int, np.integer)) and not isinstance(have[0], (bool, np.bool_)):
        top = max(have)
        return [*have, *(top + 1 + i for i in range(n - len(have)))]
    new: list[str] = []
    taken, turn = set(old.levels.labels), 1
    while len(have) + len(new) < n:
        for label in old.levels.labels:
            if len(have) + len(new) < n:
                name = f"{label}.{turn}"
                while name in taken:
                    name += "'"
                taken.add(name)
                new.append(name)
        turn += 1
    return [*(old.levels.labels if new else have), *new]


def _repeated(wanted: list[Any], counts: list[int], old: Factor, numeric: bool) -> Any:
    if numeric:
        return np.repeat(np.asarray(wanted), counts)
    from mixedmodels.frame import Levels

    codes = np.repeat(np.arange(len(wanted)), counts)
    values = np.array(wanted) if isinstance(wanted[0], (int, float, np.number)) else np.array(wanted, dtype=object)
    if values.dtype.kind in "iuf":
        return values[codes]
    return values_of(Factor(codes, Levels(values), old.ordered))


def relabelled(table: Table, name: str, rows: NDArray[np.intp], turn: NDArray[np.intp]) -> Any:
    """Labels of a nested factor in repeated rows: those of the first turn stay, others get the turn's number."""
    factor = as_factor(table.column(name))
    labels = [*factor.levels.labels]
    codes = factor.codes[rows]
    texts = [labels[c] if t == 0 else f"{labels[c]}.{t}" for c, t in zip(codes.tolist(), turn.tolist(), strict=True)]
    from mixedmodels.frame import Levels

    order = sorted(dict.fromkeys(zip(turn.tolist(), codes.tolist(), texts, strict=True)))
    levels = [text for _, _, text in order]
    index = {text: i for i, text in enumerate(levels)}
    return values_of(Factor(np.array([index[t] for t in texts]), Levels(np.array(levels, dtype=object))))


def extended_within(table: Table, within: Sequence[str], n: int | None, values: Any) -> Extension:
    """`n` rows in each cell of the factors `within`, its own rows repeated in turn."""
    if values is not None or n is None:
        raise DataError("within= takes n, the number of rows of each cell.")
    n = checked_size(n, "n")
    replicate = replicates_within(table, within)
    cells: dict[tuple[int, ...], list[int]] = {}
    codes = np.column_stack([as_factor(table.column(name)).codes for name in within])
    for row, key in enumerate(map(tuple, codes.tolist())):
        cells.setdefault(key, []).append(row)
    assert len(replicate) == table.n_rows
    rows = [own[i % len(own)] for own in cells.values() for i in range(n)]
    return Extension(np.array(rows, dtype=np.intp), {})


def axis_of(
    table: Table, along: str | None, within: Sequence[str] | None, sizes: Sequence[int], numeric: Callable[[str], bool]
) -> Axis:
    """The axis of a curve in the rows of a table."""
    if within is not None:
        places = replicates_within(table, within)
        return Axis(places, tuple(sizes), tuple(sizes), f"number of observations within {'+'.join(within)}")
    assert along is not None
    places, old = levels_along(table, along)
    if numeric(along):
        shown = tuple(float(old.levels.values[s - 1]) for s in sizes)
        return Axis(places, tuple(sizes), shown, f"largest value of {along}")
    return Axis(places, tuple(sizes), tuple(sizes), f"number of levels in {along}")


def tidy_sizes(there: int) -> tuple[int, ...]:
    """Ten sizes at most between three and what there is."""
    if there < SMALLEST:
        return (there,)
    if there - SMALLEST + 1 <= POINTS:
        return tuple(range(SMALLEST, there + 1))
    return tuple(round(float(s)) for s in np.linspace(SMALLEST, there, POINTS))


def checked_size(size: Any, what: str) -> int:
    """A positive whole number.

    Raises
    ------
    DataError
        If it is none.
    """
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
        raise DataError(f"{what} is {size!r:.40}; give a positive whole number.")
    return int(size)
