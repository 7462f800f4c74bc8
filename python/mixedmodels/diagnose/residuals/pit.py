"""Ranks of observations among their simulations: residuals that are uniform on (0, 1) if the model is true.

Of an observation y with simulations s_1, ..., s_m the residual is the share of the simulations below it. Where some
equal it, as counts do, the residual is drawn between the shares below and not above it (Smith 1985; Dunn and Smyth
1996), so that residuals of counts are uniform too. The definitions are those of the R package DHARMa 0.5 (Hartig).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.diagnose.residuals.rotation import rotated
from mixedmodels.errors import DataError

Method = Literal["PIT", "traditional"]
METHODS: tuple[Method, ...] = ("PIT", "traditional")
BLOCK = 1 << 21  # numbers that are compared at once


def quantile_residuals(
    simulated: Matrix,
    observed: Vector,
    rng: np.random.Generator,
    *,
    integer: bool = False,
    method: Method = "PIT",
    rotation: Matrix | str | None = None,
) -> Vector:
    """Quantile residuals, shape (n,).

    Parameters
    ----------
    simulated : ndarray, shape (n, m)
        Simulated responses.
    observed : ndarray, shape (n,)
        Observed responses.
    rng : numpy.random.Generator
        Source of the residuals that have to be drawn.
    integer : bool, default False
        Whether the response is a count, which only "traditional" has to be told.
    method : {"PIT", "traditional"}, optional
        Way to residuals: "PIT", or "traditional", DHARMa's until 0.3: counts get noise of (-1/2, 1/2), and residuals
        are read from their cumulative distribution, with straight lines between its steps.
    rotation : ndarray or str, optional
        Covariance of which the residuals are freed first: "estimated" or a matrix of shape (n, n).

    Raises
    ------
    DataError
        If there is no such method, or it cannot be rotated.
    """
    if method == "traditional":
        if rotation is not None:
            raise DataError("rotation is for method='PIT'; residuals by 'traditional' are not rotated.")
        return traditional(simulated, observed, rng, integer)
    if rotation is not None:
        simulated, observed = rotated(simulated, observed, rotation)
    return between(*shares(simulated, observed), rng)


def shares(simulated: Matrix, observed: Vector) -> tuple[Vector, Vector]:
    """Shares of the simulations below each observation, and not above it; shapes (n,)."""
    n, m = simulated.shape
    below, up_to = np.empty(n), np.empty(n)
    rows = max(1, BLOCK // m)
    for at in range(0, n, rows):
        part, y = simulated[at : at + rows], observed[at : at + rows, None]
        below[at : at + rows] = np.count_nonzero(part < y, axis=1) / m
        up_to[at : at + rows] = np.count_nonzero(part <= y, axis=1) / m
    return below, up_to


def between(below: Vector, up_to: Vector, rng: np.random.Generator) -> Vector:
    """The share where both agree, else a number drawn between them."""
    drawn = below < up_to
    out = below.copy()
    out[drawn] += (up_to - below)[drawn] * rng.random(int(drawn.sum()))
    return out


def traditional(simulated: Matrix, observed: Vector, rng: np.random.Generator, integer: bool) -> Vector:
    """Residuals from the cumulative distribution function of each row's simulations, with straight lines in it."""
    out, m = np.empty(len(observed)), simulated.shape[1]
    rows = max(1, BLOCK // m)
    for at in range(0, len(out), rows):
        part, y = simulated[at : at + rows], observed[at : at + rows]
        if not integer:
            out[at : at + rows] = _interpolated(part, y)
            continue
        noise = rng.random((len(y), m + 1)) - 0.5
        out[at : at + rows] = _interpolated(part + noise[:, :m], y + noise[:, m])
    return out


def _interpolated(simulated: Matrix, observed: Vector) -> Vector:
    """At the distinct simulated values how many are not above them, over m + 1; between them straight lines."""
    n, m = simulated.shape
    out = np.empty(n)
    ordered = np.sort(simulated, axis=1)
    inside = (observed >= ordered[:, 0]) & (observed <= ordered[:, -1])
    out[observed < ordered[:, 0]] = 0.0
    out[observed > ordered[:, -1]] = 1.0
    here, y = ordered[inside], observed[inside]
    row = np.arange(len(here))
    up_to = np.count_nonzero(here <= y[:, None], axis=1)
    left = here[row, up_to - 1]
    right = here[row, np.minimum(up_to, m - 1)]
    up_to_right = np.count_nonzero(here <= right[:, None], axis=1)
    gap = right - left
    part = np.divide(y - left, gap, out=np.zeros_like(y), where=gap > 0)
    out[inside] = (up_to + part * (up_to_right - up_to)) / (m + 1)
    return out
