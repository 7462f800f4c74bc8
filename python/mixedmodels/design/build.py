"""Build a `Design` from a formula and a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixedmodels._names import by_meant
from mixedmodels._spellings import recased
from mixedmodels.design import checks
from mixedmodels.design.arguments import check_weights, numbers, pick, subset_rows
from mixedmodels.design.evaluate import Scope
from mixedmodels.design.predictor_columns import predictor_columns
from mixedmodels.design.records import Component, Design
from mixedmodels.design.response import ResponseKind, as_response, event_of, refuse_on_both_sides
from mixedmodels.design.rows import refuse_infinite, used_rows
from mixedmodels.design.values import Array, Value, drop_unused
from mixedmodels.errors import DataError, DesignError
from mixedmodels.formula import Formula, expand_dot, parse, with_matrices
from mixedmodels.frame import Factor, Numeric, Table

if TYPE_CHECKING:
    from mixedmodels.design.further import FurtherPredictor

NaAction = Literal["omit", "exclude", "fail"]
Random = Literal["allowed", "required", "forbidden"]

R_ACTIONS = {f"na.{action}": action for action in ("omit", "exclude", "fail")}
_WEIGHTS, _OFFSET = "the weights", "the offset"  # no expression reads like these


def matrix_columns(name: str, parts: tuple[str, ...]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """A matrix of the table as a formula has it: its name, its columns, and the ends of their names."""
    return name, parts, tuple(part.removeprefix(name) for part in parts)


@np.errstate(over="ignore", invalid="ignore")
def build(
    formula: str | Formula,
    table: Table,
    *,
    weights: Any = None,
    offset: Any = None,
    subset: Any = None,
    contrasts: Mapping[str, Any] | None = None,
    na_action: NaAction = "omit",
    env: Mapping[str, Any] | None = None,
    random: Random = "allowed",
    response: ResponseKind = "number",
    residual: bool = True,
    zero_weights: bool = False,
    further: Mapping[Component, Formula] | None = None,
) -> Design:
    """Lay formula and table out as columns, codes and names.

    Parameters
    ----------
    formula : str or Formula
        Formula in R's language, as a text or as parsed by `formula.parse`.
    table : Table
        Table from `frame.read`.
    weights, offset, subset : str or array_like, optional
        Column name, text of an expression, or array with one value per row (for `subset` also integer positions).
    contrasts : mapping of str, optional
        Contrasts of factors: "treatment", "sum", "helmert", "poly", a matrix, or a table with named columns. As in lme4
        they apply to the fixed effects; random effects have the default contrasts.
    na_action : {"omit", "exclude", "fail"}, default "omit"
        Treatment of rows with a missing value: "omit", "exclude" or "fail".
    env : mapping of str, optional
        Further names that the table lacks: arrays, numbers, functions.
    random : {"allowed", "required", "forbidden"}, default "allowed"
        Whether the formula may, must or must not have random terms.
    response : {"number", "binomial"}, default "number"
        Kind of the response. With "binomial" it may be a factor too.
    residual : bool, default True
        Whether the model has a residual variance. It is not identified if there are as many random effects as rows.
    zero_weights : bool, default False
        Whether a weight may be 0.
    further : mapping of str to Formula, optional
        One-sided formulas of further linear predictors, "zi" and "disp". A row is used where all of them have values.

    Raises
    ------
    FormulaError, DataError, UnknownColumnError, DesignError
    """
    if table.n_rows == 0:
        raise DataError("the table has no rows; a model needs data to be fitted to")

    # 1. The formula.
    plan = _for_table(formula if isinstance(formula, Formula) else parse(formula), table)
    checks.formula(plan, random)
    na_action = recased(na_action, ("omit", "exclude", "fail"), R_ACTIONS)
    if na_action not in ("omit", "exclude", "fail"):
        raise DesignError(f"na_action is {na_action!r}; it is one of 'omit', 'exclude', 'fail'")

    # 2. Every variable over the whole table, so that scale(x) does not depend on other columns' missing values.
    scope = Scope(table, env, {}, source=plan.source)
    values: dict[str, Value] = {text: scope.value(node, text) for text, node in plan.variables.items()}
    w = numbers(scope, weights, "weights")
    extra = _offset(scope, plan, values, offset)
    needed = dict(values)
    y = event = None
    if plan.left is not None:
        assert plan.response is not None
        refuse_on_both_sides(plan)
        needed[plan.response] = scope.value(plan.left, plan.response)
    if w is not None:
        needed[_WEIGHTS] = Numeric(w)
    if extra is not None:
        needed[_OFFSET] = Numeric(extra)
    others = [_further(component, other, table, env) for component, other in (further or {}).items()]
    for predictor in others:
        needed.update(predictor.needed())

    # 3. Rows: the subset, less those with a missing value.
    chosen = subset_rows(scope, subset)
    rows = used_rows(needed, table.n_rows, chosen, na_action)
    if rows.positions is not None:
        needed = {what: rows.of(value) for what, value in needed.items()}
        values = {text: needed[text] for text in values}
        w, extra = pick(w, rows.positions), pick(extra, rows.positions)
    if plan.left is not None:
        assert plan.response is not None
        y = as_response(needed[plan.response], plan.response, response)
        event = event_of(needed[plan.response], response, w is not None)
    for what in rows.suspects:
        value = needed[what]
        if what != _WEIGHTS and not isinstance(value, Factor):
            shown = f"the response {what!r}" if what == plan.response else what if what == _OFFSET else repr(what)
            refuse_infinite(value.values, shown, rows)
    if w is not None:
        check_weights(w, rows.position, zeros=zero_weights)

    # 4. Fixed columns, grouping factors, random terms.
    values = {text: drop_unused(v) if isinstance(v, Factor) else v for text, v in values.items()}
    if contrasts is not None and not isinstance(contrasts, Mapping):
        raise DesignError(f"contrasts are {contrasts!r:.60}; give a mapping from factors, as {{'f': 'sum'}}.")
    shared = by_meant(contrasts, needed) if contrasts else {}
    contrasts = _own_contrasts(shared, plan, others)
    if contrasts:
        checks.contrasts(contrasts, values, plan.fixed.variables_used())
    fixed, part, spec = predictor_columns(
        plan,
        values,
        scope,
        contrasts=contrasts,
        offset=offset if isinstance(offset, str) or offset is None else True,
        by_levels=further is None,
    )
    n = len(y) if y is not None else (rows.n_table - rows.dropped)
    if random == "required":
        checks.identified(part.groups, part.terms, n, residual)
        if residual and response == "number" and y is not None and y.ndim == 1:
            checks.varies(y, plan)
    checks.warn_of_seconds(plan, values)
    design = Design(
        formula=plan.text,
        response_name=plan.response or "",
        response=y,
        fixed=fixed,
        groups=part.groups,
        random=part.terms,
        weights=w,
        offset=extra,
        rows=rows.kept,
        n_table=rows.n_table,
        dropped=rows.dropped,
        na_action=na_action,
        spec=spec,
        subset=chosen,
        event=event,
    )
    if not others:
        return design
    return replace(design, further=tuple([predictor.design(rows, shared, design) for predictor in others]))


def _for_table(plan: Formula, table: Table) -> Formula:
    """The formula with the table's columns in place of ``.``, and of its matrices."""
    if plan.has_dot:
        plan = expand_dot(plan, table.variables)
    if table.matrices:
        plan = with_matrices(plan, [matrix_columns(name, parts) for name, parts in table.matrices.items()])
    return plan


def _further(component: Component, plan: Formula, table: Table, env: Mapping[str, Any] | None) -> FurtherPredictor:
    from mixedmodels.design.further import further_predictor

    return further_predictor(component, _for_table(plan, table), table, env)


def _own_contrasts(contrasts: Mapping[str, Any], plan: Formula, others: list[FurtherPredictor]) -> Mapping[str, Any]:
    """Contrasts but those of factors that only further predictors have."""
    if not contrasts or not others:
        return contrasts
    elsewhere = {text for predictor in others for text in predictor.plan.fixed.variables_used()}
    here = plan.fixed.variables_used()
    return {name: coding for name, coding in contrasts.items() if name in here or name not in elsewhere}


def _offset(scope: Scope, plan: Formula, values: dict[str, Value], argument: Any) -> Array | None:
    """The sum of the ``offset()`` terms and the argument."""
    total = numbers(scope, argument, "offset")
    for text, _ in plan.offset_texts:
        value = values.pop(text)
        if not hasattr(value, "values") or value.values.ndim != 1:
            raise DataError(f"{text} is not one number per row; an offset must be a number")
        total = value.values if total is None else total + value.values
    return total
