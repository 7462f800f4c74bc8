"""Grids of values: some variables at values of one's choice, the others at a mean or mode.

As the package marginaleffects makes them, numbers stand at their mean, whole numbers at their rounded mean, everything
else (numbers 0 and 1, truth values, factors, groups) at its most frequent value, the first in the data of several.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np

from mixedmodels.effects.adjusted.focal_values import chosen_level
from mixedmodels.effects.adjusted.grid import LIMIT
from mixedmodels.effects.adjusted.pretty import five_numbers
from mixedmodels.effects.adjusted.variables import Variables
from mixedmodels.errors import DataError
from mixedmodels.estimates.linear_functions import Level
from mixedmodels.estimates.predictors import column_like, distinct
from mixedmodels.frame import Column, Factor, Logical, Numeric, Table

GRIDS = ("mean", "median", "balanced")


def grid_columns(variables: Variables, table: Table, values: Mapping[str, Any], how: str) -> dict[str, Column]:
    """All combinations of values, the first variable slowest, as columns; other variables at one value.

    Parameters
    ----------
    table : Table
        The rows of the fit, of whose columns values may be of too.
    values : mapping of str
        Values of variables: one, several, or a function of the column's values.
    how : {"mean", "median", "balanced"}
        Value of the others: "mean" (or mode), "median" (or mode), "balanced" for every level of what is no number.

    Raises
    ------
    UnknownColumnError, DataError
        If a variable or level does not exist, or the grid is large beyond reason.
    """
    if how not in GRIDS:
        raise DataError(f"a grid is one of {', '.join(map(repr, GRIDS))}, not {how!r}.")
    chosen: dict[str, Sequence[Level]] = {}
    like: dict[str, Column] = {}
    for name, wanted in values.items():
        like[name] = variables.columns[name] if name in variables.columns else table.column(name)
        chosen[name] = values_of_variable(variables, name, like[name], wanted)
    for name in (*variables.fixed, *variables.random, *variables.groups, *variables.offset):
        if name not in chosen:
            like[name] = variables.columns[name]
            chosen[name] = _typical(variables, name, how)
    return _crossed(chosen, like)


def _crossed(chosen: Mapping[str, Sequence[Level]], like: Mapping[str, Column]) -> dict[str, Column]:
    size = prod(len(v) for v in chosen.values())
    if size > LIMIT:
        counts = ", ".join(f"{name} {len(v)}" for name, v in chosen.items() if len(v) > 1)
        raise DataError(f"the grid would have {size} rows, more than {LIMIT}; ask for fewer values. Now: {counts}.")
    rows = list(product(*chosen.values()))
    return {name: column_like(like[name], [row[j] for row in rows]) for j, name in enumerate(chosen)}


def values_of_variable(variables: Variables, name: str, column: Column, wanted: Any) -> list[Level]:
    """Values of one variable as the model knows them: levels by their labels, numbers as they are."""
    given = wanted(raw_values(column)) if callable(wanted) else wanted
    listed = [given] if isinstance(given, str) or np.ndim(given) == 0 else list(given)
    if not listed:
        raise DataError(f"no value of {name!r} is given; give one or several.")
    listed = list(dict.fromkeys(listed))
    if isinstance(column, Numeric) and (name not in variables.columns or variables.is_number(name)):
        try:
            return [float(v) for v in listed]
        except (TypeError, ValueError):
            raise DataError(f"{name!r} is a number, and its values are given as {listed!r:.80}.") from None
    if name in variables.columns:
        return [chosen_level(name, v, variables) for v in listed]
    return [_level(name, v, column) for v in listed]


def _level(name: str, value: Any, column: Column) -> Level:
    own = distinct(column)
    for level in own:
        if level == value or str(level) == str(value):
            return level
    raise DataError(f"{name!r} has no value {value!r}; it has {', '.join(map(str, own[:20]))}.")


def raw_values(column: Column) -> Any:
    """The values of a column as an array for a user's function: labels of a factor, numbers, truth values."""
    if isinstance(column, Factor):
        return np.array([column.levels.labels[c] for c in column.codes if c >= 0])
    return column.values.astype(bool) if isinstance(column, Logical) else column.values


def is_binary(column: Column) -> bool:
    """Whether a number is 0 or 1 wherever it is not missing."""
    if not isinstance(column, Numeric):
        return False
    known = column.values[~np.isnan(column.values)]
    return bool(len(known)) and bool(np.isin(known, (0.0, 1.0)).all())


def _typical(variables: Variables, name: str, how: str) -> list[Level]:
    column = variables.columns[name]
    if not variables.is_number(name) or is_binary(column):
        return distinct(column) if how == "balanced" else [_mode(column)]
    assert isinstance(column, Numeric)
    if how == "median":
        return [float(np.median(column.values))]
    mean = float(np.mean(column.values))
    whole = bool((column.values == np.round(column.values)).all())
    return [float(np.round(mean)) if whole else mean]


def _mode(column: Column) -> Level:
    """The most frequent value, of several the first in the data."""
    raw = column.codes if isinstance(column, Factor) else column.values
    values, first, counts = np.unique(raw, return_index=True, return_counts=True)
    best = np.flatnonzero(counts == counts.max())
    value = values[best[np.argmin(first[best])]]
    if isinstance(column, Factor):
        return column.levels.labels[int(value)]
    return bool(value) if isinstance(column, Logical) else float(value)


def shortcut(name: str, word: str, x: Any) -> list[float]:
    """The values that a word stands for: "sd", "2sd", "iqr", "minmax", "threenum", "fivenum".

    Raises
    ------
    DataError
        If there is no such word.
    """
    if word not in SHORTCUTS:
        raise DataError(
            f"{name!r} is a number, and {word!r} says no values of it; give numbers or {_listed(SHORTCUTS)}."
        )
    return [float(v) for v in SHORTCUTS[word](np.asarray(x, dtype=float))]


def _around(x: Any, width: float) -> list[float]:
    middle, half = float(np.mean(x)), float(np.std(x, ddof=1)) * width / 2
    return [middle - half, middle + half]


SHORTCUTS: dict[str, Callable[[Any], Sequence[float]]] = {
    "sd": lambda x: _around(x, 1.0),
    "2sd": lambda x: _around(x, 2.0),
    "iqr": lambda x: np.quantile(x, [0.25, 0.75]).tolist(),
    "minmax": lambda x: [float(np.min(x)), float(np.max(x))],
    "threenum": lambda x: [_around(x, 2.0)[0], float(np.mean(x)), _around(x, 2.0)[1]],
    "fivenum": lambda x: five_numbers(np.sort(x)).tolist(),
}


def _listed(words: Any) -> str:
    return ", ".join(map(repr, words))
