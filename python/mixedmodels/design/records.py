"""The records that leave the design room: what the engine fits, and what names its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mixedmodels.frame.columns import Levels

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FixedDesign:
    """The fixed-effects model matrix X, column by column.

    Attributes
    ----------
    names : R's coefficient names, length p.
    columns : one float64 array of length n per coefficient; None stands for a column of ones.
    assign : for each column the index of its term in `terms`; -1 is the intercept.
    terms : labels of the fixed terms as R's ``terms()`` prints them, in R's order.
    contrasts : factor name -> name of the contrast used ("treatment", "poly", "sum", "helmert", "custom").
    """

    names: tuple[str, ...]
    columns: tuple[Vector | None, ...]
    assign: tuple[int, ...]
    terms: tuple[str, ...]
    contrasts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GroupingFactor:
    """One grouping factor: used levels only, in level order.

    Attributes
    ----------
    name : "Subject", or "b:a" for an interaction (inner first for ``a/b``, as lme4).
    codes : int8, int16 or int32 of length n, 0 .. n_levels-1, none missing.
    levels : the used levels.
    """

    name: str
    codes: NDArray[np.signedinteger[Any]]
    levels: Levels

    @property
    def n_levels(self) -> int:
        return len(self.levels)


@dataclass(frozen=True, slots=True)
class RandomTerm:
    """One random-effects term after expansion of ``||`` and ``/``, in lme4's order.

    Attributes
    ----------
    label : the name in VarCorr: the group's name; where a group comes again, R names: "b.a", "b.a.1".
    text : the term as the formula has it, e.g. "Days | Subject".
    group : index into `Design.groups`.
    effects : R's column names, "(Intercept)", "Days", ... (length k).
    columns : float64 arrays of length n; None stands for a column of ones.
    structure : "us" (unstructured), or the structure word of the formula.
    """

    label: str
    text: str
    group: int
    effects: tuple[str, ...]
    columns: tuple[Vector | None, ...]
    structure: str = "us"


@dataclass(frozen=True)
class Design:
    """Everything that formula and table say about a model.

    Attributes
    ----------
    formula : the formula's canonical text as R deparses it ("Reaction ~ Days + (Days | Subject)").
    response_name : text of the left side ("log(weight)").
    response : float64 of length n, or None where there is none (designs for new data). For ``cbind(a, b)`` an
        (n, 2) array.
    fixed, groups, random : see the records.
    weights, offset : float64 of length n, or None. `offset` adds up ``offset()`` terms and the argument.
    rows : integer positions of the rows used among the `n_table` rows that `subset` left, or None where all are.
    n_table : rows of the table (after `subset`) before missing values were omitted.
    dropped : number of rows omitted because of missing values.
    na_action : "omit", "exclude" or "fail".
    subset : positions of the rows that `subset` left, in the table as the caller gave it, or None where it left all.
    spec : what it takes to lay new rows out in the same way (`design.on_new_data`); picklable, and as JSON by
        `spec.to_json()` / `from_json`.
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

    @property
    def positions(self) -> NDArray[np.intp] | None:
        """Positions of the rows used in the table as the caller gave it; None where all are."""
        if self.subset is None or self.rows is None:
            return self.subset if self.rows is None else self.rows
        return self.subset[self.rows]
