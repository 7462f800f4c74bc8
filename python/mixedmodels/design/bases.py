"""Transforms that depend on the data they were fitted to: ``scale``, ``poly``, ``bs``, ``ns``.

Each is a function of the values, the settings and a state. Without a state (None) the data make one; with a state
the same basis is laid over new values, as R's ``makepredictcall`` arranges. States are plain dicts of numbers and
lists, so that they pickle and go into JSON.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from mixedmodels.design import splines
from mixedmodels.design.values import Array, Matrix
from mixedmodels.errors import DesignError, MixedModelsWarning

State = dict[str, Any]
MOST_COLUMNS = 1000  # of one basis


def scale(x: Array, settings: State, state: State | None) -> tuple[Array, State]:
    """Centred and divided by the standard deviation (root mean square where not centred), missing values left out."""
    if state is None:
        center, spread = settings.get("center", True), settings.get("scale", True)
        state = {"center": np.nanmean(x) if center is True else 0.0 if center is False else float(center)}
        left = x - state["center"]
        count = int(np.count_nonzero(~np.isnan(x)))
        rms = float(np.sqrt(np.nansum(left * left) / max(1, count - 1)))
        state["scale"] = rms if spread is True else 1.0 if spread is False else float(spread)
        state = {key: float(value) for key, value in state.items()}
        if not state["scale"] > 0:
            raise DesignError(
                f"scale() divides by the spread of the values, which is {state['scale']:g}: they are all the same"
            )
    return (x - state["center"]) / state["scale"], state


def poly(x: Array, settings: State, state: State | None) -> tuple[Matrix, State]:
    """Orthogonal polynomials of degree 1 to `degree`, or with ``raw`` the powers themselves."""
    degree = whole(settings.get("degree", 1), "degree of poly()", 1)
    if state is None:
        _check_size(degree, f"poly() of degree {degree}", x)
    names = tuple(str(j + 1) for j in range(degree))
    if settings.get("raw", False):
        return Matrix(np.asfortranarray(np.column_stack([x ** (j + 1) for j in range(degree)])), names), {}
    if state is None:
        state = _polynomial_state(x[~np.isnan(x)], degree)
    alpha, norm2 = state["alpha"], state["norm2"]
    # Three-term recurrence; Kennedy & Gentle (1980), Statistical Computing, pp. 343-344.
    table = np.ones((len(x), degree + 1), order="F")
    table[:, 1] = x - alpha[0]
    for j in range(1, degree):
        table[:, j + 1] = (x - alpha[j]) * table[:, j] - (norm2[j + 1] / norm2[j]) * table[:, j - 1]
    return Matrix(np.asfortranarray(table[:, 1:] / np.sqrt(np.array(norm2[2:]))), names), state


def _polynomial_state(x: Array, degree: int) -> State:
    distinct = len(np.unique(x))
    if degree >= distinct:
        raise DesignError(f"poly() of degree {degree} needs more than {degree} distinct values, there are {distinct}")
    center = x.mean()
    q, r = np.linalg.qr(np.vander(x - center, degree + 1, increasing=True))
    raw = q * np.diag(r)
    norm2 = (raw * raw).sum(axis=0)
    alpha = ((x - center) @ (raw * raw)) / norm2 + center
    return {"alpha": alpha[:degree].tolist(), "norm2": [1.0, *norm2.tolist()]}


def multi_poly(columns: list[Array], settings: State, state: State | None) -> tuple[Matrix, State]:
    """``poly(x, z, degree = d)``: products of polynomials in each variable, total degree at most d."""
    degree = whole(settings.get("degree", 1), "degree of poly()", 1)
    one = {"degree": degree, "raw": settings.get("raw", False)}
    if state is None:
        _check_size(math.comb(len(columns) + degree, degree) - 1, f"poly() of {len(columns)} variables", columns[0])
    before = [None] * len(columns) if state is None else state["parts"]
    made = [poly(x, one, s) for x, s in zip(columns, before, strict=True)]
    names, values = [], []
    for power in _powers(len(columns), degree):
        if any(power):
            product = np.ones(len(columns[0]))
            for (matrix, _), k in zip(made, power, strict=True):
                if k:
                    product = product * matrix.values[:, k - 1]
            values.append(product)
            names.append(".".join(map(str, power)))
    return Matrix(np.asfortranarray(np.column_stack(values)), tuple(names)), {"parts": [s for _, s in made]}


def _powers(k: int, degree: int) -> Iterator[tuple[int, ...]]:
    """Powers of k variables of at most `degree` in all; that of the first variable runs fastest."""
    if k == 0:
        yield ()
        return
    for last in range(degree + 1):
        for power in _powers(k - 1, degree - last):
            yield (*power, last)


def bs(x: Array, settings: State, state: State | None) -> tuple[Matrix, State]:
    """B-spline basis of a polynomial spline."""
    degree = whole(settings.get("degree", 3), "degree of bs()", 1)
    intercept = bool(settings.get("intercept", False))
    order = degree + 1
    if state is None:
        _check_size(degree, f"bs() of degree {degree}", x)
        state = _knots(x, settings, "bs", order - (0 if intercept else 1))
    left, right = state["boundary"]
    whole_knots = np.array([left] * order + state["knots"] + [right] * order)
    values = _beyond_by_taylor(x, whole_knots, order, left, right)
    values = values if intercept else values[:, 1:]
    return Matrix(np.asfortranarray(values), tuple(str(j + 1) for j in range(values.shape[1]))), state


def _beyond_by_taylor(x: Array, knots: Array, order: int, left: float, right: float) -> Array:
    """The basis within the boundary knots, and its polynomial pieces continued beyond them."""
    absent, below, above = np.isnan(x), x < left, x > right
    inside = ~(absent | below | above)
    if below.any() or above.any():
        message = "some values lie beyond the boundary knots of bs(), where the basis may be ill-conditioned"
        warnings.warn(message, MixedModelsWarning, stacklevel=2)
    values = np.full((len(x), len(knots) - order), np.nan)
    values[inside] = splines.basis(knots, x[inside], order)
    # The expansion stands a quarter of the boundary interval inside, where every derivative is one-sided alike.
    for outside, pivot in (
        (below, 0.75 * left + 0.25 * knots[order]),
        (above, 0.75 * right + 0.25 * knots[len(knots) - order - 1]),
    ):
        if outside.any():
            away = x[outside] - pivot
            total = np.zeros((len(away), values.shape[1]))
            factorial = 1.0
            for k in range(order):
                factorial *= max(k, 1)
                total += (away**k / factorial)[:, None] * splines.basis(knots, np.array([pivot]), order, k)
            values[outside] = total
    return values


def ns(x: Array, settings: State, state: State | None) -> tuple[Matrix, State]:
    """Natural cubic splines: second derivatives vanish at the boundary knots, linear beyond them."""
    intercept = bool(settings.get("intercept", False))
    if state is None:
        state = _knots(x, settings, "ns", 1 + intercept)
    left, right = state["boundary"]
    knots = np.array([left] * 4 + state["knots"] + [right] * 4)
    values = np.full((len(x), len(knots) - 4), np.nan)
    inside = (x >= left) & (x <= right)
    values[inside] = splines.basis(knots, x[inside], 4)
    for outside, pivot in ((x < left, left), (x > right, right)):
        if outside.any():
            at = np.array([pivot])
            values[outside] = splines.basis(knots, at, 4) + (x[outside] - pivot)[:, None] * splines.basis(
                knots, at, 4, 1
            )
    bends = splines.basis(knots, np.array([left, right]), 4, 2)
    if not intercept:
        values, bends = values[:, 1:], bends[:, 1:]
    # Coefficients orthogonal to both conditions; the last columns of the full Q span them.
    q = np.linalg.qr(bends.T, mode="complete")[0]
    natural = values @ q[:, 2:]
    return Matrix(np.asfortranarray(natural), tuple(str(j + 1) for j in range(natural.shape[1]))), state


def _knots(x: Array, settings: State, name: str, fewest: int) -> State:
    """Boundary and inner knots; with `df` only, the inner knots are at quantiles."""
    present = x[~np.isnan(x)]
    if not len(present):
        raise DesignError(f"{name}() has no value that is not missing")
    boundary = settings.get("Boundary.knots")
    ends = [float(present.min()), float(present.max())] if boundary is None else sorted(map(float, boundary))
    if len(ends) != 2 or not ends[0] < ends[1]:
        raise DesignError(f"{name}() needs two different boundary knots, they are {ends}")
    if settings.get("knots") is not None:
        inner = settings["knots"]
        _check_size(np.size(inner), f"{name}() with {np.size(inner)} knots", x)
        knots = sorted(map(float, inner if isinstance(inner, (tuple, list, np.ndarray)) else [inner]))
        if knots and not ends[0] < knots[0] <= knots[-1] < ends[1]:
            run = f"{knots[0]:g} to {knots[-1]:g}" if len(knots) > 1 else f"at {knots[0]:g}"
            raise DesignError(f"knots {run} of {name}() must lie between the boundary knots {ends}")
        return {"knots": knots, "boundary": ends}
    count = 0
    if settings.get("df") is not None:
        df = whole(settings["df"], f"df of {name}()", 1)
        _check_size(df, f"{name}() with df = {df}", x)
        count = df - fewest
        if count < 0:
            warnings.warn(f"df = {df} is too small for {name}(); {fewest} is used", MixedModelsWarning, stacklevel=2)
            count = 0
    within = present[(present >= ends[0]) & (present <= ends[1])]
    return {"knots": np.quantile(within, np.linspace(0, 1, count + 2)[1:-1]).tolist(), "boundary": ends}


def _check_size(columns: int, what: str, x: Array) -> None:
    """Refuse a basis of more columns than the data can determine, before any is made.

    Raises
    ------
    DesignError
        If there are more columns than values, or than `MOST_COLUMNS`.
    """
    values = int(np.count_nonzero(~np.isnan(x)))
    if columns > min(values, MOST_COLUMNS):
        most = f"there are {values} values" if values < MOST_COLUMNS else f"a basis has {MOST_COLUMNS} columns at most"
        raise DesignError(f"{what} would have {columns} columns or more, and {most}; give a smaller number")


def whole(value: Any, what: str, least: int) -> int:
    """A setting that has to be a whole number."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not number or value != int(value) or value < least:
        raise DesignError(f"{what} is {value!r}; it must be a whole number, {least} or more")
    return int(value)
