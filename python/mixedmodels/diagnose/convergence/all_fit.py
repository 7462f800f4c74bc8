"""A model fitted again from several starts and by several methods, to check its optimum."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.diagnose.convergence.all_fit_record import AllFit, all_fit_table
from mixedmodels.diagnose.convergence.optima import End, agreement, starts, upright
from mixedmodels.errors import DataError, MixedModelsError, MixedModelsWarning
from mixedmodels.fit.covariance import diagonal
from mixedmodels.fit.glmm import constraints_as_in
from mixedmodels.fit.progress import counted
from mixedmodels.fit.seeds import drawn_seed, generator

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel

CHEAP = 0.02  # seconds of an evaluation, beyond which no simplex is used
SIMPLEX_PARAMETERS = 8  # parameters of a simplex
RESTARTS = 5
GAIN = 1e-8  # of a restart that is worth another
NEWTON, GRADIENT, SIMPLEX = "trust-region Newton", "L-BFGS-B", "Nelder-Mead"


def all_fit(model: FittedModel, random_starts: int, seed: Any) -> AllFit:
    """See `ConvergenceVerbs.all_fit`."""
    fit = model._fit
    if not fit.mixed or not len(fit.joint.theta):
        raise DataError(f"all_fit() searches for variances, and {model.formula!r} has no random effects.")
    model._need_rows("all_fit()")
    if not isinstance(random_starts, (int, np.integer)) or random_starts < 0:
        raise DataError(f"random_starts is {random_starts!r}; give a whole number, 0 or more.")
    seed = drawn_seed(seed) if random_starts else None
    whole = fit.joint
    points = starts(whole.theta, whole.sizes, int(random_starts), generator(seed))
    if fit.generalized and fit.penalised is not None:
        points = {name: p for name, p in points.items() if name != "estimate" or not fit.singular}
    searches: list[tuple[str, str, Callable[[], End]]] = []
    for name, at in points.items():
        searches.append((NEWTON, name, partial(_newton, model, name, at)))
    for method in _others(model):
        searches.append((method, "identity", partial(_scipy, model, method, points["identity"])))
    ends = []
    with counted(len(searches), "searches") as tell:
        for done, (method, start, search) in enumerate(searches):
            ends.append(_safely(method, start, search))
            tell(done + 1)
    same, furthest = agreement(ends)
    return all_fit_table(model.design, fit, ends, same, furthest, model._source.kind, seed)


def _safely(method: str, start: str, search: Callable[[], End]) -> End:
    """A search that fails is a row of the table too."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MixedModelsWarning)
            return search()
    except MixedModelsError as error:
        return End(
            method=method,
            start=start,
            criterion=float("nan"),
            theta=np.empty(0),
            beta=np.empty(0),
            evaluations=0,
            note=str(error).split(";")[0],
        )


def _newton(model: Any, name: str, theta: Vector) -> End:
    fit = model._fit
    again = model.refit(model._response(), start={"theta": theta} if fit.generalized else theta)._fit
    criterion = again.criterion if not fit.generalized or fit.penalised is None else again.penalised
    return End(
        method=NEWTON,
        start=name,
        criterion=criterion,
        theta=upright(again.joint.theta, again.joint.sizes),
        beta=again.joint.beta,
        evaluations=again.run.evaluations,
    )


