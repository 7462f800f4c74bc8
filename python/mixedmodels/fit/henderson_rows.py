"""Rows of a mixed model as arrays: the kept columns of X, codes and columns of every random term."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design

Columns = Sequence[Vector | None]
TermRows = tuple[NDArray[Any], Columns] | None  # codes and columns of a random term; None takes no part


def fixed_rows(design: Design, kept: Sequence[int], n: int) -> Matrix:
    """The kept columns of X, shape (n, p)."""
    x = np.empty((n, len(kept)))
    for a, j in enumerate(kept):
        column = design.fixed.columns[j]
        x[:, a] = 1.0 if column is None else column
    return x


def random_rows(design: Design) -> list[TermRows]:
    """Codes and columns of every random term of a design."""
    return [(design.groups[term.group].codes, term.columns) for term in design.random]
