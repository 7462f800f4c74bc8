"""Comparisons of a factor's levels as hypotheses about the coefficients that code it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._names import meant
from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design
from mixedmodels.design.spec import FactorSpec
from mixedmodels.errors import DataError, MixedModelsWarning
from mixedmodels.estimates.symbolic_hypotheses import Hypotheses, parse_hypotheses
from mixedmodels.inference.glht.comparison_matrices import KINDS, comparison_matrix


@dataclass(frozen=True)
class Comparisons:
    """Comparisons of factors' means; made by `mcp`.

    Attributes
    ----------
    specs : mapping of str
        Kind, matrix or hypotheses of each factor.
    interaction_average, covariate_average : bool, default False
        Whether to average over the factors, the numbers, with which it interacts.
    """

    specs: Mapping[str, Any]
    interaction_average: bool = False
    covariate_average: bool = False

    @property
    def averages(self) -> bool:
        """Whether anything is averaged over."""
        return self.interaction_average or self.covariate_average


def mcp(*, interaction_average: bool = False, covariate_average: bool = False, **factors: Any) -> Comparisons:
    """Multiple comparisons of the levels of factors, for ``glht``.

    Parameters
    ----------
    interaction_average : bool, default False
        Whether to average over the levels of the factors with which the factor interacts, all alike, rather than
        compare at their reference levels.
    covariate_average : bool, default False
        Whether to compare at the mean of a number that interacts with the factor rather than at 0.
    **factors : Any
        Comparisons of each factor, one of: a kind ("Tukey", "Dunnett", "Sequen", "AVE", "Changepoint", "Williams",
        "GrandMean", "Marcus", "McDermott", "UmbrellaWilliams"); hypotheses about its levels ("C - A = 0", or a list of
        them); a matrix with a column per level; a dict of rows, each a sequence of weights or a dict from levels to
        weights. For names that Python cannot write: ``mcp(**{"my factor": "Tukey"})``.

    Raises
    ------
    DataError
        If no factor is given.

    Examples
    --------
    >>> mm.mcp(period="Tukey").specs
    {'period': 'Tukey'}
    """
    if not factors:
        raise DataError('mcp() compares the levels of a factor: mcp(Machine="Tukey").')
    return Comparisons(factors, interaction_average, covariate_average)


@dataclass(frozen=True, kw_only=True)
class CodedFactor:
    """A factor and where its main effect stands among the columns of X.

    Attributes
    ----------
    name : str
        Name of the factor.
    levels : tuple of str
        Levels of the factor.
    columns : ndarray of int, shape (q,)
        Positions in X.
    coding : ndarray, shape (levels, q)
        Value of those columns at each level.
    codes : ndarray of int, shape (n,)
        Level of each row of the data.
    """

    name: str
    levels: tuple[str, ...]
    columns: NDArray[np.intp]
    coding: Matrix
    codes: NDArray[np.intp]


def coded_factor(design: Design, name: str) -> CodedFactor:
    """Find a factor's main effect.

    Raises
    ------
    DataError
        If the model has no such factor, or not as a main effect.
    """
    name = meant(name, design.spec.kinds)
    variable = design.spec.kinds.get(name)
    factors = [
        text for text, k in design.spec.kinds.items() if isinstance(k, FactorSpec) and text in design.fixed.terms
    ]
    if not isinstance(variable, FactorSpec) or name not in design.fixed.terms:
        near = get_close_matches(name, factors, n=1) or factors
        cure = f"the factors among its main effects are {', '.join(near)}" if near else "it has no factor at all"
        raise DataError(f"{name!r} is not a factor among the fixed effects of the model; {cure}.")
    columns = np.flatnonzero(np.array(design.fixed.assign) == design.fixed.terms.index(name))
    labels = tuple(map(str, variable.levels.labels))
    used = design.spec.contrasts.get(name)
    coding = np.eye(len(labels)) if len(columns) == len(labels) or used is None else used.matrix
    values = np.column_stack([_column(design, int(j)) for j in columns])
    codes = np.argmin([np.abs(values - row).sum(axis=1) for row in coding], axis=0)
    return CodedFactor(name=name, levels=labels, columns=columns, coding=np.asarray(coding, float), codes=codes)


def mean_comparisons(
    design: Design, wanted: Comparisons, averages: Mapping[str, Matrix] | None = None
) -> tuple[Hypotheses, str]:
    """The comparisons as hypotheses about all columns of X, and the name of their contrast.

    Parameters
    ----------
    averages : mapping of str to ndarray, optional
        Mean row of X at each level, shape (levels, columns), of the factors where `wanted` averages.

    Raises
    ------
    DataError
        If a factor or a comparison of it cannot be used.
    """
    rows, rhs, names, contrasts, alternatives = [], [], [], [], set()
    for name, spec in wanted.specs.items():
        factor = coded_factor(design, name)
        left = _interactions_left(design, name, wanted)
        if left:
            _warn_interactions(name, left)
        levels, contrast = _level_hypotheses(factor, spec)
        block = np.zeros((len(levels.names), len(design.fixed.names)))
        block[:, factor.columns] = levels.matrix @ factor.coding
        if averages is not None and name in averages:
            averaged = [t for t in _interactions(design, name) if t not in left]
            columns = np.isin(np.array(design.fixed.assign), [design.fixed.terms.index(t) for t in averaged])
            block[:, columns] = levels.matrix @ averages[name][:, columns]
        rows.append(block)
        rhs.append(levels.rhs)
        names += [f"{name}: {row}" if len(wanted.specs) > 1 else row for row in levels.names]
        contrasts += [contrast] if contrast else []
        alternatives |= {levels.alternative} - {None}
    if len(alternatives) > 1:
        raise DataError("the hypotheses mix '=', '>=' and '<='; test those of one kind at a time.")
    contrast = ", ".join(dict.fromkeys(contrasts)) or "User-defined"
    alternative = alternatives.pop() if alternatives else None
    return Hypotheses(np.vstack(rows), np.concatenate(rhs), tuple(names), alternative), contrast


def _level_hypotheses(factor: CodedFactor, spec: Any) -> tuple[Hypotheses, str | None]:
    """Hypotheses about the levels' means, and the contrast where one was named."""
    k = len(factor.levels)
    if isinstance(spec, str) and (contrast := _contrast(spec)):
        counts = np.bincount(factor.codes, minlength=k).astype(float)
        matrix, names = comparison_matrix(contrast, counts, factor.levels)
        return Hypotheses(matrix, np.zeros(len(names)), tuple(names)), contrast
    if isinstance(spec, str) or (isinstance(spec, Sequence) and spec and all(isinstance(s, str) for s in spec)):
        hypotheses = parse_hypotheses(spec, factor.levels, f"level of {factor.name}")
        _check_sums(factor, hypotheses.matrix, hypotheses.names)
        return hypotheses, None
    matrix, names = _numbers(factor, spec)
    _check_sums(factor, matrix, names)
    return Hypotheses(matrix, np.zeros(len(matrix)), tuple(names)), None


