"""Records of models at parameters that are given: the precision that a design promises before there is a response.

The covariance of the estimates is the one that the design will give at these parameters. Of a generalised mixed model
it is that of the linear mixed model of its working response, ``(X'V^-1 X)^-1`` with ``V = W^-1 + Z G Z'``, W being the
expected information of the rows averaged over the random effects (as marginal quasi-likelihood has it; Breslow and
Clayton 1993, section 2): an approximation, where all other classes are exact at known variances.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import DataError, FitError
from mixedmodels.families import NegativeBinomial
from mixedmodels.fit import family_moments
from mixedmodels.fit.any_fit import AnyFit
from mixedmodels.fit.covariance import factors, is_singular
from mixedmodels.fit.engine import EngineError
from mixedmodels.fit.lmm import kept_columns, new_engine
from mixedmodels.fit.method import Method
from mixedmodels.fit.moments import fixed_part
from mixedmodels.fit.ols import dense_columns
from mixedmodels.fit.record import GlmFit, GlmmFit, LinearFit, MixedFit, Run

if TYPE_CHECKING:
    from mixedmodels.families import Family

NODES = 15  # of Gauss-Hermite quadrature of a row's weight over its random effects
GOLDEN = (5**0.5 - 1) / 2
RUN = Run(status="converged", message="", evaluations=0, seconds=0.0, certificate={"holds": True}, trace=())


@dataclass(frozen=True, slots=True)
class ParameterValues:
    """Parameters of a model.

    Attributes
    ----------
    beta : ndarray, shape (p,)
        Coefficients of the p columns of X that are estimated.
    theta : ndarray, shape (m,)
        Covariance parameters as the class of model has them.
    sigma : float
        Residual standard deviation (the root of a dispersion); NaN of families without.
    psi : ndarray, shape (s,)
        Free shapes of the family on the scale on which they are estimated.
    """

    beta: Vector
    theta: Vector
    sigma: float
    psi: Vector


def rows_of(design: Design) -> int:
    """Rows that a design uses, whether it has a response or not."""
    return design.n


def placeholder_response(n: int, family: Family | None) -> Vector:
    """A response that a family can have, for an engine that is asked about designs only, shape (n,)."""
    y: Vector = np.modf(np.arange(1, n + 1) * GOLDEN)[0]  # fills the unit interval and fits no column
    if family is None or family.support in ("real", "open unit", "closed unit"):
        return y
    if family.support == "positive counts":
        return np.where(y > 0.5, 2.0, 1.0)
    return y + 1 if family.support in ("positive", "nonnegative") else np.where(y > 0.5, 1.0, 0.0)


def fit_at(design: Design, method: Method, parameters: ParameterValues) -> AnyFit:
    """The record of a model with these parameters, in place of estimates; without random terms a linear one or a glm.

    Random effects are 0, which is what is expected of them; what depends on a response is NaN.
    """
    n = rows_of(design)
    kept = kept_columns(design.fixed, n, design.weights)
    if method.family is None:
        known = method.sigma is not None
        fit = _mixed(design, method, parameters, n, kept) if design.random else _linear(design, parameters, n, kept)
        return replace(fit, known_sigma=known)
    return _glmm(design, method, parameters, n, kept) if design.random else _glm(design, method, parameters, n, kept)


def _mixed(design: Design, method: Method, parameters: ParameterValues, n: int, kept: tuple[int, ...]) -> MixedFit:
    reml = method.reml and bool(kept)
    sizes, zeros = _effects(design)
    m = len(parameters.theta)
    vcov, standards = _gls(design, n, reml, parameters.theta, len(kept))
    return MixedFit(
        reml=reml,
        n=n,
        kept=kept,
        sizes=sizes,
        theta=parameters.theta,
        beta=parameters.beta,
        sigma=parameters.sigma,
        criterion=np.nan,
        pwrss=np.nan,
        logdet_u=np.nan,
        logdet_x=np.nan,
        vcov_unscaled=vcov,
        u=zeros,
        b=zeros,
        gradient=np.full(m, np.nan),
        hessian=np.full((m, m), np.nan),
        sum_log_weights=0.0 if design.weights is None else float(np.log(design.weights).sum()),
        singular=is_singular(parameters.theta, sizes, standards),
        standards=standards,
        run=RUN,
    )


def _linear(design: Design, parameters: ParameterValues, n: int, kept: tuple[int, ...]) -> LinearFit:
    return LinearFit(
        n=n,
        kept=kept,
        beta=parameters.beta,
        sigma=parameters.sigma,
        rss=np.nan,
        df_resid=n - len(kept),
        vcov_unscaled=_inverse(dense_columns(design, kept, n), design.weights, design),
        sum_log_weights=0.0 if design.weights is None else float(np.log(design.weights).sum()),
    )


def _glm(design: Design, method: Method, parameters: ParameterValues, n: int, kept: tuple[int, ...]) -> GlmFit:
    family, estimated = method.family, None
    assert family is not None
    psi = np.empty(0)
    if not family.least_squares:
        psi, family = parameters.psi, family.at(parameters.psi)
    elif family.weights_role == "cases" and family.shapes:  # as a fit has it: the estimate becomes part of the family
        estimated = float(family.shape_values(parameters.psi)[0])
        family = NegativeBinomial(theta=estimated, link=family.link)
    eta = fixed_part(design, kept, parameters.beta, n)
    weights = _working(family, eta, np.zeros(n), design.weights, psi)
    return GlmFit(
        n=n,
        family=family,
        kept=kept,
        beta=parameters.beta,
        dispersion=1.0 if np.isnan(parameters.sigma) else parameters.sigma**2,
        deviance=np.nan,
        null_deviance=np.nan,
        df_resid=n - len(kept),
        df_null=n - (-1 in design.fixed.assign),
        vcov_unscaled=_inverse(dense_columns(design, kept, n), weights, design),
        loglik=np.nan,
        eta=eta,
        y=np.full(n, np.nan),
        weights=design.weights,
        iterations=0,
        converged=True,
        penalty=method.penalty,
        estimated_theta=estimated,
        psi=psi,
    )


def _glmm(design: Design, method: Method, parameters: ParameterValues, n: int, kept: tuple[int, ...]) -> GlmmFit:
    assert method.family is not None
    family = method.family.at(parameters.psi)
    sizes, zeros = _effects(design)
    eta = fixed_part(design, kept, parameters.beta, n)
    dispersion = 1.0 if np.isnan(parameters.sigma) else parameters.sigma**2
    weights = (
        _working(family, eta, _variances(design, parameters.theta, sizes, n), design.weights, parameters.psi)
        / dispersion
    )
    vcov, standards = _gls(replace(design, weights=weights, offset=None), n, False, parameters.theta, len(kept))
    m, p, s = len(parameters.theta), len(kept), len(parameters.psi)
    joint = np.full((m + p + s, m + p + s), np.nan)
    joint[m : m + p, m : m + p] = vcov
    return GlmmFit(
        n=n,
        family=family,
        nagq=method.nagq,
        laplace=method.laplace,
        kept=kept,
        sizes=sizes,
        theta=parameters.theta,
        beta=parameters.beta,
        psi=parameters.psi,
        criterion=np.nan,
        u=zeros,
        b=zeros,
        eta=eta,
        vcov_joint=joint,
        vcov_conditional=vcov,
        gradient=np.full(m + p + s, np.nan),
        hessian=np.full_like(joint, np.nan),
        logdet_u=np.nan,
        penalty=np.nan,
        conditional_loglik=np.nan,
        y=np.full(n, np.nan),
        weights=design.weights,
        singular=is_singular(parameters.theta, sizes, standards),
        standards=standards,
        inner=0,
        run=RUN,
        penalised=None if method.penalty is None else np.nan,
    )


def _effects(design: Design) -> tuple[tuple[int, ...], tuple[Matrix, ...]]:
    """Columns of every random term, and its effects at 0."""
    sizes = tuple(len(t.columns) for t in design.random)
    return sizes, tuple(np.zeros((design.groups[t.group].n_levels, len(t.columns))) for t in design.random)


def _gls(design: Design, n: int, reml: bool, theta: Vector, p: int) -> tuple[Matrix, tuple[Matrix, ...]]:
    """(X'V^-1 X)^-1 at sigma = 1, and what takes random effects to those of standardised columns."""
    engine = new_engine(replace(design, response=placeholder_response(n, None), offset=None), reml)
    try:
        vcov = np.asarray(engine.at(theta)["vcov_unscaled"])
    except EngineError as error:
        raise FitError(_without_errors(design, f": {error}")) from error
    if len(vcov) < p:
        raise FitError(_without_errors(design, ""))
    return vcov, tuple(engine.standards())


def _without_errors(design: Design, why: str) -> str:
    return (
        f"{design.formula!r} has no standard errors at these parameters{why}. Rows have almost no information there; "
        "give parameters that are less extreme."
    )


def _inverse(x: Matrix, weights: Vector | None, design: Design) -> Matrix:
    cross = x.T @ (x if weights is None else x * weights[:, None])
    try:
        return np.asarray(np.linalg.inv(cross))
    except np.linalg.LinAlgError:
        raise DataError(
            f"the rows of {design.formula!r} do not determine every coefficient at these parameters, whose means are "
            "at their bounds; give smaller coefficients."
        ) from None


def _variances(design: Design, theta: Vector, sizes: tuple[int, ...], n: int) -> Vector:
    """Variance of each row's random part, shape (n,)."""
    out = np.zeros(n)
    for term, t in zip(design.random, factors(theta, sizes), strict=True):
        for loadings in t.T:
            row = np.zeros(n)
            for value, column in zip(loadings, term.columns, strict=True):
                row += value if column is None else value * column
            out += row * row
    return out


def _working(family: Family, eta: Vector, variance: Vector, weights: Vector | None, psi: Any) -> Vector:
    """Expected information of each row about its linear predictor, averaged over its random part, shape (n,)."""
    nodes, shares = np.polynomial.hermite_e.hermegauss(NODES)
    total = np.zeros(len(eta))
    spread = np.sqrt(variance)
    for node, share in zip(nodes, shares / shares.sum(), strict=True):
        at = eta + spread * node
        mu = family_moments.mean(family, at)
        with np.errstate(all="ignore"):
            info = family_moments.slope(family, at) ** 2 / family_moments.variance(family, mu, psi, weights)
        good = np.isfinite(info) & ((mu > 0) | (family.support in ("real", "proportion")))
        total += share * np.where(good, info, 0.0)
    if not (total > 0).all():
        row = int(np.flatnonzero(~(total > 0))[0])
        raise DataError(
            f"the linear predictor is {eta[row]:.4g} in row {row}, where {family} has no mean or no information; give "
            "other coefficients, or another link."
        )
    return total if weights is None else total * np.maximum(weights, 0.0)
