"""One design fitted to many responses: what does not depend on the response is made once.

Every function takes responses as an array of shape (B, n), a row per response, and returns a `ManyFits` with a row per
response. A response that cannot be fitted is a row of NaN with its reason; it never stops the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.fit import lmm
from mixedmodels.fit.covariance import SINGULAR, smallest
from mixedmodels.fit.record import Control

if TYPE_CHECKING:
    from mixedmodels._engine import Glmm, Lmm, LmmOptima

CONVERGED, MAX_EVALUATIONS, STALLED, FAILED, NOT_REACHED, SEPARATED = range(6)
STATUS = {"converged": CONVERGED, "max_evaluations": MAX_EVALUATIONS, "stalled": STALLED}

ARRAYS = ("theta", "beta", "sigma", "shapes", "vcov", "df", "criterion", "singular", "status", "n")

Watch = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyFits:
    """Fits of one design to B responses; p kept columns, m covariance parameters, s shapes.

    Attributes
    ----------
    kept : tuple of int
        Positions of the p columns of X that are estimated.
    theta : ndarray, shape (B, m)
        Covariance parameters, as in `MixedFit` or `GlmmFit`; no columns without random effects.
    beta : ndarray, shape (B, p)
        Coefficients.
    sigma : ndarray, shape (B,)
        Residual standard deviation (the root of a dispersion); NaN of families without.
    shapes : ndarray, shape (B, s)
        Free shapes of families without dispersion.
    vcov : ndarray, shape (B, p, p)
        Covariance of beta.
    df : ndarray, shape (B, p)
        Degrees of freedom of each coefficient; NaN where they were not asked for.
    criterion : ndarray, shape (B,)
        Criterion: -2 log-likelihood, or of a REML fit -2 restricted log-likelihood.
    singular : ndarray of bool, shape (B,)
        Whether the effects of a term have no variance in some direction, as `MixedFit` has it.
    status : ndarray, shape (B,)
        State of each fit, `CONVERGED`, ..., `SEPARATED` (some estimate is infinite).
    n : ndarray of int, shape (B,)
        Number of rows used.
    reasons : dict of int to str, optional
        Why a fit failed, by row.
    signalled : bool, optional
        Whether Ctrl-C was pressed on the way, even if all fits were reached.
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
    reasons: dict[int, str] = field(default_factory=dict)
    signalled: bool = False

    def __len__(self) -> int:
        return len(self.criterion)

    @property
    def failed(self) -> NDArray[np.bool_]:
        """A mask of the responses without estimates."""
        return np.isin(self.status, (FAILED, NOT_REACHED))

    @property
    def std_error(self) -> Matrix:
        """Standard errors of beta, shape (B, p)."""
        return np.sqrt(np.diagonal(self.vcov, axis1=1, axis2=2))

    @property
    def interrupted(self) -> bool:
        """Whether whoever asked for the fits should stop."""
        return self.signalled or bool((self.status == NOT_REACHED).any())

    def taken(self, rows: NDArray[Any]) -> ManyFits:
        """The fits of some responses, by position."""
        arrays = {name: getattr(self, name)[rows] for name in ARRAYS}
        reasons = {i: self.reasons[int(row)] for i, row in enumerate(rows) if int(row) in self.reasons}
        return ManyFits(kept=self.kept, **arrays, reasons=reasons)


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
    reasons, at = {}, 0
    for part in parts:
        reasons.update({at + i: why for i, why in part.reasons.items()})
        at += len(part)
    arrays: dict[str, Any] = {name: np.concatenate([getattr(p, name) for p in parts]) for name in ARRAYS}
    return ManyFits(kept=parts[0].kept, **arrays, reasons=reasons)


def many_lmm(
    engine: Lmm,
    inputs: lmm.EngineInput,
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
    engine : object
        Handle of the same design with some response; it says whether the criterion is REML.
    inputs : EngineInput
        Design as the engine has it.
    responses : ndarray, shape (B, n)
        Responses less the offset.
    start : ndarray, optional
        Theta from which every response starts, or None.
    df : bool, default False
        Whether Satterthwaite's degrees of freedom of each coefficient are wanted.
    watch : callable, optional
        Function called now and then with the number of responses fitted so far.

    Raises
    ------
    ValueError, RuntimeError
        If a response is not finite, or the design is not that of `engine`.
    """
    b, p = len(responses), len(inputs.kept)
    out = engine.fit_many(
        np.ascontiguousarray(responses, dtype=float), start, control.max_evaluations, control.tolerance, df, watch
    )
    return ManyFits(
        kept=inputs.kept,
        theta=out["theta"],
        beta=out["beta"],
        sigma=out["sigma"],
        shapes=np.empty((b, 0)),
        vcov=out["vcov_unscaled"] * (out["sigma"] ** 2)[:, None, None],
        df=out["df"] if df else np.full((b, p), np.nan),
        criterion=out["criterion"],
        singular=singular(engine, out["theta"], inputs.sizes),
        status=_status(out),
        n=np.full(b, responses.shape[1], dtype=np.int64),
        reasons=out["messages"],
        signalled=out["interrupted"],
    )


def _status(out: LmmOptima) -> NDArray[np.int8]:
    """The status of each search: converged if its certificate holds, else the optimiser's reason to stop."""
    status = np.asarray(out["status"], dtype=np.int8)
    status[np.asarray(out["converged"], dtype=bool)] = CONVERGED
    return status


def singular(engine: Lmm | Glmm, theta: Matrix, sizes: tuple[int, ...]) -> NDArray[np.bool_]:
    """Whether a fit is on the boundary, row by row; none is that failed."""
    with np.errstate(invalid="ignore"):
        return np.asarray(smallest(theta, sizes, engine.standards()) < SINGULAR)


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
