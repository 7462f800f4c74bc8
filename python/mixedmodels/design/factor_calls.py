"""Calls that make factors: ``factor()``, ``ordered()``, ``relevel()``, ``cut()``, ``interaction()``."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mixedmodels.design.groups import CellLevels, combine, number
from mixedmodels.design.values import Matrix, describe
from mixedmodels.errors import DataError, FormulaError
from mixedmodels.frame import Factor, Levels, Logical, Numeric, as_factor, label


def text_of(value: Any) -> str:
    """A constant of the formula as the label of a level."""
    return value if isinstance(value, str) else label(value)


def as_factor_value(value: Any, text: str) -> Factor:
    """Any column as a factor."""
    if isinstance(value, np.ndarray) and value.ndim == 1:
        value = Numeric(value)
    if isinstance(value, (Numeric, Logical, Factor)):
        return as_factor(value)
    raise DataError(f"{text} needs a column with one value per row, it is given {describe(value)}")


def factor(arguments: Sequence[Any], named: dict[str | None, Any], text: str) -> Factor:
    """``factor(x, levels =, labels =, ordered =)``."""
    names = ("x", "levels", "labels")
    settings = dict(zip(names, arguments, strict=False)) | {str(k): v for k, v in named.items()}
    unknown = set(settings) - {*names, "ordered"}
    if "x" not in settings or unknown or len(arguments) > len(names):
        raise FormulaError(f"{text}: factor() takes a column, levels, labels and ordered")
    made = as_factor_value(settings["x"], text)
    ordered = bool(settings.get("ordered", made.ordered))
    if settings.get("levels") is not None:
        made = _with_levels(made, _tuple(settings["levels"]))
    if settings.get("labels") is not None:
        labels = [text_of(v) for v in _tuple(settings["labels"])]
        if len(labels) != len(made.levels):
            raise FormulaError(f"{text}: {len(labels)} labels for {len(made.levels)} levels")
        distinct = list(dict.fromkeys(labels))
        table = np.array([distinct.index(t) for t in labels] + [-1], dtype=np.int32)
        made = Factor(table[made.codes], Levels(np.array(distinct, dtype=object)))
    return Factor(made.codes, made.levels, ordered)


def ordered(arguments: Sequence[Any], named: dict[str | None, Any], text: str) -> Factor:
    """``ordered(x, levels =, labels =)``."""
    return factor(arguments, {**named, "ordered": True}, text)


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _with_levels(made: Factor, levels: tuple[Any, ...]) -> Factor:
    texts = [text_of(v) for v in levels]
    index = {t: i for i, t in enumerate(texts)}
    table = np.array([index.get(t, -1) for t in made.levels.labels] + [-1], dtype=np.int32)
    values: Any = np.array(texts, dtype=object)
    return Factor(table[made.codes], Levels(values))


def remembered(factor: Factor, levels: Levels, text: str) -> Factor:
    """New values with the levels of the fit, since what is made of them depends on all levels and their order.

    Raises
    ------
    DataError
        If a level is new.
    """
    places = levels.places_of(factor.levels)
    used = np.unique(factor.codes[factor.codes >= 0])
    new = [factor.levels.labels[c] for c in used if places[c] < 0]
    if new:
        raise DataError(
            f"{text} has the level {new[0]!r}, which the fit did not know; its levels are "
            f"{', '.join(levels.labels[:20])}{', ...' if len(levels) > 20 else ''}"
        )
    return Factor(np.append(places, np.int32(-1))[factor.codes], levels, factor.ordered)


def relevel(arguments: Sequence[Any], named: dict[str | None, Any], text: str) -> Factor:
    """``relevel(f, ref = "b")``: that level comes first."""
    reference = arguments[1] if len(arguments) > 1 else named.get("ref")
    if not arguments or reference is None:
        raise FormulaError(f"{text}: relevel() takes a factor and ref")
    made = as_factor_value(arguments[0], text)
    name = text_of(reference)
    if name not in made.levels.index:
        raise DataError(f"{text}: {name!r} is not a level; the levels are {', '.join(made.levels.labels[:20])}")
    first = made.levels.index[name]
    order = np.array([first, *(i for i in range(len(made.levels)) if i != first)])
    table = np.empty(len(order) + 1, dtype=np.int32)
    table[order] = np.arange(len(order), dtype=np.int32)
    table[-1] = -1
    return Factor(table[made.codes], made.levels.take(order), made.ordered)


def dummy(arguments: Sequence[Any], named: dict[str | None, Any], text: str) -> Matrix:
    """``dummy(f, c("b", "c"))``, lme4's: a column of 0 and 1 for each level named, or for all but the first."""
    settings = dict(zip(("f", "levelsToKeep"), arguments, strict=False)) | {str(k): v for k, v in named.items()}
    if "f" not in settings or len(arguments) > 2 or set(settings) - {"f", "levelsToKeep"}:
        raise FormulaError(f"{text}: dummy() takes a factor and the levels to keep, as in dummy(f, 'b')")
    made = as_factor_value(settings["f"], text)
    labels = made.levels.labels
    kept = settings.get("levelsToKeep")
    names = labels[1:] if kept is None else tuple(text_of(level) for level in _tuple(kept))
    for name in names:
        if name not in made.levels.index:
            raise DataError(f"{text}: {name!r} is not a level; the levels are {', '.join(labels[:20])}")
    if not names:
        raise DataError(f"{text}: the factor has one level, {labels[0]!r}, and dummy() leaves the first out")
    columns = np.column_stack([made.codes == made.levels.index[name] for name in names]).astype(np.float64)
    columns[made.codes < 0] = np.nan
    return Matrix(np.asfortranarray(columns), names)


