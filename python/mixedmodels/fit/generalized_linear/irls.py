"""Iteratively reweighted least squares.

Notation: eta = X beta + offset, mu = mean(eta), d = d mu / d eta, W = w d^2 / V(mu), working residual r = (y - mu) / d.
A step solves least squares of r on X with weights W, which is Fisher scoring. With a link that is not canonical, or a
penalty, such steps shrink by a constant factor, or overshoot. Where R stops they are therefore combined with the steps
before (Anderson 1965, J. ACM 12, 547-560), which takes the estimate to the last digits in a few more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.fit import family_moments

if TYPE_CHECKING:
    from mixedmodels.families import Family

SETTLED = 1e-8  # relative change of the criterion at which R stops, and to which the iterations are counted
EXACT = 1e-20  # squared length of a step, in standard errors, that changes nothing
NOISE = 1e-12  # below this squared length a step that no longer shrinks is rounding error
CLOSE = 1e-6  # squared length of a step that leads nowhere and yet is called the optimum
MEMORY = 5  # steps that are combined
INDEPENDENT = 1e-3  # least diagonal element of a Cholesky factor of correlations; its square is lost in digits
NEAR = 1e-2  # change of the linear predictor below which they are; a runaway estimate keeps on making larger ones
HALVINGS = 40
ROUNDING = 1e-12  # relative increase of the criterion that may be rounding

Penalty = Callable[[Vector, Vector, Matrix], Vector]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Rows of positive weight of a generalised linear model.

    Attributes
    ----------
    x : ndarray, shape (n, r)
        Model matrix of full column rank.
    y, weights, offset : ndarray, shape (n,)
        Response, weights and offset.
    """

    x: Matrix
    y: Vector
    weights: Vector
    offset: Vector
    family: Family

    def deviance(self, eta: Vector) -> float:
        """The deviance at a linear predictor; infinite where that is outside the domain."""
        with np.errstate(all="ignore"):
            mu = np.asarray(self.family.mean(eta), dtype=float)
            if not allowed(self.family, mu):
                return np.inf
            mu = family_moments.off_bounds(self.family, mu)
            value = float(self.weights @ family_moments.unit_deviance(self.family, self.y, mu))
        return value if np.isfinite(value) else np.inf

    def working(self, eta: Vector) -> tuple[Vector, Vector]:
        """Working weights W and working residuals r."""
        with np.errstate(all="ignore"):
            mu, slope = family_moments.mean(self.family, eta), family_moments.slope(self.family, eta)
            w = self.weights * slope * slope / family_moments.variance(self.family, mu)
            r = (self.y - mu) / slope
        dead = ~(np.isfinite(w) & np.isfinite(r))  # a mean so near its bound that the row has no information
        if dead.any():
            w[dead] = r[dead] = 0.0
        return w, r

    def root(self, w: Vector) -> Matrix:
        """Upper triangular R with R'R = X'WX: by Cholesky where that costs few digits, else by QR of sqrt(W) X."""
        x = self.x * np.sqrt(w)[:, None]
        gram = x.T @ x
        size = np.sqrt(np.diag(gram))
        with np.errstate(all="ignore"):
            correlation = gram / np.outer(size, size)
        if np.isfinite(correlation).all():
            try:
                lower = np.linalg.cholesky(correlation)
            except np.linalg.LinAlgError:
                lower = np.zeros((1, 1))
            if float(np.diag(lower).min(initial=np.inf)) > INDEPENDENT:
                return np.asarray(lower.T * size)
        return np.asarray(np.linalg.qr(x, mode="r"))

    def leverage(self, w: Vector, root: Matrix) -> Vector:
        """Diagonal of the projection on sqrt(W) X."""
        q = _solved(root.T, (self.x * np.sqrt(w)[:, None]).T)
        return np.zeros(len(w)) if q is None else np.einsum("ji,ji->i", q, q)


@dataclass(frozen=True, slots=True)
class Point:
    """Coefficients, their linear predictor, and the criterion there."""

    beta: Vector
    eta: Vector
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """The end of the iterations.

    Attributes
    ----------
    root : ndarray, shape (r, r)
        Upper triangular R with R'R = X'WX at `eta`.
    iterations : int
        Number of iterations until the criterion had settled by R's rule.
    converged : bool
        Whether the last step was negligible.
    """

    beta: Vector
    eta: Vector
    deviance: float
    root: Matrix
    iterations: int
    converged: bool


def allowed(family: Family, mu: Vector) -> bool:
    """Whether every mean lies where the family has one."""
    if not np.isfinite(mu).all():
        return False
    if family.support == "proportion":
        return bool(((mu >= 0) & (mu <= 1)).all())
    return family.support == "real" or bool((mu > 0).all())


