"""A generalised linear mixed model straight from the equations, dense and slow: what the engine is measured against.

b = Lambda u, u ~ N(0, I), eta = X beta + Z b + offset. With f(u) = u'u / 2 - sum l(eta) and its Hessian
H = Lambda'Z'WZ Lambda + I at the mode, Laplace's -2 log-likelihood is 2 f + log|H|.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from mixedmodels import design, frame
from tests.support import glmm_rows

Array = NDArray[np.float64]
Definition = Literal["observed", "fisher"]


@dataclass(frozen=True)
class DenseGlmm:
    """A model as arrays: `sizes` has levels and effects per random term, `members` the grouping factor of each."""

    family: str
    link: str
    y: Array
    weights: Array
    offset: Array
    x: Array
    z: Array
    sizes: tuple[tuple[int, int], ...]
    members: tuple[int, ...]
    fixed: float | None = None

    @property
    def n_theta(self) -> int:
        return sum(k * (k + 1) // 2 for _, k in self.sizes)

    @property
    def n_shapes(self) -> int:
        return int(self.family not in ("binomial", "poisson") and self.fixed is None)

    # ---- pieces ---------------------------------------------------------------------------------------------------

    def factors(self, theta: Array) -> list[Array]:
        out, at = [], 0
        for _, k in self.sizes:
            t = np.zeros((k, k))
            for j in range(k):
                t[j:, j] = theta[at : at + k - j]
                at += k - j
            out.append(t)
        return out

    def scaled(self, theta: Array) -> Array:
        """Z Lambda."""
        blocks, at = [], 0
        for (levels, k), t in zip(self.sizes, self.factors(theta), strict=True):
            z = self.z[:, at : at + levels * k].reshape(-1, levels, k)
            blocks.append((z @ t).reshape(len(self.y), -1))
            at += levels * k
        return np.hstack(blocks)

    def shape(self, psi: Array) -> float:
        if self.fixed is not None:
            return float(np.log(self.fixed))
        return float(psi[0]) if len(psi) else 0.0

    def rows(self, eta: Array, psi: float) -> Array:
        return glmm_rows.log_density(self.family, self.link, self.y, self.weights, eta, psi)

    def slopes(self, eta: Array, psi: float) -> tuple[Array, Array, Array]:
        return glmm_rows.derivatives(self.family, self.link, self.y, self.weights, eta, psi)

    # ---- the mode -------------------------------------------------------------------------------------------------

    def mode(self, zl: Array, fixed: Array, psi: float, u: Array | None = None) -> Array:
        """Newton's method, the steps halved and the Hessian lifted as far as they must be."""
        u = np.zeros(zl.shape[1]) if u is None else u

        def f(v: Array) -> float:
            return float(v @ v / 2 - self.rows(fixed + zl @ v, psi).sum())

        value, small = f(u), 0
        if not np.isfinite(value):
            raise ValueError("the linear predictor leaves the domain of the link without random effects already")
        for _ in range(300):
            g, observed, expected = self.slopes(fixed + zl @ u, psi)
            slope = u - zl.T @ g
            hessian = zl.T @ (observed[:, None] * zl) + np.eye(len(u))
            try:
                np.linalg.cholesky(hessian)
            except np.linalg.LinAlgError:
                hessian = zl.T @ (expected[:, None] * zl) + np.eye(len(u))
            step = np.linalg.solve(hessian, slope)
            decrement, size = float(slope @ step), 1.0
            while size > 1e-12 and not f(u - size * step) <= value + 1e-13 * abs(value):
                size /= 2
            u = u - size * step
            value = f(u)
            small = small + 1 if decrement < 1e-14 else 0
            if small == 3:  # two steps more, for the last digits
                return u
        raise ValueError(f"no mode: the Newton decrement is still {decrement:.1e}")

    def at_mode(self, theta: Array, beta: Array, psi: Array, u: Array | None = None) -> dict[str, Any]:
        shape, fixed = self.shape(psi), self.x @ beta + self.offset
        zl = self.scaled(np.asarray(theta, float))
        u = self.mode(zl, fixed, shape, u)
        eta = fixed + zl @ u
        _, observed, expected = self.slopes(eta, shape)
        return {"zl": zl, "fixed": fixed, "psi": shape, "u": u, "eta": eta, "observed": observed, "fisher": expected}

    # ---- -2 log-likelihoods ---------------------------------------------------------------------------------------

    def laplace(self, theta: Any, beta: Any, psi: Any = (), definition: Definition = "observed") -> float:
        at = self.at_mode(np.asarray(theta, float), np.asarray(beta, float), np.asarray(psi, float))
        zl, u = at["zl"], at["u"]
        hessian = zl.T @ (at[definition][:, None] * zl) + np.eye(len(u))
        sign, logdet = np.linalg.slogdet(hessian)
        assert sign > 0
        return float(u @ u - 2 * self.rows(at["eta"], at["psi"]).sum() + logdet)

    def _levels(self) -> list[tuple[Array, Array]]:
        """Rows and columns of Z of each level, where one grouping factor has every random effect."""
        assert len(set(self.members)) == 1, "quadrature level by level is for one grouping factor"
        levels = self.sizes[0][0]
        starts = np.concatenate([[0], np.cumsum([n * k for n, k in self.sizes])[:-1]]).astype(int)
        out = []
        for level in range(levels):
            columns = np.concatenate(
                [s + level * k + np.arange(k) for s, (_, k) in zip(starts, self.sizes, strict=True)]
            )
            out.append((np.flatnonzero(np.any(self.z[:, columns] != 0, axis=1)), columns))
        return out

    def _part(self, rows: Array) -> DenseGlmm:
        return DenseGlmm(
            family=self.family, link=self.link, y=self.y[rows], weights=self.weights[rows], offset=self.offset[rows],
            x=self.x[rows], z=self.z[rows], sizes=self.sizes, members=self.members, fixed=self.fixed,
        )  # fmt: skip

    def quadrature(
        self, theta: Any, beta: Any, psi: Any = (), nagq: int = 9, definition: Definition = "observed"
    ) -> float:
        """Adaptive Gauss-Hermite on a tensor grid, scaled by the lower Cholesky factor of H^-1, level by level.

        With several effects the grid turns with their coordinates: the engine takes those of centred predictors.
        """
        at = self.at_mode(np.asarray(theta, float), np.asarray(beta, float), np.asarray(psi, float))
        nodes, masses = np.polynomial.hermite_e.hermegauss(nagq)
        masses = masses / masses.sum()
        total = 0.0
        for rows, columns in self._levels():
            zl, u, part = at["zl"][np.ix_(rows, columns)], at["u"][columns], self._part(rows)
            hessian = zl.T @ (at[definition][rows][:, None] * zl) + np.eye(len(columns))
            root = np.linalg.cholesky(np.linalg.inv(hessian))
            grid = np.array(list(product(nodes, repeat=len(columns))))
            mass = np.array(list(product(masses, repeat=len(columns)))).prod(axis=1)
            v = u + grid @ root.T
            l = part.rows(at["fixed"][rows] + v @ zl.T, at["psi"]).sum(axis=1)  # noqa: E741
            terms = np.log(mass) + l + ((grid**2).sum(axis=1) - (v**2).sum(axis=1)) / 2
            total += logsumexp(terms) + np.linalg.slogdet(root)[1]
        return -2 * float(total)

    def marginal(self, theta: Any, beta: Any, psi: Any = (), points: int = 801, reach: float = 8.5) -> float:
        """The likelihood itself, by the trapezoidal rule over u in a fixed box: for small models only.

        The rule converges faster than any power of the step for an integrand that vanishes at the ends.
        """
        theta, beta = np.asarray(theta, float), np.asarray(beta, float)
        shape, fixed, zl = self.shape(np.asarray(psi, float)), self.x @ beta + self.offset, self.scaled(theta)
        grid = np.linspace(-reach, reach, points)
        one = len(set(self.members)) == 1
        parts = self._levels() if one else [(np.arange(len(self.y)), np.arange(zl.shape[1]))]
        total = 0.0
        for rows, columns in parts:
            part, k = self._part(rows), len(columns)
            sums = []
            # The first coordinate outside, so that memory stays small.
            axes = np.meshgrid(*[grid] * (k - 1), indexing="ij")
            inner = np.column_stack([a.ravel() for a in axes]) if axes else np.empty((1, 0))
            for first in grid:
                v = np.column_stack([np.full(len(inner), first), inner])
                eta = fixed[rows] + v @ zl[np.ix_(rows, columns)].T
                l = part.rows(eta, shape).sum(axis=1)  # noqa: E741
                sums.append(logsumexp(l - (v**2).sum(axis=1) / 2))
            total += logsumexp(sums) + k * np.log(grid[1] - grid[0]) - k / 2 * np.log(2 * np.pi)
        return -2 * float(total)

    def gradient(self, value: Any, at: Array, step: float = 1e-3) -> Array:
        """Derivatives of a function of (theta, beta, psi) by central differences of fourth order."""
        out = np.empty(len(at))
        for j in range(len(at)):
            h = np.zeros(len(at))
            h[j] = step * max(1.0, abs(at[j]))
            out[j] = (8 * (value(at + h) - value(at - h)) - (value(at + 2 * h) - value(at - 2 * h))) / (12 * h[j])
        return out


def build(
    formula: str,
    data: Any,
    family: str,
    link: str,
    *,
    weights: Any = None,
    offset: Any = None,
    theta: float | None = None,
) -> DenseGlmm:
    """The twin of a model; design matrices are the package's."""
    laid = design.build(formula, frame.read(data), weights=weights, offset=offset, response="binomial", residual=False)
    y, w = glmm_rows.response(laid.response, laid.weights)
    return DenseGlmm(
        family=family,
        link=link,
        y=y,
        weights=w,
        offset=np.zeros(len(y)) if laid.offset is None else np.asarray(laid.offset, float),
        x=np.asarray(design.model_matrix(laid.fixed, len(y))),
        z=np.asarray(design.z_matrix(laid).todense()),
        sizes=tuple((laid.groups[t.group].n_levels, len(t.columns)) for t in laid.random),
        members=tuple(t.group for t in laid.random),
        fixed=theta,
    )
