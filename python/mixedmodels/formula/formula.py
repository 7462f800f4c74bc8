"""A formula read once: response, fixed terms, random terms, and its text as R writes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from mixedmodels.errors import FormulaError
from mixedmodels.formula.grammar import read_expression, transform
from mixedmodels.formula.nodes import Binary, Block, Name, Node, Paren, Unary, column_names, walk
from mixedmodels.formula.random import MOST_GROUPS, Bar, bars_of, simple_terms
from mixedmodels.formula.show import show
from mixedmodels.formula.terms import Terms, expand_with_bars
from mixedmodels.formula.tokens import fail

MatrixColumns = tuple[str, tuple[str, ...], tuple[str, ...]]
MOST_CHARACTERS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Formula:
    """A model formula; equal to another one with the same text.

    Attributes
    ----------
    text : str
        The formula as R deparses it, "Reaction ~ Days + (Days | Subject)".
    source : str, optional
        Text as it was given.
    left : Node, optional
        Expression of the response, or None for a one-sided formula.
    right : Node, optional
        The expression on the right of ``~``.
    fixed : Terms, optional
        The fixed terms; None as long as a ``.`` waits for the names of a table.
    random : tuple of Bar, optional
        The simple random terms, after expansion of ``||``, ``/`` and ``*``, in the order of the formula.
    labels : tuple of str, optional
        Labels of fixed and random terms together, in R's order (what ``update`` writes).
    has_dot : bool, optional
        Whether ``.`` stands for "all other columns".
    matrices : tuple of (str, tuple of str, tuple of str), default ()
        Names that stand for several columns of the table, these columns, and what each coefficient's name adds.

    Examples
    --------
    >>> mm.formula.parse("y ~ x + (x | g)").text
    'y ~ x + (x | g)'
    """

    text: str
    source: str = field(compare=False)
    left: Node | None = field(compare=False)
    right: Node = field(compare=False)
    fixed: Terms = field(compare=False)
    random: tuple[Bar, ...] = field(compare=False)
    labels: tuple[str, ...] = field(compare=False)
    has_dot: bool = field(compare=False)
    matrices: tuple[MatrixColumns, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (_again, (self.text, self.matrices)) if self.matrices else (parse, (self.text,))

    @cached_property
    def response(self) -> str | None:
        """Text of the left side: "log(weight)"."""
        return None if self.left is None else show(self.left)

    @property
    def hidden_slopes(self) -> tuple[str, ...]:
        """Effects left of a bar without parentheses, which are random only: "Days" of ``y ~ Days | Subject``."""
        whole = isinstance(self.right, Paren) and len(self.random) > 0 and show(self.right) not in self.text
        return tuple(dict.fromkeys(label for bar in self.random for label in bar.effects.labels)) if whole else ()

    @cached_property
    def offset_texts(self) -> tuple[tuple[str, Node], ...]:
        """Text and expression of each ``offset()``."""
        return tuple((show(call), call) for call in self.fixed.offsets)

    @cached_property
    def variables(self) -> dict[str, Node]:
        """Text to expression of everything on the right that must be evaluated, each once."""
        texts = self.fixed.variables_used()
        for bar in self.random:
            texts.update(bar.effects.variables_used())
            texts.update(zip(bar.factor_names, bar.factors, strict=True))
        return texts


def parse(text: str) -> Formula:
    """Read a formula in R's language.

    Parameters
    ----------
    text : str
        Formula, for example ``"y ~ x * f + (x | g)"``, or one-sided as ``"~ (1 | g)"``.

    Raises
    ------
    FormulaError
        Where the text cannot be read; the last line of the message marks the offending characters.

    Examples
    --------
    >>> mm.formula.parse("y~x+(x|g)").text
    'y ~ x + (x | g)'
    """
    if not isinstance(text, str):
        raise FormulaError(f"a formula is a text such as 'y ~ x + (1 | g)', not {type(text).__name__}")
    if len(text) > MOST_CHARACTERS:
        raise FormulaError(
            f"the formula has {len(text)} characters, and {MOST_CHARACTERS} are read; name fewer columns"
        )
    return _parse(text)


@lru_cache(maxsize=512)
def _parse(text: str) -> Formula:
    return _from_node(read_expression(text), text)


def _from_node(node: Node, source: str) -> Formula:
    if isinstance(node, Binary) and node.operator == "~":
        left: Node | None = node.left
        right = node.right
    elif isinstance(node, Unary) and node.operator == "~":
        left, right = None, node.operand
    else:
        fail("a formula needs a '~' between response and terms", source, 0, len(source))
    if left is not None:
        _check_response(left, source, node.at)
    if isinstance(right, Binary) and right.operator in ("|", "||"):
        right = Paren(right, right.at)  # as in lme4, a bar alone is a random term beside the intercept
    names = () if left is None else column_names(left)
    terms, nodes, labels = expand_with_bars(right, source, simple_terms, names)
    random = tuple(bar for one in nodes for bar in bars_of(one, source))
    if len(random) > MOST_GROUPS:
        fail(f"the formula has more than {MOST_GROUPS} random terms", source, 0, len(source))
    return Formula(
        text=show(node),
        source=source,
        left=left,
        right=right,
        fixed=terms,
        random=random,
        labels=labels,
        has_dot=any(isinstance(piece, Name) and piece.name == "." for piece in walk(right)),
    )


def _check_response(left: Node, source: str, tilde: int) -> None:
    for piece in walk(left):
        if isinstance(piece, (Binary, Unary)) and piece.operator == "~":
            fail("a formula has one '~' only", source, tilde)
        if isinstance(piece, Binary) and piece.operator in ("|", "||"):
            fail("a random term belongs on the right of '~'", source, piece.at, len(piece.operator))


@lru_cache(maxsize=256)
def expand_dot(formula: Formula, names: tuple[str, ...]) -> Formula:
    """The formula with ``.`` replaced by the sum of all columns that the response does not use."""
    taken = set(column_names(formula.left)) if formula.left is not None else set()
    others = [Name(name) for name in names if name not in taken]
    if not others:
        raise FormulaError(f"'.' in {formula.text!r} stands for all other columns, but the table has none")
    total = read_expression(" + ".join(map(show, others)))
    top = formula.right
    right = transform(top, lambda piece: _dot(piece, total, top))
    node = Unary("~", right) if formula.left is None else Binary("~", formula.left, right)
    # Read once more, so that places in messages fit the text that they show.
    return parse(show(node))


def with_matrices(formula: Formula, matrices: Sequence[MatrixColumns]) -> Formula:
    """The formula in which names of matrices stand for their columns; the same one where it has none of them."""
    nodes = [formula.right] if formula.left is None else [formula.left, formula.right]
    names = {name for node in nodes for name in column_names(node)}
    used = {entry[0]: entry for entry in matrices if entry[0] in names}
    if not used:
        return formula

    def block(piece: Node) -> Node | None:
        if not isinstance(piece, Name) or piece.name not in used:
            return None
        name, columns, ends = used[piece.name]
        return Block(name, tuple(map(Name, columns)), ends, piece.at)

    right = transform(formula.right, block)
    left = None if formula.left is None else transform(formula.left, block)
    node = Unary("~", right) if left is None else Binary("~", left, right)
    return replace(_from_node(node, formula.source), text=formula.text, matrices=tuple(used.values()))


def _again(text: str, matrices: Sequence[MatrixColumns]) -> Formula:
    return with_matrices(parse(text), matrices)


def _dot(piece: Node, total: Node, top: Node) -> Node | None:
    if not (isinstance(piece, Name) and piece.name == "."):
        return None
    leftmost = top
    while isinstance(leftmost, Binary) and leftmost.operator in ("+", "-"):
        leftmost = leftmost.left
    # R shows the sum without parentheses where they change nothing.
    return total if leftmost is piece else Paren(total)


def update(old: Formula | str, new: str) -> Formula:
    """R's ``update``: in ``new`` a ``.`` stands for that side of ``old``, and the result is simplified.

    ``update("y ~ x + (1 | g)", ". ~ . - (1 | g) + (x | g)")`` is ``y ~ x + (x | g)``.

    Examples
    --------
    >>> mm.formula.update("y ~ x", ". ~ . + z").text
    'y ~ x + z'
    """
    before = parse(old) if isinstance(old, str) else old
    node = read_expression(new)
    if isinstance(node, Binary) and node.operator == "~":
        left: Node | None = transform(node.left, lambda piece: before.left if _is_dot(piece) else None)
        right = node.right
    elif isinstance(node, Unary) and node.operator == "~":
        left, right = before.left, node.operand
    else:
        fail("an update needs a '~', as in '. ~ . + x'", new, 0, len(new))
    whole = before.right if isinstance(before.right, Paren) else Paren(before.right)
    right = transform(right, lambda piece: whole if _is_dot(piece) else None)
    left_text = "" if left is None or _is_dot(left) else f"{show(left)} "
    source = f"{left_text}~ {show(right)}"
    # Read once more, so that places in messages fit the text that they show.
    return parse(f"{left_text}~ {simplified(parse(source))}")


def _is_dot(piece: Node) -> bool:
    return isinstance(piece, Name) and piece.name == "."


def simplified(formula: Formula) -> str:
    """The right side as a plain sum of its terms, in R's order."""
    parts = [*formula.labels, *(show(call) for call in formula.fixed.offsets)]
    if not parts:
        return "1" if formula.fixed.intercept else "0"
    return " + ".join(parts) + ("" if formula.fixed.intercept else " - 1")
