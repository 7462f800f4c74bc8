"""From two nested models, or from what a user wrote, to a matrix of contrasts."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError


def contrasts(values: Any, p: int) -> Matrix:
    """A matrix of contrasts of `p` coefficients, shape (rows, p).

    Raises
    ------
    DataError
        If it is not of numbers, has another width or no rows, or a row is 0 everywhere.

    Examples
    --------
    >>> from mixedmodels.estimates.restrictions import contrasts
    >>> contrasts([1, -1], 2).tolist()
    [[1.0, -1.0]]
    """
    try:
        c = np.atleast_2d(np.asarray(values, dtype=float))
    except (TypeError, ValueError) as error:
        raise DataError(f"contrasts must be numbers, a row of {p} for each; got {values!r:.80}.") from error
    if c.ndim != 2 or c.shape[1] != p:
        raise DataError(
            f"the contrasts have shape {c.shape}, and the model has {p} fixed effects (see fixef()); give a column "
            "for each of them."
        )
    if not np.isfinite(c).all():
        raise DataError(f"the contrasts hold {c[~np.isfinite(c)][0]}; give finite numbers.")
    if not len(c):
        raise DataError(f"there are no contrasts to test; give a matrix with at least one row of {p} numbers.")
    empty = np.flatnonzero(~c.any(axis=1))
    if len(empty):
        raise DataError(f"row {empty[0] + 1} of the contrasts is 0 everywhere, which is no hypothesis; leave it out.")
    return c


def right_sides(rhs: Any, rows: int) -> Vector:
    """Values of the contrasts under the hypothesis, shape (rows,).

    Raises
    ------
    DataError
        If there are neither one nor `rows` finite numbers.
    """
    values = np.asarray(rhs, dtype=float)
    if values.shape not in ((), (1,), (rows,)) or not np.isfinite(values).all():
        raise DataError(f"rhs is {rhs!r:.80}; give one number, or one for each of {rows} contrasts.")
    return np.broadcast_to(values, (rows,)).astype(float)


def between(large: Matrix, small: Matrix) -> Matrix | None:
    """Contrasts that are 0 just where the mean lies in the columns of `small`; None if these are not among `large`'s.

    Parameters
    ----------
    large : ndarray, shape (n, p)
        Model matrix of full rank.
    small : ndarray, shape (n, p0)
        Model matrix of the same rows, of full rank.

    Returns
    -------
    ndarray, shape (p - p0, p)
        Orthonormal rows.
    """
    p = large.shape[1]
    norm = np.linalg.norm(large, axis=0)
    b = np.linalg.lstsq(large / norm, small, rcond=1e-10)[0] / norm[:, None]
    left = np.linalg.norm(small - large @ b, axis=0)
    if np.any(left > 1e-7 * np.linalg.norm(small, axis=0)):
        return None
    u, s, _ = np.linalg.svd(b, full_matrices=True)
    rank = int(np.sum(s > 1e-10 * s.max(initial=0.0)))
    rows = u[:, rank:].T
    # A sign and, where that is possible, a form that people recognise: rows of the identity for dropped columns.
    dropped = np.flatnonzero(np.abs(b).max(axis=1, initial=0.0) < 1e-9 * np.abs(b).max(initial=1e-300))
    return np.eye(p)[dropped] if len(dropped) == len(rows) else rows
