"""A linear mixed model straight from the equations, dense and slow: the twin of `_engine.Lmm` for tests.

Notation as in Bates et al. (2015): b = Lambda u, u ~ N(0, sigma^2 I), rows scaled by sqrt(w),
V = I + Z Lambda Lambda' Z'. The interface is the engine's, so that either can stand behind a fit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def pivot_columns(x: list[Array | None], n: int, weights: Array | None) -> list[int]:
    """Columns that are not linear combinations of earlier ones (tolerance 1e-7 on the residual norm, as R's qr)."""
    root = np.ones(n) if weights is None else np.sqrt(weights)
    basis: list[Array] = []
    kept = []
    for j, column in enumerate(x):
        v = root * (1.0 if column is None else column)
        norm = np.linalg.norm(v)
        for _ in range(2):
            for q in basis:
                v = v - q * (q @ v)
        if np.linalg.norm(v) > 1e-7 * max(norm, 1e-300):
            basis.append(v / np.linalg.norm(v))
            kept.append(j)
    return kept


class Lmm:
    """Dense `_engine.Lmm`; see there for the meaning of every argument and result."""

    def __init__(self, y: Array, x: list[Any], groups: list[Any], terms: list[Any], weights: Array | None, reml: bool):
        n = len(y)
        root = np.ones(n) if weights is None else np.sqrt(weights)
        column = [np.ones(n) if c is None else np.asarray(c, float) for c in x]
        self._x = (np.column_stack(column) if column else np.empty((n, 0))) * root[:, None]
        self._y = np.asarray(y, float) * root
        self._sizes = [(int(groups[g][1]), len(columns)) for g, columns in terms]
        self._term_groups = [g for g, _ in terms]
        self._n_groups = len(groups)
        blocks = []
        for g, columns in terms:
            codes, levels = groups[g]
            z = np.zeros((n, levels, len(columns)))
            for j, c in enumerate(columns):
                z[np.arange(n), codes, j] = root if c is None else c * root
            blocks.append(z.reshape(n, -1))
        self._z = np.hstack(blocks)
        self.reml = reml
        self.n, self.p, self.q = n, self._x.shape[1], self._z.shape[1]
        self.n_theta = sum(k * (k + 1) // 2 for _, k in self._sizes)
        self.sum_log_weights = 0.0 if weights is None else float(np.log(weights).sum())

    def with_response(self, y: Array, x: Any, groups: Any, terms: Any, weights: Array | None) -> Lmm:
        return Lmm(y, x, groups, terms, weights, self.reml)

    # -- the equations ------------------------------------------------------------------------------------------

    def _factors(self, theta: Array) -> list[Array]:
        out, at = [], 0
        for _, k in self._sizes:
            t = np.zeros((k, k))
            for j in range(k):
                t[j:, j] = theta[at : at + k - j]
                at += k - j
            out.append(t)
        return out

    def _lambda(self, theta: Array) -> Array:
        lam = np.zeros((self.q, self.q))
        at = 0
        for (levels, k), t in zip(self._sizes, self._factors(theta), strict=True):
            for _ in range(levels):
                lam[at : at + k, at : at + k] = t
                at += k
        return lam

    def _solve(self, theta: Array) -> dict[str, Any]:
        lam = self._lambda(np.asarray(theta, float))
        zl = self._z @ lam
        c = zl.T @ zl + np.eye(self.q)
        both = np.hstack([zl, self._x])
        m = both.T @ both
        m[: self.q, : self.q] = c
        solution = np.linalg.solve(m, both.T @ self._y)
        u, beta = solution[: self.q], solution[self.q :]
        e = self._y - both @ solution
        pwrss = float(e @ e + u @ u)
        logdet_u = float(np.linalg.slogdet(c)[1])
        logdet_x = float(np.linalg.slogdet(m)[1]) - logdet_u
        df = self.n - (self.p if self.reml else 0)
        criterion = logdet_u + (logdet_x if self.reml else 0.0) + df * (1 + np.log(2 * np.pi * pwrss / df))
        return {
            "lam": lam, "c": c, "m": m, "u": u, "beta": beta, "e": e, "pwrss": pwrss, "df": df,
            "logdet_u": logdet_u, "logdet_x": logdet_x, "criterion": float(criterion - self.sum_log_weights),
        }  # fmt: skip

    def criterion(self, theta: Array) -> float:
        return float(self._solve(theta)["criterion"])

    def _scores(self, theta: Array) -> tuple[dict[str, Any], list[Array], Array, Array]:
        s = self._solve(theta)
        v = np.eye(self.n) + self._z @ s["lam"] @ s["lam"].T @ self._z.T
        inverse = np.linalg.inv(v)
        vx = inverse @ self._x
        projection = inverse - vx @ np.linalg.solve(self._x.T @ vx, vx.T) if self.p else inverse
        b = self._z.T @ (projection if self.reml else inverse) @ self._z
        score = self._z.T @ s["e"]
        d = b - np.outer(score, score) / (s["pwrss"] / s["df"])
        out, at = [], 0
        for levels, k in self._sizes:
            block = np.zeros((k, k))
            for _ in range(levels):
                block += d[at : at + k, at : at + k]
                at += k
            out.append(block)
        return s, out, projection, score

    def evaluate(self, theta: Array) -> dict[str, Any]:
        theta = np.asarray(theta, float)
        s, scores, projection, score = self._scores(theta)
        gradient, works, places = [], [], []
        at = 0
        for index, ((levels, k), t) in enumerate(zip(self._sizes, self._factors(theta), strict=True)):
            dt = 2 * scores[index] @ t
            for j in range(k):
                for i in range(j, k):
                    gradient.append(dt[i, j])
                    change = np.zeros((k, k))
                    change[i, j] = 1.0
                    sigma_k = change @ t.T + t @ change.T
                    w = np.zeros(self.q)
                    w[at : at + levels * k] = (score[at : at + levels * k].reshape(levels, k) @ sigma_k).ravel()
                    works.append(w)
                    places.append((index, i, j))
            at += levels * k
        w = np.column_stack(works)
        s2 = s["pwrss"] / s["df"]
        f = self._z @ w
        information = (f.T @ projection @ f - np.outer(score @ w, score @ w) / s["pwrss"]) / s2
        for a, (ta, ia, ja) in enumerate(places):
            for c, (tc, ic, jc) in enumerate(places):
                if ta == tc and ja == jc:
                    information[a, c] += 2 * scores[ta][ia, ic]
        return {"criterion": s["criterion"], "gradient": np.array(gradient), "hessian": information}

    def at(self, theta: Array) -> dict[str, Any]:
        theta = np.array(theta, float)
        s, scores, _, _ = self._scores(theta)
        value = self.evaluate(theta)
        u, b, at = [], [], 0
        modes = s["lam"] @ s["u"]
        for levels, k in self._sizes:
            u.append(s["u"][at : at + levels * k].reshape(levels, k))
            b.append(modes[at : at + levels * k].reshape(levels, k))
            at += levels * k
        lowest = [float(np.linalg.eigvalsh(d).min()) for d in scores]
        return {
            "theta": theta, "criterion": s["criterion"], "beta": s["beta"],
            "sigma": float(np.sqrt(s["pwrss"] / s["df"])),
            "pwrss": s["pwrss"], "logdet_u": s["logdet_u"], "logdet_x": s["logdet_x"],
            "vcov_unscaled": np.linalg.inv(s["m"])[self.q :, self.q :], "u": u, "b": b,
            "gradient": value["gradient"], "hessian": value["hessian"],
            "certificate": {"predicted_decrease": 0.0, "min_score_eigenvalue": lowest, "holds": True},
            "evaluations": 1, "trace": [(s["criterion"], 0.0, 0.0)], "status": "converged", "message": "",
        }  # fmt: skip

    def fit(self, start: Array | None, max_evaluations: int, tolerance: float) -> dict[str, Any]:
        from scipy.optimize import minimize

        diagonal = np.concatenate([[float(i == j) for j in range(k) for i in range(j, k)] for _, k in self._sizes])
        theta = diagonal if start is None else np.asarray(start, float)
        bounds = [(0.0, None) if d else (None, None) for d in diagonal]

        def both(t: Array) -> tuple[float, Array]:
            value = self.evaluate(t)
            return value["criterion"], value["gradient"]

        evaluations = 0
        for _ in range(3):  # restarts forget a bad curvature estimate near the boundary
            found = minimize(both, theta, jac=True, method="L-BFGS-B", bounds=bounds,
                             options={"maxiter": max_evaluations, "ftol": 1e-15, "gtol": 1e-9})  # fmt: skip
            theta, evaluations = found.x, evaluations + found.nfev
        theta = np.where((diagonal > 0) & (np.abs(theta) < 1e-5), 0.0, theta)
        out = self.at(theta)
        out["evaluations"] = evaluations
        return out

    def condvar(self, theta: Array) -> list[Array]:
        s = self._solve(np.asarray(theta, float))
        whole = s["lam"] @ np.linalg.inv(s["c"]) @ s["lam"].T
        starts = np.concatenate([[0], np.cumsum([levels * k for levels, k in self._sizes])])
        out = []
        for g in range(self._n_groups):
            mine = [t for t, tg in enumerate(self._term_groups) if tg == g]
            levels = self._sizes[mine[0]][0]
            blocks = []
            for level in range(levels):
                places = np.concatenate(
                    [starts[t] + level * self._sizes[t][1] + np.arange(self._sizes[t][1]) for t in mine]
                ).astype(int)
                blocks.append(whole[np.ix_(places, places)])
            out.append(np.array(blocks))
        return out

    def describe(self) -> dict[str, Any]:
        return {"path": "dense twin", "n": self.n, "p": self.p, "q": self.q}
