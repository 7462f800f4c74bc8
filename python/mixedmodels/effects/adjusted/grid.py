"""A grid of focal values, with all other variables at typical ones, laid out as the rows of the fit were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._names import by_meant
from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design, on_new_data
from mixedmodels.design.matrices import model_matrix
from mixedmodels.effects.adjusted.focal_values import chosen_level, focal_values
from mixedmodels.effects.adjusted.terms import Term
from mixedmodels.effects.adjusted.variables import Typical, Variables
from mixedmodels.errors import DataError
from mixedmodels.estimates.linear_functions import Level
from mixedmodels.estimates.predictors import column_like, table_of, take_rows
from mixedmodels.formula.nodes import column_names
from mixedmodels.frame import Column, like_dates

LIMIT = 200_000  # rows of a grid; a larger one is most likely a mistake


@dataclass(frozen=True)
class Grid:
    """Combinations of focal values, the first slowest, so that rows come in the order of x.

    Attributes
    ----------
    terms : tuple of str
        Names of the variables in focus.
    levels : mapping of str to tuple of Level
        Values that each variable in focus takes.
    labels : mapping of str to tuple of Level
        Value of each variable in focus in each of the r rows.
    constants : mapping of str to Level
        Value at which each other variable with a place in the prediction is held.
    """

    terms: tuple[str, ...]
    levels: Mapping[str, tuple[Level, ...]]
    labels: Mapping[str, tuple[Level, ...]]
    constants: Mapping[str, Level]

    def __len__(self) -> int:
        return len(next(iter(self.labels.values())))


@dataclass(frozen=True)
class Layout:
    """Rows laid out in the design of a fit.

    Attributes
    ----------
    rows : ndarray, shape (r, P)
        Rows with all columns of X.
    offset : ndarray, shape (r,) or None
        Offset of the rows, or None.
    design : Design
        Design with all random terms; an unknown group has an arbitrary level.
    known_levels : tuple of bool
        Whether the group of each random term is known.
    """

    rows: Matrix
    offset: Vector | None
    design: Design
    known_levels: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def finite(self) -> NDArray[np.bool_]:
        """Rows inside the domain of the formula, as 0 is not for ``log(x)``."""
        inside = np.isfinite(self.rows).all(axis=1)
        return np.asarray(inside if self.offset is None else inside & np.isfinite(self.offset))


def make_grid(
    variables: Variables,
    terms: Sequence[Term],
    *,
    condition: Mapping[str, Any] | None = None,
    typical: Typical | None = "mean",
    smooth: bool = False,
    rng: np.random.Generator | None = None,
) -> Grid:
    """All combinations of the values of `terms`, other variables held.

    Parameters
    ----------
    condition : mapping of str, optional
        Values at which variables are held in place of their typical ones; a group may be named too.
    typical : str, callable, mapping of str or None, default "mean"
        Typical values, as of `Variables.typical`; None holds nothing but what `condition` says.
    smooth : bool, default False
        See `focal_values`.
    rng : numpy.random.Generator, optional
        See `focal_values`.

    Raises
    ------
    UnknownColumnError, DataError
    """
    condition = by_meant(condition or {}, variables.columns)
    terms = [replace(term, name=variables.meant(term.name)) for term in terms]
    names = tuple(term.name for term in terms)
    variables.check(names, "terms")
    variables.check(condition, "condition")
    both = next((name for name in condition if name in names), None)
    if both is not None:
        raise DataError(f"{both!r} is in terms and in condition; it can only be varied or held.")
    if isinstance(typical, Mapping):
        typical = by_meant(typical, variables.columns)
        variables.check(typical, "typical")
    rng = np.random.default_rng(0) if rng is None else rng
    levels = {term.name: tuple(focal_values(term, place, variables, smooth, rng)) for place, term in enumerate(terms)}
    constants: dict[str, Level] = {}
    for name in (*variables.fixed, *variables.random, *variables.offset, *condition):
        if name in condition:
            constants[name] = _held(name, condition[name], variables)
        elif name not in names and typical is not None:
            constants[name] = variables.typical(name, typical)
    return crossed(names, levels, constants)


def crossed(names: tuple[str, ...], levels: Mapping[str, Sequence[Level]], constants: Mapping[str, Level]) -> Grid:
    """The grid of these levels."""
    size = int(np.prod([len(v) for v in levels.values()], dtype=float))
    if size > LIMIT:
        counts = ", ".join(f"{name} {len(values)}" for name, values in levels.items())
        raise DataError(f"the grid would have {size} rows, more than {LIMIT}; ask for fewer values. Now: {counts}.")
    rows = list(product(*(levels[name] for name in names)))
    labels = {name: tuple(row[j] for row in rows) for j, name in enumerate(names)}
    return Grid(names, {n: tuple(levels[n]) for n in names}, labels, dict(constants))


def _held(name: str, value: Any, variables: Variables) -> Level:
    if not variables.is_number(name):
        return chosen_level(name, value, variables)
    try:
        return float(like_dates(value, variables.columns[name]))
    except (TypeError, ValueError):
        raise DataError(f"condition holds {name!r}, a number, at {value!r:.80}; give one number.") from None


def grid_columns(variables: Variables, grid: Grid) -> dict[str, Column]:
    """The variables at each row of a grid; groups that are not named are absent."""
    r = len(grid)
    columns = {name: column_like(variables.columns[name], grid.labels[name]) for name in grid.terms}
    for name, value in grid.constants.items():
        columns[name] = column_like(variables.columns[name], (value,) * r)
    return columns


def lay_out(variables: Variables, columns: Mapping[str, Column], r: int, offset: float | Vector | None) -> Layout:
    """Rows of X, of Z, and the offset, from columns of variables.

    Parameters
    ----------
    columns : mapping of str to Numeric, Logical or Factor
        The r values of each variable, by name; groups may be absent.
    offset : float, ndarray or None
        Value for an offset argument that was an array.
    """
    spec = variables.design.spec
    complete = dict(columns)
    for name in variables.groups:
        if name not in complete:
            complete[name] = take_rows(variables.columns[name], np.zeros(r, dtype=np.intp))
    argument = offset if spec.offset is True else None
    new = on_new_data(spec, table_of(complete, r), offset=argument, env=variables.env)
    return Layout(model_matrix(new.fixed, r), new.offset, new, _known_levels(variables, columns))


def _known_levels(variables: Variables, columns: Mapping[str, Column]) -> tuple[bool, ...]:
    design = variables.design
    bars = [design.spec.formula.random[place] for place, _ in design.spec.order]
    return tuple(all(n in columns for node in bar.factors for n in column_names(node)) for bar in bars)


def lay_out_grid(
    variables: Variables, grid: Grid, terms: Sequence[Term], offset: float | None
) -> tuple[Grid, Layout, tuple[str, ...]]:
    """A grid and its rows; automatic values without a prediction are left out.

    Returns
    -------
    tuple of (Grid, Layout, tuple of str)
        Grid, its layout, and notes.
    """
    layout = lay_out(variables, grid_columns(variables, grid), len(grid), offset)
    good = layout.finite
    if good.all():
        return grid, layout, ()
    kept, lost = dict(grid.levels), list[str]()
    for term in terms:
        if not term.is_automatic or not variables.is_number(term.name):
            continue
        fine = {v for v, g in zip(grid.labels[term.name], good, strict=True) if g}
        gone = [v for v in grid.levels[term.name] if v not in fine]
        if gone and fine:
            kept[term.name] = tuple(v for v in grid.levels[term.name] if v in fine)
            lost.append(f"{term.name} = {', '.join(f'{v:g}' for v in gone)}")
    if not lost:
        return grid, layout, ()
    smaller = crossed(grid.terms, kept, grid.constants)
    layout = lay_out(variables, grid_columns(variables, smaller), len(smaller), offset)
    return smaller, layout, (f"Left out, since the formula has no value there: {'; '.join(lost)}.",)
