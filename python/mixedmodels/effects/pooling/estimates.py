"""Complete, no and partial pooling: one regression for all groups, one for each, and the mixed model between them.

Complete pooling leaves the groups out, no pooling fits every level's rows alone, partial pooling adds the conditional
modes to the fixed effects. How far a level is drawn towards the fixed effects is its shrinkage,
``1 - (partial - fixed) / (alone - fixed)``: 0 where the level stands by itself, 1 where it lies on the common value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixedmodels._names import meant
from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design
from mixedmodels.effects.adjusted.grid import Layout
from mixedmodels.effects.adjusted.lines import LevelRows
from mixedmodels.effects.pooling.columns import wide_design
from mixedmodels.effects.pooling.no_pooling import Alone, fit_alone, fit_together
from mixedmodels.errors import DataError
from mixedmodels.estimates.transformations import WayBack
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.fit.progress import counted


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """Coefficients of the three poolings; L levels, q columns.

    Attributes
    ----------
    group : str
        Name of the grouping factor.
    levels : tuple of str
        Labels of its levels.
    terms : tuple of str
        Names of the columns: those of the fixed effects, then those that vary among the levels only.
    rows : ndarray of int, shape (L,)
        Number of rows of the data in each level.
    complete : ndarray, shape (q,)
        Coefficients without groups; NaN where they cannot be estimated.
    fixed : ndarray, shape (q,)
        Fixed effects of the mixed model, 0 for columns that vary only.
    alone : ndarray, shape (L, q)
        Coefficients of each level by itself; NaN where its rows do not determine them.
    regressions : tuple of Alone
        Regression of each level, with what it can say of other rows.
    partial : ndarray, shape (L, q)
        Coefficients of the mixed model.
    shrinkage : ndarray, shape (L, q)
        Shrinkage; NaN where a column does not vary among the levels, or the rows of the level do not determine it.
    absorbed : ndarray of bool, shape (q,)
        Whether a column is constant within every level, so that the intercept of a level's regression includes it.
    reasons : tuple of str
        Why something is missing from a level, or "".
    added : tuple of tuple of two int
        Random term of each column that is no fixed effect, and the column's place among that term's effects.
    """

    group: str
    levels: tuple[str, ...]
    terms: tuple[str, ...]
    rows: NDArray[np.intp]
    complete: Vector
    fixed: Vector
    alone: Matrix
    regressions: tuple[Alone, ...]
    partial: Matrix
    shrinkage: Matrix
    absorbed: NDArray[np.bool_]
    reasons: tuple[str, ...]
    added: tuple[tuple[int, int], ...]


def group_index(design: Design, name: str | None) -> int:
    """Place of a grouping factor; of the only one if no name is given.

    Raises
    ------
    DataError
        If there is no such factor, or several and no name.
    """
    names = [g.name for g in design.groups]
    if name is None:
        if len(names) == 1:
            return 0
        either = " or ".join(map(repr, names))
        raise DataError(f"the model has {len(names)} grouping factors; say which: group={either}.")
    name = meant(name, names)
    if name not in names:
        raise DataError(f"the model has no grouping factor {name!r}; it has {', '.join(map(repr, names))}.")
    return names.index(name)


def pooled(design: Design, fit: AnyMixedFit, group: int) -> Pooled:
    """The three poolings of a mixed model.

    Parameters
    ----------
    design : Design
        Design with the rows of the fit.
    group : int
        Place of the grouping factor among `design.groups`; all others are left out.
    """
    columns = wide_design(design, fit, group)
    wide, factor = columns.design, design.groups[group]
    absorbed = _absorbed(wide, factor.codes, factor.n_levels)
    together = fit_together(wide, fit)
    alone = list[Alone]()
    with counted(factor.n_levels, "levels") as tell:
        for part in _by_level(wide, factor.codes, factor.n_levels):
            alone.append(fit_alone(part, fit, absorbed))
            tell(len(alone))
    names = wide.fixed.names
    fixed = np.concatenate([fit.beta, np.zeros(len(names) - len(fit.beta))])
    partial = fixed + columns.shifts
    coefficients = np.array([a.beta for a in alone])
    held = _held_by_intercept(wide, factor.codes, factor.n_levels, absorbed, fixed)
    return Pooled(
        group=factor.name,
        levels=factor.levels.labels,
        terms=names,
        rows=np.bincount(factor.codes, minlength=factor.n_levels),
        complete=together.beta,
        fixed=fixed,
        alone=coefficients,
        regressions=tuple(alone),
        partial=partial,
        shrinkage=_shrinkage(coefficients - held, partial, fixed, columns.varies),
        absorbed=absorbed,
        reasons=tuple(a.reason for a in alone),
        added=columns.added,
    )


def _shrinkage(alone: Matrix, partial: Matrix, fixed: Vector, varies: NDArray[np.bool_]) -> Matrix:
    with np.errstate(invalid="ignore", divide="ignore"):
        out = 1 - (partial - fixed) / (alone - fixed)
    out[:, ~varies] = np.nan
    out[~np.isfinite(out)] = np.nan
    return np.asarray(out)


def _absorbed(wide: Design, codes: NDArray[np.signedinteger], n_levels: int) -> NDArray[np.bool_]:
    """Columns, other than the intercept, that no level varies; none where there is no intercept to hold them."""
    out = np.zeros(len(wide.fixed.columns), dtype=bool)
    if -1 not in wide.fixed.assign:
        return out
    for j, column in enumerate(wide.fixed.columns):
        if column is not None:
            low, high = np.full(n_levels, np.inf), np.full(n_levels, -np.inf)
            np.minimum.at(low, codes, column)
            np.maximum.at(high, codes, column)
            out[j] = bool((low == high).all())
    return out


def _held_by_intercept(
    wide: Design, codes: NDArray[np.signedinteger], n_levels: int, absorbed: NDArray[np.bool_], fixed: Vector
) -> Matrix:
    """Contribution of the absorbed columns to the intercept of a level's regression: columns times fixed effects."""
    out = np.zeros((n_levels, len(fixed)))
    if not absorbed.any():
        return out
    first = np.full(n_levels, len(codes), dtype=np.intp)
    np.minimum.at(first, codes, np.arange(len(codes)))
    place = next(j for j, column in enumerate(wide.fixed.columns) if column is None)
    for j in np.flatnonzero(absorbed):
        column = wide.fixed.columns[j]
        assert column is not None
        out[:, place] += fixed[j] * column[first]
    return out


