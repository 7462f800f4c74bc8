"""Random effects taken out of a model's rows: what V^-1 does to X, and its diagonal.

V^-1 = W - W U C^-1 U'W with U = Z Lambda and C = U'WU + I. C is block diagonal over the components of levels that share
no row; every block is inverted once, and a row meets one block only, in as many places as it has random effects.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mixedmodels.design.records import Design
from mixedmodels.errors import FitError
from mixedmodels.fit.record import Matrix, Vector
from mixedmodels.inference.level_components import Layout, layout, parts, times_blocks

LARGEST = 12_000  # random effects that depend on each other; the inverse of more would need gigabytes


def absorbed(design: Design, lam: list[Matrix], weights: Vector, x: Matrix) -> tuple[Matrix, Vector, Vector]:
    """V^-1 X, the diagonal of V^-1, and the diagonal of U U'; shapes (n, p), (n,) and (n,).

    Raises
    ------
    FitError
        If too many random effects depend on each other.
    """
    where = layout(design)
    if where.largest > LARGEST:
        raise FitError(
            f"leverages need the inverse of a matrix of the {where.largest:,} random effects that depend on each other "
            f"because their factors are crossed, and more than {LARGEST:,} are out of reach; influence(group) with "
            "theta='one_step' or 'refit' deletes levels without it."
        )
    component, places, values = _row_columns(design, lam, where)
    wx = weights[:, None] * x
    forms, moved = np.empty(len(weights)), np.empty_like(wx)
    kinds = np.unique(where.counts, axis=0, return_inverse=True)[1].ravel()
    rank = np.empty(len(kinds), dtype=np.intp)
    for kind, part in enumerate(parts(replace(design, weights=weights), x, where)):
        members = np.flatnonzero(kinds == kind)
        rank[members] = np.arange(len(members))
        rows = slice(None) if len(members) == len(kinds) else np.flatnonzero(kinds[component] == kind)
        block = rank[component[rows]][:, None]
        uz = times_blocks(part.zz, lam, part.levels).transpose(0, 2, 1)
        c = times_blocks(uz, lam, part.levels)
        c[:, np.arange(c.shape[1]), np.arange(c.shape[1])] += 1.0
        inverse = np.linalg.inv(c)
        ux = times_blocks(part.zx.transpose(0, 2, 1), lam, part.levels).transpose(0, 2, 1)
        at, v = places[rows], values[rows]
        forms[rows] = _forms(inverse, block, at, v)
        moved[rows] = np.einsum("ia,iap->ip", v, (inverse @ ux)[block, at])
    moved = wx - weights[:, None] * moved
    return moved, weights - weights**2 * forms, np.einsum("ia,ia->i", values, values)


def _forms(inverse: NDArray[np.float64], block: NDArray[np.intp], at: NDArray[np.intp], v: Matrix) -> Vector:
    """``u'C^-1 u`` of rows whose u has the values `v` in the places `at` of a block."""
    out = np.zeros(len(v))
    for a in range(v.shape[1]):
        out += v[:, a] ** 2 * inverse[block[:, 0], at[:, a], at[:, a]]
        for b in range(a):
            out += 2 * v[:, a] * v[:, b] * inverse[block[:, 0], at[:, a], at[:, b]]
    return out


def _row_columns(design: Design, lam: list[Matrix], where: Layout) -> tuple[NDArray[np.intp], NDArray[np.intp], Matrix]:
    """Of every row its component, the places of its random effects in there, and its values in U; K a row."""
    n = len(design.groups[0].codes)
    owner = np.repeat(np.arange(len(where.starts) - 1), np.diff(where.starts))
    component, place = np.empty(len(owner), dtype=np.intp), np.empty(len(owner), dtype=np.intp)
    component[where.order] = owner
    place[where.order] = np.arange(len(owner)) - where.starts[owner]
    columns, values, first = [], [], 0
    for term, t in zip(design.random, lam, strict=True):
        k, group = len(t), design.groups[term.group]
        z = np.column_stack([np.ones(n) if c is None else c for c in term.columns])
        values.append(z @ t)
        columns.append(first + group.codes.astype(np.intp)[:, None] * k + np.arange(k))
        first += group.n_levels * k
    joined = np.concatenate(columns, axis=1)
    return component[joined[:, 0]], place[joined], np.concatenate(values, axis=1)
