"""A grid of values as a table of the caller's library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mixedmodels import frame
from mixedmodels.effects.adjusted.from_model import variables_of_components
from mixedmodels.effects.marginal.grids import grid_columns
from mixedmodels.effects.marginal.rows import own_rows, shown_values


def data_grid(model: Any, values: Mapping[str, Any], how: str) -> Any:
    """The grid of these values, other variables at mean or mode; see `MarginalVerbs.datagrid`."""
    model._need_rows("a grid at means of the data")
    variables = variables_of_components(model)
    columns = grid_columns(variables, own_rows(model, variables).table, values, how)
    return frame.to_kind({name: shown_values(column) for name, column in columns.items()}, model._source.kind)
