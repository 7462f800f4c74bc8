"""Checks of a response: errors where its family cannot have such values, with the cure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Vector
from mixedmodels.errors import DataError

if TYPE_CHECKING:
    from mixedmodels.families.base import Family

Rows = NDArray[np.bool_]
Rules = list[tuple[Rows, str, str]]  # offending rows, what they are, and the cure

# How far from a whole number: a count comes as it is, successes as the product of a rounded proportion and trials.
WHOLE_COUNT = 1e-7
WHOLE_SUCCESSES = 1e-3


def check(
    family: Family, y: Vector, weights: Vector | None, name: str, positions: NDArray[np.integer[Any]] | None
) -> None:
    """Raise DataError at the first value that the family cannot have."""
    if family.support == "proportion" and _are_proportions(y, weights):
        return
    for wrong, what, cure in _rules(family, y, weights):
        rows = np.flatnonzero(wrong)
        if len(rows):
            first = int(rows[0])
            row = first if positions is None else int(positions[first])
            more = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
            raise DataError(
                f"the response {name!r} in row {row}{more}, {y[first]:.10g}, {what.format(weight=_at(weights, first))}"
                f": the {family.name} family cannot have it; {cure}."
            )


def _are_proportions(y: Vector, weights: Vector | None) -> bool:
    """Whether all is well, with few passes: small models are checked as often as large ones."""
    successes = y if weights is None else y * weights
    if not len(y) or not (y.min() >= 0 and y.max() <= 1):  # also where a value is NaN
        return False
    return bool(np.abs(successes - np.rint(successes)).max() <= WHOLE_SUCCESSES)


def _at(weights: Vector | None, row: int) -> str:
    return "1" if weights is None else f"{weights[row]:.10g}"


def _rules(family: Family, y: Vector, weights: Vector | None) -> Rules:
    """Offending rows, what they are, and the cure; a zero that the family allows beside its support is none."""
    drop = "drop the row or correct the value"
    wrong = [(~np.isfinite(y), "is not a finite number", drop), *_RULES[family.support](family, y, weights)]
    if not family.handle.allows_zero:
        return wrong
    return [(rows & (y != 0), what, cure) for rows, what, cure in wrong]


_FROM_ZERO = "counts are 0, 1, 2, ...; take the gaussian family for measurements"


def _whole(y: Vector) -> tuple[Rows, str, str]:
    broken = np.abs(y - np.round(y)) > WHOLE_COUNT * np.maximum(1.0, np.abs(y))
    return broken, "is not a whole number", "give whole counts, and the exposure of a rate as offset=log(exposure)"


def _counts(family: Family, y: Vector, weights: Vector | None) -> Rules:
    return [(y < 0, "is negative", _FROM_ZERO), _whole(y)]


def _positive_counts(family: Family, y: Vector, weights: Vector | None) -> Rules:
    whole = family.engine_name.removeprefix("truncated_")
    cure = f"take {whole} where zeros are counts like others, or model them by ziformula of glmmTMB (a hurdle)"
    return [(y == 0, "is zero", cure), (y < 0, "is negative", _FROM_ZERO), _whole(y)]


def _positive(family: Family, y: Vector, weights: Vector | None) -> Rules:
    cure = "drop such rows, take tweedie (zeros) or the gaussian family with link='log', or ziformula of glmmTMB"
    return [(y <= 0, "is not greater than zero", cure)]


def _not_negative(family: Family, y: Vector, weights: Vector | None) -> Rules:
    return [(y < 0, "is negative", "drop such rows, or take a family of real numbers such as gaussian")]


def _open_unit(family: Family, y: Vector, weights: Vector | None) -> Rules:
    share = "divide percentages by 100; counts of successes are for binomial and betabinomial"
    bounds = "take ordbeta, which has both bounds, or model zeros by ziformula of glmmTMB"
    return [
        ((y < 0) | (y > 1), "lies outside (0, 1)", share),
        ((y == 0) | (y == 1), "lies on the bound of (0, 1)", bounds),
    ]


def _closed_unit(family: Family, y: Vector, weights: Vector | None) -> Rules:
    return [((y < 0) | (y > 1), "lies outside [0, 1]", "divide percentages by 100, or correct the value")]


def _proportion(family: Family, y: Vector, weights: Vector | None) -> Rules:
    cure = "give a proportion of successes with the trials as weights, or cbind(successes, failures)"
    outside = (y < 0) | (y > 1)
    successes = y * (1.0 if weights is None else weights)
    broken = np.abs(successes - np.round(successes)) > WHOLE_SUCCESSES
    whole = "give the true number of trials as weights, or the response as cbind(successes, failures)"
    return [
        (outside, "lies outside [0, 1]", cure),
        (broken, "times its trials, {weight}, is not a whole number of successes", whole),
    ]


def _real(family: Family, y: Vector, weights: Vector | None) -> Rules:
    return []


_RULES: Mapping[str, Callable[[Family, Vector, Vector | None], Rules]] = {
    "real": _real,
    "counts": _counts,
    "positive counts": _positive_counts,
    "positive": _positive,
    "nonnegative": _not_negative,
    "open unit": _open_unit,
    "closed unit": _closed_unit,
    "proportion": _proportion,
}
