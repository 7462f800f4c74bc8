"""The arguments beside the formula: weights, offset and subset, each a column name, an expression or an array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels.design.evaluate import Scope
from mixedmodels.design.values import Array, Matrix, describe
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.formula.grammar import read_expression
from mixedmodels.frame import Factor, Logical, aligned, any_column

Rows = NDArray[np.intp]


def numbers(scope: Scope, argument: Any, what: str) -> Array | None:
    """One number per row of the table; None stays None.

    Parameters
    ----------
    argument : str, float or array_like
        Column name, text of an expression, one number (for an offset), or an array.
    what : str
        "weights" or "offset", for messages.
    """
    if argument is None:
        return None
    if isinstance(argument, (int, float, np.number)) and not isinstance(argument, bool):
        return np.full(scope.table.n_rows, float(argument))
    value = _value(scope, argument, what)
    if isinstance(value, (Factor, Matrix)):
        raise DataError(f"{what} {_shown(argument)}is {describe(value)}; {what} needs one number per row")
    values: Array = value.values
    return values


def subset_rows(scope: Scope, argument: Any) -> Rows | None:
    """Positions of the rows to use: where a condition holds, or the positions themselves."""
    if argument is None:
        return None
    n = scope.table.n_rows
    if not isinstance(argument, str):
        array = np.asarray(argument)
        if array.dtype.kind in "iu" and array.ndim == 1:
            wrong = array[(array < 0) | (array >= n)]
            if len(wrong):
                raise DataError(f"subset holds row {wrong[0]}; the table has rows 0 to {n - 1}")
            return _some(array.astype(np.intp))
    value = _value(scope, argument, "subset")
    if not isinstance(value, Logical):
        raise DataError(
            f"subset {_shown(argument)}is {describe(value)}; it must be a condition such as 'x > 3', "
            "truth values, or row positions"
        )
    # A condition that is missing does not hold.
    return _some(np.flatnonzero(value.values == 1.0))


def _some(rows: Rows) -> Rows:
    if not len(rows):
        raise DataError("subset leaves no row of the table; loosen its condition")
    return rows


def _value(scope: Scope, argument: Any, what: str) -> Any:
    n = scope.table.n_rows
    if isinstance(argument, str):
        try:
            return scope.table.column(argument)
        except UnknownColumnError:
            inner = Scope(scope.table, scope.env, scope.states, fitted=scope.fitted, source=argument)
            inner.taken = scope.taken
            return inner.value(read_expression(argument), argument)
    value = any_column(what, aligned(argument, scope.table.index, what))
    length = len(value.codes) if isinstance(value, Factor) else len(value.values)
    if length != n:
        raise DataError(f"{what} has {length} values, the table has {n} rows; give one value per row")
    return value


def _shown(argument: Any) -> str:
    return f"{argument!r} " if isinstance(argument, str) else ""


def check_weights(weights: Array, row_of: Callable[[int], int], *, zeros: bool = False) -> None:
    """Weights are positive (or 0, with `zeros`) and finite.

    Parameters
    ----------
    row_of : callable
        Function from the position among the rows used to the position in the table.
    """
    if weights.size and weights.min() > 0 and np.isfinite(weights.sum()):
        return
    enough = weights >= 0 if zeros else weights > 0
    wrong = np.flatnonzero(~(enough & (weights < np.inf)))
    if len(wrong):
        first = int(wrong[0])
        more = f" (and in {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        least = f"a positive, finite number{', or 0' if zeros else ''}"
        raise DataError(
            f"weights are {weights[first]:g} in row {row_of(first)}{more}, rows counted from 0; every weight "
            f"must be {least}: drop these rows, for example with subset='w > 0'"
        )


def pick(values: Array | None, rows: Rows | None) -> Array | None:
    """Values at some rows. If `rows` is None, all values without a copy."""
    return values if values is None or rows is None else values[rows]
