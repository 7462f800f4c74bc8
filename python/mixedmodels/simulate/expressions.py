"""Texts and functions over the columns of a population: linear predictors, scales, parameters of each row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.design.evaluate import Scope
from mixedmodels.errors import DataError
from mixedmodels.formula import show
from mixedmodels.formula.grammar import read_expression
from mixedmodels.formula.nodes import Binary, Call, Name, Node, Paren, Unary
from mixedmodels.formula.terms import STRUCTURES
from mixedmodels.frame import Table, label


class PopulationScope(Scope):
    """Names are columns, then constants, which may be mappings as `by_level` takes them."""

    def _other_name(self, node: Name) -> Any:
        value: Any = None if self.env is None else self.env.get(node.name)
        if hasattr(value, "to_dict") and not isinstance(value, Mapping):
            return value.to_dict()
        return value if isinstance(value, Mapping) else super()._other_name(node)


def by_level(factor: Any, *values: Any, **levels: Any) -> Vector:
    """A number for each row by the level that it has.

    In the text of a population's response, ``by_level(county, county_means)``, with ``county_means={...}`` among the
    constants of the response; also ``by_level(group, a=1, b=2)``.

    Parameters
    ----------
    factor : array_like, shape (n,)
        Levels of the rows.
    *values : mapping of str to float
        Numbers of the levels.
    **levels : float
        Numbers of levels by name, in the place of `values`.

    Raises
    ------
    DataError
        If a level has no number.

    Examples
    --------
    >>> mm.by_level(["a", "b", "a"], a=1, b=2).tolist()
    [1.0, 2.0, 1.0]
    """
    values_by_level = dict(values[0]) if values and isinstance(values[0], Mapping) else levels
    if (values and not isinstance(values[0], Mapping)) or len(values) > 1 or not values_by_level:
        raise DataError("by_level() takes a factor and a mapping, by_level(county, county_means), or levels by name.")
    texts = {label(k): float(v) for k, v in values_by_level.items()}
    rows = [label(v) for v in np.asarray(factor, dtype=object).tolist()]
    missing = [r for r in dict.fromkeys(rows) if r not in texts]
    if missing:
        raise DataError(f"by_level() has no number for the level {missing[0]!r}; it has {', '.join(texts)}.")
    return np.array([texts[r] for r in rows])


def scope_of(table: Table, constants: Mapping[str, Any], source: str) -> PopulationScope:
    """The scope in which the names of a text are looked up."""
    return PopulationScope(table, {"by_level": by_level, **constants}, {}, source=source)


def value_of(expression: Any, table: Table, columns: Any, constants: Mapping[str, Any], what: str) -> Any:
    """A number for each row, or one for all, from a number, an array, a text or a function of the columns.

    Raises
    ------
    DataError, FormulaError
        If it is no number, or of another length.
    """
    if isinstance(expression, str):
        node = read_expression(expression)
        out = scope_of(table, constants, expression).numbers(node)
    elif callable(expression):
        out = expression(columns)
    else:
        out = expression
    try:
        values = np.asarray(out, dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"{what} gives {out!r:.60}, where numbers are needed.") from error
    if values.shape not in ((), (table.n_rows,)):
        raise DataError(f"{what} gives an array of shape {values.shape} for {table.n_rows} rows.")
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(np.atleast_1d(values)))[0])
        raise DataError(f"{what} is {np.atleast_1d(values)[row]:g} in row {row}, rows counted from 0.")
    return values


def split(text: str) -> tuple[list[tuple[float, Node]], str]:
    """Summands of a text that are no random terms, each with its sign, and the random terms as a text."""
    plain: list[tuple[float, Node]] = []
    random: list[str] = []

    def gather(node: Node, sign: float) -> None:
        if isinstance(node, Binary) and node.operator in ("+", "-"):
            gather(node.left, sign)
            gather(node.right, sign if node.operator == "+" else -sign)
        elif isinstance(node, Unary) and node.operator in ("+", "-"):
            gather(node.operand, sign if node.operator == "+" else -sign)
        elif is_random(node):
            if sign < 0:
                raise DataError(f"{text!r} takes a random term away; add it.")
            random.append(show(node))
        else:
            plain.append((sign, node))

    gather(read_expression(text), 1.0)
    return plain, " + ".join(random)


def is_random(node: Node) -> bool:
    """Whether a summand is ``(effects | group)`` or ``diag(effects | group)``."""
    if isinstance(node, Paren):
        return isinstance(node.inner, Binary) and node.inner.operator in ("|", "||")
    if isinstance(node, Call) and node.function in STRUCTURES and node.arguments:
        inner = node.arguments[0].value
        return isinstance(inner, Binary) and inner.operator == "|"
    return False
