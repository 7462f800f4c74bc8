"""Kenward and Roger's covariance, degrees of freedom and scaled F, without any n x n matrix.

The variance parameters are, as in pbkrtest, the elements of every random term's covariance matrix and the residual
variance, in which Var(y) = sum of gamma_r G_r is linear. With V the covariance at sigma = 1 (sigma cancels), G the
covariance of the random effects, B = Z'V^-1 Z, T = Z'V^-1 X and E_r the pattern of element r, so that G_r = Z E_r Z'
(and W^-1 for the residual, marked e):

    P_r = -T'E_r T                             P_e = -(X'V^-1 X - T'G T)
    Q_rs = T'E_r B E_s T                       Q_re = T'E_r M,  M = T - B G T
    Q_ee = X'V^-1 X - T'G T - (G T)'M
    K_rs = tr(E_r B E_s B)                     K_re = tr(E_r (B - B G B))
    K_ee = n - 2 tr(B G) + tr(B G B G)

    I_rs = K_rs - 2 tr(Phi Q_rs) + tr(Phi P_r Phi P_s),    W = 2 I^-1,
    Phi_A = Phi + 2 Phi [sum of W_rs (Q_rs - P_r Phi P_s)] Phi

All of this is computed in standardised columns of X and Z: with a predictor far from 0 the sums would cancel in others.

B and T are block diagonal over the components of the level graph, and so is every sum here. With weights the residual's
G_e is W^-1; pbkrtest takes the identity there and the weighted fit elsewhere, which is no covariance of any model.

Where sigma is known there is no parameter e, and its rows and columns are left out.

References: Kenward and Roger (1997), Biometrics 53; Halekoh and Hoejsgaard (2014), J. Stat. Software 59(9).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import FitError
from mixedmodels.estimates import level_components
from mixedmodels.estimates.coefficients import Coefficients, FTest, Refit, f_of
from mixedmodels.estimates.theta_information import generalised_inverse
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.ols import dense_columns
from mixedmodels.fit.progress import counted
from mixedmodels.fit.record import MixedFit

Array = NDArray[np.float64]
REFITTED = "Kenward-Roger's method is for REML: estimates and tests of the fixed effects are from a refit by REML."
LARGEST = 5_000  # columns of Z that hang together: the block of B then has 25 million numbers


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Quantities that Kenward and Roger's method adds to a fit, at sigma = 1; K variance parameters.

    Attributes
    ----------
    vcov : ndarray, shape (p, p)
        Adjusted covariance Phi_A.
    p : ndarray, shape (K, p, p)
        Matrices P_r, of the variance parameters of standardised columns.
    w : ndarray, shape (K, K)
        Covariance of these parameters' estimates.
    """

    vcov: Matrix
    p: Array
    w: Matrix


class KenwardRoger(Coefficients):
    """Coefficients of a linear mixed model fitted by REML, with Kenward and Roger's adjustments.

    `vcov` is the adjusted covariance matrix, `unadjusted` that of the fit; with `refitted` the fit is another one than
    the model's, which was not by REML.
    """

    method = "Kenward-Roger"

    def __init__(self, names: tuple[str, ...], fit: MixedFit, adjusted: Adjustment, *, refitted: bool = False) -> None:
        super().__init__(names, fit.beta, fit.sigma**2 * adjusted.vcov)
        self.facts = adjusted
        self.refitted = Refit(REFITTED, fit.sigma) if refitted else None
        self.unadjusted = fit.sigma**2 * fit.vcov_unscaled
        phi = fit.vcov_unscaled
        self._phi = phi
        self._spread = phi @ adjusted.p @ phi
        self._w = adjusted.w

    def df(self, c: Matrix) -> Vector:
        """Degrees of freedom of each row."""
        c = np.atleast_2d(c)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.einsum("ri,kij,rj->rk", c, self._spread, c) / np.einsum("ri,ij,rj->r", c, self._phi, c)[:, None]
            a = np.einsum("rk,kl,rl->r", t, self._w, t)
            return np.asarray(2 / np.maximum(a, 0))

    def _f_test(self, c: Matrix, distance: Vector) -> FTest:
        chisq, basis = self._wald(c, distance)
        if not len(basis):
            return f_of(chisq, basis, np.nan)
        y = np.linalg.solve(basis @ self._phi @ basis.T, basis @ self._spread @ basis.T)
        t = np.trace(y, axis1=1, axis2=2)
        a1 = float(t @ self._w @ t)
        a2 = float(np.sum(self._w * np.einsum("kij,lji->kl", y, y)))
        return f_of(chisq, basis, *scaled_f(len(basis), a1, a2))


