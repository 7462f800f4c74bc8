"""Data beside responses that the model draws: the curve of each, and where a summary of the data lies among theirs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector

GRID = 128  # places of a density
FEW = 40  # distinct values of a response that is shown value by value
DISTINCT = 12  # distinct values of a response beside whose values continuous draws are counted
REPEATED = 5  # rows that such a response has for each value, on average
BEYOND = 6  # steps beyond the values of the response, at most
WIDE = 200  # range of counts that are


@dataclass(frozen=True, slots=True)
class Predictive:
    """Curves of the data and of each draw.

    Attributes
    ----------
    draw : ndarray of int
        Number of the draw: 0 of the data, 1, 2, ... of the draws.
    value, density : ndarray
        Places, and the density there; of a response with few values the share of rows that have it.
    discrete : bool
        Whether the density is a share of rows.
    """

    draw: NDArray[np.intp]
    value: Vector
    density: Vector
    discrete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Summaries:
    """Positions of summaries of the data among those of the draws.

    Attributes
    ----------
    name : tuple of str
        Names of the summaries: "mean", "sd", "minimum", "maximum", and "number of zeros" of counts.
    data : ndarray
        Summaries of the data.
    low, high : ndarray
        Quantiles of the draws at 0.5 and 99.5 per cent.
    share : ndarray
        Share of the draws that are above the data, ties by half.
    """

    name: tuple[str, ...]
    data: Vector
    low: Vector
    high: Vector
    share: Vector


def predictive(y: Vector, draws: Matrix, bounds: tuple[float, float] = (-math.inf, math.inf)) -> Predictive:
    """Curves of a response, shape (n,), and of draws, shape (n, draws).

    A response of few distinct values has shares also if its draws are continuous: a draw counts for the nearest value.

    Parameters
    ----------
    bounds : tuple of two float
        Bounds of the possible values. Density beyond a bound is reflected back inside.
    """
    draws = _at_values(y, draws)
    whole = np.column_stack([y, draws])
    places = np.unique(whole)
    whole_numbers = bool(np.all(places == np.round(places))) and np.ptp(places) <= WIDE
    discrete = whole_numbers or len(places) <= FEW
    if discrete:
        curves = [np.array([np.mean(column == v) for v in places]) for column in whole.T]
    else:
        spread = max(bandwidth(y), 1e-300)
        low, high = max(whole.min() - 2 * spread, bounds[0]), min(whole.max() + 2 * spread, bounds[1])
        places = np.linspace(low, high, GRID)
        curves = [_density(column, places, bounds) for column in whole.T]
    count = whole.shape[1]
    return Predictive(
        np.repeat(np.arange(count), len(places)), np.tile(places, count), np.concatenate(curves), discrete
    )


def _at_values(y: Vector, draws: Matrix) -> Matrix:
    """Continuous draws beside a response of few distinct values, each at the nearest value or step beyond."""
    values = np.unique(y)
    if not (1 < len(values) <= DISTINCT and len(y) >= REPEATED * len(values)) or np.isin(draws, values).all():
        return draws
    if len(np.unique(draws)) <= FEW or not np.isfinite(draws).all():
        return draws
    first, last = values[1] - values[0], values[-1] - values[-2]
    below = min(math.ceil(max(values[0] - first / 2 - draws.min(), 0.0) / first), BEYOND)
    above = min(math.ceil(max(draws.max() - values[-1] - last / 2, 0.0) / last), BEYOND)
    lower, upper = values[0] - first * np.arange(below, 0, -1), values[-1] + last * np.arange(1, above + 1)
    steps = np.concatenate([lower, values, upper])
    return np.asarray(steps[np.searchsorted((steps[1:] + steps[:-1]) / 2, draws)])


def bandwidth(values: Vector) -> float:
    """Silverman's bandwidth, R's ``bw.nrd0``."""
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    iqr = float(np.subtract(*np.percentile(values, [75, 25]))) / 1.34
    return float(0.9 * (min(sd, iqr) if iqr > 0 else sd) * len(values) ** -0.2)


def _density(values: Vector, places: Vector, bounds: tuple[float, float]) -> Vector:
    """Gaussian kernel density by linear binning on a fine grid, reflected at the bounds."""
    width, step = max(bandwidth(values), 1e-300), places[1] - places[0]
    at = (values - places[0]) / step
    left = np.clip(np.floor(at).astype(int), 0, len(places) - 2)
    share = np.clip(at - left, 0.0, 1.0)
    mass = np.bincount(left, 1 - share, len(places)) + np.bincount(left + 1, share, len(places))
    mirrors = [places, *(2 * bound - places for bound in bounds if math.isfinite(bound))]
    kernel = sum(np.exp(-0.5 * ((places[:, None] - at[None, :]) / max(width, step / 2)) ** 2) for at in mirrors)
    kernel /= kernel.sum(axis=0) * step
    return np.asarray(kernel @ mass / len(values))


def summaries(y: Vector, draws: Matrix, counts: bool) -> Summaries:
    """Mean, spread, extremes and (of counts) zeros of the data among those of the draws."""
    functions: dict[str, Callable[[Matrix], NDArray[Any]]] = {
        "mean": lambda v: v.mean(axis=0),
        "sd": lambda v: v.std(axis=0, ddof=1),
        "minimum": lambda v: v.min(axis=0),
        "maximum": lambda v: v.max(axis=0),
    }
    if counts:
        functions["number of zeros"] = lambda v: (v == 0).sum(axis=0)
    data = np.array([float(f(y)) for f in functions.values()], dtype=np.float64)
    drawn: Matrix = np.array([f(draws) for f in functions.values()], dtype=np.float64)
    low, high = np.percentile(drawn, [0.5, 99.5], axis=1)
    above = (drawn > data[:, None]).mean(axis=1) + (drawn == data[:, None]).mean(axis=1) / 2
    return Summaries(name=tuple(functions), data=data, low=low, high=high, share=above)
