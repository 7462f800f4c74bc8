"""Further linear predictors of a model, of zero inflation and of the dispersion, over the rows of the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mixedmodels.design import checks
from mixedmodels.design.arguments import pick
from mixedmodels.design.evaluate import Scope
from mixedmodels.design.predictor_columns import predictor_columns
from mixedmodels.design.records import Component, Design
from mixedmodels.design.rows import UsedRows, refuse_infinite
from mixedmodels.design.values import Array, Value, drop_unused
from mixedmodels.errors import DataError, DesignError
from mixedmodels.formula import Formula
from mixedmodels.frame import Factor, Numeric, Table

ARGUMENTS: dict[Component, str] = {"cond": "formula", "zi": "ziformula", "disp": "dispformula"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FurtherPredictor:
    """The variables of a further linear predictor over the whole table.

    Attributes
    ----------
    component : {"zi", "disp"}
        What the predictor is of.
    plan : Formula
        Its formula, one-sided.
    scope : Scope
        Names and states of its variables.
    values : mapping of str to Value
        Its variables, those of offsets left out.
    offset : ndarray or None
        Sum of the ``offset()`` terms.
    """

    component: Component
    plan: Formula
    scope: Scope
    values: Mapping[str, Value]
    offset: Array | None

    def needed(self) -> dict[str, Value]:
        """What no row that is used may lack, by its name in messages."""
        offset = {} if self.offset is None else {self._offset_name: Numeric(self.offset)}
        return {**self.values, **offset}

    @property
    def _offset_name(self) -> str:
        return f"the offset of {ARGUMENTS[self.component]}"

    def design(self, rows: UsedRows, contrasts: Mapping[str, Any], whole: Design) -> Design:
        """The design of this predictor over the rows that the whole model uses."""
        values = {text: rows.of(value) for text, value in self.values.items()}
        offset = pick(self.offset, rows.positions)
        for what, value in values.items():
            if what in rows.suspects and not isinstance(value, Factor):
                refuse_infinite(value.values, repr(what), rows)
        if offset is not None and self._offset_name in rows.suspects:
            refuse_infinite(offset, self._offset_name, rows)
        values = {text: drop_unused(v) if isinstance(v, Factor) else v for text, v in values.items()}
        own = {name: coding for name, coding in contrasts.items() if name in self.plan.fixed.variables_used()}
        if own:
            checks.contrasts(own, values, self.plan.fixed.variables_used())
        fixed, part, spec = predictor_columns(self.plan, values, self.scope, contrasts=own, by_levels=False)
        if not fixed.columns and not part.terms and self.component == "disp":
            raise DesignError(
                f"dispformula {self.plan.text!r} leaves no residual variance, which glmmTMB uses to say that a random "
                "term is the residual; give '~1', or fit a linear model with a known residual standard deviation by "
                "lmer(..., sigma=)."
            )
        if not fixed.columns and not part.terms:
            raise DesignError(
                f"{ARGUMENTS[self.component]} {self.plan.text!r} has neither fixed nor random effects; give '~1' for a "
                "constant, or leave the argument out."
            )
        return Design(
            formula=self.plan.text,
            response_name=whole.response_name,
            response=None,
            fixed=fixed,
            groups=part.groups,
            random=part.terms,
            weights=None,
            offset=offset,
            rows=rows.kept,
            n_table=rows.n_table,
            dropped=rows.dropped,
            na_action=whole.na_action,
            spec=spec,
            subset=whole.subset,
            component=self.component,
        )


def further_predictor(
    component: Component, plan: Formula, table: Table, env: Mapping[str, Any] | None
) -> FurtherPredictor:
    """Evaluate the variables of a further linear predictor.

    Raises
    ------
    DesignError
        If the formula has a response.
    FormulaError, UnknownColumnError, DataError
    """
    checks.formula(plan, "allowed")
    if plan.left is not None:
        raise DesignError(f"{ARGUMENTS[component]} {plan.text!r} has a left side; write '~ ...' alone.")
    scope = Scope(table, env, {}, source=plan.source)
    values: dict[str, Value] = {text: scope.value(node, text) for text, node in plan.variables.items()}
    offset = None
    for text, _ in plan.offset_texts:
        value = values.pop(text)
        if not hasattr(value, "values") or value.values.ndim != 1:
            raise DataError(f"{text} in {ARGUMENTS[component]} is not one number per row; an offset must be a number.")
        offset = value.values if offset is None else offset + value.values
    return FurtherPredictor(component=component, plan=plan, scope=scope, values=values, offset=offset)
