"""Predictions from simulated responses: of every row the mean and quantiles of its draws, averaged by focal values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.effects.adjusted.partial_residuals import row_values
from mixedmodels.effects.adjusted.variables import Variables
from mixedmodels.errors import DataError
from mixedmodels.estimates.linear_functions import Level


def simulated(
    variables: Variables, terms: Sequence[str], levels: Mapping[str, Sequence[Level]], draws: Matrix, level: float
) -> tuple[dict[str, tuple[Level, ...]], dict[str, Vector]]:
    """Labels and columns predicted, std_error, conf_low, conf_high of the combinations that occur.

    Parameters
    ----------
    levels : mapping of str to sequence of Level
        Requested values of each term.
    draws : ndarray, shape (n, draws)
        Drawn responses.

    Raises
    ------
    DataError
        If no row has the requested values.
    """
    values = [row_values(variables, name) for name in terms]
    place = [{v: i for i, v in enumerate(levels[name])} for name in terms]
    cells: dict[tuple[int, ...], list[int]] = {}
    for row, key in enumerate(zip(*values, strict=True)):
        at = tuple(places.get(v, -1) for places, v in zip(place, key, strict=True))
        if -1 not in at:
            cells.setdefault(at, []).append(row)
    if not cells:
        raise DataError("no row of the data has these values, and simulated predictions are those of rows.")
    of_rows = {
        "predicted": draws.mean(axis=1),
        "std_error": draws.std(axis=1, ddof=1),
        "conf_low": np.quantile(draws, (1 - level) / 2, axis=1),
        "conf_high": np.quantile(draws, (1 + level) / 2, axis=1),
    }
    order = sorted(cells)
    labels = {name: tuple(levels[name][at[j]] for at in order) for j, name in enumerate(terms)}
    return labels, {c: np.array([v[cells[at]].mean() for at in order]) for c, v in of_rows.items()}
