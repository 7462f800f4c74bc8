"""p-values adjusted for their number alone, as R's ``p.adjust``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mixedmodels._spellings import recased
from mixedmodels._typing import Vector
from mixedmodels.errors import DataError

ALIASES = {"fdr": "BH", "single-step": "mvt", "univariate": "none"}


def adjust(p: Vector, method: str, n: int | None = None) -> Vector:
    """p-values adjusted as R's ``p.adjust``; missing ones stay missing and do not count.

    Parameters
    ----------
    p : ndarray, shape (k,)
        P-values.
    method : str
        Method: "none", "bonferroni", "holm", "hochberg", "hommel", "BH" ("fdr") or "BY".
    n : int, optional
        Number of tests, at least the k that are not missing.

    Notes
    -----
    Sources: Holm (1979); Hochberg (1988); Hommel (1988); Benjamini and Hochberg (1995); Benjamini and Yekutieli (2001).
    """
    method = recased(method, [*STEPWISE, *ALIASES])
    name = ALIASES.get(method, method)
    if name not in STEPWISE:
        raise DataError(f"adjustment {method!r} is none of {', '.join(STEPWISE)}.")
    p = np.asarray(p, dtype=float)
    observed = ~np.isnan(p)
    count = int(observed.sum()) if n is None else n
    if count < observed.sum():
        raise DataError(f"n = {count} tests are fewer than the {int(observed.sum())} p-values.")
    out = p.copy()
    if count > 1 and observed.any():
        out[observed] = STEPWISE[name](p[observed], count)
    return out


def _holm(p: Vector, n: int) -> Vector:
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate((n - np.arange(len(p))) * p[order])
    return _restored(steps, order)


def _step_up(p: Vector, factors: Callable[[Vector], Vector]) -> Vector:
    """Running minima from the largest p-value on, each times the factor of its rank."""
    order = np.argsort(-p, kind="stable")
    rank = np.arange(len(p), 0, -1, dtype=float)
    return _restored(np.minimum.accumulate(factors(rank) * p[order]), order)


def _hochberg(p: Vector, n: int) -> Vector:
    return _step_up(p, lambda rank: n + 1 - rank)


def _benjamini_hochberg(p: Vector, n: int) -> Vector:
    return _step_up(p, lambda rank: n / rank)


def _benjamini_yekutieli(p: Vector, n: int) -> Vector:
    total = float(np.sum(1 / np.arange(1, n + 1)))
    return _step_up(p, lambda rank: total * n / rank)


def _hommel(p: Vector, n: int) -> Vector:
    """Closed testing with Simes' test; tests without a p-value count as p = 1."""
    observed = len(p)
    order = np.argsort(p, kind="stable")
    sorted_p = np.concatenate([p[order], np.ones(n - observed)])
    rank = np.arange(1, n + 1)
    smallest = float(np.min(n * sorted_p / rank))
    result = np.full(n, smallest)
    candidate = result.copy()
    for size in range(n - 1, 1, -1):
        small, large = np.arange(n - size + 1), np.arange(n - size + 1, n)
        simes = float(np.min(size * sorted_p[large] / np.arange(2, size + 1)))
        candidate[small] = np.minimum(size * sorted_p[small], simes)
        candidate[large] = candidate[n - size]
        result = np.maximum(result, candidate)
    return _restored(np.maximum(result, sorted_p)[:observed], order)


def _restored(values: Vector, order: NDArray[np.intp]) -> Vector:
    out = np.empty(len(values))
    out[order] = np.minimum(values, 1.0)
    return out


STEPWISE: dict[str, Callable[[Vector, int], Vector]] = {
    "none": lambda p, _: p,
    "bonferroni": lambda p, n: np.minimum(n * p, 1.0),
    "holm": _holm,
    "hochberg": _hochberg,
    "hommel": _hommel,
    "BH": _benjamini_hochberg,
    "BY": _benjamini_yekutieli,
}
