"""Types that annotations name: arrays, and the table that a model was fitted to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

# A model's class carries the type of its table, because results come back in the library of that table: `tidy()` of a
# model of a polars table is a polars table for type checkers too. Annotations may leave it out (`mm.MixedModel`), which
# stands for any table. Default values of type variables are of Python 3.13; type checkers know them anyway.
if TYPE_CHECKING:
    from typing_extensions import TypeVar

    Data_co = TypeVar("Data_co", covariant=True, default=Any)
else:
    from typing import TypeVar

    Data_co = TypeVar("Data_co", covariant=True)
Data = TypeVar("Data")
