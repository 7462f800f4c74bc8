"""How coefficients and conditional modes move with the parameters that they are computed from.

At the modes Lambda'Z's = u, s the derivatives of the rows' log-likelihoods in eta (of a linear model W times the
residuals, with b relative to sigma); where beta is solved for together with u, X's = 0 too. A small change of a
parameter keeps that true, which gives the change of u and beta as the solution of Henderson's equations:

    M d(u, beta) = [dLambda'Z's - Lambda'Z'W Z dLambda u; -X'W Z dLambda u]      of an element of theta,
    M du = -Lambda'Z'W x_j                                                       of beta_j, where that is a parameter,
    M du = Lambda'Z' ds/dpsi                                                     of a shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixedmodels.design.records import Design, Vector
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.henderson import Henderson
from mixedmodels.fit.henderson_rows import fixed_rows
from mixedmodels.fit.moments import residuals
from mixedmodels.fit.record import GlmmFit, Matrix, MixedFit

Blocks = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ModeSlopes:
    """Derivatives in M parameters.

    Of a linear mixed model these are theta, and beta follows; of a generalised one theta, beta and psi.

    Attributes
    ----------
    b : tuple of ndarray, shape (levels, k, M)
        Slopes of the modes, per random term.
    beta : ndarray, shape (p, M)
        Slopes of the coefficients.
    """

    b: tuple[Blocks, ...]
    beta: Matrix


def mode_slopes(design: Design, fit: AnyMixedFit, weights: Vector, equations: Henderson) -> ModeSlopes:
    """Derivatives at the estimates.

    Parameters
    ----------
    weights : ndarray
        Weights W.
    equations : Henderson
        Equations, with beta for a linear model, with beta known for a generalised one.
    """
    places = _elements(fit.sizes)
    m = len(places)
    score, more = (_linear_score(design, fit), []) if isinstance(fit, MixedFit) else _score(design, fit, weights)
    v = np.column_stack([np.empty((len(score), m)), *more])
    added: list[Blocks] = [np.zeros((*u.shape, v.shape[1])) for u in fit.u]
    for j, (term, row, column) in enumerate(places):
        codes, z = design.groups[design.random[term].group].codes, design.random[term].columns[row]
        ones = 1.0 if z is None else z
        v[:, j] = -weights * ones * fit.u[term][:, column][codes]
        added[term][:, column, j] = np.bincount(codes, ones * score, len(fit.u[term]))
    u, beta = equations.solve(v, added)
    b = [np.einsum("ij,ljm->lim", t, part) for t, part in zip(factors(fit.theta, fit.sizes), u, strict=True)]
    for j, (term, row, column) in enumerate(places):
        b[term][:, row, j] += fit.u[term][:, column]
    if isinstance(fit, GlmmFit):
        p = len(fit.kept)
        beta = np.zeros((p, v.shape[1]))
        beta[:, m : m + p] = np.eye(p)
    return ModeSlopes(tuple(b), beta)


def _elements(sizes: Sequence[int]) -> list[tuple[int, int, int]]:
    """Term, row and column of every element of theta."""
    return [(term, i, j) for term, k in enumerate(sizes) for j in range(k) for i in range(j, k)]


def _linear_score(design: Design, fit: MixedFit) -> Vector:
    r = residuals(design, fit)
    return r if design.weights is None else r * design.weights


def _score(design: Design, fit: GlmmFit, weights: Vector) -> tuple[Vector, list[Matrix]]:
    """s, and its derivatives in beta (through eta) and psi."""
    found = fit.family.handle.derivatives(fit.y, fit.weights, fit.eta, list(fit.psi))
    more = [-weights[:, None] * fixed_rows(design, fit.kept, fit.n)]
    more += [np.asarray(slope, dtype=float)[:, None] for slope in found["g_psi"]]
    return np.asarray(found["g"], dtype=float), more
