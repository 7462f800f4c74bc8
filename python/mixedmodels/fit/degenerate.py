"""Why a model cannot be fitted in double precision: what the engine finds wrong with the rows, in the user's names."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np

from mixedmodels._engine import EngineError, Rows
from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import DataError, DesignError, FitError, MixedModelsError
from mixedmodels.fit.record import MixedFit

EXACT = 1e-13  # residual over total variance that rounding alone leaves
NEARLY_EXACT = 1e-9  # the same, if the optimiser found no optimum there either
STEEP = 1e4  # elements of theta below this are no sign of an exact fit


def diagnosis(design: Design, kept: Sequence[int], fault: EngineError | None, cause: str) -> MixedModelsError:
    """The error that says best why the engine gave up.

    Parameters
    ----------
    kept : sequence of int
        Columns of X that the engine has.
    fault : EngineError
        Engine's failure, or what it finds wrong with the rows.
    cause : str
        Engine's own account of the failure.
    """
    return (
        out_of_scale(design, kept, fault)
        or constant(design, fault)
        or constant_within(design, fault)
        or FitError(
            f"{design.formula!r} cannot be fitted: {cause}. Leave out terms, or look for columns that determine the "
            f"response {design.response_name!r} exactly."
        )
    )


def all_rows(design: Design, y: Vector) -> Rows:
    """The rows of a design with every column of X; `y` is the response less the offset."""
    return Rows(
        np.ascontiguousarray(y, dtype=float),
        list(design.fixed.columns),
        [(g.codes, g.n_levels) for g in design.groups],
        [(t.group, list(t.columns)) for t in design.random],
        design.weights,
    )


def columns_out_of_scale(design: Design, y: Vector) -> DataError | None:
    """Whether any column of a design, those of X that are not kept too, has squares that do not fit into a double."""
    return out_of_scale(design, range(len(design.fixed.columns)), all_rows(design, y).fault())


def magnitude(matrix: Matrix) -> float:
    """Sum of absolute elements, which is finite if they all are, but for huge ones; a list is quicker than an array."""
    return float(sum(map(abs, matrix.ravel().tolist())))


def refuse_hidden(design: Design, kept: Sequence[int], y: Vector, standards: Sequence[Matrix] = ()) -> None:
    """Refuse a column whose squares overflow.

    In the fixed effects it looks like a combination of others, and would be dropped; in a random term its variance
    would be 0. There the matrix of `standards` is not finite.

    Raises
    ------
    DataError
        If there is such a column.
    """
    if len(kept) < len(design.fixed.columns) or not all(map(isfinite, map(magnitude, standards))):
        wrong = columns_out_of_scale(design, y)
        if wrong is not None:
            raise wrong


def out_of_scale(design: Design, kept: Sequence[int], fault: EngineError | None) -> DataError | None:
    """Whether a column's squares do not fit into a double."""
    if fault is None or fault.status != "out_of_scale":
        return None
    assert fault.value is not None
    largest = fault.value
    if fault.kind == "weights":
        return DataError(
            f"the weights run from {fault.least:.3g} to {largest:.3g}, too far for double precision; divide them by a "
            "constant (which changes sigma only), or drop rows that have almost no weight."
        )
    end = "large" if largest > 1 else "small"
    return DataError(
        f"{_column(design, kept, fault)} has values up to {largest:.3g}, too {end} to be squared in double precision; "
        f"divide it by 1e{int(np.floor(np.log10(largest))):+03d} and fit again, in that unit."
    )


def _column(design: Design, kept: Sequence[int], fault: EngineError) -> str:
    if fault.index is None:
        return f"the response {design.response_name!r}" + ("" if design.offset is None else " less the offset")
    if fault.column is None:
        return f"the column {design.fixed.names[kept[fault.index]]!r} of the fixed effects"
    term = design.random[fault.index]
    return f"the column {term.effects[fault.column]!r} of the random term ({term.text})"


def constant(design: Design, fault: EngineError | None) -> DesignError | None:
    """Whether the response is one number."""
    if fault is None or fault.status != "constant":
        return None
    assert design.response is not None
    less = "" if design.offset is None else " less the offset"
    return DesignError(
        f"the response {design.response_name!r}{less} is {fault.value:g} in all {len(design.response)} rows used; "
        "there is nothing to explain: look whether it is the right column."
    )


def constant_within(design: Design, fault: EngineError | None) -> FitError | None:
    """Whether a grouping factor determines the response, so that nothing is left for a residual variance."""
    if fault is None or fault.status != "constant_within":
        return None
    assert fault.index is not None
    group = design.groups[fault.index]
    return FitError(
        f"the response {design.response_name!r} has one value in each level of {group.name!r} (such as "
        f"{fault.value:g} in {group.levels.labels[0]!r}), so that no residual variance is left to estimate; use "
        f"one row per level and lm(), or a coarser grouping factor than {group.name!r}."
    )


def exact_fit(design: Design, rows: Rows, y: Vector, fit: MixedFit) -> FitError | None:
    """Whether what is called a residual variance is rounding error only.

    Then random effects are infinitely larger than the residual, theta has no optimum, and no number of the fit means
    anything.
    """
    if max(map(abs, fit.theta.tolist()), default=0.0) < STEEP:
        return None
    share = fit.sigma**2 / float(np.var(y))
    if not (share < EXACT or (share < NEARLY_EXACT and not fit.run.converged)):
        return None
    return constant_within(design, rows.fault()) or FitError(
        f"{design.formula!r} fits the response exactly: the residual standard deviation, {fit.sigma:.3g}, is rounding "
        "error, so that covariance parameters relative to it have no estimate. Leave out random or fixed effects that "
        f"determine {design.response_name!r}, or fit by lm()."
    )
