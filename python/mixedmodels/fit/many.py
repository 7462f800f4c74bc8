"""One design fitted to many responses: what does not depend on the response is made once.

Every function takes responses as an array of shape (B, n), a row per response, and returns a `ManyFits` with a row per
response. A response that cannot be fitted is a row of NaN with its reason; it never stops the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels.design.records import Design
from mixedmodels.fit import lmm
from mixedmodels.fit.covariance import SINGULAR, diagonal
from mixedmodels.fit.record import Control, Matrix, Vector

CONVERGED, MAX_EVALUATIONS, STALLED, FAILED, NOT_REACHED = range(5)
STATUS = {"converged": CONVERGED, "max_evaluations": MAX_EVALUATIONS, "stalled": STALLED}
REASON = "the engine gave up: the response is constant, fitted exactly, or out of scale"

Watch = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ManyFits:
    """Fits of one design to B responses; p kept columns, m covariance parameters, s shapes.

    Attributes
    ----------
    kept : positions of the p columns of X that are estimated.
    theta : shape (B, m), as in `MixedFit` or `GlmmFit`; no columns without random effects.
    beta : shape (B, p).
    sigma : residual standard deviation (the root of a dispersion), shape (B,); NaN of families without.
    shapes : free shapes of families without dispersion, shape (B, s).
    vcov : of beta, shape (B, p, p).
    df : degrees of freedom of each coefficient, shape (B, p); NaN where they were not asked for.
    criterion : -2 log-likelihood, or of a REML fit -2 restricted log-likelihood, shape (B,).
    singular : whether a diagonal element of a relative factor is below 1e-4, shape (B,).
    status : `CONVERGED`, ..., `NOT_REACHED`, shape (B,).
    n : rows used, shape (B,).
    reasons : row -> why it failed.
    """

    kept: tuple[int, ...]
    theta: Matrix
    beta: Matrix
    sigma: Vector
    shapes: Matrix
    vcov: NDArray[np.float64]
    df: Matrix
    criterion: Vector
    singular: NDArray[np.bool_]
    status: NDArray[np.int8]
    n: NDArray[np.int64]
    reasons: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.criterion)

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Which responses have no estimates."""
        return self.status >= FAILED

    @property
    def std_error(self) -> Matrix:
        """Standard errors of beta, shape (B, p)."""
        return np.sqrt(np.diagonal(self.vcov, axis1=1, axis2=2))


def empty(b: int, kept: tuple[int, ...], m: int, s: int = 0, n: int = 0) -> ManyFits:
    """Fits of `b` responses that all failed, to be written into."""
    p = len(kept)
    return ManyFits(
        kept=kept,
        theta=np.full((b, m), np.nan),
        beta=np.full((b, p), np.nan),
        sigma=np.full(b, np.nan),
        shapes=np.full((b, s), np.nan),
        vcov=np.full((b, p, p), np.nan),
        df=np.full((b, p), np.nan),
        criterion=np.full(b, np.nan),
        singular=np.zeros(b, dtype=bool),
        status=np.full(b, FAILED, dtype=np.int8),
        n=np.full(b, n, dtype=np.int64),
        reasons={},
    )


def joined(parts: Sequence[ManyFits]) -> ManyFits:
    """Fits of one response after the other."""
    if len(parts) == 1:
        return parts[0]
    names = ("theta", "beta", "sigma", "shapes", "vcov", "df", "criterion", "singular", "status", "n")
    reasons, at = {}, 0
    for part in parts:
        reasons.update({at + i: why for i, why in part.reasons.items()})
        at += len(part)
    return ManyFits(
        parts[0].kept, **{name: np.concatenate([getattr(p, name) for p in parts]) for name in names}, reasons=reasons
    )


