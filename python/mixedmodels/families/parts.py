"""A family with what a model may have beside its mean: zero inflation, and a linear predictor of the dispersion."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import nan
from typing import Any, Literal, TypeVar

import numpy as np

from mixedmodels import _engine
from mixedmodels._typing import Vector
from mixedmodels.families.base import Family, Shapes, register
from mixedmodels.families.kinds import Binomial, NegativeBinomial
from mixedmodels.families.shape_scale import ShapeScale

Role = Literal["cases", "precision"]
T = TypeVar("T")


@lru_cache(maxsize=256)
def _handle(base: Family, zeros: bool, dispersion: bool, role: Role | None) -> _engine.Family:
    return _engine.Family(base.engine_name, base.link, list(base.fixed_shapes), zeros, dispersion, role)


def link_family(component: str) -> Family:
    """A family that has the link of zero inflation ("zi") or of the dispersion ("disp"), and no dispersion itself."""
    return Binomial() if component == "zi" else NegativeBinomial(theta=1.0)


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

    def __post_init__(self) -> None:
        # The base has been checked. What its class says is said here by the instance.
        own: dict[str, object] = {
            "has_deviance": self.base.has_deviance and not self.zeros and not self.dispersion_model
        }
        for name in ("link", "theta", "engine_name", "fixable"):
            own[name] = getattr(self.base, name)
        own["variance_formula"] = self._variance_formula()
        for name, value in own.items():
            object.__setattr__(self, name, value)

    def _variance_formula(self) -> str:
        """That of the base with what weights do, and of a mixture with structural zeros of probability pi."""
        first, *definitions = self.base.variance_formula.split("; ")
        if not first:
            return ""
        if self.weights_role == "precision":
            first = f"{first} / w"
        if not self.zeros:
            return "; ".join([first, *definitions])
        mean = "M" if any(text.startswith("M = ") for text in definitions) else "mu"
        return "; ".join([f"(1 - pi) (V + pi {mean}^2)", f"V = {first}", *definitions])

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

    # -- shapes -------------------------------------------------------------------------------------------------

    @property
    def shape_scales(self) -> tuple[ShapeScale, ...]:
        """For each free shape the map from psi to it."""
        return self._free(self.base.shape_scales)

    @property
    def psi_names(self) -> tuple[str, ...]:
        """Names of psi."""
        return self._free(self.base.psi_names)

    def _free(self, values: tuple[T, ...]) -> tuple[T, ...]:
        """What the base says of its free shapes, of those that are not the dispersion's predictor."""
        return tuple(v for name, v in zip(self.base.shapes, values, strict=True) if name in self.shapes)

    def psi_of(self, values: Shapes, what: str = "shapes") -> Vector:
        """Free shapes on the scale on which they are estimated."""
        if not self.dispersion_model:
            return self.base.psi_of(values, what)
        return self.base.psi_of([1.0, *values], what)[1:]

    def spread(self, psi: Shapes) -> float:
        """What R's glmmTMB calls sigma; NaN where the dispersion has a linear predictor."""
        return nan if self.dispersion_model else self.base.spread(psi)

    def params(self, psi: Shapes) -> dict[str, float]:
        """Shapes beside the dispersion, by the names that R's glmmTMB prints."""
        return self.base.params([0.0, *psi] if self.dispersion_model else psi)

    # -- functions of all linear predictors -----------------------------------------------------------------------

    @property
    def has_other_mean(self) -> bool:
        """Whether the mean of a response that is no structural zero is another than the inverse link."""
        return type(self.base).at is not Family.at

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

    @staticmethod
    def of_parts(stored: dict[str, Any]) -> FamilyWithParts:
        """The family that `to_json` described."""
        parts = stored["parts"]
        base = Family.from_json({name: value for name, value in stored.items() if name != "parts"})
        return FamilyWithParts(
            base=base, zeros=parts["zeros"], dispersion_model=parts["dispersion"], role=parts["role"]
        )


register("parts", FamilyWithParts)
