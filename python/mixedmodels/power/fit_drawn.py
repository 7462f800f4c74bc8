"""Fitted models of responses that were drawn from a plan."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import formula as formulas
from mixedmodels import frame
from mixedmodels._typing import Vector
from mixedmodels.errors import MixedModelsWarning
from mixedmodels.fitted import registry
from mixedmodels.formula.nodes import Name

if TYPE_CHECKING:
    from mixedmodels.fitted.request import Request
    from mixedmodels.power.planned_model import PlannedModel

NAME = "response"  # of one that the formula does not name by a single word


def model_of(plan: PlannedModel, response: Vector) -> Any:
    """The model that the plan would be fitted as, of one response; its table has the response as a column."""
    request = request_of(plan, response)
    return registry.fit_request(request, bool(plan.design.random), 4)


def quiet_model_of(plan: PlannedModel, response: Vector) -> Any:
    """The fitted model without warnings: where many are fitted, warnings are counted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MixedModelsWarning)
        return model_of(plan, response)


def request_of(plan: PlannedModel, response: Vector) -> Request:
    """The request for `lmer` and the others; proportions have their trials as weights."""
    request = plan._request
    table = frame.read(request.data)
    name = response_name(plan, table.names)
    right = plan.formula[plan.formula.index("~") :]
    data = frame.with_columns(request.data, {name: _whole(plan, response, table.n_rows)})
    weights = plan.design.weights
    return replace(
        request,
        formula=f"{formulas.show(Name(name))} {right}",
        data=data,
        weights=None if weights is None else _whole(plan, weights, table.n_rows),
        weights_name=None if weights is None else request.weights_name or "(array)",
        method=plan._method,
        start=None,
    )


def response_name(plan: PlannedModel, names: tuple[str, ...]) -> str:
    """The column of the response: the left side where that is a name, else one that is not taken."""
    left = formulas.parse(plan.formula).left
    if isinstance(left, Name):
        return left.name
    name = NAME
    while name in names:
        name += "_"
    return name


def _whole(plan: PlannedModel, values: Vector, n: int) -> Vector:
    """Values of the rows used among all rows of the table, NaN elsewhere."""
    if len(values) == n and plan.design.positions is None:
        return values
    out = np.full(n, np.nan)
    out[plan._rows.numbers] = values
    return out
