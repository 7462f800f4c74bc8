"""Text to tokens, and the message that points at the characters that cannot be read."""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from mixedmodels._names import unquoted
from mixedmodels.errors import FormulaError

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?L?)
    | (?P<name>(?:[^\W\d]|\.(?!\d))[\w.]*(?:::(?:[^\W\d]|\.)[\w.]*)?)
    | (?P<quoted>`(?:[^`\\]|\\.)+`)
    | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<operator>%[^%\s]*%|\*\*|\|\||&&|<=|>=|==|!=|[-+*/^:~|&<>!(),=])""",
    re.VERBOSE,
)

_SHOWN = 1000  # characters of a formula on each side of a place that a message marks
_CURES = {
    "`": "a back quote is opened but never closed",
    '"': "a quoted string is opened but never closed",
    "'": "a quoted string is opened but never closed",
    "[": "square brackets have no meaning in a formula; make a column of the values first",
    "]": "square brackets have no meaning in a formula; make a column of the values first",
    "$": "'$' has no meaning in a formula; name the column alone and give the table as data",
    "{": "braces have no meaning in a formula; use parentheses",
    "}": "braces have no meaning in a formula; use parentheses",
    "%": "an operator of this kind is written %in%",
    "\\": "a backslash has no meaning in a formula; for nested groups write (1 | a/b)",
    "\u223c": "this is not the '~' of the keyboard but a sign that looks like it; type '~'",
    "\u2212": "this is not the '-' of the keyboard but a sign that looks like it; type '-'",
    "\u2013": "this is not the '-' of the keyboard but a dash; type '-'",
    "\u00d7": "write '*' for main effects with their interaction, ':' for the interaction alone",
}


class Token(NamedTuple):
    """A piece of a formula's text, with the place where it begins."""

    kind: str  # number, name, string, operator, end
    text: str
    at: int


def fail(message: str, source: str, at: int, length: int = 1) -> NoReturn:
    """Raise a FormulaError whose last line marks ``length`` characters of the formula from ``at`` on."""
    raise FormulaError(marked(message, source, at, length))


def marked(message: str, source: str, at: int, length: int = 1) -> str:
    """A message with the formula below it and marks under ``length`` of its characters from ``at`` on."""
    begin = max(0, at - _SHOWN)
    end = max(at, begin) + _SHOWN
    # A lone surrogate is no text that could be printed.
    line = re.sub(r"\s", " ", source[begin:end]).encode("utf-8", "replace").decode("utf-8")
    line = ("..." if begin else "") + line + ("..." if end < len(source) else "")
    at, length = at - begin + 3 * (begin > 0), min(length, end - at)
    return f"{message}\n    {line}\n    {' ' * at}{'^' * max(length, 1)}"


def tokenize(source: str) -> list[Token]:
    """Split a formula into tokens; an ``end`` token closes the list."""
    tokens = []
    at = 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            character = source[at]
            fail(_CURES.get(character, f"the character {character!r} has no meaning in a formula"), source, at)
        kind, text = str(match.lastgroup), match.group()
        if kind == "quoted":
            tokens.append(Token("name", unquoted(text), at))
        elif kind == "operator" and text == "**":
            tokens.append(Token(kind, "^", at))
        elif kind != "space":
            tokens.append(Token(kind, text, at))
        at = match.end()
    tokens.append(Token("end", "", len(source.rstrip())))
    return tokens
