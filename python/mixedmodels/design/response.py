"""The left side of a formula as numbers."""

from __future__ import annotations

from typing import Literal

import numpy as np

from mixedmodels.design.values import Array, Matrix, Value, describe, drop_unused
from mixedmodels.errors import DataError, DesignError
from mixedmodels.formula import Formula
from mixedmodels.frame import Factor, Logical, label

ResponseKind = Literal["number", "binomial"]


def refuse_on_both_sides(formula: Formula) -> None:
    """Refuse a formula whose response is also a predictor."""
    name = formula.response
    if name in formula.variables:
        raise DesignError(f"the response {name!r} of {formula.text!r} is on the right of '~' too; remove it there")


def as_response(value: Value, name: str, response_kind: ResponseKind) -> Array:
    """The response as float64: shape (n,), or (n, k) for ``cbind()``.

    A factor is the response of binomial models only. Its first level is a failure, the second a success.

    Parameters
    ----------
    value : Value
        Value of the response at the rows used.

    Raises
    ------
    DataError
        If it is a factor with more than two levels, or where numbers are needed.
    """
    if isinstance(value, Factor):
        if response_kind == "number":
            raise DataError(
                f"the response {name!r} is {describe(value)} where numbers are needed; "
                "convert it, or fit a binomial model"
            )
        missing = value.codes < 0
        if missing.any():
            # New rows may miss their response; the levels are those of the others.
            out = np.full(len(missing), np.nan)
            present = Factor(value.codes[~missing], value.levels)
            out[~missing] = as_response(present, name, response_kind)
            return out
        used = drop_unused(value)
        if len(used.levels) > 2:
            raise DataError(
                f"the response {name!r} has {len(used.levels)} categories, {_shown(used)}, and a binomial response has "
                f"two; say which are a success, as in I({name} == {_quoted(used.levels.values[-1])}) ~ ..., or convert "
                "numbers that are written as text."
            )
        return np.asarray(used.codes > 0, dtype=np.float64)
    if isinstance(value, Matrix) and value.values.shape[1] == 1:
        return value.values[:, 0]
    return value.values


def event_of(value: Value, response_kind: ResponseKind, weighted: bool) -> str | None:
    """What a success of a binomial response is, after its name: "= 'dead'", "= TRUE", "= 1".

    Parameters
    ----------
    value : Value
        Value of the response at the rows used.
    response_kind : {"number", "binomial"}
        Kind of the response.
    weighted : bool
        Whether there are weights, so that the response may be a proportion of trials.

    Returns
    -------
    str or None
        None of counts, proportions and the responses of other models.
    """
    if response_kind != "binomial":
        return None
    if isinstance(value, Factor):
        levels = drop_unused(value).levels
        if len(levels) < 2:
            return None
        return f"= {_quoted(levels.values[1])}"
    if isinstance(value, Logical):
        return "= TRUE"
    single = value.values.ndim == 1 and not weighted
    return "= 1" if single and bool(np.isin(value.values, (0.0, 1.0)).all()) else None


def _quoted(level: object) -> str:
    return f"'{level}'" if isinstance(level, str) else label(level)


def _shown(factor: Factor) -> str:
    """The first levels, for messages."""
    first = ", ".join(_quoted(level) for level in factor.levels.values[:3])
    return first + (", ..." if len(factor.levels) > 3 else "")


def is_constant(response: Array) -> bool:
    """Whether a response has one value only."""
    if len(response) == 0 or response[0] != response[-1]:
        return False
    return bool((response == response[0]).all())
