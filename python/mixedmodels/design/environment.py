"""What a formula took from ``env=``: functions and constants, which a fit remembers for new rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedmodels.errors import DataError


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
