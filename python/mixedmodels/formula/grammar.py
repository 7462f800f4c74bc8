"""Tokens to an expression tree, with R's operators and R's precedence."""

from __future__ import annotations

import re
from collections.abc import Callable

from mixedmodels.formula.nodes import Argument, Binary, Call, Name, Node, Number, Paren, Text, Unary, children
from mixedmodels.formula.tokens import Token, fail, tokenize

# Binding powers, as in R's ?Syntax; a higher one binds tighter.
_TILDE, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SPECIAL, _COLON, _SIGN, _POWER = range(1, 12)
_BINARY = {
    "~": _TILDE, "|": _OR, "||": _OR, "&": _AND, "&&": _AND,
    "<": _COMPARE, ">": _COMPARE, "<=": _COMPARE, ">=": _COMPARE, "==": _COMPARE, "!=": _COMPARE,
    "+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, ":": _COLON, "^": _POWER,
}  # fmt: skip
_PREFIX = {"-": _SIGN, "+": _SIGN, "!": _NOT, "~": _TILDE}
# Limits that keep every later recursion over a tree well within Python's own.
_MAX_NESTING = 80
_MAX_DEPTH = 250
_LONG_SUM = 16
_ESCAPES = {"n": "\n", "t": "\t"}


class _Parser:
    """Precedence climbing over a token list."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = tokenize(source)
        self.position = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def advance(self) -> Token:
        token = self.tokens[self.position]
        self.position += 1
        return token

    def whole(self) -> Node:
        if self.next.kind == "end":
            fail("the formula is empty; write for example 'y ~ x + (1 | g)'", self.source, 0)
        node = self.expression(0)
        token = self.next
        if token.kind == "end":
            if depth(node) > _MAX_DEPTH:
                fail(f"the formula is nested deeper than {_MAX_DEPTH} levels", self.source, 0, len(self.source))
            return node
        if token.text == ")":
            fail("a parenthesis is closed but never opened", self.source, token.at)
        if token.text == "," or token.text == "=":
            fail(f"{token.text!r} is only used inside the parentheses of a function", self.source, token.at)
        return fail(f"an operator such as '+' is missing before {token.text!r}", self.source, token.at, len(token.text))

    def expression(self, floor: int) -> Node:
        self.depth += 1
        if self.depth > _MAX_NESTING:
            fail(f"the formula is nested deeper than {_MAX_NESTING} levels", self.source, self.next.at)
        left = self.prefix()
        while True:
            token = self.next
            power = self.power(token)
            if power <= floor:
                break
            if token.text == "+":
                left = self.sum(left)
                continue
            self.advance()
            # '^' groups from the right, everything else from the left.
            right = self.expression(power - 1 if token.text == "^" else power)
            left = Binary(token.text, left, right, token.at)
        self.depth -= 1
        return left

    def sum(self, first: Node) -> Node:
        """A run of ``+``; a long one becomes a balanced tree, so that a thousand terms are no deep nesting."""
        parts, places = [first], [0]
        while self.next.text == "+" and self.next.kind == "operator":
            places.append(self.advance().at)
            parts.append(self.expression(_SUM))
        if len(parts) > _LONG_SUM:
            return _balanced(parts, places)
        node = parts[0]
        for part, at in zip(parts[1:], places[1:], strict=True):
            node = Binary("+", node, part, at)
        return node

    def power(self, token: Token) -> int:
        if token.kind != "operator":
            return 0
        if token.text[0] == "%":
            if token.text != "%in%":
                fail(
                    f"the operator {token.text} is not known; formulas have %in%",
                    self.source,
                    token.at,
                    len(token.text),
                )
            return _SPECIAL
        return _BINARY.get(token.text, 0)

    def prefix(self) -> Node:
        token = self.advance()
        if token.kind == "name":
            return (
                self.call(token)
                if self.next.text == "(" and self.next.kind == "operator"
                else Name(token.text, token.at)
            )
        if token.kind == "number":
            value = float(token.text.rstrip("L"))
            return Number(value, token.text.endswith("L") and value.is_integer(), token.at)
        if token.kind == "string":
            return Text(re.sub(r"\\(.)", _unescape, token.text[1:-1], flags=re.DOTALL), token.at)
        if token.text == "(":
            if self.next.text == ")" and self.next.kind == "operator":
                fail("there is nothing between these parentheses", self.source, token.at, self.next.at - token.at + 1)
            inner = self.expression(0)
            self.close(token)
            return Paren(inner, token.at)
        if token.kind == "operator" and token.text in _PREFIX:
            return Unary(token.text, self.expression(_PREFIX[token.text]), token.at)
        return self.misplaced(token)

    def misplaced(self, token: Token) -> Node:
        before = self.tokens[self.position - 2] if self.position > 1 else None
        if token.kind == "end" and before is not None:
            if before.text == "(":
                fail("a parenthesis is opened but never closed", self.source, before.at)
            fail(f"something is missing after {before.text!r}", self.source, before.at, len(before.text))
        if token.text == ")" and before is None:
            fail("a parenthesis is closed but never opened", self.source, token.at)
        where = f" after {before.text!r}" if before is not None else ""
        return fail(
            f"a name or a number is missing{where}, before {token.text!r}", self.source, token.at, len(token.text)
        )

    def call(self, function: Token) -> Node:
        opening = self.advance()
        arguments: list[Argument] = []
        if self.next.text == ")":
            self.advance()
            return Call(function.text, (), function.at)
        while True:
            arguments.append(self.argument())
            if self.next.text == "," and self.next.kind == "operator":
                self.advance()
                continue
            self.close(opening)
            return Call(function.text, tuple(arguments), function.at)

    def argument(self) -> Argument:
        token = self.next
        if token.kind in ("name", "string") and self.tokens[self.position + 1].text == "=":
            self.position += 2
            keyword = token.text.strip("'\"")
            return Argument(keyword, self.expression(0))
        return Argument(None, self.expression(0))

    def close(self, opening: Token) -> None:
        token = self.next
        if token.kind == "operator" and token.text == ")":
            self.advance()
        elif token.kind == "end":
            fail("a parenthesis is opened but never closed", self.source, opening.at)
        elif token.kind == "operator":
            fail(f"{token.text!r} cannot stand here", self.source, token.at, len(token.text))
        else:
            fail(f"an operator such as '+' is missing before {token.text!r}", self.source, token.at, len(token.text))


def _unescape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match.group(1), match.group(1))


def _balanced(parts: list[Node], places: list[int]) -> Node:
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    left, right = _balanced(parts[:middle], places[:middle]), _balanced(parts[middle:], places[middle:])
    return Binary("+", left, right, places[middle])


def depth(node: Node) -> int:
    """Levels of a tree, counted without recursion."""
    layer, deepest = [node], 0
    while layer:
        deepest += 1
        layer = [child for parent in layer for child in children(parent)]
    return deepest


def read_expression(source: str) -> Node:
    """Read one expression, or a whole formula, into a tree.

    Raises
    ------
    FormulaError
        Where the text cannot be read; the message marks the characters.
    """
    return _Parser(source).whole()


def transform(node: Node, change: Callable[[Node], Node | None]) -> Node:
    """The tree with every piece for which ``change`` returns a node replaced by it."""
    new = change(node)
    if new is not None:
        return new
    if isinstance(node, Binary):
        return Binary(node.operator, transform(node.left, change), transform(node.right, change), node.at)
    if isinstance(node, Unary):
        return Unary(node.operator, transform(node.operand, change), node.at)
    if isinstance(node, Paren):
        return Paren(transform(node.inner, change), node.at)
    if isinstance(node, Call):
        arguments = tuple(Argument(a.keyword, transform(a.value, change)) for a in node.arguments)
        return Call(node.function, arguments, node.at)
    return node
