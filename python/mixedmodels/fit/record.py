"""The four records of a fit: frozen, made of arrays.

All answer the same questions of data (`family`, `mixed`, `psi`, `vcov`, `wald_df`, ...); every other question about a
model is answered by a function of such a record and of the `Design` it came from.
Symbols as in Bates et al. (2015): y = X beta + Z b + offset + e, b = Lambda u, Var(e) = sigma^2 W^-1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf, nan, sqrt
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.fit.method import Method

if TYPE_CHECKING:
    from mixedmodels.families import Family


@dataclass(frozen=True, slots=True)
class Control:
    """Settings of the optimiser.

    Attributes
    ----------
    max_evaluations : int, default 200
        Most evaluations of criterion and gradient before it gives up.
    tolerance : float, default 1e-11
        Decrease of the criterion (a deviance) that may still be predicted at convergence.

    Examples
    --------
    >>> mm.lmer("Reaction ~ Days + (1 | Subject)", sleep, control={"max_evaluations": 50}).converged
    True
    """

    max_evaluations: int = 200
    tolerance: float = 1e-11


class _GaussianIdentity:
    """Properties of a linear (mixed) model that are fields of a generalised one."""

    __slots__ = ()
    generalized: ClassVar[Literal[False]] = False
    n_further: ClassVar[int] = 0

    @property
    def joint(self) -> Self:
        """The record of all linear predictors taken as one: there is one."""
        return self

    @property
    def family(self) -> Family:
        """Gaussian with the identity link."""
        from mixedmodels.families import GAUSSIAN

        return GAUSSIAN

    @property
    def psi(self) -> Vector:
        """No shapes are free, shape (0,)."""
        return np.empty(0)

    @property
    def free_shapes(self) -> dict[str, float]:
        """No shapes are estimated."""
        return {}

    @property
    def has_dispersion(self) -> bool:
        """Whether the residual variance is estimated."""
        return not self.known_sigma

    sigma: float
    known_sigma: bool
    vcov_unscaled: Matrix

    @property
    def residual_sd(self) -> float | None:
        """Residual standard deviation."""
        return self.sigma

    @property
    def vcov(self) -> Matrix:
        """Covariance matrix of the estimated coefficients, shape (p, p)."""
        return np.asarray(self.sigma**2 * self.vcov_unscaled)


class _NoRandomEffects:
    """Properties of a model without random effects that are fields of a mixed one."""

    __slots__ = ()
    mixed: ClassVar[Literal[False]] = False
    reml: ClassVar[bool] = False
    sizes: ClassVar[tuple[int, ...]] = ()
    u: ClassVar[tuple[Matrix, ...]] = ()
    b: ClassVar[tuple[Matrix, ...]] = ()
    singular: ClassVar[bool] = False

    @property
    def theta(self) -> Vector:
        """No covariance parameters, shape (0,)."""
        return np.empty(0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LinearFit(_GaussianIdentity, _NoRandomEffects):
    """A linear model fitted by weighted least squares; r is the rank of X.

    Attributes
    ----------
    n : int
        Number of rows used.
    kept : tuple of int
        Positions of the r columns of X that are estimated; the others are aliased.
    beta : ndarray, shape (r,)
        Coefficients.
    sigma : float
        Residual standard deviation; NaN with no residual degrees of freedom.
    rss : float
        Weighted residual sum of squares.
    df_resid : int
        Residual degrees of freedom, n - r.
    vcov_unscaled : ndarray, shape (r, r)
        Matrix (X'WX)^-1 of the kept columns.
    sum_log_weights : float
        Sum of the logarithms of the weights.
    exact : bool, default False
        Whether the residuals are rounding error only.
    known_sigma : bool, default False
        Whether sigma is known, so that it is no estimate.
    """

    n: int
    kept: tuple[int, ...]
    beta: Vector
    sigma: float
    rss: float
    df_resid: int
    vcov_unscaled: Matrix
    sum_log_weights: float
    exact: bool = False
    known_sigma: bool = False

    function: ClassVar[str] = "lm"

    @property
    def method(self) -> Method:
        """The method of the fit."""
        return Method(sigma=self.sigma if self.known_sigma else None)

    @property
    def wald_df(self) -> float:
        """Degrees of freedom of Wald statistics: those of the residuals; infinite where sigma is known."""
        return inf if self.known_sigma else float(self.df_resid)

    @property
    def error_variance(self) -> float:
        """Residual variance by which mean squares are divided; NaN with no residual degrees of freedom."""
        if self.known_sigma:
            return self.sigma**2
        return self.rss / self.df_resid if self.df_resid else nan

    @property
    def effects_scale(self) -> float:
        """There are no effects to scale."""
        return 1.0

    def with_sigma(self, sigma: float) -> LinearFit:
        """The record with another residual standard deviation."""
        return replace(self, sigma=sigma)

    def with_shapes(self, shapes: Vector) -> LinearFit:
        """The record itself, as there are no shapes."""
        return self


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class MixedFit(_GaussianIdentity):
    """A linear mixed model at its optimum; p kept columns, q random effects, m covariance parameters.

    Attributes
    ----------
    reml : bool
        Whether `criterion` is the REML criterion; else it is the deviance.
    n : int
        Number of rows used.
    kept : tuple of int
        Positions of the p columns of X that are estimated; the others are combinations of earlier ones.
    sizes : tuple of int
        Number of columns k of each random term.
    theta : ndarray, shape (m,)
        Relative covariance parameters: per term the lower triangle of T, column by column.
    beta : ndarray, shape (p,)
        Fixed effects.
    sigma : float
        Residual standard deviation.
    criterion : float
        Criterion: -2 log restricted likelihood (`reml`) or -2 log likelihood.
    pwrss : float
        Penalised weighted residual sum of squares, r^2.
    logdet_u, logdet_x : float
        Log-determinants log|Lambda'Z'WZ Lambda + I| and log|R_X|^2.
    vcov_unscaled : ndarray, shape (p, p)
        Covariance Var(beta) / sigma^2.
    u, b : tuple of ndarray, shape (levels, k)
        Spherical and original conditional modes per term.
    gradient : ndarray, shape (m,)
        Gradient of the criterion in theta at the optimum.
    hessian : ndarray, shape (m, m)
        Hessian of the criterion there: average information plus the curvature of the map from theta to the covariance.
    sum_log_weights : float
        Sum of the logarithms of the weights.
    singular : bool
        Whether the effects of some term have, in some direction, a standard deviation below 1e-4 (see `standards`).
    standards : tuple of ndarray, shape (k, k)
        For each term what takes its effects to those of standardised columns: divided by their root mean square, about
        the mean where the term has an intercept.
    run : Run
        Run of the optimiser: status, evaluations, time and certificate.
    criterion_error : float, default 0.0
        Standard error of `criterion` (and `logdet_u`) where it is estimated, 0 where it is exact.
    unidentified : tuple of str, default ()
        Sentences that say which variances the model cannot identify.
    known_sigma : bool, default False
        Whether sigma is known, so that it is no estimate.
    """

    reml: bool
    n: int
    kept: tuple[int, ...]
    sizes: tuple[int, ...]
    theta: Vector
    beta: Vector
    sigma: float
    criterion: float
    pwrss: float
    logdet_u: float
    logdet_x: float
    vcov_unscaled: Matrix
    u: tuple[Matrix, ...]
    b: tuple[Matrix, ...]
    gradient: Vector
    hessian: Matrix
    sum_log_weights: float
    singular: bool
    standards: tuple[Matrix, ...]
    run: Run
    criterion_error: float = 0.0
    unidentified: tuple[str, ...] = ()
    known_sigma: bool = False

    function: ClassVar[str] = "lmer"
    mixed: ClassVar[Literal[True]] = True

    @property
    def method(self) -> Method:
        """The method of the fit."""
        return Method(reml=self.reml, sigma=self.sigma if self.known_sigma else None)

    @property
    def wald_df(self) -> float:
        """Wald statistics of mixed models are taken as normal."""
        return inf

    @property
    def effects_scale(self) -> float:
        """The factor of T in the standard deviations of random effects: sigma."""
        return self.sigma

    def with_sigma(self, sigma: float) -> MixedFit:
        """The record with another residual standard deviation."""
        return replace(self, sigma=sigma)

    def with_shapes(self, shapes: Vector) -> MixedFit:
        """The record itself, as there are no shapes."""
        return self


class _FamilyFit:
    """Properties that generalised models with and without random effects share."""

    __slots__ = ()
    generalized: ClassVar[Literal[True]] = True
    family: Family

    @property
    def joint(self) -> Self:
        """The record of all linear predictors taken as one: there is one."""
        return self

    @property
    def n_further(self) -> int:
        """Parameters of further linear predictors: there are none."""
        return 0

    @property
    def has_dispersion(self) -> bool:
        """Whether the variance of a row is phi V(mu) / weight with an unknown phi."""
        return self.family.weights_role == "precision"

    @property
    def effects_scale(self) -> float:
        """Theta is on the scale of the random effects."""
        return 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class GlmFit(_FamilyFit, _NoRandomEffects):
    """A generalised linear model at its maximum likelihood estimate; r is the rank of X.

    Attributes
    ----------
    n : int
        Number of rows used.
    family : Family
        Distribution and link.
    kept : tuple of int
        Positions of the r columns of X that are estimated; the others are aliased.
    beta : ndarray, shape (r,)
        Coefficients.
    dispersion : float
        Dispersion: 1, or estimated from Pearson's residuals as R's `summary.glm` does.
    deviance, null_deviance : float
        Deviance of the model, and of the one with an intercept (or nothing) and the offset alone.
    df_resid, df_null : int
        Rows of positive weight less r, and less the intercept.
    vcov_unscaled : ndarray, shape (r, r)
        Matrix (X'WX)^-1 of the kept columns at the expected weights.
    loglik : float
        Log-likelihood with all constants; of families with a dispersion at its maximum likelihood estimate, as R's
        `logLik`.
    eta : ndarray, shape (n,)
        Linear predictor.
    y : ndarray, shape (n,)
        Response as the family sees it (a proportion for a binomial one).
    weights : ndarray, shape (n,) or None
        Prior weights, or None.
    iterations : int
        Number of iterations of reweighted least squares, until the deviance had settled by R's rule.
    converged : bool
        Whether the last step was negligible.
    penalty : {"jeffreys"}, optional
        Penalty: "jeffreys" where Jeffreys' prior was added to the likelihood; deviance and log-likelihood are without
        it.
    estimated_theta, theta_se : float, optional
        Theta of a negative binomial whose theta was estimated, and its standard error; else None.
    psi : ndarray, shape (s,)
        Free shapes on the scale on which they are estimated, where the engine estimates them with the coefficients; of
        families that reweighted least squares fits there are none.
    vcov_joint : ndarray, shape (r + s,) squared, optional
        Covariance of (beta, psi) of such a model; else None.
    """

    n: int
    family: Family
    kept: tuple[int, ...]
    beta: Vector
    dispersion: float
    deviance: float
    null_deviance: float
    df_resid: int
    df_null: int
    vcov_unscaled: Matrix
    loglik: float
    eta: Vector
    y: Vector
    weights: Vector | None
    iterations: int
    converged: bool
    penalty: Literal["jeffreys"] | None = None
    estimated_theta: float | None = None
    theta_se: float | None = None
    psi: Vector = field(default_factory=lambda: np.empty(0))
    vcov_joint: Matrix | None = None

    function: ClassVar[str] = "glm"

    @property
    def method(self) -> Method:
        """The method of the fit; a theta that was estimated is free again."""
        from mixedmodels.families import NegativeBinomial

        family = self.family if self.estimated_theta is None else NegativeBinomial(link=self.family.link)
        return Method(family=family, penalty=self.penalty)

    @property
    def free_shapes(self) -> dict[str, float]:
        """Estimated shapes by name, such as theta of a negative binomial, where it was not given."""
        if self.estimated_theta is not None:
            return {"theta": self.estimated_theta}
        if not len(self.psi):
            return {}
        return dict(zip(self.family.shapes, self.family.shape_values(self.psi).tolist(), strict=True))

    @property
    def sigma(self) -> float:
        """Spread as glmmTMB's `sigma`: the root of the dispersion, the first shape (theta, phi), or 1."""
        return self.family.spread(self.psi) if self.residual_sd is None else self.residual_sd

    @property
    def residual_sd(self) -> float | None:
        """Root of the dispersion, of a family that has one; None of the others."""
        return sqrt(self.dispersion) if self.has_dispersion else None

    @property
    def vcov(self) -> Matrix:
        """Covariance matrix of the estimated coefficients, shape (p, p)."""
        return np.asarray(self.dispersion * self.vcov_unscaled)

    def with_sigma(self, sigma: float) -> GlmFit:
        """The record with another root of the dispersion."""
        return replace(self, dispersion=sigma**2)

    def with_shapes(self, shapes: Vector) -> GlmFit:
        """The record with other shapes; theta of a negative binomial is part of the family."""
        from mixedmodels.families import NegativeBinomial

        if not self.family.least_squares:
            psi = self.family.psi_of(shapes)
            return replace(self, psi=psi, family=self.family.at(psi))
        theta = float(shapes[0])
        return replace(self, family=NegativeBinomial(theta=theta, link=self.family.link), estimated_theta=theta)

    @property
    def wald_df(self) -> float:
        """Degrees of freedom of Wald statistics: those of the residuals where a dispersion is estimated."""
        return float(self.df_resid) if self.has_dispersion else inf


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class GlmmFit(_FamilyFit):
    """A generalised linear mixed model at its optimum; p kept columns, m covariance parameters, s free shapes.

    Here Var(b) = T T' of every term: no residual scale multiplies it.

    Attributes
    ----------
    n : int
        Number of rows used.
    family : Family
        Distribution and link.
    nagq : int
        Points of adaptive quadrature for each random effect; 1 is Laplace's approximation, 0 Laplace's with beta at the
        joint mode.
    laplace : {"observed", "fisher"}
        Information whose log-determinant is taken, "observed" or expected ("fisher").
    kept : tuple of int
        Positions of the p columns of X that are estimated.
    sizes : tuple of int
        Number of columns k of each random term.
    theta : ndarray, shape (m,)
        Covariance parameters: per term the lower triangle of T, column by column.
    beta : ndarray, shape (p,)
        Coefficients.
    psi : ndarray
        Free shapes (`family.shapes`) on the scale on which they are estimated, shape (s,).
    criterion : float
        Criterion: -2 log-likelihood, all constants in it.
    u, b : tuple of ndarray, shape (levels, k)
        Spherical and original conditional modes per term.
    eta : ndarray, shape (n,)
        Linear predictor at the modes.
    vcov_joint : ndarray, shape (m + p + s,) squared
        Covariance of (theta, beta, psi) from the full Hessian of the criterion.
    vcov_conditional : ndarray, shape (p, p)
        Covariance of beta with theta and psi taken as known.
    gradient, hessian : ndarray
        Gradient and Hessian of the criterion in (theta, beta, psi), of `penalised` where there is a penalty.
    logdet_u : float
        Log-determinant log|Lambda'Z'WZ Lambda + I|.
    penalty : float
        Penalty u'u.
    conditional_loglik : float
        Log-likelihood of y given the modes, all constants in it.
    y : ndarray, shape (n,)
        Response as the family sees it (a proportion for a binomial one).
    weights : ndarray, shape (n,) or None
        Prior weights, or None.
    singular : bool
        Whether the effects of some term have, in some direction, a standard deviation below 1e-4 (see `standards`).
    standards : tuple of ndarray, shape (k, k)
        For each term what takes its effects to those of standardised columns: divided by their root mean square, about
        the mean where the term has an intercept.
    inner : int
        Number of factorisations in all.
    run : Run
        Run of the optimiser: status, evaluations, time and certificate.
    separated : str, default ""
        Fixed effects or variances that have no finite estimate, in words; empty where all have.
    penalised : float, optional
        Criterion with the penalty of a softly penalised fit, which is what was minimised; else None.
    unidentified : tuple of str, default ()
        Sentences that say which variances the model cannot identify.
    """

    n: int
    family: Family
    nagq: int
    laplace: Literal["observed", "fisher"]
    kept: tuple[int, ...]
    sizes: tuple[int, ...]
    theta: Vector
    beta: Vector
    psi: Vector
    criterion: float
    u: tuple[Matrix, ...]
    b: tuple[Matrix, ...]
    eta: Vector
    vcov_joint: Matrix
    vcov_conditional: Matrix
    gradient: Vector
    hessian: Matrix
    logdet_u: float
    penalty: float
    conditional_loglik: float
    y: Vector
    weights: Vector | None
    singular: bool
    standards: tuple[Matrix, ...]
    inner: int
    run: Run
    separated: str = ""
    penalised: float | None = None
    unidentified: tuple[str, ...] = ()

    function: ClassVar[str] = "glmer"
    mixed: ClassVar[Literal[True]] = True

    @property
    def reml(self) -> bool:
        """Whether coefficients were integrated out of the likelihood."""
        return False

    @property
    def held(self) -> tuple[int, ...]:
        """Places among all parameters of those that were held at a number."""
        return ()

    @property
    def point(self) -> tuple[Vector, Vector, Vector]:
        """Theta, beta and psi, as the engine takes them."""
        return self.theta, self.beta, self.psi

    @property
    def etas(self) -> Vector:
        """All linear predictors at the modes, one after the other."""
        return self.eta

    @property
    def method(self) -> Method:
        """The method of the fit."""
        penalty = None if self.penalised is None else "soft"
        return Method(family=self.family, nagq=self.nagq, laplace=self.laplace, penalty=penalty)

    @property
    def free_shapes(self) -> dict[str, float]:
        """Estimated shapes by name, those of the dispersion among them."""
        return dict(zip(self.family.shapes, self.family.shape_values(self.psi).tolist(), strict=True))

    @property
    def sigma(self) -> float:
        """Spread as glmmTMB's `sigma`: the root of the dispersion, the first shape (theta, phi), or 1."""
        return self.family.spread(self.psi)

    @property
    def residual_sd(self) -> float | None:
        """Root of the dispersion, of a family that has one; None of the others."""
        return sqrt(self.family.dispersion(self.psi)) if self.has_dispersion else None

    def with_sigma(self, sigma: float) -> GlmmFit:
        """The record with another root of the dispersion."""
        from mixedmodels.fit.family_moments import shapes_of_dispersion

        return replace(self, psi=np.array(shapes_of_dispersion(self.family, sigma**2), dtype=float))

    def with_shapes(self, shapes: Vector) -> GlmmFit:
        """The record with other shapes."""
        psi = self.family.psi_of(shapes)
        return replace(self, psi=psi, family=self.family.at(psi))

    @property
    def vcov(self) -> Matrix:
        """Covariance of the estimated coefficients, shape (p, p): with what is not known of theta and the shapes."""
        m, p = len(self.theta), len(self.kept)
        return self.vcov_joint[m : m + p, m : m + p]

    @property
    def wald_df(self) -> float:
        """Wald statistics of mixed models are taken as normal."""
        return inf


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Run:
    """The optimiser's account.

    Attributes
    ----------
    status : {"converged", "max_evaluations", "stalled"}
        End of the search: "converged", "max_evaluations" or "stalled".
    message : str
        Engine's own sentence, empty where all is well.
    evaluations : int
        Number of evaluations of criterion and gradient.
    seconds : float
        Seconds spent in the engine.
    certificate : mapping of str
        Certificate of the optimum: the `predicted_decrease` of the criterion that the next step promises;
        `min_score_eigenvalue` per term (negative: more variance in that direction would fit better); `escape_gain`, the
        decrease that growing each covariance matrix along its worst direction of no variance promises; and whether it
        `holds`, both decreases being negligible. It does not hold where the criterion is `flat` in some variance, which
        sentences then say.
    trace : tuple of tuple of three float
        Criterion, predicted decrease and trust radius of each step.
    """

    status: Literal["converged", "max_evaluations", "stalled"]
    message: str
    evaluations: int
    seconds: float
    certificate: Mapping[str, Any]
    trace: tuple[tuple[float, float, float], ...]

    @property
    def converged(self) -> bool:
        """Whether the certificate holds: what counts is where the optimiser stands, not how it came to stop."""
        return bool(self.certificate["holds"])
