"""Partial residuals of a model as a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
from mixedmodels.effects.adjusted.grid import grid_columns, lay_out, make_grid
from mixedmodels.effects.adjusted.partial_residuals import nearest_rows, row_values, used_levels, working_residuals
from mixedmodels.effects.adjusted.predictions import Scale, predict_layout
from mixedmodels.effects.adjusted.record import AdjustedPredictions
from mixedmodels.effects.adjusted.table import ROLES
from mixedmodels.effects.adjusted.terms import parse_terms
from mixedmodels.errors import DataError
from mixedmodels.estimates.predictors import take_rows
from mixedmodels.estimates.transformations import InverseLink
from mixedmodels.fit.moments import fixed_part, predict_old
from mixedmodels.fit.re_form import chosen_effects
from mixedmodels.tables.long_table import LongTable
from mixedmodels.tables.result_table import ShownAsTable


@dataclass(frozen=True, repr=False, kw_only=True)
class PartialResiduals(ShownAsTable):
    """Partial residuals of the rows used.

    Attributes
    ----------
    terms : tuple of str
        Names of the variables in focus.
    columns : dict of str
        Columns: row (its number in the table, from 0), x, group, facet, panel (where there are so many terms),
        predicted, residual (on the scale of the linear predictor), partial_residual.
    scale : str
        Scale of predicted and partial_residual.
    one_scale : bool, default False
        Whether the two scales are one, because the link is the identity.
    kind : str, default "pandas"
        The library of `to_frame`.

    Examples
    --------
    >>> fit.partial_residuals("Days").to_frame().shape
    (180, 5)
    """

    terms: tuple[str, ...]
    columns: dict[str, Any]
    response: str
    scale: str
    one_scale: bool = False
    kind: Any = "pandas"

    @cached_property
    def table(self) -> LongTable:
        """The printed table."""
        where = "" if self.scale == "response" else ", on the scale of the linear predictor"
        title = f"Partial residuals of {self.response} by {', '.join(self.terms)}{where}"
        return LongTable(columns=self.columns, title=title, kind=self.kind)

    def __getitem__(self, column: str) -> Any:
        return self.table[column]

    def __len__(self) -> int:
        return len(self.table)


def partial_residuals(
    model: Any, terms: Any, condition: Any, typical: Any, scale: str, re_form: Any, at: str, random: bool
) -> PartialResiduals:
    """See `AdjustedVerbs.partial_residuals`."""
    model._need_rows("partial residuals")
    if at not in ("data", "grid"):
        raise DataError(f"at must be 'data' or 'grid', not {at!r}.")
    if random and not model._fit.mixed:
        raise DataError("type='random' is for mixed models; this one has no random effects.")
    focal_terms, variables = parse_terms(terms), variables_for(model)
    grid = make_grid(variables, focal_terms, condition=condition, typical=typical)
    names = grid.terms
    rows = used_levels(variables, names, [grid.levels[t.name] if t.wanted is not None else None for t in focal_terms])
    basis, _, _ = basis_for(model, "normal")
    offset = mean_offset(model, variables)
    shown = {name: row_values(variables, name) for name in names}
    if at == "grid":
        layout = lay_out(variables, grid_columns(variables, grid), len(grid), offset)
        place = nearest_rows(variables, names, [grid.labels[n] for n in names])[rows]
        eta = predict_layout(model._fit, basis, layout, Scale(None), random).eta[place]
        labels = {name: [grid.labels[name][i] for i in place] for name in names}
    else:
        held = replace(grid, labels={name: tuple(shown[name][i] for i in rows) for name in names})
        columns = grid_columns(variables, held)
        columns |= {name: take_rows(variables.columns[name], rows) for name in names}
        layout = lay_out(variables, columns, len(rows), offset)
        eta = predict_layout(model._fit, basis, layout, Scale(None), random).eta
        labels = {name: [shown[name][i] for i in rows] for name in names}
    residual = _residual(model, re_form)[rows]
    back, _ = back_and_notes(model, scale, True)
    predicted, partial = (v if back is None else back.inverse(v) for v in (eta, eta + residual))
    numbers = np.asarray(model._rows.numbers)[rows]
    focal = {role: labels[name] for role, name in zip(ROLES, names, strict=False)}
    table = {"row": numbers, **focal, "predicted": predicted, "residual": residual, "partial_residual": partial}
    return PartialResiduals(
        terms=names,
        columns=table,
        response=response_variable(model),
        scale=scale,
        one_scale=_one_scale(model),
        kind=model._source.kind,
    )


def _one_scale(model: Any) -> bool:
    """Whether predictions are the same on both scales."""
    return back_and_notes(model, "response", True)[0] is None


def _residual(model: Any, re_form: Any) -> Vector:
    """Working residuals given the random effects that `re_form` keeps, shape (n,)."""
    fit, design = model._fit, model.design
    if fit.mixed:
        eta = predict_old(fit, design, chosen_effects(design, re_form))
    else:
        eta = fixed_part(design, fit.kept, fit.beta, fit.n)
    back = None if model.family.link == "identity" else InverseLink(model.family)
    return working_residuals(np.asarray(model._response(), dtype=float), eta, back)


def over_grid(grid: AdjustedPredictions, model: Any) -> PartialResiduals:
    """Partial residuals at the rows of adjusted predictions, each data row at the nearest of them, as ggeffects."""
    model._need_rows("partial residuals")
    variables = variables_for(model)
    if grid.eta is None:
        raise DataError(f"predictions with margin={grid.margin!r} have no linear predictor to add residuals to.")
    place = nearest_rows(variables, grid.terms, [grid.labels[n] for n in grid.terms])
    back, _ = back_and_notes(model, grid.scale, True)
    residual = _residual(model, None)
    partial = grid.eta[place] + residual
    focal = {role: [grid.labels[n][i] for i in place] for role, n in zip(ROLES, grid.terms, strict=False)}
    columns = {
        "row": np.asarray(model._rows.numbers),
        **focal,
        "predicted": grid.predicted[place],
        "residual": residual,
        "partial_residual": partial if back is None else back.inverse(partial),
    }
    return PartialResiduals(
        terms=grid.terms,
        columns=columns,
        response=response_variable(model),
        scale=grid.scale,
        one_scale=_one_scale(model),
        kind=grid.kind,
    )
