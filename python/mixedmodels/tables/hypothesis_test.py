"""A test of hypotheses as R prints one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Vector
from mixedmodels.errors import DataError
from mixedmodels.tables.r_numbers import DIGITS, format_number, format_numbers, format_pvalues
from mixedmodels.tables.single_test import DegreesOfFreedom, RecordedTest
from mixedmodels.tables.test_record import ResidualTest

WIDTH = 71  # of a line of text
COMPARED = {"two.sided": "not equal to", "less": "less than", "greater": "greater than"}


@dataclass(frozen=True, eq=False)
class HypothesisTest(RecordedTest):
    """One test; prints as R prints it.

    Attributes
    ----------
    test : ResidualTest
        Numbers of the test.
    data : str
        Data of the test, in words.
    kind : str, default "pandas"
        The library of tables.
    """

    test: ResidualTest
    data: str
    kind: Any = "pandas"

    @property
    def statistic(self) -> float:
        """The statistic of the test, which is the first of `statistics`."""
        return next(iter(self.test.statistics.values()))

    @property
    def statistics(self) -> Mapping[str, float]:
        """Statistics by name."""
        return self.test.statistics

    @property
    def p_value(self) -> float:
        """P-value of the test."""
        return self.test.p_value

    @property
    def method(self) -> str:
        """Method of the test, in words."""
        return self.test.method

    @property
    def df(self) -> DegreesOfFreedom:
        """Degrees of freedom of the null distribution, a pair of an F test; None where it has none."""
        p = self.test.parameters
        if "num df" in p:
            return float(p["num df"]), float(p["denom df"])
        return float(p["df"]) if "df" in p else None

    @property
    def alternative(self) -> str | None:
        """The alternative hypothesis."""
        return self.test.alternative

    @property
    def parameter(self) -> float | None:
        """Parameters of the null distribution: observations or degrees of freedom."""
        return next(iter(self.test.parameters.values()), None)

    @property
    def estimate(self) -> float | None:
        """Estimates of the test beside its statistic, if any."""
        return next(iter(self.test.estimates.values()), None)

    @property
    def conf_int(self) -> tuple[float, float] | None:
        """Confidence limits of the estimate, or limits that hold 95 percent of the simulations."""
        return self.test.conf_int

    @property
    def simulated(self) -> Vector | None:
        """The statistic of each simulation, shape (m,), before it is divided by their mean; None if not simulated."""
        return self.test.simulated

    @property
    def observed(self) -> float | None:
        """The statistic of the data, in the same units; None if not simulated."""
        return self.test.observed

    def histogram(self, bins: int | Any = 20) -> Any:
        """A histogram of the simulated statistics: a table with columns lower, upper and count.

        Parameters
        ----------
        bins : int or array_like, default 20
            Number of bins, or their ascending limits.
        """
        if self.test.simulated is None or self.test.observed is None:
            raise DataError(f"{self.method!r} is not tested by simulated statistics, so there is nothing to show.")
        both = np.r_[self.test.simulated, self.test.observed]
        try:
            count, edges = np.histogram(self.test.simulated, bins, (float(np.nanmin(both)), float(np.nanmax(both))))
        except (TypeError, ValueError) as error:
            raise DataError(f"bins is {bins!r:.60}; give a number of bins, or their limits, ascending.") from error
        return frame.to_kind({"lower": edges[:-1], "upper": edges[1:], "count": count}, self.kind)

    def _columns_of_table(self) -> Mapping[str, Any]:
        return {**super()._columns_of_table(), "alternative": [self.alternative]}

    def __repr__(self) -> str:
        title = [f"\t{line}" for line in wrap(self.method, WIDTH)]
        return "\n".join(["", *title, "", f"data:  {self.data}", *wrap(self._result(), WIDTH), *self._rest(), ""])

    def _result(self) -> str:
        t = self.test
        shown = format_numbers(list(t.statistics.values()), DIGITS - 2, width=False)
        parts = [f"{name} = {value}" for name, value in zip(t.statistics, shown, strict=True)]
        parts += [f"{name} = {format_number(value, DIGITS - 2)}" for name, value in t.parameters.items()]
        p = format_pvalues([t.p_value], DIGITS - 3)[0]
        return ", ".join([*parts, f"p-value {p}" if p.startswith("<") else f"p-value = {p}"])

    def _rest(self) -> list[str]:
        """Alternative, limits and estimates, if there are any."""
        t, out = self.test, []
        if t.alternative is not None:
            words = t.alternative
            if t.null_value is not None:
                words = f"true {t.null_value[0]} is {COMPARED[t.alternative]} {t.null_value[1]:.7g}"
            out.append(f"alternative hypothesis: {words}")
        if t.conf_int is not None:
            limits = " ".join(format_numbers(t.conf_int, DIGITS, width=False))
            out += [f"{100 * (t.conf_level or 0.95):g} percent confidence interval:", f" {limits}"]
        if t.estimates:
            values = format_numbers(list(t.estimates.values()), DIGITS, width=False)
            widths = [max(len(n), len(v)) for n, v in zip(t.estimates, values, strict=True)]
            out.append("sample estimates:")
            out += [
                "".join(f"{text.rjust(w)} " for text, w in zip(texts, widths, strict=True))
                for texts in (list(t.estimates), values)
            ]
        return out
