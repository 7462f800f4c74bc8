"""The protocol of a test of one hypothesis: statistic, degrees of freedom, p-value, method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from mixedmodels.tables.result_table import ResultTable

STATISTICS = ("statistic", "f_value", "chisq", "lrt", "stat")

DegreesOfFreedom = float | tuple[float, float] | None


class SingleTest:
    """A test of one hypothesis.

    It answers `statistic`, `df` (a number, a pair for an F test, None for a distribution without), `p_value` and
    `method`. statsmodels' name `pvalue` is the p-value too. A test has no truth value: whether a hypothesis is rejected
    depends on a level.
    """

    statistic: Any
    df: Any
    p_value: Any
    method: Any

    @property
    def pvalue(self) -> float:
        """The p-value, as statsmodels and scipy call it."""
        return float(self.p_value)

    def __bool__(self) -> NoReturn:
        raise TypeError("a test has no truth value; compare its p-value with a level: test.p_value < 0.05.")


@dataclass(frozen=True, kw_only=True, eq=False)
class TestTable(SingleTest, ResultTable):
    """A table in which one row is the test.

    Attributes
    ----------
    method : str
        Method in words.
    tested : int, default -1
        Row of the test.
    """

    __test__ = False  # not one of pytest's

    method: str
    tested: int = -1

    def _value(self, *columns: str) -> float:
        """The number of the first of these columns that the table has; NaN without one."""
        name = next((c for c in columns if c in self.columns), None)
        return float("nan") if name is None else float(np.asarray(self.columns[name], dtype=float)[self.tested])

    @property
    def statistic(self) -> float:
        """The test statistic."""
        return self._value(*STATISTICS)

    @property
    def p_value(self) -> float:
        """The p-value."""
        return self._value("p_value")

    @property
    def df(self) -> DegreesOfFreedom:
        """Degrees of freedom: a number, of an F test those of numerator and denominator; None without."""
        if "den_df" in self.columns:
            return self._value("num_df", "df"), self._value("den_df")
        return self._value("df") if "df" in self.columns else None
