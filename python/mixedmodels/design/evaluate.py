"""Values of a formula's expressions over a table: arithmetic has its ordinary meaning here."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mixedmodels.design import bases, factor_calls
from mixedmodels.design.functions import ELEMENTWISE, REDUCTIONS, elementwise
from mixedmodels.design.values import Array, Matrix, Value, all_finite, describe
from mixedmodels.errors import DataError, DesignError, FormulaError, MixedModelsWarning, UnknownColumnError
from mixedmodels.formula import show
from mixedmodels.formula.nodes import Binary, Call, Name, Node, Number, Paren, Text, Unary
from mixedmodels.frame import Factor, Logical, Numeric, Table, any_column, nearest

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
_BASES = {"scale": ("center", "scale"), "poly": ("degree", "coefs", "raw"), "bs": ("df", "knots", "degree", "intercept", "Boundary.knots"),
          "ns": ("df", "knots", "intercept", "Boundary.knots")}  # fmt: skip
_MAKERS = {"scale": bases.scale, "poly": bases.poly, "bs": bases.bs, "ns": bases.ns}
_OTHERS = (
    "I",
    "offset",
    "cbind",
    "factor",
    "ordered",
    "relevel",
    "C",
    "c",
    "ifelse",
    "is.na",
    "as.numeric",
    "cut",
    "interaction",
)


class Scope:
    """Where names are looked up, and what transforms remember.

    Parameters
    ----------
    table : names are its columns.
    env : further names, looked up when the table has none: arrays, numbers, or functions of arrays.
    states : text of a call -> what it remembers. Filled by `evaluate` where empty, used where filled.
    fitted : whether the states come from an earlier fit, so that no new one may be made.
    """

    def __init__(
        self, table: Table, env: Mapping[str, Any] | None, states: dict[str, Any], *, fitted: bool = False
    ) -> None:
        self.table = table
        self.env = env
        self.states = states
        self.fitted = fitted
        self.contrasts: dict[str, Any] = {}  # wishes stated in the formula, by C(f, sum)

    def value(self, node: Node, text: str) -> Value:
        """The value of one variable of the model, a column as long as the table."""
        if type(node) is Name:
            try:
                return self.table.column(node.name)
            except UnknownColumnError:
                result = self._other_name(node)
        else:
            result = self.evaluate(node)
        if isinstance(result, (Numeric, Logical, Factor, Matrix)):
            return result
        if isinstance(result, np.ndarray):
            return _as_value(result)
        if isinstance(result, (bool, float, int)):
            return Numeric(np.full(self.table.n_rows, float(result)))
        raise DataError(f"{text} is {result!r:.60}; a variable of a model has one number or category per row")

    def evaluate(self, node: Node) -> Any:
        """A Column, a Matrix, an array of numbers, or a constant."""
        if isinstance(node, Name):
            try:
                return self.table.column(node.name)
            except UnknownColumnError:
                return self._other_name(node)
        if isinstance(node, Number):
            return node.value
        if isinstance(node, Text):
            return node.value
        if isinstance(node, Paren):
            return self.evaluate(node.inner)
        if isinstance(node, Call):
            return self._call(node)
        with np.errstate(all="ignore"):
            if isinstance(node, Unary):
                return self._unary(node)
            return self._binary(node)

    def _other_name(self, node: Name) -> Any:
        name = node.name
        if self.env is not None and name in self.env:
            found = self.env[name]
            if isinstance(found, (str, bool, int, float)) or found is None:
                return float(found) if type(found) is int else found
            if isinstance(found, np.generic):
                return found.item()
            column = any_column(name, found)
            length = len(column.codes) if isinstance(column, Factor) else len(column.values)
            if length != self.table.n_rows:
                raise DataError(f"{name!r} of env has {length} values, the table has {self.table.n_rows} rows")
            return column
        if name in CONSTANTS:
            return CONSTANTS[name]
        return self.table.column(name)  # says which column may have been meant

    def numbers(self, node: Node) -> Any:
        """The value of an operand of arithmetic: an array, or a single number."""
        return self.as_numbers(self.evaluate(node), node)

    def as_numbers(self, value: Any, node: Node) -> Any:
        if isinstance(value, (Numeric, Logical, Matrix)):
            return value.values
        if isinstance(value, (np.ndarray, float, int)):
            return value
        raise DataError(
            f"{show(node)} is {describe(value)} where a number is needed; convert the column to numbers, or use it as a factor"
        )

    def _unary(self, node: Unary) -> Any:
        if node.operator == "!":
            values = self.numbers(node.operand)
            return Logical(np.where(np.isnan(values), np.nan, np.asarray(values) == 0))
        if node.operator == "~":
            raise FormulaError(f"a formula has one '~' only: {show(node)}")
        values = self.numbers(node.operand)
        return -values if node.operator == "-" else values

    def _binary(self, node: Binary) -> Any:
        symbol = node.operator
        arithmetic = _ARITHMETIC.get(symbol)
        if arithmetic is not None:
            return arithmetic(self.numbers(node.left), self.numbers(node.right))
        compare = _COMPARISON.get(symbol)
        if compare is not None:
            return self._compare(node, compare)
        if symbol in ("&", "&&", "|", "||"):
            return _logical_join(symbol, self.numbers(node.left), self.numbers(node.right))
        if symbol == "%in%":
            return self._within(node)
        if symbol == ":":
            left, right = self.evaluate(node.left), self.evaluate(node.right)
            if isinstance(left, (int, float)) and isinstance(right, (int, float)):
                step = 1 if right >= left else -1
                return tuple(left + step * i for i in range(int(abs(right - left)) + 1))
            return factor_calls.interaction([left, right], show(node))
        raise FormulaError(f"{symbol!r} has no meaning in {show(node)}")

    def _compare(self, node: Binary, compare: Callable[[Any, Any], Any]) -> Any:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        if isinstance(right, Factor) and isinstance(left, str):
            left, right = right, left
            compare = {operator.lt: operator.gt, operator.gt: operator.lt, operator.le: operator.ge,
                       operator.ge: operator.le}.get(compare, compare)  # fmt: skip
        if isinstance(left, Factor):
            return factor_calls.compare(left, right, compare, show(node))
        a, b = self.as_numbers(left, node.left), self.as_numbers(right, node.right)
        result = np.asarray(compare(a, b), dtype=np.float64)
        return Logical(np.where(np.isnan(a) | np.isnan(b), np.nan, result))

    def _within(self, node: Binary) -> Logical:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        options = right if isinstance(right, tuple) else (right,)
        if isinstance(left, Factor):
            table = np.array([text in set(map(factor_calls.text_of, options)) for text in left.levels.labels] + [False])
            return Logical(table[left.codes].astype(np.float64))
        values = self.as_numbers(left, node.left)
        return Logical(np.isin(values, np.array(options, dtype=np.float64)).astype(np.float64))

    # Calls -----------------------------------------------------------------------------------------------------

    def _call(self, node: Call) -> Any:
        name = node.function.rpartition("::")[2]
        if self.env is not None and callable(self.env.get(node.function)):
            return self._foreign(node, self.env[node.function])
        if name in _MAKERS:
            return self._basis(node, name)
        if name in ("I", "offset", "(", "identity"):
            return self.evaluate(self._only(node))
        if name in REDUCTIONS and len(node.arguments) == 1:
            return self._reduction(node, name)
        special = getattr(self, "_call_" + name.replace(".", "_"), None)
        if special is not None:
            return special(node)
        function = elementwise(name)
        if function is None:
            raise self._unknown_function(node)
        values = [self.numbers(argument.value) for argument in node.arguments]
        return self._elementwise(node, function, values)

    def _elementwise(self, node: Call, function: Callable[..., Any], values: list[Any]) -> Any:
        try:
            with np.errstate(all="ignore"):
                result = function(*values)
        except TypeError as cause:
            raise FormulaError(f"{show(node)} cannot be computed: {cause}") from cause
        if np.ndim(result) and np.asarray(result).dtype == np.bool_:
            return Logical(np.asarray(result, dtype=np.float64))
        self._warn_new_missing(node, values, result)
        if np.ndim(result) == 2:
            inner = self.evaluate(node.arguments[0].value)
            return Matrix(result, inner.names) if isinstance(inner, Matrix) else result
        return result

    def _warn_new_missing(self, node: Call, values: list[Any], result: Any) -> None:
        """``log(-1)`` gives no number; the rows are lost, and that is said."""
        if all_finite(np.asarray(result)):
            return
        fresh = np.isnan(result)
        for value in values:
            fresh = fresh & ~np.isnan(value)
        count = int(np.count_nonzero(fresh))
        if count:
            message = f"{show(node)} gives no number in {count} row{'s' if count > 1 else ''}, which count as missing"
            warnings.warn(message, MixedModelsWarning, stacklevel=2)

    def _foreign(self, node: Call, function: Callable[..., Any]) -> Any:
        positional = [_plain(self.evaluate(a.value)) for a in node.arguments if a.keyword is None]
        named = {a.keyword: _plain(self.evaluate(a.value)) for a in node.arguments if a.keyword is not None}
        result = function(*positional, **named)
        if isinstance(result, (bool, int, float)):
            return float(result)
        if np.ndim(result) == 2:
            values = np.asfortranarray(result, dtype=np.float64)
            return Matrix(values, tuple(str(j + 1) for j in range(values.shape[1])))
        return any_column(show(node), result)

    def _basis(self, node: Call, name: str) -> Any:
        settings, data = self._settings(node, _BASES[name])
        if name == "poly" and len(data) > 1 and "degree" not in settings and self._constant(data[-1]):
            settings["degree"] = self.evaluate(data.pop())
        if not data:
            raise FormulaError(f"{show(node)} names no column; write for example {name}(x)")
        text = show(node)
        state = self.states.get(text)
        if state is None and self.fitted and not (name == "poly" and settings.get("raw", False)):
            raise DesignError(f"the fit remembers no basis of {text}, so new data cannot be laid out")
        if name == "poly" and len(data) > 1:
            columns = [self._one_column(piece, node) for piece in data]
            value, made = bases.multi_poly(columns, settings, state)
        else:
            settings = self._by_position(node, name, settings, data)
            value, made = _MAKERS[name](self._one_column(data[0], node), settings, state)
        self.states[text] = made
        return value

    def _by_position(self, node: Call, name: str, settings: dict[str, Any], data: list[Node]) -> dict[str, Any]:
        """Settings given without their names follow the data in R's order."""
        free = [key for key in _BASES[name] if key not in settings]
        if len(data) - 1 > len(free):
            raise FormulaError(f"{show(node)} has more arguments than {name}() takes")
        return settings | {key: self.evaluate(piece) for key, piece in zip(free, data[1:], strict=False)}

    def _settings(self, node: Call, known: tuple[str, ...]) -> tuple[dict[str, Any], list[Node]]:
        settings: dict[str, Any] = {}
        data = []
        for argument in node.arguments:
            key = argument.keyword
            if key is None or key == "x":
                data.append(argument.value)
            elif key in known or key.replace("_", ".") in known:
                settings[key if key in known else key.replace("_", ".")] = self.evaluate(argument.value)
            else:
                raise FormulaError(
                    f"{show(node)}: {node.function}() has no argument {key!r}; it has {', '.join(known)}"
                )
        return settings, data

    def _constant(self, node: Node) -> bool:
        return isinstance(self.evaluate(node), (bool, int, float, tuple))

    def _one_column(self, node: Node, call: Call) -> Array:
        values = self.numbers(node)
        if np.ndim(values) != 1:
            raise DataError(
                f"{show(call)} needs a column of numbers, {show(node)} is {'a matrix' if np.ndim(values) else values}"
            )
        if np.isinf(values).any():
            row = int(np.flatnonzero(np.isinf(values))[0])
            raise DataError(f"{show(node)} is {values[row]:g} in row {row}, and {call.function}() needs finite numbers")
        return np.asarray(values, dtype=np.float64)

    def _reduction(self, node: Call, name: str) -> float:
        text = show(node)
        if text not in self.states:
            if self.fitted:
                raise DesignError(f"the fit remembers no value of {text}, so new data cannot be laid out")
            self.states[text] = float(REDUCTIONS[name](self.numbers(self._only(node))))
        return float(self.states[text])

    def _only(self, node: Call) -> Node:
        if len(node.arguments) != 1:
            raise FormulaError(f"{node.function}() takes one argument, {show(node)} has {len(node.arguments)}")
        return node.arguments[0].value

    def _call_c(self, node: Call) -> tuple[Any, ...]:
        parts: list[Any] = []
        for argument in node.arguments:
            value = self.evaluate(argument.value)
            parts.extend(value if isinstance(value, tuple) else (value,))
        return tuple(parts)

    def _call_cbind(self, node: Call) -> Matrix:
        names: list[str] = []
        value: Any
        columns: list[Any] = []
        for argument in node.arguments:
            value = self.evaluate(argument.value)
            values = self.as_numbers(value, argument.value)
            if np.ndim(values) == 2:
                columns.extend(values.T)
                names.extend(value.names if isinstance(value, Matrix) else [""] * values.shape[1])
            else:
                columns.append(np.broadcast_to(values, self.table.n_rows))
                plain = argument.value.name if isinstance(argument.value, Name) else ""
                names.append(argument.keyword or plain)
        if not columns:
            raise FormulaError("cbind() needs at least one column, as in cbind(successes, failures)")
        if len(names) > 1 and not any(names):
            names = [str(j + 1) for j in range(len(names))]
        return Matrix(np.asfortranarray(np.column_stack(columns)), tuple(names))

    def _call_ifelse(self, node: Call) -> Any:
        if len(node.arguments) != 3:
            raise FormulaError(
                f"ifelse() takes a test and two values, {show(node)} has {len(node.arguments)} arguments"
            )
        test, yes, no = (self.numbers(argument.value) for argument in node.arguments)
        return np.where(np.isnan(test), np.nan, np.where(test != 0, yes, no))

    def _call_is_na(self, node: Call) -> Logical:
        value = self.evaluate(self._only(node))
        gone = value.codes < 0 if isinstance(value, Factor) else np.isnan(self.as_numbers(value, node))
        return Logical(gone.astype(np.float64))

    def _call_as_numeric(self, node: Call) -> Any:
        value = self.evaluate(self._only(node))
        if isinstance(value, Factor):
            # R gives the level's number, counted from one.
            return np.where(value.codes < 0, np.nan, value.codes + 1.0)
        return Numeric(np.asarray(self.as_numbers(value, node), dtype=np.float64))

    _call_as_integer = _call_as_numeric

    def _factor_call(self, node: Call, make: Callable[..., Factor]) -> Factor:
        arguments = [self.evaluate(a.value) for a in node.arguments if a.keyword is None]
        named = {a.keyword: self.evaluate(a.value) for a in node.arguments if a.keyword is not None}
        return make(arguments, named, show(node))

    def _call_factor(self, node: Call) -> Factor:
        return self._factor_call(node, factor_calls.factor)

    _call_as_factor = _call_factor
    _call_as_character = _call_factor

    def _call_ordered(self, node: Call) -> Factor:
        return self._factor_call(node, factor_calls.ordered)

    _call_as_ordered = _call_ordered

    def _call_relevel(self, node: Call) -> Factor:
        return self._factor_call(node, factor_calls.relevel)

    def _call_cut(self, node: Call) -> Factor:
        return self._factor_call(node, factor_calls.cut)

    def _call_interaction(self, node: Call) -> Factor:
        return factor_calls.interaction([self.evaluate(a.value) for a in node.arguments], show(node), separator=".")

    def _call_C(self, node: Call) -> Factor:
        """``C(f, sum)``: the factor with its contrasts stated."""
        if not node.arguments:
            raise FormulaError("C() needs a factor, as in C(f, sum)")
        if len(node.arguments) > 1:
            wish = node.arguments[1].value
            self.contrasts[show(node)] = wish.name if isinstance(wish, Name) else self.evaluate(wish)
        return factor_calls.factor([self.evaluate(node.arguments[0].value)], {}, show(node))

    def _unknown_function(self, node: Call) -> FormulaError:
        known = (*_OTHERS, *_MAKERS, *ELEMENTWISE, *REDUCTIONS)
        near = nearest(node.function, known)
        offer = f"did you mean {near}()?" if near else "compute a column first, or pass the function in env."
        return FormulaError(
            f"the function {node.function}() in {show(node)} is not known; {offer} Known are numpy's elementwise functions, "
            f"{', '.join((*_MAKERS, *_OTHERS))}\n    {show(node)}\n    {'^' * len(node.function)}"
        )


def _plain(value: Any) -> Any:
    """A value as a caller's own function expects it: an array of numbers, or of level values."""
    if isinstance(value, Factor):
        return np.array([*value.levels.values, None], dtype=object)[value.codes]
    return value.values if isinstance(value, (Numeric, Logical, Matrix)) else value


def _logical_join(symbol: str, a: Any, b: Any) -> Logical:
    """R's three-valued ``&`` and ``|``."""
    joined = np.minimum(a, b) if symbol[0] == "&" else np.maximum(a, b)
    deciding = 0.0 if symbol[0] == "&" else 1.0
    result = np.where((np.asarray(a) == deciding) | (np.asarray(b) == deciding), deciding, joined)
    return Logical(np.where(np.isnan(result), np.nan, (result != 0).astype(np.float64)))


def _as_value(array: Any) -> Value:
    values = np.asarray(array, dtype=np.float64)
    if values.ndim == 2:
        return Matrix(np.asfortranarray(values), tuple(str(j + 1) for j in range(values.shape[1])))
    return Numeric(values)
