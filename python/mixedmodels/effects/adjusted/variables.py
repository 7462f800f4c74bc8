"""The variables behind a model, random effects and groups included, and a typical value of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from mixedmodels._names import meant
from mixedmodels._typing import Vector
from mixedmodels.design import Design
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.estimates.linear_functions import Level
from mixedmodels.estimates.predictors import Predictors, distinct, remembered_columns, take_rows
from mixedmodels.formula.grammar import read_expression
from mixedmodels.formula.nodes import Node, column_names
from mixedmodels.frame import Column, Factor, Logical, Numeric, Table, as_factor, nearest

Typical = str | Callable[[Vector], float] | Mapping[str, Any]
TYPICAL = ("mean", "median", "mode", "zero")


@dataclass(frozen=True, kw_only=True)
class Variables:
    """The columns that a model is made of, at the rows used.

    Attributes
    ----------
    design : Design
        Design of the fit.
    columns : mapping of str to Numeric, Logical or Factor
        Values of each variable, by name; what only makes groups is a factor.
    fixed, random, groups, offset : tuple of str
        Names by where they come first: in the fixed effects or their ``offset()``, in what varies among groups, in
        groups, in the offset argument.
    weights : ndarray, optional
        Prior weights, by which means of numbers are weighted; None where all are the same.
    env : mapping of str, optional
        Further names of the formula.
    has_rows : bool, default True
        Whether these are the rows of the fit, or only levels that a loaded model remembers.
    """

    design: Design
    columns: Mapping[str, Column]
    fixed: tuple[str, ...]
    random: tuple[str, ...]
    groups: tuple[str, ...]
    offset: tuple[str, ...]
    weights: Vector | None = None
    env: Mapping[str, Any] | None = None
    has_rows: bool = True

    def joined(self, other: Variables) -> Variables:
        """With the variables of another part of the model, where these are not among the own."""
        more = {
            where: tuple(name for name in getattr(other, where) if name not in self.columns)
            for where in ("fixed", "random", "groups", "offset")
        }
        # What varies among groups only, or makes them only, in one part may be a predictor of another.
        moved = [name for name in other.fixed if name in self.columns and name not in self.fixed]
        columns = {**self.columns, **{n: c for n, c in other.columns.items() if n not in self.columns or n in moved}}
        kept = {
            where: tuple(name for name in getattr(self, where) if name not in moved)
            for where in ("random", "groups", "offset")
        }
        return replace(
            self,
            columns=columns,
            fixed=(*self.fixed, *more["fixed"], *moved),
            random=(*kept["random"], *more["random"]),
            groups=(*kept["groups"], *more["groups"]),
            offset=(*kept["offset"], *more["offset"]),
        )

    @cached_property
    def coerced(self) -> frozenset[str]:
        """Numbers that the formula uses as factors only."""
        return frozenset(Predictors(self.design, self.columns, self.env).coerced)

    def is_number(self, name: str) -> bool:
        """Whether a variable is a number in the model, rather than a factor."""
        return isinstance(self.columns[name], Numeric) and name not in self.coerced

    def levels(self, name: str) -> list[Level]:
        """The values that a variable has in the rows used, in order."""
        return distinct(self.columns[name])

    def meant(self, name: Any) -> Any:
        """The variable that a user's name means."""
        return meant(name, self.columns)

    def check(self, names: Iterable[str], what: str) -> None:
        """Refuse names that are no variables of the model.

        Raises
        ------
        UnknownColumnError
            With the nearest name.
        """
        for name in names:
            if name not in self.columns:
                near = nearest(name, tuple(self.columns))
                offer = f"did you mean {near!r}? The" if near else "the"
                raise UnknownColumnError(
                    f"{what} has {name!r}, which is no variable of the model; {offer} variables are "
                    f"{', '.join(self.columns) or 'none'}."
                )

    def typical(self, name: str, how: Typical = "mean") -> Level:
        """One value that stands for a variable: of a factor its first level, of a number its mean.

        Parameters
        ----------
        how : str, callable or mapping of str, default "mean"
            Way to a typical value: "mean" (weighted, where the model has weights), "median", "zero", "mode" (of factors
            too), a function of a number's values, or one of these by name.

        Raises
        ------
        DataError
            If there is no such way, or a loaded model does not know the values.
        """
        if isinstance(how, Mapping):
            how = how.get(name, "mean")
        if isinstance(how, str) and how not in TYPICAL:
            raise DataError(f"typical is {how!r}; it is one of {', '.join(map(repr, TYPICAL))}, or a function.")
        column = self.columns[name]
        if not self.is_number(name):
            return _mode(column) if how == "mode" and self.has_rows else distinct(column)[0]
        assert isinstance(column, Numeric)
        value = float(self._of_number(column, how))
        if np.isnan(value) and not self.has_rows:
            raise DataError(
                f"the typical value of {name!r} is not known, since a model loaded from a file has no rows; give it: "
                f"condition={{{name!r}: ...}}."
            )
        return value

    def _of_number(self, column: Numeric, how: Any) -> Any:
        if not isinstance(how, str):
            return how(column.values)
        if how == "zero":
            return 0.0
        if how == "mode":
            return _mode(column)
        if how == "median":
            return np.median(column.values)
        return np.mean(column.values) if self.weights is None else np.average(column.values, weights=self.weights)


