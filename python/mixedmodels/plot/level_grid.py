"""Rows for the lines of a level: one predictor varies, the others are held at typical values of the level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Vector
from mixedmodels.design import on_new_data
from mixedmodels.design.records import Design
from mixedmodels.design.spec import FactorSpec
from mixedmodels.effects.pooling.level_effects import LevelEffects
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.fit.moments import fixed_part
from mixedmodels.frame import Factor, Numeric
from mixedmodels.plot.subjects import FittedMixed


@dataclass(frozen=True)
class Running:
    """The predictor that varies along the lines.

    Attributes
    ----------
    name : str
        Name of its column.
    values : ndarray
        Places at which lines are computed: numbers, or 0, 1, ... for a factor.
    rows : ndarray
        Value of the variable in each row used, in the same units.
    labels : tuple of str or None
        Labels of a factor's levels; None for a number.
    """

    name: str
    values: Vector
    rows: Vector
    labels: tuple[str, ...] | None


def column_table(fit: FittedMixed) -> Any:
    """The columns of the rows used."""
    return frame.read(fit.frame)


def default_predictor(fit: FittedMixed, place: int) -> str | None:
    """The column that the group's slopes belong to, else the first number among the predictors, else a factor."""
    table = column_table(fit)
    design: Design = fit.design
    slopes = [e for t in design.random if t.group == place for e in t.effects]
    variables = [v for v in design.spec.formula.fixed.variables_used() if v in table]
    variables += [v for v in (e for e in slopes) if v in table and v not in variables]
    numeric = [v for v in variables if isinstance(table.column(v), Numeric)]
    for name in slopes:
        if name in numeric:
            return name
    return next(iter([*numeric, *variables]), None)


def running(fit: FittedMixed, name: str, x_range: Sequence[float] | None, points: int) -> Running:
    """The predictor of that name, with the places at which its lines are computed.

    Raises
    ------
    UnknownColumnError, DataError
    """
    table = column_table(fit)
    if name not in table:
        raise UnknownColumnError(f"x={name!r} is no column of the model; it has {', '.join(table.names)}.")
    column = table.column(name)
    if not isinstance(column, Numeric):
        factor = frame.as_factor(column)
        if x_range is not None:
            raise DataError(f"x_range is for numbers, but {name!r} is a factor; leave it out.")
        return Running(
            name, np.arange(len(factor.levels), dtype=float), factor.codes.astype(float), factor.levels.labels
        )
    rows = column.values
    low, high = float(np.nanmin(rows)), float(np.nanmax(rows))
    if x_range is not None:
        try:
            low, high = (float(v) for v in x_range)
        except (TypeError, ValueError) as cause:
            raise DataError(f"x_range must be two numbers, the ends of the lines; got {x_range!r}.") from cause
        if not low < high:
            raise DataError(f"x_range must have the smaller number first; got {x_range!r}.")
    return Running(name, np.linspace(low, high, points), rows, None)


def grid_design(fit: FittedMixed, place: int, x: Running | None, levels: Sequence[int]) -> Design:
    """The design of the group's terms and the fixed part on the rows of the lines, level by level.

    Within a level, numbers other than `x` are at their mean, all else at its most frequent value.
    """
    table, design = column_table(fit), fit.design
    codes = design.groups[place].codes
    n = 1 if x is None else len(x.values)
    own = [np.flatnonzero(codes == g) for g in levels]
    columns: dict[str, Any] = {}
    for name in table.names:
        column = table.column(name)
        if x is not None and name == x.name:
            columns[name] = np.tile(x.values if x.labels is None else np.array(x.labels, dtype=object), len(own))
        else:
            columns[name] = np.repeat(_typical(column, own, _is_coded(design, name)), n)
    spec = design.spec
    offset = None
    if spec.offset is True:  # given as an array, which has no values for new rows
        offset = np.repeat([float(design.offset[rows].mean()) for rows in own], n)
    wanted = [i for i, term in enumerate(design.random) if term.group == place]
    return on_new_data(spec, frame.read(columns), random=wanted, offset=offset)


def _is_coded(design: Design, name: str) -> bool:
    """Whether the formula uses a column of numbers as a factor, whose mean would be no level."""
    groups = {text for g in design.spec.groups for text in g.factor_names}
    return name in groups or any(
        isinstance(variable, FactorSpec) and name in text for text, variable in design.spec.kinds.items()
    )


def _typical(column: Any, own: Sequence[Any], coded: bool) -> Any:
    if isinstance(column, Numeric) and not coded:
        return np.array([float(np.mean(column.values[rows])) for rows in own])
    factor = frame.as_factor(column)
    common = [int(np.bincount(factor.codes[rows]).argmax()) for rows in own]
    if isinstance(column, Factor):
        return np.array([factor.levels.labels[c] for c in common], dtype=object)
    return np.asarray(factor.levels.values)[common]


def lines(fit: FittedMixed, estimates: LevelEffects, grid: Design, levels: Sequence[int], n: int) -> dict[str, Vector]:
    """Linear predictors of the three ways of pooling on the rows of a grid of `n` rows per level."""
    size = n * len(levels)
    g = np.repeat(np.asarray(levels), n)
    fixef = fit.fixef()
    design: Design = fit.design
    kept = tuple(design.fixed.names.index(name) for name in fixef.names)
    fixed = fixed_part(grid, kept, np.asarray(fixef, dtype=float), size)
    z = np.column_stack([np.ones(size) if c is None else c for term in grid.random for c in term.columns])
    rest = fixed - z @ estimates.typical
    return {
        "complete": fixed_part(grid, estimates.complete_kept, estimates.complete_beta, size),
        "no": rest + np.einsum("ij,ij->i", z, estimates.none[g]),
        "partial": rest + np.einsum("ij,ij->i", z, estimates.partial[g]),
    }
