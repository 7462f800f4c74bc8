"""Codings of factors, as R's ``contr.*`` functions give them.

A coding is a matrix with one row per level and one column per coefficient, and the text by which each column's
name ends: the level for treatment contrasts, ``.L .Q .C ^4`` for polynomials, a number otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from mixedmodels.design.values import Array
from mixedmodels.errors import DesignError
from mixedmodels.frame import Levels


@dataclass(frozen=True, slots=True, eq=False)
class Coding:
    """The columns of a factor.

    Attributes
    ----------
    kind : str
        "treatment", "sum", "helmert", "poly" or "custom".
    matrix : ndarray
        Contrast matrix, shape (levels, columns).
    suffixes : tuple of str, optional
        Suffixes of the coefficients' names; None if they are the level labels of `levels_at`.
    levels_at : tuple of int, optional
        Level of each indicator column of treatment contrasts.
    """

    kind: str
    matrix: Array
    suffixes: tuple[str, ...] | None = None
    levels_at: tuple[int, ...] | None = None


def treatment(k: int, base: int = 0) -> Coding:
    """Indicators of every level but the base (``contr.treatment``)."""
    others = tuple(i for i in range(k) if i != base)
    return Coding("treatment", np.eye(k)[:, others], None, others)


def sas(k: int) -> Coding:
    """Treatment contrasts whose base is the last level (``contr.SAS``)."""
    return treatment(k, k - 1)


def deviation(k: int) -> Coding:
    """Each level against the mean of all, the last one -1 throughout (``contr.sum``)."""
    matrix = np.vstack([np.eye(k - 1), np.full((1, k - 1), -1.0)])
    return Coding("sum", matrix, tuple(str(i + 1) for i in range(k - 1)))


def helmert(k: int) -> Coding:
    """Each level against the mean of those before it (``contr.helmert``)."""
    matrix = np.zeros((k, k - 1))
    for j in range(k - 1):
        matrix[: j + 1, j] = -1.0
        matrix[j + 1, j] = j + 1.0
    return Coding("helmert", matrix, tuple(str(i + 1) for i in range(k - 1)))


@lru_cache(maxsize=64)
def polynomial(k: int) -> Coding:
    """Orthonormal polynomials in the level's number (``contr.poly``)."""
    if k > 95:
        raise DesignError(
            f"polynomial contrasts for {k} ordered levels cannot be distinguished numerically; "
            "use the number itself as a predictor, or another contrast such as 'treatment'"
        )
    scores = np.arange(1.0, k + 1.0)
    q, r = np.linalg.qr(np.vander(scores - scores.mean(), k, increasing=True))
    matrix = (q * np.sign(np.diag(r)))[:, 1:]
    matrix.flags.writeable = False
    ends = (".L", ".Q", ".C")
    return Coding("poly", matrix, tuple(ends[j] if j < 3 else f"^{j + 1}" for j in range(k - 1)))


BY_NAME: dict[str, Callable[[int], Coding]] = {
    "treatment": treatment,
    "sum": deviation,
    "helmert": helmert,
    "poly": polynomial,
    "SAS": sas,
}


def coding(name: str, levels: Levels, wanted: Any, ordered: bool) -> Coding:
    """The coding of one factor.

    Parameters
    ----------
    name : str
        Name of the factor, for messages.
    levels : Levels
        Levels of the factor.
    wanted : str, array_like, table, Coding or None
        A name from `BY_NAME` (also as ``"contr.sum"``), a matrix, a table with column names, or a `Coding`. None is the
        default: polynomials for ordered factors, treatment contrasts for others.
    ordered : bool
        Whether the factor is ordered.
    """
    k = len(levels)
    if isinstance(wanted, Coding) and len(wanted.matrix) == k:
        return wanted
    if k < 2:
        only = f"one level, {levels.labels[0]!r}," if k else "no level"
        raise DesignError(
            f"factor {name!r} has {only} in the rows used, and contrasts need at least two; "
            f"drop {name!r} from the formula, or look whether missing values or the subset removed its other levels"
        )
    if wanted is None:
        return polynomial(k) if ordered else treatment(k)
    if isinstance(wanted, str):
        make = BY_NAME.get(wanted.removeprefix("contr.").removeprefix("contr_"))
        if make is None:
            raise DesignError(
                f"contrasts of {name!r}: {wanted!r} is not known; use one of {', '.join(BY_NAME)}, or a matrix"
            )
        return make(k)
    return _custom(name, k, wanted)


def _custom(name: str, k: int, wanted: Any) -> Coding:
    labels = getattr(wanted, "columns", None)
    try:
        matrix = np.array(wanted, dtype=np.float64)
    except (TypeError, ValueError) as cause:
        raise DesignError(
            f"contrasts of {name!r} are {wanted!r:.60}; give a name such as 'sum', or a matrix of numbers"
        ) from cause
    if matrix.ndim == 1:
        matrix = matrix[:, None]
    if matrix.ndim != 2 or matrix.shape[0] != k or not 1 <= matrix.shape[1] < k:
        shape = " x ".join(map(str, matrix.shape))
        raise DesignError(
            f"contrasts of {name!r} are {shape}; the factor has {k} levels, so they need {k} rows "
            f"and 1 to {k - 1} columns"
        )
    if not np.isfinite(matrix).all():
        raise DesignError(f"contrasts of {name!r} hold a missing or infinite number")
    if np.linalg.matrix_rank(np.column_stack([np.ones(k), matrix])) < matrix.shape[1] + 1:
        raise DesignError(
            f"contrasts of {name!r} are singular: with the intercept, their columns are linearly dependent"
        )
    suffixes = tuple(map(str, labels)) if labels is not None else tuple(str(i + 1) for i in range(matrix.shape[1]))
    return Coding("custom", matrix, suffixes)
