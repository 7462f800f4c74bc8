"""The cluster-robust ("sandwich") covariance of coefficients, and the moments that small-sample tests need.

With clusters j, bread M = (X'WX)^-1, and adjustment matrices A_j, the estimator is

    V = M (sum_j X_j' W_j A_j e_j e_j' A_j' W_j X_j) M,

    CR0   A_j = I                                  (Liang and Zeger 1986)
    CR1   A_j = sqrt(J / (J - 1)) I;  CR1p: J / (J - p);  CR1S: J (N - 1) / ((J - 1) (N - p)), as Stata
    CR2   makes V unbiased where the target is the true covariance of e (Bell and McCaffrey 2002; Pustejovsky and
          Tipton 2018, eq. 6): A_j = D'(D B_j D')^(-1/2) D, D'D = Phi_j the target, and B_j = the covariance of the
          cluster's residuals under it
    CR3   A_j = (I - X_j M X_j' W_j)^-1, close to the jackknife that leaves a cluster out.

c'Vc is a quadratic form in e. Under the target c'M X_j'W_j A_j e_j, j = 1 .. J, have the covariances

    P_jk = delta_jk g_j + l_j' r_k

with g_j scalars and l_j, r_j short vectors, so that the moments of the quadratic form need neither an n x n nor a
J x J matrix (the same for several c at once, with matrices g_j).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix
from mixedmodels.errors import DataError, FitError
from mixedmodels.fitted.row_groups import Clusters
from mixedmodels.inference.robust.clusters import Block, Working, blocks

TYPES = ("CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3")
TOLERANCE = 1e-12  # relative; eigenvalues below are directions in which the residuals of a cluster cannot vary

Array3 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """The covariance of p coefficients and its moments under the working model; J clusters.

    Attributes
    ----------
    vcov : ndarray, shape (p, p)
        Covariance.
    influence : ndarray, shape (J, p)
        Products M X_j'W_j A_j e_j by cluster: the change of the coefficients with the cluster's weight.
    own : ndarray, shape (J, p, p)
        Matrices g_j.
    left, right : ndarray, shape (J, p, s)
        Vectors l_j and r_j for every coefficient.
    """

    vcov: Matrix
    influence: Matrix
    own: Array3
    left: Array3
    right: Array3


def moments(working: Working, clusters: Clusters, estimator: str) -> Moments:
    """The sandwich of a type and its moments.

    Raises
    ------
    DataError
        If the type is unknown or there are too few clusters for it.
    FitError
        If a cluster alone determines a coefficient, with CR3.
    """
    factor = _factor(estimator, len(clusters), *working.x.shape)
    bread = working.bread
    middle = None if working.inverse else _middle(working)
    half = np.asarray(np.linalg.cholesky(bread), dtype=np.float64)
    half_middle = None if middle is None else np.linalg.cholesky(middle)
    influence, own, left, right = [], [], [], []
    for j, block in enumerate(blocks(working, clusters, rows_matter=estimator == "CR2")):
        xw = block.x.T @ block.weight
        f = factor * (bread @ xw)
        if estimator == "CR2":
            f = _cr2(block, xw, f, bread, middle)
        elif estimator == "CR3":
            f = _cr3(block, xw, f, bread, half, clusters, j)
        influence.append(f @ block.residual)
        own.append(f @ block.target @ f.T)
        fx = f @ block.x
        if half_middle is None:
            left.append(-fx @ half)
            right.append(fx @ half)
        else:
            inner = f @ (block.target @ xw.T) @ half
            left.append(np.hstack([fx @ half_middle, -fx @ half, -inner]))
            right.append(np.hstack([fx @ half_middle, inner, fx @ half]))
    parts = np.array(influence)
    return Moments(vcov=parts.T @ parts, influence=parts, own=np.array(own), left=np.array(left), right=np.array(right))


def _factor(estimator: str, clusters: int, n: int, p: int) -> float:
    """The root of what CR1, CR1p and CR1S multiply CR0 by."""
    if estimator not in TYPES:
        raise DataError(f"type {estimator!r} is no cluster-robust covariance; there are {', '.join(TYPES)}.")
    if clusters < 2:
        raise DataError("a cluster-robust covariance needs two clusters at least, and here is one; choose another.")
    if estimator == "CR1p" and clusters <= p:
        raise DataError(
            f"type 'CR1p' multiplies by J / (J - p), and there are J = {clusters} clusters for p = {p} coefficients; "
            "use 'CR2', or 'CR1'."
        )
    if estimator == "CR1S" and n <= p:
        raise DataError(f"type 'CR1S' divides by N - p, and {n} rows are as many as coefficients; use 'CR1'.")
    many: dict[str, Callable[[], float]] = {
        "CR1": lambda: clusters / (clusters - 1),
        "CR1p": lambda: clusters / (clusters - p),
        "CR1S": lambda: clusters * (n - 1) / ((clusters - 1) * (n - p)),
    }
    return float(np.sqrt(many[estimator]())) if estimator in many else 1.0


def _middle(working: Working) -> Matrix:
    """M (X'W Phi W X) M with Phi = I: the covariance of the coefficients under a target that is not W^-1."""
    wx = working.precision[:, None] * working.x
    return np.asarray(working.bread @ (wx.T @ wx) @ working.bread)


def _cr2(block: Block, xw: Matrix, f: Matrix, bread: Matrix, middle: Matrix | None) -> Matrix:
    """``f D'(D B D')^(-1/2) D``, B the covariance of the residuals; any D with D'D = target gives the same."""
    if middle is None:
        spread = block.target - block.x @ bread @ block.x.T
    else:
        hat = block.x @ bread @ (xw @ block.target)
        spread = block.target - hat - hat.T + block.x @ middle @ block.x.T
    d = block.root
    g = d.times(d.times(spread).T)
    values, vectors = np.linalg.eigh((g + g.T) / 2)
    kept = values > TOLERANCE * max(float(values.max(initial=0.0)), 0.0)
    v = vectors[:, kept]
    return d.transposed_times(v @ ((v.T @ d.times(f.T)) / np.sqrt(values[kept])[:, None])).T


def _cr3(block: Block, xw: Matrix, f: Matrix, bread: Matrix, half: Matrix, clusters: Clusters, j: int) -> Matrix:
    """``f (I - X_j M X_j'W_j)^-1``."""
    # Its eigenvalues are those of I - M^(1/2)' X_j'W_j X_j M^(1/2), which leaving the cluster out would leave behind.
    if np.linalg.eigvalsh(np.eye(len(bread)) - half.T @ xw @ block.x @ half).min(initial=1.0) < 1e-10:
        raise FitError(
            f"type 'CR3' leaves out one cluster at a time, and without cluster {clusters.labels[j]!r} a coefficient "
            "cannot be estimated; use type='CR2'."
        )
    hat = block.x @ bread @ xw
    return np.asarray(np.linalg.solve((np.eye(len(hat)) - hat).T, f.T).T)
