"""Lines of a mixed model by group, with the typical line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.effects.adjusted.from_model import (
    back_and_notes,
    basis_for,
    mean_offset,
    response_variable,
    variables_for,
)
from mixedmodels.effects.adjusted.lines import number_values
from mixedmodels.effects.adjusted.predictions import Scale, predict_layout
from mixedmodels.effects.adjusted.variables import Variables
from mixedmodels.effects.pooling.estimates import group_index
from mixedmodels.effects.pooling.record import laid_lines, need_groups
from mixedmodels.tables.long_table import LongTable
from mixedmodels.tables.result_table import ShownAsTable


@dataclass(frozen=True, repr=False, kw_only=True)
class GroupLines(ShownAsTable):
    """Lines of a mixed model by group, with the typical line.

    Attributes
    ----------
    columns : dict of str
        Columns: line ("group" or "typical"), group ("" of the typical line), x, predicted, and of the typical line
        conf_low, conf_high.
    group, x : str
        Names of the grouping factor and of the number.
    title : str
        First line in print.
    kind : str, default "pandas"
        Library of tables.

    Examples
    --------
    >>> lines = fit.group_lines("Days", points=2)
    >>> lines.group, lines.x
    ('Subject', 'Days')
    """

    columns: dict[str, Any]
    group: str
    x: str
    title: str
    kind: Any = "pandas"

    @cached_property
    def table(self) -> LongTable:
        """The printed table."""
        return LongTable(columns=self.columns, title=self.title, kind=self.kind)

    def __getitem__(self, column: str) -> Any:
        return self.table[column]

    def __len__(self) -> int:
        return len(self.table)


def group_lines(
    model: Any,
    x: str,
    group: str | None,
    values: Any,
    span: str,
    points: int,
    condition: Any,
    typical: Any,
    scale: str,
    level: float,
) -> GroupLines:
    """See `PoolingVerbs.group_lines`."""
    need_groups(model, "group_lines()")
    variables = variables_for(model)
    place = group_index(model.design, group)
    factor = model.design.groups[place]
    offset = mean_offset(model, variables)
    rows = laid_lines(
        variables=variables,
        group=factor.name,
        x=x,
        values=values,
        span=span,
        points=points,
        typical=typical,
        condition=condition,
        offset=offset,
    )
    basis, _, _ = basis_for(model, "normal")
    back, _ = back_and_notes(model, scale, True)
    by_group = predict_layout(model._fit, basis, rows.layout, Scale(back), random=True)
    along = _values_of_all(variables, x, values, points)
    typical_line = model.ggpredict({x: along}, condition=condition, typical=typical, scale=scale, level=level)
    r, t = len(rows.x), len(typical_line)
    nothing = np.full(r, np.nan)
    columns = {
        "line": ["group"] * r + ["typical"] * t,
        "group": [*(factor.levels.labels[c] for c in rows.codes), *[""] * t],
        "x": np.concatenate([rows.x, np.asarray(typical_line["x"], dtype=float)]),
        "predicted": np.concatenate([by_group.predicted, typical_line.predicted]),
        "conf_low": np.concatenate([nothing, typical_line.conf_low]),
        "conf_high": np.concatenate([nothing, typical_line.conf_high]),
    }
    title = f"Lines of {response_variable(model)} along {x} by {factor.name}, and the typical line"
    if typical_line.method is not None:
        title += f" with its {100 * level:g}% interval ({typical_line.method})"
    return GroupLines(columns=columns, group=factor.name, x=x, title=title, kind=model._source.kind)


def _values_of_all(variables: Variables, x: str, values: Any, points: int) -> Vector | Sequence[float]:
    x = variables.meant(x)
    own = number_values(variables, x)
    return np.linspace(own.min(), own.max(), points) if values is None else np.atleast_1d(np.asarray(values, float))