def _mode(column: Column) -> Level:
    """The most frequent value, the first of several."""
    if isinstance(column, Factor):
        return column.levels.labels[int(np.bincount(column.codes[column.codes >= 0]).argmax())]
    values, counts = np.unique(column.values, return_counts=True)
    value = float(values[counts.argmax()])
    return bool(value) if isinstance(column, Logical) else value


def variables_of(
    design: Design, table: Table | None, weights: Vector | None = None, env: Mapping[str, Any] | None = None
) -> Variables:
    """The variables of a model.

    Parameters
    ----------
    table : Table or None
        Table that the model was fitted to; None for a model loaded from a file.
    weights : ndarray, optional
        Prior weights of the rows used.
    """
    formula, spec = design.spec.formula, design.spec
    fixed = _names(formula.fixed.variables_used().values())
    random = _names(node for bar in formula.random for node in bar.effects.variables_used().values())
    groups = _names(node for bar in formula.random for node in bar.factors)
    offset = _names([read_expression(spec.offset)]) if isinstance(spec.offset, str) else ()
    parts = dict(zip(("fixed", "random", "groups", "offset"), (fixed, random, groups, offset), strict=True))
    seen: set[str] = set()
    for where, names in parts.items():
        here = [n for n in names if n not in seen and (table is None or n in table)]
        seen.update(here)
        parts[where] = tuple(here)
    if table is None:
        columns = _remembered(design, parts)
    else:
        columns = {name: _used(table.column(name), design) for names in parts.values() for name in names}
        columns |= {name: as_factor(columns[name]) for name in parts["groups"]}
    even = weights is None or bool(np.ptp(weights) == 0)
    return Variables(
        design=design, columns=columns, **parts, weights=None if even else weights, env=env, has_rows=table is not None
    )


def _names(nodes: Iterable[Node]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for node in nodes for name in column_names(node)))


def _used(column: Column, design: Design) -> Column:
    rows = design.positions
    return column if rows is None else take_rows(column, rows)


def _remembered(design: Design, parts: Mapping[str, tuple[str, ...]]) -> dict[str, Column]:
    """Levels of factors and groups; numbers are not known."""
    remembered = remembered_columns(design)
    levels = {
        name: part for group in design.spec.groups for name, part in zip(group.factor_names, group.parts, strict=True)
    }
    columns: dict[str, Column] = {}
    for where, names in parts.items():
        for name in names:
            if where == "groups" and name in levels:
                columns[name] = Factor(np.arange(len(levels[name])), levels[name])
            else:
                columns[name] = remembered.get(name, Numeric(np.full(1, np.nan)))
    return columns
