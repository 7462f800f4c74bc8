"""The columns of one linear predictor: fixed effects, grouping factors, random terms, and their layout for new rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mixedmodels.design.coding import Coder
from mixedmodels.design.evaluate import Scope
from mixedmodels.design.random_terms import RandomPart, random_part
from mixedmodels.design.records import FixedDesign
from mixedmodels.design.spec import Spec, kind_of
from mixedmodels.design.values import Value, remembered
from mixedmodels.formula import Formula


def predictor_columns(
    plan: Formula,
    values: Mapping[str, Value],
    scope: Scope,
    *,
    contrasts: Mapping[str, Any],
    offset: str | bool | None = None,
    by_levels: bool = True,
) -> tuple[FixedDesign, RandomPart, Spec]:
    """Lay the variables of a formula out as columns.

    Parameters
    ----------
    plan : Formula
        The formula.
    values : mapping of str to Value
        Its variables at the rows used, factors without unused levels.
    scope : Scope
        Names and states with which the variables were evaluated.
    contrasts : mapping of str
        Contrasts that the user chose, by factor.
    offset : str or bool, optional
        Text of the offset argument; True for an array.
    by_levels : bool, default True
        Whether random terms stand in lme4's order, by falling number of levels; else in that of the formula.
    """
    coder = Coder(values, {**contrasts, **scope.contrasts})
    names, columns, assign = coder.columns(plan.fixed)
    fixed = FixedDesign(
        names=tuple(names),
        columns=tuple(columns),
        assign=tuple(assign),
        terms=plan.fixed.labels,
        contrasts={t: c.kind for t, c in coder.codings.items()},
    )
    part = random_part(plan.random, values, by_levels)
    spec = Spec(
        formula=plan,
        kinds={text: kind_of(value) for text, value in values.items()},
        states=scope.states,
        contrasts=coder.codings,
        order=part.order,
        terms=tuple([(t.label, t.group) for t in part.terms]),
        groups=part.specs,
        offset=offset,
        env={name: remembered(name, value) for name, value in scope.taken.items()},
    )
    return fixed, part, spec
