"""Values of a formula's expressions over a table: arithmetic has its ordinary meaning here."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mixedmodels.design.levels_store import levels_in, levels_out
from mixedmodels.design.values import Absent, Matrix, Value, describe, is_constant
from mixedmodels.errors import DataError, FormulaError, UnknownColumnError
from mixedmodels.formula import show
from mixedmodels.formula.nodes import Binary, Block, Call, Name, Node, Number, Paren, Text, Unary
from mixedmodels.formula.tokens import marked
from mixedmodels.frame import Column, Factor, Logical, Numeric, Table, aligned, any_column, date_unit, like_dates

CONSTANTS: dict[str, Any] = {
    "TRUE": True, "FALSE": False, "T": True, "F": False, "True": True, "False": False, "NULL": None, "None": None,
    "pi": float(np.pi), "Inf": float("inf"), "NA": float("nan"), "NaN": float("nan"),
}  # fmt: skip

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": np.divide, "^": np.power,
}  # fmt: skip
_COMPARISON: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
SECONDS_OF_DAY = 86_400.0
_MAX_RANGE = 100_000
_MAX_RANGES = 10 * _MAX_RANGE  # of all ranges of a formula together


class Scope:
    """The names of a formula with their values, and the states of its transforms.

    Parameters
    ----------
    table : Table
        Table, whose columns are names of the formula.
    env : mapping of str or None
        Further names that the table lacks: arrays, numbers, or functions of arrays.
    states : dict of str
        State of each data-dependent call, by its text. `evaluate` fills an empty state and uses a filled one.
    fitted : bool, default False
        Whether the states come from an earlier fit. No new state may then be made.
    source : str, default ""
        Text of the expressions, for messages that mark a place in it.
    """

    def __init__(
        self,
        table: Table,
        env: Mapping[str, Any] | None,
        states: dict[str, Any],
        *,
        fitted: bool = False,
        source: str = "",
    ) -> None:
        self.table = table
        self.env = env
        self.states = states
        self.fitted = fitted
        self.source = source
        self.ranged = 0  # numbers in ranges
        self.taken: dict[str, Any] = {}  # from env, by name
        self.contrasts: dict[str, Any] = {}  # stated in the formula by C(f, sum)

    def value(self, node: Node, text: str) -> Value:
        """The value of one variable of the model, a column as long as the table."""
        if type(node) is Name:
            try:
                return self._column(node.name)
            except UnknownColumnError:
                result = self._other_name(node)
        else:
            result = self.evaluate(node)
        return _as_value(result, text, self.table.n_rows)

    def evaluate(self, node: Node) -> Any:
        """A Column, a Matrix, an array of numbers, or a constant."""
        if isinstance(node, Name):
            try:
                return self._column(node.name)
            except UnknownColumnError:
                return self._other_name(node)
        if isinstance(node, Block):
            return self._block(node)
        if isinstance(node, Number):
            return node.value
        if isinstance(node, Text):
            return node.value
        if isinstance(node, Paren):
            return self.evaluate(node.inner)
        if isinstance(node, Call):
            from mixedmodels.design.calls import call  # most formulas have none

            return call(self, node)
        with np.errstate(all="ignore"):
            if isinstance(node, Unary):
                return self._unary(node)
            return self._binary(node)

    def _column(self, name: str) -> Column:
        """A column of the table; dates in the unit that they had at the fit."""
        column = self.table.column(name)
        if not isinstance(column, Numeric) or column.origin is None or column.origin.dtype.kind != "M":
            return column
        key, unit = f"unit of {name}", date_unit(column.origin)
        if not self.fitted:
            self.states[key] = unit
        elif key not in self.states:
            raise DataError(f"{name!r} holds dates in the new data, and numbers at the fit; give it the same numbers")
        elif self.states[key] != unit:
            factor = SECONDS_OF_DAY if unit == "days" else 1 / SECONDS_OF_DAY
            return Numeric(column.values * factor, column.origin)
        return column

    def _block(self, node: Block) -> Matrix:
        """The columns that the name of a matrix stands for; those of the fit, in new rows too."""
        names = tuple(column.name for column in node.columns)
        here = self.table.matrices.get(node.name, names)
        if here != names:
            raise DataError(
                f"{node.name!r} is a matrix with the columns {', '.join(here)}, and had {', '.join(names)} at the fit"
            )
        columns = [self.numbers(column) for column in node.columns]
        return Matrix(np.asfortranarray(np.column_stack(columns)), node.ends)

    def _other_name(self, node: Name) -> Any:
        name = node.name
        if self.env is not None and name in self.env:
            held = self.taken[name] = self.env[name]
            if isinstance(held, Absent):
                raise held.error()
            if isinstance(held, np.generic):
                return held.item()
            if is_constant(held):
                return float(held) if type(held) is int else held
            column = any_column(name, aligned(held, self.table.index, f"{name!r} of env"))
            length = len(column.codes) if isinstance(column, Factor) else len(column.values)
            if length != self.table.n_rows:
                raise DataError(f"{name!r} of env has {length} values, the table has {self.table.n_rows} rows")
            return column
        if name in CONSTANTS:
            return CONSTANTS[name]
        try:
            return self.table.column(name)
        except UnknownColumnError as error:
            raise UnknownColumnError(self._marked(str(error), node)) from None

    def _marked(self, message: str, node: Name) -> str:
        """The message with the place of a name marked, where the name is part of something longer."""
        source, shown = self.source, show(node)
        there = source[node.at : node.at + len(shown)] == shown and source.strip() != shown
        return marked(message, source, node.at, len(shown)) if there else message

    def remembered(self, node: Node) -> Any:
        """The value of an expression; a factor of new rows has the levels that it had at the fit."""
        value = self.evaluate(node)
        return self.with_levels_of_the_fit(value, node) if isinstance(value, Factor) else value

    def with_levels_of_the_fit(self, value: Factor, node: Node) -> Factor:
        """A factor of new rows with the levels that the expression had at the fit."""
        key = f"levels of {show(node)}"
        if not self.fitted:
            self.states[key] = levels_out(value.levels)
        elif key in self.states:
            from mixedmodels.design.factor_calls import remembered

            return remembered(value, levels_in(self.states[key]), show(node))
        return value

    def numbers(self, node: Node) -> Any:
        """The value of an operand of arithmetic: an array, or a single number."""
        return self.as_numbers(self.evaluate(node), node)

    def as_numbers(self, value: Any, node: Node) -> Any:
        """The value as an array or a number; other values are refused."""
        if isinstance(value, (Numeric, Logical, Matrix)):
            return value.values
        if isinstance(value, (np.ndarray, float, int)):
            return value
        if self.table.n_rows == 0 and isinstance(value, Factor):
            return np.empty(0)  # a table without rows need not say what its columns hold
        raise DataError(
            f"{show(node)} is {describe(value)} where a number is needed; convert the column to numbers, "
            "or use it as a factor"
        )

    def _one_per_row(self, value: Any, node: Node) -> Any:
        """The operand of a condition: an array of numbers or a single one, no matrix."""
        values = self.as_numbers(value, node)
        if np.ndim(values) == 2:
            raise DataError(f"{show(node)} is {describe(value)} where one value per row is needed")
        return values

    def _unary(self, node: Unary) -> Any:
        if node.operator == "!":
            values = self._one_per_row(self.evaluate(node.operand), node.operand)
            return Logical(np.where(np.isnan(values), np.nan, np.asarray(values) == 0))
        if node.operator == "~":
            raise FormulaError(f"a formula has one '~' only: {show(node)}")
        values = self.numbers(node.operand)
        return -values if node.operator == "-" else values

    def _binary(self, node: Binary) -> Any:
        symbol = node.operator
        arithmetic = _ARITHMETIC.get(symbol)
        if arithmetic is not None:
            left, right = self.numbers(node.left), self.numbers(node.right)
            if np.ndim(left) == 1 and np.ndim(right) == 2:
                left = left[:, None]  # a column with each column of a matrix
            elif np.ndim(left) == 2 and np.ndim(right) == 1:
                right = right[:, None]
            elif np.ndim(left) == 2 and np.shape(left) != np.shape(right) and np.ndim(right) == 2:
                raise DataError(f"{show(node)}: the matrices have {left.shape[1]} and {right.shape[1]} columns")
            return arithmetic(left, right)
        compare = _COMPARISON.get(symbol)
        if compare is not None:
            return self._compare(node, compare)
        if symbol in ("&", "&&", "|", "||"):
            a, b = (self._one_per_row(self.evaluate(side), side) for side in (node.left, node.right))
            return _logical_join(symbol, a, b)
        if symbol == "%in%":
            return self._within(node)
        if symbol == ":":
            left, right = self.evaluate(node.left), self.evaluate(node.right)
            if isinstance(left, (int, float)) and isinstance(right, (int, float)):
                if not abs(right - left) <= _MAX_RANGE:
                    raise FormulaError(f"the range {show(node)} has more than {_MAX_RANGE} numbers")
                self.ranged += int(abs(right - left)) + 1
                if self.ranged > _MAX_RANGES:
                    raise FormulaError(
                        f"the ranges of the formula, up to {show(node)}, have more than {_MAX_RANGES} numbers; "
                        "give them as arrays in env"
                    )
                step = 1 if right >= left else -1
                return tuple(left + step * i for i in range(int(abs(right - left)) + 1))
            from mixedmodels.design.factor_calls import interaction

            return interaction([left, right], show(node))
        raise FormulaError(f"{symbol!r} has no meaning in {show(node)}")

    def _compare(self, node: Binary, compare: Callable[[Any, Any], Any]) -> Any:
        if self.table.n_rows == 0:
            return Logical(np.empty(0))
        # Which levels are larger depends on all of them.
        evaluate = self.evaluate if compare in (operator.eq, operator.ne) else self.remembered
        left, right = evaluate(node.left), evaluate(node.right)
        if isinstance(right, Factor) and isinstance(left, str):
            left, right = right, left
            compare = {operator.lt: operator.gt, operator.gt: operator.lt, operator.le: operator.ge,
                       operator.ge: operator.le}.get(compare, compare)  # fmt: skip
        if isinstance(left, Factor):
            from mixedmodels.design.factor_calls import compare as compare_levels

            return compare_levels(left, right, compare, show(node))
        left, right = self._dates_in_text(left, node.left, right), self._dates_in_text(right, node.right, left)
        a, b = self._one_per_row(left, node.left), self._one_per_row(right, node.right)
        result = np.asarray(compare(a, b), dtype=np.float64)
        return Logical(np.where(np.isnan(a) | np.isnan(b), np.nan, result))

    def _dates_in_text(self, value: Any, node: Node, beside: Any) -> Any:
        """A text beside a column of dates as its date: ``day > "2024-03-01"``."""
        return like_dates(value, beside) if isinstance(node, Text) and isinstance(beside, Numeric) else value

    def _within(self, node: Binary) -> Logical:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        options = right if isinstance(right, tuple) else (right,)
        if not all(isinstance(option, (str, bool, int, float)) for option in options):
            raise FormulaError(f"{show(node)}: within a variable, %in% takes constants on its right, as c('a', 'b')")
        if isinstance(left, Factor):
            from mixedmodels.design.factor_calls import text_of

            table = np.array([text in set(map(text_of, options)) for text in left.levels.labels] + [False])
            return Logical(table[left.codes].astype(np.float64))
        values = self._one_per_row(left, node.left)
        numbers = [float(option) for option in options if not isinstance(option, str)]
        return Logical(np.isin(values, numbers).astype(np.float64))


def _logical_join(symbol: str, a: Any, b: Any) -> Logical:
    """R's three-valued ``&`` and ``|``."""
    joined = np.minimum(a, b) if symbol[0] == "&" else np.maximum(a, b)
    deciding = 0.0 if symbol[0] == "&" else 1.0
    result = np.where((np.asarray(a) == deciding) | (np.asarray(b) == deciding), deciding, joined)
    return Logical(np.where(np.isnan(result), np.nan, (result != 0).astype(np.float64)))


def _as_value(result: Any, text: str, n: int) -> Value:
    """What an expression gave, as a variable with one value, or one row of values, per row of the table."""
    if isinstance(result, (bool, float, int)):
        return Numeric(np.full(n, float(result)))
    if isinstance(result, np.ndarray):
        values = np.asarray(result, dtype=np.float64)
        names = tuple(str(j + 1) for j in range(values.shape[1])) if values.ndim == 2 else ()
        result = Matrix(np.asfortranarray(values), names) if values.ndim == 2 else Numeric(values)
    if not isinstance(result, (Numeric, Logical, Factor, Matrix)):
        raise DataError(f"{text} is {result!r:.60}; a variable of a model has one number or category per row")
    if isinstance(result, Logical) and result.values.ndim == 0:
        return Logical(np.full(n, float(result.values)))
    length = (
        len(result.codes) if isinstance(result, Factor) else np.size(result.values, 0) if np.ndim(result.values) else 1
    )
    if length != n:
        raise DataError(f"{text} has {length} values, the table has {n} rows")
    return result
