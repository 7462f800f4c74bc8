"""The syntax of focal terms: ``"x [0:10, by=2]"``, ``"f [a, b]"``, ``"x [meansd]"``, as in ggeffects."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedmodels._names import QUOTED, listed
from mixedmodels.errors import DataError, FormulaError
from mixedmodels.formula import parse
from mixedmodels.formula.nodes import column_names

MAX_VALUES = 10_000  # values of a range
ROLES = ("x", "group", "facet", "panel")
KEYWORDS = (
    "meansd", "minmax", "zeromax", "quart", "quart2", "quartiles", "quartiles2", "terciles", "terciles2", "fivenum",
    "all", "pretty",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Term:
    """A variable in focus and how its values are found.

    Attributes
    ----------
    name : str
        Name of the variable.
    wanted : Values, Range, Count, Sample or Word, optional
        Content of the brackets; None without brackets.
    """

    name: str
    wanted: Values | Range | Count | Sample | Word | None = None

    @property
    def is_automatic(self) -> bool:
        """Whether the values were chosen automatically, so that those without a prediction may be left out."""
        return self.wanted is None or isinstance(self.wanted, Count) or self.wanted == Word("pretty")


@dataclass(frozen=True, slots=True)
class Values:
    """Values one by one, as they were written or given."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """``[0:10]``, ``[0:10, by=2]``."""

    low: float
    high: float
    step: float

    @property
    def values(self) -> tuple[float, ...]:
        """All values of the range; the last is at most `high`."""
        steps = int(np.floor((self.high - self.low) / self.step + 1e-10))
        return tuple((self.low + np.arange(steps + 1) * self.step).tolist())


@dataclass(frozen=True, slots=True)
class Count:
    """``[n=5]``: about so many pretty values."""

    n: int


@dataclass(frozen=True, slots=True)
class Sample:
    """``[sample=8]``: so many of the levels, at random."""

    size: int


@dataclass(frozen=True, slots=True)
class Word:
    """``[meansd]``, ``[all]``, or the name of a function or a level."""

    word: str


def parse_terms(terms: Any) -> tuple[Term, ...]:
    """Terms as users write them.

    Parameters
    ----------
    terms : str, sequence of str or mapping
        One text, several, ``"~ x + f"``, or a mapping from names to values (None for ggeffects' choice).

    Raises
    ------
    DataError
        If there are none or more than four, or one comes twice.
    FormulaError
        If brackets do not close, or hold what makes no sense.
    """
    if isinstance(terms, Mapping):
        parsed = [_mapped(name, values) for name, values in terms.items()]
    elif isinstance(terms, str) and terms.lstrip().startswith("~"):
        parsed = [Term(name) for name in column_names(parse(terms).right)]
    else:
        texts = listed(terms)
        if not isinstance(terms, Sequence | int) or not all(isinstance(t, str) for t in texts):
            raise DataError(
                f"terms are texts such as 'x [0:10]', or a mapping from names to values; got {terms!r:.80}."
            )
        parsed = [parse_term(text) for text in texts]
    names = [term.name for term in parsed]
    if not 1 <= len(names) <= len(ROLES):
        raise DataError(f"one to four terms can be shown (x, group, facet, panel); got {len(names)}.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"the term {twice!r} comes twice; each variable has one place.")
    return tuple(parsed)


def _mapped(name: str, values: Any) -> Term:
    if values is None:
        return Term(name)
    if isinstance(values, str):
        return parse_term(f"{name} [{values}]")
    return Term(name, Values(tuple(np.atleast_1d(np.asarray(values, dtype=object)).tolist())))


def parse_term(text: str) -> Term:
    """One term: a name, or a name with brackets."""
    quoted_name = QUOTED.match(text.strip())  # which may hold a bracket
    begin = quoted_name.end() if quoted_name else 0
    name, opened, rest = text.strip()[begin:].partition("[")
    name = (text.strip()[:begin] + name).strip()
    inside = rest.rstrip()
    if not name or (opened and (not inside.endswith("]") or not inside[:-1].strip())) or (not opened and "]" in text):
        raise FormulaError(f"{text!r} is no term; give a name, or a name with its values, as 'x [0:10, by=2]'.")
    return Term(name, _wanted(inside[:-1].strip(), text) if opened else None)


def _wanted(inside: str, text: str) -> Values | Range | Count | Sample | Word:
    option = re.fullmatch(r"(n|sample)\s*=\s*(\d+)", inside)
    if option:
        number = int(option[2])
        if number < 1:
            raise FormulaError(f"{text!r}: {option[1]} is {number}; it must be 1 at least.")
        return Count(number) if option[1] == "n" else Sample(number)
    number_text = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
    span = re.fullmatch(rf"({number_text})\s*:\s*({number_text})(?:\s*,?\s*by\s*=\s*({number_text}))?", inside)
    if span:
        low, high, step = float(span[1]), float(span[2]), float(span[3] or 1)
        if step <= 0 or high < low:
            raise FormulaError(f"{text!r}: a range runs upward, with a step above 0.")
        if (high - low) / step > MAX_VALUES:
            raise FormulaError(f"{text!r} has more than {MAX_VALUES} values; ask for fewer values, by a larger step.")
        return Range(low, high, step)
    parts = [part.strip() for part in inside.split(",")]
    if "" in parts:
        raise FormulaError(f"{text!r} has a comma with nothing beside it.")
    if len(parts) == 1 and re.search(r"[^\W\d]", parts[0]) and not re.fullmatch(number_text, parts[0]):
        return Word(parts[0])
    return Values(tuple(parts))
