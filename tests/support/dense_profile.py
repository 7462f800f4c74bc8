"""The deviance of a linear mixed model with one quantity held, by dense matrices and a general optimiser: slow,
and without a line in common with the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array = NDArray[np.float64]


@dataclass(frozen=True)
class DenseProfile:
    """y = X beta + sum of Z_t b_t + e; `z` has for each term an array (n, levels, effects)."""

    y: Array
    x: Array
    z: tuple[Array, ...]
    weights: Array

    def deviance(self, covariances: list[Array], sigma: float, held: tuple[Array, float] | None = None) -> float:
        """-2 log-likelihood with beta at its optimum, or at that with combination ``held[0] @ beta = held[1]``."""
        v = np.diag(sigma**2 / self.weights)
        for z, s in zip(self.z, covariances, strict=True):
            v = v + np.einsum("nlk,km,plm->np", z, s, z)
        try:
            root = np.linalg.cholesky(v)
        except np.linalg.LinAlgError:
            return np.inf
        y, x = np.linalg.solve(root, self.y), np.linalg.solve(root, self.x)
        inverse = np.linalg.inv(x.T @ x)
        beta = inverse @ x.T @ y
        if held is not None:
            a, c = held
            beta = beta + inverse @ a * (c - a @ beta) / (a @ inverse @ a)
        r = y - x @ beta
        return float(2 * np.log(np.diag(root)).sum() + r @ r + len(y) * np.log(2 * np.pi))

    @property
    def sizes(self) -> list[int]:
        return [z.shape[2] for z in self.z]

    def point(self, p: Array, kind: str, at: tuple[int, ...], value: float) -> tuple[list[Array], float]:
        """Covariances and sigma from free numbers, with a standard deviation, a correlation or sigma held."""
        numbers = iter(p)
        covariances = []
        for term, k in enumerate(self.sizes):
            order = list(range(k))
            holds = kind in ("sd", "cor") and at[0] == term
            if holds:
                order = [*at[1:], *(i for i in order if i not in at[1:])]
            rows = np.zeros((k, k))
            for i in range(k):
                if holds and kind == "sd" and i == 0:
                    rows[0, 0] = value
                elif holds and kind == "cor" and i == 1:
                    r = abs(next(numbers))
                    rows[1, :2] = r * value, r * np.sqrt(1 - value**2)
                else:
                    rows[i, : i + 1] = [next(numbers) for _ in range(i + 1)]
                    if i == 0:
                        rows[0, 0] = abs(rows[0, 0])
            root = np.zeros((k, k))
            root[order] = rows
            covariances.append(root @ root.T)
        return covariances, value if kind == "sigma" else float(np.exp(next(numbers)))

    def free(self, kind: str) -> int:
        whole = sum(k * (k + 1) // 2 for k in self.sizes) + 1
        return whole - (kind in ("sd", "cor", "sigma"))

    def held(self, kind: str, at: tuple[int, ...], value: float, starts: list[Array]) -> float:
        """The lowest deviance with the quantity at a value, from several starts."""
        fixed: tuple[Array, float] | None = None
        if kind == "beta":
            fixed = (np.eye(self.x.shape[1])[at[0]], value)
        f: Callable[[Array], float] = lambda p: self.deviance(*self.point(p, kind, at, value), fixed)  # noqa: E731
        best = np.inf
        for start in starts:
            found = minimize(f, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000})
            again = minimize(f, found.x, method="BFGS", options={"gtol": 1e-7})
            best = min(best, found.fun, again.fun)
        return float(best)


def dense(design: object) -> DenseProfile:
    """The twin of a design of the package."""
    n = len(design.response)  # type: ignore[attr-defined]
    ones = lambda c: np.ones(n) if c is None else c  # noqa: E731
    x = np.column_stack([ones(c) for c in design.fixed.columns])  # type: ignore[attr-defined]
    z = []
    for term in design.random:  # type: ignore[attr-defined]
        group = design.groups[term.group]  # type: ignore[attr-defined]
        block = np.zeros((n, group.n_levels, len(term.columns)))
        for j, column in enumerate(term.columns):
            block[np.arange(n), group.codes, j] = ones(column)
        z.append(block)
    weights = design.weights  # type: ignore[attr-defined]
    offset = design.offset  # type: ignore[attr-defined]
    y = design.response - (0 if offset is None else offset)  # type: ignore[attr-defined]
    return DenseProfile(y, x, tuple(z), np.ones(n) if weights is None else weights)