def cut(arguments: Sequence[Any], named: dict[str | None, Any], text: str) -> Factor:
    """``cut(x, c(0, 10, 20))``: intervals open on the left, closed on the right."""
    breaks = arguments[1] if len(arguments) > 1 else named.get("breaks")
    if not arguments or not isinstance(breaks, tuple) or len(breaks) < 2 or set(named) - {"breaks"}:
        raise FormulaError(f"{text}: cut() takes a column and the break points, as in cut(x, c(0, 10, 20))")
    values = getattr(arguments[0], "values", arguments[0])
    edges = np.sort(np.array(breaks, dtype=np.float64))
    if len(np.unique(edges)) < len(edges):
        raise FormulaError(f"{text}: the break points of cut() must differ from each other")
    codes = np.searchsorted(edges, values, side="left") - 1
    codes[(codes < 0) | (codes >= len(edges) - 1) | np.isnan(values)] = -1
    labels = [f"({a},{b}]" for a, b in itertools.pairwise(_edge_texts(edges.tolist()))]
    return Factor(codes.astype(np.int32), Levels(np.array(labels, dtype=object)))


def _edge_texts(edges: Sequence[float]) -> list[str]:
    """Break points with as many digits, from three on, as tell each from the next, as R writes them."""
    texts = list(map(repr, edges))
    for digits in range(3, 17):
        shorter = [f"{edge:.{digits}g}" for edge in edges]
        if all(a != b for a, b in itertools.pairwise(shorter)):
            return shorter
    return texts


def interaction(parts: Sequence[Any], text: str, separator: str = ":") -> Factor:
    """The combinations that occur; with ``:`` the first factor varies slowest, in ``interaction()`` fastest."""
    factors = [as_factor_value(part, text) for part in parts]
    if not factors:
        raise FormulaError(f"{text} needs at least one factor")
    first_slowest = factors if separator == ":" else factors[::-1]
    present = np.logical_and.reduce([f.codes >= 0 for f in factors])
    cells, size = combine([(f.codes[present], len(f.levels)) for f in first_slowest], text)
    numbered, observed = number(cells, size)
    codes = np.full(len(present), -1, dtype=np.int32)
    codes[present] = numbered
    levels = CellLevels(tuple(f.levels for f in first_slowest), observed)
    if separator == ":":
        return Factor(codes, levels)
    texts = [separator.join(parts[::-1]) for parts in levels.label_parts()]
    return Factor(codes, Levels(np.array(texts, dtype=object)))


def compare(left: Factor, right: Any, how: Callable[[Any, Any], Any], text: str) -> Logical:
    """A factor against one level, or against another factor."""
    symbol = how.__name__
    if isinstance(right, Factor):
        if symbol not in ("eq", "ne"):
            raise DataError(f"{text}: two factors can be compared with == and != only")
        places = left.levels.places_of(right.levels)
        table = np.append(np.where(places < 0, -2, places), -1)
        result = how(left.codes, table[right.codes]).astype(np.float64)
        result[(left.codes < 0) | (right.codes < 0)] = np.nan
        return Logical(result)
    name = text_of(right)
    if symbol in ("eq", "ne"):
        hits = np.array([how(t, name) for t in left.levels.labels] + [False], dtype=np.float64)
    elif left.ordered and name in left.levels.index:
        place = left.levels.index[name]
        hits = np.array([how(i, place) for i in range(len(left.levels))] + [False], dtype=np.float64)
    else:
        raise DataError(f"{text}: only an ordered factor can be compared so, and only with one of its levels")
    hits[-1] = np.nan
    return Logical(hits[left.codes])
