"""Agreement of the optima that searches from several starts and by several methods reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.errors import FitError
from mixedmodels.fit.covariance import factors
from mixedmodels.fit.lmm import default_start

SAME = 1e-4  # of a criterion, that of one optimum


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The end of a search.

    Attributes
    ----------
    method, start : str
        Optimiser and start of the search.
    criterion : float
        Criterion at the end; NaN where the search failed.
    theta, beta : ndarray
        Parameters at the end, columns of theta turned so that their diagonal is not negative.
    evaluations : int
        Number of evaluations of the criterion.
    note : str, default ""
        Reason of a failure, else empty.
    """

    method: str
    start: str
    criterion: float
    theta: Vector
    beta: Vector
    evaluations: int
    note: str = ""

    @property
    def name(self) -> str:
        """The row of a table."""
        return f"{self.method}, {self.start}"


def upright(theta: Vector, sizes: tuple[int, ...]) -> Vector:
    """Theta with no negative diagonal element: a column and its negative give the same covariance matrix."""
    out = []
    for t in factors(theta, sizes):
        signed = t * np.where(np.diag(t) < 0, -1.0, 1.0)
        out += [signed[i, j] for j in range(len(t)) for i in range(j, len(t))]
    return np.array(out)


def starts(theta: Vector, sizes: tuple[int, ...], count: int, rng: np.random.Generator) -> dict[str, Vector]:
    """Points from which to search: the identity, small and large variances, the estimate, and some at random."""
    one = default_start(sizes)
    out = {"identity": one, "small variances": 0.1 * one, "large variances": 10 * one, "estimate": theta}
    for i in range(count):
        out[f"random {i + 1}"] = one * rng.lognormal(0, 1, len(one)) + (one == 0) * rng.normal(0, 0.5, len(one))
    return out


def agreement(ends: Sequence[End]) -> tuple[int, float]:
    """The number of searches that ended in the best optimum, and the greatest distance from it."""
    criteria = [e.criterion for e in ends if np.isfinite(e.criterion)]
    if not criteria:
        raise FitError(f"no search came to an end; the first says: {ends[0].note}.")
    best = min(criteria)
    above = [c - best for c in criteria]
    return sum(a < SAME for a in above), max(above)