def _by_level(wide: Design, codes: NDArray[np.signedinteger], n_levels: int) -> Iterator[Design]:
    """The rows of each level as a design of its own."""
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=n_levels))
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        rows = order[start:end]
        columns = tuple(None if c is None else np.ascontiguousarray(c[rows]) for c in wide.fixed.columns)
        yield replace(
            wide,
            fixed=replace(wide.fixed, columns=columns),
            response=None if wide.response is None else np.ascontiguousarray(wide.response[rows]),
            weights=None if wide.weights is None else wide.weights[rows],
            offset=None if wide.offset is None else wide.offset[rows],
            rows=None,
            subset=None,
            n_table=len(rows),
        )


def wide_rows(layout: Layout, pools: Pooled, kept: Sequence[int]) -> Matrix:
    """Laid-out rows in the columns of the poolings, shape (r, q)."""
    columns = [layout.rows[:, j] for j in kept]
    for term, effect in pools.added:
        column = layout.design.random[term].columns[effect]
        columns.append(np.ones(len(layout)) if column is None else column)
    return np.column_stack(columns)


def pooled_lines(pools: Pooled, rows: LevelRows, kept: Sequence[int], back: WayBack | None) -> dict[str, Vector]:
    """Fitted values of the three poolings along rows of levels: "complete", "no", "partial", each of shape (r,).

    Parameters
    ----------
    kept : sequence of int
        Positions of the columns of X that the model estimates.
    back : WayBack or None
        Way back from the linear predictor; None to stay there.
    """
    w = wide_rows(rows.layout, pools, kept)
    offset = 0.0 if rows.layout.offset is None else rows.layout.offset
    alone = np.full(len(w), np.nan)
    for code, regression in enumerate(pools.regressions):
        here = rows.codes == code
        values = w[here] @ regression.solution
        alone[here] = np.where(regression.estimable(w[here]), values, np.nan)
    complete = w @ np.nan_to_num(pools.complete)
    partial = np.einsum("ij,ij->i", w, pools.partial[rows.codes])
    out = {"complete": complete + offset, "no": alone + offset, "partial": partial + offset}
    return out if back is None else {name: back.inverse(values) for name, values in out.items()}
