"""Expansion of a model expression to terms, as R's ``terms()`` does it.

A term is a set of variables, held as the bits of an integer: bit ``i`` stands for ``variables[i]``. Variables
are numbered as they appear in the formula, terms are sorted by their degree and otherwise stay in order, and a
label joins the variables of a term by ``:`` in the order of their numbers (so ``b + a:b`` has ``b:a``).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from mixedmodels.formula.nodes import Binary, Call, Name, Node, Number, Paren, Unary, strip
from mixedmodels.formula.show import show
from mixedmodels.formula.tokens import fail

_MAX_TERMS = 5000

SimpleTerms = Callable[[Node, str], dict[Hashable, Node]]  # the simple random terms of one, each under what it says


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A model expression as a list of terms.

    Attributes
    ----------
    variables : tuple of Node
        The expressions that terms are made of, in order of appearance.
    names : tuple of str
        Texts of the expressions as R deparses them.
    terms : tuple of tuple of int
        Positions of each term's variables, ascending.
    labels : tuple of str
        Label of each term, "a:b".
    dummies : tuple of tuple of bool
        Whether a factor among the variables of each term is coded by one indicator per level (True) or by contrasts
        (False); R's rule of marginality. Where there is no intercept, the first factor of the first term that has one
        is coded by indicators too, which needs the data to say.
    intercept : bool
        Whether there is an intercept.
    offsets : tuple of Call, optional
        The arguments of ``offset()`` calls.
    """

    variables: tuple[Node, ...]
    names: tuple[str, ...]
    terms: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...]
    dummies: tuple[tuple[bool, ...], ...]
    intercept: bool
    offsets: tuple[Call, ...] = field(default=())

    def variables_used(self) -> dict[str, Node]:
        """Text to expression of every variable that some term has, and of the offsets."""
        used = {position for term in self.terms for position in term}
        texts = {self.names[i]: self.variables[i] for i in sorted(used)}
        texts.update((show(call), call) for call in self.offsets)
        return texts


