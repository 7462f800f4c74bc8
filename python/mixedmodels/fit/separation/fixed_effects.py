"""Whether the likelihood of a binomial or count model rises for ever along some direction of the coefficients.

For a binomial response such a direction d separates the outcomes: x_i d >= 0 in all rows that are successes only,
x_i d <= 0 in all that are failures only, x_i d = 0 in mixed ones, and not 0 everywhere. For counts with a log link:
x_i d <= 0 where the count is 0 and x_i d = 0 elsewhere. Whether there is one is a linear programme (Konis 2007, Linear
programming algorithms for detecting separated data in binary logistic regression models).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.fit import family_moments

if TYPE_CHECKING:
    from mixedmodels.families import Family

Rows = NDArray[np.bool_]

NEAR = 1e-5  # fitted proportions or counts this close to their bound make one look
WIDE = 5.0  # so does a standard error of a linear predictor beyond this and twice the predictor itself
TOLERANCE = 1e-7  # of the linear programme, for columns scaled to a largest value of 1


@dataclass(frozen=True, slots=True)
class Separation:
    """A direction of no return.

    Attributes
    ----------
    direction : ndarray, shape (p,)
        Direction of the separation; an estimate is +infinity where it is positive, -infinity where negative.
    rows : ndarray of bool, shape (n,)
        Rows, of those given, that it fits better and better.
    complete : bool
        Whether these are all rows.
    """

    direction: Vector
    rows: Rows
    complete: bool

    @property
    def columns(self) -> tuple[int, ...]:
        """Positions of the coefficients without a finite estimate."""
        return tuple(int(j) for j in np.flatnonzero(self.direction))


def suspected(family: Family, eta: Vector, x: Matrix, vcov: Matrix) -> bool:
    """Cheap symptoms in a fit: a mean near its bound in a row whose linear predictor is not known at all.

    Parameters
    ----------
    eta : ndarray, shape (n,)
        Linear predictor.
    x : ndarray, shape (n, p)
        Columns of X.
    vcov : ndarray
        Covariance matrix of their coefficients.
    """
    if not concerned(family) or not at_bounds(family, eta):
        return False
    mu = family_moments.mean(family, eta)
    near = np.asarray(mu < NEAR)
    if family.support == "proportion":
        near |= mu > 1 - NEAR
    rows = x[near]
    variance = np.einsum("ij,jk,ik->i", rows, vcov, rows)
    bounded = (variance >= 0) & (variance < (WIDE + 2 * np.abs(eta[near])) ** 2)
    return not bool(np.all(bounded))


def at_bounds(family: Family, eta: Vector) -> bool:
    """Whether some mean is near its bound, judged by the ends of eta: all links are monotone."""
    mu = family.handle.mean(np.array([eta.min(), eta.max()]))
    return bool(mu.min() < NEAR or (family.support == "proportion" and mu.max() > 1 - NEAR))


def concerned(family: Family) -> bool:
    """Whether separation can happen to a family and link at all."""
    return family.support == "proportion" or (family.support == "counts" and family.link == "log")


def find(x: Matrix, y: Vector, weights: Vector | None, family: Family) -> Separation | None:
    """The direction in which the likelihood never falls, with as many rows as possible; None if there is none.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Columns of the fixed effects that are estimated.
    y : ndarray
        Response as the family sees it.
    weights : ndarray or None
        Prior weights; rows of weight 0 are not looked at.
    """
    if not concerned(family) or not x.shape[1]:
        return None
    used = np.ones(len(y), dtype=bool) if weights is None else np.asarray(weights > 0)
    scale = np.maximum(np.abs(x[used]).max(axis=0), np.finfo(float).tiny)
    sign = signs(y[used], family)
    signed = np.where(sign == 0, 1.0, sign)[:, None] * (x[used] / scale)
    cells, place = np.unique(np.column_stack([signed, sign == 0]), axis=0, return_inverse=True)
    d, cell_rows = _recession(cells[:, :-1], cells[:, -1] != 0)
    if d is None:
        return None
    rows = np.zeros(len(y), dtype=bool)
    rows[used] = cell_rows[place.ravel()]
    d = np.where(np.abs(d) > TOLERANCE, d, 0.0) / scale
    return Separation(d, rows, bool(rows[used].all()))


def signs(y: Vector, family: Family) -> NDArray[np.float64]:
    """For each row whether its linear predictor may grow (1), fall (-1), or must stay (0)."""
    zero = y <= 0
    if family.support == "proportion" and family.link != "log":
        return np.where(zero, -1.0, np.where(y >= 1, 1.0, 0.0))
    return np.where(zero, -1.0, 0.0)


def _recession(a: Matrix, fixed: Rows) -> tuple[Vector | None, Rows]:
    """D in [-1, 1]^p with a d >= 0, and = 0 in `fixed` rows, that is positive in as many rows as can be.

    A sum of such directions is one, so each round asks about the rows that are left.
    """
    from scipy.optimize import linprog

    total = np.zeros(a.shape[1])
    separated = np.zeros(len(a), dtype=bool)
    limits: dict[str, Any] = {"A_ub": -a[~fixed], "b_ub": np.zeros(int((~fixed).sum()))} if not fixed.all() else {}
    if fixed.any():
        limits |= {"A_eq": a[fixed], "b_eq": np.zeros(int(fixed.sum()))}
    for _ in range(a.shape[1]):
        left = ~separated & ~fixed
        if not left.any():
            break
        result = linprog(-a[left].sum(axis=0), **limits, bounds=(-1, 1), method="highs")
        if result.x is None:
            break
        new = left & (a @ result.x > TOLERANCE)
        if not new.any():
            break
        separated |= new
        total += result.x
    return (total if separated.any() else None), separated
