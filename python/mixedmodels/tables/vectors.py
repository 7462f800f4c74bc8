"""Small results that print as R prints them: named estimates, log-likelihoods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._names import meant
from mixedmodels.tables.exported import Exported
from mixedmodels.tables.r_numbers import DIGITS, format_number, format_numbers
from mixedmodels.tables.r_print import named_vector

if TYPE_CHECKING:
    from mixedmodels.tables.sheet import Sheet


class NamedVector(Exported, Mapping[str, float]):
    """Name -> number, in order; ``numpy.asarray`` gives the numbers alone.

    Examples
    --------
    >>> fixed = fit.fixef()
    >>> fixed.names
    ('(Intercept)', 'Days')
    >>> round(fixed["Days"], 2)
    10.47
    """

    def __init__(self, names: Sequence[str], values: NDArray[np.float64], kind: Any = "pandas") -> None:
        self.names = tuple(names)
        self.values_array = np.asarray(values, dtype=float)
        self.kind = kind
        self._index: dict[str, int] | None = None

    def __getitem__(self, name: str) -> float:
        if self._index is None:
            self._index = {n: i for i, n in enumerate(self.names)}
        try:
            return float(self.values_array[self._index[meant(name, self.names)]])
        except KeyError:
            raise KeyError(f"no coefficient {name!r}; there are {', '.join(self.names)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.values_array, dtype=dtype)

    def _columns_of_table(self) -> Mapping[str, Any]:
        return {"term": list(self.names), "estimate": self.values_array}

    def __repr__(self) -> str:
        return named_vector(self.names, format_numbers(self.values_array, DIGITS))

    def _sheet(self) -> Sheet:
        from mixedmodels.tables.sheet import Block, Sheet

        texts = format_numbers(self.values_array, DIGITS, width=False)
        rows = [[n, t] for n, t in zip(self.names, texts, strict=True)]
        return Sheet(blocks=[Block(headers=["", "estimate"], rows=rows)])


class LogLik(float):
    """A log-likelihood that knows its degrees of freedom and number of observations.

    Examples
    --------
    >>> value = fit.logLik()
    >>> round(float(value), 2), value.df
    (-871.81, 6)
    """

    __slots__ = ("df", "nobs")
    df: int
    nobs: int

    def __new__(cls, value: float, df: int, nobs: int) -> LogLik:
        """A log-likelihood with its degrees of freedom and observations."""
        self = super().__new__(cls, value)
        self.df = df
        self.nobs = nobs
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return LogLik, (float(self), self.df, self.nobs)

    def __repr__(self) -> str:
        return f"'log Lik.' {format_number(float(self), DIGITS)} (df={self.df})"

    __str__ = __repr__
