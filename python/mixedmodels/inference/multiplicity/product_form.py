"""Correlations of product form, ``l_i l_j``: one common variable, given which the statistics are independent."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.inference.multiplicity.studentized_range import mixed_tail, panels

SAME = 1e-9  # correlations that agree to this are one
MAX_LOADING = 0.98  # of a loading of the nearest product form


@dataclass(frozen=True)
class ProductForm:
    """The largest of statistics with these loadings on the common variable.

    Attributes
    ----------
    loadings : ndarray
        Loadings l, below 1 in absolute value.
    two_sided : bool
        Whether bounds are on absolute values.
    """

    loadings: Vector
    two_sided: bool

    def tail(self, c: float, df: float = inf) -> float:
        """P(the largest statistic > c)."""
        return mixed_tail(self._normal_tail, c, df)

    def _normal_tail(self, w: Vector) -> Vector:
        from scipy.special import log_ndtr, ndtr

        z, weights = panels(np.linspace(-8.5, 8.5, 5))
        density = weights * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
        log_inside = np.zeros((len(w), len(z)))
        spread = np.sqrt(np.maximum(1 - self.loadings**2, 1e-300))
        for loading, sd in zip(self.loadings, spread, strict=True):
            upper = (w[:, None] - loading * z) / sd
            if self.two_sided:
                lower = (-w[:, None] - loading * z) / sd
                log_inside += np.log1p(-np.minimum(ndtr(-upper) + ndtr(lower), 1 - 1e-16))
            else:
                log_inside += log_ndtr(upper)
        return np.asarray(np.clip(-np.expm1(log_inside) @ density, 0.0, 1.0))


def product_form(corr: Matrix) -> Vector | None:
    """Loadings l with ``corr[i, j] = l[i] l[j]`` off the diagonal, where there is one with abs(l) <= 1."""
    k = len(corr)
    off = corr - np.diag(np.diag(corr))
    related = np.flatnonzero((np.abs(off) > SAME).any(axis=1))
    loadings = np.zeros(k)
    if len(related) == 2:
        i, j = related
        loadings[i] = np.sqrt(abs(off[i, j]))
        loadings[j] = np.sign(off[i, j]) * loadings[i]
    elif len(related) > 2:
        first, second, third = related[:3]
        if min(abs(off[first, second]), abs(off[first, third]), abs(off[second, third])) < SAME:
            return None
        square = off[first, second] * off[first, third] / off[second, third]
        if not SAME < square <= 1:
            return None
        loadings = off[first] / np.sqrt(square)
        loadings[first] = np.sqrt(square)
    fits = np.abs(np.outer(loadings, loadings) - off)
    np.fill_diagonal(fits, 0)
    return loadings if fits.max() < SAME and np.abs(loadings).max() < 1 - SAME else None


def nearest_product_form(corr: Matrix) -> tuple[Vector, Matrix, Matrix]:
    """Loadings near to a regular correlation matrix, and symmetric roots of it and of their product form.

    The loadings are those of the principal factor; the roots move least from one matrix to the other.
    """
    k = len(corr)
    square = np.full(k, 0.5)
    loadings = np.zeros(k)
    for _ in range(200):
        reduced = corr.copy()
        np.fill_diagonal(reduced, square)
        values, vectors = np.linalg.eigh(reduced)
        loadings = vectors[:, -1] * np.sqrt(max(values[-1], 0.0))
        before, square = square, np.minimum(loadings**2, MAX_LOADING**2)
        if np.abs(square - before).max() < 1e-10:
            break
    loadings = np.clip(loadings, -MAX_LOADING, MAX_LOADING)
    near = np.outer(loadings, loadings)
    np.fill_diagonal(near, 1)
    return loadings, _root(corr), _root(near)


def _root(matrix: Matrix) -> Matrix:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)
