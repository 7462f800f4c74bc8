"""Components of the variance among rows on the scale of the linear predictor: fixed, random, residual.

Random slopes: the variance of z'b differs from row to row, and its mean over the rows, tr(Z Sigma Z') / n, is taken
(Johnson, 2014, Methods in Ecology and Evolution 5, 944-946). It is about the columns z that the term has, whether or
not they are among the fixed effects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.design import Design
from mixedmodels.errors import DataError
from mixedmodels.estimates import distribution_variance
from mixedmodels.fit.any_fit import AnyFit, AnyMixedFit, effect_factors
from mixedmodels.fit.moments import fixed_part
from mixedmodels.fit.record import GlmFit, GlmmFit, LinearFit, MixedFit

Per = Literal["unit", "row"]


@dataclass(frozen=True, slots=True)
class Residual:
    """The residual variance on the scale of the linear predictor.

    Attributes
    ----------
    value : float
        Variance.
    method : str
        Method of computing the variance, in words.
    mean : float, optional
        Mean response at which the variance was taken, NaN where it does not depend on one.
    """

    value: float
    method: str
    mean: float = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Variances on the scale of the linear predictor; shape (terms,) where there is one for each random term.

    Attributes
    ----------
    fixed : float
        Variance among the rows of X beta, without the offset.
    random : ndarray
        Mean over the rows of the variance of each term's z'b.
    labels, groups : tuple of str
        Labels of the terms, and the names of their groups.
    intercepts : ndarray
        Variance of each term's intercept, NaN where it has none.
    extra : tuple of bool
        Whether each term has a level per row, so that it is overdispersion, not likeness within groups.
    residual : Residual
        Residual variance, or that of the distribution.
    """

    fixed: float
    random: Vector
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    intercepts: Vector
    extra: tuple[bool, ...]
    residual: Residual

    @property
    def among(self) -> float:
        """Variance of all random effects but those with a level per row."""
        return float(sum(v for v, extra in zip(self.random, self.extra, strict=True) if not extra))

    @property
    def within(self) -> float:
        """Residual variance, with that of effects that have a level per row."""
        return self.residual.value + float(sum(v for v, extra in zip(self.random, self.extra, strict=True) if extra))

    @property
    def total(self) -> float:
        """The sum of all variances."""
        return self.fixed + float(np.sum(self.random)) + self.residual.value


def parts(design: Design, fit: AnyFit, residual: Residual) -> Parts:
    """All parts of the variance, given the residual one."""
    terms = design.random if fit.mixed else ()
    groups = tuple(design.groups[t.group].name for t in terms)
    return Parts(
        fixed=fixed_variance(design, fit),
        random=random_variances(design, fit) if fit.mixed else np.empty(0),
        labels=tuple(f"({t.text})" for t in terms),
        groups=groups,
        intercepts=_intercepts(design, fit) if fit.mixed else np.empty(0),
        extra=tuple(design.groups[t.group].n_levels == fit.n for t in terms),
        residual=residual,
    )


def fixed_variance(design: Design, fit: AnyFit) -> float:
    """Sample variance of X beta among the rows; an offset is known and explains nothing."""
    eta = fixed_part(replace(design, offset=None), fit.kept, fit.beta, fit.n)
    return float(np.var(eta, ddof=1)) if fit.n > 1 else 0.0


def random_variances(design: Design, fit: AnyMixedFit) -> Vector:
    """Mean over the rows of z' Sigma z, for each random term."""
    moments = column_moments(design)
    return np.array([float(np.sum(m * (t @ t.T))) for m, t in zip(moments, effect_factors(fit), strict=True)])


def column_moments(design: Design) -> list[np.ndarray[tuple[int, int], np.dtype[np.float64]]]:
    """Z'Z / n of the columns of each random term, shape (k, k)."""
    out = []
    for term in design.random:
        n = len(design.groups[term.group].codes)
        z = np.column_stack([np.ones(n) if c is None else c for c in term.columns])
        out.append(z.T @ z / n)
    return out


def _intercepts(design: Design, fit: AnyMixedFit) -> Vector:
    variances = []
    for term, t in zip(design.random, effect_factors(fit), strict=True):
        here = [j for j, name in enumerate(term.effects) if name == "(Intercept)"]
        variances.append(float(t[here[0]] @ t[here[0]]) if here else float("nan"))
    return np.array(variances)


def per_of(fit: AnyFit, per: str | None) -> Per:
    """The unit of the residual variance: a row as it is weighted, or one of weight 1.

    Raises
    ------
    DataError
        If there is no such choice.
    """
    if per is None:
        return "unit" if fit.family.weights_role == "trials" else "row"
    if per == "unit":
        return "unit"
    if per == "row":
        return "row"
    raise DataError(
        f"per is {per!r}; it can be 'unit', a single trial or an observation of weight 1, or 'row', the average row."
    )


def gaussian_residual(design: Design, fit: LinearFit | MixedFit, per: str | None) -> Residual:
    """Sigma^2, of the average row or of an observation of weight 1."""
    if design.weights is None:
        return Residual(fit.sigma**2, "sigma^2")
    if per_of(fit, per) == "unit":
        return Residual(fit.sigma**2, "sigma^2, of an observation of weight 1")
    return Residual(fit.sigma**2 * float(np.mean(1 / design.weights)), "sigma^2 / weight, the mean over the rows")


def family_residual(
    fit: GlmFit | GlmmFit, psi: Vector | tuple[float, ...], approximation: str | None, mu: float, per: str | None
) -> Residual:
    """The distribution-specific variance of a family at a mean, see `distribution_variance`."""
    chosen = distribution_variance.approximation_of(fit.family, approximation)
    value = distribution_variance.variance_at(fit.family, chosen, mu if np.isfinite(mu) else 0.5, psi)
    words = distribution_variance.in_words(fit.family, chosen)
    role, weights = fit.family.weights_role, fit.weights
    if per_of(fit, per) == "row" and role in ("trials", "precision") and weights is not None:
        value *= float(np.mean(1 / weights[weights > 0]))
        words += f", divided by each row's {'trials' if role == 'trials' else 'weight'}"
    elif role == "trials" and weights is not None and np.any(weights != 1):
        words += ", of a single trial"
    return Residual(value, words, mu)