class _Expansion:
    """Variables met so far, and whether there is an intercept; the recursion of R's EncodeVars."""

    def __init__(self, source: str, *, simple: SimpleTerms | None, response: tuple[str, ...]) -> None:
        self.source = source
        self.simple = simple  # None where a random term may not stand as a variable
        self.response = response
        self.variables: list[Node] = []
        self.position: dict[str, int] = {}
        self.intercept = True
        self.bar_mask = 0
        self.offset_mask = 0
        self.lost_offsets = 0

    def variable(self, node: Node) -> int:
        text = show(node)
        place = self.position.get(text)
        if place is None:
            place = self.position[text] = len(self.variables)
            self.variables.append(node)
            if is_bar(node):
                self.bar_mask |= 1 << place
            elif isinstance(node, Call) and node.function == "offset":
                self.offset_mask |= 1 << place
        self.lost_offsets &= ~(1 << place)
        return 1 << place

    def terms(self, node: Node, keep: bool = True) -> list[int]:
        """Terms of an expression; ``keep`` is False on the right of a minus, where 1 and 0 change places."""
        if is_bar(node):
            if self.simple is None:
                fail("a random term cannot stand inside another term", self.source, node.at)
            return [self.variable(node)]
        if isinstance(node, Paren):
            return self.terms(node.inner, keep)
        if isinstance(node, Number):
            if node.value not in (0, 1):
                message = (
                    "only the numbers 0 and 1 (no intercept, intercept) are terms; a constant goes into I() or offset()"
                )
                fail(message, self.source, node.at, len(show(node)))
            self.intercept = (node.value == 1) == keep
            return []
        if isinstance(node, Unary) and node.operator in "+-":
            terms = self.terms(node.operand, keep if node.operator == "+" else not keep)
            if node.operator == "+":
                return terms
            self.removed([], node.operand, terms)
            return []
        if isinstance(node, Binary) and node.operator in _RULES:
            return _check(_RULES[node.operator](self, node, keep), self.source, node.at)
        if isinstance(node, Binary) and node.operator in ("|", "||"):
            fail("put the random term in parentheses: (x | g)", self.source, node.at, len(node.operator))
        if isinstance(node, Binary) and node.operator == "~":
            fail("a formula has one '~' only", self.source, node.at)
        return [self.variable(node)]

    def add(self, node: Binary, keep: bool) -> list[int]:
        return _union(self.terms(node.left, keep), self.terms(node.right, keep))

    def subtract(self, node: Binary, keep: bool) -> list[int]:
        left = self.terms(node.left, keep)
        for summand in _summands(node.right):
            left = self.removed(left, summand, self.terms(summand, not keep))
        return left

    def removed(self, left: list[int], node: Node, gone: list[int]) -> list[int]:
        """`left` without the terms `gone`, which `node` stands for; one that removes nothing is refused.

        A random term is removed by what it says, not by its text: ``(x || g)`` without ``(1 | g)`` is ``(0 + x | g)``.
        """
        rest = [term for term in left if term not in set(gone)]
        for term in gone:
            if term & self.bar_mask:
                rest = self._without_bar(rest, self.variables[_bits(term)[0]])
        if gone and rest == left and not self._is_open(left, gone):
            terms = ", ".join(":".join(show(self.variables[i]) for i in _bits(term)) for term in left) or "none"
            fail(f"this removes nothing; the terms before it are: {terms}", self.source, node.at, len(show(node)))
        for term in gone:
            self.lost_offsets |= term & self.offset_mask
        return rest

    def _is_open(self, left: list[int], gone: list[int]) -> bool:
        """Whether a ``.`` may stand for what is removed, or it is of the response, which ``.`` never stands for."""
        names = [self.variables[i] for term in (*left, *gone) for i in _bits(term)]
        if any(isinstance(node, Name) and node.name == "." for node in names):
            return True
        own = [self.variables[i] for term in gone for i in _bits(term)]
        return all(isinstance(node, Name) and node.name in self.response for node in own)

    def _without_bar(self, left: list[int], bar: Node) -> list[int]:
        """`left` without the simple random terms that `bar` stands for; of others the remaining ones are kept."""
        assert self.simple is not None
        gone = self.simple(bar, self.source)
        out = []
        for term in left:
            parts = self.simple(self.variables[_bits(term)[0]], self.source) if term & self.bar_mask else {}
            if parts.keys() & gone.keys():
                out += [self.variable(part) for key, part in parts.items() if key not in gone]
            else:
                out.append(term)
        return out

    def interact(self, node: Binary, keep: bool) -> list[int]:
        return _products(self.terms(node.left, keep), self.terms(node.right, keep))

    def cross(self, node: Binary, keep: bool) -> list[int]:
        left, right = self.terms(node.left, keep), self.terms(node.right, keep)
        return _union(_union(left, right), _products(left, right))

    def nest(self, node: Binary, keep: bool) -> list[int]:
        left, right = self.terms(node.left, keep), self.terms(node.right, keep)
        return _union(left, [term | _all_bits(left) for term in right])

    def within(self, node: Binary, keep: bool) -> list[int]:
        left, right = self.terms(node.left, keep), self.terms(node.right, keep)
        return _union([term | _all_bits(right) for term in left], [])

    def power(self, node: Binary, keep: bool) -> list[int]:
        exponent = strip(node.right)
        if not isinstance(exponent, Number) or exponent.value < 1 or not exponent.value.is_integer():
            fail("the power of a term is a whole number, as in (a + b)^2; else use I()", self.source, node.at)
        base = self.terms(node.left, keep)
        result = base
        for _ in range(min(int(exponent.value), len(base) + 1) - 1):
            result = _check(_union(result, _products(result, base)), self.source, node.at)
        return result


_RULES = {
    "+": _Expansion.add,
    "-": _Expansion.subtract,
    ":": _Expansion.interact,
    "*": _Expansion.cross,
    "/": _Expansion.nest,
    "%in%": _Expansion.within,
    "^": _Expansion.power,
}


def _summands(node: Node) -> list[Node]:
    """The parts of a sum; the node itself where it is none."""
    inner = node if is_bar(node) else strip(node)
    if isinstance(inner, Binary) and inner.operator == "+":
        return [*_summands(inner.left), *_summands(inner.right)]
    return [node]


def _check(terms: list[int], source: str, at: int) -> list[int]:
    if len(terms) > _MAX_TERMS:
        fail(f"this expands to more than {_MAX_TERMS} terms", source, at)
    return terms


def _union(first: list[int], second: list[int]) -> list[int]:
    return list(dict.fromkeys([*first, *second]))


def _products(first: list[int], second: list[int]) -> list[int]:
    if len(first) * len(second) > 100 * _MAX_TERMS:
        return list(range(_MAX_TERMS + 1))  # _check refuses it
    return list(dict.fromkeys(a | b for a in first for b in second))


def _all_bits(terms: list[int]) -> int:
    bits = 0
    for term in terms:
        bits |= term
    return bits


