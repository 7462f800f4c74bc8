"""Hypotheses as texts, "exp(Days) = 1" or "b1 - b2 = 0": read by the grammar of formulas, and never run as code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from mixedmodels._names import QUOTED
from mixedmodels.effects.marginal.jets import Jet, constant
from mixedmodels.errors import FormulaError
from mixedmodels.fit import distributions
from mixedmodels.formula import show
from mixedmodels.formula.grammar import read_expression
from mixedmodels.formula.nodes import Binary, Call, Name, Node, Number, Paren, Unary
from mixedmodels.formula.tokens import marked

RELATION = re.compile(r"==|<=|>=|=|<|>")
POSITION = re.compile(r"b(\d+)")
WILDCARD = re.compile(r"\bb\*")
SIDES = {"==": "=", "=": "=", "<=": "<=", "<": "<=", ">=": ">=", ">": ">="}


@dataclass(frozen=True)
class Equation:
    """One hypothesis as a text.

    Attributes
    ----------
    text : str
        As it was written.
    left, right : str
        Its sides, blanks in place of what stands before them, so that messages can mark a place.
    direction : {"=", "<=", ">="}
        Relation of the sides under the hypothesis.
    """

    text: str
    left: str
    right: str
    direction: str


def equations(texts: Sequence[str], r: int) -> list[Equation]:
    """Hypotheses read up to their sides; one with ``b*`` stands for as many as there are estimates.

    Raises
    ------
    FormulaError
        If a text has several relations.
    """
    found = []
    for text in texts:
        several = len(WILDCARD.findall(text))
        if several > 1:
            raise FormulaError(
                f"hypothesis {text!r} has b* more than once; it stands for one estimate after the other."
            )
        found += [_equation(WILDCARD.sub(f"b{i + 1}", text)) for i in range(r)] if several else [_equation(text)]
    return found


def _equation(text: str) -> Equation:
    relations = [m for m in RELATION.finditer(text) if not _quoted(text, m.start())]
    if len(relations) > 1:
        raise FormulaError(marked("a hypothesis has one relation", text, relations[1].start()))
    if not relations:
        return Equation(text.strip(), text, "0", "=")
    at = relations[0]
    return Equation(text.strip(), text[: at.start()], " " * at.end() + text[at.end() :], SIDES[at[0]])


def _quoted(text: str, at: int) -> bool:
    return any(name.start() < at < name.end() for name in QUOTED.finditer(text))


def distance(equation: Equation, names: Mapping[str, int], estimates: Jet) -> Jet:
    """Left side less right side, one value.

    Parameters
    ----------
    names : mapping of str to int
        Position of each estimate by its name; ``b1``, ``b2`` name them by position.

    Raises
    ------
    FormulaError
        If a text cannot be read, or names no estimate; the message marks the place.
    """
    return _value(equation.left, names, estimates) - _value(equation.right, names, estimates)


def _value(text: str, names: Mapping[str, int], estimates: Jet) -> Jet:
    if not text.strip():
        raise FormulaError('one side of the hypothesis is empty; write it as "b1 - b2 = 0".')
    return _Reader(text, names, estimates).of(read_expression(text))


@dataclass(frozen=True, eq=False)
class _Reader:
    """Values of the pieces of an expression."""

    text: str
    names: Mapping[str, int]
    estimates: Jet

    def of(self, node: Node) -> Jet:
        """The value of a node: a whole piece that is a name, as ``(Intercept)`` or ``a:b``, is that estimate."""
        if isinstance(node, Number):  # before names: an estimate may be called 0
            return constant(node.value, self.estimates.gradient.shape[1])
        place = self.names.get(show(node))  # R keeps the back quotes in a coefficient's name
        if place is None and isinstance(node, Name):
            place = self.names.get(node.name)
        if place is not None:
            return self.estimates.take(np.array([place]))
        if isinstance(node, Name):
            return self._named(node)
        if isinstance(node, Paren):
            return self.of(node.inner)
        if isinstance(node, Unary) and node.operator in "+-":
            inner = self.of(node.operand)
            return -inner if node.operator == "-" else inner
        if isinstance(node, Binary) and node.operator in OPERATORS:
            return OPERATORS[node.operator](self.of(node.left), self.of(node.right))
        if isinstance(node, Call):
            return self._call(node)
        raise FormulaError(
            marked(
                f"{show(node)!r} has no meaning in a hypothesis, which is made of estimates, numbers, + - * / ^ and "
                f"functions; a name that holds such signs stands in back quotes",
                self.text,
                getattr(node, "at", 0),
            )
        )

    def _named(self, node: Name) -> Jet:
        position = POSITION.fullmatch(node.name)
        r = len(self.estimates)
        if position and 1 <= int(position[1]) <= r:
            return self.estimates.take(np.array([int(position[1]) - 1]))
        if position:
            message = f"there is no {node.name}: there are {r} estimates, b1 to b{r}"
        else:
            near = get_close_matches(node.name, list(self.names), n=3, cutoff=0.5) or list(self.names)[:12]
            listed = ", ".join(map(repr, near))
            message = f"there is no estimate {node.name!r}; there are {listed or 'no names'} and b1 to b{r}"
        raise FormulaError(marked(message, self.text, node.at, len(node.name)))

    def _call(self, node: Call) -> Jet:
        function = FUNCTIONS.get(node.function)
        if function is None:
            raise FormulaError(
                marked(
                    f"there is no function {node.function!r} in hypotheses; there are {', '.join(FUNCTIONS)}",
                    self.text,
                    node.at,
                    len(node.function),
                )
            )
        if len(node.arguments) != 1 or node.arguments[0].keyword is not None:
            raise FormulaError(
                marked(f"{node.function} takes one argument here", self.text, node.at, len(node.function))
            )
        return function(self.of(node.arguments[0].value))


OPERATORS: dict[str, Callable[[Jet, Jet], Jet]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": lambda a, b: a**b,
    "**": lambda a, b: a**b,
}


def _logistic(x: Jet) -> Jet:
    p = 1 / (1 + np.exp(-x.value))
    return x.through(p, p * (1 - p))


def _normal(x: Jet) -> Jet:
    density = np.exp(-(x.value**2) / 2) / np.sqrt(2 * np.pi)
    return x.through(distributions.t_tail(x.value, np.inf), density)


FUNCTIONS: dict[str, Callable[[Jet], Jet]] = {
    "exp": Jet.exp,
    "log": Jet.log,
    "log2": lambda x: x.log() / float(np.log(2)),
    "log10": lambda x: x.log() / float(np.log(10)),
    "log1p": lambda x: (x + 1.0).log(),
    "expm1": lambda x: x.exp() - 1.0,
    "sqrt": lambda x: x**0.5,
    "abs": lambda x: x.through(np.abs(x.value), np.sign(x.value)),
    "sin": lambda x: x.through(np.sin(x.value), np.cos(x.value)),
    "cos": lambda x: x.through(np.cos(x.value), -np.sin(x.value)),
    "tan": lambda x: x.through(np.tan(x.value), 1 / np.cos(x.value) ** 2),
    "plogis": _logistic,
    "qlogis": lambda x: (x / (1.0 - x)).log(),
    "pnorm": _normal,
}
