"""Replicates of a bootstrap: the responses drawn, the refits, and the failures.

Replicates are drawn one after the other from one stream of random numbers, whatever the size of the chunks in which
they are refitted and the number of threads, so that the same seed gives the same replicates, and more of them begin
with the same ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.fit.many_responses.linear_mixed import (
    FAILED,
    MAX_EVALUATIONS,
    NOT_REACHED,
    SEPARATED,
    STALLED,
    ManyFits,
    joined,
)
from mixedmodels.fit.progress import counted

CHUNK_NUMBERS = 1 << 16  # responses of a chunk stay in the cache
Draw = Callable[[int], Matrix]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicates:
    """Statistics of replicates; R of them done, k statistics.

    Attributes
    ----------
    names : tuple of str
        Names of the k statistics.
    t0 : ndarray, shape (k,)
        Statistics at the data.
    t : ndarray, shape (R, k)
        Statistics of the replicates; a row of NaN where one failed.
    singular : ndarray of bool, shape (R,)
        Whether the replicate's fit was singular.
    status : ndarray, shape (R,)
        State of each fit, as in `ManyFits`.
    reasons : mapping of int to str
        Why a replicate failed, by its number.
    asked : int
        Number of replicates that were requested; R is smaller after an interruption.
    """

    names: tuple[str, ...]
    t0: Vector
    t: Matrix
    singular: NDArray[np.bool_]
    status: NDArray[np.int8]
    reasons: Mapping[int, str]
    asked: int

    @property
    def done(self) -> int:
        """R, how many replicates were made."""
        return len(self.t)

    @property
    def n_failed(self) -> int:
        """Replicates without an estimate."""
        return int((self.status == FAILED).sum())

    @property
    def n_singular(self) -> int:
        """Replicates whose fit is on the boundary."""
        return int(self.singular.sum())

    @property
    def n_not_converged(self) -> int:
        """Replicates whose optimiser stopped early; their estimates are used."""
        return int(((self.status == MAX_EVALUATIONS) | (self.status == STALLED)).sum())

    @property
    def n_separated(self) -> int:
        """Replicates with an infinite estimate, stored as a large number; they are used."""
        return int((self.status == SEPARATED).sum())

    def failures(self) -> dict[str, int]:
        """Reason -> how many replicates failed for it, the most frequent first."""
        return dict(Counter(self.reasons.values()).most_common())

    def moments(self) -> dict[str, Vector]:
        """Columns estimate, bias, std_error of the statistics, over the replicates that have them."""
        kept = [column[np.isfinite(column)] for column in self.t.T]
        mean = np.array([c.mean() if len(c) else np.nan for c in kept])
        sd = np.array([c.std(ddof=1) if len(c) > 1 else np.nan for c in kept])
        return {"estimate": self.t0, "bias": mean - self.t0, "std_error": sd}


def refitted(
    draw: Draw,
    refit: Callable[[Matrix], ManyFits],
    nsim: int,
    n: int,
    progress: bool | None = None,
    max_chunk: int | None = None,
) -> ManyFits:
    """Draw and refit `nsim` responses in chunks; after Ctrl-C those that were reached.

    Parameters
    ----------
    draw : callable
        Function that gives so many more responses, shape (count, n).
    refit : callable
        Function that fits responses.
    n : int
        Number of rows.
    max_chunk : int, optional
        Most responses of a chunk, where refitting takes long.
    """
    chunk = min(max(16, CHUNK_NUMBERS // max(n, 1)), max_chunk or nsim)
    parts: list[ManyFits] = []
    done, interrupted = 0, True
    with counted(nsim, "replicates", progress) as tell:
        try:
            while done < nsim:
                part = refit(draw(min(chunk, nsim - done)))
                reached = np.flatnonzero(part.status != NOT_REACHED)
                if part.interrupted:
                    parts.append(part.taken(reached))
                    break
                parts.append(part)
                done += len(part)
                tell(done)
            else:
                interrupted = False
        except KeyboardInterrupt:
            if not parts:
                raise
    if not sum(map(len, parts)):
        raise KeyboardInterrupt
    return replace(joined(parts), signalled=interrupted)


def statistics(
    draw: Draw,
    one: Callable[[Vector], tuple[Any, bool]],
    t0: Vector,
    names: tuple[str, ...],
    nsim: int,
    progress: bool | None = None,
) -> Replicates:
    """Draw responses and ask a function of each refitted model.

    Parameters
    ----------
    one : callable
        Function from a response to statistics (as `flattened` reads them) and whether the fit is singular; may raise.
    t0 : ndarray
        Statistics at the data.
    names : tuple of str
        Names of the statistics.
    """
    t = np.full((nsim, len(t0)), np.nan)
    singular, status = np.zeros(nsim, dtype=bool), np.full(nsim, NOT_REACHED, dtype=np.int8)
    reasons: dict[int, str] = {}
    done = 0
    with counted(nsim, "replicates", progress) as tell:
        try:
            for i in range(nsim):
                y = draw(1)[0]
                try:
                    values, singular[i] = one(y)
                    t[i] = checked_values(values, len(t0))
                    status[i] = 0
                except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
                    status[i], reasons[i] = FAILED, f"{type(error).__name__}: {' '.join(str(error).split())}"
                done = i + 1
                tell(done)
        except KeyboardInterrupt:
            if not done:
                raise
    return Replicates(
        names=names, t0=t0, t=t[:done], singular=singular[:done], status=status[:done], reasons=reasons, asked=nsim
    )


def flattened(values: Any) -> tuple[tuple[str, ...] | None, Vector]:
    """Names (None where there are none) and numbers of what a statistic returned: a number, an array or a mapping.

    Raises
    ------
    DataError
        If it is none of these.
    """
    if isinstance(values, Mapping):
        names: tuple[str, ...] | None = tuple(map(str, values))
        numbers: Any = list(values.values())
    else:
        index = getattr(values, "index", None)  # of a pandas Series
        names = None if index is None or callable(index) else tuple(map(str, index))
        numbers = values
    try:
        out = np.atleast_1d(np.asarray(numbers, dtype=float)).ravel()
    except (TypeError, ValueError) as error:
        raise DataError(
            f"the statistic returned {values!r:.80}; it should return a number, an array of numbers, or a mapping of "
            "names to numbers."
        ) from error
    if not len(out):
        raise DataError("the statistic returned no number.")
    return (names if names is not None and len(names) == len(out) else None), out


def checked_values(values: Any, k: int) -> Vector:
    """The numbers of a statistic, as many as at the data."""
    out = flattened(values)[1]
    if len(out) != k:
        raise DataError(f"the statistic returned {len(out)} numbers where it returned {k} at the data.")
    return out
