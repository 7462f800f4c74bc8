"""Random effects cut into parts that share no row: the connected components of the graph of levels.

Z'WZ and the covariance of the random effects are block diagonal over these parts: with one grouping factor every level
is one, with nested factors every level of the coarsest, with crossed factors usually all levels together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix
from mixedmodels.design import z_matrix
from mixedmodels.design.records import Design

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Parts:
    """All components that hold the same number of levels of each term: b components of c columns each.

    Attributes
    ----------
    levels : tuple of int
        Number of levels of each random term in such a component.
    zz : ndarray, shape (b, c, c)
        Blocks of Z'WZ of the components; columns go by term, level, effect.
    zx : ndarray, shape (b, c, p)
        Rows of Z'WX of the components.
    """

    levels: tuple[int, ...]
    zz: Array
    zx: Array


@dataclass(frozen=True, slots=True)
class Layout:
    """The place of each column of Z.

    Attributes
    ----------
    order : ndarray of int
        Columns of Z sorted by component.
    starts : ndarray of int
        Positions in `order` where components begin, and the end of the last; length components + 1.
    counts : ndarray of int, shape (components, terms)
        Levels of each term in each component.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    counts: NDArray[np.intp]

    @property
    def largest(self) -> int:
        """Columns of the largest component."""
        return int(np.diff(self.starts).max(initial=0))


def layout(design: Design) -> Layout:
    """Components of the levels of a design."""
    label, count = _labels(design)
    first = np.cumsum([0, *(g.n_levels for g in design.groups)])
    of_column, counts = [], np.empty((count, len(design.random)), dtype=np.intp)
    for t, term in enumerate(design.random):
        of_level = label[first[term.group] : first[term.group + 1]]
        counts[:, t] = np.bincount(of_level, minlength=count)
        of_column.append(np.repeat(of_level, len(term.columns)))
    component = np.concatenate(of_column)
    starts = np.concatenate([[0], np.cumsum(np.bincount(component, minlength=count))])
    return Layout(np.argsort(component, kind="stable").astype(np.intp), starts.astype(np.intp), counts)


def _labels(design: Design) -> tuple[NDArray[Any], int]:
    """Component of each level (the levels of all groups in a row), and how many there are."""
    if len(design.groups) == 1:
        return np.arange(design.groups[0].n_levels), design.groups[0].n_levels
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first = np.cumsum([0, *(g.n_levels for g in design.groups)])
    total = int(first[-1])
    # A row of the table ties one level of each grouping factor to the others'.
    ends = [np.asarray(g.codes, dtype=np.int32) + np.int32(first[i]) for i, g in enumerate(design.groups)]
    rows, cols = np.concatenate([ends[0]] * (len(ends) - 1)), np.concatenate(ends[1:])
    graph = coo_array((np.ones(len(rows), dtype=np.int8), (rows, cols)), shape=(total, total))
    count, label = connected_components(graph.tocsr(), directed=False)
    return label, int(count)


def parts(design: Design, x: Matrix, where: Layout) -> Iterator[Parts]:
    """Components with their cross-products, those of one shape together."""
    z, weights = z_matrix(design), design.weights
    wz = z if weights is None else z.multiply(weights[:, None]).tocsc()
    zz, zx = (z.T @ wz).tocoo(), np.asarray(wz.T @ x)
    rows, cols = zz.coords
    owner = np.repeat(np.arange(len(where.starts) - 1), np.diff(where.starts))
    component, place = np.empty(z.shape[1], dtype=np.intp), np.empty(z.shape[1], dtype=np.intp)
    component[where.order] = owner
    place[where.order] = np.arange(z.shape[1]) - where.starts[owner]
    shapes, shape_of = np.unique(where.counts, axis=0, return_inverse=True)
    shape_of = shape_of.ravel()
    shape_of_entry = shape_of[component[rows]]
    for shape_index, shape in enumerate(shapes):
        members = np.flatnonzero(shape_of == shape_index)
        rank = np.empty(len(where.starts) - 1, dtype=np.intp)
        rank[members] = np.arange(len(members))
        begin = where.starts[members]
        c = int(where.starts[members[0] + 1] - begin[0])
        chosen = np.flatnonzero(shape_of_entry == shape_index)
        i, j = rows[chosen], cols[chosen]
        block = np.zeros((len(members), c, c))
        block[rank[component[i]], place[i], place[j]] = zz.data[chosen]
        columns = where.order[begin[:, None] + np.arange(c)]
        yield Parts(tuple(int(s) for s in shape), block, zx[columns])


def times_blocks(a: Array, blocks: Sequence[Matrix], levels: Sequence[int]) -> Array:
    """``a @ D`` along the last axis, D block diagonal with each term's (k, k) block once per level."""
    out, at = np.empty_like(a), 0
    for block, count in zip(blocks, levels, strict=True):
        end = at + count * len(block)
        shape = (*a.shape[:-1], count, len(block))
        out[..., at:end] = (a[..., at:end].reshape(shape) @ block).reshape(*a.shape[:-1], end - at)
        at = end
    return out