def _others(model: Any) -> list[str]:
    """Optimisers of scipy that are worth their time."""
    fit = model._fit
    if fit.generalized and constraints_as_in(fit).n_fewer:  # which a search of scipy's would move
        return []
    if not fit.generalized and model._engine.describe()["path"] == "estimated":
        return []
    problem = _problem(model)
    began = perf_counter()
    problem.value(problem.point(fit.joint.theta))
    seconds = perf_counter() - began
    return [GRADIENT, SIMPLEX] if len(problem.scale) <= SIMPLEX_PARAMETERS and seconds < CHEAP else [GRADIENT]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """The criterion as a function of all its variables in one array.

    Attributes
    ----------
    value, gradient : callable
        Criterion as a function of that array, and its gradient; infinite, and 0, where the criterion cannot be
        computed.
    point : callable
        Function from theta to the array, other variables at their estimates.
    parts : callable
        Function from the array to theta and beta.
    scale : ndarray
        Scale of each variable: its standard error by the curvature at the estimates.
    """

    value: Callable[[Vector], float]
    gradient: Callable[[Vector], Vector]
    point: Callable[[Vector], Vector]
    parts: Callable[[Vector], tuple[Vector, Vector]]
    scale: Vector


def _problem(model: Any) -> Problem:
    fit, objective = model._fit.joint, model.objective
    linear = not fit.generalized
    cuts = np.cumsum([len(fit.theta), len(fit.beta)])

    def split(x: Vector) -> list[Vector]:
        return [x] if linear else list(np.split(x, cuts))

    def value(x: Vector) -> float:
        try:
            return float(objective(*split(x)))
        except (ValueError, RuntimeError):
            return float("inf")

    def gradient(x: Vector) -> Vector:
        try:
            return np.asarray(objective.gradient(*split(x)), dtype=float)
        except (ValueError, RuntimeError):
            return np.zeros_like(x)

    def point(theta: Vector) -> Vector:
        return theta if linear else np.concatenate([theta, fit.beta, fit.psi])

    def parts(x: Vector) -> tuple[Vector, Vector]:
        theta = split(x)[0]
        return theta, np.asarray(model._engine.at(theta)["beta"]) if linear else split(x)[1]

    curvature = np.diag(fit.hessian)
    curved = curvature > 1e-300  # else the error is beyond all numbers
    scale = np.where(curved, np.sqrt(2 / np.where(curved, curvature, 1.0)), 1.0)
    return Problem(value=value, gradient=gradient, point=point, parts=parts, scale=scale)


def _minimised(value: Callable[[Vector], float], begin: Vector, **how: Any) -> Any:
    """Scipy's `minimize`, which subtracts the infinite values that stand for no criterion."""
    from scipy.optimize import minimize

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return minimize(value, begin, **how)


def _scipy(model: Any, method: str, theta: Vector) -> End:
    """Minimise over variables in units of their standard errors, so that first steps are of a sensible length."""
    problem = _problem(model)
    scale = problem.scale
    begin = problem.point(theta) / scale
    options: dict[str, Any] = {"maxiter": 2000, "ftol": 1e-14, "gtol": 1e-6}
    if method == SIMPLEX:
        options = {"maxiter": 20_000, "maxfev": 20_000, "xatol": 1e-6, "fatol": 1e-9, "adaptive": True}

    def value(z: Vector) -> float:
        return problem.value(z * scale)

    def slope(z: Vector) -> Vector:
        return problem.gradient(z * scale) * scale

    limits: list[tuple[float | None, float | None]] = [(None, None)] * len(begin)
    for place in diagonal(model._fit.joint.sizes):
        limits[int(place)] = (0.0, None)
    more = {"jac": slope, "bounds": limits} if method == GRADIENT else {}
    optimum = _minimised(value, begin, method=method, options=options, **more)
    evaluations = int(optimum.nfev)
    # A line search that met a point without a criterion starts anew where it stands.
    for _ in range(RESTARTS if method == GRADIENT else 0):
        again = _minimised(value, optimum.x, method=method, options=options, **more)
        evaluations += int(again.nfev)
        gain, optimum = float(optimum.fun - again.fun), min(optimum, again, key=lambda one: float(one.fun))
        if gain < GAIN:
            break
    at, beta = problem.parts(np.asarray(optimum.x) * scale)
    return End(
        method=method,
        start="identity",
        criterion=float(optimum.fun),
        theta=upright(at, model._fit.joint.sizes),
        beta=beta,
        evaluations=evaluations,
    )
