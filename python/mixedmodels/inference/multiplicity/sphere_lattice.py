"""Directions that cover the unit sphere evenly, always the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix

POINTS = 2**16
SHIFTS = 8
# Found component by component: each minimises the worst-case error P2 over 400 random odd candidates, with weights
# (j + 1)^-1.5 of the dimensions j (Sloan and Joe, 1994, Lattice methods for multiple integration).
GENERATOR = (
    1, 19201, 10529, 1367, 7145, 60425, 45899, 30283, 56479, 47137, 58997, 63335, 39435, 34925, 53353, 41543,
    7357, 18011, 43283, 5837, 52793, 16343, 35153, 58501, 22567, 3617, 13595, 3351, 25571, 9749, 64093, 48043,
)  # fmt: skip


def directions(dimension: int, sets: int = SHIFTS) -> Iterator[Matrix]:
    """Unit vectors, so many sets of shape (dimension, POINTS): one lattice, shifted at random by a fixed seed.

    Parameters
    ----------
    dimension : int
        Number of dimensions, at least 3; pairs of coordinates are an angle each, and the squared radii of the pairs are
        uniform spacings, which takes one uniform variable less than there are coordinates.
    """
    rng = np.random.default_rng(20240229)
    pairs, odd = divmod(dimension, 2)
    base = _points(dimension - 1)
    for _ in range(sets):
        u = base + rng.random((dimension - 1, 1))
        u -= np.floor(u)
        angle = 2 * np.pi * u[:pairs]  # periodic as it stands
        rest = 1 - np.abs(2 * u[pairs:] - 1)  # folded, so that the integrand is periodic
        squares = _spacings(rest[: pairs - 1], POINTS)
        out = np.empty((dimension, POINTS))
        if odd:
            out[-1] = _last_coordinate(rest[-1], pairs)
            squares *= 1 - out[-1] ** 2
        radius = np.sqrt(squares)
        np.multiply(radius, np.cos(angle), out=out[0 : 2 * pairs : 2])
        np.multiply(radius, np.sin(angle), out=out[1 : 2 * pairs : 2])
        yield out


@lru_cache(maxsize=2)
def _points(dimension: int) -> Matrix:
    z = np.resize(np.array(GENERATOR, dtype=np.int64), dimension)[:, None]
    base = np.arange(POINTS) * z % POINTS / POINTS
    if dimension > len(GENERATOR):  # beyond the table: pseudo-random, with the error of Monte Carlo
        base[len(GENERATOR) :] = np.random.default_rng(7).random((dimension - len(GENERATOR), POINTS))
    return base


def _spacings(u: Matrix, n: int) -> Matrix:
    """Uniform points of the simplex, shape (j + 1, n), from uniform variables of shape (j, n)."""
    j = len(u)
    left = np.ones(n)
    out = np.empty((j + 1, n))
    for i in range(j):
        kept = left * u[i] ** (1 / (j - i))
        out[i] = left - kept
        left = kept
    out[j] = left
    return out


def _last_coordinate(u: NDArray[np.float64], pairs: int) -> NDArray[np.float64]:
    """Quantiles of a coordinate of points on the sphere in 2 pairs + 1 dimensions: density ~ (1 - t^2)^(pairs - 1)."""
    from scipy.special import betainc

    t = np.sin(np.linspace(0, np.pi / 2, 4097))
    half = np.interp(np.abs(2 * u - 1), betainc(0.5, pairs, t**2), t)
    return np.where(u < 0.5, -half, half)
