"""The record of a fit with several linear predictors: of the conditional mean, zero inflation and the dispersion."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, nan
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Component
from mixedmodels.fit.components.constraints import NONE, Constraints
from mixedmodels.fit.method import Method
from mixedmodels.fit.record import GlmmFit

if TYPE_CHECKING:
    from mixedmodels.families.parts import FamilyWithParts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PredictorFit:
    """Estimates of a further linear predictor.

    Attributes
    ----------
    component : {"zi", "disp"}
        What the predictor is of: zero inflation (log-odds of a structural zero) or the dispersion (its logarithm).
    kept : tuple of int
        Positions of the columns of its X that are estimated.
    sizes : tuple of int
        Number of columns of each of its random terms.
    theta, beta : ndarray
        Its covariance parameters and coefficients.
    u, b : tuple of ndarray, shape (levels, k)
        Spherical and original conditional modes of its random terms.
    eta : ndarray, shape (n,)
        The linear predictor at the modes.
    standards : tuple of ndarray, shape (k, k)
        See `GlmmFit`.
    vcov : ndarray, shape (p, p)
        Covariance of its coefficients.
    """

    component: Component
    kept: tuple[int, ...]
    sizes: tuple[int, ...]
    theta: Vector
    beta: Vector
    u: tuple[Matrix, ...]
    b: tuple[Matrix, ...]
    eta: Vector
    standards: tuple[Matrix, ...]
    vcov: Matrix

    effects_scale: ClassVar[float] = 1.0
    mixed: ClassVar[Literal[True]] = True
    generalized: ClassVar[Literal[True]] = True
    residual_sd: ClassVar[None] = None

    @property
    def wald_df(self) -> float:
        """Wald statistics are taken as normal."""
        return inf


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ComponentsFit(GlmmFit):
    """A fit of `glmmTMB`: fields of a `GlmmFit` are of the conditional part, joint ones of all parameters.

    The joint order of parameters is theta of the conditional part, of zero inflation, of the dispersion, then beta
    likewise, then psi. Without random effects anywhere it is a model of fixed effects.

    Attributes
    ----------
    further : tuple of PredictorFit
        Estimates of zero inflation and of the dispersion, where these have linear predictors.
    constraints : Constraints, optional
        Parameters that are held, tied or have priors, and whether the likelihood is the restricted one.
    """

    family: FamilyWithParts
    further: tuple[PredictorFit, ...] = ()
    constraints: Constraints = NONE

    function: ClassVar[str] = "glmmTMB"

    @property
    def reml(self) -> bool:
        """Whether the coefficients of the conditional mean were integrated out of the likelihood."""
        return self.constraints.reml

    @property
    def held(self) -> tuple[int, ...]:
        """Places among all parameters of those that were held at a number."""
        values = self.constraints.held
        return () if values is None else tuple(np.flatnonzero(np.isfinite(values)).tolist())

    @property
    def method(self) -> Method:
        """The method of the fit."""
        return Method(
            family=self.family.base,
            nagq=self.nagq,
            laplace=self.laplace,
            weights_role=self.family.role,
            reml=self.reml,
        )

    @property
    def predictors(self) -> tuple[ComponentsFit | PredictorFit, ...]:
        """The linear predictors, that of the conditional mean first."""
        return (self, *self.further)

    @property
    def etas(self) -> Vector:
        """All linear predictors at the modes, one after the other, shape (n * predictors,)."""
        return np.concatenate([part.eta for part in self.predictors])

    @property
    def point(self) -> tuple[Vector, Vector, Vector]:
        """Theta, beta and psi of all linear predictors."""
        parts = self.predictors
        return np.concatenate([p.theta for p in parts]), np.concatenate([p.beta for p in parts]), self.psi

    @property
    def joint(self) -> Self:
        """The record of all linear predictors taken as one: theta, beta, modes and `eta` of all, one after the other.

        What walks over all parameters, or asks the engine, asks it; its `kept` counts the coefficients of all.
        """
        parts = self.predictors
        theta, beta, _ = self.point
        return replace(
            self,
            kept=tuple(range(len(beta))),
            sizes=tuple(k for part in parts for k in part.sizes),
            theta=theta,
            beta=beta,
            u=tuple(u for part in parts for u in part.u),
            b=tuple(b for part in parts for b in part.b),
            eta=self.etas,
            standards=tuple(s for part in parts for s in part.standards),
            further=(),
        )

    @property
    def vcov(self) -> Matrix:
        """Covariance of the coefficients of the conditional mean, shape (p, p)."""
        m, p = sum(len(part.theta) for part in self.predictors), len(self.kept)
        return self.vcov_joint[m : m + p, m : m + p]

    def first_coefficient(self, component: Component) -> int:
        """Place of a component's first coefficient among those of all."""
        before = self.predictors[: self.family.components.index(component)]
        return sum(len(part.beta) for part in before)

    @property
    def n_further(self) -> int:
        """Parameters of the further linear predictors."""
        return sum(len(part.theta) + len(part.beta) for part in self.further) - self.constraints.n_fewer

    @property
    def sigma(self) -> float:
        """Spread as glmmTMB's `sigma`; NaN where the dispersion has a linear predictor."""
        if self.family.dispersion_model:
            return nan
        return self.family.spread(self.psi)

    @property
    def residual_sd(self) -> float | None:
        """Residual standard deviation of a gaussian model with one dispersion; None of the others."""
        return self.sigma if self.family.base.engine_name == "gaussian" and not self.family.dispersion_model else None

    @property
    def has_dispersion(self) -> bool:
        """Whether it has a residual standard deviation: `weights_role` says what weights are, and nothing of this."""
        return self.residual_sd is not None

    def with_sigma(self, sigma: float) -> ComponentsFit:
        """The record of a gaussian model with another residual standard deviation."""
        return self.with_shapes(np.array([sigma]))

    def with_shapes(self, shapes: Vector) -> ComponentsFit:
        """The record with other shapes."""
        return replace(self, psi=np.asarray(self.family.psi_of(shapes)))
