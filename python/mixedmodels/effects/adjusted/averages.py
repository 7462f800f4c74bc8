"""Counterfactual averages: every row of the data with the focal variables changed, the predicted means averaged.

With mu_i = h(x_i'beta + o_i) the average over n rows has the gradient ``g = mean of h'(eta_i) x_i`` in beta, so that
its standard error is ``sqrt(g'V g)`` (the delta method, as marginaleffects takes it).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.effects.adjusted.grid import Grid, Layout, lay_out
from mixedmodels.effects.adjusted.predictions import Predicted, modes_part
from mixedmodels.effects.adjusted.variables import Variables
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald
from mixedmodels.estimates.linear_functions import Basis
from mixedmodels.estimates.predictors import column_like, take_rows
from mixedmodels.estimates.transformations import WayBack
from mixedmodels.fit.any_fit import AnyFit
from mixedmodels.frame import Column

CHUNK = 100_000  # rows laid out at a time


def averaged(
    fit: AnyFit,
    basis: Basis,
    variables: Variables,
    grid: Grid,
    *,
    random: bool,
    level: float,
    back: WayBack | None,
    offset: Vector | None,
) -> Predicted:
    """Average predictions of each combination of focal values, with limits symmetric around them.

    Their `eta` is the average itself, and `std_error` is of it.

    Parameters
    ----------
    random : bool
        Whether rows have the conditional modes of their own groups; with all random effects 0 otherwise.
    back : WayBack or None
        Way from the linear predictor to the response; None to average the linear predictor.
    offset : ndarray or None
        Offset argument of the rows, where it was an array.

    Raises
    ------
    DataError
        If a model loaded from a file has no rows.
    """
    if not variables.has_rows:
        raise DataError("averages over the rows of the data need them, and a model loaded from a file has none.")
    kept = list(basis.kept)
    mean, gradient = np.full(len(grid), np.nan), np.full((len(grid), len(kept)), np.nan)
    for chosen, layout in _layouts(variables, grid, offset):
        eta = layout.rows[:, kept] @ basis.coefficients.beta
        eta += 0.0 if layout.offset is None else layout.offset
        if random and fit.mixed:
            eta += modes_part(fit, layout)
        eta[~basis.estimable(layout.rows)] = np.nan
        mu, slope = (eta, np.ones_like(eta)) if back is None else (back.inverse(eta), back.slope(eta))
        n = len(eta) // len(chosen)
        mean[chosen] = mu.reshape(-1, n).mean(axis=1)
        gradient[chosen] = (slope[:, None] * layout.rows[:, kept]).reshape(-1, n, len(kept)).mean(axis=1)
    error = np.sqrt(np.einsum("ij,jk,ik->i", gradient, basis.coefficients.vcov, gradient))
    df = np.full(len(grid), np.nan)
    good = np.isfinite(mean)
    if good.any():
        df[good] = basis.coefficients.df(gradient[good])
    limits = wald.intervals(mean, error, level, df)
    return Predicted(
        eta=mean,
        std_error=error,
        df=df,
        predicted=mean,
        conf_low=limits[:, 0],
        conf_high=limits[:, 1],
        gradient=gradient,
    )


def _layouts(variables: Variables, grid: Grid, offset: Vector | None) -> Iterator[tuple[list[int], Layout]]:
    """The data's rows for some combinations of focal values at a time, one below the other."""
    n = variables.design.response.shape[0] if variables.design.response is not None else 0
    step = max(1, CHUNK // max(n, 1))
    for start in range(0, len(grid), step):
        chosen = list(range(start, min(start + step, len(grid))))
        columns = _changed(variables, grid, chosen, n)
        tiled = None if offset is None else np.tile(offset, len(chosen))
        yield chosen, lay_out(variables, columns, n * len(chosen), tiled)


def _changed(variables: Variables, grid: Grid, chosen: list[int], n: int) -> Mapping[str, Column]:
    rows = np.tile(np.arange(n, dtype=np.intp), len(chosen))
    columns: dict[str, Column] = {name: take_rows(c, rows) for name, c in variables.columns.items()}
    for name in grid.terms:
        labels = [grid.labels[name][i] for i in chosen for _ in range(n)]
        columns[name] = column_like(variables.columns[name], labels)
    held = {name: value for name, value in grid.constants.items() if name not in grid.terms}
    for name, value in held.items():
        columns[name] = column_like(variables.columns[name], [value] * len(rows))
    return columns
