"""The variables behind a model's fixed effects: their values in the data, and X at other values of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design, on_new_data
from mixedmodels.design.evaluate import Scope
from mixedmodels.design.matrices import model_matrix
from mixedmodels.design.spec import FactorSpec, Spec
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.estimates.linear_functions import Level
from mixedmodels.formula.grammar import read_expression
from mixedmodels.formula.nodes import Name, column_names
from mixedmodels.frame import Column, Factor, Logical, Numeric, Table, like_dates, nearest

Values = Sequence[Any] | Any
Summary = Callable[[Vector], Any] | str
Reduce = Summary | Mapping[str, Summary] | bool


class Predictors:
    """The variables that the fixed effects and offsets of a model are made of, at the rows used.

    Parameters
    ----------
    design : Design
        Design of the fit.
    columns : mapping of str to Numeric, Logical or Factor
        Values of each variable at the rows used, by name.
    env : mapping of str, optional
        Further names of the formula.
    has_rows : bool, default True
        Whether `columns` are the rows of the fit, or only levels that a loaded model remembers.
    """

    def __init__(
        self, design: Design, columns: Mapping[str, Column], env: Mapping[str, Any] | None = None, has_rows: bool = True
    ) -> None:
        self.has_rows = has_rows
        self.design = design
        self.columns = columns
        self.env = env
        self.coerced = self._coerced()

    def _coerced(self) -> set[str]:
        """Numbers that the formula uses as factors only, as ``factor(x)``."""
        spec = self.design.spec
        names: set[str] = set()
        for text, node in spec.formula.fixed.variables_used().items():
            if isinstance(spec.kinds.get(text), FactorSpec) and not isinstance(node, Name):
                names.update(n for n in column_names(node) if isinstance(self.columns.get(n), Numeric))
        return names

    def levels(self, at: Mapping[str, Values], reduce: Reduce, keep: int | Sequence[str]) -> dict[str, list[Level]]:
        """Name -> the values that the grid is to have.

        Raises
        ------
        UnknownColumnError
            If `at` or `reduce` names no predictor.
        DataError
            If `at` has levels that a factor does not have.
        """
        for name in at:
            if name not in self.columns:
                names = ", ".join(self.columns)
                near = nearest(name, tuple(self.columns))
                offer = f"did you mean {near!r}? " if near else ""
                raise UnknownColumnError(f"at has {name!r}, which is no predictor; {offer}The predictors are {names}.")
            if not _listed(at[name]):
                raise DataError(f"at has no value for {name!r}; give at least one, or leave the name out.")
        strangers = [name for name in reduce if name not in self.columns] if isinstance(reduce, Mapping) else []
        if strangers:
            raise UnknownColumnError(
                f"cov_reduce has {strangers[0]!r}, which is no predictor; the predictors are {', '.join(self.columns)}."
            )
        levels = {name: self._levels_of(name, column, at, reduce, keep) for name, column in self.columns.items()}
        return {name: _once_each(name, values, name in at) for name, values in levels.items()}

    def _levels_of(
        self, name: str, column: Column, at: Mapping[str, Values], reduce: Reduce, keep: int | Sequence[str]
    ) -> list[Level]:
        own = distinct(column)
        if not isinstance(column, Numeric) or name in self.coerced:
            return _chosen(name, own, at[name]) if name in at else own
        if name in at:
            return _numbers(name, like_dates(at[name], column))
        threshold = max(keep, 1) if isinstance(keep, int) else 1
        if reduce is False:
            threshold = 99
        if len(own) <= threshold or (not isinstance(keep, int) and name in keep):
            return own
        reduced = _reducer(name, reduce)(column.values)
        return [float(v) for v in np.atleast_1d(np.asarray(reduced, dtype=float))]

    def are_factors(self, levels: Mapping[str, Sequence[Level]], at: Mapping[str, Values], keep: Any) -> list[str]:
        """Predictors whose levels are values of the data, so that a cell of the grid has a frequency."""
        names = []
        for name, column in self.columns.items():
            if not isinstance(column, Numeric) or name in self.coerced:
                names.append(name)
            elif name not in at:
                own = distinct(column)
                few = len(own) <= max(keep, 1) if isinstance(keep, int) else name in keep or len(own) == 1
                if few or (len(own) == len(levels[name]) and own == list(levels[name])):
                    names.append(name)
        return names

    def frequencies(self, labels: Mapping[str, Sequence[Level]], names: Sequence[str]) -> Vector:
        """Rows of the data in each cell, by the predictors `names`; NaN where the model has none.

        Prior weights do not count, as in emmeans.
        """
        r = len(next(iter(labels.values()))) if labels else 1
        if not self.has_rows:
            return np.full(r, np.nan)
        if not names:
            return np.ones(r)
        values = [_values(self.columns[name]) for name in names]
        total = Counter(zip(*values, strict=True))
        return np.array([float(total[key]) for key in zip(*(labels[name] for name in names), strict=True)])

    def matrix(self, labels: Mapping[str, Sequence[Level]], offset: float | str | None) -> tuple[Matrix, Vector | None]:
        """Rows of X and the offset at these values.

        Parameters
        ----------
        offset : float, str or None
            Value, or expression, for the offset argument of the fit; None for none.
        """
        r = len(next(iter(labels.values()))) if labels else 1
        columns: dict[str, Column] = {name: column_like(self.columns[name], labels[name]) for name in labels}
        table = table_of(columns, r)
        argument = 0.0 if offset is None and self.design.spec.offset is not None else offset
        new = on_new_data(self.design.spec, table, random=(), offset=argument, env=self.env)
        return model_matrix(new.fixed, r), new.offset


def used_columns(design: Design, table: Table, beside: Iterable[str] = ()) -> dict[str, Column]:
    """The predictors of the fixed effects and ``offset()`` terms that are columns of the table, at the rows used.

    `beside` names further columns.
    """
    rows = design.positions
    names: dict[str, None] = {}
    for node in design.spec.formula.fixed.variables_used().values():
        names.update(dict.fromkeys(column_names(node)))
    names.update(dict.fromkeys(sorted(beside)))
    columns = {}
    for name in names:
        if name in table:
            column = table.column(name)
            columns[name] = column if rows is None else take_rows(column, rows)
    return columns


def remembered_columns(design: Design, beside: Iterable[str] = ()) -> dict[str, Column]:
    """Predictors of a model without rows: factors and truth values have their levels, numbers are not known."""
    columns: dict[str, Column] = {}
    spec = design.spec
    for text, node in spec.formula.fixed.variables_used().items():
        variable = spec.kinds.get(text, "numeric")
        for name in column_names(node):
            if isinstance(node, Name) and isinstance(variable, FactorSpec):
                columns[name] = Factor(np.arange(len(variable.levels)), variable.levels, variable.ordered)
            elif isinstance(node, Name) and variable == "logical":
                columns[name] = Logical(np.array([0.0, 1.0]))
            else:
                columns.setdefault(name, Numeric(np.full(1, np.nan)))
    for name in beside:
        columns.setdefault(name, Numeric(np.full(1, np.nan)))
    return columns


def distinct(column: Column) -> list[Level]:
    """The values that a column has, in order: levels in level order, numbers ascending."""
    if isinstance(column, Factor):
        used = np.unique(column.codes[column.codes >= 0])
        return [column.levels.labels[c] for c in used]
    values = np.unique(column.values[~np.isnan(column.values)]) if not np.isnan(column.values).all() else [np.nan]
    return [bool(v) for v in values] if isinstance(column, Logical) else [float(v) for v in values]


def _values(column: Column) -> list[Any]:
    if isinstance(column, Factor):
        return [column.levels.labels[c] for c in column.codes]
    return [bool(v) for v in column.values] if isinstance(column, Logical) else column.values.tolist()


def _chosen(name: str, own: list[Level], wanted: Values) -> list[Level]:
    """The levels wanted, in the order given; texts stand for any level that prints so."""
    labels = [wanted] if isinstance(wanted, (str, int, float, bool)) else list(wanted)
    if own and isinstance(own[0], str):
        labels = [v if isinstance(v, str) else f"{v:.15g}" if isinstance(v, (int, float)) else str(v) for v in labels]
    matches = [next((o for o in own if o == v), None) for v in labels]
    if None in matches:
        lost = labels[matches.index(None)]
        raise DataError(f"at has {lost!r} for {name!r}, whose levels are {', '.join(map(str, own))}.")
    return [v for v in matches if v is not None]


def _once_each(name: str, values: list[Level], written: bool) -> list[Level]:
    """Values without repetitions, which a user may not write; a large mean plus 1 may be the same number."""
    once = list(dict.fromkeys(values))
    if written and len(once) < len(values):
        twice = next(v for i, v in enumerate(values) if v in values[:i])
        raise DataError(f"at has {twice!r} twice for {name!r}; give each value once.")
    return once


def _listed(wanted: Any) -> list[Any]:
    """A sequence as a list, and a single value as a list of one."""
    return list(wanted) if np.iterable(wanted) and not isinstance(wanted, (str, bytes)) else [wanted]


def _numbers(name: str, wanted: Any) -> list[Level]:
    """The values of a numeric predictor that a user writes in `at`."""
    values = _listed(wanted)
    try:
        numbers = [float(v) for v in values]
    except (TypeError, ValueError, OverflowError):
        numbers = []
    wrong = next((v for v, x in zip(values, numbers, strict=False) if not np.isfinite(x)), None)
    if wrong is not None or len(numbers) < len(values):
        raise DataError(
            f"at has {wanted if wrong is None else wrong!r:.60} for {name!r}; a number's values are one finite number "
            "or a flat list of them."
        )
    return list(numbers)


SUMMARIES: dict[str, Callable[[Vector], Any]] = {"mean": np.mean, "median": np.median, "min": np.min, "max": np.max}


def _reducer(name: str, reduce: Reduce) -> Callable[[Vector], Any]:
    """The function that summarises a numeric predictor.

    Raises
    ------
    DataError
        If it is neither a function nor the name of one.
    """
    if isinstance(reduce, bool):
        return np.mean
    summary = reduce.get(name, np.mean) if isinstance(reduce, Mapping) else reduce
    if callable(summary):
        return summary
    if summary not in SUMMARIES:
        raise DataError(
            f"cov_reduce is {summary!r:.60}; give a function, one of {', '.join(map(repr, SUMMARIES))}, a mapping of "
            "predictors to these, or False to keep all values."
        )
    return SUMMARIES[summary]


def take_rows(column: Column, rows: NDArray[np.intp]) -> Column:
    """The column at these rows."""
    if isinstance(column, Factor):
        return Factor(column.codes[rows], column.levels, column.ordered)
    return Logical(column.values[rows]) if isinstance(column, Logical) else Numeric(column.values[rows])


def column_like(like: Column, values: Sequence[Level]) -> Column:
    """Grid values as a column of the kind that the data had."""
    if isinstance(like, Factor):
        codes = np.array([like.levels.index[str(v)] for v in values], dtype=np.int32)
        return Factor(codes, like.levels, like.ordered)
    numbers = np.array(values, dtype=float)
    return Logical(numbers) if isinstance(like, Logical) else Numeric(numbers)


def table_of(columns: dict[str, Column], n: int) -> Table:
    """Columns as a table of n rows."""
    return Table("dict", n, lambda: tuple(columns), columns.__getitem__, lambda _name, column: column)


def offset_variables(spec: Spec) -> frozenset[str]:
    """The columns that an offset argument names, where it is a name or an expression."""
    if not isinstance(spec.offset, str):
        return frozenset()
    return frozenset(column_names(read_expression(spec.offset))) - frozenset(spec.env)


def only_in_offsets(spec: Spec) -> frozenset[str]:
    """Variables that ``offset()`` terms use, and no other term of the fixed effects."""
    offsets = dict(spec.formula.offset_texts)
    inside = {name for node in offsets.values() for name in column_names(node)}
    others = {
        name
        for text, node in spec.formula.fixed.variables_used().items()
        if text not in offsets
        for name in column_names(node)
    }
    return frozenset(inside - others)


def argument_offset(predictors: Predictors, n: int) -> Vector:
    """The offset argument of the fit at its rows."""
    total = np.asarray(predictors.design.offset)
    return total - formula_offset(predictors, n) if predictors.design.spec.formula.offset_texts else total


def formula_offset(predictors: Predictors, n: int) -> Vector:
    """Sum of the ``offset()`` terms of the formula at the rows of the fit."""
    table = table_of(dict(predictors.columns), n)
    new = on_new_data(predictors.design.spec, table, random=(), offset=0.0, env=predictors.env)
    return np.zeros(n) if new.offset is None else new.offset


def function_of(text: str, predictors: Predictors) -> tuple[str, Callable[[Vector], Vector]]:
    """The one number in an expression such as "log(x)", and the expression as a function of its values."""
    node = read_expression(text)
    names = [n for n in column_names(node) if n in predictors.columns]
    if len(names) != 1:
        raise UnknownColumnError(
            f"{text!r} is no predictor and no function of one; the predictors are {', '.join(predictors.columns)}."
        )

    def function(values: Vector) -> Vector:
        scope = Scope(table_of({names[0]: Numeric(values)}, len(values)), predictors.env, {}, source=text)
        return np.asarray(scope.numbers(node), dtype=float)

    return names[0], function
