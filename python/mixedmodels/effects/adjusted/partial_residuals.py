"""Partial residuals: the residual of a row, added to the prediction with other variables held at typical values.

The partial residual of a row is the prediction at its focal values plus its working residual
``(y - mu) / mu'(eta)``, both on the scale of the linear predictor (Landwehr, Pregibon and Shoemaker 1984; visreg and
ggeffects draw the same). The residual is what is left after all random effects, or after some of them only: what is
not taken out stays in the points.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Vector
from mixedmodels.effects.adjusted.variables import Variables
from mixedmodels.errors import DataError
from mixedmodels.estimates.linear_functions import Level
from mixedmodels.estimates.transformations import WayBack
from mixedmodels.frame import Factor, Logical, Numeric


def working_residuals(y: Vector, eta: Vector, back: WayBack | None) -> Vector:
    """Residuals on the scale of the linear predictor, shape (n,).

    Parameters
    ----------
    y : ndarray
        Response as the family sees it.
    eta : ndarray
        Linear predictor with what is to be taken out.
    back : WayBack or None
        Inverse link; None of the identity.
    """
    if back is None:
        return y - eta
    return np.asarray((y - back.inverse(eta)) / back.slope(eta))


def row_values(variables: Variables, name: str) -> list[Level]:
    """A variable's value in each row used."""
    column = variables.columns[name]
    if isinstance(column, Factor):
        labels = column.levels.labels
        return [labels[c] for c in column.codes]
    values: list[Level] = column.values.tolist()
    return [bool(v) for v in values] if isinstance(column, Logical) else values


def nearest_rows(variables: Variables, terms: Sequence[str], labels: Sequence[Sequence[Level]]) -> NDArray[np.intp]:
    """For each row of the data the row of a grid with its levels and the nearest numbers, the first of several.

    Parameters
    ----------
    labels : sequence of sequence of Level
        Value of each term in each row of the grid.

    Raises
    ------
    DataError
        If a row has a level that the grid does not have.
    """
    fits: NDArray[np.bool_] | None = None
    for name, values in zip(terms, labels, strict=True):
        column = variables.columns[name]
        if isinstance(column, Numeric):
            distance = np.abs(column.values[:, None] - np.array(values, dtype=float)[None, :])
            here = distance == distance.min(axis=1, keepdims=True)
        else:
            own = np.array([str(v) for v in row_values(variables, name)], dtype=object)
            here = own[:, None] == np.array([str(v) for v in values], dtype=object)[None, :]
        fits = here if fits is None else fits & here
    assert fits is not None
    if not fits.any(axis=1).all():
        row = int(np.flatnonzero(~fits.any(axis=1))[0])
        shown = ", ".join(f"{name} = {row_values(variables, name)[row]}" for name in terms)
        raise DataError(f"row {row} ({shown}) has no place in the grid; let the grid have all levels of its factors.")
    return np.asarray(fits.argmax(axis=1))


def used_levels(
    variables: Variables, terms: Sequence[str], levels: Sequence[Sequence[Level] | None]
) -> NDArray[np.intp]:
    """Rows whose factors have one of the requested levels; all rows without a request."""
    n = len(row_values(variables, terms[0]))
    good = np.ones(n, dtype=bool)
    for name, wanted in zip(terms, levels, strict=True):
        if wanted is not None and not isinstance(variables.columns[name], Numeric):
            chosen = {str(v) for v in wanted}
            good &= np.array([str(v) in chosen for v in row_values(variables, name)])
    return np.flatnonzero(good)
