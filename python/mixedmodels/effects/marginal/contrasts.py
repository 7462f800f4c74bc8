"""Contrasts of one variable: what it is changed from, and to, in each row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from typing import Any

import numpy as np

from mixedmodels._names import by_meant, listed
from mixedmodels._typing import Vector
from mixedmodels.effects.adjusted.focal_values import chosen_level
from mixedmodels.effects.adjusted.variables import Variables
from mixedmodels.effects.marginal.comparison_functions import Comparison
from mixedmodels.effects.marginal.grids import is_binary
from mixedmodels.errors import DataError
from mixedmodels.estimates.linear_functions import Level
from mixedmodels.estimates.predictors import column_like, take_rows
from mixedmodels.frame import Column, Logical, Numeric, Table, label

EPS = 1e-4  # step of a slope, relative to the range of the variable in the data; as in marginaleffects
KEYWORDS = ("sd", "2sd", "iqr", "minmax")
Pairs = list[tuple[Level, Level]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Contrast:
    """A change of one variable.

    Attributes
    ----------
    name : str
        Variable.
    label : str
        Label of the contrast: "2 - 1", "+1", "dY/dX".
    low, high : Numeric, Logical or Factor
        Values of the rows before and after.
    step : float, optional
        Step of a slope; None where levels are compared.
    levels : tuple of str, optional
        Levels before and after; None of a number.
    """

    name: str
    label: str
    low: Column
    high: Column
    step: float | None = None
    levels: tuple[str, str] | None = None

    @property
    def null(self) -> bool:
        """Whether nothing changes."""
        return self.levels is not None and self.levels[0] == self.levels[1]


def contrasts_of(
    variables: Variables,
    table: Table,
    wanted: Any,
    comparison: Comparison,
    *,
    eps: float | None,
    cross: bool,
) -> dict[str, list[Contrast]]:
    """Variable -> its contrasts, variables in alphabetical order, as marginaleffects has them.

    Parameters
    ----------
    table : Table
        Rows to be predicted.
    wanted : str, sequence of str, mapping of str or None
        Names, or names with what to compare; None for all variables of the fixed effects.
    eps : float or None
        Step of slopes; None for `EPS` of the range.
    cross : bool
        Whether variables change together.

    Raises
    ------
    UnknownColumnError, DataError
    """
    named = _named(variables, wanted)
    leading = (
        next((n for n in variables.fixed if n in named and not _is_numeric(variables, n)), None) if cross else None
    )
    return {
        name: _contrasts(variables, table, name, named[name], comparison, eps, cross, name == leading)
        for name in sorted(named)
    }


def _named(variables: Variables, wanted: Any) -> dict[str, Any]:
    if wanted is None:
        names = dict.fromkeys(variables.fixed)
        if not names:
            raise DataError("the fixed effects have no variables, so there is nothing to compare.")
        return dict(names)
    named = by_meant(wanted if isinstance(wanted, Mapping) else dict.fromkeys(listed(wanted)), variables.columns)
    variables.check(named, "variables")
    if not named:
        raise DataError("variables names none; leave it out for all variables of the fixed effects.")
    return named


def _is_numeric(variables: Variables, name: str) -> bool:
    return variables.is_number(name) and not is_binary(variables.columns[name])


def _contrasts(
    variables: Variables,
    table: Table,
    name: str,
    wanted: Any,
    comparison: Comparison,
    eps: float | None,
    cross: bool,
    leading: bool,
) -> list[Contrast]:
    if variables.is_number(name) and not (is_binary(variables.columns[name]) and _keeps_binary(wanted)):
        return [_of_number(variables, table, name, wanted, comparison, eps)]
    pairs = _pairs(variables, name, wanted)
    if not cross:
        pairs = [(low, high) for low, high in pairs if low != high]
    if leading:  # of changes to and fro one direction is enough
        order = {level: i for i, level in enumerate(variables.levels(name))}
        pairs = [(low, high) for low, high in pairs if order[high] >= order[low]] or pairs
    at = np.zeros(table.n_rows, dtype=np.intp)
    levels = dict.fromkeys(level for pair in pairs for level in pair)
    columns = {level: take_rows(column_like(variables.columns[name], [level]), at) for level in levels}
    return [
        Contrast(
            name=name,
            label=comparison.label(label(high), label(low)),
            low=columns[low],
            high=columns[high],
            levels=(label(low), label(high)),
        )
        for low, high in pairs
    ]


def _keeps_binary(wanted: Any) -> bool:
    """Whether a number 0 or 1 is compared by its two values, not as other numbers are."""
    return wanted is None or (np.ndim(wanted) == 1 and len(wanted) == 2 and set(map(float, wanted)) <= {0.0, 1.0})


def _pairs(variables: Variables, name: str, wanted: Any) -> Pairs:
    """The levels that are compared: from, to."""
    levels = variables.levels(name)
    if isinstance(variables.columns[name], Logical):
        levels = [False, True]
    elif is_binary(variables.columns[name]):
        levels = [0.0, 1.0]
    wanted = "reference" if wanted is None else wanted
    if isinstance(wanted, str):
        if wanted not in FAMILIES:
            raise DataError(
                f"variables compares {name!r} by {wanted!r}; it is a pair of levels, or one of "
                f"{', '.join(map(repr, FAMILIES))}."
            )
        if len(levels) < 2:
            raise DataError(f"{name!r} has one value only, {label(levels[0])!r}, so there is nothing to compare.")
        return FAMILIES[wanted](levels)
    if np.ndim(wanted) != 1 or len(wanted) != 2:
        raise DataError(
            f"variables has {wanted!r:.60} for {name!r}; give a pair of levels (from, to), or one of "
            f"{', '.join(map(repr, FAMILIES))}."
        )
    low, high = (chosen_level(name, value, variables) for value in wanted)
    return [(low, high)]


def _reference(levels: Sequence[Level]) -> Pairs:
    return [(levels[0], level) for level in levels[1:]]


def _pairwise(levels: Sequence[Level]) -> Pairs:
    return list(combinations(levels, 2))


def _sequential(levels: Sequence[Level]) -> Pairs:
    return list(pairwise(levels))


def _reversed(family: Callable[[Sequence[Level]], Pairs]) -> Callable[[Sequence[Level]], Pairs]:
    return lambda levels: [(high, low) for low, high in family(levels)]


FAMILIES: dict[str, Callable[[Sequence[Level]], Pairs]] = {
    "reference": _reference,
    "pairwise": _pairwise,
    "sequential": _sequential,
    "revreference": _reversed(_reference),
    "revpairwise": _reversed(_pairwise),
    "revsequential": _reversed(_sequential),
    "minmax": lambda levels: [(levels[0], levels[-1])],
    "all": lambda levels: list(product(levels, levels)),
}


def _of_number(
    variables: Variables, table: Table, name: str, wanted: Any, comparison: Comparison, eps: float | None
) -> Contrast:
    column, data = table.column(name), variables.columns[name]
    if not isinstance(column, Numeric) or not isinstance(data, Numeric):
        raise DataError(f"{name!r} is a number in the model, but not in newdata; give numbers.")
    if comparison.is_slope:
        if wanted is not None:
            raise DataError(
                f"variables has {wanted!r:.40} for {name!r}, but a slope is at the values themselves; name the "
                "variable only, or take comparison='difference'."
            )
        step = _step(variables, name, data.values, eps)
        low, high = column.values - step / 2, column.values + step / 2
        return Contrast(name=name, label=comparison.name_of_slope, low=Numeric(low), high=Numeric(high), step=step)
    given = 1.0 if wanted is None else wanted
    start, end, text = _ends(variables, name, column.values, data.values, given, comparison)
    n = len(column.values)
    return Contrast(
        name=name,
        label=text,
        low=Numeric(np.broadcast_to(start, n).astype(float)),
        high=Numeric(np.broadcast_to(end, n).astype(float)),
        step=_step(variables, name, data.values, eps) if variables.has_rows else EPS,
    )


def _step(variables: Variables, name: str, x: Vector, eps: float | None) -> float:
    if eps is not None:
        return eps
    if not variables.has_rows:
        raise DataError(
            f"a model loaded from a file does not know the range of {name!r}; give the step of slopes: eps=."
        )
    return EPS * float(np.ptp(x)) or EPS


def _ends(
    variables: Variables, name: str, x: Vector, data: Vector, wanted: Any, comparison: Comparison
) -> tuple[Vector | float, Vector | float, str]:
    """Values from and to, and the label."""
    if callable(wanted) or np.ndim(wanted) == 2:
        pair = np.asarray(wanted(x) if callable(wanted) else wanted, dtype=float)
        if pair.shape != (len(x), 2):
            raise DataError(
                f"variables gives {name!r} an array of shape {pair.shape}; it has a row for each of the {len(x)} rows, "
                "with the values from and to."
            )
        return pair[:, 0], pair[:, 1], "custom" if callable(wanted) else "manual"
    if isinstance(wanted, str):
        if wanted not in KEYWORDS:
            raise DataError(
                f"variables changes {name!r}, a number, by {wanted!r}; it is a number, a pair of numbers, or one of "
                f"{', '.join(map(repr, KEYWORDS))}."
            )
        if not variables.has_rows:
            raise DataError(f"a model loaded from a file does not know the values of {name!r}; give a pair of numbers.")
        return _by_word(data, wanted, comparison)
    try:
        values = np.asarray(wanted, dtype=float)
    except (TypeError, ValueError):
        values = np.full(3, np.nan)
    if not np.isfinite(values).all() or values.size > 2:
        raise DataError(f"variables changes {name!r}, a number, by {wanted!r:.60}; give a number or a pair of numbers.")
    if values.size == 1:
        change = float(values.reshape(-1)[0])
        text = f"+{label(change)}"
        return x, x + change, f"mean({text})" if comparison.shows_means else text
    low, high = sorted(map(float, values))
    return low, high, comparison.label(label(high), label(low))


def _by_word(data: Vector, word: str, comparison: Comparison) -> tuple[float, float, str]:
    def text(high: str, low: str) -> str:
        brackets = not comparison.shows_means and word in ("sd", "2sd")
        return comparison.label(f"({high})" if brackets else high, f"({low})" if brackets else low)

    if word == "minmax":
        return float(data.min()), float(data.max()), text("Max", "Min")
    if word == "iqr":
        low, high = np.quantile(data, [0.25, 0.75])
        return float(low), float(high), text("Q3", "Q1")
    half = float(np.std(data, ddof=1)) * (0.5 if word == "sd" else 1.0)
    middle, unit = float(np.mean(data)), "sd/2" if word == "sd" else "sd"
    return middle - half, middle + half, text(f"x + {unit}", f"x - {unit}")
