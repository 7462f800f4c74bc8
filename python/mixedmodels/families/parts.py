"""A family with what a model may have beside its mean: zero inflation, and a linear predictor of the dispersion."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np

from mixedmodels import _engine
from mixedmodels._typing import Vector
from mixedmodels.families.base import Family

Role = Literal["cases", "precision"]


@lru_cache(maxsize=256)
def _handle(base: Family, zeros: bool, dispersion: bool, role: Role | None) -> _engine.Family:
    fixed = [] if base.theta is None else [float(base.theta)]
    return _engine.Family(base.engine_name, base.link, fixed, zeros, dispersion, role)


@dataclass(frozen=True, repr=False)
class FamilyWithParts(Family):
    """A distribution whose structural zeros and dispersion may have linear predictors of their own.

    Parameters
    ----------
    base : Family
        Distribution and link of the conditional part.
    zeros : bool, default False
        Whether zero inflation has a linear predictor, on the logit scale. A zero of a family that has none of its own
        makes the model a hurdle.
    dispersion_model : bool, default False
        Whether the logarithm of the dispersion has a linear predictor.
    role : {"cases", "precision"}, optional
        What prior weights are, in place of the family's own; proportions keep their trials.
    """

    base: Family
    zeros: bool = False
    dispersion_model: bool = False
    role: Role | None = None

    link: str = field(init=False)
    theta: float | None = field(init=False)

    engine_name: ClassVar[str] = ""

    def __post_init__(self) -> None:
        # The base has been checked.
        object.__setattr__(self, "link", self.base.link)
        object.__setattr__(self, "theta", self.base.theta)

    @property
    def handle(self) -> _engine.Family:
        """The engine's family."""
        role = None if self.base.weights_role == "trials" else self.role
        return _handle(self.base, self.zeros, self.dispersion_model, role)

    @property
    def components(self) -> tuple[Literal["cond", "zi", "disp"], ...]:
        """Linear predictors, that of the mean first."""
        zi: tuple[Literal["zi"], ...] = ("zi",) if self.zeros else ()
        disp: tuple[Literal["disp"], ...] = ("disp",) if self.dispersion_model else ()
        return ("cond", *zi, *disp)

    def __repr__(self) -> str:
        return repr(self.base)

    # -- functions of all linear predictors -----------------------------------------------------------------------

    @property
    def conditional(self) -> FamilyWithParts:
        """The family without its structural zeros."""
        return replace(self, zeros=False) if self.zeros else self

    def moments(self, etas: Vector, weights: Vector | None, psi: Vector) -> tuple[Vector, Vector, Vector]:
        """Mean, variance and probability of 0 of each response, given all linear predictors one after the other."""
        mean, variance, zero = self.handle.moments(np.ascontiguousarray(etas), weights, psi.tolist())
        return mean, variance, zero

    def draw_at(self, rng: np.random.Generator, etas: Vector, weights: Vector | None, psi: Vector) -> Vector:
        """One response per row, given all linear predictors; the generator is asked for one number."""
        seed = int(rng.integers(2**63))
        return np.asarray(self.handle.draw_at(np.ascontiguousarray(etas), weights, psi.tolist(), seed))

    # -- storage ------------------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """Describe the family in what JSON can hold."""
        parts = {"zeros": self.zeros, "dispersion": self.dispersion_model, "role": self.role}
        return {**self.base.to_json(), "parts": parts}
