"""Calls of ``scale()``, ``poly()``, ``bs()``, ``ns()`` and column summaries: arguments, and their state at the fit."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels.design import bases
from mixedmodels.design.functions import REDUCTIONS
from mixedmodels.design.values import Array
from mixedmodels.errors import DataError, DesignError, FormulaError
from mixedmodels.formula import show
from mixedmodels.formula.nodes import Call, Node

if TYPE_CHECKING:
    from mixedmodels.design.evaluate import Scope

MAKERS = {"scale": bases.scale, "poly": bases.poly, "bs": bases.bs, "ns": bases.ns}

# Settings after the data, in R's order.
SETTINGS = {
    "scale": ("center", "scale"),
    "poly": ("degree", "coefs", "raw"),
    "bs": ("df", "knots", "degree", "intercept", "Boundary.knots"),
    "ns": ("df", "knots", "intercept", "Boundary.knots"),
}


def basis(scope: Scope, node: Call, name: str) -> Any:
    """The value of a call whose basis depends on the data; the scope keeps the state."""
    settings, data = _split_arguments(scope, node, name)
    text = show(node)
    state = scope.states.get(text)
    if state is None and scope.fitted:
        raise DesignError(f"the fit remembers no basis of {text}, so new data cannot be laid out")
    value: Any
    if name == "poly" and len(data) > 1:
        value, made = bases.multi_poly([_one_column(scope, piece, node) for piece in data], settings, state)
    else:
        value, made = MAKERS[name](_one_column(scope, data[0], node), settings, state)
    scope.states[text] = made
    return value


def _split_arguments(scope: Scope, node: Call, name: str) -> tuple[dict[str, Any], list[Node]]:
    """Settings by name, and the expressions of the data."""
    parameters = SETTINGS[name]
    settings: dict[str, Any] = {}
    data: list[Node] = []
    for argument in node.arguments:
        key = argument.keyword
        if key is None or key == "x":
            data.append(argument.value)
            continue
        dotted = key if key in parameters else key.replace("_", ".")
        if dotted not in parameters:
            raise FormulaError(f"{show(node)}: {name}() has no argument {key!r}; it has {', '.join(parameters)}")
        settings[dotted] = scope.evaluate(argument.value)
    if not data:
        raise FormulaError(f"{show(node)} names no column; write for example {name}(x)")
    if name == "poly" and "degree" in settings:
        return settings, data  # the others are further variables: poly(x, z, degree = 2)
    free = [key for key in parameters if key not in settings]
    constants = [(piece, scope.evaluate(piece)) for piece in data[1:]]
    if name == "poly":
        columns = [piece for piece, value in constants if not isinstance(value, (bool, int, float, tuple))]
        constants = constants[len(columns) :]
        data = [data[0], *columns]
    else:
        data = data[:1]
    if len(constants) > len(free):
        raise FormulaError(f"{show(node)} has more arguments than {name}() takes: {', '.join(parameters)}")
    settings.update((key, value) for key, (_, value) in zip(free, constants, strict=False))
    return settings, data


def _one_column(scope: Scope, node: Node, call: Call) -> Array:
    values = scope.numbers(node)
    if np.ndim(values) != 1:
        what = "a matrix" if np.ndim(values) else f"the number {values:g}"
        raise DataError(f"{show(call)} needs a column of numbers, but {show(node)} is {what}")
    infinite = np.flatnonzero(np.isinf(values))
    if len(infinite):
        row = int(infinite[0])
        raise DataError(f"{show(node)} is {values[row]:g} in row {row}, and {call.function}() needs finite numbers")
    if len(values) and np.isnan(values).all():
        raise DataError(f"{show(call)}: all values of {show(node)} are missing")
    return np.asarray(values, dtype=np.float64)


def reduction(scope: Scope, node: Call, name: str) -> float:
    """``mean(x)`` and its like: one number, the same one for new data."""
    text = show(node)
    if text not in scope.states:
        if scope.fitted:
            raise DesignError(f"the fit remembers no value of {text}, so new data cannot be laid out")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of nothing but missing values
            scope.states[text] = float(REDUCTIONS[name](scope.numbers(node.arguments[0].value)))
    return float(scope.states[text])
