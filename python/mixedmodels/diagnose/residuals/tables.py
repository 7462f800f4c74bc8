"""Tests of scaled residuals with several results: three tests at once, along a predictor, by level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mixedmodels import frame
from mixedmodels.diagnose.residuals.categorical import Categorical
from mixedmodels.diagnose.residuals.quantile_deviation import QuantileDeviation, curves
from mixedmodels.tables.hypothesis_test import HypothesisTest
from mixedmodels.tables.r_numbers import format_number, format_pvalues
from mixedmodels.tables.result_table import ResultTable, ShownAsTable
from mixedmodels.tables.single_test import SingleTest
from mixedmodels.tables.table import Table
from mixedmodels.tables.test_record import ResidualTest

NORMAL = 1.959963984540054  # of pointwise 95 percent limits


@dataclass(frozen=True, eq=False)
class ResidualSummary(Table):
    """Three tests of scaled residuals; prints them all."""

    uniformity: HypothesisTest
    dispersion: HypothesisTest
    outliers: HypothesisTest
    kind: Any = "pandas"

    def _columns_of_table(self) -> Mapping[str, Any]:
        tests = {"uniformity": self.uniformity, "dispersion": self.dispersion, "outliers": self.outliers}
        return {
            "test": list(tests),
            "statistic": np.array([t.statistic for t in tests.values()]),
            "p_value": np.array([t.p_value for t in tests.values()]),
        }

    def __repr__(self) -> str:
        return "\n".join(map(repr, (self.uniformity, self.dispersion, self.outliers)))

    def _repr_html_(self) -> str:
        return "".join(t._repr_html_() for t in (self.uniformity, self.dispersion, self.outliers))


class QuantileTest(SingleTest, ShownAsTable):
    """Tests of quantiles along a predictor, a row each; `curves` are the estimated quantiles.

    Attributes
    ----------
    found : QuantileDeviation
        Numbers of the test.
    statistic : float
        Smallest p-value of the quantiles, from which `p_value` is made.
    p_value : float
        P-value of all quantiles together.
    df : None
        The test has none.
    method : str
        Method in words.
    table : DataFrame
        Table with columns p_level, p_shape, p_value.
    """

    def __init__(self, deviation: QuantileDeviation, data: str, kind: Any) -> None:
        self.found = deviation
        self.kind = kind
        self.statistic = float(np.nanmin(deviation.p_value))
        self.p_value = deviation.p_total
        self.df = None
        self.method = "test for location of quantiles by their scores, p-values combined"
        columns = {"p_level": deviation.p_level, "p_shape": deviation.p_shape, "p_value": deviation.p_value}
        self.table = ResultTable(
            columns=columns,
            names=tuple(f"{q:g}" for q in deviation.quantiles),
            row_column="quantile",
            headers={"p_level": "P(level)", "p_shape": "P(shape)", "p_value": "P(both)"},
            heading=("Test for location of quantiles by their scores", "", f"data:  {data}"),
            footer=(f"all quantiles: p-value = {format_pvalues([deviation.p_total], 4)[0]}",),
            kind=kind,
        )

    @cached_property
    def curves(self) -> Any:
        """A row per quantile and point: quantile, x, fitted, conf_low, conf_high (pointwise, 95 percent), p_value."""
        fitted = curves(self.found)
        p = dict(zip(self.found.quantiles.tolist(), self.found.p_value.tolist(), strict=True))
        columns = {
            "quantile": np.concatenate([np.full(len(c.x), c.quantile) for c in fitted]),
            "x": np.concatenate([c.x for c in fitted]),
            "fitted": np.concatenate([c.fitted for c in fitted]),
            "conf_low": np.concatenate([c.fitted - NORMAL * c.std_error for c in fitted]),
            "conf_high": np.concatenate([c.fitted + NORMAL * c.std_error for c in fitted]),
            "p_value": np.concatenate([np.full(len(c.x), p[c.quantile]) for c in fitted]),
        }
        return frame.to_kind(columns, self.kind)

    @property
    def points(self) -> Any:
        """A row per residual: predictor, residual, is_outlier."""
        columns = {"predictor": self.found.x, "residual": self.found.residuals, "is_outlier": self.found.outside}
        return frame.to_kind(columns, self.kind)


class CategoricalTest(SingleTest, ShownAsTable):
    """Tests by level of a factor, a row each, and Levene's test of equal variances.

    Attributes
    ----------
    found : Categorical
        Numbers of the test.
    statistic : float
        Kolmogorov and Smirnov's D of the level with the smallest p-value.
    p_value : float
        Smallest adjusted p-value of the levels.
    df : None
        The test has none.
    method : str
        Method in words.
    p_levene : float
        P-value of Levene's test; NaN with one level.
    table : DataFrame
        Table with columns n, d, p_value, p_adjusted.

    Examples
    --------
    >>> residuals = gm.simulate_residuals(nsim=100, seed=1)
    >>> list(residuals.test_categorical("period").to_frame())
    ['period', 'n', 'd', 'p_value', 'p_adjusted']
    """

    def __init__(self, tests: Categorical, name: str, data: str, kind: Any) -> None:
        self.found = tests
        self.statistic = float(tests.d[int(np.argmin(tests.p_value))])
        self.p_value = float(tests.p_adjusted.min())
        self.df = None
        self.method = f"Kolmogorov-Smirnov tests of uniformity within levels of {name}, adjusted by Holm's method"
        self.kind = kind
        self._data = data
        self.p_levene = tests.p_levene
        columns = {"n": tests.n, "d": tests.d, "p_value": tests.p_value, "p_adjusted": tests.p_adjusted}
        self.table = ResultTable(
            columns=columns,
            names=tests.levels,
            row_column=name,
            headers={"d": "D", "p_value": "P(D)", "p_adjusted": "P(adjusted)"},
            heading=(f"Uniformity within levels of {name} (Kolmogorov-Smirnov, Holm)", "", f"data:  {data}"),
            footer=(_levene_text(tests),),
            kind=kind,
        )

    @property
    def levene(self) -> HypothesisTest:
        """Levene's test that residuals have one variance in all levels."""
        test = ResidualTest(
            method="Levene's test of equal variances, around the medians",
            statistics={"F": self.found.f},
            p_value=self.p_levene,
            parameters={"num df": float(self.found.df[0]), "denom df": float(self.found.df[1])},
        )
        return HypothesisTest(test, self._data, self.kind)


def _levene_text(tests: Categorical) -> str:
    if np.isnan(tests.f):
        return "Levene's test of equal variances needs two levels with residuals that differ."
    f, p = format_number(tests.f, 5), format_pvalues([tests.p_levene], 4)[0]
    return (
        f"Levene's test of equal variances: F = {f}, df = {tests.df[0]} and {tests.df[1]}, "
        f"p-value {p if p.startswith('<') else '= ' + p}"
    )
