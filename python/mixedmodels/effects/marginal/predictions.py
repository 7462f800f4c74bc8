"""Predictions of rows, or their averages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from math import prod
from typing import Any

import numpy as np

from mixedmodels._names import by_meant, listed
from mixedmodels.effects.adjusted.from_model import variables_of_components
from mixedmodels.effects.adjusted.grid import LIMIT
from mixedmodels.effects.adjusted.variables import Variables
from mixedmodels.effects.marginal.grids import is_binary, shortcut, values_of_variable
from mixedmodels.effects.marginal.groups import averages, groups_of
from mixedmodels.effects.marginal.hypotheses import about, estimates_of
from mixedmodels.effects.marginal.means import MeanFunction
from mixedmodels.effects.marginal.record import MarginalTable
from mixedmodels.effects.marginal.request import Request, checked, footer_of, mean_of, tests_of
from mixedmodels.effects.marginal.rows import Rows, rows_for, shown_values
from mixedmodels.effects.marginal.statistics import TRANSFORMS, result
from mixedmodels.errors import DataError
from mixedmodels.estimates.linear_functions import Level
from mixedmodels.estimates.predictors import column_like, take_rows
from mixedmodels.frame import Numeric

FEW = 6  # distinct values from which a number is summarised


def marginal_predictions(model: Any, request: Request) -> MarginalTable:
    """Predictions of the rows of a request, or averages of them."""
    request = checked(model, request, default=_default_type(model, request))
    if request.wts is not None and request.wts is not False and not request.averaged:
        raise DataError("wts= weights averages over rows; ask for some: by=True, or names of columns.")
    means = mean_of(model, request)
    variables = variables_of_components(model)
    by = request.names
    rows = rows_for(model, variables, request.newdata, by, request.wts)
    if request.variables is not None:
        rows = counterfactual(variables, rows, request.variables)
    jet = means.at(rows.table, rows.offset)
    lost = int(np.isnan(jet.value).sum())
    if request.averaged:
        groups = groups_of(rows, by)
        estimates = estimates_of(averages(jet, groups, rows.weights), groups.columns)
        more: dict[str, Any] = {}
    else:
        labels = {name: shown_values(rows.table.column(name)) for name in rows.shown}
        estimates = estimates_of(jet, {"rowid": rows.numbers, **labels})
        more = {} if request.hypothesis is not None else data_columns(variables, rows, estimates.columns)
    return result(
        about(estimates, request.hypothesis),
        tests_of(means, request),
        level=request.level,
        title="Average predictions" if request.averaged else "Predictions",
        footer=footer_of(means, request, lost, estimates.jet.value),
        kind=model._source.kind,
        transform=_transform(means, request),
        equivalence=request.equivalence,
        more=more,
        hidden=tuple(more),
    )


def _default_type(model: Any, request: Request) -> str:
    """As marginaleffects: limits of single predictions of a glm come from the linear predictor."""
    plain = not request.averaged and request.hypothesis is None and request.equivalence is None
    return "invlink(link)" if plain and _comes_back(model) else "response"


def _comes_back(model: Any) -> bool:
    return bool(model._fit.generalized and not model._fit.mixed and model.family.link != "identity")


def _transform(means: MeanFunction, request: Request) -> Any:
    """The way to the response, followed by what the caller gave."""
    family = means.model.family
    if request.type != "invlink(link)" or family.link == "identity":
        return request.transform
    if request.hypothesis is not None or request.equivalence is not None:
        raise DataError(
            "type='invlink(link)' tests on the scale of the linear predictor and shows another; take type='response' "
            "or type='link' with a hypothesis."
        )
    then = TRANSFORMS.get(request.transform) if isinstance(request.transform, str) else request.transform
    if request.transform is not None and not callable(then):
        raise DataError(f"transform is {request.transform!r}; it is 'exp', 'ln' or a function of arrays.")
    return family.mean if then is None else lambda eta: then(family.mean(eta))


def data_columns(variables: Variables, rows: Rows, shown: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of the model at the rows, beside what is shown of them."""
    names = [name for name in variables.columns if name not in shown and name in rows.table]
    return {name: shown_values(rows.table.column(name)) for name in names}


def counterfactual(variables: Variables, rows: Rows, wanted: Any) -> Rows:
    """The rows once for each combination of values of some variables.

    Parameters
    ----------
    wanted : str, sequence of str or mapping of str
        Names, or names with values.

    Raises
    ------
    UnknownColumnError, DataError
    """
    named = by_meant(wanted if isinstance(wanted, Mapping) else dict.fromkeys(listed(wanted)), variables.columns)
    variables.check(named, "variables")
    values = {name: _values(variables, name, given) for name, given in named.items()}
    times = prod(len(v) for v in values.values())
    if times * len(rows) > 50 * LIMIT:
        counts = ", ".join(f"{name} {len(v)}" for name, v in values.items())
        raise DataError(
            f"{len(rows)} rows with every combination of values make {times * len(rows)}, more than {50 * LIMIT}; "
            f"ask for fewer values, or newdata='mean'. Now: {counts}."
        )
    combinations = list(product(*values.values()))
    place = np.repeat(np.arange(times, dtype=np.intp), len(rows))
    columns = {
        name: take_rows(column_like(variables.columns[name], [row[j] for row in combinations]), place)
        for j, name in enumerate(values)
    }
    return rows.repeated(times, columns)


def _values(variables: Variables, name: str, given: Any) -> list[Level]:
    column = variables.columns[name]
    if not variables.is_number(name):
        return variables.levels(name) if given is None else values_of_variable(variables, name, column, given)
    assert isinstance(column, Numeric)
    if isinstance(given, str):
        return [*shortcut(name, given, column.values)]
    if given is not None:
        return values_of_variable(variables, name, column, given)
    own = variables.levels(name)
    if is_binary(column):
        return [0.0, 1.0]
    return own if len(own) < FEW else [*dict.fromkeys(shortcut(name, "fivenum", column.values))]


def average(request: Request) -> Request:
    """The request of averages: by the variables that are set to values, unless it says otherwise."""
    if request.by is not True or request.variables is None:
        return request
    variables = request.variables
    return replace(request, by=list(listed(variables)))
