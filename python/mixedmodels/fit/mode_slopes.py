"""Derivatives of coefficients and conditional modes in the parameters that they are computed from.

At the modes Lambda'Z's = u, s the derivatives of the rows' log-likelihoods in eta (of a linear model W times the
residuals, with b relative to sigma); where beta is solved for together with u, X's = 0 too. A small change of a
parameter keeps that true, which gives the change of u and beta as the solution of Henderson's equations:

    M d(u, beta) = [dLambda'Z's - Lambda'Z'W Z dLambda u; -X'W Z dLambda u]      of an element of theta,
    M du = -Lambda'Z'W x_j                                                       of beta_j, where that is a parameter,
    M du = Lambda'Z' ds/dpsi                                                     of a shape.

The engine solves them; what is particular to a model is s, and what other parameters than theta change of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.fit.henderson import Henderson
from mixedmodels.fit.henderson_rows import fixed_rows
from mixedmodels.fit.moments import residuals
from mixedmodels.fit.record import GlmmFit, MixedFit

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
        Weights W of the rows.
    equations : Henderson
        Equations, with beta for a linear model, with beta known for a generalised one.
    """
    if not fit.generalized:
        b, beta = equations.slopes(_linear_score(design, fit), fit.u, np.empty((fit.n, 0)))
        return ModeSlopes(tuple(b), beta)
    b, _ = equations.slopes(*_score(design, fit, weights))
    beta = np.zeros((len(fit.kept), b[0].shape[2]))
    beta[:, len(fit.theta) : len(fit.theta) + len(fit.kept)] = np.eye(len(fit.kept))
    return ModeSlopes(tuple(b), beta)


def _linear_score(design: Design, fit: MixedFit) -> Vector:
    r = residuals(design, fit)
    return r if design.weights is None else r * design.weights


def _score(design: Design, fit: GlmmFit, weights: Vector) -> tuple[Vector, tuple[Matrix, ...], Matrix]:
    """s, the modes, and the derivatives of s in beta (through eta) and psi."""
    derivatives = fit.family.handle.derivatives(fit.y, fit.weights, fit.eta, list(fit.psi))
    through_eta = -weights[:, None] * fixed_rows(design, fit.kept, fit.n)
    return np.asarray(derivatives["g"], dtype=float), fit.u, np.column_stack([through_eta, *derivatives["g_psi"]])
