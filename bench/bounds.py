"""Lower bounds on the time of each kernel, from what the machine was measured to do.

A bound is the larger of two times: bytes that must be moved over the copy bandwidth of all threads, and floating-point
operations over the matrix-product rate of all threads. Nothing about our way of doing it enters, except for sparse
middles: there the operations are those of the order that the engine found, since the least possible is unknown.

Counts. Let a row hold m numbers: k of each random term, p of X, the response.
* Gram: reads every column and code once; m (m + 1) / 2 multiply-adds a row.
* Criterion: the factor with most levels is eliminated, sum over its levels of (k n_l)^2 / 2 multiply-adds, n_l being
  the number of other random effects that meet the level; then the dense Cholesky factor of the q_t others, q_t^3 / 3
  operations. Where all factors nest there is no dense rest. Each level's own block (k by k) and its products with X and
  the response are read and eliminated.
* Evaluate: the gradient adds an inverse of the rest, 2 q_t^3 / 3, and a sweep over the same pattern, sum (k n_l)^2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from machine import Machine


@dataclass(frozen=True)
class Work:
    """Bytes that must be moved and floating-point operations that must be done."""

    moved: float
    operations: float

    def seconds(self, machine: Machine) -> float:
        return max(self.moved / machine.copy_all, self.operations / machine.product_all)

    def __add__(self, other: Work) -> Work:
        return Work(self.moved + other.moved, self.operations + other.operations)

    def __mul__(self, times: float) -> Work:
        return Work(self.moved * times, self.operations * times)


def _random_columns(design: Any) -> int:
    return sum(len(term.columns) for term in design.random)


def gram(design: Any) -> Work:
    n = len(design.response)
    arrays = {id(c) for c in design.fixed.columns if c is not None}
    arrays |= {id(c) for term in design.random for c in term.columns if c is not None}
    row = _random_columns(design) + len(design.fixed.columns) + 1
    weights = 0 if design.weights is None else 8
    return Work(n * (8 * (len(arrays) + 1) + 4 * len(design.groups) + weights), n * row * (row + 1))


def _widths(design: Any) -> list[int]:
    """Random effects per level, of each grouping factor."""
    widths = [0] * len(design.groups)
    for term in design.random:
        widths[term.group] += len(term.columns)
    return widths


def _pairs(design: Any, one: int, other: int) -> tuple[np.ndarray, np.ndarray]:
    """Levels of two factors that occur together, each pair once."""
    size = design.groups[other].n_levels
    found = np.unique(design.groups[one].codes.astype(np.int64) * size + design.groups[other].codes)
    return found // size, found % size


def _is_nested(design: Any) -> bool:
    """Every factor nests in the next one (they come by decreasing number of levels)."""
    order = range(len(design.groups))
    return all(len(_pairs(design, i, i + 1)[0]) == design.groups[i].n_levels for i in order[:-1])


def elimination(design: Any) -> tuple[float, float]:
    """Sum of (k n_l)^2 over the levels of the largest factor, and the number of effects in the dense rest."""
    widths = _widths(design)
    levels = [group.n_levels for group in design.groups]
    first = int(np.argmax([k * size for k, size in zip(widths, levels, strict=True)]))
    met = np.zeros(levels[first])
    for other, width in enumerate(widths):
        if other != first:
            met += width * np.bincount(_pairs(design, first, other)[0], minlength=levels[first])
    rest = sum(k * size for i, (k, size) in enumerate(zip(widths, levels, strict=True)) if i != first)
    if _is_nested(design):
        # A tree: each level meets its ancestors only, and nothing dense is left.
        total = sum(
            size * (k * (1 + sum(widths[i + 1 :]))) ** 2 for i, (k, size) in enumerate(zip(widths, levels, strict=True))
        )
        return float(total), 0.0
    return float(np.sum((widths[first] * met) ** 2)) + levels[first] * widths[first] ** 3, float(rest)


def _blocks(design: Any) -> Work:
    """Reading each level's own block and its cross-products with X and the response once, and eliminating them."""
    right = len(design.fixed.columns) + 1
    moved = operations = 0.0
    for width, group in zip(_widths(design), design.groups, strict=True):
        moved += 8.0 * group.n_levels * (width * (width + 1) / 2 + width * right)
        operations += group.n_levels * (width**3 / 3 + width**2 * right + width * right * (right + 1))
    return Work(moved, operations)


def criterion(design: Any, described: dict[str, Any]) -> Work:
    spread, rest = elimination(design)
    own = _blocks(design)
    if "sparse" in str(described.get("path", "")):
        return own + Work(0, float(described.get("predicted_flops", described.get("flops", 0.0))))
    return own + Work(0, spread + rest**3 / 3)


def evaluate(design: Any, described: dict[str, Any]) -> Work:
    spread, rest = elimination(design)
    if "sparse" in str(described.get("path", "")):
        return criterion(design, described) * 3
    # The blocks of the levels are read again and their inverses formed, at about the cost of eliminating them.
    return criterion(design, described) + _blocks(design) + Work(0, 2 * spread + 2 * rest**3 / 3)
