"""Tests and degrees of freedom of coefficients with a cluster-robust covariance.

A single contrast has Satterthwaite's degrees of freedom of its variance estimate (Bell and McCaffrey 2002), several
together the approximate Hotelling test with Zhang's degrees of freedom ("AHT", "HTZ": Tipton and Pustejovsky 2015;
Pustejovsky and Tipton 2018, section 4).
"""

from __future__ import annotations

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.estimates import wald
from mixedmodels.estimates.coefficients import Coefficients, FTest
from mixedmodels.fitted.row_groups import Clusters
from mixedmodels.inference.robust.sandwich import Moments


class ClusterRobust(Coefficients):
    """Coefficients with a cluster-robust covariance.

    Attributes
    ----------
    type : str
        Type, "CR0", "CR1", "CR1p", "CR1S", "CR2" or "CR3".
    clusters : Clusters
        Clusters of rows.
    influence : object
        Influence of each cluster on the coefficients, shape (J, p); `vcov` is ``influence.T @ influence``.
    """

    proportional = False

    def __init__(
        self, names: tuple[str, ...], beta: Vector, moments: Moments, estimator: str, clusters: Clusters
    ) -> None:
        super().__init__(names, beta, moments.vcov)
        self.type = estimator
        self.method = f"cluster-robust {estimator}"
        self.clusters = clusters
        self.influence = moments.influence
        self._moments = moments

    def df(self, c: Matrix) -> Vector:
        """Satterthwaite's: twice the squared mean of ``c'Vc`` over its variance, under the working model."""
        c = np.atleast_2d(c)
        own = np.einsum("ri,jik,rk->rj", c, self._moments.own, c)
        left = np.einsum("ri,jis->rjs", c, self._moments.left)
        right = np.einsum("ri,jis->rjs", c, self._moments.right)
        cross = np.einsum("rjs,rjs->rj", left, right)
        mean = (own + cross).sum(axis=1)
        products = np.einsum("rjs,rjt->rst", left, left) * np.einsum("rjs,rjt->rst", right, right)
        square = (own**2 + 2 * own * cross).sum(axis=1) + products.sum(axis=(1, 2))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(mean**2 / square)

    def _f_test(self, c: Matrix, distance: Vector) -> FTest:
        """Hotelling's T squared, scaled; NaN where the clusters are too few to vary in every direction of `c`."""
        c = _independent(np.asarray(c, dtype=float))
        chisq, basis = self._wald(c, distance)
        q = len(c)
        if q == 0 or len(basis) < q:
            return FTest(f_value=np.nan, num_df=q, den_df=np.nan, p_value=np.nan, scale=np.nan)
        nu = self._hotelling_df(c)
        df = nu - q + 1
        scale = max(df / nu, 0.0)
        f = scale * chisq / q
        return FTest(
            f_value=f, num_df=q, den_df=df, p_value=wald.f_p_value(f, q, df) if df > 0 else np.nan, scale=scale
        )

    def _hotelling_df(self, c: Matrix) -> float:
        """Degrees of freedom of the Wishart matrix whose total variance is that of ``c V c'`` scaled to mean I."""
        own = np.einsum("ai,jik,bk->jab", c, self._moments.own, c)
        left = np.einsum("ai,jis->jas", c, self._moments.left)
        right = np.einsum("ai,jis->jas", c, self._moments.right)
        mean = own.sum(axis=0) + np.einsum("jas,jbs->ab", left, right)
        values, vectors = np.linalg.eigh((mean + mean.T) / 2)
        root = vectors / np.sqrt(values) @ vectors.T
        own, left, right = root @ own @ root, root @ left, root @ right
        # Sum over clusters j, k of tr(P_jk P_jk) + tr(P_jk)^2, P_jk = delta_jk own_j + left_j right_k'.
        diagonal = left @ right.transpose(0, 2, 1)
        total = float(np.sum(own * own.transpose(0, 2, 1) + 2 * own * diagonal.transpose(0, 2, 1)))
        traces = np.trace(own, axis1=1, axis2=2)
        total += float(np.sum(traces**2 + 2 * traces * np.trace(diagonal, axis1=1, axis2=2)))
        q = len(c)
        for a in range(q):
            for b in range(q):
                # tr(P_jk P_jk) has terms l_a r_b' o l_b r_a'; tr(P_jk)^2 has l_a r_a' o l_b r_b'.
                ll = left[:, a].T @ left[:, b]
                total += float(np.sum(ll * (right[:, b].T @ right[:, a])))
                total += float(np.sum(ll * (right[:, a].T @ right[:, b])))
        return q * (q + 1) / total


def _independent(c: Matrix) -> Matrix:
    """An orthonormal basis of the rows."""
    _, values, rows = np.linalg.svd(c, full_matrices=False)
    return np.asarray(rows[values > 1e-10 * max(float(values.max(initial=0.0)), 1e-300)])
