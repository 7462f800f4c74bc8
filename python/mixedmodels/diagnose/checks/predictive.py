"""Data beside responses that the model draws: the curve of each, and where a summary of the data lies among theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector

GRID = 128  # places of a density
FEW = 40  # distinct values of a response that is shown value by value
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


def predictive(y: Vector, draws: Matrix) -> Predictive:
    """Curves of a response, shape (n,), and of draws, shape (n, draws)."""
    whole = np.column_stack([y, draws])
    places = np.unique(whole)
    whole_numbers = bool(np.all(places == np.round(places))) and np.ptp(places) <= WIDE
    discrete = whole_numbers or len(places) <= FEW
    if discrete:
        curves = [np.array([np.mean(column == v) for v in places]) for column in whole.T]
    else:
        spread = max(bandwidth(y), 1e-300)
        places = np.linspace(whole.min() - 2 * spread, whole.max() + 2 * spread, GRID)
        curves = [_density(column, places) for column in whole.T]
    count = whole.shape[1]
    return Predictive(
        np.repeat(np.arange(count), len(places)), np.tile(places, count), np.concatenate(curves), discrete
    )


def bandwidth(values: Vector) -> float:
    """Silverman's bandwidth, R's ``bw.nrd0``."""
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    iqr = float(np.subtract(*np.percentile(values, [75, 25]))) / 1.34
    return float(0.9 * (min(sd, iqr) if iqr > 0 else sd) * len(values) ** -0.2)


def _density(values: Vector, places: Vector) -> Vector:
    """Gaussian kernel density by linear binning on a fine grid."""
    width, step = max(bandwidth(values), 1e-300), places[1] - places[0]
    at = (values - places[0]) / step
    left = np.clip(np.floor(at).astype(int), 0, len(places) - 2)
    share = np.clip(at - left, 0.0, 1.0)
    mass = np.bincount(left, 1 - share, len(places)) + np.bincount(left + 1, share, len(places))
    kernel = np.exp(-0.5 * ((places[:, None] - places[None, :]) / max(width, step / 2)) ** 2)
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
