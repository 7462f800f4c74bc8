"""Separation in words: which coefficients, which terms and levels, and what to do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Vector
from mixedmodels.design.records import Design
from mixedmodels.fit.separation.fixed_effects import Separation

MAX_FINDINGS = 4  # findings that a sentence names
Rows = NDArray[np.bool_]


def message(
    design: Design, kept: tuple[int, ...], separation: Separation, y: Vector, weights: Vector | None, penalty: str
) -> str:
    """The sentence of the warning.

    Parameters
    ----------
    kept : tuple of int
        Positions of the columns that `separation` is about.
    y : ndarray
        Response as the family sees it.
    weights : ndarray or None
        Prior weights.
    penalty : str
        Penalty that keeps the estimates of this class of model finite.
    """
    return sentence(design, kept, separation, y, weights, f"penalty={penalty!r}")


def sentence(
    design: Design, kept: tuple[int, ...], separation: Separation, y: Vector, weights: Vector | None, remedy: str
) -> str:
    """As `message`, with any remedy."""
    used = np.ones(len(y), dtype=bool) if weights is None else np.asarray(weights > 0)
    involved = {kept[j]: float(separation.direction[j]) for j in separation.columns}
    infinite = [f"{design.fixed.names[j]} ({'+' if d > 0 else '-'}Inf)" for j, d in involved.items()]
    extent = "complete" if separation.complete else "quasi-complete"
    whose = "coefficient of" if len(infinite) == 1 else "coefficients of"
    reason, cure = _reason(design, involved, y, used)
    cure = f"Use {remedy} for finite estimates, or {cure[0].lower()}{cure[1:]}"
    return (
        f"{extent} separation: the {whose} {listed(infinite)} {'has' if len(infinite) == 1 else 'have'} no finite "
        f"maximum likelihood estimate. {reason} What stands there is where the iterations stopped, and its standard "
        f"error and test mean nothing. {cure}"
    )


def _reason(design: Design, involved: dict[int, float], y: Vector, used: Rows) -> tuple[str, str]:
    """Why there is no estimate, and what to do."""
    name = design.response_name
    if float(np.ptp(y[used])) == 0:
        return (
            f"The response {name!r} is {y[used][0]:g} in all {int(used.sum())} rows used.",
            "Look whether it is the right column.",
        )
    terms = tuple(dict.fromkeys(design.fixed.terms[t] for j in involved if (t := design.fixed.assign[j]) >= 0))
    cells = [(t, finding) for t in terms for finding in _separating_cells(design, t, involved, y, used)]
    if cells:
        to_drop = listed([repr(t) for t in dict.fromkeys(t for t, _ in cells)])
        findings = listed([finding for _, finding in cells])
        cure = f"Merge such a level with another, or drop {to_drop}."
        return f"{findings[:1].upper()}{findings[1:]}.", cure
    named = listed([repr(t) for t in terms]) or "the intercept"
    return (
        f"A linear combination of {named} tells outcomes of {name!r} apart without error.",
        f"Drop one of {named}.",
    )


def listed(texts: list[str]) -> str:
    """The first few of some texts in a sentence."""
    if len(texts) > MAX_FINDINGS:
        texts = [*texts[:MAX_FINDINGS], f"{len(texts) - MAX_FINDINGS} more"]
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def _separating_cells(design: Design, term: str, involved: dict[int, float], y: Vector, used: Rows) -> Iterator[str]:
    """Cells of a term in which there is one outcome only, or the value at which a number divides the outcomes."""
    columns = [j for j, t in enumerate(design.fixed.assign) if t >= 0 and design.fixed.terms[t] == term]
    levels = _levels(design, term, columns)
    if levels is not None:
        labels, codes = levels
        for i, label in enumerate(labels):
            yield from _one_outcome(f"{term} = {label!r}", (codes == i) & used, design, y)
        return
    for j in columns:
        column = design.fixed.columns[j]
        if j not in involved or column is None:
            continue
        if bool(np.isin(column, (0.0, 1.0)).all()):
            for value in (1.0, 0.0):
                name = design.fixed.names[j]
                where = f"{name} = {value:g}" if ":" not in term else f"{name}" if value else f"all but {name}"
                yield from _one_outcome(where, (column == value) & used, design, y)
        else:
            yield from _threshold(design.fixed.names[j], column[used], y[used], design)


def _levels(design: Design, term: str, columns: list[int]) -> tuple[tuple[str, ...], NDArray[np.intp]] | None:
    """Labels of a factor and the level of each row, from the columns that stand for it; None if it is no factor."""
    used = design.spec.contrasts.get(term)
    factor = design.spec.kinds.get(term)
    if factor is None or not hasattr(factor, "levels"):
        return None
    x = np.column_stack([_column(design, j) for j in columns])
    matrix = used.matrix if used is not None and used.matrix.shape[1] == x.shape[1] else np.eye(x.shape[1])
    labels = tuple(factor.levels.labels)
    if len(matrix) != len(labels):
        return None
    distance = np.stack([np.abs(x - row).sum(axis=1) for row in matrix])
    return labels, np.argmin(distance, axis=0)


def _column(design: Design, j: int) -> Vector:
    column = design.fixed.columns[j]
    assert column is not None
    return column


def _one_outcome(where: str, rows: Rows, design: Design, y: Vector) -> Iterator[str]:
    n = int(rows.sum())
    if n and (bool((y[rows] <= 0).all()) or (bool((y[rows] >= 1).all()) and float(y.max()) <= 1)):
        rows_are = f"all {n} rows" if n > 1 else "the one row"
        yield f"where {where}, {design.response_name!r} is {y[rows][0]:g} in {rows_are}"


def _threshold(name: str, x: Vector, y: Vector, design: Design) -> Iterator[str]:
    low, high = x[y <= 0], x[y >= 1]
    if not len(low) or not len(high) or len(low) + len(high) < len(x):
        return
    for a, b, sign in ((low, high, ">="), (high, low, "<=")):
        if float(a.max()) <= float(b.min()):
            ends = (float(b.min()), float(a.max())) if sign == ">=" else (float(a.max()), float(b.min()))
            other = "<=" if sign == ">=" else ">="
            yield (
                f"{design.response_name!r} is 1 only where {name} {sign} {ends[0]:g}, and 0 only where "
                f"{name} {other} {ends[1]:g}"
            )
            return
