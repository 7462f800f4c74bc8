"""The protocol of a test of one hypothesis: statistic, degrees of freedom, p-value, method."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.tables.html import preformatted
from mixedmodels.tables.result_table import ResultTable
from mixedmodels.tables.table import Table

STATISTICS = ("statistic", "f_value", "chisq", "lrt", "rlrt")

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

    def __bool__(self) -> bool:
        return truth("a test has no truth value; compare its p-value with a level: test.p_value < 0.05.")


def truth(reason: str) -> Literal[True]:
    """Refuse a truth value, except to polars, which asks a mapping of columns for one to learn whether it has any.

    Raises
    ------
    TypeError
        If anything but polars asks.
    """
    asking = str(sys._getframe(2).f_globals.get("__name__"))
    if asking.partition(".")[0] != "polars":
        raise TypeError(reason)
    return True


class RecordedTest(SingleTest, Table):
    """A test whose print has a layout of its own, and which is a table of one row."""

    def _columns_of_table(self) -> Mapping[str, Any]:
        return {"method": [self.method], **test_columns(self.statistic, self.df, self.p_value)}

    def _repr_html_(self) -> str:
        return preformatted(repr(self))


def test_columns(statistic: float, df: DegreesOfFreedom, p_value: float) -> dict[str, Any]:
    """One row: the statistic, its degrees of freedom where it has any, the p-value."""
    degrees: dict[str, Any] = {}
    if isinstance(df, tuple):
        degrees = {"num_df": np.array([float(df[0])]), "den_df": np.array([float(df[1])])}
    elif df is not None:
        degrees = {"df": np.array([float(df)])}
    return {"statistic": np.array([float(statistic)]), **degrees, "p_value": np.array([float(p_value)])}


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
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


def one_test(values: Mapping[str, Any], name: str, **more: Any) -> TestTable:
    """A test as a table of one row."""
    return TestTable(columns={k: np.array([v]) for k, v in values.items()}, names=(name,), **more)


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class SeveralTests(ResultTable):
    """A table whose rows are tests: `statistic`, `df` and `p_value` are arrays.

    Attributes
    ----------
    method : str
        Method in words.
    """

    method: str

    @property
    def statistic(self) -> Vector:
        """The test statistics, shape (rows,)."""
        return np.asarray(self.columns[next(c for c in STATISTICS if c in self.columns)], dtype=float)

    @property
    def p_value(self) -> Vector:
        """The p-values, shape (rows,)."""
        return np.asarray(self.columns["p_value"], dtype=float)

    @property
    def pvalue(self) -> Vector:
        """The p-values, as statsmodels calls them."""
        return self.p_value

    @property
    def df(self) -> Any:
        """Degrees of freedom, shape (rows,); None without."""
        return np.asarray(self.columns["df"], dtype=float) if "df" in self.columns else None

    def __bool__(self) -> bool:
        return truth("tests have no truth value; compare their p-values with a level: tests.p_value < 0.05.")
