"""Grouping factors: used levels, and codes for combinations of several factors, without a string per row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels.design.records import GroupingFactor
from mixedmodels.design.values import Matrix, Value, describe
from mixedmodels.errors import DesignError
from mixedmodels.frame import Factor, Levels, as_factor

Cells = NDArray[np.int64]

UNSEEN, MISSING = -1, -2


class CellLevels(Levels):
    """Levels of a combination of factors. Labels such as ``b1:a1`` are made only when they are read.

    Parameters
    ----------
    parts : tuple of Levels
        Levels of each factor, first one varying slowest.
    cells : ndarray of int
        Observed combinations, ascending, as mixed-radix numbers over `parts`.
    """

    __slots__ = ("cells", "parts")

    def __init__(self, parts: tuple[Levels, ...], cells: Cells) -> None:
        super().__init__(cells)
        self._values = None  # the labels as an array, on first use
        self.parts = parts
        self.cells = cells

    def __reduce__(self) -> tuple[type[CellLevels], tuple[Any, ...]]:
        return CellLevels, (self.parts, self.cells)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the levels, those of the factors joined by colons."""
        if self._labels is None:
            labels = tuple(":".join(texts) for texts in self.label_parts())
            if len(set(labels)) < len(labels):  # levels hold colons: a:b with c, and a with b:c
                labels = tuple(":".join(map(_quoted, texts)) for texts in self.label_parts())
            self._labels = labels
        return self._labels

    def label_parts(self) -> Iterator[tuple[str, ...]]:
        """For each level the labels that it combines."""
        columns = []
        rest = self.cells
        for part in reversed(self.parts):
            labels = part.labels
            columns.append([labels[i] for i in (rest % len(part)).tolist()])
            rest = rest // len(part)
        return zip(*reversed(columns), strict=True)

    @property
    def values(self) -> NDArray[Any]:
        """The labels as an array."""
        if self._values is None:
            self._values = np.array(self.labels, dtype=object)
        values: NDArray[Any] = self._values
        return values

    def take(self, keep: NDArray[np.intp]) -> CellLevels:
        """The levels at these positions."""
        return CellLevels(self.parts, self.cells[keep])

    def places_of(self, other: Levels) -> NDArray[np.int32]:
        """The position here of each level of `other`, -1 where it is not among these: cell by cell, not by label."""
        if not isinstance(other, CellLevels) or len(other.parts) != len(self.parts):
            return super().places_of(other)
        places = np.zeros(len(other), dtype=np.int64)
        among = np.ones(len(other), dtype=np.bool_)
        rest, factor = other.cells, 1
        for own, theirs in zip(reversed(self.parts), reversed(other.parts), strict=True):
            code = own.places_of(theirs)[rest % len(theirs)]
            among &= code >= 0
            places += factor * code.astype(np.int64)
            rest, factor = rest // len(theirs), factor * len(own)
        return np.where(among, position_among(self.cells, places), UNSEEN).astype(np.int32)


def _quoted(text: str) -> str:
    return f"`{text}`" if ":" in text else text


def position_among(observed: Cells, cells: Cells) -> Cells:
    """Positions of cells among ascending observed ones; -1 of a cell that is not there."""
    place = np.searchsorted(observed, cells)
    place[place == len(observed)] = 0
    return np.where(observed[place] == cells, place, UNSEEN)


ENGINE_CODES = frozenset(map(np.dtype, ("int8", "int16", "int32")))


def grouping_factor(name: str, factors: Sequence[Factor]) -> GroupingFactor:
    """One factor, or the observed combinations of several, as a grouping factor.

    Parameters
    ----------
    name : str
        Name of the grouping factor, such as "Subject" or "b:a".
    factors : sequence of Factor
        Factors without missing values and without unused levels.
    """
    if len(factors) == 1:
        factor = factors[0]
        codes = factor.codes
        # The engine reads signed codes of one, two or four bytes as they are: a large table is not copied.
        return GroupingFactor(name, codes if codes.dtype in ENGINE_CODES else codes.astype(np.int32), factor.levels)
    codes32, observed = _nested(factors, name) or number(*combine([(f.codes, len(f.levels)) for f in factors], name))
    return GroupingFactor(name, codes32, CellLevels(tuple(f.levels for f in factors), observed))


