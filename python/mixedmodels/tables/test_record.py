"""A test of scaled residuals, and p-values from simulations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from mixedmodels._spellings import SIDES, recased
from mixedmodels._typing import Vector
from mixedmodels.errors import DataError

Alternative = Literal["two.sided", "greater", "less"]
ALTERNATIVES = ("two.sided", "greater", "less")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidualTest:
    """One test in numbers.

    Attributes
    ----------
    method : str
        Method in words.
    statistics : mapping of str to float
        Statistics by name; the first is the one that is tested.
    p_value : float
        P-value of the test.
    alternative : str, optional
        Alternative, in words or one of "two.sided", "greater", "less".
    parameters : mapping of str to float, optional
        Parameters of the null distribution, by name.
    estimates : mapping of str to float, optional
        Estimates by name.
    null_value : tuple of (str, float), optional
        Name and value of the parameter under the null hypothesis, or None.
    conf_int : tuple of two float, optional
        Confidence limits, or None; `conf_level` is theirs.
    simulated : ndarray, shape (m,), optional
        Statistic of each simulation, if the test is by simulation.
    observed : float, optional
        Statistic of the data, if the test is by simulation.
    """

    method: str
    statistics: Mapping[str, float]
    p_value: float
    alternative: str | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)
    estimates: Mapping[str, float] = field(default_factory=dict)
    null_value: tuple[str, float] | None = None
    conf_int: tuple[float, float] | None = None
    conf_level: float | None = None
    simulated: Vector | None = None
    observed: float | None = None


def check_alternative(alternative: str) -> str:
    """The name of the alternative, which must exist.

    Raises
    ------
    DataError
        If it is none of the three.
    """
    name: str = recased(alternative, ALTERNATIVES, SIDES)
    if name not in ALTERNATIVES:
        raise DataError(f"alternative is {alternative!r:.40}; give one of {', '.join(map(repr, ALTERNATIVES))}.")
    return name


def simulation_p(simulated: Vector, observed: float, alternative: str) -> float:
    """Share of simulations at least as large ("greater") or small ("less"); two-sided, twice the smaller share.

    As in DHARMa, 0 means that no simulation is as extreme. NaN are left out, and the value is at most 1.
    """
    alternative = check_alternative(alternative)
    present = simulated[~np.isnan(simulated)]
    if not len(present) or np.isnan(observed):
        return float("nan")
    above, below = float(np.mean(present >= observed)), float(np.mean(present <= observed))
    if alternative == "greater":
        return above
    return below if alternative == "less" else min(2 * min(above, below), 1.0)
