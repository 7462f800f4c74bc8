"""Deletion of rows that share random effects with others: the mean-shift identity.

    beta - beta_(g) = B (E_g'P E_g)^-1 E_g'P y,   A_(g)^-1 = A^-1 + B (E_g'P E_g)^-1 B',   B = A^-1 X'V^-1 E_g

with E_g'P y = W_g r_g and E_g'P E_g = W_g - W_g T_g M^-1 T_g' W_g, where T is [Z Lambda, X] and M that of Henderson's
equations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.diagnose.influence.changes import SINGULAR, UNIDENTIFIED
from mixedmodels.diagnose.influence.leverage import Whitened
from mixedmodels.errors import FitError
from mixedmodels.fit.henderson import Henderson


def shift(
    white: Whitened, weights: Vector, wr: Vector, equations: Henderson, gone: NDArray[np.intp]
) -> tuple[Matrix, Vector]:
    """The change of A^-1 by deleting rows, and L'(beta - beta_(g)), in whitened coordinates; shape (p, p) and (p,).

    Parameters
    ----------
    weights, wr : ndarray, shape (n,)
        Weights W, and W r of `leverage.balanced`;.
    gone : ndarray of int
        Positions of the rows to leave out.

    Raises
    ------
    FitError
        If the rows that are left do not identify all coefficients.
    """
    gone = gone[weights[gone] > 0]
    root = np.sqrt(weights[gone])
    left = np.eye(len(gone)) - root[:, None] * equations.own_covariances(gone) * root
    try:
        factor = np.linalg.cholesky(left)
    except np.linalg.LinAlgError as error:
        raise FitError(UNIDENTIFIED) from error
    if len(gone) and np.diag(factor).min() ** 2 <= SINGULAR:
        raise FitError(UNIDENTIFIED)
    both = np.column_stack([white.rows[gone] / root[:, None], wr[gone] / root])
    solved = np.linalg.solve(factor, both)
    return solved[:, :-1].T @ solved[:, :-1], solved[:, :-1].T @ solved[:, -1]
