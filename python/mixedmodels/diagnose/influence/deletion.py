"""Coefficients without some rows, the variance parameters kept: exact, and nothing is fitted again.

With A = X'V^-1 X and the whitened rows of `leverage.whitened` (A = L L', coordinates L'beta) everything follows from
the information that a deletion takes away:

    row i:  beta - beta_(i) = A^-1 v_i w_i r_i / P_ii,  A_(i) = A - v_i v_i' / (V^-1)_ii,  v_i = row i of V^-1 X
    set g:  beta - beta_(g) = A_(g)^-1 s_g,  A_(g) = A - X_g'V_g^-1 X_g,  s_g = X_g'V_g^-1 e_g

The latter needs rows g that share no random effect with others; then the sums over g of x_i v_i' and x_i w_i r_i are
X_g'V_g^-1 X_g and s_g. The former is the mean-shift identity for one row; for rows that share random effects it is in
`shift`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.diagnose.influence.changes import SATURATED, SINGULAR, UNIDENTIFIED, Changes, blanked, joined
from mixedmodels.diagnose.influence.leverage import Whitened, balanced, whitened
from mixedmodels.diagnose.influence.linearised import Linearised

Codes = NDArray[np.intp]
BATCH_NUMBERS = 2**22  # numbers of the matrices that are factorised together


def rows_deleted(model: Linearised) -> Changes:
    """Every row by itself."""
    with np.errstate(divide="ignore", invalid="ignore"):  # a model that fits exactly has no scale to measure by
        return _rows_deleted(model)


def _rows_deleted(model: Linearised) -> Changes:
    white = whitened(model)
    p, wr = model.x.shape[1], balanced(model, white)
    used = model.weights > 0
    left = np.where(used, white.projected, 1.0)
    own = np.where(used, white.own, 1.0)
    gone = used & (left <= SINGULAR * own)
    left = np.where(gone, own, left)
    d = white.rows * (wr / left)[:, None]
    length, taken = np.einsum("ij,ij->i", d, d), np.einsum("ij,ij->i", white.rows, white.rows)
    scale, saturated = _scales(model, wr**2 / left, used.astype(float))
    inverse = white.inverse
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
    at_once = max(1, BATCH_NUMBERS // max(1, p * p))
    rows: Matrix = model.x @ white.inverse
    score = _sums(rows * balanced(model, white)[:, None], codes, n_sets)
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
    taken : ndarray, shape (J, p, p)
        Part of the information that the rows take with them.
    score : ndarray, shape (J, p)
        Part of the score X'V^-1 e that the rows take with them.
    squares, counts : ndarray
        Sums of the weighted squares of the residuals, and numbers of the rows.
    """
    p = model.x.shape[1]
    values, vectors = np.linalg.eigh(np.eye(p) - (taken + taken.transpose(0, 2, 1)) / 2)
    gone = values.min(axis=1, initial=1.0) <= SINGULAR
    values = np.where(gone[:, None], 1.0, values)
    along = np.einsum("jab,ja->jb", vectors, score)
    scale, saturated = _scales(model, squares + (along**2 / values).sum(axis=1), counts)
    return _without(_changes(model, white, values, vectors, along / values, scale), gone, saturated)


def of_covariance(model: Linearised, white: Whitened, added: NDArray[np.float64], d: Matrix) -> Changes:
    """Changes from what deletions add to A^-1, in whitened coordinates, the scale kept.

    Parameters
    ----------
    added : ndarray, shape (J, p, p)
        Change of the covariance by a deletion; NaN where it leaves nothing to estimate.
    d : ndarray, shape (J, p)
        Changes L'(beta - beta_(g)).
    """
    gone = np.asarray(np.isnan(d).any(axis=1), dtype=np.bool_).reshape(len(d))
    values, vectors = np.linalg.eigh(np.where(gone[:, None, None], 0.0, (added + added.transpose(0, 2, 1)) / 2))
    along = np.einsum("jab,ja->jb", vectors, np.where(gone[:, None], 0.0, d))
    scale = np.full(len(d), model.scale)
    changes = _changes(model, white, 1 / (1 + np.maximum(values, 0.0)), vectors, along, scale)
    return _without(changes, gone, np.zeros(len(d), dtype=bool))


def _changes(
    model: Linearised, white: Whitened, values: Matrix, vectors: NDArray[np.float64], along: Matrix, scale: Vector
) -> Changes:
    """The measures in the coordinates in which A is the identity and A_(g) is diagonal.

    Parameters
    ----------
    values : ndarray, shape (J, p)
        Eigenvalues of A_(g).
    vectors : ndarray, shape (J, p, p)
        Eigenvectors of A_(g).
    along : ndarray, shape (J, p)
        Changes beta - beta_(g).
    scale : ndarray, shape (J,)
        Residual variance without the rows.
    """
    p = model.x.shape[1]
    inverse = white.inverse
    d = np.einsum("jab,jb->ja", vectors, along)
    variance = ((inverse @ vectors) ** 2 / values[:, None, :]).sum(axis=2)
    ratio = scale / model.scale
    return Changes(
        estimates=model.beta - d @ inverse.T,
        std_error=np.sqrt(scale[:, None] * _reference(model, inverse, variance)),
        cooks=(along**2).sum(axis=1) / (p * model.scale),
        mdffits=(along**2 * values).sum(axis=1) / (p * scale),
        log_ratio=p * np.log(ratio) - np.log(values).sum(axis=1),
        trace=ratio * (1 / values).sum(axis=1) - p,
        parameters=None if model.df is None else scale[:, None],
    )


def _scales(model: Linearised, lost: Vector, counts: Vector) -> tuple[Vector, NDArray[np.bool_]]:
    """Residual variance without each deletion, and where it cannot be estimated.

    Parameters
    ----------
    lost : ndarray
        Decrease of the residual sum of squares.
    """
    if model.df is None:
        return np.full(len(lost), model.scale), np.zeros(len(lost), dtype=bool)
    df = model.df - counts
    saturated = df <= 0
    left = np.maximum(model.scale * model.df - lost, 0.0)
    return np.where(saturated, model.scale, left / np.where(saturated, 1, df)), saturated


def _reference(model: Linearised, inverse: Matrix, variance: Matrix) -> Matrix:
    """The factor of the residual variance in the unit of DFBETAS: without random effects that of all rows, as in R."""
    if model.random is None:
        return np.broadcast_to((inverse**2).sum(axis=1), variance.shape)
    return variance


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
