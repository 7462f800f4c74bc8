"""Hypotheses written with the coefficients' names: "MachineB - MachineA == 0", "2*a + 0.5*b >= 1"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn

import numpy as np

from mixedmodels._names import QUOTED, meant, unquoted
from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import FormulaError
from mixedmodels.formula.tokens import marked

_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_BLANKS = re.compile(r"[^\W\d][\w.]*(?: +[\w.]+)*")
_RELATION = re.compile(r"==|>=|<=|=|<|>")
_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"[^\W\d][\w.:]*|\S")
# What the null hypothesis says, and what speaks against it.
_ALTERNATIVES = {"==": "two.sided", "=": "two.sided", ">=": "less", ">": "less", "<=": "greater", "<": "greater"}


@dataclass(frozen=True)
class Hypotheses:
    """Linear hypotheses ``matrix @ beta = rhs``, one a row.

    Attributes
    ----------
    matrix : ndarray, shape (r, p)
        Hypotheses.
    rhs : ndarray, shape (r,)
        Right sides.
    names : tuple of str
        Names of the rows.
    alternative : str, optional
        Alternative: "two.sided", "less" (for hypotheses with >=), "greater" (with <=); None where nothing says.
    """

    matrix: Matrix
    rhs: Vector
    names: tuple[str, ...]
    alternative: str | None = None


@dataclass(frozen=True)
class _Linear:
    """``weights @ coefficients + constant``."""

    weights: Vector
    constant: float = 0.0

    @property
    def is_number(self) -> bool:
        return not self.weights.any()


def parse_hypotheses(texts: str | Sequence[str], names: Sequence[str], what: str = "coefficient") -> Hypotheses:
    """Read hypotheses about named coefficients.

    Parameters
    ----------
    texts : str or sequence of str
        A hypothesis, several in one text separated by commas, or a sequence of them. Without a relation, "= 0" is
        meant. Names may hold blanks, colons and parentheses as R's do; where one reads as a number or holds an operator
        at the wrong place, put it into back quotes. "Intercept" stands for "(Intercept)".
    names : sequence of str
        Names of the p coefficients.
    what : str, default "coefficient"
        Name of a coefficient in messages.

    Raises
    ------
    FormulaError
        If a text cannot be read, names no coefficient, is not linear, or mixes directions; the message marks the place.
    """
    rows: list[tuple[_Linear, str, str | None]] = []
    for text in [texts] if isinstance(texts, str) else texts:
        rows += _Parser(str(text), names, what).hypotheses()
    if not rows:
        raise FormulaError('no hypothesis given; write one as "a - b = 0".')
    directions = {alternative for _, _, alternative in rows if alternative is not None}
    if len(directions) > 1:
        raise FormulaError(
            "the hypotheses mix '=', '>=' and '<='; test those of one kind at a time, for their p-values are adjusted "
            "together."
        )
    return Hypotheses(
        np.array([side.weights for side, _, _ in rows]),
        np.array([0.0 - side.constant for side, _, _ in rows]),
        tuple(name for _, name, _ in rows),
        directions.pop() if directions else None,
    )


class _Parser:
    """Recursive descent over one text; a coefficient is the longest name that fits where an operand begins."""

    def __init__(self, text: str, names: Sequence[str], what: str) -> None:
        self.text = text
        self.names = list(names)
        self.what = what
        self.at = 0
        self.patterns = [(re.compile(_loosely(name)), i) for i, name in enumerate(names)]
        # Without its back quotes a name with blanks still cannot be read in two ways; "a-b" could.
        plain = {i: unquoted(name) for i, name in enumerate(names)}
        self.patterns += [
            (re.compile(_loosely(text)), i)
            for i, text in plain.items()
            if text not in self.names and _BLANKS.fullmatch(text) and list(plain.values()).count(text) == 1
        ]
        if "Intercept" not in self.names and "(Intercept)" in self.names:
            self.patterns.append((re.compile("Intercept"), self.names.index("(Intercept)")))
        self.patterns.sort(key=lambda pair: -len(pair[0].pattern))

    def hypotheses(self) -> list[tuple[_Linear, str, str | None]]:
        out = []
        while True:
            out += self._relations()
            if not self._take(re.compile(",")):
                break
        if self.at < len(self.text):
            self._fail("an operator or a relation is missing here")
        return out

    def _relations(self) -> list[tuple[_Linear, str, str | None]]:
        start = self.at
        sides, texts, relations = [self._sum()], [self.text[start : self.at]], []
        while relation := self._take(_RELATION):
            relations.append(relation)
            start = self.at
            sides.append(self._sum())
            texts.append(self.text[start : self.at])
        if not relations:
            return [(self._checked(sides[0], start), _tidy(texts[0]), None)]
        out: list[tuple[_Linear, str, str | None]] = []
        for i, relation in enumerate(relations):
            left, right = sides[i], sides[i + 1]
            difference = _Linear(left.weights - right.weights, left.constant - right.constant)
            name = _tidy(texts[i]) if right.is_number else f"{_tidy(texts[i])} - ({_tidy(texts[i + 1])})"
            out.append((self._checked(difference, start), name, _ALTERNATIVES[relation]))
        return out

    def _checked(self, side: _Linear, start: int) -> _Linear:
        if side.is_number:
            self.at = start
            self._fail(f"no {self.what} is left on this hypothesis")
        return side

    def _sum(self) -> _Linear:
        total = self._product()
        while sign := self._take(re.compile(r"[-+]")):
            term = self._product()
            factor = 1.0 if sign == "+" else -1.0
            total = _Linear(total.weights + factor * term.weights, total.constant + factor * term.constant)
        return total

    def _product(self) -> _Linear:
        left = self._unary()
        while operator := self._take(re.compile(r"[*/]")):
            at = self.at
            right = self._unary()
            if operator == "*" and left.is_number:
                left, right = right, left
            if not right.is_number:
                self.at = at
                self._fail(f"a hypothesis is linear: multiply a {self.what} by a number, or divide it by one")
            if operator == "/" and right.constant == 0:
                self.at = at
                self._fail("this divides by 0")
            factor = right.constant if operator == "*" else 1 / right.constant
            left = _Linear(left.weights * factor, left.constant * factor)
        return left

    def _unary(self) -> _Linear:
        if sign := self._take(re.compile(r"[-+]")):
            inner = self._unary()
            return inner if sign == "+" else _Linear(-inner.weights, -inner.constant)
        return self._operand()

    def _operand(self) -> _Linear:
        self._skip()
        number = _NUMBER.match(self.text, self.at)
        quoted = QUOTED.match(self.text, self.at)
        if quoted and (name := meant(quoted[1], self.names)) in self.names and _ends(self.text, quoted.end()):
            self.at = quoted.end()
            return self._coefficient(self.names.index(name))
        for pattern, i in self.patterns:
            match = pattern.match(self.text, self.at)
            if match and _ends(self.text, match.end()) and not (number and number.end() >= match.end()):
                self.at = match.end()
                return self._coefficient(i)
        if number:
            self.at = number.end()
            return _Linear(np.zeros(len(self.names)), float(number[0]))
        if self._take(re.compile(r"\(")):
            inner = self._sum()
            if not self._take(re.compile(r"\)")):
                self._fail("a parenthesis is opened but not closed before this")
            return inner
        if quoted:
            self._unknown(quoted[1])
        word = _WORD.match(self.text, self.at)
        if word is None:
            self._fail(f"a {self.what} or a number is missing at the end")
        return self._unknown(word[0])

    def _coefficient(self, i: int) -> _Linear:
        weights = np.zeros(len(self.names))
        weights[i] = 1.0
        return _Linear(weights)

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        self._skip()
        match = pattern.match(self.text, self.at)
        if not match:
            return None
        self.at = match.end()
        return match[0]

    def _skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        assert match is not None
        self.at = match.end()

    def _unknown(self, word: str) -> NoReturn:
        near = get_close_matches(word, self.names, n=3, cutoff=0.5) or self.names[:12]
        listed = ", ".join(repr(name) for name in near)
        hint = "near ones are" if len(near) <= 3 and near != self.names else "there are"
        self._fail(f"there is no {self.what} {word!r}; {hint} {listed}", len(word))

    def _fail(self, message: str, length: int = 1) -> NoReturn:
        raise FormulaError(marked(message, self.text, self.at, length))


def _loosely(name: str) -> str:
    """A pattern of the name with any blanks between its characters other than those of words."""
    parts = re.findall(r"[\w.]+|[^\w.\s]", name)
    return r"\s*".join(map(re.escape, parts))


def _ends(text: str, at: int) -> bool:
    """Whether a name may end here: the next character does not go on with a word."""
    return at >= len(text) or not (text[at].isalnum() or text[at] in "_.:")


def _tidy(text: str) -> str:
    """One blank around the operators between terms, as R writes an expression."""
    text = re.sub(r"\s+", " ", text.strip())
    return re.sub(r"(?<=[\w)`]) ?([-+*/]) ?(?=[\w(.`])", _spaced, text)


def _spaced(match: re.Match[str]) -> str:
    return match[1] if match[1] == "/" else f" {match[1]} "
