"""What one column of a table is to a model: a number per row, a truth value per row, or a factor.

Every table library is read into these three kinds; nothing below this room knows pandas or polars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Levels:
    """The ordered distinct values of a factor, with their labels made only when somebody asks.

    Labels are what R's ``as.character`` gives: ``308``, ``2.5``, ``TRUE``, ``a``. A factor of 100,000
    integer levels costs nothing until it is printed.
    """

    __slots__ = ("_index", "_labels", "values")

    def __init__(self, values: Any) -> None:
        self.values = values  # numpy array of any dtype, in level order
        self._labels: tuple[str, ...] | None = None
        self._index: dict[str, int] | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def labels(self) -> tuple[str, ...]:
        if self._labels is None:
            self._labels = tuple(label(v) for v in self.values)
        return self._labels

    @property
    def index(self) -> dict[str, int]:
        """Label to position."""
        if self._index is None:
            self._index = {text: i for i, text in enumerate(self.labels)}
        return self._index

    def take(self, keep: NDArray[np.intp]) -> Levels:
        return Levels(np.asarray(self.values)[keep])


def label(value: Any) -> str:
    """A level's label as R writes it: no trailing ``.0``, fifteen significant digits, TRUE and FALSE."""
    if isinstance(value, (bool, np.bool_)):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (float, np.floating)):
        return f"{value:.15g}"
    return str(value)


@dataclass(frozen=True, slots=True)
class Numeric:
    """Numbers, float64 of length n; NaN marks a missing value."""

    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Logical:
    """Truth values as float64 0, 1 or NaN (missing), length n. R codes them as a factor FALSE, TRUE."""

    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Factor:
    """Integer codes into ordered levels, signed integers of length n; -1 marks a missing value."""

    codes: NDArray[Any]
    levels: Levels
    ordered: bool = False


Column = Numeric | Logical | Factor
