"""The pieces of a formula once it is read: small immutable trees, equal when they say the same.

``at`` is the place of a piece in the text, kept for messages and left out of comparisons.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Name:
    """A column, or a name of the caller's environment: ``Days``, ``body.mass``, ```two words```."""

    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written; ``text`` keeps R's integer mark (``2L``)."""

    value: float
    integer: bool = False
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted string."""

    value: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """``-x``, ``+x``, ``!x``."""

    operator: str
    operand: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """``a + b``, ``a:b``, ``x | g`` ..."""

    operator: str
    left: Node
    right: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Paren:
    """Parentheses, kept because R's labels show them: ``log((x + 1)/2)``."""

    inner: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call, with its name where it has one."""

    keyword: str | None
    value: Node


@dataclass(frozen=True, slots=True)
class Call:
    """``poly(x, 2)``, ``I(x^2)``, ``us(1 + x | g)``."""

    function: str
    arguments: tuple[Argument, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Block:
    """A name that stands for several columns of the table, a matrix: ``m`` for ``m1`` and ``m2``."""

    name: str
    columns: tuple[Name, ...]
    ends: tuple[str, ...]
    at: int = field(default=0, compare=False)


Node = Name | Number | Text | Unary | Binary | Paren | Call | Block


def strip(node: Node) -> Node:
    """The node without the parentheses around it."""
    while isinstance(node, Paren):
        node = node.inner
    return node


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below one, left to right."""
    if isinstance(node, Binary):
        return (node.left, node.right)
    if isinstance(node, Unary):
        return (node.operand,)
    if isinstance(node, Paren):
        return (node.inner,)
    if isinstance(node, Call):
        return tuple(argument.value for argument in node.arguments)
    return node.columns if isinstance(node, Block) else ()


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, left to right."""
    yield node
    for child in children(node):
        yield from walk(child)


def column_names(node: Node) -> tuple[str, ...]:
    """The names used in a node, each once, in order."""
    return tuple(dict.fromkeys(piece.name for piece in walk(node) if isinstance(piece, Name)))
