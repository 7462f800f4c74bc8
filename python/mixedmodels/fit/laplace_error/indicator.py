"""A guess at the error of Laplace's approximation that costs next to nothing, for summaries.

With several grouping factors and not too many rows it is a handful of draws of the importance sampler. Else, factor by
factor, the effects of each level are integrated by quadrature with everything else held at its mode, around
the mode and scaled by the conditional Hessian there; what that gives beyond the Gaussian integral is added up. With one
grouping factor it is the error itself, but for the grid; with several it leaves out what two factors have together.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._engine import EngineError
from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.record import GlmmFit

if TYPE_CHECKING:
    from mixedmodels._engine import Glmm

POINTS = (25, 9)  # for one effect, and for each of two; of more effects one direction after another
MAX_ROWS = 600_000  # rows times nodes, for each factor: larger factors are judged by every other level, or fewer
MAX_SAMPLED = 150_000  # rows times draws
MIN_DRAWS, MAX_DRAWS = 16, 60
MAX_STD_ERROR = 0.25  # standard error of so few draws
AT_MODE = 1e-3  # of the derivative in u: elsewhere nothing can be said


def indicated_error(engine: Callable[[], Glmm], design: Design, fit: GlmmFit) -> float:
    """Log-likelihood that Laplace's approximation is likely to miss; NaN where this cannot be said cheaply.

    `engine` gives the handle that made the fit, where it is needed.
    """
    if fit.nagq > 1 or fit.laplace == "fisher" or design.further:
        return math.nan
    guess = _one_by_one(design, fit)
    draws = 2 * (MAX_SAMPLED // (2 * fit.n))
    if math.isnan(guess) or len(design.groups) == 1 or draws < MIN_DRAWS:
        return guess
    try:
        out = engine().importance(fit.theta, fit.beta, fit.psi, min(draws, MAX_DRAWS), 0)
    except EngineError:
        return guess
    return float(out["error"]) if out["std_error"] < MAX_STD_ERROR + abs(out["error"]) / 3 else guess


def _one_by_one(design: Design, fit: GlmmFit) -> float:
    rows = fit.family.handle.derivatives(fit.y, fit.weights, fit.eta, list(fit.psi))
    ts = factors(fit.theta, fit.sizes)
    g, w = np.asarray(rows["g"]), np.asarray(rows["w"])
    try:
        return sum(_of_factor(design, fit, group, ts, g, w) for group in range(len(design.groups)))
    except np.linalg.LinAlgError:
        return math.nan


def _of_factor(design: Design, fit: GlmmFit, group: int, ts: list[Matrix], g: Vector, w: Vector) -> float:
    terms = [t for t, term in enumerate(design.random) if term.group == group]
    k = sum(fit.sizes[t] for t in terms)
    z, shares = _nodes(k)
    codes, levels = np.asarray(design.groups[group].codes), design.groups[group].n_levels
    step = math.ceil(len(codes) * len(z) / MAX_ROWS)
    chosen = np.flatnonzero(codes % step == 0) if step > 1 else slice(None)
    codes, count = codes[chosen] // step, math.ceil(levels / step)
    a = np.concatenate([_columns(design.random[t].columns, chosen, len(codes)) @ ts[t] for t in terms], axis=1)
    u = np.concatenate([fit.u[t][::step] for t in terms], axis=1)

    def sums(values: Vector) -> Vector:
        return np.asarray(np.bincount(codes, values, count), dtype=float)

    slope = np.column_stack([sums(g[chosen] * a[:, j]) for j in range(k)]) - u
    if np.abs(slope).max(initial=0.0) > AT_MODE:
        return math.nan
    hessian = np.array([[sums(w[chosen] * a[:, i] * a[:, j]) for j in range(k)] for i in range(k)])
    root = np.linalg.cholesky(hessian.transpose(2, 0, 1) + np.eye(k))
    weights = None if fit.weights is None else fit.weights[chosen]

    def log_rows(eta: Vector) -> Vector:
        return sums(fit.family.log_density(fit.y[chosen], weights, eta, fit.psi))

    at_mode = log_rows(fit.eta[chosen]) - (u**2).sum(axis=1) / 2
    turned = np.linalg.inv(root).transpose(0, 2, 1)
    logs = np.empty((len(z), count))
    for m, node in enumerate(z):
        d = turned @ node
        eta = fit.eta[chosen] + (a * d[codes]).sum(axis=1)
        logs[m] = log_rows(eta) - ((u + d) ** 2).sum(axis=1) / 2 - at_mode + node @ node / 2
    total = sum(_log_mean(logs[part], share).sum() for part, share in shares)
    return float(total) * levels / count


def _columns(columns: tuple[Vector | None, ...], chosen: Any, n: int) -> Matrix:
    return np.column_stack([np.ones(n) if c is None else np.asarray(c)[chosen] for c in columns])


def _nodes(k: int) -> tuple[Matrix, list[tuple[slice, Vector]]]:
    """Nodes in k dimensions, and which of them with which weights make one integral each."""
    points = POINTS[0] if k == 1 else POINTS[1]
    z, w = np.polynomial.hermite_e.hermegauss(points)
    w = w / w.sum()
    if k == 2:
        grid = np.stack(np.meshgrid(z, z, indexing="ij"), axis=-1).reshape(-1, 2)
        return grid, [(slice(None), np.outer(w, w).ravel())]
    nodes = np.concatenate([np.outer(z, e) for e in np.eye(k)])
    return nodes, [(slice(j * points, (j + 1) * points), w) for j in range(k)]


def _log_mean(logs: Matrix, shares: Vector) -> Vector:
    top = logs.max(axis=0)
    return np.asarray(np.log(shares @ np.exp(logs - top)) + top)
