"""From the left side of a formula to the response and weights that a family works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import DataError, DesignError

if TYPE_CHECKING:
    from mixedmodels.families import Family

Rows = NDArray[np.bool_]

WHOLE = 1e-3  # a count of successes may differ from a whole number by this much, as in R


@dataclass(frozen=True, slots=True)
class Response:
    """A response as a family sees it.

    Attributes
    ----------
    y : ndarray, shape (n,)
        Response; for a binomial family the proportion of successes.
    weights : ndarray, shape (n,) or None
        Prior weights (for a binomial family trials), or None where all are 1.
    cases : ndarray, optional
        Number of times that each row counts: the `weights` argument beside ``cbind()``, else None. It is a factor of
        `weights`.
    """

    y: Vector
    weights: Vector | None
    cases: Vector | None = None


def family_response(design: Design, family: Family) -> Response:
    """The response of a design, checked, in the form that `family` works with.

    A binomial response may be 0/1, true/false, a factor of two levels whose first is a failure, a proportion with its
    trials as `weights`, or ``cbind(successes, failures)``.

    Raises
    ------
    DesignError
        If there is no response, or several columns where the family has one.
    DataError
        At the first value that the family cannot have.
    """
    y = design.response
    if y is None:
        raise DesignError(f"formula {design.formula!r} has no response; write it left of '~'.")
    if y.ndim == 1:
        weights = design.weights
        if family.support == "proportion":
            _check_proportions(y, design)
            if bool(((y == 0) | (y == 1)).all()):
                weights = None  # what multiplies single trials may be any number, such as an inverse probability
        family.check_response(y, weights, design.response_name, design.positions)
        return Response(np.ascontiguousarray(y, dtype=float), design.weights)
    if family.support != "proportion":
        raise DesignError(
            f"response {design.response_name!r} has {y.shape[1]} columns, but a {family.name} model has one; "
            "counts of successes and failures need the binomial family."
        )
    return _successes_of(y, design, family)


def _successes_of(counts: Vector, design: Design, family: Family) -> Response:
    name = design.response_name
    if counts.shape[1] != 2:
        raise DesignError(
            f"response {name!r} has {counts.shape[1]} columns; a binomial response has two, cbind(successes, failures)."
        )
    _refuse(np.asarray((counts < 0).any(axis=1)), counts, design, "has a negative count", "correct or drop that row")
    broken = np.asarray((np.abs(counts - np.round(counts)) > WHOLE).any(axis=1))
    _refuse(broken, counts, design, "is no pair of whole numbers", "give counts of successes and failures")
    trials = counts.sum(axis=1)
    y = np.divide(counts[:, 0], trials, out=np.zeros(len(trials)), where=trials > 0)
    weights = trials if design.weights is None else trials * design.weights
    family.check_response(y, trials, name, design.positions)
    return Response(y, weights, design.weights)


def _check_proportions(y: Vector, design: Design) -> None:
    """Sentences for the ways in which a binomial response is commonly given wrongly."""
    name = design.response_name
    outside = (y < 0) | (y > 1)
    if outside.any():
        values = np.unique(y)
        if len(values) == 2:
            raise DataError(
                f"the binomial response {name!r} is coded {values[0]:g} and {values[1]:g}; code failure as 0 and "
                f"success as 1, for example I({name} == {values[1]:g})."
            )
        cure = "give cbind(successes, failures), or the proportion of successes with weights= the trials"
        _refuse(outside, y, design, "lies outside 0 to 1", cure)
    if design.weights is None:
        cure = "give the numbers of trials as weights=, or the response as cbind(successes, failures)"
        _refuse((y > 0) & (y < 1), y, design, "is a proportion without its number of trials", cure)


def _refuse(wrong: Rows, values: Vector, design: Design, what: str, cure: str) -> None:
    rows = np.flatnonzero(wrong)
    if not len(rows):
        return
    first = int(rows[0])
    row = first if design.positions is None else int(design.positions[first])
    shown = ", ".join(f"{v:g}" for v in np.atleast_1d(values[first]))
    more = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
    raise DataError(f"the binomial response {design.response_name!r} in row {row}{more}, {shown}, {what}; {cure}.")


def one_value(response: Response, design: Design, family: Family) -> str | None:
    """The fault of a response that is the same in every row of positive weight; None if it varies.

    Of a proportion or count the estimate is infinite where that value is 0 (or 1); else there is nothing to explain.
    """
    y = response.y if response.weights is None else response.y[response.weights > 0]
    if not len(y) or not bool((y == y[0]).all()):
        return None
    fact = f"the response {design.response_name!r} is {y[0]:g} in all {len(y)} rows used"
    if family.support == "proportion" and y[0] in (0.0, 1.0):
        outcome = "success" if y[0] else "failure"
        return f"{fact}: every one is a {outcome}, so that nothing can be learnt about what makes the difference"
    if family.support == "counts" and y[0] == 0:
        return f"{fact}: nothing was counted, so that the mean is estimated as 0 and its logarithm as minus infinity"
    return None if family.support == "proportion" else f"{fact}; there is nothing to explain"
