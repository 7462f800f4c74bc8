"""Derived quantities: functions of the estimates, given as Python functions or as text.

A text is arithmetic over parameters' names, in backticks where they are no identifiers:

    `sd_(Intercept)|Subject`^2 / (`sd_(Intercept)|Subject`^2 + sigma^2)
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mixedmodels._names import meant
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.inference.profile.parameters import Parameter

Quantity = Callable[[Mapping[str, float]], float]


def _plogis(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _qlogis(p: float) -> float:
    return math.log(p / (1 - p))


FUNCTIONS: dict[str, Callable[..., float]] = {
    name: getattr(math, name) for name in ("exp", "log", "log2", "log10", "sqrt", "sin", "cos", "tan", "tanh", "atan")
} | {"abs": abs, "plogis": _plogis, "qlogis": _qlogis}
OPERATORS: dict[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def quantities(derived: Mapping[str, Quantity | str], parameters: Sequence[Parameter]) -> dict[str, Quantity]:
    """Name -> function of named estimates.

    Raises
    ------
    DataError, UnknownColumnError
        If a text is no arithmetic, or names no parameter.
    """
    names = {p.name for p in parameters}
    out: dict[str, Quantity] = {}
    for name, what in derived.items():
        if name in names:
            raise DataError(f"a derived quantity cannot be called {name!r}: that is a parameter.")
        out[name] = parsed(what, names) if isinstance(what, str) else what
    return out


def parsed(text: str, names: set[str]) -> Quantity:
    """A text as a function of named estimates."""
    quoted: list[str] = []

    def placed(match: re.Match[str]) -> str:
        quoted.append(match.group(1))
        return f"_{len(quoted) - 1}_"

    source = re.sub(r"`([^`]+)`", placed, text).replace("^", "**")
    try:
        tree = ast.parse(source.strip(), mode="eval").body
    except SyntaxError as error:
        raise DataError(f"the derived quantity {text!r} is not arithmetic: {error.msg}.") from None

    def value_of(node: ast.AST) -> Callable[[Mapping[str, float]], float]:
        match node:
            case ast.Constant(value=int() | float() as number):
                return lambda _: float(number)
            case ast.Name(id=name):
                place = re.fullmatch(r"_(\d+)_", name)
                wanted = meant(quoted[int(place.group(1))] if place else name, names)
                if wanted not in names and wanted == "pi":
                    return lambda _: math.pi
                if wanted not in names:
                    raise UnknownColumnError(
                        f"the derived quantity {text!r} names {wanted!r}; there are {', '.join(sorted(names))}."
                    )
                return lambda estimates: estimates[wanted]
            case ast.BinOp(left, op, right) if type(op) in OPERATORS:
                f, a, b = OPERATORS[type(op)], value_of(left), value_of(right)
                return lambda estimates: f(a(estimates), b(estimates))
            case ast.UnaryOp(op, operand) if type(op) in OPERATORS:
                g, c = OPERATORS[type(op)], value_of(operand)
                return lambda estimates: g(c(estimates))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
                h, parts = FUNCTIONS[name], [value_of(a) for a in args]
                return lambda estimates: h(*(part(estimates) for part in parts))
        raise DataError(
            f"the derived quantity {text!r} holds {ast.unparse(node)!r}; it may hold numbers, parameters, + - * / ^ "
            f"and {', '.join(FUNCTIONS)}."
        )

    return value_of(tree)


class Estimates(Mapping[str, float]):
    """Estimates by name at one point, each computed at its first use."""

    def __init__(
        self, parameters: Mapping[str, Parameter], sizes: tuple[int, ...], roots: Any, others: Any, places: Any
    ):
        self._parameters = parameters
        self._sizes = sizes
        self._roots = roots
        self._others = others
        self._places = places

    def __getitem__(self, name: str) -> float:
        p = self._parameters[name]
        if p.kind in ("sd", "cor"):
            k = self._sizes[p.at[0]]
            root = self._roots[p.at[0]]
            rows = [root[i::k] for i in p.at[1:]]
            if p.kind == "sd":
                return math.sqrt(float(rows[0] @ rows[0]))
            return float(rows[0] @ rows[1]) / math.sqrt(float(rows[0] @ rows[0]) * float(rows[1] @ rows[1]))
        value = (
            float(self._others[self._places[name]]) if isinstance(self._places[name], int) else self._places[name][0]
        )
        return value if p.scale is None else float(p.scale.value(value))

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)