def _contrast(text: str) -> str | None:
    """The contrast that a text names or begins, if it does."""
    matches = [contrast for contrast in KINDS if contrast.lower().startswith(text.strip().lower())]
    return matches[0] if text.strip() and len(matches) == 1 else None


def _numbers(factor: CodedFactor, spec: Any) -> tuple[Matrix, list[str]]:
    k = len(factor.levels)
    if isinstance(spec, Mapping):
        names = [str(name) for name in spec]
        rows = [_weights(factor, row) for row in spec.values()]
        return np.array(rows), names
    try:
        matrix = np.atleast_2d(np.asarray(spec, dtype=float))
    except (TypeError, ValueError):
        raise DataError(
            f"{spec!r:.60} does not say which levels of {factor.name!r} to compare; give one of {', '.join(KINDS)}, "
            "a matrix with a column per level, or hypotheses."
        ) from None
    if matrix.ndim != 2 or matrix.shape[1] != k:
        raise DataError(
            f"a row of comparisons of {factor.name!r} needs {k} weights, one per level; got {matrix.shape}."
        )
    labels = getattr(spec, "index", None)
    texts = [str(label) for label in labels] if labels is not None and not callable(labels) else None
    return matrix, texts or [str(i + 1) for i in range(len(matrix))]


def _weights(factor: CodedFactor, row: Any) -> Vector:
    if isinstance(row, Mapping):
        unknown = [str(label) for label in row if str(label) not in factor.levels]
        if unknown:
            raise DataError(f"{factor.name!r} has no level {unknown[0]!r}; it has {', '.join(factor.levels)}.")
        weights = {str(label): float(w) for label, w in row.items()}
        return np.array([weights.get(label, 0.0) for label in factor.levels])
    weights_row = np.asarray(row, dtype=float)
    if weights_row.shape != (len(factor.levels),):
        raise DataError(f"comparisons of {factor.name!r} need {len(factor.levels)} weights; got {weights_row.shape}.")
    return weights_row


def _check_sums(factor: CodedFactor, matrix: Matrix, names: Sequence[str]) -> None:
    """Refuse weights that do not sum to 0 where the intercept takes up a common constant of the means."""
    if len(factor.columns) == len(factor.levels):
        return
    wrong = np.flatnonzero(np.abs(matrix.sum(axis=1)) > 1e-8 * np.abs(matrix).sum(axis=1).clip(1))
    if len(wrong):
        total = matrix[wrong[0]].sum()
        raise DataError(
            f"the weights of {names[wrong[0]]!r} among the levels of {factor.name!r} sum to {total:g}; "
            "a comparison of levels has weights that sum to 0 (for means themselves use emmeans)."
        )


def _interactions(design: Design, name: str) -> list[str]:
    return [t for t in design.fixed.terms if t != name and name in t.split(":")]


def _interactions_left(design: Design, name: str, wanted: Comparisons) -> list[str]:
    """Interactions that are not averaged over."""
    left = []
    for term in _interactions(design, name):
        factors = [isinstance(design.spec.kinds.get(v), FactorSpec) for v in term.split(":") if v != name]
        needed = (any(factors), not all(factors))
        if (needed[0] and not wanted.interaction_average) or (needed[1] and not wanted.covariate_average):
            left.append(term)
    return left


def _warn_interactions(name: str, others: Sequence[str]) -> None:
    warnings.warn(
        f"{name} also occurs in {', '.join(others)}: its comparisons hold where the other variables are 0 or at "
        "their reference level; mcp(..., interaction_average=True, covariate_average=True) and emmeans average over "
        "them",
        MixedModelsWarning,
        stacklevel=4,
    )


def _column(design: Design, j: int) -> Vector:
    column = design.fixed.columns[j]
    if column is not None:
        return column
    first = next(c for c in design.fixed.columns if c is not None)
    return np.ones(len(first))
