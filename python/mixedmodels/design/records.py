"""The records of a design: the arrays that the engine fits, and the names of its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Vector

if TYPE_CHECKING:
    from mixedmodels.frame.columns import Levels

Component = Literal["cond", "zi", "disp"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FixedDesign:
    """The fixed-effects model matrix X, column by column.

    Attributes
    ----------
    names : tuple of str
        R's coefficient names, length p.
    columns : tuple of ndarray or None
        One float64 array of length n per coefficient; None stands for a column of ones.
    assign : tuple of int
        Index of each column's term in `terms`; -1 is the intercept.
    terms : tuple of str
        Labels of the fixed terms as R's ``terms()`` prints them, in R's order.
    contrasts : mapping of str to str, optional
        Name of the contrast used for each factor ("treatment", "poly", "sum", "helmert", "custom").
    """

    names: tuple[str, ...]
    columns: tuple[Vector | None, ...]
    assign: tuple[int, ...]
    terms: tuple[str, ...]
    contrasts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class GroupingFactor:
    """One grouping factor: used levels only, in level order.

    Attributes
    ----------
    name : str
        Name of the factor, "Subject", or "b:a" for an interaction (inner first for ``a/b``, as lme4).
    codes : ndarray
        Codes from 0 to n_levels-1 without missing values, of type int8, int16 or int32 and length n.
    levels : Levels
        The used levels.
    """

    name: str
    codes: NDArray[np.signedinteger[Any]]
    levels: Levels

    @property
    def n_levels(self) -> int:
        """Number of levels."""
        return len(self.levels)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RandomTerm:
    """One random-effects term after expansion of ``||`` and ``/``, in lme4's order.

    Attributes
    ----------
    label : str
        Name in VarCorr: the group's name. A repeated group has R's names: "b.a", "b.a.1".
    text : str
        Term of the formula, such as "Days | Subject".
    group : int
        Index into `Design.groups`.
    effects : tuple of str
        R's column names, "(Intercept)", "Days", ... (length k).
    columns : tuple of ndarray or None
        Columns, arrays of float64 of length n; None stands for a column of ones.
    structure : str, default "us"
        Covariance structure: "us" (unstructured), or the structure word of the formula.
    """

    label: str
    text: str
    group: int
    effects: tuple[str, ...]
    columns: tuple[Vector | None, ...]
    structure: str = "us"


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """The layout of a model's data: response, columns, groups and their names.

    Attributes
    ----------
    formula : str
        Canonical text of the formula as R deparses it ("Reaction ~ Days + (Days | Subject)").
    response_name : str
        Text of the left side ("log(weight)").
    response : ndarray or None
        Response, float64 of length n; None in a design for new data. For ``cbind(a, b)`` it is an (n, 2) array.
    fixed : FixedDesign
        Fixed effects.
    groups : tuple of GroupingFactor
        Grouping factors.
    random : tuple of RandomTerm
        Random terms.
    weights, offset : ndarray or None
        Weights and offset, float64 of length n, or None. `offset` adds up ``offset()`` terms and the argument.
    rows : ndarray of int or None
        Integer positions of the rows used among the `n_table` rows of the subset; None if all are used.
    n_table : int
        Rows of the table (after `subset`) before missing values were omitted.
    dropped : int
        Number of rows omitted because of missing values.
    na_action : str
        Treatment of rows with a missing value: "omit", "exclude" or "fail".
    subset : ndarray of int, optional
        Positions of the subset's rows in the caller's table; None if the subset has all rows.
    spec : Spec
        Layout for new rows (`design.on_new_data`). It can be pickled, or written as JSON with `spec.to_json()` and read
        with `from_json`.
    event : str, optional
        Success of a binomial response, to be read after the response's name: "= 'dead'". None for counts, proportions
        and responses of other models.
    weightless : Design, optional
        The rows of weight 0, which are not among those used; None where there are none.
    component : {"cond", "zi", "disp"}, default "cond"
        What the linear predictor is of: the conditional mean, zero inflation, or the dispersion.
    further : tuple of Design, default ()
        Designs of the further linear predictors over the same rows, that of zero inflation before that of the
        dispersion.
    """

    formula: str
    response_name: str
    response: Vector | None
    fixed: FixedDesign
    groups: tuple[GroupingFactor, ...]
    random: tuple[RandomTerm, ...]
    weights: Vector | None
    offset: Vector | None
    rows: NDArray[np.intp] | None
    n_table: int
    dropped: int
    na_action: str
    spec: Any
    subset: NDArray[np.intp] | None = None
    event: str | None = None
    weightless: Design | None = None
    component: Component = "cond"
    further: tuple[Design, ...] = ()

    @property
    def predictors(self) -> tuple[Design, ...]:
        """Designs of all linear predictors, this one first."""
        return (self, *self.further)

    @property
    def n(self) -> int:
        """Number of rows used."""
        return self.n_table - self.dropped if self.rows is None else len(self.rows)

    @property
    def positions(self) -> NDArray[np.intp] | None:
        """Positions of the rows used in the table as the caller gave it; None where all are."""
        if self.subset is None or self.rows is None:
            return self.subset if self.rows is None else self.rows
        return self.subset[self.rows]
