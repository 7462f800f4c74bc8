"""Model-matrix columns of terms, with R's names and R's order."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from mixedmodels.design.contrasts import Coding, coding
from mixedmodels.design.values import Array, Matrix, Value
from mixedmodels.errors import DesignError
from mixedmodels.formula import Terms
from mixedmodels.frame import Factor, Levels, Logical, Numeric

Columns = tuple[tuple[str, ...], list[Array]]  # ends of names, columns

MOST_COLUMNS = 50_000  # of all terms together
MOST_CELLS = 2**31  # columns times rows, 16 GB
FALSE_TRUE = Levels(np.array([False, True]))


class Coder:
    """Columns of terms over one set of values. Columns that several terms share are computed once.

    Parameters
    ----------
    values : mapping of str to Value
        Value of each variable at the rows used, by its text.
    contrasts : mapping of str
        The user's contrasts of factors, by name or text.
    """

    def __init__(self, values: Mapping[str, Value], contrasts: Mapping[str, Any]) -> None:
        self.values = values
        self.contrasts = contrasts
        self.codings: dict[str, Coding] = {}  # codings that the terms use
        self._done: dict[tuple[str, bool], Columns] = {}

    def columns(self, terms: Terms) -> tuple[list[str], list[Array | None], list[int]]:
        """Names, columns (None for ones) and for each column the index of its term (-1 for the intercept)."""
        names: list[str] = []
        columns: list[Array | None] = []
        assign: list[int] = []
        sized = False
        if terms.intercept:
            names.append("(Intercept)")
            columns.append(None)
            assign.append(-1)
            whole = None
        else:
            whole = self._first_factor(terms)
        texts = terms.names
        for index, term in enumerate(terms.terms):
            if len(term) == 1:
                text = texts[term[0]]
                value = self.values[text]
                if type(value) is Numeric:
                    names.append(text)
                    columns.append(value.values)
                    assign.append(index)
                    continue
            if not sized:  # columns of the table need no room
                self._check_size(terms)
                sized = True
            suffixes, products = self._term(terms, index, whole)
            names.extend(suffixes)
            columns.extend(products)
            assign.extend([index] * len(suffixes))
        return names, columns, assign

    def _check_size(self, terms: Terms) -> None:
        """Refuse terms with more columns than can be held, before any is made.

        Raises
        ------
        DesignError
            With the term that goes beyond.
        """
        total = 0
        for label, term, dummies in zip(terms.labels, terms.terms, terms.dummies, strict=True):
            variables = [self.values[terms.names[variable]] for variable in term]
            total += prod(width(value, all_levels) for value, all_levels in zip(variables, dummies, strict=True))
            rows = len(variables[0].codes) if isinstance(variables[0], Factor) else len(variables[0].values)
            if total > MOST_COLUMNS or total * rows > MOST_CELLS:
                raise DesignError(
                    f"the terms up to {label!r} have {total} columns for {rows} rows, which is more than can be held; "
                    "leave terms out, or join levels of their factors"
                )

    def _first_factor(self, terms: Terms) -> tuple[int, int] | None:
        """Term and variable of the factor that takes the place of a missing intercept."""
        for index, term in enumerate(terms.terms):
            for variable in term:
                if isinstance(self.values[terms.names[variable]], (Factor, Logical)):
                    return index, variable
        return None

    def _term(self, terms: Terms, index: int, whole: tuple[int, int] | None) -> tuple[list[str], list[Array]]:
        names: list[str] = []
        columns: list[Array] = []
        for variable, dummies in zip(terms.terms[index], terms.dummies[index], strict=True):
            text = terms.names[variable]
            suffixes, parts = self._variable(text, dummies or whole == (index, variable))
            if not names:
                names, columns = [text + end for end in suffixes], list(parts)
            else:
                # The first variable of a term runs fastest.
                names = [f"{name}:{text}{end}" for end in suffixes for name in names]
                columns = [column * part for part in parts for column in columns]
        return names, columns

    def _variable(self, text: str, dummies: bool) -> Columns:
        done = self._done.get((text, dummies))
        if done is None:
            done = self._done[text, dummies] = self._coded(text, self.values[text], dummies)
        return done

    def _coded(self, text: str, value: Value, dummies: bool) -> Columns:
        if isinstance(value, Numeric):
            return ("",), [value.values]
        if isinstance(value, Matrix):
            # R names a matrix of one column by its text alone.
            ends = value.names if len(value.names) > 1 else ("",)
            return ends, [value.values[:, j] for j in range(value.values.shape[1])]
        if isinstance(value, Logical):
            return self._logical(text, value, dummies)
        if dummies:
            labels = value.levels.labels
            return labels, [indicator(value, j) for j in range(len(labels))]
        return factor_columns(value, self._coding(text, value.levels, value.ordered))

    def _logical(self, text: str, value: Logical, dummies: bool) -> Columns:
        if dummies:
            return ("FALSE", "TRUE"), [1.0 - value.values, value.values]
        used = self._coding(text, FALSE_TRUE, False)
        if used.levels_at == (1,):
            return ("TRUE",), [value.values]
        missing = np.isnan(value.values)
        codes = np.where(missing, -1, value.values).astype(np.int8)
        return factor_columns(Factor(codes, FALSE_TRUE), used)

    def _coding(self, text: str, levels: Levels, ordered: bool) -> Coding:
        used = self.codings.get(text)
        if used is None:
            used = self.codings[text] = coding(text, levels, self.contrasts.get(text), ordered)
        return used


def width(value: Value, dummies: bool) -> int:
    """How many columns a variable has in a term, all levels of a factor or all but one."""
    if isinstance(value, Factor):
        return max(len(value.levels.values) - (not dummies), 0)
    if isinstance(value, Matrix):
        return int(value.values.shape[1])
    return 2 if dummies and isinstance(value, Logical) else 1


def indicator(factor: Factor, code: int) -> Array:
    """1 for rows with that level, else 0; NaN for missing values."""
    column = np.equal(factor.codes, code).astype(np.float64)
    return _with_missing(column, factor)


def factor_columns(factor: Factor, used: Coding) -> Columns:
    """Columns of a factor under a coding."""
    if used.levels_at is not None and used.kind == "treatment":
        labels = factor.levels.labels
        return tuple(labels[j] for j in used.levels_at), [indicator(factor, j) for j in used.levels_at]
    assert used.suffixes is not None
    columns = [np.ascontiguousarray(used.matrix[:, j])[factor.codes] for j in range(used.matrix.shape[1])]
    return used.suffixes, [_with_missing(column, factor) for column in columns]


def _with_missing(column: Array, factor: Factor) -> Array:
    if factor.codes.size and factor.codes.min() < 0:
        column[factor.codes < 0] = np.nan
    return column
