"""Coefficients with a robust covariance: the printed table, joint tests and limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.estimates import restrictions, wald
from mixedmodels.estimates.coefficients import Coefficients, FTest
from mixedmodels.inference.robust.hc import HeteroscedasticityConsistent
from mixedmodels.inference.robust.tests import ClusterRobust
from mixedmodels.tables.result_table import F_HEADERS, T_HEADERS, Z_HEADERS, ResultTable, ShownAsTable
from mixedmodels.tables.single_test import TestTable, one_test

JOINT_HEADERS = {**F_HEADERS, "scale": "delta"}


class RobustCoefficients(ShownAsTable, Coefficients):
    """Coefficients with a robust covariance, which print as a table of t tests; tests of contrasts can ask them.

    Attributes
    ----------
    type : str
        Type, "CR0" to "CR3", or "HC0" to "HC5".
    coefficients : ClusterRobust, HeteroscedasticityConsistent or Coefficients
        Coefficients before they became a table.
    table : ResultTable
        Table of estimates, standard errors, t, degrees of freedom, p-values.

    Examples
    --------
    >>> lin.robust("HC3").names
    ('(Intercept)', 'Days')
    """

    proportional = False
    table: ResultTable

    def __init__(
        self,
        coefficients: ClusterRobust | HeteroscedasticityConsistent | Coefficients,
        estimator: str,
        title: str,
        kind: Any,
    ) -> None:
        Coefficients.__init__(self, coefficients.names, coefficients.beta, coefficients.vcov)
        self.coefficients = coefficients
        self.type = estimator
        self.method = (
            f"{'heteroscedasticity-consistent' if estimator.startswith('HC') else 'cluster-robust'} {estimator}"
        )
        self._title = title
        self._kind = kind
        t = self.t_tests()
        columns = {name: getattr(t, name) for name in ("estimate", "std_error", "statistic", "df", "p_value")}
        headers = Z_HEADERS if np.isinf(t.df).all() else T_HEADERS
        self.table = ResultTable(columns=columns, names=self.names, headers=headers, heading=(title, ""), kind=kind)

    @property
    def phrase(self) -> str:
        """The covariance within a sentence: "cluster-robust CR2 covariance"."""
        return f"{self.method} covariance"

    def df(self, c: Matrix) -> Vector:
        """Degrees of freedom of each row."""
        return self.coefficients.df(c)

    def _f_test(self, c: Matrix, distance: Vector) -> FTest:
        return self.coefficients._f_test(c, distance)

    def wald_test(self, hypothesis: Sequence[str] | Matrix | None = None) -> TestTable:
        """Joint test that coefficients, or combinations of them, are 0.

        Parameters
        ----------
        hypothesis : sequence of str or ndarray, optional
            Names of coefficients, or a matrix with a row per combination, shape (q, p); None for all coefficients but
            the intercept.

        Examples
        --------
        >>> lin.robust("HC3").wald_test("Days")["num_df"]
        array([1])
        """
        c = self._contrasts(hypothesis)
        f = self.f_test(c)
        columns = {"f_value": f.f_value, "num_df": f.num_df, "den_df": f.den_df, "p_value": f.p_value, "scale": f.scale}
        return one_test(
            columns,
            "joint",
            method=f"F test by {self.phrase}",
            row_column="hypothesis",
            headers=JOINT_HEADERS,
            heading=(self._title, ""),
            kind=self._kind,
        )

    def confint(self, level: float = 0.95) -> ResultTable:
        """Limits from the t distribution, each coefficient with its own degrees of freedom.

        Examples
        --------
        >>> lin.robust("HC3").confint()["conf_high"].round(2)
        array([261.63,  13.  ])
        """
        low, high = wald.intervals(self.beta, self.table["std_error"], level, self.table["df"]).T
        columns = {"estimate": self.beta, "conf_low": low, "conf_high": high}
        return ResultTable(
            columns=columns, names=self.names, headers=T_HEADERS, heading=(self._title, ""), kind=self._kind
        )

    def _contrasts(self, hypothesis: Sequence[str] | Matrix | None) -> Matrix:
        p = len(self.names)
        if hypothesis is None:
            return np.eye(p)[[i for i, name in enumerate(self.names) if name != "(Intercept)"]]
        texts = [hypothesis] if isinstance(hypothesis, str) else list(hypothesis)
        if texts and all(isinstance(name, str) for name in texts):
            unknown = [name for name in texts if name not in self.names]
            if unknown:
                raise DataError(f"there is no coefficient {unknown[0]!r}; there are {', '.join(self.names)}.")
            return np.eye(p)[[self.names.index(name) for name in texts]]
        return restrictions.contrasts(hypothesis, p)
