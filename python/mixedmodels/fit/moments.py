"""Fitted values and residuals of the rows used, from the coefficients and the columns."""

from __future__ import annotations

from typing import Literal

import numpy as np

from mixedmodels.design.records import Design, Vector
from mixedmodels.fit.record import LinearFit, Matrix, MixedFit

ResidualType = Literal["response", "pearson", "working", "deviance"]


def fixed_part(design: Design, kept: tuple[int, ...], beta: Vector, n: int) -> Vector:
    """X beta + offset, shape (n,)."""
    eta = np.zeros(n) if design.offset is None else design.offset.copy()
    for value, j in zip(beta, kept, strict=True):
        column = design.fixed.columns[j]
        eta += value if column is None else value * column
    return eta


def add_random_part(eta: Vector, design: Design, b: tuple[Matrix, ...]) -> Vector:
    """Add Z b to `eta` in place, shape (n,)."""
    for term, modes in zip(design.random, b, strict=True):
        codes = design.groups[term.group].codes
        for j, column in enumerate(term.columns):
            effect = modes[:, j][codes]
            eta += effect if column is None else effect * column
    return eta


def fitted(design: Design, fit: LinearFit | MixedFit) -> Vector:
    """Conditional mean of the response, shape (n,)."""
    eta = fixed_part(design, fit.kept, fit.beta, fit.n)
    return add_random_part(eta, design, fit.b) if isinstance(fit, MixedFit) else eta


def residuals(
    design: Design, fit: LinearFit | MixedFit, type: ResidualType = "response", scaled: bool = False
) -> Vector:
    """Residuals of the rows used, shape (n,).

    For a Gaussian response "working" residuals are the response ones, "deviance" and "pearson" ones are multiplied by the
    square root of the weights; `scaled` divides by sigma.
    """
    assert design.response is not None
    r = design.response - fitted(design, fit)
    if type in ("pearson", "deviance") and design.weights is not None:
        r *= np.sqrt(design.weights)
    if scaled:
        r /= fit.sigma
    return r