def solve(
    problem: Problem,
    start: Vector | None = None,
    *,
    limit: int = 200,
    penalty: Penalty | None = None,
    criterion: Callable[[Vector], float] | None = None,
) -> Solution | None:
    """Iterate to the maximum of the likelihood, or of a penalised one.

    Parameters
    ----------
    start : ndarray, optional
        Coefficients to start from; by default the response itself says where.
    limit : int, default 200
        Most iterations.
    penalty : callable, optional
        Function of (eta, W, R) that gives what the penalty adds to the working residuals.
    criterion : callable, optional
        Function of eta that is to be minimised; by default the deviance.

    Returns
    -------
    Solution or None
        None where no start lies in the domain of the link.
    """
    measure = criterion or problem.deviance
    point, old, iterations = _begin(problem, start, measure)
    if point is None:
        return None
    if not problem.x.shape[1]:
        return Solution(
            beta=point.beta, eta=point.eta, deviance=point.value, root=np.empty((0, 0)), iterations=0, converged=True
        )
    settled, length = _settled(point.value, old), np.inf
    past: list[tuple[Vector, Vector]] = []
    for _ in range(limit):
        w, r = problem.working(point.eta)
        root = problem.root(w)
        if penalty is not None:
            r = r + penalty(point.eta, w, root)
        gradient = _gradient(problem, root, w * r)
        before, length = length, float(gradient @ gradient) / _scale(problem, point.value)
        if settled and (length <= EXACT or (length <= NOISE and length > 0.98 * before)):
            return _ended(problem, point, iterations, True)
        step = _solved(root, gradient)
        following = None if step is None else _search(problem, measure, point, step, past if settled else [], root)
        if settled and step is not None:
            past = [*past[1 - MEMORY :], (point.beta, step)]
        iterations += not settled
        if following is None:  # nothing along the step is lower: rounding, or a corner of the domain
            return _ended(problem, point, iterations, length <= CLOSE)
        settled = settled or _settled(following.value, point.value)
        point = following
    return _ended(problem, point, iterations, settled and length <= CLOSE)


def _begin(
    problem: Problem, start: Vector | None, measure: Callable[[Vector], float]
) -> tuple[Point | None, float, int]:
    """First coefficients, the criterion before them, and the iterations that they took."""
    if start is not None:
        return _at(problem, start, measure), np.inf, 0
    x, offset = problem.x, problem.offset
    if not x.shape[1]:
        return _at(problem, np.empty(0), measure), np.inf, 0
    eta = np.asarray(problem.family.predictor(starting_mean(problem)), dtype=float)
    if np.isfinite(eta).all():
        w, r = problem.working(eta)
        root = problem.root(w)
        beta = _solved(root, _gradient(problem, root, w * (eta - offset + r)))
        point = None if beta is None else _at(problem, beta, measure)
        if point is not None:
            return point, measure(eta), 1
    mean = np.average(problem.y, weights=problem.weights)
    flat = float(np.asarray(problem.family.predictor(np.array([mean])))[0])
    first = np.linalg.lstsq(x, flat - offset, rcond=None)[0]
    return _at(problem, np.asarray(first, dtype=float), measure), np.inf, 0


def starting_mean(problem: Problem) -> Vector:
    """Means near the response and inside the domain, as R's ``mustart``."""
    return np.asarray(problem.family.handle.start_mean(problem.y, problem.weights), dtype=float)


def _at(problem: Problem, beta: Vector, measure: Callable[[Vector], float]) -> Point | None:
    eta = problem.x @ beta + problem.offset
    value = measure(eta)
    return Point(beta, eta, value) if np.isfinite(value) else None


def _search(
    problem: Problem,
    measure: Callable[[Vector], float],
    here: Point,
    step: Vector,
    past: list[tuple[Vector, Vector]],
    root: Matrix,
) -> Point | None:
    """The first point along a step, halved again and again, that lies in the domain and is no worse than `here`."""
    limit = here.value + ROUNDING * (abs(here.value) + 0.1)
    if past and float(np.abs(problem.x @ step).max()) < NEAR:
        point = _at(problem, here.beta + _combined(here.beta, step, past, root), measure)
        if point is not None and point.value <= limit:
            return point
    for _ in range(HALVINGS):
        point = _at(problem, here.beta + step, measure)
        if point is not None and point.value <= limit:
            return point
        step = step / 2
    return None


def _combined(beta: Vector, step: Vector, past: list[tuple[Vector, Vector]], root: Matrix) -> Vector:
    """The step less that combination of the changes since earlier points which makes the remaining step shortest."""
    moves = np.column_stack([beta - b for b, _ in past])
    changes = np.column_stack([step - s for _, s in past])
    share = np.linalg.lstsq(root @ changes, root @ step, rcond=1e-10)[0]
    combined = step - (moves + changes) @ share
    return np.asarray(combined) if np.isfinite(combined).all() else step


def _settled(value: float, old: float) -> bool:
    return abs(value - old) < SETTLED * (abs(value) + 0.1)


def _scale(problem: Problem, value: float) -> float:
    """The unit of a squared step: an estimate of an unknown dispersion, or 1."""
    if problem.family.weights_role != "precision":
        return 1.0
    return max(value / max(1, len(problem.y)), float(np.finfo(float).tiny))


def _gradient(problem: Problem, root: Matrix, rows: Vector) -> Vector:
    """X' rows in the coordinates in which X'WX is the identity; NaN where that is singular."""
    gradient = _solved(root.T, problem.x.T @ rows)
    return np.full(len(root), np.nan) if gradient is None else gradient


def _solved(root: Matrix, right: Matrix) -> Matrix | None:
    try:
        solution = np.linalg.solve(root, right)
    except np.linalg.LinAlgError:
        return None
    return np.asarray(solution, dtype=float) if np.isfinite(solution).all() else None


def _ended(problem: Problem, point: Point, iterations: int, converged: bool) -> Solution:
    root = problem.root(problem.working(point.eta)[0])
    return Solution(
        beta=point.beta,
        eta=point.eta,
        deviance=problem.deviance(point.eta),
        root=root,
        iterations=iterations,
        converged=converged,
    )
