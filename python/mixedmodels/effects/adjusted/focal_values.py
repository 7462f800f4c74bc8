"""Values of focal terms: numbers over a range, levels of factors, keywords and samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.design.evaluate import Scope
from mixedmodels.design.functions import elementwise
from mixedmodels.effects.adjusted.pretty import pretty_range, representative
from mixedmodels.effects.adjusted.terms import KEYWORDS, Count, Range, Sample, Term, Values, Word
from mixedmodels.effects.adjusted.variables import Variables
from mixedmodels.errors import DataError
from mixedmodels.estimates.linear_functions import Level
from mixedmodels.estimates.predictors import table_of
from mixedmodels.formula.grammar import read_expression
from mixedmodels.frame import Factor, Numeric, label, like_dates
from mixedmodels.frame.from_numpy import is_missing

FEW = 10  # distinct values up to which a number in second place shows them all, as in ggeffects
MANY = 20  # and in first place


def focal_values(term: Term, place: int, variables: Variables, smooth: bool, rng: np.random.Generator) -> list[Level]:
    """The values of one term: numbers in ascending order, levels in their own order or in the order of the term.

    Parameters
    ----------
    place : int
        Place of the term: 0 for the first, which is drawn along x; others are groups, so that few values do.
    smooth : bool
        Whether a number in first place takes all its values, as curves need.
    rng : numpy.random.Generator
        Source of random numbers for ``[sample=8]``.

    Raises
    ------
    DataError
        If a level does not exist, or the text in the brackets has no meaning.
    """
    name, wanted = term.name, term.wanted
    if not variables.is_number(name):
        return _levels(name, wanted, variables, rng)
    values = _number(name, wanted, place, variables, smooth, rng)
    if not np.isfinite(values).all():
        raise DataError(
            f"{name!r} takes {values[~np.isfinite(values)][0]}; give its values: 'terms' can say '{name} [0:10]'."
        )
    return [float(v) for v in np.unique(values)]


def _number(name: str, wanted: Any, place: int, variables: Variables, smooth: bool, rng: np.random.Generator) -> Vector:
    if isinstance(wanted, Range):
        return np.array(wanted.values)
    if isinstance(wanted, Values):
        return _as_numbers(name, like_dates(wanted.values, variables.columns[name]))
    column = variables.columns[name]
    assert isinstance(column, Numeric)
    if not variables.has_rows:
        raise DataError(
            f"a model loaded from a file does not know the values of {name!r}; give some, as '{name} [0, 5, 10]'."
        )
    x = column.values
    if isinstance(wanted, Count):
        return pretty_range(x, wanted.n)
    if isinstance(wanted, Sample):
        return np.array([float(v) for v in _sampled(name, np.unique(x).tolist(), wanted.size, rng)])
    if isinstance(wanted, Word):
        return _by_word(name, wanted.word, x, variables)
    distinct = len(np.unique(x))
    if place and distinct >= FEW:
        return representative(x)
    return np.unique(x) if distinct < MANY or smooth else pretty_range(x)


def _by_word(name: str, word: str, x: Vector, variables: Variables) -> Vector:
    if word == "pretty":
        return pretty_range(x)
    if word in KEYWORDS:
        return representative(x, word)
    if elementwise(word) is not None or callable((variables.env or {}).get(word)):
        scope = Scope(table_of({name: Numeric(np.unique(x))}, len(np.unique(x))), variables.env, {}, source=word)
        return np.asarray(scope.numbers(read_expression(f"{word}(`{name}`)")), dtype=float)
    if variables.env is not None and word in variables.env:
        return _as_numbers(name, np.atleast_1d(variables.env[word]).tolist())
    raise DataError(
        f"{name!r} is a number, and {word!r} does not describe its values; write numbers, a range as 0:10, n=5, a "
        f"function as exp, or one of {', '.join(KEYWORDS)}."
    )


def _as_numbers(name: str, values: Sequence[Any]) -> Vector:
    try:
        return np.array([float(v) for v in values])
    except (TypeError, ValueError):
        raise DataError(f"{name!r} is a number in this model, and its values are given as {values!r:.80}.") from None


def _levels(name: str, wanted: Any, variables: Variables, rng: np.random.Generator) -> list[Level]:
    own = variables.levels(name)
    if wanted is None or (isinstance(wanted, Word) and wanted.word in KEYWORDS and wanted.word not in map(label, own)):
        return own
    if isinstance(wanted, Sample):
        return _sampled(name, own, wanted.size, rng)
    if isinstance(wanted, Count):
        raise DataError(f"{name!r} is a factor, and n={wanted.n} is for numbers; name levels, or sample={wanted.n}.")
    labels = [wanted.word] if isinstance(wanted, Word) else list(wanted.values)
    return [chosen_level(name, value, variables) for value in dict.fromkeys(labels)]


def chosen_level(name: str, value: Any, variables: Variables) -> Level:
    """The level that prints as `value` does.

    Raises
    ------
    DataError
        If there is none.
    """
    own = variables.levels(name)
    text = label(value)
    column = variables.columns[name]
    match = None if is_missing(value) else next((v for v in own if v == value or label(v) == text), None)
    if match is None:  # True for TRUE
        match = next((level for level in own if label(level).lower() == text.lower()), None)
    if match is None and isinstance(column, Numeric):
        match = next((level for level in own if text == f"{float(level):g}"), None)
    if match is None:
        listed = ", ".join(label(level) for level in own[:20])
        kind = "factor" if isinstance(column, Factor) else "variable"
        raise DataError(
            f"the {kind} {name!r} has no level {text!r}; its levels are {listed}{', ...' if len(own) > 20 else ''}."
        )
    return match


def _sampled(name: str, own: Sequence[Any], size: int, rng: np.random.Generator) -> list[Any]:
    if size > len(own):
        raise DataError(f"sample={size} of {name!r}, which has {len(own)} levels; ask for as many at most.")
    chosen = np.sort(rng.choice(len(own), size, replace=False))
    return [own[i] for i in chosen]
