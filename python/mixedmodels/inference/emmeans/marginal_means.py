"""Estimated marginal means: averages of a reference grid over all other factors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.estimates.linear_functions import LinearFunctions, cells
from mixedmodels.inference.emmeans.nested_factors import existing

WEIGHTS = ("equal", "proportional", "outer", "cells", "flat")
Weights = Any  # one of WEIGHTS, a mapping factor -> weights of its levels, or an array over the cells averaged


@dataclass(frozen=True)
class Averages:
    """Means and what they are means over.

    Attributes
    ----------
    functions : LinearFunctions
        One row per mean.
    averaged : tuple of str
        The factors averaged over.
    """

    functions: LinearFunctions
    averaged: tuple[str, ...]


def marginal_means(grid: LinearFunctions, factors: Sequence[str], weights: Weights = "equal") -> Averages:
    """Average a grid over all factors but some.

    Parameters
    ----------
    factors : sequence of str
        Factors that remain, the first fastest; () for one overall mean.
    weights : str, mapping or array_like, default "equal"
        Weights of what is averaged over: "equal"; "proportional" to the frequencies of the combinations averaged over;
        "outer", the product of their one-factor frequencies; "cells", the frequencies of the cells; "flat", equal where
        a cell occurs; a mapping from factors to one weight per level; or one weight for each combination averaged over,
        the first factor fastest.
    """
    unknown = [f for f in factors if f not in grid.levels]
    if unknown:
        raise UnknownColumnError(f"{unknown[0]!r} is not in the reference grid; it has {', '.join(grid.levels)}.")
    if grid.nesting:
        return _nested(grid, tuple(factors), weights)
    return _regular(grid, tuple(factors), weights)


def check_weights(grid: LinearFunctions, weights: Weights) -> None:
    """Refuse weights for factors that the grid does not have.

    Raises
    ------
    UnknownColumnError
        If there are such.
    """
    names = [name for name in weights if name not in grid.levels] if isinstance(weights, Mapping) else []
    if names:
        raise UnknownColumnError(
            f"weights are given for {names[0]!r}, which is not in the reference grid; it has {', '.join(grid.levels)}."
        )


def _regular(grid: LinearFunctions, factors: tuple[str, ...], weights: Weights) -> Averages:
    if not grid.is_regular:
        raise DataError("the grid lacks some combinations of its levels, so that means over them are not defined.")
    levels = {f: grid.levels[f] for f in factors}
    over = [f for f, values in grid.levels.items() if f not in levels]
    averaged = tuple(f for f in over if len(grid.levels[f]) > 1)
    frequency = grid.weights + 1.0 if (np.abs(grid.weights) <= 1e-12).all() else grid.weights
    w = _cell_weights(grid, levels, over, frequency, weights)
    label_of = {key: i for i, key in enumerate(zip(*cells(levels).values(), strict=True))} if levels else {(): 0}
    keys = zip(*(grid.labels[f] for f in factors), strict=True) if factors else [()] * len(grid)
    member = np.zeros((len(label_of), len(grid)))
    for i, key in enumerate(keys):
        member[label_of[key], i] = 1.0
    share = member * w
    total = share.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(total > 1e-12, share / total, np.nan)
    made = LinearFunctions(
        levels=levels if levels else {"1": ("overall",)},
        labels=cells(levels) if levels else {"1": ("overall",)},
        rows=share @ grid.rows,
        offset=None if grid.offset is None else share @ grid.offset,
        weights=member @ grid.weights,
    )
    return Averages(made, averaged)


def _cell_weights(
    grid: LinearFunctions, levels: Mapping[str, Any], over: Sequence[str], frequency: Vector, weights: Weights
) -> Vector:
    """One weight for each cell of the grid."""
    if isinstance(weights, str):
        # R matches the beginning of a word: "prop".
        weights = next((w for w in WEIGHTS if weights and w.startswith(weights.lower())), weights)
        if weights not in WEIGHTS:
            raise DataError(f"weights is {weights!r}; it is one of {', '.join(map(repr, WEIGHTS))}, or numbers.")
        if weights == "equal" or not over:
            return np.ones(len(grid))
        if np.isnan(frequency).any():
            raise DataError(
                f"weights={weights!r} need the rows that the model was fitted to, and a model loaded from a file has "
                "none; take weights='equal' or numbers."
            )
        if weights == "cells":
            return frequency
        if weights == "flat":
            return (frequency > 0).astype(float)
        if weights == "proportional":
            return _marginal(grid, over, frequency)
        return np.asarray(np.prod([_marginal(grid, [f], frequency) for f in over], axis=0))
    if isinstance(weights, Mapping):
        each = [_by_level(grid, f, weights[f]) for f in over if f in weights]
        return np.asarray(np.prod([np.ones(len(grid)), *each], axis=0))
    numbers = np.asarray(weights, dtype=float)
    keys = list(product(*(grid.levels[f] for f in reversed(over))))
    if numbers.shape != (len(keys),):
        raise DataError(
            f"weights has shape {numbers.shape}; the means are over {len(keys)} combinations of {', '.join(over)}."
        )
    of = {key[::-1]: w for key, w in zip(keys, numbers, strict=True)}
    return np.array([of[key] for key in zip(*(grid.labels[f] for f in over), strict=True)])


def _marginal(grid: LinearFunctions, names: Sequence[str], frequency: Vector) -> Vector:
    """For each cell, the frequency of its combination of `names`."""
    keys = list(zip(*(grid.labels[f] for f in names), strict=True))
    total: dict[Any, float] = {}
    for key, w in zip(keys, frequency, strict=True):
        total[key] = total.get(key, 0.0) + float(w)
    return np.array([total[key] for key in keys])


def _by_level(grid: LinearFunctions, name: str, weights: Any) -> Vector:
    """Weights of the levels of one factor, by label or in order, for each cell."""
    levels = grid.levels[name]
    named = (
        weights if isinstance(weights, Mapping) else dict(zip(levels, np.asarray(weights, dtype=float), strict=True))
    )
    try:
        return np.array([float(named[v]) for v in grid.labels[name]])
    except KeyError as cause:
        raise DataError(
            f"weights of {name!r} have no level {cause}; its levels are {', '.join(map(str, levels))}."
        ) from None


def _nested(grid: LinearFunctions, factors: tuple[str, ...], weights: Weights) -> Averages:
    """Means of a grid with nested factors: a factor asked for brings its hosts, and absent cells do not count."""
    nesting = grid.nesting
    inner_factors = [f for f in factors if f in nesting]
    hosts = [h for f in inner_factors for h in nesting[f]]
    wanted = tuple(dict.fromkeys([*inner_factors, *hosts, *factors]))
    gone = [f for f in nesting if f not in wanted]
    plain = replace(grid, nesting={}, shown=None)
    if not gone:
        means = _regular(plain, wanted, weights)
    else:
        inner = sorted(gone, key=lambda f: len(nesting[f]), reverse=True)[0]
        means = _over_nested(plain, nesting, inner, [f for f in gone if f != inner], wanted, weights)
    made = means.functions
    kept = {f: tuple(h for h in hosts if h in made.levels) for f, hosts in nesting.items() if f in made.levels}
    kept = {f: h for f, h in kept.items() if h}
    if inner_factors:
        made = replace(made, shown=existing(made, inner_factors, nesting))
    return Averages(replace(made, nesting=kept), means.averaged)


def _over_nested(
    grid: LinearFunctions,
    nesting: Mapping[str, tuple[str, ...]],
    inner: str,
    others: Sequence[str],
    wanted: tuple[str, ...],
    weights: Weights,
) -> Averages:
    """First average the innermost factor over the levels that occur within its hosts, then the rest."""
    hosts = list(dict.fromkeys([*nesting[inner], *others]))
    between = tuple(dict.fromkeys([*wanted, *hosts]))
    parts: list[LinearFunctions] = []
    averaged: dict[str, None] = {}
    for rows in grid.groups(hosts):
        here = grid.take(rows)
        present = {v for v, w in zip(here.labels[inner], here.weights, strict=True) if w > 0}
        if not present:
            present = set(here.labels[inner])
        chosen = np.array([i for i, v in enumerate(here.labels[inner]) if v in present], dtype=np.intp)
        part = _regular(here.take(chosen), between, weights)
        averaged.update(dict.fromkeys(part.averaged))
        parts.append(part.functions)
    stacked = _stack(parts, {f: grid.levels[f] for f in between})
    left = {f: h for f, h in nesting.items() if f in stacked.levels}
    final = marginal_means(replace(stacked, nesting=left), wanted, weights)
    over = dict.fromkeys([f for f in averaged if f not in between])
    over.update(dict.fromkeys(final.averaged))
    return Averages(final.functions, tuple(over))


def _stack(parts: Sequence[LinearFunctions], levels: Mapping[str, tuple[Any, ...]]) -> LinearFunctions:
    """Parts of a grid put together in standard order."""
    keys = [key for part in parts for key in zip(*(part.labels[f] for f in levels), strict=True)]
    place = {key: i for i, key in enumerate(keys)}
    order = [place[key] for key in zip(*cells(levels).values(), strict=True)]
    rows = np.vstack([part.rows for part in parts])[order]
    offsets = [part.offset for part in parts if part.offset is not None]
    offset = np.concatenate(offsets)[order] if offsets else None
    return LinearFunctions(
        levels=dict(levels),
        labels=cells(levels),
        rows=rows,
        offset=offset,
        weights=np.concatenate([p.weights for p in parts])[order],
    )
