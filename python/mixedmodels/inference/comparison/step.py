"""Backward elimination of a linear (mixed) model's terms: random ones first, then fixed ones, as lmerTest's ``step``.

Each round takes away the term with the largest p-value above a limit and fits the rest again. Random terms are judged
by likelihood ratios (`ranova`), fixed ones by F tests of the terms that no other term holds (`drop1`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels.errors import DataError, SingularFitWarning
from mixedmodels.estimates.coefficients import Coefficients, Ddf
from mixedmodels.fitted.registry import fit_request
from mixedmodels.inference.comparison.drop1 import drop1
from mixedmodels.inference.comparison.marginality import checked_scope
from mixedmodels.inference.comparison.ranova import formula_with, ranova, reductions
from mixedmodels.inference.comparison.step_record import Step
from mixedmodels.tables.result_table import ResultTable

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel

Round = tuple["FittedModel", ResultTable]


def step(
    model: FittedModel,
    *,
    ddf: Ddf,
    alpha_random: float,
    alpha_fixed: float,
    reduce_random: bool,
    reduce_fixed: bool,
    keep: str | Sequence[str],
) -> Step:
    """See `ComparisonVerbs.step`."""
    model._need_rows("step()")
    if model._fit.generalized:
        raise DataError(
            "step() judges fixed terms by F tests, which are of linear (mixed) models; of this model drop1('Chisq') "
            "compares the terms by their likelihoods and AIC."
        )
    if isinstance(ddf, Coefficients):
        raise DataError("step() fits other models, of which these coefficients are not; give ddf as a text.")
    if ddf is not None:
        model._coefficients(ddf)  # refuses what is no method, though without random effects none is chosen
    limits = _checked("alpha_random", alpha_random), _checked("alpha_fixed", alpha_fixed)
    names = [keep] if isinstance(keep, str) else list(keep)
    kept = checked_scope(names, model.design.spec.formula.fixed) if names else ()
    random, found = None, model
    if model.design.random:
        found, random = _eliminated(model, limits[0] if reduce_random else 1.0, _without_random, _random_table, ())
    own = ddf if found.design.random else None
    found, fixed = _eliminated(
        found, limits[1] if reduce_fixed else 1.0, _without_fixed, lambda m: drop1(m, "F", None, own), kept
    )
    method = found._coefficients(own).method if found.design.random else None
    lines = [] if method is None else [f"Degrees of freedom method: {method} ", ""]
    return Step(
        random=None if random is None else replace(random, heading=("Backward reduced random-effect table:", "")),
        fixed=replace(fixed, heading=("Backward reduced fixed-effect table:", *lines)),
        model=found,
    )


def _checked(name: str, alpha: float) -> float:
    if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not 0 <= alpha <= 1:
        raise DataError(f"{name} is {alpha!r:.40}; it is a p-value from 0 to 1, above which a term is left out.")
    return float(alpha)


def _eliminated(
    model: FittedModel,
    alpha: float,
    without: Callable[[FittedModel, str], FittedModel],
    table_of: Callable[[FittedModel], ResultTable],
    kept: Sequence[str],
) -> Round:
    """The model without the terms that no test speaks for, and the table of all rounds."""
    table = table_of(model)
    base = _rows(table, [place for place, name in enumerate(table.names) if name == "<none>"])
    gone: list[ResultTable] = []
    while (worst := _worst(table, alpha, kept)) is not None:
        gone.append(_rows(table, [worst]))
        model = without(model, table.names[worst])
        table = table_of(model)
    last = _rows(table, [place for place, name in enumerate(table.names) if name != "<none>"])
    first = [base] if "npar" in base.columns else []  # R's table of random terms begins with the model itself
    numbers = [*([np.nan] * len(first)), *range(1, len(gone) + 1), *([0] * len(last))]
    return model, _stacked([*first, *gone, last], np.array(numbers, dtype=float))


def _worst(table: ResultTable, alpha: float, kept: Sequence[str]) -> int | None:
    """Place of the largest p-value above the limit; None where there is none."""
    p = np.array([np.nan if name in kept else value for name, value in zip(table.names, _p(table), strict=True)])
    above = np.flatnonzero(p > alpha)
    return int(above[np.argmax(p[above])]) if len(above) else None


def _p(table: ResultTable) -> Sequence[float]:
    return list(table.columns["p_value"]) if len(table) else []


def _random_table(model: FittedModel) -> ResultTable:
    if model.design.random:
        return ranova(model, True, "Chisq")
    return ResultTable(columns={}, names=())  # a linear model is what the last random term left


def _without_random(model: FittedModel, name: str) -> FittedModel:
    whole = model.design.spec.formula
    bars = dict(reductions(whole.random, True))[name]
    return _refitted(model, formula_with(whole, bars), bool(bars))


def _without_fixed(model: FittedModel, name: str) -> FittedModel:
    return _refitted(model, f". ~ . - {name}", bool(model.design.random))


def _refitted(model: FittedModel, formula: str, mixed: bool) -> FittedModel:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SingularFitWarning)  # a variance of 0 is the next to go, or the table says why
        smaller: FittedModel = fit_request(model._updated(formula, {}), mixed=mixed)
    if smaller.nobs != model.nobs:
        raise DataError(
            f"{smaller.formula!r} uses {smaller.nobs} rows and the model before it {model.nobs}, as a variable with "
            "missing values is gone; fit the model to the rows without missing values first."
        )
    return smaller


def _rows(table: ResultTable, places: Sequence[int]) -> ResultTable:
    columns = {name: np.asarray(values)[list(places)] for name, values in table.columns.items()}
    names = tuple(table.names[place] for place in places)
    return ResultTable(columns=columns, names=names, headers=table.headers, footer=table.footer, kind=table.kind)


def _stacked(parts: Sequence[ResultTable], eliminated: Any) -> ResultTable:
    full = [part for part in parts if len(part)] or [parts[-1]]
    columns = {name: np.concatenate([part.columns[name] for part in full]) for name in full[0].columns}
    return ResultTable(
        columns={"eliminated": eliminated, **columns},
        names=tuple(name for part in full for name in part.names),
        headers={"eliminated": "Eliminated", **full[0].headers},
        footer=full[-1].footer,
        kind=full[0].kind,
    )
