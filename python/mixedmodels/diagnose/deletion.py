"""Coefficients without some rows, the variance parameters kept: exact, and nothing is fitted again.

With A = X'V^-1 X and the whitened rows of `leverage.whitened` (A = L L', coordinates L'beta) everything follows from
the information that a deletion takes away:

    row i:  beta - beta_(i) = A^-1 v_i w_i r_i / P_ii,  A_(i) = A - v_i v_i' / (V^-1)_ii,  v_i = row i of V^-1 X
    set g:  beta - beta_(g) = A_(g)^-1 s_g,  A_(g) = A - X_g'V_g^-1 X_g,  s_g = X_g'V_g^-1 e_g

The latter needs rows g that share no random effect with others; then the sums over g of x_i v_i' and x_i w_i r_i are
X_g'V_g^-1 X_g and s_g. The former is the mean-shift identity for one row, beta - beta_(g) = A^-1 X'V^-1 E_g (E_g'P
E_g)^-1 E_g'P y.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixedmodels.diagnose.changes import SATURATED, SINGULAR, UNIDENTIFIED, Changes, blanked, joined
from mixedmodels.diagnose.leverage import Whitened, whitened
from mixedmodels.diagnose.linearised import Linearised
from mixedmodels.fit.record import Matrix, Vector

Codes = NDArray[np.intp]
MOST = 2**22  # numbers of the matrices that are factorised together


def rows_deleted(model: Linearised) -> Changes:
    """Every row by itself."""
    with np.errstate(divide="ignore", invalid="ignore"):  # a model that fits exactly has no scale to measure by
        return _rows_deleted(model)


def _rows_deleted(model: Linearised) -> Changes:
    white = whitened(model)
    p, w, r = model.x.shape[1], model.weights, model.residual
    used = w > 0
    left = np.where(used, white.projected, 1.0)
    own = np.where(used, white.own, 1.0)
    gone = used & (left <= SINGULAR * own)
    left = np.where(gone, own, left)
    d = white.rows * (w * r / left)[:, None]
    length, taken = np.einsum("ij,ij->i", d, d), np.einsum("ij,ij->i", white.rows, white.rows)
    scale, saturated = _scales(model, w * r * r * own / left, used.astype(float))
    inverse = _inverse_of(white.lower)
    variance = (inverse**2).sum(axis=1) + (white.rows @ inverse.T) ** 2 / left[:, None]
    ratio = scale / model.scale
    along = np.einsum("ij,ij->i", white.rows, d)
    out = Changes(
        estimates=model.beta - d @ inverse.T,
        std_error=np.sqrt(scale[:, None] * _reference(model, inverse, variance)),
        cooks=length / (p * model.scale),
        mdffits=(length - along**2 / own) / (p * scale),
        log_ratio=p * np.log(ratio) + np.log(own / left),
        trace=ratio * (p + taken / left) - p,
        parameters=None if model.df is None else scale[:, None],
    )
    return _without(out, gone, saturated)


def sets_deleted(model: Linearised, codes: Codes, n_sets: int) -> Changes:
    """Sets of rows, none of which shares random effects with rows of another set."""
    white = whitened(model)
    p = model.x.shape[1]
    at_once = max(1, MOST // max(1, p * p))
    rows: Matrix = model.x @ _inverse_of(white.lower)
    score = _sums(rows * (model.weights * model.residual)[:, None], codes, n_sets)
    squares: Vector = np.bincount(codes, model.weights * model.residual**2, n_sets).astype(float)
    counts: Vector = np.bincount(codes, (model.weights > 0).astype(float), n_sets).astype(float)
    order = np.argsort(codes, kind="stable")
    ends = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=n_sets))])
    out = []
    for start in range(0, n_sets, at_once):
        stop = min(start + at_once, n_sets)
        here = order[ends[start] : ends[stop]]
        taken = _products(rows[here], white.rows[here], codes[here] - start, stop - start)
        some = slice(start, stop)
        with np.errstate(divide="ignore", invalid="ignore"):
            out.append(of_information(model, white, taken, score[some], squares[some], counts[some]))
    return joined(out)


def of_information(
    model: Linearised, white: Whitened, taken: NDArray[np.float64], score: Matrix, squares: Vector, counts: Vector
) -> Changes:
    """Changes from what deletions take away, in whitened coordinates.

    Parameters
    ----------
    taken : of the information, shape (J, p, p).
    score : of X'V^-1 e, shape (J, p).
    squares, counts : of the weighted squares of the residuals, and of the rows.
    """
    p = model.x.shape[1]
    values, vectors = np.linalg.eigh(np.eye(p) - (taken + taken.transpose(0, 2, 1)) / 2)
    gone = values.min(axis=1, initial=1.0) <= SINGULAR
    values = np.where(gone[:, None], 1.0, values)
    along = np.einsum("jab,ja->jb", vectors, score)
    d = np.einsum("jab,jb->ja", vectors, along / values)
    scale, saturated = _scales(model, squares + (along**2 / values).sum(axis=1), counts)
    inverse = _inverse_of(white.lower)
    turned = inverse @ vectors
    variance = (turned**2 / values[:, None, :]).sum(axis=2)
    ratio = scale / model.scale
    out = Changes(
        estimates=model.beta - d @ inverse.T,
        std_error=np.sqrt(scale[:, None] * _reference(model, inverse, variance)),
        cooks=(d**2).sum(axis=1) / (p * model.scale),
        mdffits=(along**2 / values).sum(axis=1) / (p * scale),
        log_ratio=p * np.log(ratio) - np.log(values).sum(axis=1),
        trace=ratio * (1 / values).sum(axis=1) - p,
        parameters=None if model.df is None else scale[:, None],
    )
    return _without(out, gone, saturated)


def _scales(model: Linearised, lost: Vector, counts: Vector) -> tuple[Vector, NDArray[np.bool_]]:
    """Residual variance without each deletion, and where it cannot be estimated.

    Parameters
    ----------
    lost : decrease of the residual sum of squares.
    """
    if model.df is None:
        return np.full(len(lost), model.scale), np.zeros(len(lost), dtype=bool)
    df = model.df - counts
    saturated = df <= 0
    left = np.maximum(model.scale * model.df - lost, 0.0)
    return np.where(saturated, model.scale, left / np.where(saturated, 1, df)), saturated


def _reference(model: Linearised, inverse: Matrix, variance: Matrix) -> Matrix:
    """What the unit of DFBETAS has beside the residual variance: without random effects that of all rows, as in R."""
    if model.random is None:
        return np.broadcast_to((inverse**2).sum(axis=1), variance.shape)
    return variance


def _inverse_of(lower: Matrix) -> Matrix:
    """L^-T, shape (p, p)."""
    return np.asarray(np.linalg.inv(lower).T)


def _without(changes: Changes, gone: NDArray[np.bool_], saturated: NDArray[np.bool_]) -> Changes:
    reasons = {int(j): SATURATED for j in np.flatnonzero(saturated)}
    reasons.update({int(j): UNIDENTIFIED for j in np.flatnonzero(gone)})
    return blanked(changes, gone | saturated, reasons)


def _sums(values: Matrix, codes: Codes, n_sets: int) -> Matrix:
    out = np.empty((n_sets, values.shape[1]))
    for j in range(values.shape[1]):
        out[:, j] = np.bincount(codes, values[:, j], n_sets)
    return out


def _products(a: Matrix, b: Matrix, codes: Codes, n_sets: int) -> NDArray[np.float64]:
    """Sums over each set of a_i b_i', shape (n_sets, p, p)."""
    p = a.shape[1]
    out = np.empty((n_sets, p, p))
    for i in range(p):
        for j in range(p):
            out[:, i, j] = np.bincount(codes, a[:, i] * b[:, j], n_sets)
    return out
