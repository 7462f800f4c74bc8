"""The left side of a formula as numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from mixedmodels.design.values import Array, Matrix, Value, all_finite, describe, drop_unused
from mixedmodels.errors import DataError, DesignError
from mixedmodels.formula import Formula
from mixedmodels.frame import Factor

ResponseKind = Literal["number", "binomial"]


def refuse_on_both_sides(formula: Formula) -> None:
    """A response cannot explain itself."""
    name = formula.response
    if name in formula.variables:
        raise DesignError(f"the response {name!r} of {formula.text!r} is on the right of '~' too; remove it there")


def as_response(value: Value, name: str, kind: ResponseKind) -> Array:
    """The response as float64: shape (n,), or (n, k) for ``cbind()``.

    A factor is a response of a binomial model only, where its first level is a failure and any other a success.
    """
    if isinstance(value, Matrix):
        return value.values[:, 0] if value.values.shape[1] == 1 else value.values
    if not isinstance(value, Factor):
        return value.values
    if kind == "number":
        raise DataError(
            f"the response {name!r} is {describe(value)} where numbers are needed; convert it, or fit a binomial model"
        )
    used = drop_unused(value)
    return np.asarray(used.codes > 0, dtype=np.float64)


def check_response(response: Array, name: str, row_of: Callable[[int], int]) -> None:
    """Every number is finite."""
    if not all_finite(response):
        refuse_infinite(response, f"the response {name!r}", row_of)


def refuse_infinite(values: Array, what: str, row_of: Callable[[int], int]) -> None:
    """Raise a DataError naming the first row that is infinite, if one is."""
    infinite = np.isinf(values)
    wrong = np.flatnonzero(infinite if infinite.ndim == 1 else infinite.any(axis=1))
    if len(wrong):
        first = int(wrong[0])
        value = np.ravel(values[first])
        value = value[np.isinf(value)][0]
        more = f" (and in {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise DataError(
            f"{what} is {value:g} in row {row_of(first)}{more}; drop these rows, or transform the column so that "
            "every value is finite"
        )


def is_constant(response: Array) -> bool:
    """Whether a response has one value only."""
    if len(response) == 0 or response[0] != response[-1]:
        return False
    return bool((response == response[0]).all())
