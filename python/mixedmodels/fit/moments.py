"""Fitted values and residuals of the rows used, from the coefficients and the columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.fit.re_form import Chosen
from mixedmodels.fit.record import GlmmFit, LinearFit, MixedFit

ResidualType = Literal["response", "pearson", "working", "deviance"]


def fixed_part(design: Design, kept: tuple[int, ...], beta: Vector, n: int) -> Vector:
    """X beta + offset, shape (n,)."""
    eta = np.zeros(n) if design.offset is None else design.offset.copy()
    for value, j in zip(beta, kept, strict=True):
        column = design.fixed.columns[j]
        eta += value if column is None else value * column
    return eta


def add_random_part(eta: Vector, design: Design, b: Sequence[Matrix], chosen: Sequence[Chosen] | None = None) -> Vector:
    """Add Z b to `eta` in place, all of it or the chosen effects; shape (n,)."""
    for i, (term, modes) in enumerate(zip(design.random, b, strict=True)):
        codes = design.groups[term.group].codes
        add_effects(eta, modes, codes, term.columns, None if chosen is None else chosen[i])
    return eta


def add_effects(
    eta: Vector, modes: Matrix, codes: NDArray[Any], columns: Sequence[Vector | None], chosen: Chosen | None = None
) -> None:
    """Add one term's effects to `eta` in place: mode j of each row's level times column j."""
    for j, column in enumerate(columns):
        if chosen is None or chosen[j]:
            effect = modes[:, j][codes]
            eta += effect if column is None else effect * column


def fitted(design: Design, fit: LinearFit | MixedFit) -> Vector:
    """Conditional mean of the response, shape (n,)."""
    eta = fixed_part(design, fit.kept, fit.beta, fit.n)
    return add_random_part(eta, design, fit.b) if fit.mixed else eta


def residuals(
    design: Design, fit: LinearFit | MixedFit, kind: ResidualType = "response", scaled: bool = False
) -> Vector:
    """Residuals of the rows used, shape (n,).

    For a Gaussian response "working" residuals are the response ones, "deviance" and "pearson" ones are multiplied by
    the square root of the weights; `scaled` divides by sigma.
    """
    assert design.response is not None
    r = design.response - fitted(design, fit)
    if kind in ("pearson", "deviance") and design.weights is not None:
        r *= np.sqrt(design.weights)
    if scaled:
        r /= fit.sigma
    return r


def predict_old(fit: MixedFit | GlmmFit, design: Design, chosen: Sequence[Chosen]) -> Vector:
    """Linear predictor of the rows that the model was fitted to, shape (n,)."""
    eta = fixed_part(design, fit.kept, fit.beta, fit.n)
    return add_random_part(eta, design, fit.b, chosen)
