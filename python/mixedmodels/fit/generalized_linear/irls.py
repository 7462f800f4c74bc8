"""Iteratively reweighted least squares.

Notation: eta = X beta + offset, mu = mean(eta), d = d mu / d eta, W = w d^2 / V(mu), working residual r = (y - mu) / d.
A step solves least squares of r on X with weights W, which is Fisher scoring. With a link that is not canonical, or a
penalty, such steps shrink by a constant factor, or overshoot. Where R stops they are therefore combined with the steps
before (Anderson 1965, J. ACM 12, 547-560), which takes the estimate to the last digits in a few more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.fit import family_moments
from mixedmodels.fit.generalized_linear import infinite

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
FAR = 1e3  # an offset this many times its own range from 0 costs the linear predictor as many digits
PATIENCE = 20  # iterations without a shorter step after which what is left of it is rounding error

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


@dataclass(frozen=True, slots=True)
class Start:
    """A point to start from, with the criterion before the iterations that led to it."""

    point: Point
    before: float = np.inf
    iterations: int = 0


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
    runaway : ndarray, shape (r,), or None
        Direction in which the deviance falls for ever, so that there is no finite estimate. It is looked for where no
        start is given and there is no penalty.
    """

    beta: Vector
    eta: Vector
    deviance: float
    root: Matrix
    iterations: int
    converged: bool
    runaway: Vector | None = None


def may_be_infinite(family: Family) -> bool:
    """Whether estimates can be infinite other than by separation.

    A sum of squares on its own scale has finite ones, and a Gamma deviance grows without limit with any mean.
    """
    if family.support == "real":
        return family.link != "identity"
    return family.weights_role == "precision" and family.name != "Gamma"


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
    far = _far_offset(problem)
    if far is not None:
        return _about_offset(problem, far, start, limit=limit, penalty=penalty, criterion=criterion)
    best = None
    for first in _starts(problem, start, measure):
        solution = _iterated(problem, first, limit, penalty, measure)
        if penalty is None and start is None:
            solution = replace(solution, runaway=direction_of(problem, solution))
        if solution.runaway is None and (solution.converged or not may_be_infinite(problem.family)):
            return solution
        best = solution if best is None or _rank(solution) < _rank(best) else best
    return best


def _far_offset(problem: Problem) -> tuple[int, float] | None:
    """The intercept's column and a value of the offset, where that is so far from 0 that it takes digits away."""
    low, high = float(problem.offset.min(initial=np.inf)), float(problem.offset.max(initial=-np.inf))
    if not max(abs(low), abs(high)) > FAR * max(high - low, 1.0):
        return None
    ones = np.flatnonzero((problem.x == 1.0).all(axis=0))
    return (int(ones[0]), low) if len(ones) else None


def _about_offset(problem: Problem, far: tuple[int, float], start: Vector | None, **how: Any) -> Solution | None:
    """The solution of the same problem with the offset about its own value; the linear predictor stays what it is."""
    column, value = far
    shift = np.where(np.arange(problem.x.shape[1]) == column, value, 0.0)
    near = replace(problem, offset=problem.offset - value)
    solution = solve(near, None if start is None else start + shift, **how)
    return None if solution is None else replace(solution, beta=solution.beta - shift)


def _rank(solution: Solution) -> tuple[bool, float]:
    """What makes one of several poor solutions better than another: a finite estimate, then the deviance."""
    return solution.runaway is not None, solution.deviance


def _iterated(
    problem: Problem, first: Start, limit: int, penalty: Penalty | None, measure: Callable[[Vector], float]
) -> Solution:
    point, iterations = first.point, first.iterations
    if not problem.x.shape[1]:
        return Solution(
            beta=point.beta, eta=point.eta, deviance=point.value, root=np.empty((0, 0)), iterations=0, converged=True
        )
    settled, length = _settled(point.value, first.before), np.inf
    past: list[tuple[Vector, Vector]] = []
    shortest, idle = np.inf, 0
    for _ in range(limit):
        w, r = problem.working(point.eta)
        root = problem.root(w)
        if penalty is not None:
            r = r + penalty(point.eta, w, root)
        gradient = _gradient(problem, root, w * r)
        before, length = length, float(gradient @ gradient) / _scale(problem, point.value)
        if settled and (length <= EXACT or (length <= NOISE and length > 0.98 * before)):
            return _ended(problem, point, iterations, True)
        shortest, idle = (length, 0) if not settled or length < 0.98 * shortest else (shortest, idle + 1)
        if idle > PATIENCE and length <= CLOSE:
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


def _starts(problem: Problem, start: Vector | None, measure: Callable[[Vector], float]) -> Iterator[Start]:
    """Points of the domain to start from: R's, then one mean for all rows, for where the first leads to nothing."""
    if start is not None or not problem.x.shape[1]:
        point = _at(problem, np.empty(0) if start is None else start, measure)
        if point is not None:
            yield Start(point)
        return
    near = _near_response(problem, measure)
    if near is not None:
        yield near
    first = np.linalg.lstsq(problem.x, flat_predictor(problem) - problem.offset, rcond=None)[0]
    constant = _at(problem, np.asarray(first, dtype=float), measure)
    if constant is not None:
        yield Start(constant)


def _near_response(problem: Problem, measure: Callable[[Vector], float]) -> Start | None:
    """Where R's first iteration leads, a least-squares fit to means near the response; None outside the domain."""
    eta = np.asarray(problem.family.predictor(starting_mean(problem)), dtype=float)
    if not np.isfinite(eta).all():
        return None
    w, r = problem.working(eta)
    root = problem.root(w)
    beta = _solved(root, _gradient(problem, root, w * (eta - problem.offset + r)))
    point = None if beta is None else _at(problem, beta, measure)
    return None if point is None else Start(point, measure(eta), 1)


def flat_predictor(problem: Problem) -> float:
    """The linear predictor of one mean for all rows, that of the response where the link has it."""
    for means in (problem.y, starting_mean(problem)):
        mean = np.array([np.average(means, weights=problem.weights)])
        with np.errstate(all="ignore"):
            eta = float(np.asarray(problem.family.predictor(mean))[0])
            if np.isfinite(eta) and allowed(problem.family, np.asarray(problem.family.mean(np.array([eta])))):
                return eta
    return 0.0


def direction_of(problem: Problem, solution: Solution) -> Vector | None:
    """A direction in which the estimates run to infinity; None if there is none."""
    if not may_be_infinite(problem.family):
        return None
    limit = solution.deviance * (1 + ROUNDING)
    return infinite.direction(
        problem,
        solution.eta,
        solution.beta,
        solution.root,
        flat_predictor(problem),
        lambda step: problem.deviance(solution.eta + problem.x @ step) > limit,
    )


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
