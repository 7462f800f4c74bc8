"""The arguments of `predict` except the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from mixedmodels.errors import DataError
from mixedmodels.estimates.coefficients import Ddf
from mixedmodels.predict.kinds import Kind

Type = Literal["link", "response"]
Interval = Literal["confidence", "prediction"]
Method = Literal["delta", "simulation", "bootstrap"]
Uncertainty = Literal["all", "given_theta"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The arguments of `predict` except the rows; see there."""

    kind: Kind | None
    re_form: Any
    type: Type
    se_fit: bool
    interval: Interval | None
    level: float
    method: Method
    uncertainty: Uncertainty
    nsim: int | None
    seed: Any
    allow_new_levels: bool
    ddf: Ddf
    progress: bool | None

    def __post_init__(self) -> None:
        _one_of("interval", self.interval, (None, "confidence", "prediction"))
        _one_of("method", self.method, ("delta", "simulation", "bootstrap"))
        _one_of("uncertainty", self.uncertainty, ("all", "given_theta"))

    @property
    def certain(self) -> bool:
        """Whether the predictions alone are wanted."""
        return not self.se_fit and self.interval is None


def none_if_false(interval: Interval | Literal[False] | None) -> Interval | None:
    """No interval, also where it is said with False."""
    return None if interval is False else interval


def _one_of(name: str, value: Any, choices: tuple[Any, ...]) -> None:
    if value not in choices:
        raise DataError(f"{name} is {value!r:.40}; give {', '.join(map(repr, choices[:-1]))} or {choices[-1]!r}.")
