"""Bootstrap intervals of Davison and Hinkley (1997), chapter 5, as R's boot computes them.

Quantiles of the replicates are interpolated on the scale of normal quantiles (their equation 5.8).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.estimates.wald import check_level

Kind = Literal["perc", "basic", "norm", "bca"]
KINDS = ("perc", "basic", "norm", "bca")


def quantiles(t: Vector, alpha: Vector) -> tuple[Vector, bool]:
    """Quantiles of replicates at probabilities `alpha`, and whether an extreme replicate had to serve as one."""
    from scipy.special import ndtri

    ordered = np.sort(t)
    r = len(ordered)
    rank = (r + 1) * np.asarray(alpha, dtype=float)
    extreme = not bool(((rank > 1) & (rank < r)).all())
    below = np.clip(np.trunc(rank).astype(int), 0, r)
    out = np.empty(len(rank))
    for i, (k, at) in enumerate(zip(below, rank, strict=True)):
        if k in (0, r) or k == at:
            out[i] = ordered[min(max(k, 1), r) - 1]
            continue
        low, high, here = ndtri(k / (r + 1)), ndtri((k + 1) / (r + 1)), ndtri(alpha[i])
        out[i] = ordered[k - 1] + (here - low) / (high - low) * (ordered[k] - ordered[k - 1])
    return out, extreme


def interval(t0: float, t: Vector, level: float, kind: Kind, influence: Vector | None = None) -> tuple[Vector, bool]:
    """Lower and upper limit of one statistic, and whether an extreme replicate had to serve as one.

    Parameters
    ----------
    t0 : float
        Statistic at the data.
    t : ndarray
        Replicates of the statistic; those that are not finite are left out.
    influence : ndarray, optional
        Empirical influence values or multiples of them, for "bca".

    Returns
    -------
    tuple of two float
        Limits; NaN with fewer than two replicates, and of "bca" where all replicates lie on one side of the estimate
        (as at a boundary) or the influence values vanish.
    """
    kept = t[np.isfinite(t)]
    if len(kept) < 2 or not np.isfinite(t0):
        return np.full(2, np.nan), False
    alpha = np.array([(1 - level) / 2, (1 + level) / 2])
    if kind == "norm":
        return _normal(t0, kept, level), False
    if kind == "basic":
        upper_first, extreme = quantiles(kept, alpha[::-1])
        return 2 * t0 - upper_first, extreme
    if kind == "bca":
        assert influence is not None
        alpha = _adjusted(t0, kept, alpha, influence)
        if np.isnan(alpha).any():
            return alpha, False
    return quantiles(kept, alpha)


def intervals(
    t0: Vector, t: Matrix, level: float, kind: Kind, influence: Matrix | None = None
) -> tuple[Matrix, Vector]:
    """Limits of every statistic, shape (k, 2), and for which of them an extreme replicate had to serve."""
    check(level, kind)
    pairs = [
        interval(float(t0[j]), t[:, j], level, kind, None if influence is None else influence[:, j])
        for j in range(len(t0))
    ]
    return np.array([limits for limits, _ in pairs]).reshape(-1, 2), np.array([extreme for _, extreme in pairs])


def check(level: float, kind: str) -> None:
    """Refuse a level or a kind of interval that does not exist."""
    check_level(level)
    if kind not in KINDS:
        raise DataError(f"bootstrap intervals are {', '.join(map(repr, KINDS))}, not {kind!r}.")


def acceleration(influence: Vector) -> float:
    """Efron's a = sum L^3 / (6 (sum L^2)^(3/2))."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return float((influence**3).sum() / (6 * (influence**2).sum() ** 1.5))


def _normal(t0: float, t: Vector, level: float) -> Vector:
    from scipy.special import ndtri

    centre = 2 * t0 - t.mean()
    return np.asarray(centre + float(ndtri((1 + level) / 2)) * t.std(ddof=1) * np.array([-1.0, 1.0]))


def _adjusted(t0: float, t: Vector, alpha: Vector, influence: Vector) -> Vector:
    """Probabilities corrected for bias and acceleration."""
    from scipy.special import ndtr, ndtri

    below = (t < t0).mean()
    a = acceleration(influence[np.isfinite(influence)])
    if not 0 < below < 1 or not np.isfinite(a):
        return np.full(2, np.nan)
    w = ndtri(below)
    shifted = w + ndtri(alpha)
    return np.asarray(ndtr(w + shifted / (1 - a * shifted)))
