"""A design with a subset of its rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Vector
from mixedmodels.design.groups import UNSEEN
from mixedmodels.design.records import Design, FixedDesign, GroupingFactor, RandomTerm


def part_of(design: Design, rows: NDArray[np.intp]) -> Design:
    """The design of some of the rows used, in their order. Grouping factors lose levels without rows.

    Columns of X stay as they are, even if one of them becomes constant. The fit decides which of them can be estimated.

    Parameters
    ----------
    rows : ndarray of int
        Positions among the rows used.
    """

    def pick(column: Any) -> Any:
        return None if column is None else np.ascontiguousarray(column[rows])

    def columns(whole: tuple[Vector | None, ...]) -> tuple[Vector | None, ...]:
        return tuple(pick(c) for c in whole)

    fixed = design.fixed
    used = np.arange(design.n_table, dtype=np.intp) if design.rows is None else design.rows
    return replace(
        design,
        response=pick(design.response),
        fixed=FixedDesign(
            names=fixed.names,
            columns=columns(fixed.columns),
            assign=fixed.assign,
            terms=fixed.terms,
            contrasts=fixed.contrasts,
        ),
        groups=tuple(_group(g, rows) for g in design.groups),
        random=tuple(
            RandomTerm(
                label=t.label,
                text=t.text,
                group=t.group,
                effects=t.effects,
                columns=columns(t.columns),
                structure=t.structure,
            )
            for t in design.random
        ),
        weights=pick(design.weights),
        offset=pick(design.offset),
        rows=used[rows],
        dropped=design.n_table - len(rows),
        further=tuple(part_of(other, rows) for other in design.further),
    )


def beside_part(design: Design, left: NDArray[np.intp], rows: NDArray[np.intp]) -> Design:
    """The design of some rows in the levels of the part `left`: codes of levels that the part lacks are `UNSEEN`."""
    new = part_of(design, rows)
    return replace(
        new,
        groups=tuple(_beside(g, left, rows) for g in design.groups),
        further=tuple(beside_part(other, left, rows) for other in design.further),
    )


def _beside(group: GroupingFactor, left: NDArray[np.intp], rows: NDArray[np.intp]) -> GroupingFactor:
    present = np.zeros(group.n_levels, dtype=bool)
    present[group.codes[left]] = True
    new = np.where(present, np.cumsum(present) - 1, UNSEEN).astype(np.int32)
    return GroupingFactor(group.name, new[group.codes[rows]], group.levels.take(np.flatnonzero(present)))


def _group(group: GroupingFactor, rows: NDArray[np.intp]) -> GroupingFactor:
    codes = group.codes[rows]
    present = np.zeros(group.n_levels, dtype=bool)
    present[codes] = True
    if present.all():
        return GroupingFactor(group.name, np.ascontiguousarray(codes), group.levels)
    new = (np.cumsum(present) - 1).astype(group.codes.dtype)
    return GroupingFactor(group.name, new[codes], group.levels.take(np.flatnonzero(present)))