def _bits(term: int) -> tuple[int, ...]:
    positions = []
    while term:
        lowest = term & -term
        positions.append(lowest.bit_length() - 1)
        term ^= lowest
    return tuple(positions)


def _dummies(terms: list[int]) -> tuple[tuple[bool, ...], ...]:
    """R's TermCode: contrasts suffice where the term without the variable lies within an earlier term."""
    coded = []
    earlier: set[int] = set()
    for place, term in enumerate(terms):
        rests = [term & ~(1 << i) for i in _bits(term)]
        coded.append(
            tuple(
                rest != 0 and rest not in earlier and not any(rest & ~other == 0 for other in terms[:place])
                for rest in rests
            )
        )
        earlier.add(term)
    return tuple(coded)


STRUCTURES = {
    "us": "unstructured",
    "diag": "independent effects, each with its own variance",
    "homdiag": "independent effects with one variance",
    "cs": "compound symmetry",
    "homcs": "compound symmetry with one variance",
    "ar1": "autoregressive of order one",
    "hetar1": "autoregressive of order one with a variance for each time",
    "toep": "Toeplitz",
    "homtoep": "Toeplitz with one variance",
    "ou": "Ornstein-Uhlenbeck",
    "exp": "exponential in distance",
    "gau": "Gaussian in distance",
    "mat": "Matern in distance",
    "rr": "reduced rank",
    "propto": "proportional to a known matrix",
    "equalto": "equal to a known matrix",
}


def bar_of(node: Node) -> Binary | None:
    """The ``x | g`` of ``(x | g)`` or ``us(x | g)``, or None where the node is no random term."""
    if isinstance(node, Call) and node.function in STRUCTURES and node.arguments:
        inner = strip(node.arguments[0].value)
    elif isinstance(node, Paren):
        inner = strip(node)
        if isinstance(inner, Call):
            return bar_of(inner)
    else:
        return None
    return inner if isinstance(inner, Binary) and inner.operator in ("|", "||") else None


def is_bar(node: Node) -> bool:
    """Whether the node is a random term."""
    return bar_of(node) is not None


def expand(node: Node, source: str) -> Terms:
    """Terms of an expression without random terms.

    Parameters
    ----------
    node : Node
        The expression on the right of ``~``, or on the left of ``|``.
    source : str
        Text that the node was read from, for messages.
    """
    return expand_with_bars(node, source, None)[0]


def expand_with_bars(
    node: Node, source: str, simple: SimpleTerms | None, response: tuple[str, ...] = ()
) -> tuple[Terms, tuple[Node, ...], tuple[str, ...]]:
    """Terms of a right side, its random terms, and the labels of both together in R's order.

    The random terms take part in the expansion like variables, so that ``-`` removes them and parentheses
    around sums do not matter; an interaction with one is refused.

    Parameters
    ----------
    node : Node
        The right side.
    source : str
        Text that the node was read from, for messages.
    simple : callable or None
        Splits a random term into simple ones; None where random terms are refused.
    response : tuple of str, default ()
        Names that the response uses.
    """
    expansion = _Expansion(source, simple=simple, response=response)
    masks = sorted(expansion.terms(node), key=int.bit_count)
    bar_mask, offset_mask = expansion.bar_mask, expansion.offset_mask
    names = tuple(expansion.position)
    for mask in masks:
        if mask & bar_mask and mask.bit_count() > 1:
            bar = expansion.variables[_bits(mask & bar_mask)[0]]
            fail("a random term can only be added with '+' or removed with '-'", source, bar.at, len(show(bar)))
    everything = tuple(":".join(names[i] for i in _bits(mask)) for mask in masks if not mask & offset_mask)
    random = tuple(expansion.variables[_bits(mask)[0]] for mask in masks if mask & bar_mask)
    fixed = [mask for mask in masks if not mask & (bar_mask | offset_mask)]
    # As in R an offset is no part of a term and is in the model wherever it stands; unlike in R, "-" removes it.
    offset_mask &= ~expansion.lost_offsets
    offsets = [v for i, v in enumerate(expansion.variables) if offset_mask >> i & 1 and isinstance(v, Call)]
    terms = Terms(
        variables=tuple(expansion.variables),
        names=names,
        terms=tuple(_bits(mask) for mask in fixed),
        labels=tuple(":".join(names[i] for i in _bits(mask)) for mask in fixed),
        dummies=_dummies(fixed),
        intercept=expansion.intercept,
        offsets=tuple(offsets),
    )
    return terms, random, everything
