"""An expression as a multiple of a part of it and a constant: ``1e3 - (y + 2) / 4`` is -0.25 y + 999.5."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass

from mixedmodels.formula.nodes import Binary, Call, Node, Number, Unary, strip

ARITHMETIC = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
    "**": operator.pow,
}


@dataclass(frozen=True)
class Affine:
    """``scale * of + shift``.

    Attributes
    ----------
    of : Node or None
        What is multiplied: the part that is no sum with a constant and no multiple; None of a constant.
    scale : float, default 1.0
        The multiple; 0 of a constant.
    shift : float, default 0.0
        The constant that is added.
    """

    of: Node | None
    scale: float = 1.0
    shift: float = 0.0

    @property
    def is_identity(self) -> bool:
        """Whether it is the part itself."""
        return self.scale == 1 and self.shift == 0

    def times(self, factor: float) -> Affine:
        """The multiple of the whole."""
        return Affine(self.of, self.scale * factor, self.shift * factor)

    def plus(self, constant: float) -> Affine:
        """The whole and a constant."""
        return Affine(self.of, self.scale, self.shift + constant)


def affine(node: Node) -> Affine:
    """The expression as a multiple of its part that is neither a multiple nor a sum with a constant.

    Examples
    --------
    >>> from mixedmodels.formula.affine import affine
    >>> from mixedmodels.formula import parse
    >>> expression = affine(parse("1e3 - (y + 2) / 4 ~ 1").left)
    >>> expression.scale, expression.shift
    (-0.25, 999.5)
    """
    value = constant(node)
    if value is not None:
        return Affine(None, 0.0, value)
    node = strip(node)
    if isinstance(node, Unary) and node.operator in ("+", "-"):
        return affine(node.operand).times(-1.0 if node.operator == "-" else 1.0)
    if isinstance(node, Call) and node.function in ("I", "identity") and len(node.arguments) == 1:
        return affine(node.arguments[0].value)
    if isinstance(node, Binary):
        return _binary(node)
    return Affine(node)


def _binary(node: Binary) -> Affine:
    left, right = constant(node.left), constant(node.right)
    match node.operator:
        case "+" if right is not None:
            return affine(node.left).plus(right)
        case "+" if left is not None:
            return affine(node.right).plus(left)
        case "-" if right is not None:
            return affine(node.left).plus(-right)
        case "-" if left is not None:
            return affine(node.right).times(-1.0).plus(left)
        case "*" if right is not None:
            return affine(node.left).times(right)
        case "*" if left is not None:
            return affine(node.right).times(left)
        case "/" if right:
            return affine(node.left).times(1 / right)
    return Affine(node)


def constant(node: Node) -> float | None:
    """The value of an expression of numbers; None where it names anything or has no finite value."""
    node = strip(node)
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Unary) and node.operator in ("+", "-"):
        value = constant(node.operand)
        return None if value is None else -value if node.operator == "-" else value
    if isinstance(node, Binary) and node.operator in ARITHMETIC:
        left, right = constant(node.left), constant(node.right)
        if left is None or right is None:
            return None
        try:
            result = ARITHMETIC[node.operator](left, right)
        except (OverflowError, ZeroDivisionError):
            return None
        return float(result) if isinstance(result, float | int) and math.isfinite(result) else None
    return None
