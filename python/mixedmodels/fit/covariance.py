"""From theta to covariance matrices: T, Sigma = sigma^2 T T', standard deviations, correlations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import hypot

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector

SINGULAR = 1e-4  # lme4's bound, here on a standard deviation in units of sigma and of standardised columns


def factors(theta: Vector, sizes: tuple[int, ...]) -> list[Matrix]:
    """Lower triangular T of every term, each of shape (k, k); theta runs down its columns."""
    out, at = [], 0
    for k in sizes:
        t = np.zeros((k, k))
        t[_places(k)] = theta[at : at + k * (k + 1) // 2]
        out.append(t)
        at += k * (k + 1) // 2
    return out


@lru_cache(maxsize=64)
def _places(k: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the lower triangle, column by column."""
    columns, rows = np.triu_indices(k)
    return rows, columns


@lru_cache(maxsize=256)
def diagonal(sizes: tuple[int, ...]) -> NDArray[np.intp]:
    """Positions in theta of the diagonal elements of the factors."""
    places, at = [], 0
    for k in sizes:
        for j in range(k):
            places.append(at)
            at += k - j
    return np.array(places, dtype=np.intp)


def smallest(theta: NDArray[np.float64], sizes: tuple[int, ...], standards: Sequence[Matrix]) -> NDArray[np.float64]:
    """Standard deviation of the random effects in the direction in which a term varies least, the least of all terms.

    It is in units of sigma and of standardised columns, so that neither the unit nor the origin of a predictor matters.

    Parameters
    ----------
    theta : ndarray, shape (m,) or (B, m)
        Relative covariance parameters, of one fit or a row of each.
    standards : sequence of ndarray, shape (k, k)
        For each term what takes its effects to those of standardised columns.

    Examples
    --------
    >>> from mixedmodels.fit.covariance import smallest
    >>> float(smallest(np.array([1e-6]), (1,), [np.array([[1e6]])]))
    1.0
    """
    out, at = np.full(theta.shape[:-1], np.inf), 0
    for k, standard in zip(sizes, standards, strict=True):
        end = at + k * (k + 1) // 2
        if k == 1:
            sd = np.abs(theta[..., at]) * standard[0, 0]
        else:
            t = np.zeros((*theta.shape[:-1], k, k))
            t[(..., *_places(k))] = theta[..., at:end]
            usable = np.isfinite(t).all(axis=(-2, -1))
            sd = np.linalg.svd(standard @ np.nan_to_num(t), compute_uv=False)[..., -1]
            sd = np.where(usable, sd, np.nan)
        out = np.minimum(out, sd)
        at = end
    return np.asarray(out)


def is_singular(theta: Vector, sizes: tuple[int, ...], standards: Sequence[Matrix], tol: float = SINGULAR) -> bool:
    """Whether random effects have in some direction a standard deviation below `tol`; see `smallest`."""
    if all(k <= 2 for k in sizes) and all(_is_regular(t, s, tol) for t, s in _pieces(theta, sizes, standards)):
        return False
    return bool(smallest(theta, sizes, standards) < tol)


def _pieces(
    theta: Vector, sizes: tuple[int, ...], standards: Sequence[Matrix]
) -> Iterator[tuple[list[float], list[list[float]]]]:
    """The elements of each term's factor, with what takes its effects to those of standardised columns."""
    numbers, at = theta.tolist(), 0
    for k, standard in zip(sizes, standards, strict=True):
        end = at + k * (k + 1) // 2
        yield numbers[at:end], standard.tolist()
        at = end


def _is_regular(t: list[float], s: list[list[float]], tol: float) -> bool:
    """Whether one or two effects clearly vary in every direction: a lower bound, without a decomposition."""
    if len(t) == 1:
        return abs(t[0]) * s[0][0] >= tol
    a, b, c = t
    length = hypot(s[0][0] * a + s[0][1] * b, s[0][1] * c, s[1][0] * a + s[1][1] * b, s[1][1] * c)
    # The smaller singular value is the determinant over the larger one, which is at most the length.
    return abs((s[0][0] * s[1][1] - s[0][1] * s[1][0]) * a * c) > tol * length


def covariances(theta: Vector, sizes: tuple[int, ...], sigma: float) -> list[Matrix]:
    """Covariance matrix of the random effects of every term."""
    return [sigma**2 * (t @ t.T) for t in factors(theta, sizes)]


def correlation(t: Matrix) -> Matrix:
    """Correlations implied by a factor T (or any matrix of loadings by row); NaN where a variance is 0.

    Examples
    --------
    >>> from mixedmodels.fit.covariance import correlation
    >>> correlation(np.array([[2.0, 0.0], [1.0, 1.0]])).round(3).tolist()
    [[1.0, 0.707], [0.707, 1.0]]
    """
    sd = np.sqrt((t * t).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = t / sd[:, None]
        r = scaled @ scaled.T
    np.fill_diagonal(r, 1.0)
    return np.asarray(r)


def principal_components(t: Matrix) -> tuple[Vector, Matrix]:
    """Standard deviations relative to sigma and rotation (columns) of the random effects of one term.

    The singular value decomposition of T (not of the correlations): the singular values are sorted from the largest,
    and each column of the rotation holds the loadings of the effects.
    """
    rotation, sd, _ = np.linalg.svd(t)
    return sd, rotation