def scaled_f(q: int, a1: float, a2: float) -> tuple[float, float]:
    """Denominator degrees of freedom and the factor of F, from the two moments A1 and A2 of Kenward and Roger."""
    if a2 <= 0:
        return np.inf, 1.0
    b = (a1 + 6 * a2) / (2 * q)
    g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
    below = 3 * q + 2 * (1 - g)
    v0, v1, v2 = 1 + g * b / below, 1 - (q - g) * b / below, 1 - (q + 2 - g) * b / below
    if abs(v0) < 1e-10:
        v0 = 0.0
    mean = 1 - a2 / q
    ratio = 1.0 if abs(mean) < 1e-14 and abs(v1) < 1e-14 else float(np.divide(mean, v1))
    rho = ratio**2 * v0 / v2 / q
    if abs(q * rho - 1) < 1e-12:  # variances that are known, up to rounding: chi-squared over q
        return np.inf, 1.0
    den_df = 4 + (q + 2) / (q * rho - 1)
    return den_df, 1.0 if abs(den_df - 2) < 0.01 else den_df * mean / (den_df - 2)


def adjustment(design: Design, fit: MixedFit) -> Adjustment:
    """Kenward and Roger's adjustment of a REML fit.

    Raises
    ------
    FitError
        If more than `LARGEST` columns of Z hang together.
    """
    where = level_components.layout(design)
    if where.largest > LARGEST:
        raise FitError(
            f"Kenward-Roger needs a dense {where.largest:,} x {where.largest:,} matrix, as that many random effects "
            f"hang together through crossed factors, and the limit is {LARGEST:,}; use ddf='Satterthwaite'."
        )
    x, to_standard = _standardised_x(design, fit)
    ts = factors(fit.theta, fit.sizes)
    roots = [m @ t for m, t in zip(fit.standards, ts, strict=True)]
    sums = _Sums(fit, roots, x, design.weights)
    design = _standardised_z(design, fit.standards)
    shapes = len(np.unique(where.counts, axis=0))
    with counted(shapes * len(sums.k), "steps of Kenward and Roger's method") as tell:
        steps = itertools.count(1)
        for part in level_components.parts(design, x, where):
            sums.add(part, lambda: tell(next(steps)))
    made = sums.adjustment(to_standard @ fit.vcov_unscaled @ to_standard.T, without_residual=fit.known_sigma)
    back = np.linalg.inv(to_standard)
    return Adjustment(back @ made.vcov @ back.T, to_standard.T @ made.p @ to_standard, made.w)


def _standardised_x(design: Design, fit: MixedFit) -> tuple[Matrix, Matrix]:
    """X_s, columns of length sqrt(n), about their mean where there is an intercept; and A with X = X_s A."""
    x = dense_columns(design, fit.kept, fit.n)
    ones = [i for i, j in enumerate(fit.kept) if design.fixed.columns[j] is None]
    shift = np.zeros(x.shape[1])
    if ones:
        shift = np.where(np.isin(np.arange(x.shape[1]), ones), 0.0, x.mean(axis=0))
    x -= shift
    size = np.sqrt(np.mean(x * x, axis=0))
    to_standard = np.diag(size)
    if ones:
        to_standard[ones[0]] += shift
    return x / size, to_standard


def _standardised_z(design: Design, standards: Sequence[Matrix]) -> Design:
    """The design with the columns that the effects of `standards` belong to."""
    terms = []
    for term, m in zip(design.random, standards, strict=True):
        ones = next((j for j, column in enumerate(term.columns) if column is None), None)
        columns = [
            column if column is None else (column - (0.0 if ones is None else m[ones, j])) / m[j, j]
            for j, column in enumerate(term.columns)
        ]
        terms.append(replace(term, columns=tuple(columns)))
    return replace(design, random=tuple(terms))


