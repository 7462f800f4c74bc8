"""The columns that poolings compare: those of the fixed effects, and what varies among levels besides."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design
from mixedmodels.design.records import FixedDesign
from mixedmodels.fit.any_fit import AnyMixedFit

SPANNED = 1e-9  # relative distance of a column from the span of others that is rounding

Column = Vector | None


@dataclass(frozen=True)
class Wide:
    """A mixed model's design without groups.

    Attributes
    ----------
    design : Design
        Design whose fixed columns are the q columns compared, and whose response is that of the family.
    shifts : ndarray, shape (L, q)
        Sums of the modes that belong to these columns, level by level.
    varies : ndarray of bool, shape (q,)
        Columns to which the modes add.
    added : tuple of tuple of two int
        Random term of each column that is no fixed effect, and the column's place among that term's effects.
    """

    design: Design
    shifts: Matrix
    varies: NDArray[np.bool_]
    added: tuple[tuple[int, int], ...]


def wide_design(design: Design, fit: AnyMixedFit, group: int) -> Wide:
    """Columns of the fixed effects, then those that only vary among the levels of `group`.

    An effect that is a combination of columns that are there, as ``(0 + f | g)`` beside ``f``, adds to these.
    """
    n = fit.n
    names = [design.fixed.names[j] for j in fit.kept]
    columns: list[Column] = [design.fixed.columns[j] for j in fit.kept]
    assign = [design.fixed.assign[j] for j in fit.kept]
    parts: list[tuple[Vector, Vector]] = []
    added = list[tuple[int, int]]()
    for i, (term, modes) in enumerate(zip(design.random, fit.b, strict=True)):
        if term.group != group:
            continue
        for j, (effect, column) in enumerate(zip(term.effects, term.columns, strict=True)):
            share = _combination(columns, column, n)
            if share is None:
                names.append(effect if effect not in names else f"{effect} ({term.label})")
                columns.append(column)
                added.append((i, j))
                assign.append(-1 if column is None else len(design.fixed.terms))
                share = np.eye(len(columns))[-1]
            parts.append((modes[:, j], share))
    q = len(columns)
    padded = [(modes, np.pad(share, (0, q - len(share)))) for modes, share in parts]
    shifts = np.zeros((design.groups[group].n_levels, q))
    for modes, share in padded:
        shifts += modes[:, None] * share
    varies = np.any([share != 0 for _, share in padded], axis=0)
    fixed = FixedDesign(names=tuple(names), columns=tuple(columns), assign=tuple(assign), terms=design.fixed.terms)
    # a family's own form of the response, so that counts of successes are proportions with trials
    weights, response = (fit.weights, fit.y) if fit.generalized else (design.weights, design.response)
    wide = replace(design, fixed=fixed, groups=(), random=(), response=response, weights=weights)
    return Wide(wide, shifts, np.asarray(varies), tuple(added))


def _combination(columns: list[Column], wanted: Column, n: int) -> Vector | None:
    """Weights with which the columns make up another one, None if they do not."""
    for j, column in enumerate(columns):  # nearly always one of them itself
        same = column is wanted or (column is not None and wanted is not None and np.array_equal(column, wanted))
        if same:
            return np.asarray(np.eye(len(columns))[j])
    if not columns:
        return None
    target = _dense(wanted, n)
    x = np.column_stack([_dense(c, n) for c in columns])
    scale = np.linalg.norm(x, axis=0)
    scaled, *_ = np.linalg.lstsq(x / scale, target, rcond=None)
    if np.linalg.norm(x @ (scaled / scale) - target) > SPANNED * np.linalg.norm(target):
        return None
    weights = scaled / scale
    weights[np.abs(weights) < SPANNED * np.abs(weights).max()] = 0.0
    return np.asarray(weights)


def _dense(column: Column, n: int) -> Vector:
    return np.ones(n) if column is None else column
