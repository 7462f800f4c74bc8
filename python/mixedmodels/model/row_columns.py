"""A value for each row used, by a column's name or as given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.frame import Column, Factor
from mixedmodels.report.residual_rows import length, take

if TYPE_CHECKING:
    from mixedmodels.model.base import Model


def row_column(model: Model, given: Any, what: str) -> Column:
    """Values of the rows used.

    Parameters
    ----------
    given : name of a grouping factor or of a column of the model's table; or one value per row used or per row of the
        table.
    what : the argument, for messages.

    Raises
    ------
    DataError
        If there is no such column, or the length is wrong.
    """
    used = model._rows.numbers
    if isinstance(given, str):
        for group in model.design.groups:
            if group.name == given:
                return Factor(np.asarray(group.codes, dtype=np.int32), group.levels)
        assert model._request is not None
        return take(frame.read(model._request.data).column(given), used)
    column = frame.any_column(what, given)
    if length(column) == len(used):
        return column
    design = model.design
    lengths = {design.n_table: design.rows}
    if model._source.index is not None:
        lengths[len(model._source.index)] = design.positions
    rows = lengths.get(length(column))
    if rows is None:
        raise DataError(
            f"{what} has {length(column)} values, and the model uses {len(used)} rows of a table of {max(lengths)}; "
            "give one value for each."
        )
    return take(column, rows)
