"""Slopes of a model along a moderator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.effects.adjusted.from_model import basis_for, mean_offset, variables_for
from mixedmodels.effects.adjusted.grid import lay_out
from mixedmodels.effects.adjusted.johnson_neyman import slope_regions
from mixedmodels.effects.adjusted.johnson_neyman_text import JohnsonNeyman
from mixedmodels.effects.adjusted.lines import number_values
from mixedmodels.effects.adjusted.variables import Variables
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald
from mixedmodels.estimates.predictors import column_like
from mixedmodels.frame import Column, Numeric, label

STEP = 1e-3  # of a variable's range, over which a slope that bends is taken
STRAIGHT = 1e-7  # relative difference of slopes over the whole range and over a step that is rounding


def johnson_neyman(
    model: Any, variable: str, moderator: str, condition: Any, typical: Any, level: float, ddf: Any, points: int
) -> JohnsonNeyman:
    """See `AdjustedVerbs.johnson_neyman`."""
    wald.check_level(level)
    model._need_rows("Johnson-Neyman intervals")
    variables = variables_for(model)
    variable, moderator = variables.meant(variable), variables.meant(moderator)
    variables.check([variable], "variable")
    values = number_values(variables, moderator)
    if variable == moderator:
        raise DataError(f"{variable!r} cannot moderate itself; name another number.")
    for name in (variable, moderator):
        if name not in variables.fixed:
            raise DataError(f"{name!r} is not among the fixed effects, so that there is no slope to test.")
    if points < 2:
        raise DataError(f"points is {points}; slopes along a moderator need 2 at least.")
    held = _held(model, variables, (variable, moderator), condition or {}, typical)
    basis, method, notes = basis_for(model, ddf)
    whole = _slope_rows(model, variables, variable, moderator, held)
    ends = whole(np.array([values.min(), values.max()]))
    if not basis.estimable(ends).all():
        raise DataError(
            f"the data do not determine the slope of {variable!r} at {shown(held)}; hold other variables by condition=."
        )
    kept = list(basis.kept)

    def rows(w: Vector) -> Matrix:
        return np.asarray(whole(w)[:, kept])

    at = np.linspace(values.min(), values.max(), points)
    if at[0] == at[-1]:
        raise DataError(f"{moderator!r} has one value only, {at[0]:g}, so that a slope cannot change along it.")
    regions = slope_regions(rows, basis.coefficients, at, level)
    what = "slope" if variables.is_number(variable) else "difference"
    observed = (float(values.min()), float(values.max()))
    return JohnsonNeyman(
        variable=variable,
        moderator=moderator,
        regions=regions,
        observed=observed,
        level=level,
        slope_of=what,
        notes=(*([] if method is None else [f"Degrees-of-freedom method: {method}"]), *notes),
        kind=model._source.kind,
    )


def _held(model: Any, variables: Variables, focal: tuple[str, ...], condition: Any, typical: Any) -> dict[str, Any]:
    """All other variables at one value."""
    from mixedmodels.effects.adjusted.grid import make_grid
    from mixedmodels.effects.adjusted.terms import Term, Values

    first = Term(focal[1], Values((float(variables.typical(focal[1])),)))
    constants = dict(make_grid(variables, [first], condition=condition, typical=typical).constants)
    if focal[0] in condition:
        raise DataError(f"{focal[0]!r} is what varies, so that condition= cannot hold it.")
    constants.pop(focal[0], None)
    return constants


def shown(held: dict[str, Any]) -> str:
    """Variables and where they are held, in words."""
    return ", ".join(f"{name} = {label(value)}" for name, value in held.items()) or "its values"


def _slope_rows(
    model: Any, variables: Variables, variable: str, moderator: str, held: dict[str, Any]
) -> Callable[[Vector], Matrix]:
    """The function from values of the moderator to rows of X, shape (k, P), that make the slope."""
    offset = mean_offset(model, variables)

    def laid(x: Any, w: Vector) -> Matrix:
        columns: dict[str, Column] = {n: column_like(variables.columns[n], [v] * len(w)) for n, v in held.items()}
        columns[moderator] = Numeric(w)
        columns[variable] = column_like(variables.columns[variable], [x] * len(w))
        return lay_out(variables, columns, len(w), offset).rows

    if not variables.is_number(variable):
        levels = variables.levels(variable)
        if len(levels) != 2:
            raise DataError(
                f"{variable!r} is a factor of {len(levels)} levels, and an interval is of one difference; take a "
                "factor of two levels, or emtrends() for slopes by level."
            )
        return lambda w: np.asarray(laid(levels[1], w) - laid(levels[0], w))
    values = number_values(variables, variable)
    low, high, middle = float(values.min()), float(values.max()), float(variables.typical(variable))
    if low == high:
        raise DataError(f"{variable!r} has one value only, {low:g}, so that it has no slope.")
    step = STEP * (high - low) / 2

    def slopes(w: Vector) -> Matrix:
        near = (laid(middle + step, w) - laid(middle - step, w)) / (2 * step)
        whole = (laid(high, w) - laid(low, w)) / (high - low)
        straight = np.abs(near - whole) <= STRAIGHT * np.maximum(np.abs(whole).max(axis=0), 1e-300)
        return np.asarray(np.where(straight.all(axis=0), whole, near))

    return slopes
