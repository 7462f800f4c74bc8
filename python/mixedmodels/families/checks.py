"""Checks of a response: errors where its family cannot have such values, with the cure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Vector
from mixedmodels.errors import DataError

if TYPE_CHECKING:
    from mixedmodels.families.base import Family

Rows = NDArray[np.bool_]

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


def _rules(family: Family, y: Vector, weights: Vector | None) -> list[tuple[Rows, str, str]]:
    """Offending rows, what they are, and the cure."""
    drop = "drop the row or correct the value"
    rules: list[tuple[Rows, str, str]] = [(~np.isfinite(y), "is not a finite number", drop)]
    if family.support == "counts":
        rules.append((y < 0, "is negative", "counts are 0, 1, 2, ...; take the gaussian family for measurements"))
        broken = np.abs(y - np.round(y)) > WHOLE_COUNT * np.maximum(1.0, np.abs(y))
        cure = "give whole counts, and the exposure of a rate as offset=log(exposure)"
        rules.append((broken, "is not a whole number", cure))
    elif family.support == "positive":
        cure = "drop such rows, or take the gaussian family with link='log'"
        rules.append((y <= 0, "is not greater than zero", cure))
    elif family.support == "proportion":
        cure = "give a proportion of successes with the trials as weights, or cbind(successes, failures)"
        rules.append(((y < 0) | (y > 1), "lies outside [0, 1]", cure))
        successes = y * (1.0 if weights is None else weights)
        broken = np.abs(successes - np.round(successes)) > WHOLE_SUCCESSES
        cure = "give the true number of trials as weights, or the response as cbind(successes, failures)"
        rules.append((broken, "times its trials, {weight}, is not a whole number of successes", cure))
    return rules
