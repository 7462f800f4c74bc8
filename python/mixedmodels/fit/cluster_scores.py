"""Scores of a generalised linear mixed model by cluster: its log-likelihood is a sum over independent clusters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mixedmodels import _engine
from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import FitError
from mixedmodels.fit.lmm import engine_input
from mixedmodels.fit.record import GlmmFit

Rows = NDArray[np.intp]


def cluster_scores(design: Design, fit: GlmmFit, clusters: Sequence[Rows]) -> Matrix:
    """Gradient of each cluster's log-likelihood in (theta, beta, psi), shape (J, m + p + s).

    Each is the exact gradient of the approximation (Laplace's or quadrature) that was maximised, of the cluster's rows
    alone, at the estimates of all.

    Parameters
    ----------
    clusters : sequence of ndarray of int
        Rows of each cluster; every grouping factor is nested in them.

    Raises
    ------
    FitError
        If the estimates do not maximise the log-likelihood: with nAGQ = 0, or with a penalty.
    """
    if fit.nagq == 0:
        raise FitError("scores are of a maximised likelihood, and nAGQ=0 has the fixed effects elsewhere; use nAGQ=1.")
    if fit.penalised is not None:
        raise FitError("scores are of a maximised likelihood, and this fit maximised a penalised one; fit without.")
    inputs = engine_input(design, fit.kept)
    expected = fit.laplace == "fisher"
    out = np.empty((len(clusters), len(fit.gradient)))
    for j, rows in enumerate(clusters):
        groups = []
        for codes, _ in inputs.groups:
            seen, local = np.unique(codes[rows], return_inverse=True)
            groups.append((local.astype(np.int32), len(seen)))
        part = _engine.Rows(
            np.ascontiguousarray(fit.y[rows]),
            [_at(c, rows) for c in inputs.x],
            groups,
            [(g, [_at(c, rows) for c in columns]) for g, columns in inputs.terms],
            _at(fit.weights, rows),
            _at(design.offset, rows),
        )
        engine = _engine.Glmm(fit.family.handle, part, expected)
        value = engine.evaluate(fit.theta, fit.beta, fit.psi, fit.nagq)
        out[j] = -np.asarray(value["gradient"]) / 2
    return out


def _at(column: Vector | None, rows: Rows) -> Vector | None:
    return None if column is None else np.ascontiguousarray(column[rows])
