"""Comparisons of predictions with variables changed, for each row or averaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Vector
from mixedmodels.effects.adjusted.from_model import variables_of_components
from mixedmodels.effects.marginal.comparison_functions import Comparison, Predictions, comparison_by
from mixedmodels.effects.marginal.contrasts import Contrast, contrasts_of
from mixedmodels.effects.marginal.groups import NO_ROWS, Groups, averages, groups_of, taken
from mixedmodels.effects.marginal.hypotheses import about, estimates_of
from mixedmodels.effects.marginal.jets import Jet, stacked
from mixedmodels.effects.marginal.means import MeanFunction
from mixedmodels.effects.marginal.predictions import data_columns
from mixedmodels.effects.marginal.record import MarginalTable
from mixedmodels.effects.marginal.request import Request, checked, footer_of, mean_of, tests_of
from mixedmodels.effects.marginal.rows import Rows, rows_for, shown_values
from mixedmodels.effects.marginal.statistics import result
from mixedmodels.errors import DataError
from mixedmodels.frame import Column, Numeric


@dataclass(frozen=True, eq=False)
class _Change:
    """One change of one or, crossed, several variables."""

    contrasts: tuple[Contrast, ...]

    @property
    def numeric(self) -> bool:
        return self.contrasts[0].step is not None

    @property
    def labels(self) -> dict[str, str]:
        if len(self.contrasts) == 1:
            return {"term": self.contrasts[0].name, "contrast": self.contrasts[0].label}
        return {"term": "cross", **{f"contrast_{c.name}": c.label for c in self.contrasts}}


def marginal_comparisons(model: Any, request: Request, what: str = "comparisons") -> MarginalTable:
    """Comparisons of the rows of a request, or averages of them.

    Parameters
    ----------
    what : str, default "comparisons"
        Title of the table.
    """
    request = checked(model, request)
    if request.type == "invlink(link)":
        raise DataError("type='invlink(link)' is for predictions; comparisons have type='response' or type='link'.")
    comparison = comparison_by(request.comparison, request.averaged)
    if request.wts is not None and request.wts is not False and not comparison.averaged:
        raise DataError("wts= weights averages over rows; ask for some: by=True, or names of columns.")
    means, variables = mean_of(model, request), variables_of_components(model)
    rows = rows_for(model, variables, request.newdata, request.names, request.wts)
    contrasts = contrasts_of(variables, rows.table, request.variables, comparison, eps=request.eps, cross=request.cross)
    changes = _changes(contrasts, comparison, request.cross)
    asked = _Asked(means, rows, comparison, means.at(rows.table, rows.offset))
    if comparison.averaged:
        groups = groups_of(rows, request.names)
        jets = [asked.averages(change, groups) for change in changes]
        columns = _columns(changes, len(groups), groups.columns)
        more: dict[str, Any] = {}
    else:
        pairs = [asked.predictions(change) for change in changes]
        jets = [asked.compared(change, high, low) for change, (high, low) in zip(changes, pairs, strict=True)]
        everywhere = np.tile(np.arange(len(rows), dtype=np.intp), len(changes))
        shown = {"rowid": rows.numbers, **{name: shown_values(rows.table.column(name)) for name in rows.shown}}
        columns = _columns(changes, len(rows), shown)
        more = {
            "predicted_lo": np.concatenate([low.value for _, low in pairs]),
            "predicted_hi": np.concatenate([high.value for high, _ in pairs]),
            "predicted": np.tile(asked.own.value, len(changes)),
            **taken(data_columns(variables, rows, columns), everywhere),
        }
    if request.hypothesis is not None:
        more = {}
    jet = stacked(jets)
    return result(
        about(estimates_of(jet, columns), request.hypothesis),
        tests_of(means, request),
        level=request.level,
        title=f"Average {what}" if comparison.averaged else what.capitalize(),
        footer=footer_of(means, request, int(np.isnan(asked.own.value).sum()), jet.value),
        kind=model._source.kind,
        transform=request.transform,
        equivalence=request.equivalence,
        more=more,
        hidden=tuple(more),
    )


def _changes(contrasts: dict[str, list[Contrast]], comparison: Comparison, cross: bool) -> list[_Change]:
    if not cross:
        return [_Change((contrast,)) for several in contrasts.values() for contrast in several]
    if len(contrasts) < 2:
        raise DataError("cross=True changes several variables together; name two or more in variables=.")
    if comparison.is_slope:
        raise DataError("cross=True goes with differences and ratios, not with slopes.")
    combined = [_Change(combination) for combination in product(*contrasts.values())]
    return [change for change in combined if not all(c.null for c in change.contrasts)]


def _columns(changes: Sequence[_Change], n: int, shown: Any) -> dict[str, Any]:
    """The labels of each change, repeated for what is shown of n rows or groups."""
    labels = [change.labels for change in changes]
    columns: dict[str, Any] = {name: [each[name] for each in labels for _ in range(n)] for name in labels[0]}
    everywhere = np.tile(np.arange(n, dtype=np.intp), len(changes))
    repeated = taken(shown, everywhere)
    if "rowid" in repeated:
        return {"rowid": repeated.pop("rowid"), **columns, **repeated}
    return {**columns, **repeated}


@dataclass(frozen=True, eq=False)
class _Asked:
    """Rows, and how their predictions are compared."""

    means: MeanFunction
    rows: Rows
    comparison: Comparison
    own: Jet
    kept: dict[tuple[str, str], tuple[NDArray[np.bool_], Jet]] = field(default_factory=dict)  # see `_means`

    def predictions(self, change: _Change) -> tuple[Jet, Jet]:
        """Predictions after and before a change."""
        after, before = ({c.name: getattr(c, end) for c in change.contrasts} for end in ("high", "low"))
        tables = self.rows.changed(after), self.rows.changed(before)
        high, low = (self.means.at(table, self.rows.offset) for table in tables)
        known = self.means.determined(*tables, change.contrasts[0].step or 1.0)
        return Jet(np.where(known, high.value, np.nan), high.gradient), low

    def averages(self, change: _Change, groups: Groups) -> Jet:
        """The comparison for each group of rows."""
        quick = self._of_levels(change, groups)
        if quick is not None:
            return quick
        high, low = self.predictions(change)
        known = np.isfinite(high.value) & np.isfinite(low.value)
        groupwise = (self._average(change, high, low, rows[known[rows]]) for rows in groups.rows)
        return stacked([high.take(NO_ROWS), *groupwise])

    def _of_levels(self, change: _Change, groups: Groups) -> Jet | None:
        """The comparison by the means at two levels; None where more is needed than these."""
        contrast = change.contrasts[0]
        if len(change.contrasts) > 1 or contrast.levels is None or not self.comparison.is_of_means:
            return None
        if self.means.basis.null_space is not None:
            return None
        (before, low), (after, high) = (
            self._means(contrast.name, level, column, groups)
            for level, column in zip(contrast.levels, (contrast.low, contrast.high), strict=True)
        )
        if not np.array_equal(before, after):
            return None
        at = Predictions(high=high, low=low, own=None, x=None, step=1.0, weights=None, averaged=False)
        return self.comparison.of(at, numeric=False)

    def _means(self, name: str, level: str, column: Column, groups: Groups) -> tuple[NDArray[np.bool_], Jet]:
        """Rows with a prediction at a level, and the mean of each group; kept, as pairs share levels."""
        if (name, level) not in self.kept:
            jet = self.means.at(self.rows.changed({name: column}), self.rows.offset)
            self.kept[name, level] = np.isfinite(jet.value), averages(jet, groups, self.rows.weights)
        return self.kept[name, level]

    def _average(self, change: _Change, high: Jet, low: Jet, rows: NDArray[np.intp]) -> Jet:
        weights = self.rows.weights
        if not len(rows) or (weights is not None and not weights[rows].sum() > 0):
            return Jet(np.full(1, np.nan), np.full((1, self.means.p), np.nan))
        return self.compared(change, high, low, rows)

    def compared(self, change: _Change, high: Jet, low: Jet, rows: NDArray[np.intp] | None = None) -> Jet:
        """The comparison of predictions of some rows, or of all one by one."""
        chosen = np.arange(len(high)) if rows is None else rows
        weights, x = self.rows.weights, self._x(change)
        at = Predictions(
            high=high.take(chosen),
            low=low.take(chosen),
            own=self.own.take(chosen) if self.comparison.needs_own else None,
            x=None if x is None else x[chosen],
            step=change.contrasts[0].step or 1.0,
            weights=None if weights is None or rows is None else weights[chosen],
            averaged=rows is not None,
        )
        return self.comparison.of(at, change.numeric)

    def _x(self, change: _Change) -> Vector | None:
        column = self.rows.table.column(change.contrasts[0].name)
        return column.values if isinstance(column, Numeric) else None
