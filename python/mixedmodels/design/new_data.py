"""The layout of other rows by a fitted design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from mixedmodels.design.arguments import Rows, numbers, pick
from mixedmodels.design.coding import Coder
from mixedmodels.design.evaluate import Scope
from mixedmodels.design.groups import UNSEEN, recode
from mixedmodels.design.random_terms import term_columns
from mixedmodels.design.records import Design, FixedDesign, GroupingFactor, RandomTerm
from mixedmodels.design.response import ResponseKind, as_response
from mixedmodels.design.spec import FactorSpec, Spec
from mixedmodels.design.values import Array, Matrix, Value, describe, missing, nan_rows, row_count, take, with_names
from mixedmodels.errors import DataError, DesignError
from mixedmodels.formula.nodes import Node
from mixedmodels.frame import Factor, Logical, Numeric, Table, as_factor


@np.errstate(over="ignore", invalid="ignore")
def on_new_data(
    spec: Spec,
    table: Table,
    *,
    response: bool = False,
    na_action: Literal["pass", "omit", "fail"] = "pass",
    random: Sequence[int] | None = None,
    known_levels: Sequence[int] | None = None,
    offset: Any = None,
    env: Mapping[str, Any] | None = None,
    response_kind: ResponseKind = "number",
) -> Design:
    """Lay new rows out with the bases, levels and contrasts of a fit.

    Parameters
    ----------
    spec : Spec
        Specification of the fitted design.
    table : Table
        Table from `frame.read`.
    response : bool, default False
        Whether to evaluate the response too. It must then be in the table.
    na_action : {"pass", "omit", "fail"}, default "pass"
        "pass" keeps rows with missing values (NaN in columns, -2 in codes), "omit" leaves them out, "fail" raises.
    random : sequence of int, optional
        Indices of the random terms in the design's `random`; None for all, () for none. The table may lack columns that
        only other terms need.
    known_levels : sequence of int, optional
        Terms in `random` whose levels are needed; None for all. The table may lack grouping factors of other terms;
        their codes are -1.
    offset : str or array_like, optional
        Offset of the new rows, which replaces the fit's offset argument. It is needed if that was an array.
    env : mapping of str, optional
        Names that the table does not have, beside those that the fit remembers.

    Returns
    -------
    Design
        Its `random` has the chosen terms only. Codes of `groups` refer to the levels of the fit; -1 is a new level, -2
        a missing value.

    Raises
    ------
    UnknownColumnError, DataError
    """
    plan = spec.formula
    scope = Scope(table, with_names(spec.env, env), dict(spec.states), fitted=True, source=plan.source)
    wanted = range(len(spec.order)) if random is None else random
    bars = [plan.random[spec.order[i][0]] for i in wanted]

    # 1. Variables, with the factors' levels of the fit.
    nodes: dict[str, Node] = dict(plan.fixed.variables_used())
    for bar in bars:
        nodes.update(bar.effects.variables_used())
    offsets = {text: nodes.pop(text) for text, _ in plan.offset_texts}
    values = {text: _as_fitted(text, scope.value(node, text), spec.kinds[text]) for text, node in nodes.items()}
    codes, groups_used = _codes(spec, scope, wanted, wanted if known_levels is None else known_levels, table.n_rows)
    extra = _offset(spec, scope, offsets, offset)
    y = None
    if response:
        if plan.left is None:
            raise DesignError(f"{plan.text!r} has no response")
        y = as_response(scope.value(plan.left, plan.response or ""), plan.response or "", response_kind)

    # 2. Rows.
    rows, dropped = (None, 0) if na_action == "pass" else _complete(values, codes, y, extra, table.n_rows, na_action)
    if rows is not None:
        values = {text: take(value, rows) for text, value in values.items()}
        codes = [group[rows] for group in codes]
        y, extra = pick(y, rows), pick(extra, rows)

    # 3. Columns.
    coder = Coder(values, spec.contrasts)
    names, fixed_columns, assign = coder.columns(plan.fixed)
    fixed = FixedDesign(
        names=tuple(names),
        columns=tuple(fixed_columns),
        assign=tuple(assign),
        terms=plan.fixed.labels,
        contrasts={t: c.kind for t, c in spec.contrasts.items()},
    )
    place = {group: i for i, group in enumerate(groups_used)}
    plain = Coder(values, {})
    terms = []
    for i, bar in zip(wanted, bars, strict=True):
        label, group = spec.terms[i]
        for effect, text, effects, columns in term_columns(plain, bar, warn=False):
            if effect == spec.order[i][1]:
                terms.append(RandomTerm(label=label, text=text, group=place[group], effects=effects, columns=columns))
    return Design(
        formula=plan.text,
        response_name=plan.response or "",
        response=y,
        fixed=fixed,
        groups=tuple(
            GroupingFactor(spec.groups[g].name, c, spec.groups[g].levels)
            for g, c in zip(groups_used, codes, strict=True)
        ),
        random=tuple(terms),
        weights=None,
        offset=extra,
        rows=rows,
        n_table=table.n_rows,
        dropped=dropped,
        na_action=na_action,
        spec=spec,
    )


def with_states_of(spec: Spec, table: Table, env: Mapping[str, Any] | None = None) -> Spec:
    """The spec with the states of data-dependent calls, such as ``ns(x, 3)``, estimated from the rows of this table."""
    states: dict[str, Any] = {}
    scope = Scope(table, with_names(spec.env, env), states, source=spec.formula.source)
    for text, node in spec.formula.variables.items():
        scope.value(node, text)
    return replace(spec, states={**spec.states, **states})


def _as_fitted(text: str, value: Value, fitted_kind: Any) -> Value:
    """A new value as the kind of its variable at the fit; factors have the levels of the fit."""
    if row_count(value) == 0 and not isinstance(value, Matrix):
        return _without_rows(fitted_kind)
    if isinstance(fitted_kind, FactorSpec):
        if isinstance(value, Matrix):
            raise DataError(f"{text!r} was a factor at the fit and is {describe(value)} in the new data")
        factor = as_factor(value)
        codes = recode(factor, fitted_kind.levels)
        new = np.flatnonzero(codes == -1)
        if len(new):
            row = int(new[0])
            labels = ", ".join(repr(factor.levels.labels[c]) for c in dict.fromkeys(factor.codes[new].tolist()))
            fitted_labels = ", ".join(fitted_kind.levels.labels[:20])
            raise DataError(
                f"factor {text!r} has levels in the new data that the fit did not know: {labels} (first in row {row}); "
                f"its levels are {fitted_labels}{', ...' if len(fitted_kind.levels) > 20 else ''}"
            )
        codes[codes == -2] = -1
        return Factor(codes, fitted_kind.levels, fitted_kind.ordered)
    fits = {"numeric": Numeric, "logical": Logical, "matrix": Matrix}[fitted_kind]
    if fitted_kind == "logical" and isinstance(value, Numeric):
        present = value.values[~np.isnan(value.values)]  # truth values that miss some are numbers in some libraries
        if bool(np.isin(present, (0.0, 1.0)).all()):
            return Logical(value.values)
    if not isinstance(value, fits):
        raise DataError(
            f"{text!r} was {'a matrix' if fitted_kind == 'matrix' else fitted_kind} at the fit "
            f"and is {describe(value)} in the new data"
        )
    return value


def _without_rows(fitted_kind: Any) -> Value:
    """No values of the kind of the fit: an empty column has no type of its own in most libraries."""
    if isinstance(fitted_kind, FactorSpec):
        return Factor(np.empty(0, dtype=np.int32), fitted_kind.levels, fitted_kind.ordered)
    return Logical(np.empty(0)) if fitted_kind == "logical" else Numeric(np.empty(0))


def _codes(
    spec: Spec, scope: Scope, wanted: Sequence[int], coded: Sequence[int], n: int
) -> tuple[list[Any], list[int]]:
    """Codes of the groups of the `wanted` terms (-1 for groups without a `coded` term), and these groups."""
    used = list(dict.fromkeys(spec.terms[i][1] for i in wanted))
    needed = {spec.terms[i][1] for i in coded}
    nodes = {
        text: node for bar in spec.formula.random for text, node in zip(bar.factor_names, bar.factors, strict=True)
    }
    values: dict[str, Value] = {}
    codes = []
    for g in used:
        group = spec.groups[g]
        if g not in needed:
            codes.append(np.full(n, UNSEEN, dtype=np.int32))
            continue
        for text in group.factor_names:
            if text not in values:
                values[text] = scope.value(nodes[text], text)
        codes.append(group.codes([values[text] for text in group.factor_names], n))
    return codes, used


def _offset(spec: Spec, scope: Scope, offsets: Mapping[str, Node], argument: Any) -> Array | None:
    if argument is None:
        if spec.offset is True:
            raise DesignError(
                "the fit had an array as offset, which has no values for new rows; give their offset, "
                "or fit with offset() in the formula or a column name"
            )
        argument = spec.offset or None
    total = numbers(scope, argument, "offset")
    for text, node in offsets.items():
        value = scope.value(node, text)
        if not isinstance(value, (Numeric, Logical)):
            raise DataError(f"{text} is {describe(value)}; an offset must be a number")
        total = value.values if total is None else total + value.values
    return total


def _complete(
    values: Mapping[str, Value], codes: Sequence[Any], y: Array | None, offset: Array | None, n: int, na_action: str
) -> tuple[Rows | None, int]:
    """Rows without a missing value; None if these are all rows."""
    absent = np.zeros(n, dtype=np.bool_)
    for value in values.values():
        gone = missing(value)
        if gone is not None:
            absent |= gone
    for group in codes:
        absent |= group == -2
    for array in (y, offset):
        if array is not None:
            absent |= nan_rows(array)
    dropped = int(np.count_nonzero(absent))
    if dropped and na_action == "fail":
        raise DataError(f"{dropped} of {n} new rows miss a value, the first is row {int(np.flatnonzero(absent)[0])}")
    return (np.flatnonzero(~absent), dropped) if dropped else (None, 0)


def numbers_of(spec: Spec, table: Table, argument: Any, what: str) -> Array | None:
    """One number per row of a table, from a column name, an expression, a number or an array; None stays None."""
    scope = Scope(table, with_names(spec.env, None), dict(spec.states), fitted=True, source=spec.formula.source)
    return numbers(scope, argument, what)
