"""Trees back to text, spaced as R's ``deparse`` spaces them."""

from __future__ import annotations

import math
import re

from mixedmodels._names import quoted
from mixedmodels.formula.nodes import Binary, Block, Call, Name, Node, Number, Paren, Text, Unary

_SYNTACTIC = re.compile(r"(?:[^\W\d_]|\.(?!\d))[\w.]*(?:::(?:[^\W\d_]|\.)[\w.]*)?")
_RESERVED = frozenset(["if", "else", "repeat", "while", "function", "for", "next", "break", "in"])
_TIGHT = frozenset(["^", ":", "/"])


def show(node: Node) -> str:
    """R's text of an expression: ``Reaction ~ Days + (Days | Subject)``, ``I(x^2)``, ``a/b``.

    Examples
    --------
    >>> from mixedmodels.formula.show import show
    >>> show(mm.formula.parse("y ~ x").left)
    'y'
    """
    if isinstance(node, (Name, Block)):
        return quoted_name(node.name)
    if isinstance(node, Binary):
        operator = node.operator if node.operator in _TIGHT else f" {node.operator} "
        return f"{show(node.left)}{operator}{show(node.right)}"
    if isinstance(node, Call):
        return f"{quoted_name(node.function)}({', '.join(_argument(a.keyword, a.value) for a in node.arguments)})"
    if isinstance(node, Paren):
        return f"({show(node.inner)})"
    if isinstance(node, Number):
        return f"{node.value:.0f}L" if node.integer else show_number(node.value)
    if isinstance(node, Text):
        escaped = node.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
        return f'"{escaped}"'
    assert isinstance(node, Unary)
    return f"{node.operator}{show(node.operand)}"


def _argument(keyword: str | None, value: Node) -> str:
    return show(value) if keyword is None else f"{quoted_name(keyword)} = {show(value)}"


def quoted_name(name: str) -> str:
    """A name as it must stand in a formula: in back quotes where it is not a plain word."""
    if _SYNTACTIC.fullmatch(name) and name not in _RESERVED:
        return name
    return quoted(name)


def show_number(value: float) -> str:
    """A number with up to fifteen digits, fixed or scientific, whichever R finds shorter."""
    if not math.isfinite(value):
        return "Inf" if value > 0 else "-Inf" if value < 0 else "NaN"
    mantissa, exponent = f"{value:.14e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    power = int(exponent)
    scientific = f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
    digits = len(mantissa.replace("-", "").replace(".", ""))
    fixed = f"{value:.{max(digits - 1 - power, 0)}f}"
    return fixed if len(fixed) <= len(scientific) else scientific
