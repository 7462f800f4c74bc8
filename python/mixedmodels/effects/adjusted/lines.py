"""Rows along a number for every level of a group, for lines by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Vector
from mixedmodels.effects.adjusted.grid import Layout, lay_out
from mixedmodels.effects.adjusted.variables import Typical, Variables
from mixedmodels.errors import DataError
from mixedmodels.estimates.predictors import column_like, take_rows
from mixedmodels.formula.nodes import column_names
from mixedmodels.frame import Column, Factor, Numeric

POINTS = 21  # of a line, by default
Span = Literal["own", "common"]


@dataclass(frozen=True)
class LevelRows:
    """Rows along a number, level by level.

    Attributes
    ----------
    codes : ndarray of int, shape (r,)
        Level of each row; -1 for the typical line.
    x : ndarray, shape (r,)
        Value of the number.
    layout : Layout
        Layout of the rows in the design of the fit.
    """

    codes: NDArray[np.intp]
    x: Vector
    layout: Layout


def group_columns(variables: Variables, group: int) -> tuple[str, ...]:
    """The columns that a grouping factor is made of."""
    design = variables.design
    name = design.groups[group].name
    for bar in design.spec.formula.random:
        if bar.group == name:
            return tuple(dict.fromkeys(n for node in bar.factors for n in column_names(node)))
    raise DataError(f"the formula has no term of the group {name!r}.")  # pragma: no cover


def number_values(variables: Variables, x: str) -> Vector:
    """Values of the number that lines run along.

    Raises
    ------
    DataError
        If it is no number of the model.
    """
    variables.check([x], "x")
    column = variables.columns[x]
    if not variables.is_number(x) or not isinstance(column, Numeric):
        raise DataError(f"{x!r} is a factor in this model; lines run along a number.")
    return column.values


def spans(
    values: Vector, codes: NDArray[np.signedinteger], n_levels: int, span: Span, wanted: Any, points: int
) -> list[Vector]:
    """Values of the number for each level.

    Parameters
    ----------
    span : {"own", "common"}
        Range of the values: "own" for each level's own range, "common" for that of all.
    wanted : array_like
        Values themselves, the same for all levels, or None.
    points : int
        Number of values, equally spaced, where none are given.
    """
    if wanted is not None:
        try:
            chosen = np.atleast_1d(np.asarray(wanted, dtype=float))
        except (TypeError, ValueError):
            raise DataError(f"values are {wanted!r:.80}; give numbers.") from None
        return [chosen] * n_levels
    if span not in ("own", "common"):
        raise DataError(f"span is {span!r}; it is 'own' or 'common'.")
    if points < 2:
        raise DataError(f"a line needs 2 points at least; got {points}.")
    if span == "common":
        return [np.linspace(values.min(), values.max(), points)] * n_levels
    low, high = np.full(n_levels, np.inf), np.full(n_levels, -np.inf)
    np.minimum.at(low, codes, values)
    np.maximum.at(high, codes, values)
    return [np.linspace(a, b, points) if b > a else np.array([a]) for a, b in zip(low, high, strict=True)]


def level_rows(
    variables: Variables,
    group: int,
    x: str,
    values: Sequence[Vector],
    *,
    typical: Typical = "mean",
    condition: Mapping[str, Any] | None = None,
    offset: float | None = None,
) -> LevelRows:
    """Rows of every level along x; other variables have the level's value if constant within levels, else typical ones.

    Parameters
    ----------
    values : sequence of ndarray
        Values of x for each level.
    condition : mapping of str, optional
        Values of variables in place of their typical or own ones.
    offset : float, optional
        Value for an offset argument that was an array.
    """
    factor = variables.design.groups[group]
    codes = np.repeat(np.arange(factor.n_levels), [len(v) for v in values])
    first = np.full(factor.n_levels, -1, dtype=np.intp)
    first[factor.codes[::-1]] = np.arange(len(factor.codes))[::-1]
    own = set(group_columns(variables, group))
    columns: dict[str, Column] = {}
    for name in (*variables.fixed, *variables.random, *variables.groups, *variables.offset):
        if name == x:
            columns[name] = Numeric(np.concatenate(values))
        elif condition and name in condition:
            columns[name] = column_like(variables.columns[name], [condition[name]] * len(codes))
        elif name in own or (name not in variables.groups and _constant_within(variables.columns[name], factor)):
            columns[name] = take_rows(variables.columns[name], first[codes])
        elif name not in variables.groups:
            columns[name] = column_like(variables.columns[name], [variables.typical(name, typical)] * len(codes))
    layout = lay_out(variables, columns, len(codes), offset)
    return LevelRows(codes, np.concatenate(values), layout)


def _constant_within(column: Column, factor: Any) -> bool:
    values = column.codes if isinstance(column, Factor) else column.values
    low, high = np.full(factor.n_levels, np.inf), np.full(factor.n_levels, -np.inf)
    np.minimum.at(low, factor.codes, values)
    np.maximum.at(high, factor.codes, values)
    return bool((low == high).all())
