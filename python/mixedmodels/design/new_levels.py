"""The layout of new rows by a fit's design, with grouping factors that have the levels of these rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mixedmodels.design.evaluate import Scope
from mixedmodels.design.new_data import on_new_data
from mixedmodels.design.random_terms import random_part
from mixedmodels.design.records import Design, GroupingFactor
from mixedmodels.design.spec import Spec
from mixedmodels.design.values import with_names
from mixedmodels.frame import Table


def on_own_levels(spec: Spec, table: Table, *, offset: Any = None, env: Any = None) -> Design:
    """Lay new rows out with the bases and contrasts of a fit; their groups may have new levels.

    Parameters
    ----------
    spec : Spec
        Specification of the fitted design.
    table : Table
        Table from `frame.read`, without missing values in the variables of the right side.
    offset : str or array_like, optional
        Offset of the new rows, which replaces the fit's offset argument. It is needed if that was an array.
    env : mapping of str, optional
        Names that the table does not have.

    Raises
    ------
    UnknownColumnError, DataError
        If a column is not there, a value is missing, or a factor of the fixed effects has a new level.
    """
    new = on_new_data(spec, table, na_action="fail", offset=offset, env=env)
    if not new.random:
        return new
    bars = [spec.formula.random[bar] for bar, _ in spec.order]
    scope = Scope(table, with_names(spec.env, env), dict(spec.states), fitted=True, source=spec.formula.source)
    nodes: dict[str, Any] = {}
    for bar in bars:
        nodes.update(bar.effects.variables_used())
        nodes.update(zip(bar.factor_names, bar.factors, strict=True))
    part = random_part(spec.formula.random, {text: scope.value(node, text) for text, node in nodes.items()})
    own = {g.name: g for g in part.groups}
    groups = tuple(GroupingFactor(g.name, own[g.name].codes, own[g.name].levels) for g in new.groups)
    return replace(new, groups=groups)