def many_lmm(
    engine: Any,
    given: lmm.EngineInput,
    responses: Matrix,
    *,
    start: Vector | None = None,
    control: Control = lmm.DEFAULTS,
    df: bool = False,
    watch: Watch | None = None,
) -> ManyFits:
    """Fit a linear mixed model to many responses.

    Parameters
    ----------
    engine : the handle of the same design with some response; it says whether the criterion is REML.
    given : the design as the engine has it.
    responses : less the offset, shape (B, n).
    start : theta from which every response starts, or None.
    df : whether Satterthwaite's degrees of freedom of each coefficient are wanted.
    watch : called now and then with the number of responses fitted and of all.
    """
    rows = np.ascontiguousarray(responses, dtype=float)
    arguments = (given.x, given.groups, given.terms, given.weights)
    if hasattr(engine, "fit_many"):
        out = engine.fit_many(rows, *arguments, start, control.max_evaluations, control.tolerance, df, watch)
    else:
        out = _looped(engine, rows, arguments, given, start, control)
    status = np.asarray(out["status"], dtype=np.int8)
    return ManyFits(
        kept=given.kept,
        theta=out["theta"],
        beta=out["beta"],
        sigma=out["sigma"],
        shapes=np.empty((len(rows), 0)),
        vcov=out["vcov_unscaled"] * (out["sigma"] ** 2)[:, None, None],
        df=out["df"] if df else np.full((len(rows), len(given.kept)), np.nan),
        criterion=out["criterion"],
        singular=np.asarray(out["singular"], dtype=bool),
        status=status,
        n=np.full(len(rows), rows.shape[1], dtype=np.int64),
        reasons={**dict.fromkeys(np.flatnonzero(status == FAILED).tolist(), REASON), **out.get("reasons", {})},
    )


def _looped(
    engine: Any,
    responses: Matrix,
    arguments: tuple[Any, ...],
    given: lmm.EngineInput,
    start: Vector | None,
    control: Control,
) -> dict[str, Any]:
    """The same, one response after the other."""
    b, p, m = len(responses), len(given.kept), sum(k * (k + 1) // 2 for k in given.sizes)
    out: dict[str, Any] = {
        "theta": np.full((b, m), np.nan),
        "beta": np.full((b, p), np.nan),
        "sigma": np.full(b, np.nan),
        "criterion": np.full(b, np.nan),
        "vcov_unscaled": np.full((b, p, p), np.nan),
        "df": np.full((b, p), np.nan),
        "status": np.full(b, FAILED, dtype=np.int8),
        "reasons": {},
    }
    for i, y in enumerate(responses):
        try:
            one = engine.with_response(y, *arguments).fit(start, control.max_evaluations, control.tolerance, None)
        except (ValueError, RuntimeError) as error:
            out["reasons"][i] = str(error)
            continue
        for name in ("theta", "beta", "sigma", "criterion", "vcov_unscaled"):
            out[name][i] = one[name]
        out["status"][i] = CONVERGED if one["certificate"]["holds"] else STATUS.get(one["status"], STALLED)
    out["singular"] = singular(out["theta"], given.sizes)
    return out


def singular(theta: Matrix, sizes: tuple[int, ...]) -> NDArray[np.bool_]:
    """Whether a diagonal element of a relative factor is below lme4's bound, row by row."""
    if not sizes:
        return np.zeros(len(theta), dtype=bool)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(theta[:, diagonal(sizes)]).min(axis=1) < SINGULAR)


def deviations(theta: Matrix, sizes: tuple[int, ...], scale: Vector | float) -> Matrix:
    """Standard deviations and correlations of the random effects, a row per fit, in the order of `VarCorr`'s rows.

    Per term the standard deviations and then the correlations, column by column of the lower triangle; a correlation
    is NaN where a variance is 0.
    """
    parts, at = [], 0
    scale = np.broadcast_to(np.asarray(scale, dtype=float), len(theta))
    for k in sizes:
        width = k * (k + 1) // 2
        t = np.zeros((len(theta), k, k))
        first, second = np.triu_indices(k)
        t[:, second, first] = theta[:, at : at + width]
        sd = np.sqrt((t * t).sum(axis=2))
        parts.append(sd * scale[:, None])
        columns, rows = np.triu_indices(k, 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            parts.append((t[:, rows] * t[:, columns]).sum(axis=2) / (sd[:, rows] * sd[:, columns]))
        at += width
    return np.hstack(parts) if parts else np.empty((len(theta), 0))


def less_offset(design: Design, responses: Matrix) -> Matrix:
    """Responses less the known part of their mean."""
    return responses if design.offset is None else responses - design.offset
