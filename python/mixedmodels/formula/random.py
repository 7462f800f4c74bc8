"""Random terms: from ``(x || a/b)`` to the list of simple terms that it stands for, as lme4 expands it.

``||`` is split in the text: ``(1 + f || g)`` is ``(1 | g) + (0 + f | g)``. For a factor ``f`` the second term keeps
every level's indicator, with correlations among them; ``diag(1 + f | g)`` is the way to have none.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from mixedmodels.formula.grammar import read_expression
from mixedmodels.formula.nodes import Argument, Binary, Block, Call, Name, Node, Number, Paren, strip, walk
from mixedmodels.formula.show import show
from mixedmodels.formula.terms import Terms, bar_of, expand
from mixedmodels.formula.tokens import fail

MOST_GROUPS = 100  # that one random term may expand to, and random terms of a formula


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One simple random term ``effects | group``.

    Attributes
    ----------
    text : str
        Text of the term, "Days | Subject", "1 | b:a".
    effects : Terms
        Effects that vary among the levels of the group.
    group : str
        Label of the grouping factor: "Subject", "b:a", "c:(b:a)".
    factors : tuple of Node
        Expressions whose combinations make the group, one for a plain grouping factor.
    structure : str, default "us"
        Covariance structure: "us", or another structure word of the formula ("diag", "ar1", ...).
    settings : tuple of Argument, optional
        The further arguments of a structure word.
    split : bool, default False
        Whether the term comes from ``||``.
    """

    text: str
    effects: Terms
    group: str
    factors: tuple[Node, ...]
    factor_names: tuple[str, ...]
    structure: str = "us"
    settings: tuple[Argument, ...] = field(default=())
    split: bool = False


def bars_of(node: Node, source: str) -> tuple[Bar, ...]:
    """The simple terms that one random term of a formula stands for."""
    bar = bar_of(node)
    assert bar is not None
    node = _bare(node)
    structure, settings = (node.function, node.arguments[1:]) if isinstance(node, Call) else ("us", ())
    effects = expand(bar.left, source)
    if effects.offsets:
        fail("an offset cannot vary among groups; add it outside the random term", source, effects.offsets[0].at)
    if not effects.terms and not effects.intercept:
        fail("this random term has no effect; write (1 | g) or (x | g)", source, bar.at)
    groups = tuple(_groups(bar.right, source))
    _check_number(len(groups), source, bar.at)
    if not groups:
        fail("this random term has no grouping factor", source, bar.at)
    lefts = _split(effects) if bar.operator == "||" else (bar.left,)
    return tuple(
        Bar(
            text=f"{show(left)} | {show(group)}",
            effects=expand(left, source),
            group=show(group),
            factors=tuple(_factors(group)),
            factor_names=tuple(show(factor) for factor in _factors(group)),
            structure=structure,
            settings=settings,
            split=bar.operator == "||",
        )
        for left in lefts
        for group in groups
    )


def simple_terms(node: Node, source: str) -> dict[Hashable, Node]:
    """The simple terms that one random term of a formula stands for, each under what it says.

    Terms that say the same in other words have the same key: ``(x | g)`` and ``(1 + x | g)``, ``(1 | a:b)`` and
    ``(1 | b:a)``.
    """
    out: dict[Hashable, Node] = {}
    for bar in bars_of(node, source):
        settings = tuple((argument.keyword, show(argument.value)) for argument in bar.settings)
        effects = (bar.effects.intercept, frozenset(bar.effects.labels))
        key = (bar.structure, settings, *effects, frozenset(bar.factor_names))
        out[key] = _node_of(bar)
    return out


def _node_of(bar: Bar) -> Node:
    """The term as it stands in a formula, in parentheses or a call of its structure."""
    inner = read_expression(f"({bar.text})")
    if bar.structure == "us" and not bar.settings:
        return inner
    return Call(bar.structure, (Argument(None, strip(inner)), *bar.settings))


def _bare(node: Node) -> Node:
    """A random term without parentheses around it; a call of a structure stays one."""
    while not isinstance(node, Call) and node is not strip(node):
        node = strip(node)
    return node


def _split(effects: Terms) -> tuple[Node, ...]:
    """Terms that ``||`` separates: the intercept, then each term alone."""
    parts: list[Node] = [Number(1.0)] if effects.intercept else []
    for term in effects.terms:
        product = effects.variables[term[0]]
        for position in term[1:]:
            product = Binary(":", product, effects.variables[position])
        parts.append(Binary("+", Number(0.0), product))
    return tuple(parts)


def _groups(node: Node, source: str) -> list[Node]:
    """Grouping factors of the right side of a bar; the inner comes first for ``a/b``: ``b:a``, then ``a``."""
    node = strip(node)
    if isinstance(node, Binary) and node.operator == "/":
        outer = _groups(node.left, source)
        inner = [Binary(":", group, outer[0]) for group in _groups(node.right, source)]
        return [*(_parenthesised(group) for group in inner), *outer]
    if isinstance(node, Binary) and node.operator == "+":
        return _once([*_groups(node.left, source), *_groups(node.right, source)])
    if isinstance(node, Binary) and node.operator == "*":
        left, right = _groups(node.left, source), _groups(node.right, source)
        _check_number(len(left) + len(right) + len(left) * len(right), source, node.at)
        return _once([*left, *right, *(Binary(":", a, b) for a in left for b in right)])
    if isinstance(node, Number):
        fail("a grouping factor is a column, not a number", source, node.at, len(show(node)))
    if isinstance(node, Binary) and node.operator != ":":
        fail("grouping factors are combined with ':', '/', '*' or '+' only", source, node.at, len(node.operator))
    if any(isinstance(piece, Block) for piece in walk(node)):
        fail(f"a grouping factor has one value per row, and {show(node)} is a matrix", source, node.at, len(show(node)))
    if not isinstance(node, (Name, Call, Binary)):
        fail("a grouping factor is a column or a function of columns", source, node.at)
    for factor in _factors(node):
        if not isinstance(factor, (Name, Call)):
            fail("a grouping factor is a column or a function of columns", source, factor.at)
    return [node]


def _check_number(groups: int, source: str, at: int) -> None:
    if groups > MOST_GROUPS:
        fail(f"this expands to more than {MOST_GROUPS} grouping factors", source, at)


def _once(groups: list[Node]) -> list[Node]:
    return list({show(group): group for group in groups}.values())


def _parenthesised(group: Node) -> Node:
    """``c:(b:a)``: the way lme4 names three levels of nesting."""
    if isinstance(group, Binary) and isinstance(group.right, Binary):
        return Binary(":", group.left, Paren(group.right))
    return group


def _factors(node: Node) -> list[Node]:
    node = strip(node)
    if isinstance(node, Binary) and node.operator == ":":
        return [*_factors(node.left), *_factors(node.right)]
    return [node]
