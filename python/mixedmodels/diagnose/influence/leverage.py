"""Leverage: the weight of an observation in its own fitted value.

The hat matrix of a model at fixed variance parameters is H = I - W^-1 P with P = V^-1 - V^-1 X Phi X'V^-1 and
Phi = (X'V^-1 X)^-1. Of a mixed model it is the sum of what the fixed effects take, X Phi X'V^-1, and of what the random
effects take of the rest (Demidenko and Stukel 2005, Statistics in Medicine 24).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.diagnose.influence.linearised import Linearised
from mixedmodels.errors import FitError
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.henderson import Henderson

ROUNDING = 1e-14
SINGULAR = 1e-14  # share of the largest eigenvalue of an information in which columns have length 1


@dataclass(frozen=True, slots=True)
class Whitened:
    """Rows of V^-1 X in the coordinates in which X'V^-1 X is the identity.

    Attributes
    ----------
    inverse : ndarray, shape (p, p)
        L^-T of the factor L with L L' = X'V^-1 X. Where that is singular in double precision a root of its
        pseudo-inverse, with columns of zeros for the directions of which the rows say nothing.
    rows : ndarray, shape (n, p)
        Rows of (V^-1 X) L^-T.
    own : ndarray, shape (n,)
        Diagonal of V^-1.
    unconfounded : ndarray, shape (n,)
        Diagonal of Z Lambda Lambda' Z'.
    """

    inverse: Matrix
    rows: Matrix
    own: Vector
    unconfounded: Vector

    @property
    def projected(self) -> Vector:
        """Diagonal of P, shape (n,)."""
        out: Vector = self.own - np.einsum("ij,ij->i", self.rows, self.rows)
        return out


def balanced(model: Linearised, white: Whitened) -> Vector:
    """W r, whose sum of X'W r is made 0, shape (n,).

    It is 0 of every model but a generalised mixed one, whose estimates also weigh the determinant of Laplace's
    approximation; of what that says every row gets its share by information.
    """
    wr = model.weights * model.residual
    total = white.inverse.T @ (model.x.T @ wr)
    return np.asarray(wr - white.rows @ total)


def whitened(model: Linearised) -> Whitened:
    """Rows of V^-1 X in coordinates where X'V^-1 X is the identity."""
    x, w = model.x, model.weights
    if model.random is None:
        wx, own, alone = w[:, None] * x, w, np.zeros(len(w))
    else:
        wx, own, alone = _absorbed(*model.random, w, x)
    with np.errstate(over="ignore", invalid="ignore"):
        information = x.T @ wx
    inverse = _root_of_inverse(information)
    return Whitened(inverse, wx @ inverse, own, alone)


def _root_of_inverse(information: Matrix) -> Matrix:
    """L^-T with L L' the information, by Cholesky's factor or, where there is none, by eigenvalues.

    Raises
    ------
    FitError
        If the information is not finite.
    """
    if not np.isfinite(information).all():
        raise FitError(
            "the estimates are so extreme that the information of the rows is not finite, so no row's influence can be "
            "told; look at the warnings of the fit."
        )
    try:
        return np.asarray(np.linalg.inv(np.linalg.cholesky(information)).T)
    except np.linalg.LinAlgError:
        pass
    size = np.sqrt(np.maximum(np.diag(information), 0.0))
    unit = np.where(size > 0, size, 1.0)
    values, vectors = np.linalg.eigh(information / np.outer(unit, unit))
    lost = values <= max(values.max(initial=0.0), 0.0) * SINGULAR
    return np.asarray(np.where(lost, 0.0, vectors / np.sqrt(np.where(lost, 1.0, values))) / unit[:, None])


def _absorbed(design: Design, fit: AnyMixedFit, w: Vector, x: Matrix) -> tuple[Matrix, Vector, Vector]:
    """V^-1 X, the diagonal of V^-1, and the diagonal of Z Lambda Lambda'Z'.

    V^-1 = W - W Z Lambda C^-1 Lambda'Z'W with C = Lambda'Z'WZ Lambda + I, which are Henderson's equations without beta.
    """
    equations = Henderson(design, fit, w, known_beta=True)
    wx = equations.project(x)
    lam = factors(fit.theta, fit.sizes)
    alone = np.zeros(len(w))
    for term, t in zip(design.random, lam, strict=True):
        for column in t.T:
            total: Vector | float = 0.0
            for value, z in zip(column, term.columns, strict=True):
                total = total + (value if z is None else value * z)
            alone += total**2
    return wx, w - w**2 * equations.own_variances(), alone


@dataclass(frozen=True, slots=True)
class Leverage:
    """Diagonals, each of shape (n,).

    Attributes
    ----------
    total : ndarray
        Diagonal of H; the sum of fixed and random.
    fixed : ndarray
        Diagonal of X Phi X'V^-1.
    random : ndarray
        Diagonal of Z Lambda Lambda'Z' P, what the random effects take of what the fixed effects leave.
    unconfounded : ndarray
        Diagonal of Z Lambda Lambda'Z', which does not depend on X (Nobre and Singer 2011).
    """

    total: Vector
    fixed: Vector
    random: Vector
    unconfounded: Vector


def leverage(model: Linearised, white: Whitened | None = None) -> Leverage:
    """The leverages of a model's rows; 0 of a row of weight 0."""
    white = whitened(model) if white is None else white
    w = model.weights
    used = w > 0
    safe = np.where(used, w, 1.0)
    total = np.where(used, np.clip(1 - white.projected / safe, 0.0, 1.0), 0.0)
    if model.random is None:
        # the sum of squares is exact to the last digit where 1 - ... would lose a small leverage
        total = np.where(used, np.einsum("ij,ij->i", white.rows, white.rows) / safe, 0.0)
        total = np.where(total > 1 - ROUNDING, 1.0, total)
        return Leverage(total, total, np.zeros(len(w)), white.unconfounded)
    fixed = np.einsum("ij,ij->i", model.x @ white.inverse, white.rows)
    return Leverage(total, fixed, total - fixed, white.unconfounded)
