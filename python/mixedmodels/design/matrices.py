"""Whole matrices X and Z for callers. The engine does not need them."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.design.records import Design, FixedDesign


def model_matrix(fixed: FixedDesign, n: int | None = None) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """The fixed-effects model matrix X, dense, shape (n, p), in Fortran order.

    Parameters
    ----------
    n : int, optional
        Number of rows; needed only if every column is a column of ones.

    Examples
    --------
    >>> from mixedmodels.design.matrices import model_matrix
    >>> model_matrix(fit.design.fixed).shape
    (180, 2)
    """
    return _bind(fixed.columns, n)


def _bind(columns: tuple[Vector | None, ...], n: int | None) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    lengths = [len(column) for column in columns if column is not None]
    rows = lengths[0] if lengths else n
    if rows is None:
        raise ValueError("the matrix has a column of ones only: n says how many rows it has")
    out = np.ones((rows, len(columns)), order="F")
    for j, column in enumerate(columns):
        if column is not None:
            out[:, j] = column
    return out


def z_matrix(design: Design) -> Any:
    """The random-effects model matrix Z, sparse (CSC), shape (n, q).

    Columns are in lme4's order: by term, then by level, then by effect. Rows with a new level have zeros.

    Examples
    --------
    >>> from mixedmodels.design.matrices import z_matrix
    >>> z_matrix(fit.design).shape
    (180, 36)
    """
    from scipy import sparse

    blocks = []
    for term in design.random:
        group = design.groups[term.group]
        n, k = len(group.codes), len(term.columns)
        values = _bind(term.columns, n)
        seen = np.flatnonzero(group.codes >= 0)
        rows = np.repeat(seen, k)
        columns = (group.codes[seen].astype(np.int64)[:, None] * k + np.arange(k)).ravel()
        block = sparse.coo_array((values[seen].ravel(), (rows, columns)), shape=(n, group.n_levels * k))
        blocks.append(block.tocsc())
    if not blocks:
        n = len(design.response) if design.response is not None else design.n_table - design.dropped
        return sparse.csc_array((n, 0))
    return sparse.hstack(blocks, format="csc")
