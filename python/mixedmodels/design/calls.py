"""Function calls within a formula."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels.design import factor_calls
from mixedmodels.design.basis_calls import MAKERS, basis, reduction
from mixedmodels.design.functions import ELEMENTWISE, REDUCTIONS, elementwise
from mixedmodels.design.values import Matrix, all_finite
from mixedmodels.errors import FormulaError, MixedModelsError, MixedModelsWarning
from mixedmodels.formula import show
from mixedmodels.formula.nodes import Argument, Call, Name, Node
from mixedmodels.formula.tokens import fail
from mixedmodels.frame import Factor, Logical, Numeric, any_column, nearest

if TYPE_CHECKING:
    from mixedmodels.design.evaluate import Scope

_COMPUTING = (TypeError, ValueError, IndexError, ArithmeticError, AttributeError)  # what a wrong argument can cause


def call(scope: Scope, node: Call) -> Any:
    """The value of a function call.

    Raises
    ------
    FormulaError
        If the function is unknown, or does not take these arguments.
    """
    own = scope.env.get(node.function) if scope.env is not None else None
    if callable(own):
        scope.taken[node.function] = own
        return _own_function(scope, node, own)
    try:
        with np.errstate(all="ignore"):
            return _known(scope, node)
    except MixedModelsError:
        raise
    except _COMPUTING as cause:
        raise FormulaError(f"{show(node)} cannot be computed: {cause}") from cause


def _known(scope: Scope, node: Call) -> Any:
    name = node.function.rpartition("::")[2]
    if name in MAKERS:
        return basis(scope, node, name)
    if name in REDUCTIONS and len(node.arguments) == 1:
        return reduction(scope, node, name)
    special = _SPECIAL.get(name)
    if special is not None:
        return special(scope, node)
    function = elementwise(name)
    if function is None:
        return _unknown_function(scope, node)
    return _elementwise(scope, node, function)


def _elementwise(scope: Scope, node: Call, function: Callable[..., Any]) -> Any:
    operands = [scope.evaluate(argument.value) for argument in node.arguments]
    pairs = zip(operands, node.arguments, strict=True)
    values = [scope.as_numbers(value, argument.value) for value, argument in pairs]
    result = function(*values)
    if np.ndim(result) == 0:
        return float(result)
    if result.dtype == np.bool_:
        return Logical(result.astype(np.float64))
    _warn_new_missing(node, values, result)
    if result.ndim == 2 and isinstance(operands[0], Matrix):
        return Matrix(np.asfortranarray(result), operands[0].names)
    return np.asarray(result, dtype=np.float64)


def _warn_new_missing(node: Call, values: list[Any], result: Any) -> None:
    """Warn of rows that are lost because a function gives no number, as ``log(-1)``."""
    if all_finite(result):
        return
    new_missing = np.isnan(result)
    for value in values:
        new_missing = new_missing & ~np.isnan(value)
    count = int(np.count_nonzero(new_missing))
    if count:
        message = f"{show(node)} gives no number in {count} row{'s' if count > 1 else ''}, which count as missing"
        warnings.warn(message, MixedModelsWarning, stacklevel=2)


def _own_function(scope: Scope, node: Call, function: Callable[..., Any]) -> Any:
    """A function of the caller's; what goes wrong in it is the caller's to see."""
    positional = [_plain(scope.evaluate(a.value)) for a in node.arguments if a.keyword is None]
    named = {a.keyword: _plain(scope.evaluate(a.value)) for a in node.arguments if a.keyword is not None}
    result = function(*positional, **named)
    if np.ndim(result) == 0 and not isinstance(result, str):
        return float(result)
    if np.ndim(result) == 2:
        return np.asarray(result, dtype=np.float64)
    return any_column(show(node), result)


def _plain(value: Any) -> Any:
    """A value as a caller's own function expects it: an array of numbers, or of level values."""
    if isinstance(value, Factor):
        return np.array([*value.levels.values, None], dtype=object)[value.codes]
    return value.values if isinstance(value, (Numeric, Logical, Matrix)) else value


def _only(node: Call) -> Node:
    if len(node.arguments) != 1:
        raise FormulaError(f"{node.function}() takes one argument, {show(node)} has {len(node.arguments)}")
    return node.arguments[0].value


def _itself(scope: Scope, node: Call) -> Any:
    return scope.evaluate(_only(node))


def _c(scope: Scope, node: Call) -> tuple[Any, ...]:
    parts: list[Any] = []
    for argument in node.arguments:
        value = scope.evaluate(argument.value)
        parts.extend(value if isinstance(value, tuple) else (value,))
    return tuple(parts)


