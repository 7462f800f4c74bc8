"""Residuals against normal quantiles, with a band that says how far they may stray."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.fit.record import Vector
from mixedmodels.inference import wald
from mixedmodels.plot.axes import MANY, one
from mixedmodels.plot.caterpillars import normal_points
from mixedmodels.plot.residual_plots import finite_residuals, residual_name
from mixedmodels.plot.subjects import Fitted, need_model
from mixedmodels.plot.themes import color, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Band = Literal["simultaneous", "pointwise"]


def qq_residuals_table(
    fit: Fitted,
    type: str | None = None,  # noqa: A002
    band: Band | None = "simultaneous",
    level: float = 0.95,
) -> Any:
    """What `qq_residuals` draws: columns quantile, residual, conf_low, conf_high, ascending."""
    return frame.to_kind(_quantiles(fit, type, band, level), fit.table_kind)


def qq_residuals(
    fit: Fitted,
    type: str | None = None,  # noqa: A002
    band: Band | None = "simultaneous",
    level: float = 0.95,
    *,
    ax: Axes | None = None,
) -> Figure:
    """Standardised residuals against normal quantiles.

    Those of a generalised model need not be normal even if it is right: see `residual_panels` for such models.

    Parameters
    ----------
    fit : any model.
    type : of the residuals, as for `residuals`; they are divided by sigma.
    band : where normal residuals lie: "simultaneous" holds all of them with probability `level`, "pointwise" each of
        them; None for no band. It takes the residuals as independent, and sigma as known, so that it is a little wide.
    level : confidence of the band.
    ax : axes to draw in; None for a new figure.
    """
    columns = _quantiles(fit, type, band, level)
    with drawing():
        figure, ax = one(ax, 3.8, 3.6)
        draw_qq(ax, columns, band)
        ax.set_ylabel(f"Standardised {residual_name(fit, type)}")
        return figure


def draw_qq(ax: Axes, columns: dict[str, Any], band: Band | None) -> None:
    """Band, line and points."""
    q = columns["quantile"]
    if band is not None:
        ax.fill_between(q, columns["conf_low"], columns["conf_high"], color=ink(0.15), linewidth=0)
    ends = np.array([q[0], q[-1]])
    ax.plot(ends, ends, color=color(1), linewidth=1.0)
    n = len(q)
    size = 3.0 if n <= 500 else 2.0
    ax.plot(q, columns["residual"], "o", color=color(0), markersize=size, markeredgewidth=0, rasterized=n > MANY)
    ax.set_xlabel("Normal quantile")


def _quantiles(fit: Fitted, type: str | None, band: Band | None, level: float) -> dict[str, Any]:  # noqa: A002
    need_model(fit, "qq_residuals")
    _, rest = finite_residuals(fit, type, scaled=True)
    if not len(rest):
        raise DataError("the model has no finite standardised residuals: it fits the response exactly.")
    rest = np.sort(rest)
    out: dict[str, Any] = {"quantile": normal_points(len(rest)), "residual": rest}
    if band is None:
        return out
    low, high = normal_band(len(rest), band, level)
    return {**out, "conf_low": low, "conf_high": high}


def normal_band(n: int, band: Band, level: float) -> tuple[Vector, Vector]:
    """Limits of the sorted values of a normal sample of `n`.

    The i-th of n uniform values is Beta(i, n + 1 - i); each gets the same tail probability, `local_level` for all at
    once.
    """
    from scipy.special import betaincinv

    if band not in ("simultaneous", "pointwise"):
        raise DataError(f"band must be 'simultaneous', 'pointwise' or None, not {band!r}.")
    wald.check_level(level)
    tail = (1 - level if band == "pointwise" else local_level(n, level)) / 2
    i = np.arange(1, n + 1)
    low, high = betaincinv(i, n + 1 - i, tail), betaincinv(i, n + 1 - i, 1 - tail)
    return wald.quantile(low, math.inf), wald.quantile(high, math.inf)


STEPS = 40  # of the bisection


def local_level(n: int, level: float) -> float:
    """The probability with which each sorted value may lie outside, so that all lie inside with `level`.

    Up to `EXACT` values by Noe's recursion of the probability that a uniform sample's distribution function stays
    between two bounds; of more, by the asymptotic level -log(level) / (2 log log n log n) of Gontscharuk, Landwehr and
    Finner (2016), set to agree with the exact one at `EXACT`.
    """
    if n == 1:
        return 1 - level
    if n <= EXACT:
        return _exact_level(n, level)
    return _exact_level(EXACT, level) * _asymptotic(n, level) / _asymptotic(EXACT, level)


EXACT = 200


def _asymptotic(n: int, level: float) -> float:
    return -math.log(level) / (2 * math.log(math.log(n)) * math.log(n))


@lru_cache(maxsize=32)
def _exact_level(n: int, level: float) -> float:
    from scipy.special import betaincinv

    i = np.arange(1, n + 1)
    low, high = math.log((1 - level) / n), math.log(1 - level)
    for _ in range(STEPS):
        middle = (low + high) / 2
        tail = math.exp(middle) / 2
        inside = stays_between(betaincinv(i, n + 1 - i, tail), betaincinv(i, n + 1 - i, 1 - tail))
        low, high = (middle, high) if inside > level else (low, middle)
        if high - low < 1e-5:
            break
    return math.exp((low + high) / 2)


def stays_between(low: Vector, high: Vector) -> float:
    """Probability that each sorted value of a uniform sample lies between its bounds, shapes (n,), both ascending.

    Counts of a Poisson process of rate n on (0, 1), followed from bound to bound, given that n fall in all: at low[i]
    at most i values have come (i from 0), at high[i] at least i + 1.
    """
    n = len(low)
    # At a time t the count lies in [#(high <= t), #(low < t)]: those with high <= t must have come, and only those
    # with low < t may have.
    times = np.unique(np.concatenate([low, high, [1.0]]))
    must = np.searchsorted(high, times, side="right")
    may = np.searchsorted(low, times, side="left")
    chance = np.zeros(n + 1)
    chance[0] = 1.0
    before = 0.0
    for t, least, most in zip(times, must, may, strict=True):
        steps = _poisson(n * (t - before), n)
        moved = np.convolve(chance, steps)[: n + 1]
        moved[:least] = 0.0
        moved[most + 1 :] = 0.0
        chance, before = moved, float(t)
    return float(chance[n] / _poisson(float(n), n)[n])


def _poisson(rate: float, n: int) -> Vector:
    """Probabilities of 0..n."""
    from scipy.special import gammaln

    k = np.arange(n + 1)
    return np.asarray(np.exp(k * math.log(rate) - rate - gammaln(k + 1)))
