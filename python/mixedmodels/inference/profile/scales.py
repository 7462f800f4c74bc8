"""Scales on which a profile shows standard deviations: as they are, squared, or as logarithms.

A profile does not depend on the scale: zeta stays, and limits are those of the standard deviation, transformed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import e, log

import numpy as np
from numpy.typing import ArrayLike

from mixedmodels._typing import Vector
from mixedmodels.errors import DataError
from mixedmodels.inference.profile.parameters import Parameter


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale of standard deviations.

    Attributes
    ----------
    name : {"sdcor", "variance", "log"}
        Standard deviations themselves, their squares, or their logarithms.
    base : float, default e
        Base of the logarithms.
    """

    name: str
    base: float = e

    def forward(self, sd: ArrayLike) -> Vector:
        """Standard deviations on this scale."""
        v = np.asarray(sd, dtype=float)
        if self.name == "variance":
            return np.asarray(v * v)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(v) / log(self.base)) if self.name == "log" else v

    def inverse(self, value: ArrayLike) -> Vector:
        """The standard deviations; NaN of a negative variance."""
        v = np.asarray(value, dtype=float)
        with np.errstate(invalid="ignore"):
            if self.name == "variance":
                return np.asarray(np.sqrt(v))
            return np.asarray(np.exp(v * log(self.base))) if self.name == "log" else v

    def slope(self, value: ArrayLike) -> Vector:
        """Derivative of the standard deviation in the value shown."""
        sd = self.inverse(value)
        with np.errstate(divide="ignore"):
            if self.name == "variance":
                return np.asarray(0.5 / sd)
            return np.asarray(sd * log(self.base)) if self.name == "log" else np.ones_like(sd)

    def renamed(self, parameter: Parameter) -> Parameter:
        """The parameter under its name on this scale: lme4's ``.sigsq01`` or ``.lsig01`` is the older one."""
        name, short = parameter.name, parameter.short
        if self.name == "variance":
            readable = f"{name}^2" if parameter.kind == "sigma" else f"var{name.removeprefix('sd')}"
            older = short.replace(".sigma", ".sigmasq") if parameter.kind == "sigma" else f".sigsq{short[4:]}"
            return replace(parameter, name=readable, short=older)
        return replace(parameter, name=f"log_{name}", short=f".l{short[1:]}")


PLAIN = Scale("sdcor")
NAMES = ("sdcor", "theta", "variance", "log")


def checked(scale: str) -> str:
    """The scale that a verb was asked for.

    Raises
    ------
    DataError
        If there is none of this name.
    """
    if scale not in NAMES:
        raise DataError(f"scale must be one of {', '.join(map(repr, NAMES))}, not {scale!r}.")
    return scale


def as_scale(name: str, base: float = e) -> Scale:
    """The scale of this name.

    Raises
    ------
    DataError
        If there is none, or the base is not a number above 0 other than 1.
    """
    if name not in ("sdcor", "variance", "log"):
        raise DataError(f"scale must be 'sdcor', 'variance' or 'log', not {name!r}.")
    if isinstance(base, bool) or not isinstance(base, (int, float)) or not 0 < base < np.inf or base == 1:
        raise DataError(f"base is {base!r}; the base of logarithms is a number above 0 and not 1.")
    return Scale(name, float(base))


def on_scale(values: np.ndarray, parameters: Sequence[Parameter], kinds: Sequence[str], scale: Scale) -> np.ndarray:
    """A matrix with a column per parameter, those of these kinds on another scale."""
    out = np.array(values, dtype=float)
    for column, parameter in enumerate(parameters):
        if parameter.kind in kinds:
            out[:, column] = scale.forward(out[:, column])
    return out