def _cbind(scope: Scope, node: Call) -> Matrix:
    names: list[str] = []
    columns: list[Any] = []
    for argument in node.arguments:
        value: Any = scope.evaluate(argument.value)
        values = scope.as_numbers(value, argument.value)
        if np.ndim(values) == 2:
            columns.extend(values.T)
            names.extend(value.names if isinstance(value, Matrix) else [""] * values.shape[1])
        else:
            columns.append(np.broadcast_to(values, scope.table.n_rows))
            plain = argument.value.name if isinstance(argument.value, Name) else ""
            names.append(argument.keyword or plain)
    if not columns:
        raise FormulaError("cbind() needs at least one column, as in cbind(successes, failures)")
    if not any(names):
        names = [str(j + 1) for j in range(len(names))]
    return Matrix(np.asfortranarray(np.column_stack(columns)), tuple(names))


def _ifelse(scope: Scope, node: Call) -> Any:
    if len(node.arguments) != 3:
        raise FormulaError(f"ifelse() takes a test and two values, {show(node)} has {len(node.arguments)} arguments")
    test, yes, no = (scope.numbers(argument.value) for argument in node.arguments)
    return np.where(np.isnan(test), np.nan, np.where(np.asarray(test) != 0, yes, no))


def _is_na(scope: Scope, node: Call) -> Logical:
    value = scope.evaluate(_only(node))
    gone = value.codes < 0 if isinstance(value, Factor) else np.isnan(scope.as_numbers(value, node))
    return Logical(np.asarray(gone, dtype=np.float64))


def _as_numeric(scope: Scope, node: Call) -> Any:
    value = scope.remembered(_only(node))
    if isinstance(value, Factor):
        return np.where(value.codes < 0, np.nan, value.codes + 1.0)  # the level's number, from one, as in R
    return np.asarray(scope.as_numbers(value, node), dtype=np.float64)


def _as_integer(scope: Scope, node: Call) -> Any:
    return np.trunc(_as_numeric(scope, node))


def _factor_maker(make: Callable[..., Factor]) -> Callable[[Scope, Call], Factor]:
    def made(scope: Scope, node: Call) -> Factor:
        # Labels and references are given to the levels of all data, of which new rows may have a part.
        evaluate = scope.remembered if _depends_on_all_levels(node) else scope.evaluate
        arguments = [evaluate(a.value) for a in node.arguments if a.keyword is None]
        named = {a.keyword: evaluate(a.value) for a in node.arguments if a.keyword is not None}
        return make(arguments, named, show(node))

    return made


def _dummy(scope: Scope, node: Call) -> Matrix:
    def value(argument: Argument) -> Any:
        of_levels = scope.evaluate(argument.value)
        if isinstance(of_levels, (bool, int, float, str, tuple)):
            return of_levels
        made = factor_calls.as_factor_value(of_levels, show(node))
        return scope.with_levels_of_the_fit(made, argument.value)

    arguments = [value(a) for a in node.arguments if a.keyword is None]
    return factor_calls.dummy(arguments, {a.keyword: value(a) for a in node.arguments if a.keyword}, show(node))


def _depends_on_all_levels(node: Call) -> bool:
    return node.function == "relevel" or len(node.arguments) > 2 or any(a.keyword == "labels" for a in node.arguments)


def _interaction(scope: Scope, node: Call) -> Factor:
    return factor_calls.interaction([scope.evaluate(a.value) for a in node.arguments], show(node), separator=".")


def _with_contrasts(scope: Scope, node: Call) -> Factor:
    """``C(f, sum)``: the factor with its contrasts stated."""
    if not 1 <= len(node.arguments) <= 2:
        raise FormulaError("C() takes a factor and its contrasts, as in C(f, sum)")
    if len(node.arguments) > 1:
        coding = node.arguments[1].value
        scope.contrasts[show(node)] = coding.name if isinstance(coding, Name) else scope.evaluate(coding)
    return factor_calls.factor([scope.evaluate(node.arguments[0].value)], {}, show(node))


_factor = _factor_maker(factor_calls.factor)
_ordered = _factor_maker(factor_calls.ordered)

_SPECIAL: dict[str, Callable[[Scope, Call], Any]] = {
    "I": _itself,
    "identity": _itself,
    "offset": _itself,
    "c": _c,
    "cbind": _cbind,
    "ifelse": _ifelse,
    "is.na": _is_na,
    "as.numeric": _as_numeric,
    "as.integer": _as_integer,
    "factor": _factor,
    "as.factor": _factor,
    "as.character": _factor,
    "ordered": _ordered,
    "as.ordered": _ordered,
    "relevel": _factor_maker(factor_calls.relevel),
    "cut": _factor_maker(factor_calls.cut),
    "dummy": _dummy,
    "interaction": _interaction,
    "C": _with_contrasts,
}


def _unknown_function(scope: Scope, node: Call) -> Any:
    near = nearest(node.function, (*_SPECIAL, *MAKERS, *ELEMENTWISE, *REDUCTIONS))
    cure = f"did you mean {near}()?" if near else "pass it in env, or compute the column first."
    message = (
        f"the function {node.function}() is not known; {cure} Known are numpy's elementwise functions and "
        f"{', '.join((*MAKERS, *_SPECIAL))}"
    )
    fail(message, scope.source or show(node), node.at if scope.source else 0, len(node.function))
