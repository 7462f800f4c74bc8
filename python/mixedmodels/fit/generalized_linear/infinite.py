"""Whether estimates run to infinity although no outcomes are separated, and what is said of them.

A sum of squares on another scale than its own, and the like, may fall for ever: where no mean of the link reaches some
responses, the best that it can do is to go as near as it can. On that way the information of one direction of the
coefficients fades away, beside what it is where all rows have one mean. That alone is no proof, a mean near 0 has
little information too: whether going on costs anything, the criterion tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design

if TYPE_CHECKING:
    from mixedmodels.families import Family
    from mixedmodels.fit.generalized_linear.irls import Problem

FADED = 1e-3  # part of the root of the information at one mean for all rows, below which estimates may be infinite
LOST = 1e-12  # the same of the ratio to the most informative direction, below which they are
FURTHER = 0.5  # share of the linear predictor by which one goes on, to see whether that costs anything
SHARE = 1e-3  # part of the largest component below which a coefficient does not take part in a direction
NAMED = 6  # coefficients that a sentence names


def direction(
    problem: Problem,
    eta: Vector,
    beta: Vector,
    root: Matrix,
    flat: float,
    costs: Callable[[Vector], bool],
) -> Vector | None:
    """A direction of the coefficients without a finite optimum, None if there is none.

    Parameters
    ----------
    eta : ndarray, shape (n,)
        Linear predictor where the search ended.
    beta : ndarray, shape (r,)
        Coefficients there.
    root : ndarray, shape (r, r)
        Upper triangular R with R'R = X'WX there.
    flat : float
        Linear predictor of one mean for all rows.
    costs : callable
        Whether the criterion is higher after a step of the coefficients.
    """
    if not len(root) or np.ptp(problem.y) == 0:
        return None
    size = np.sqrt((problem.x * problem.x).sum(axis=0))
    with np.errstate(all="ignore"):
        usual = problem.root(problem.working(np.full(len(problem.y), flat))[0]) / size
        here = root / size
    if not (np.isfinite(here).all() and np.isfinite(usual).all()):
        return np.where(np.isfinite(here).all(axis=0), 0.0, 1.0)
    _, sizes, axes = np.linalg.svd(here)
    informed = np.linalg.svd(usual, compute_uv=False)
    if sizes[-1] >= FADED * informed[-1]:
        return None
    weakest = np.asarray(axes[-1] / size)
    if sizes[-1] * informed[0] <= LOST * informed[-1] * sizes[0]:  # steps along it are rounding errors in other rows
        return weakest
    for step in _steps(problem, eta, beta, weakest):
        if not costs(step):
            return step
    return None


def _steps(problem: Problem, eta: Vector, beta: Vector, weakest: Vector) -> Iterator[Vector]:
    """Long steps along the least informative direction, and further out from 0."""
    for way, signs in ((weakest, (1.0, -1.0)), (beta, (1.0,))):
        length = FURTHER * max(1.0, float(np.abs(eta).max())) / float(np.abs(problem.x @ way).max())
        for sign in signs:
            yield sign * length * way


def message(
    design: Design, kept: tuple[int, ...], family: Family, y: Vector, beta: Vector, away: Vector, fact: str
) -> str:
    """The sentence about a model whose criterion stays flat on the way to infinity.

    Parameters
    ----------
    y : ndarray
        Response as the family sees it.
    beta, away : ndarray, shape (r,)
        Coefficients where the search stopped, and the direction in which they go on.
    fact : str
        What the criterion does.
    """
    size = np.abs(away)
    moving = np.flatnonzero(size >= SHARE * size.max())
    names = ", ".join(f"{design.fixed.names[kept[j]]} (at {beta[j]:.4g})" for j in moving[:NAMED])
    more = f" and {len(moving) - NAMED} more" if len(moving) > NAMED else ""
    return (
        f"{design.formula!r} has no finite estimate as {family}: {fact} on the way of {names}{more} to infinity. "
        f"{_unreached(design, family, y)}Use another link or family, leave out rows that lie far from all others, or "
        "give start= near an optimum, if there is one."
    )


def _unreached(design: Design, family: Family, y: Vector) -> str:
    """The sentence about responses for which the link has no predictor, if there are any."""
    with np.errstate(all="ignore"):
        predictor = np.asarray(family.predictor(y), dtype=float)
        back = np.asarray(family.mean(predictor), dtype=float)
        rows = np.flatnonzero(~(np.abs(back - y) <= 1e-6 * np.abs(y)))
    if family.support != "real" or not len(rows):
        return ""
    return (
        f"No mean of the {family.link} link reaches {len(rows)} values of {design.response_name!r}, such as "
        f"{y[rows[0]]:.4g} (R's glm says 'cannot find valid starting values: please specify some'). "
    )