def _nested(factors: Sequence[Factor], name: str) -> tuple[NDArray[np.int32], Cells] | None:
    """Codes and observed cells if one factor determines the others, as the inner one of ``a/b`` usually does.

    Then a level has one cell, so levels are combined and sorted instead of rows. Without rows none does.
    """
    if not len(factors[0].codes):
        return None
    inner = max(factors, key=lambda f: len(f.levels))
    k = len(inner.levels)
    of_level = []
    for factor in factors:
        codes = np.zeros(k, dtype=factor.codes.dtype)
        codes[inner.codes] = factor.codes
        for rows in (slice(0, 4096), slice(4096, None)):  # crossed factors differ in the first rows
            if not np.array_equal(codes[inner.codes[rows]], factor.codes[rows]):
                return None
        of_level.append((codes, len(factor.levels)))
    rank, observed = number(*combine(of_level, name))
    return rank[inner.codes], observed


def combine(codes: Sequence[tuple[NDArray[Any], int]], name: str) -> tuple[Cells, int]:
    """Mixed-radix numbers of combinations, first factor slowest, and how many combinations there could be."""
    cells = codes[0][0].astype(np.int64)
    size = codes[0][1]
    for part, k in codes[1:]:
        size *= k
        if size >= 2**62:
            raise DesignError(
                f"grouping factor {name!r} has too many combinations of levels ({size}); combine fewer factors"
            )
        cells *= k
        cells += part
    return cells, size


def number(cells: Cells, size: int) -> tuple[NDArray[np.int32], Cells]:
    """Codes of the observed cells in ascending order, and these cells."""
    if size <= 8 * len(cells) + 4096:
        # A table of all cells is quicker than sorting as long as it is not much larger than the data.
        seen = np.zeros(size, dtype=np.bool_)
        seen[cells] = True
        observed = np.flatnonzero(seen).astype(np.int64)
        if len(observed) == size:
            return cells.astype(np.int32), observed
        position = np.empty(size, dtype=np.int32)
        position[observed] = np.arange(len(observed), dtype=np.int32)
        return position[cells], observed
    observed, codes = np.unique(cells, return_inverse=True)
    return codes.astype(np.int32), observed


def as_grouping(text: str, value: Value) -> Factor:
    """A value as one factor of a group."""
    if isinstance(value, Factor):
        return value
    if isinstance(value, Matrix):
        raise DesignError(f"grouping factor {text!r} is {describe(value)}; a grouping factor has one value per row")
    return as_factor(value)


@dataclass(frozen=True, eq=False)
class GroupSpec:
    """A grouping factor at the time of the fit.

    Attributes
    ----------
    name : str
        Name of the grouping factor, such as "b:a".
    factor_names : tuple of str
        Texts of the expressions combined.
    parts : tuple of Levels
        Used levels of each of them.
    levels : Levels
        The observed levels of the group.
    """

    name: str
    factor_names: tuple[str, ...]
    parts: tuple[Levels, ...]
    levels: Levels

    def codes(self, values: Sequence[Value], n: int) -> NDArray[np.int32]:
        """Codes of new rows: -1 for a level that is new, -2 for a missing one."""
        coded = [
            recode(as_grouping(text, v), part)
            for text, v, part in zip(self.factor_names, values, self.parts, strict=True)
        ]
        if len(coded) == 1:
            return coded[0]
        assert isinstance(self.levels, CellLevels)
        observed_parts = np.ones(n, dtype=np.bool_)
        gone = np.zeros(n, dtype=np.bool_)
        for codes in coded:
            observed_parts &= codes >= 0
            gone |= codes == MISSING
        out = np.full(n, UNSEEN, dtype=np.int32)
        cells, _ = combine([(c[observed_parts], len(p)) for c, p in zip(coded, self.parts, strict=True)], self.name)
        out[observed_parts] = position_among(self.levels.cells, cells)
        out[gone] = MISSING
        return out


def recode(factor: Factor, levels: Levels) -> NDArray[np.int32]:
    """Codes into other levels: -1 where a level is not among them, -2 where missing."""
    if factor.levels is levels or same_values(factor.levels, levels):
        table = np.arange(len(levels) + 1, dtype=np.int32)
    else:
        table = np.append(levels.places_of(factor.levels), np.int32(0))
    table[-1] = MISSING  # code -1 finds it
    codes: NDArray[np.int32] = table[factor.codes]
    return codes


def same_values(a: Levels, b: Levels) -> bool:
    """Whether two sets of levels are certainly the same, without writing labels."""
    return a.values.dtype == b.values.dtype and a.values.dtype.kind != "O" and np.array_equal(a.values, b.values)
