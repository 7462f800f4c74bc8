"""The pieces of a formula once it is read: small immutable trees, equal when they say the same.

``at`` is the place of a piece in the text, kept for messages and left out of comparisons.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar


class Piece:
    """What all pieces share: they are equal when they are of one kind and say the same, wherever they stand.

    Written once, as to make these methods anew for each kind takes a noticeable part of the first fit.
    """

    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]] = ()

    def _content(self) -> tuple[object, ...]:
        return tuple([getattr(self, name) for name in self.__match_args__ if name != "at"])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Piece) or type(other) is not type(self):
            return NotImplemented
        return self._content() == other._content()

    def __hash__(self) -> int:
        return hash(self._content())


@dataclass(frozen=True, slots=True, eq=False)
class Name(Piece):
    """A column, or a name of the caller's environment: ``Days``, ``body.mass``, ```two words```."""

    name: str
    at: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Number(Piece):
    """A number as written; ``text`` keeps R's integer mark (``2L``)."""

    value: float
    integer: bool = False
    at: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Text(Piece):
    """A quoted string."""

    value: str
    at: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Unary(Piece):
    """``-x``, ``+x``, ``!x``."""

    operator: str
    operand: Node
    at: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Binary(Piece):
    """``a + b``, ``a:b``, ``x | g`` ..."""

    operator: str
    left: Node
    right: Node
    at: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Paren(Piece):
    """Parentheses, kept because R's labels show them: ``log((x + 1)/2)``."""

    inner: Node
    at: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Argument(Piece):
    """One argument of a call, with its name where it has one."""

    keyword: str | None
    value: Node


@dataclass(frozen=True, slots=True, eq=False)
class Call(Piece):
    """``poly(x, 2)``, ``I(x^2)``, ``us(1 + x | g)``."""

    function: str
    arguments: tuple[Argument, ...]
    at: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Block(Piece):
    """A name that stands for several columns of the table, a matrix: ``m`` for ``m1`` and ``m2``."""

    name: str
    columns: tuple[Name, ...]
    ends: tuple[str, ...]
    at: int = 0


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
