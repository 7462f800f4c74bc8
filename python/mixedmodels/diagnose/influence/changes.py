"""Measures of the changes by deletions: estimates without the rows, and their covariance beside that of all rows.

With d = beta - beta_(g) and the covariances C of all rows and C_(g) without g, of p coefficients:

    Cook's distance  d' C^-1 d / p           MDFFITS    d' C_(g)^-1 d / p
    COVRATIO         det C_(g) / det C       COVTRACE   |tr(C^-1 C_(g)) - p|

Cook (1977), Technometrics 19; Belsley, Kuh and Welsch (1980); of mixed models Christensen, Pearson and Johnson (1992),
Technometrics 34, and Schabenberger (2004), SUGI 29, paper 189.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector

SINGULAR = 1e-10  # information along some direction, beside that of all rows, that is rounding error
UNIDENTIFIED = "the rows that are left do not identify all coefficients"
SATURATED = "no degrees of freedom are left for the residual variance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """J deletions, of p coefficients and m variance parameters; NaN where a deletion leaves nothing to estimate.

    Attributes
    ----------
    estimates, std_error : ndarray, shape (J, p)
        Coefficients without the rows, and their standard errors.
    cooks, mdffits : ndarray, shape (J,)
        Cook's distances and MDFFITS.
    log_ratio : ndarray, shape (J,)
        Changes of the log-determinant, log det C_(g) - log det C.
    trace : ndarray, shape (J,)
        Changes of the trace, tr(C^-1 C_(g)) - p.
    parameters : ndarray, shape (J, m), optional
        Variance parameters without the rows; None where they were kept.
    reasons : mapping of int to str, optional
        Why a deletion is NaN, by the deletion's number.
    """

    estimates: Matrix
    std_error: Matrix
    cooks: Vector
    mdffits: Vector
    log_ratio: Vector
    trace: Vector
    parameters: Matrix | None = None
    reasons: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.cooks)


def from_covariances(beta: Vector, vcov: Matrix, estimates: Matrix, vcovs: NDArray[np.float64]) -> Changes:
    """Changes from the estimates of every deletion, shape (J, p), and their covariances, shape (J, p, p)."""
    p = len(beta)
    finite = np.asarray(np.isfinite(np.hstack([estimates, vcovs.reshape(-1, p * p)])).all(axis=1))
    safe = np.where(finite[:, None, None], vcovs, np.eye(p))
    d = beta - estimates
    lower = np.linalg.cholesky(vcov)
    white = np.linalg.solve(lower, d.T).T
    inverse = np.linalg.inv(vcov)
    with np.errstate(invalid="ignore"):
        out = Changes(
            estimates=estimates,
            std_error=np.sqrt(np.einsum("jaa->ja", vcovs)),
            cooks=np.einsum("ja,ja->j", white, white) / p,
            mdffits=np.einsum("ja,ja->j", d, np.linalg.solve(safe, d[:, :, None])[:, :, 0]) / p,
            log_ratio=np.linalg.slogdet(safe)[1] - 2 * np.log(np.diag(lower)).sum(),
            trace=np.einsum("ab,jba->j", inverse, safe) - p,
        )
    return blanked(out, ~finite, {})


def blanked(changes: Changes, where: NDArray[np.bool_], reasons: Mapping[int, str]) -> Changes:
    """Deletions that leave nothing to estimate, made NaN."""
    if not where.any() and not reasons:
        return changes
    values = {}
    for f in fields(Changes):
        value = getattr(changes, f.name)
        if isinstance(value, np.ndarray):
            value = value.copy()
            value[where] = np.nan
        values[f.name] = value
    values["reasons"] = {**changes.reasons, **reasons}
    return Changes(**values)


def joined(parts: Sequence[Changes]) -> Changes:
    """Deletions one after another."""
    values: dict[str, Any] = {}
    for f in fields(Changes):
        arrays = [getattr(part, f.name) for part in parts]
        if isinstance(arrays[0], np.ndarray):
            values[f.name] = np.concatenate(arrays)
    reasons, start = dict[int, str](), 0
    for part in parts:
        reasons.update({start + j: why for j, why in part.reasons.items()})
        start += len(part)
    return Changes(**values, reasons=reasons)
