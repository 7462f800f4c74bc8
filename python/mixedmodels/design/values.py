"""Values of the expressions of a formula: one column of the table, or several columns side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels.errors import DataError
from mixedmodels.frame import Factor, Logical, Numeric

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """Several columns of numbers, as ``poly(x, 2)`` or ``cbind(a, b)`` give them.

    Attributes
    ----------
    values : ndarray, shape (n, k)
        Columns of float64 in Fortran order.
    names : tuple of str
        Text added to that of the expression to name each column.
    """

    values: Array
    names: tuple[str, ...]


Value = Numeric | Logical | Factor | Matrix


def row_count(value: Value) -> int:
    """Number of rows."""
    return len(value.codes if isinstance(value, Factor) else value.values)


def take(value: Value, rows: NDArray[np.intp]) -> Value:
    """The value at some rows only."""
    if isinstance(value, Numeric):
        return Numeric(value.values[rows], None if value.origin is None else value.origin[rows])
    if isinstance(value, Logical):
        return Logical(value.values[rows])
    if isinstance(value, Factor):
        return Factor(value.codes[rows], value.levels, value.ordered)
    return Matrix(np.asfortranarray(value.values[rows]), value.names)


def all_finite(values: Array) -> bool:
    """Whether no number is NaN or infinite; one pass, no copy."""
    # A sum is finite only if all its parts are, except where large parts overflow it. Callers silence numpy's warnings
    # once for all columns. For short columns the product is quicker; for long ones it would start threads.
    short = values.ndim == 1 and len(values) < 4000
    total = values.dot(values) if short else np.add.reduce(values, axis=None)
    return math.isfinite(total) or bool(np.isfinite(values).all())


def missing(value: Value) -> NDArray[np.bool_] | None:
    """Which rows have no value; None where all have one."""
    if isinstance(value, Factor):
        if value.codes.size and value.codes.min() < 0:
            return np.asarray(value.codes < 0)
        return None
    if all_finite(value.values):
        return None
    absent = nan_rows(value.values)
    return absent if absent.any() else None


def nan_rows(values: Array) -> NDArray[np.bool_]:
    """Rows that hold a NaN."""
    absent = np.isnan(values)
    return absent if absent.ndim == 1 else np.asarray(absent.any(axis=1))


def drop_unused(factor: Factor) -> Factor:
    """The factor without levels that no row has; the same object where every level is used."""
    n_levels = len(factor.levels)
    used = np.zeros(n_levels, dtype=np.bool_)
    # Most often every level is met early; then the rest of a long column need not be looked at.
    step = max(4096, 16 * n_levels)
    for start in range(0, len(factor.codes), step):
        used[factor.codes[start : start + step]] = True
        if used.all():
            return factor
    keep = np.flatnonzero(used)
    position = np.zeros(n_levels, dtype=np.int32)
    position[keep] = np.arange(len(keep), dtype=np.int32)
    return Factor(position[factor.codes], factor.levels.take(keep), factor.ordered)


def describe(value: Any) -> str:
    """What a value is, for messages."""
    if isinstance(value, Factor):
        labels = ", ".join(repr(text) for text in value.levels.labels[:3])
        more = ", ..." if len(value.levels) > 3 else ""
        return f"text or categories ({labels}{more})"
    if isinstance(value, Matrix):
        return f"a matrix of {value.values.shape[1]} columns"
    if isinstance(value, Logical):
        return "truth values"
    if isinstance(value, Numeric):
        return "numbers"
    return repr(value)


# -- what a formula took from ``env=``: functions and constants, which a fit remembers for new rows --


@dataclass(frozen=True, slots=True)
class Absent:
    """A name of ``env=`` that is no more at hand.

    Attributes
    ----------
    name : str
        The name.
    kind : {"array", "function"}
        What it was at the fit. An array has no values for new rows; a function cannot be written to a file.
    """

    name: str
    kind: str

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Refuse, where the formula calls the function."""
        raise self.error()

    def error(self) -> DataError:
        """The error for a formula that needs it."""
        if self.kind == "array":
            return DataError(
                f"{self.name!r} was an array of env= at the fit, which has no values for other rows; give them as a "
                f"column {self.name!r} of the new data"
            )
        return DataError(
            f"{self.name}() was a function of env= at the fit, which a saved model cannot hold; load the model with "
            f"mm.load(path, env={{{self.name!r}: ...}})"
        )


def is_constant(value: Any) -> bool:
    """Whether a value of ``env=`` is one number, truth value or text."""
    return value is None or isinstance(value, (str, bool, int, float, np.generic))


def remembered(name: str, value: Any) -> Any:
    """What a fit keeps of a value of ``env=``: a function or a constant as it is, of an array that it was one."""
    return value if callable(value) or is_constant(value) else Absent(name, "array")


def with_names(remembered: Mapping[str, Any], env: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The names of a fit with those that a caller gives, which go first."""
    if not remembered:
        return env
    return {**remembered, **env} if env else remembered


def names_out(remembered: Mapping[str, Any]) -> dict[str, Any]:
    """The names of a fit as values that JSON has: constants, and which names were functions or arrays."""
    out: dict[str, Any] = {}
    for name, value in remembered.items():
        if is_constant(value):
            out[name] = {"constant": value.item() if isinstance(value, np.generic) else value}
        else:
            out[name] = {"absent": value.kind if isinstance(value, Absent) else "function"}
    return out


def names_in(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `names_out`."""
    return {
        name: value["constant"] if "constant" in value else Absent(name, value["absent"])
        for name, value in stored.items()
    }
