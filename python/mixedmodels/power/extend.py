"""A plan with more or fewer levels, or rows within cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels import formula as formulas
from mixedmodels import frame
from mixedmodels._names import meant
from mixedmodels.design.new_levels import on_own_levels
from mixedmodels.errors import DataError
from mixedmodels.fitted.request import Source
from mixedmodels.formula.nodes import column_names
from mixedmodels.frame import Numeric, Table, as_factor
from mixedmodels.power.planned_model import PlannedModel, fit_of_part
from mixedmodels.simulate import extend_rows
from mixedmodels.simulate.extend_rows import Axis

if TYPE_CHECKING:
    from mixedmodels.frame import Kind


def extended(plan: PlannedModel, along: str | None, within: Any, n: Any, values: Any) -> PlannedModel:
    """A planned model over rows extended along a variable or within cells."""
    _one_of(along, within)
    along = _own(plan, along)
    data = _rows_of(plan, [along] if along else list(extend_rows.factor_names(within)))
    table = frame.read(data)
    if along is not None:
        _refuse_fixed_factor(plan, table, along)
        change = extend_rows.extended_along(table, along, n, values, _grouping(plan, table, along))
    else:
        change = extend_rows.extended_within(table, extend_rows.factor_names(within), n, values)
    new = frame.with_columns(frame.take_rows(data, change.rows), change.columns)
    return _laid_over(plan, new, change.rows)


def axis(plan: PlannedModel, along: str | None, within: Any, sizes: Any) -> tuple[PlannedModel, Axis]:
    """The plan of the largest size, and where the rows of the others are in it."""
    along = _own(plan, along)
    if along is None and within is None:
        along = _own(plan, plan.design.groups[0].name) if plan.design.groups else None
        if along is None or along not in frame.read(plan._request.data):
            raise DataError("give along=, a variable that gets more values, or within=, cells that get more rows.")
    _one_of(along, within)
    names = None if within is None else extend_rows.factor_names(within)
    table = _used(plan, [along] if along else list(names or ()))
    there = (
        int(extend_rows.replicates_within(table, names).max()) + 1
        if names is not None
        else len(extend_rows.levels_along(table, str(along))[1].levels)
    )
    wanted = extend_rows.tidy_sizes(there) if sizes is None else _checked_sizes(sizes)
    if max(wanted) > there:
        plan = extended(plan, along, within, max(wanted), None)
        table = _used(plan, [along] if along else list(names or ()))
    numeric = (
        isinstance(table.column(along), Numeric) and along not in _grouping(plan, table, along) if along else False
    )
    return plan, extend_rows.axis_of(table, along, names, wanted, lambda _: bool(numeric))


def _checked_sizes(sizes: Any) -> tuple[int, ...]:
    if isinstance(sizes, int):
        sizes = [sizes]
    wanted = tuple(extend_rows.checked_size(s, "a size") for s in sizes)
    if not wanted or len(set(wanted)) < len(wanted):
        raise DataError(f"sizes are {list(wanted)}; give at least one, each once.")
    return wanted


def _own(plan: PlannedModel, along: Any) -> Any:
    """The name of a column as the table has it."""
    return along if along is None else meant(along, frame.read(plan._request.data).names)


def _one_of(along: str | None, within: Any) -> None:
    if (along is None) == (within is None):
        raise DataError("give one of along=, a variable that gets more values, and within=, cells that get more rows.")


def _rows_of(plan: PlannedModel, more: Sequence[str]) -> Any:
    """The rows used of the columns that the right side and `more` name, in the kind that came in."""
    request = plan._request
    table = frame.read(request.data)
    formula = formulas.parse(plan.formula)
    texts = [t for t in (request.weights, request.offset) if isinstance(t, str)]
    named = [*column_names(formula.right), *(n for t in texts for n in column_names(formulas.parse(f"~ {t}").right))]
    names = [n for n in dict.fromkeys([*named, *more]) if n in table]
    missing = [n for n in more if n not in table]
    if missing:
        table.column(missing[0])  # whose error offers the nearest name
    data = (
        frame.as_pandas(request.data)[names]
        if table.kind in ("pandas", "dict", "duckdb")
        else frame.rows_at_hand(request.data).select(names)
    )
    return frame.take_rows(data, plan._rows.numbers)


def _used(plan: PlannedModel, more: Sequence[str]) -> Table:
    return frame.read(_rows_of(plan, more))


def _grouping(plan: PlannedModel, table: Table, along: str) -> tuple[str, ...]:
    """Grouping columns that the fixed effects do not use and whose levels belong to one level of `along` each."""
    formula = formulas.parse(plan.formula)
    fixed = {name for node in formula.fixed.variables_used().values() for name in column_names(node)}
    for bar in formula.random:
        fixed |= {name for node in bar.effects.variables_used().values() for name in column_names(node)}
    names = {name for bar in formula.random for node in bar.factors for name in column_names(node)}
    places = extend_rows.levels_along(table, along)[0]
    groups = []
    for name in sorted(names - fixed):
        codes = as_factor(table.column(name)).codes.astype(np.int64)
        pairs = np.unique(np.column_stack([codes, places]), axis=0)
        if name == along or (name in table and len(pairs) == len(np.unique(codes))):
            groups.append(name)
    return tuple(groups)


def _refuse_fixed_factor(plan: PlannedModel, table: Table, along: str) -> None:
    formula = formulas.parse(plan.formula)
    fixed = {name for node in formula.fixed.variables_used().values() for name in column_names(node)}
    if along in fixed and not isinstance(table.column(along), Numeric):
        raise DataError(
            f"{along!r} is a factor of the fixed effects, and a new level would need a coefficient; extend along a "
            "grouping factor or a number, or within cells."
        )


def _laid_over(plan: PlannedModel, data: Any, rows: NDArray[np.intp]) -> PlannedModel:
    """The plan over new rows, each a copy of an old one, with the bases and contrasts that it had."""
    request = plan._request
    offset = _array_at(plan, request.offset, rows)
    table = frame.read(data)
    design = on_own_levels(plan.design.spec, table, offset=offset, env=request.env)
    weights = None if plan.design.weights is None else plan.design.weights[rows]
    values = request.weights if isinstance(request.weights, str) else weights
    design = replace(
        design,
        formula=plan.design.formula,
        response_name=plan.design.response_name,
        weights=weights,
    )
    kind: Kind = "pandas" if table.kind in ("dict", "duckdb") else table.kind
    new = replace(
        request, data=data, weights=values, offset=offset if offset is not None else request.offset, subset=None
    )
    fit = fit_of_part(design, plan._method, plan._parameters, plan._fit.kept)
    return PlannedModel(fit, design, Source(kind, table.index), new, plan._method, observed=plan._observed)


def _array_at(plan: PlannedModel, values: Any, rows: NDArray[np.intp]) -> Any:
    """An argument that was an array at the new rows; None where it is a text, a number, or not there."""
    if values is None or isinstance(values, (str, int, float)):
        return None
    return np.asarray(values)[plan._rows.numbers][rows]
