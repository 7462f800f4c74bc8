"""Matrices of the usual comparisons of k means, one row a comparison.

Sources: Bretz, Genz and Hothorn (2001), Biometrical Journal 43, 645-656; Bretz, Hothorn and Westfall (2010), Multiple
Comparisons Using R, chapter 4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError


def comparison_matrix(contrast: str, counts: Vector, levels: Sequence[str], base: int = 0) -> tuple[Matrix, list[str]]:
    """Rows of comparisons and their names.

    Parameters
    ----------
    contrast : str
        One of `KINDS`.
    counts : ndarray
        Sizes of the k groups, by which all but "Tukey", "Dunnett" and "Sequen" weigh.
    levels : sequence of str
        Names of the groups.
    base : int, default 0
        Position of the control of "Dunnett".

    Raises
    ------
    DataError
        If the contrast is unknown, or the groups are too few for it.
    """
    k = len(levels)
    if contrast not in KINDS:
        raise DataError(f"comparison {contrast!r} is none of {', '.join(KINDS)}.")
    least = 3 if contrast in ("AVE", "Williams") else 2
    if k < least:
        raise DataError(f"{contrast!r} compares at least {least} groups; there are {k}.")
    if not 0 <= base < k:
        raise DataError(f"base must be the position of a group, 0 to {k - 1}; got {base}.")
    n = np.asarray(counts, dtype=float)
    if contrast in _PAIRS:
        pairs = _PAIRS[contrast](k, base)
        eye = np.eye(k)
        return np.array([eye[i] - eye[j] for i, j in pairs]), [f"{levels[i]} - {levels[j]}" for i, j in pairs]
    matrix = _WEIGHTED[contrast](n)
    return matrix, list(levels) if contrast == "GrandMean" else [f"C {i + 1}" for i in range(len(matrix))]


_PAIRS: dict[str, Callable[[int, int], list[tuple[int, int]]]] = {
    "Tukey": lambda k, _: [(j, i) for i in range(k) for j in range(i + 1, k)],
    "Dunnett": lambda k, base: [(i, base) for i in range(k) if i != base],
    "Sequen": lambda k, _: [(i, i - 1) for i in range(1, k)],
}


def _mean(n: Vector, which: Sequence[int]) -> Vector:
    """Weights of the mean over some groups' members."""
    out = np.zeros(len(n))
    chosen = list(which)
    out[chosen] = n[chosen] / n[chosen].sum()
    return out


def _against_others(n: Vector) -> Matrix:
    k = len(n)
    return np.array([np.eye(k)[i] - _mean(n, [j for j in range(k) if j != i]) for i in range(k)])


def _changepoint(n: Vector) -> Matrix:
    k = len(n)
    return np.array([_mean(n, range(i, k)) - _mean(n, range(i)) for i in range(1, k)])


def _williams(n: Vector) -> Matrix:
    k = len(n)
    return np.array([_mean(n, range(i, k)) - np.eye(k)[0] for i in range(k - 1, 0, -1)])


def _mcdermott(n: Vector) -> Matrix:
    k = len(n)
    return np.array([np.eye(k)[i] - _mean(n, range(i)) for i in range(1, k)])


def _marcus(n: Vector) -> Matrix:
    k = len(n)
    return np.array([_mean(n, range(i, k)) - _mean(n, range(j)) for i in range(1, k) for j in range(1, i + 1)])


def _umbrella_williams(n: Vector) -> Matrix:
    k = len(n)
    ends = [(i, j) for j in range(k, 1, -1) for i in range(j - 1, 0, -1)]
    return np.array([_mean(n, range(i, j)) - np.eye(k)[0] for i, j in ends])


def _grand_mean(n: Vector) -> Matrix:
    return np.asarray(np.eye(len(n)) - n / n.sum())


_WEIGHTED: dict[str, Callable[[Vector], Matrix]] = {
    "AVE": _against_others,
    "Changepoint": _changepoint,
    "Williams": _williams,
    "GrandMean": _grand_mean,
    "Marcus": _marcus,
    "McDermott": _mcdermott,
    "UmbrellaWilliams": _umbrella_williams,
}
KINDS = (*_PAIRS, *_WEIGHTED)
