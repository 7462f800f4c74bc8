"""The arguments of `predict` except the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from mixedmodels._spellings import recased, word, word_or_none
from mixedmodels.errors import DataError
from mixedmodels.estimates.coefficients import Ddf
from mixedmodels.predict.kinds import KINDS, Kind

Type = Literal["link", "response"]
Interval = Literal["confidence", "prediction"]
Method = Literal["delta", "simulation", "bootstrap"]
Uncertainty = Literal["all", "given_theta"]


INTERVALS: tuple[Interval, ...] = ("confidence", "prediction")
METHODS: tuple[Method, ...] = ("delta", "simulation", "bootstrap")
UNCERTAINTIES: tuple[Uncertainty, ...] = ("all", "given_theta")


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
    random_only: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "interval", word_or_none("interval", self.interval, INTERVALS))
        object.__setattr__(self, "type", recased(self.type, ("link", "response")))
        object.__setattr__(self, "kind", recased(self.kind, KINDS))
        object.__setattr__(self, "method", word("method", self.method, METHODS, {"boot": "bootstrap"}))
        object.__setattr__(self, "uncertainty", word("uncertainty", self.uncertainty, UNCERTAINTIES))

    def check_random_only(self, generalized: bool) -> None:
        """Refuse what predictions of random effects alone cannot have.

        Raises
        ------
        DataError
            If the kind has no random effects, or a response or an observation is wanted.
        """
        if self.kind not in (None, "conditional"):
            raise DataError(f"random_only=True is of a row's own groups, and kind={self.kind!r} is not; leave it out.")
        if self.type == "response" and generalized:
            raise DataError("random_only=True is on the scale of the linear predictor; leave type='response' out.")
        if self.interval == "prediction":
            raise DataError("random_only=True has no new observations; give interval='confidence'.")

    @property
    def certain(self) -> bool:
        """Whether the predictions alone are wanted."""
        return not self.se_fit and self.interval is None


def none_if_false(interval: Interval | Literal[False] | None) -> Interval | None:
    """No interval, also where it is said with False."""
    return None if interval is False else interval
