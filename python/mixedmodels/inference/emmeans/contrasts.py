"""Contrasts of labelled linear functions, within groups and of several factors at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedmodels._typing import Matrix
from mixedmodels.errors import DataError
from mixedmodels.estimates.linear_functions import Level, LinearFunctions
from mixedmodels.frame import label
from mixedmodels.inference.emmeans.contrast_families import Family, family

AMBIGUOUS = re.compile(r"[-+/*]")  # a level with one of these goes in parentheses


@dataclass(frozen=True, kw_only=True)
class Contrasts:
    """Contrasts and what their p-values need.

    Attributes
    ----------
    functions : LinearFunctions
        One row per contrast, labelled by its name and its group.
    name : str
        The column of the contrasts' names.
    adjust : str
        The family's default adjustment.
    pairs : bool
        Whether they are pairwise differences.
    size : int or None
        Number of means compared in a group; None where groups differ.
    are_contrasts : bool
        Whether the coefficients of each sum to 0.
    """

    functions: LinearFunctions
    name: str
    adjust: str
    pairs: bool
    size: int | None
    are_contrasts: bool


def contrasts(
    functions: LinearFunctions,
    method: Any,
    by: Sequence[str] = (),
    *,
    name: str = "contrast",
    enhance: bool = True,
    **options: Any,
) -> Contrasts:
    """Contrasts of the rows within each group of `by`.

    Parameters
    ----------
    method : str, mapping or array_like
        Contrasts as `contrast_families.family` takes them.
    name : str, default "contrast"
        Name of the column with the contrasts' names.
    enhance : bool, default True
        Whether a level that is a number is preceded by its factor's name.
    """
    functions = functions.without_absent()
    groups = functions.groups(by)
    compared = [f for f in functions.levels if f not in by]
    texts = {f: _texts(f, functions.labels[f], enhance and f not in by) for f in compared}
    parts: list[tuple[Family, Any]] = []
    for rows in groups:
        names = [" ".join(texts[f][i] for f in compared) for i in rows]
        if any(AMBIGUOUS.search(text) for text in names):
            names = [f"({text})" if AMBIGUOUS.search(text) else text for text in names]
        parts.append((family(method, names, **options), rows))
    matrix = np.zeros((sum(len(f.names) for f, _ in parts), len(functions)))
    labels: dict[str, list[Level]] = {name: [], **{b: [] for b in by}}
    start = 0
    for made, rows in parts:
        stop = start + len(made.names)
        matrix[start:stop, rows] = made.matrix
        labels[name] += made.names
        for b in by:
            labels[b] += [functions.labels[b][rows[0]]] * len(made.names)
        start = stop
    levels = {name: tuple(dict.fromkeys(labels[name])), **{b: functions.levels[b] for b in by}}
    result = LinearFunctions(
        levels=levels,
        labels={k: tuple(v) for k, v in labels.items()},
        rows=combined(matrix, functions.rows),
        offset=None if functions.offset is None else matrix @ functions.offset,
        weights=np.abs(matrix) @ functions.weights,
    )
    sizes = {len(rows) for rows in groups}
    sums = all(np.abs(f.matrix.sum(axis=1)).max(initial=0.0) < 1e-6 for f, _ in parts)
    return Contrasts(
        functions=result,
        name=name,
        adjust=parts[0][0].adjust if parts else "none",  # of no functions there are no contrasts
        pairs=bool(parts) and parts[0][0].pairs,
        size=sizes.pop() if len(sizes) == 1 else None,
        are_contrasts=sums,
    )


def interaction_contrasts(
    functions: LinearFunctions, methods: Any, by: Sequence[str] = (), **options: Any
) -> Contrasts:
    """Contrasts of contrasts: one family for each factor that is not in `by`.

    Parameters
    ----------
    methods : str, sequence of str or mapping
        One method for all factors, one for each in order, or a mapping from factors to methods.
    """
    factors = [f for f in functions.levels if f not in by]
    chosen = _by_factor(methods, factors)
    vars_ = [*factors, *by]
    made: Contrasts | None = None
    true_contrasts = True
    for factor in reversed(factors):
        method = chosen[factor]
        name = f"{factor}_{method if isinstance(method, str) else 'custom'}"
        others = [v for v in vars_ if v != factor]
        made = contrasts(functions, method, others, name=name, enhance=False, **options)
        true_contrasts &= made.are_contrasts
        functions = made.functions
        vars_[vars_.index(factor)] = name
    assert made is not None
    functions = _in_order(functions, vars_)
    return Contrasts(
        functions=functions, name=made.name, adjust="none", pairs=False, size=None, are_contrasts=true_contrasts
    )


def _in_order(functions: LinearFunctions, names: Sequence[str]) -> LinearFunctions:
    """Rows sorted with the first factor fastest."""
    rank = [{v: i for i, v in enumerate(functions.levels[n])} for n in names]
    columns = [[r[v] for v in functions.labels[n]] for n, r in zip(names, rank, strict=True)]
    moved = functions.take(np.lexsort(columns))
    levels = {n: moved.levels[n] for n in names}
    labels = {n: moved.labels[n] for n in names}
    return LinearFunctions(levels=levels, labels=labels, rows=moved.rows, offset=moved.offset, weights=moved.weights)


def _by_factor(methods: Any, factors: Sequence[str]) -> dict[str, Any]:
    if isinstance(methods, Mapping) and all(f in factors for f in methods):
        lost = [f for f in factors if f not in methods]
        if lost:
            raise DataError(f"interaction names no method for {', '.join(lost)}.")
        return dict(methods)
    sequence = [methods] if isinstance(methods, (str, Mapping)) else list(methods)
    return {f: sequence[i % len(sequence)] for i, f in enumerate(factors)}


def combined(matrix: Matrix, rows: Matrix) -> Matrix:
    """``matrix @ rows``; a row that has a missing number counts only where its coefficient is not 0."""
    missing = np.asarray(~np.isfinite(rows).all(axis=1))
    product = matrix @ np.where(missing[:, None], 0.0, rows)
    product[(matrix[:, missing] != 0).any(axis=1)] = np.nan
    return np.asarray(product)


def _texts(name: str, values: Sequence[Level], enhance: bool) -> list[str]:
    texts = [label(v) for v in values]
    return [name + t for t in texts] if enhance and all(map(_is_number, texts)) else texts


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
