"""Effective degrees of freedom of a linear mixed model by dense matrices, as Greven and Kneib (2010) write them."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedmodels.fit.covariance import factors


def effective_df(model: Any) -> tuple[float, float]:
    """Sum of d yhat / d y of a fit in the interior, where the elements of the covariance matrices are free.

    The second value is with half of (e'W_j e / e'y) e in the derivative of the gradient by y, as cAIC4 1.0 has it.
    """
    fit, design = model._fit, model.design
    n = fit.n
    x = model._dense_x()
    root = np.eye(n) if design.weights is None else np.diag(1 / design.weights)
    blocks, changes = [], []
    for term, t in zip(design.random, factors(fit.theta, fit.sizes), strict=True):
        group = design.groups[term.group]
        indicator = np.eye(group.n_levels)[group.codes]
        columns = [np.ones(n) if c is None else c for c in term.columns]
        z = [indicator * c[:, None] for c in columns]
        k = len(columns)
        blocks.append(sum((t @ t.T)[i, j] * z[i] @ z[j].T for i in range(k) for j in range(k)))
        for j in range(k):
            for i in range(j, k):
                changes.append(z[i] @ z[j].T if i == j else z[i] @ z[j].T + z[j] @ z[i].T)
    inverse = np.linalg.inv(root + sum(blocks))
    a = inverse - inverse @ x @ np.linalg.solve(x.T @ inverse @ x, x.T @ inverse) if x.shape[1] else inverse
    y = design.response if design.offset is None else design.response - design.offset
    e = a @ y
    r2 = float(y @ e)
    m, inner = (n - x.shape[1], a) if fit.reml else (n, inverse)
    q = len(changes)
    b = np.empty((q, q))
    products = [inner @ w for w in changes]
    for j, w in enumerate(changes):
        for k, v in enumerate(changes):
            trace = np.sum(products[j] * products[k].T)
            b[j, k] = -r2 / (2 * m) * trace - (e @ w @ e) * (e @ v @ e) / (2 * r2) + (e @ v) @ (a @ (w @ e))
    ra = root @ a
    moves = np.array([ra @ (w @ e) for w in changes])
    out = []
    for part in (1.0, 0.5):
        c = np.array([(e @ w) @ a - part * (e @ w @ e) / r2 * e for w in changes])
        out.append(float(n - np.trace(ra) + np.sum(np.linalg.solve(b, c) * moves)))
    return out[0], out[1]
