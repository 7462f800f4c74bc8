"""Nuisance factors: those without interactions, averaged out before the reference grid is laid out.

The linear predictor is a sum of what the nuisance factors add and of the rest, so that a mean over all of their levels
needs a row for each level and not one for each combination. With ten factors of four levels that is 40 rows, not 4^10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedmodels._spellings import word
from mixedmodels._typing import Vector
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.estimates.linear_functions import LinearFunctions, cells
from mixedmodels.estimates.predictors import Predictors
from mixedmodels.formula.nodes import column_names
from mixedmodels.inference.emmeans.specs import Names, names_of

Levels = Mapping[str, Sequence[Any]]
WEIGHTS = ("equal", "proportional")


@dataclass(frozen=True, slots=True)
class Nuisance:
    """What a user says of nuisance factors.

    Attributes
    ----------
    names : str or sequence of str, default ()
        Factors to average out.
    others : str or sequence of str, optional
        Factors that stay, where all others without interactions are averaged out.
    weights : {"equal", "proportional"}, default "equal"
        Weights of their levels.
    """

    names: str | Sequence[str] = ()
    others: str | Sequence[str] | None = None
    weights: str = "equal"

    def factors(self, predictors: Predictors, levels: Levels) -> tuple[str, ...]:
        """The predictors to average out, in the order of the model."""
        word("wt_nuis", self.weights, WEIGHTS)
        chosen = nuisance_factors(predictors, levels, self.names, self.others)
        return tuple(name for name in levels if name in chosen)


NONE = Nuisance()


def as_nuisance(names: Names, others: Names, weights: str) -> Nuisance:
    """The arguments ``nuisance``, ``non_nuisance`` and ``wt_nuis`` of a verb."""
    return Nuisance(names_of(names), None if others is None else names_of(others), weights)


def nuisance_factors(
    predictors: Predictors, levels: Levels, nuisance: str | Sequence[str], non_nuisance: str | Sequence[str] | None
) -> tuple[str, ...]:
    """The predictors to average out: those named, or with `non_nuisance` all others that are in no interaction.

    Raises
    ------
    UnknownColumnError, DataError
        If a name is no predictor, both arguments are given, or a named factor is in an interaction or an offset.
    """
    named = _names(nuisance, levels, "nuisance")
    if non_nuisance is None:
        for name in named:
            if (why := _why_not(predictors, name)) is not None:
                raise DataError(f"nuisance: {name!r} is in {why}, so that its mean depends on the rest; leave it out.")
        return named
    if named:
        raise DataError("nuisance and non_nuisance are both given; give one of them.")
    kept = _names(non_nuisance, levels, "non_nuisance")
    return tuple(name for name in levels if name not in kept and _why_not(predictors, name) is None)


def _names(names: str | Sequence[str], levels: Levels, argument: str) -> tuple[str, ...]:
    out = (names,) if isinstance(names, str) else tuple(names)
    for name in out:
        if name not in levels:
            raise UnknownColumnError(f"{argument} has {name!r}, which is no predictor; there are {', '.join(levels)}.")
    return out


def _why_not(predictors: Predictors, name: str) -> str | None:
    """Where a predictor is beside another one; None if it adds to the linear predictor alone."""
    formula = predictors.design.spec.formula
    fixed = formula.fixed
    for term, label in zip(fixed.terms, fixed.labels, strict=True):
        inside = [set(column_names(fixed.variables[place])) for place in term]
        if any(name in names for names in inside) and set().union(*inside) != {name}:
            return f"the term {label!r}"
    for text, node in formula.offset_texts:
        if name in set(column_names(node)):
            return f"the offset {text!r}"
    return None


def mean_shift(
    predictors: Predictors, levels: Levels, nuisance: Sequence[str], weights: str, argument_offset: float | str | None
) -> Vector:
    """Mean of the nuisance factors' columns over their levels less those of their first levels, shape (p,).

    Parameters
    ----------
    weights : {"equal", "proportional"}
        Weights of the levels of each factor: all the same, or their frequencies in the data.
    """
    weights = word("wt_nuis", weights, WEIGHTS)
    first = {name: values[:1] for name, values in levels.items()}
    total: Vector | None = None
    for name in nuisance:
        labels = cells({**first, name: levels[name]})
        rows, _ = predictors.matrix(labels, argument_offset)
        shift = _shares(predictors, labels, name, weights) @ rows - rows[0]
        total = shift if total is None else total + shift
    assert total is not None
    return total


def _shares(predictors: Predictors, labels: Mapping[str, Sequence[Any]], name: str, weights: str) -> Vector:
    if weights == "equal" or len(labels[name]) == 1:
        return np.full(len(labels[name]), 1 / len(labels[name]))
    counts = predictors.frequencies({name: labels[name]}, [name])
    if np.isnan(counts).any():
        raise DataError("wt_nuis='proportional' needs the rows of the fit, which a model loaded from a file lacks.")
    if not counts.any():
        raise DataError(f"wt_nuis='proportional': no row has any of these levels of {name!r}; take wt_nuis='equal'.")
    return np.asarray(counts / counts.sum())


def averaged_out(predictors: Predictors, grid: LinearFunctions) -> tuple[str, ...]:
    """How emmeans says that factors were averaged out."""
    count = len(predictors.columns) - len(grid.levels)
    return (f"{count} nuisance factors",) if count else ()
