"""General linear hypotheses of one model: their tests, intervals and letters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from mixedmodels._spellings import spelled
from mixedmodels.errors import DataError
from mixedmodels.estimates.coefficients import Coefficients
from mixedmodels.inference.glht.mcp import CodedFactor
from mixedmodels.inference.glht.tests import LinearHypotheses, joint_chisq
from mixedmodels.inference.glht.text import (
    P_HEADERS,
    EstimatesTable,
    HypothesesTable,
    LimitsTable,
    heading,
    method_line,
    row_names,
)
from mixedmodels.inference.multiplicity.compact_letters import letters
from mixedmodels.tables.result_table import ResultTable
from mixedmodels.tables.sheet import Sheet
from mixedmodels.tables.single_test import TestTable, one_test
from mixedmodels.tables.table import Table


class GeneralHypotheses(Table):
    """Linear hypotheses about the coefficients of a model, tested together; immutable.

    Attributes
    ----------
    hypotheses : LinearHypotheses
        Estimates, covariance, degrees of freedom, matrix and right sides.
    kind : str or None
        Kind of comparison of means ("Tukey"), or None.
    """

    def __init__(
        self,
        hypotheses: LinearHypotheses,
        coefficients: Coefficients,
        *,
        kind: str | None = None,
        fit: str | None = None,
        table: Any = "pandas",
        factor: CodedFactor | None = None,
        response: Any = None,
        footer: tuple[str, ...] = (),
    ) -> None:
        self.hypotheses = hypotheses
        self.kind = kind
        self._coefficients = coefficients
        self._fit = fit
        self._table = table
        self._factor = factor
        self._response = response
        self._footer = footer

    def _columns_of_table(self) -> Mapping[str, Any]:
        h = self.hypotheses
        columns = {"estimate": h.estimate, "std_error": h.std_error, "df": h.df, "statistic": h.statistic}
        return {"hypothesis": list(self._rows), **columns}

    def to_frame(self, kind: Any = None) -> Any:
        """The estimates with standard errors and statistics in a library of tables; `summary` adds p-values.

        Parameters
        ----------
        kind : {"pandas", "polars", "pyarrow", "duckdb", "dict"}, optional
            Library of the table; None for that of the model's data.
        """
        return super().to_frame(self._table if kind is None else kind)

    def summary(self, test: str = "single-step") -> ResultTable:
        """Estimates, standard errors, statistics, adjusted p-values.

        Parameters
        ----------
        test : str, default "single-step"
            Adjustment: "single-step" (the multivariate t or normal distribution of all statistics), "free", "Westfall"
            and "Shaffer" (step-down, the latter two with logical constraints), "none" ("univariate"), "bonferroni",
            "holm", "hochberg", "hommel", "BH" ("fdr"), "BY", "sidak", "scheffe".

        Examples
        --------
        >>> tests = logit.glht(mm.mcp(period="Dunnett"))
        >>> tests.summary("holm")["p_value"].round(5)
        array([6.e-05, 6.e-05, 5.e-05])
        """
        h = self.hypotheses
        letter = "t" if h.is_t else "z"
        columns: dict[str, Any] = {"estimate": h.estimate, "std_error": h.std_error}
        if h.is_t and len(set(h.df.tolist())) > 1:
            columns["df"] = h.df
        columns["statistic"] = h.statistic
        columns["p_value"] = h.p_values(test)
        lines = heading("Simultaneous Tests for General Linear Hypotheses", self.kind, self._fit)
        return HypothesesTable(
            columns=columns,
            names=self._rows,
            row_column="hypothesis",
            headers={
                "statistic": f"{letter} value",
                "df": "df",
                "p_value": P_HEADERS[h.alternative].format(letter),
            },
            heading=(*lines, "") if self._fit is not None else lines,
            footer=(method_line(test), *self._footer, ""),
            kind=self._table,
            digits=4,
        )

    def confint(self, level: float = 0.95, calpha: str | float = "adjusted") -> ResultTable:
        """Limits that hold together.

        Parameters
        ----------
        level : float, default 0.95
            Confidence of all intervals with ``calpha="adjusted"``, of each with "univariate".
        calpha : str or float, default "adjusted"
            Calibration: "adjusted", "univariate", or the critical value itself.

        Examples
        --------
        >>> logit.glht(mm.mcp(period="Dunnett")).confint(calpha="univariate")["conf_high"].round(2)
        array([-0.6 , -0.69, -0.97])
        """
        h = self.hypotheses
        low, high, critical = h.limits(level, calpha)
        quantiles = sorted({round(float(c), 4) for c in critical})
        family = "% family-wise confidence level" if calpha == "adjusted" else "% confidence level"
        text = ", ".join(f"{-q if h.alternative == 'greater' else q:g}" for q in quantiles)
        lines = ("", f"Quantile = {text}", f"{level * 100:g}{family}", " ", "")
        return LimitsTable(
            columns={"estimate": h.estimate, "conf_low": low, "conf_high": high},
            names=self._rows,
            row_column="hypothesis",
            headers={"conf_low": "lwr", "conf_high": "upr"},
            heading=(*heading("Simultaneous Confidence Intervals", self.kind, self._fit), *lines),
            footer=("", *self._footer) if self._footer else (),
            kind=self._table,
            digits=4,
        )

    def ftest(self) -> TestTable:
        """F test of all hypotheses at once, with the residual (or the method's) degrees of freedom.

        Examples
        --------
        >>> logit.glht(mm.mcp(period="Dunnett")).ftest().names
        ('1',)
        """
        test = self._coefficients.f_test(self.hypotheses.matrix, self.hypotheses.rhs)
        values = {"f_value": test.f_value, "num_df": test.num_df, "den_df": test.den_df, "p_value": test.p_value}
        headers = {"f_value": "F", "num_df": "DF1", "den_df": "DF2", "p_value": "Pr(>F)"}
        method = f"F test by {self._coefficients.phrase}"
        return self._global_test(values, headers, method)

    def chisq(self) -> TestTable:
        """Wald's chi-squared test of all hypotheses at once.

        Examples
        --------
        >>> logit.glht(mm.mcp(period="Dunnett")).chisq()["df"]
        array([3])
        """
        chisq, df, p = joint_chisq(self._coefficients, self.hypotheses.matrix, self.hypotheses.rhs)
        values = {"chisq": chisq, "df": df, "p_value": p}
        return self._global_test(values, {"df": "DF"}, "Wald chi-squared test")

    def _global_test(self, values: Mapping[str, Any], headers: Mapping[str, str], method: str) -> TestTable:
        return one_test(
            values,
            "1",
            method=method,
            headers=headers,
            heading=("Global Test:",),
            footer=self._footer,
            kind=self._table,
            row_column="test",
        )

    @spelled(alpha="level")  # as multcomp calls it
    def cld(self, alpha: float = 0.05, test: str = "single-step", *, decreasing: bool = False) -> Mapping[str, str]:
        """Compact letter display of a factor's levels: those that share a letter do not differ.

        Parameters
        ----------
        alpha : float, default 0.05
            Significance level.
        test : str, default "single-step"
            Adjustment as in `summary`.
        decreasing : bool, default False
            Whether letters begin at the largest mean of the response rather than the smallest.

        Raises
        ------
        DataError
            If these are not all pairwise comparisons of one factor.

        Examples
        --------
        >>> logit.glht(mm.mcp(period="Tukey")).cld(test="holm")
        {'1': 'b', '2': 'a', '3': 'a', '4': 'a'}
        """
        factor = self._factor
        if factor is None or self.kind != "Tukey":
            raise DataError('letters need all pairwise comparisons of one factor: glht(mcp(Machine="Tukey")).')
        k = len(factor.levels)
        pairs = [(factor.levels[j], factor.levels[i]) for i in range(k) for j in range(i + 1, k)]
        p = dict(zip(pairs, self.hypotheses.p_values(test).tolist(), strict=True))
        sums = np.bincount(factor.codes, weights=self._response, minlength=k)
        means = sums / np.maximum(np.bincount(factor.codes, minlength=k), 1)
        order = [factor.levels[i] for i in np.argsort(means, kind="stable")]
        marks = letters(p, factor.levels, alpha, order=order, reverse=decreasing, sweep=True)
        return dict(zip(factor.levels, marks, strict=True))

    @cached_property
    def _rows(self) -> tuple[str, ...]:
        h = self.hypotheses
        return row_names(h.names, h.rhs, h.alternative)

    def __repr__(self) -> str:
        return repr(self._estimates)

    def _sheet(self) -> Sheet:
        return self._estimates._sheet()

    @property
    def _estimates(self) -> EstimatesTable:
        lines = heading("General Linear Hypotheses", self.kind)
        return EstimatesTable(columns={"estimate": self.hypotheses.estimate}, names=self._rows, heading=lines, digits=4)
