"""Families of contrasts among the levels of a factor, under R's names: pairwise, trt.vs.ctrl, poly, ...

Each is a matrix with a column per level and a row per contrast, the contrasts' names, and how p-values are adjusted
unless the user says otherwise (Lenth, R package emmeans; `helmert` as ``contr.helmert``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedmodels._typing import Matrix
from mixedmodels.errors import DataError

References = int | str | Sequence[int | str]


@dataclass(frozen=True)
class Family:
    """Contrasts among k levels.

    Attributes
    ----------
    names : tuple of str
        Names of the contrasts.
    matrix : ndarray, shape (contrasts, k)
        Coefficients of the contrasts.
    adjust : str, default "none"
        Default adjustment of p-values.
    pairs : bool, default False
        Whether they are all differences of two levels.
    """

    names: tuple[str, ...]
    matrix: Matrix
    adjust: str = "none"
    pairs: bool = False


def pairwise(levels: Sequence[str]) -> Family:
    """Each level minus each later one."""
    k = len(levels)
    return _differences(levels, [(i, j) for i in range(k) for j in range(i + 1, k)], "tukey", pairs=True)


def revpairwise(levels: Sequence[str]) -> Family:
    """Each level minus each earlier one."""
    return _differences(levels, [(i, j) for i in range(len(levels)) for j in range(i)], "tukey", pairs=True)


def against_control(levels: Sequence[str], ref: References = 1, reverse: bool = False) -> Family:
    """Each level minus a reference level, or minus the mean of several.

    Parameters
    ----------
    ref : int, str or sequence of int or str, default 1
        The reference, counted from 1 or by name; negative counts from the end.
    """
    places = [_place(levels, r) for r in ([ref] if isinstance(ref, (int, str)) else ref)]
    label = levels[places[0]] if len(places) == 1 else f"avg({','.join(levels[p] for p in places)})"
    base = np.zeros(len(levels))
    base[places] = 1 / len(places)
    rows, names = [], []
    for i, factor_level in enumerate(levels):
        if i not in places:
            row = np.eye(len(levels))[i] - base
            rows.append(-row if reverse else row)
            names.append(f"{label} - {factor_level}" if reverse else f"{factor_level} - {label}")
    return Family(tuple(names), _matrix(rows, len(levels)), "dunnettx")


def consecutive(levels: Sequence[str], reverse: bool = False) -> Family:
    """Each level minus the one before it."""
    steps = [(i, i + 1) if reverse else (i + 1, i) for i in range(len(levels) - 1)]
    return _differences(levels, steps, "mvt")


def mean_change(levels: Sequence[str]) -> Family:
    """Mean of the levels after each cut minus the mean of those before it."""
    k = len(levels)
    rows = [np.r_[np.full(i, -1 / i), np.full(k - i, 1 / (k - i))] for i in range(1, k)]
    return Family(tuple(f"{levels[i - 1]}|{levels[i]}" for i in range(1, k)), _matrix(rows, k), "mvt")


def polynomial(levels: Sequence[str], max_degree: int = 6) -> Family:
    """Orthogonal polynomials of equally spaced levels, scaled to whole numbers as tables of them are."""
    k = len(levels)
    degrees = min(max_degree, k - 1)
    scores = np.arange(k) - (k - 1) / 2
    q, r = np.linalg.qr(np.vander(scores, degrees + 1, increasing=True))
    rows = [_whole(column) for column in (q * np.sign(np.diag(r)))[:, 1:].T]
    names = ["linear", "quadratic", "cubic", "quartic", *(f"degree {d}" for d in range(5, 21))]
    return Family(tuple(names[:degrees]), _matrix(rows, k))


def _whole(contrast: Matrix) -> Matrix:
    """A multiple of a contrast that consists of (nearly) whole numbers."""
    scaled = contrast / contrast[contrast > 0.01].min()
    while (gap := float(np.abs(scaled - np.round(scaled)).max())) > 0.05:
        scaled = scaled / gap
    return np.asarray(np.round(scaled))


def effects(levels: Sequence[str]) -> Family:
    """Each level minus the mean of all."""
    k = len(levels)
    return Family(tuple(f"{label} effect" for label in levels), np.eye(k) - 1 / k, "fdr")


def deleted_effects(levels: Sequence[str]) -> Family:
    """Each level minus the mean of the others."""
    k = len(levels)
    matrix = np.where(np.eye(k) > 0, 1.0, -1 / (k - 1)) if k > 1 else np.zeros((1, 1))
    return Family(tuple(f"{label} effect" for label in levels), matrix, "fdr")


def helmert(levels: Sequence[str]) -> Family:
    """Each level minus the mean of those before it."""
    k = len(levels)
    rows = [np.r_[np.full(i, -1 / i), 1.0, np.zeros(k - i - 1)] for i in range(1, k)]
    names = [f"{levels[i]} - {levels[0] if i == 1 else f'avg({levels[0]}..{levels[i - 1]})'}" for i in range(1, k)]
    return Family(tuple(names), _matrix(rows, k))


def identity(levels: Sequence[str]) -> Family:
    """The levels themselves."""
    return Family(tuple(levels), np.eye(len(levels)))


BY_NAME: dict[str, Callable[..., Family]] = {
    "pairwise": pairwise,
    "tukey": pairwise,
    "revpairwise": revpairwise,
    "trt.vs.ctrl": against_control,
    "trt.vs.ctrl1": against_control,
    "trt.vs.ctrlk": lambda levels, ref=-1, reverse=False: against_control(levels, ref, reverse),
    "dunnett": against_control,
    "consec": consecutive,
    "mean_chg": mean_change,
    "poly": polynomial,
    "eff": effects,
    "del.eff": deleted_effects,
    "helmert": helmert,
    "identity": identity,
}


def family(method: Any, levels: Sequence[str], **options: Any) -> Family:
    """The contrasts that `method` names or is.

    Parameters
    ----------
    method : str, mapping or array_like
        Name of `BY_NAME` (underscores do for dots), mapping from names to coefficients, or a matrix with a row per
        contrast.
    levels : sequence of str
        Names of what is compared.

    Raises
    ------
    DataError
        If there is no such family, or coefficients do not fit the levels.
    """
    if isinstance(method, str):
        make = BY_NAME.get(method) or BY_NAME.get(method.replace("_", "."))
        if make is None:
            raise DataError(f"contrast method {method!r} is not known; there are {', '.join(BY_NAME)}.")
        try:
            return make(levels, **options)
        except TypeError as cause:
            raise DataError(f"contrast method {method!r} does not take {', '.join(options)}.") from cause
    if isinstance(method, Mapping):
        names, rows = tuple(map(str, method)), list(method.values())
    else:
        rows = list(np.atleast_2d(np.asarray(method, dtype=float)))
        named = hasattr(method, "columns")  # a table of the caller's library
        names = tuple(map(str, method.index)) if named else tuple(f"C{i + 1}" for i in range(len(rows)))
    if not rows:
        raise DataError("there are no contrasts; give at least one, as {'first': [1, -1, 0]}.")
    for name, row in zip(names, rows, strict=True):
        if np.shape(row) != (len(levels),):
            raise DataError(
                f"contrast {name!r} has {np.size(row)} coefficients for {len(levels)} means ({', '.join(levels)})."
            )
    return Family(names, _matrix(rows, len(levels)))


def _differences(levels: Sequence[str], steps: Sequence[tuple[int, int]], adjust: str, pairs: bool = False) -> Family:
    rows = []
    for i, j in steps:
        row = np.zeros(len(levels))
        row[i], row[j] = 1.0, -1.0
        rows.append(row)
    names = tuple(f"{levels[i]} - {levels[j]}" for i, j in steps)
    return Family(names, _matrix(rows, len(levels)), adjust, pairs)


def _matrix(rows: Sequence[Any], k: int) -> Matrix:
    return np.array(rows, dtype=float).reshape(len(rows), k)


def _place(levels: Sequence[str], ref: int | str) -> int:
    if isinstance(ref, str):
        if ref not in levels:
            raise DataError(f"ref is {ref!r}, which is none of {', '.join(levels)}.")
        return list(levels).index(ref)
    if not (1 <= ref <= len(levels) or -len(levels) <= ref <= -1):
        raise DataError(f"ref is {ref}; it counts the {len(levels)} levels from 1, or from -1 at the end.")
    return ref - 1 if ref > 0 else len(levels) + ref