class _Sums:
    """P, Q and K summed over components."""

    def __init__(self, fit: MixedFit, roots: list[Matrix], x: Matrix, weights: Vector | None) -> None:
        self.factors = roots
        self.sizes = fit.sizes
        number = sum(k * (k + 1) // 2 for k in fit.sizes) + 1
        size = x.shape[1]
        self.p = np.zeros((number, size, size))
        self.q = np.zeros((number, number, size, size))
        self.k = np.zeros((number, number))
        xvx = x.T @ (x if weights is None else x * weights[:, None])
        self.p[-1], self.q[-1, -1], self.k[-1, -1] = -xvx, xvx, fit.n

    def add(self, part: level_components.Parts, done: Callable[[], None]) -> None:
        """Add the components of one shape; `done` is called after each of as many steps as variance parameters."""
        b, t, lost = self._projected(part)
        covariances = [factor @ factor.T for factor in self.factors]
        gt = np.swapaxes(level_components.times_blocks(np.swapaxes(t, 1, 2), covariances, part.levels), 1, 2)
        m = t - b @ gt
        self._residual(b, t, gt, m, lost, part.levels, covariances)
        patterns = _patterns(part.levels, self.sizes)
        bg = level_components.times_blocks(b, covariances, part.levels)
        done()
        for r, (to, source) in enumerate(patterns):
            left, right = t[:, to], t[:, source]
            self.p[r] -= _summed(left, right)
            self.q[r, -1] += _summed(left, m[:, source])
            curved = np.sum(bg[:, source] * np.swapaxes(b[:, :, to], 1, 2))
            self.k[r, -1] += b[:, source, to].sum() - curved
            bet = b[:, :, to] @ right
            for s, (onto, origin) in enumerate(patterns[: r + 1]):
                self.q[s, r] += _summed(t[:, onto], bet[:, origin])
                self.k[s, r] += np.sum(b[:, source[:, None], onto] * np.swapaxes(b[:, origin[:, None], to], 1, 2))
            done()

    def _projected(self, part: level_components.Parts) -> tuple[Array, Array, Matrix]:
        """B and T of the components, and what X'V^-1 X loses to them."""
        zz, zx = part.zz, part.zx
        right = np.swapaxes(level_components.times_blocks(zz, self.factors, part.levels), 1, 2)  # Lambda'Z'WZ
        c = level_components.times_blocks(right, self.factors, part.levels)
        c += np.eye(c.shape[1])
        both = level_components.times_blocks(np.swapaxes(zx, 1, 2), self.factors, part.levels)
        root = np.linalg.cholesky(c)
        a = _forward(root, np.concatenate([right, np.swapaxes(both, 1, 2)], axis=2))
        a_z, a_x = a[:, :, : zz.shape[2]], a[:, :, zz.shape[2] :]
        transposed = np.swapaxes(a_z, 1, 2)
        return zz - transposed @ a_z, zx - transposed @ a_x, _summed(a_x, a_x)

    def _residual(
        self, b: Array, t: Array, gt: Array, m: Array, lost: Matrix, levels: tuple[int, ...], covariances: list[Matrix]
    ) -> None:
        inside = _summed(t, gt)
        self.p[-1] += lost + inside
        self.q[-1, -1] -= lost + inside + _summed(gt, m)
        bg = level_components.times_blocks(b, covariances, levels)
        self.k[-1, -1] += np.sum(bg * np.swapaxes(bg, 1, 2)) - 2 * np.trace(bg, axis1=1, axis2=2).sum()

    def adjustment(self, phi: Matrix, *, without_residual: bool) -> Adjustment:
        count = len(self.p)
        for r in range(count):
            for s in range(r):
                self.q[r, s] = self.q[s, r].T
                self.k[r, s] = self.k[s, r]
        free = count - without_residual  # the residual variance is the last
        p, q, k = self.p[:free], self.q[:free, :free], self.k[:free, :free]
        pp = phi @ p
        information = k - 2 * np.einsum("ij,rsji->rs", phi, q) + np.einsum("rij,sji->rs", pp, pp)
        w = 2 * generalised_inverse(information)
        middle = np.einsum("rs,rsij->ij", w, q) - np.einsum("rs,rij,sjk->ik", w, p, pp, optimize=True)
        added = phi @ middle @ phi
        return Adjustment(phi + added + added.T, p, w)


def _patterns(levels: tuple[int, ...], sizes: tuple[int, ...]) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Rows and columns of the ones of every E_r within a component, lower triangles column by column."""
    out, at = [], 0
    for count, k in zip(levels, sizes, strict=True):
        begin = at + k * np.arange(count)
        for j in range(k):
            for i in range(j, k):
                to, source = begin + i, begin + j
                out.append((to, source) if i == j else (np.concatenate([to, source]), np.concatenate([source, to])))
        at += k * count
    return out


def _summed(left: Array, right: Array) -> Matrix:
    """Sum of left' right over components, for arrays of shape (b, c, p)."""
    return left.reshape(-1, left.shape[2]).T @ right.reshape(-1, right.shape[2])


def _forward(root: NDArray[Any], right: Array) -> Array:
    """root^-1 right for lower triangular roots, shape (b, c, c) and (b, c, k)."""
    if len(root) > 1 and root.shape[1] < 64:
        return np.asarray(np.linalg.solve(root, right))
    from scipy.linalg import solve_triangular

    return np.stack([solve_triangular(r, b, lower=True, check_finite=False) for r, b in zip(root, right, strict=True)])
