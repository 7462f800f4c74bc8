"""A value for each row used, by a column's name or as given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels._names import meant, text_of
from mixedmodels.frame import Column, Factor
from mixedmodels.frame.columns import length, take

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel


def row_column(model: FittedModel, variable: Any, what: str) -> Column:
    """Values of the rows used.

    Parameters
    ----------
    variable : str or array_like
        Name of a grouping factor or of a column of the model's table; or one value per row used or per row of the
        table.
    what : str
        Name of the argument, for messages.

    Raises
    ------
    DataError
        If there is no such column, or the length is wrong.
    """
    used = model._rows.numbers
    variable = text_of(variable)
    if isinstance(variable, str):
        name = meant(variable, (group.name for group in model.design.groups))
        for group in model.design.groups:
            if group.name == name:
                return Factor(np.asarray(group.codes, dtype=np.int32), group.levels)
        assert model._request is not None
        return take(frame.read(model._request.data).column(variable), used)
    column = frame.any_column(what, model._rows.aligned(variable, what))
    rows = model._rows.matched(length(column), what)
    return column if isinstance(rows, slice) else take(column, rows)
