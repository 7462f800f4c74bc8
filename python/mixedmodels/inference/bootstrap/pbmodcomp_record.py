"""A bootstrap test of two models, printed as pbkrtest prints it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.fit.seeds import seed_text
from mixedmodels.inference.bootstrap.likelihood_ratio import BootstrapTest
from mixedmodels.tables.coefmat import LEGEND, estimate_texts, stars
from mixedmodels.tables.r_numbers import format_numbers, format_pvalues, pad_right, round_r
from mixedmodels.tables.r_print import matrix
from mixedmodels.tables.sheet import Block, Sheet
from mixedmodels.tables.single_test import SingleTest
from mixedmodels.tables.table import Table

DIGITS = 5
METHOD = "parametric bootstrap of the likelihood ratio"


@dataclass(frozen=True, kw_only=True, eq=False)
class PBModComp(SingleTest, Table):
    """A likelihood ratio against its distribution under the smaller model.

    Attributes
    ----------
    test : BootstrapTest
        Numbers of the test; see `mixedmodels.inference.bootstrap.likelihood_ratio`.
    reference : ndarray
        Likelihood ratios drawn under the smaller model; NaN where a fit failed.
    large, small : str
        Formulas of the two models.
    asked : int or None
        Number of ratios that were requested; None for a reference that was passed in.
    failed : int
        Number of responses that one of the models could not be fitted to.
    stopped : bool
        Whether enough ratios exceeded the statistic before all were drawn.
    seed : int, Generator or None
        Seed that reproduces the reference; None for one that was passed in.
    seconds : float
        Elapsed time in seconds.
    kind : str, default "pandas"
        Library of tables.

    Examples
    --------
    >>> test = lin.pbmodcomp("~ . - Days", nsim=20, seed=1)
    >>> test.df, len(test.reference)
    (1, 20)
    """

    test: BootstrapTest
    reference: Vector
    large: str
    small: str
    asked: int | None
    failed: int
    stopped: bool
    seed: Any
    seconds: float
    kind: Any = "pandas"

    @property
    def statistic(self) -> float:
        """The likelihood ratio."""
        return self.test.statistic

    @property
    def df(self) -> int:
        """Difference of the numbers of parameters."""
        return self.test.df

    @property
    def p_value(self) -> float:
        """The p-value of the bootstrap test: (1 + ratios that exceed the statistic) / (1 + positive ratios)."""
        return self.test.p_value

    def summary(self) -> PBModCompSummary:
        """The test with its gamma, Bartlett and F variants."""
        return PBModCompSummary(self)

    def columns(self) -> dict[str, Any]:
        """Columns test, statistic, df, p_value."""
        t = self.test
        return {
            "test": ["LRT", "PBtest"],
            "statistic": np.array([t.statistic, t.statistic]),
            "df": np.array([t.df, nan]),
            "p_value": np.array([t.p_chisq, t.p_value]),
        }

    def _columns_of_table(self) -> Mapping[str, Any]:
        return self.columns()

    def heading(self) -> list[str]:
        """Lines above the table."""
        t = self.test
        lines = [
            f"Bootstrap test; time: {self.seconds:.2f} sec; samples: {len(self.reference)}; extremes: {t.extreme};"
        ]
        if t.positive < len(self.reference):
            lines.append(f"Requested samples: {len(self.reference)} Used samples: {t.positive} Extremes: {t.extreme}")
        return [*lines, f"large : {self.large}", f"small : {self.small}"]

    def footer(self) -> list[str]:
        """Notes about equal fits, failures and an early stop."""
        t, lines = self.test, []
        if self.seed is not None:
            lines.append(f"Samples drawn with {seed_text(self.seed)}.")
        if t.positive < t.samples:
            lines.append(
                f"In {t.samples - t.positive} samples both models fit equally well (a variance is 0); counting them, "
                f"PBtest has p = {t.p_value_all:.4g}."
            )
        if self.failed:
            lines.append(f"{self.failed} samples could not be fitted by both models and are left out.")
        if self.stopped:
            lines.append(f"Stopped after {len(self.reference)} of {self.asked} samples, with {t.extreme} extremes.")
        elif self.asked is not None and len(self.reference) < self.asked:
            lines.append(f"Interrupted after {len(self.reference)} of {self.asked} samples.")
        return lines

    @property
    def method(self) -> str:
        """The method in words."""
        return METHOD

    def __repr__(self) -> str:
        return _text(self, *_cells(self.columns()))

    def _sheet(self) -> Sheet:
        return _sheet_of(self, *_cells(self.columns()))


@dataclass(frozen=True, eq=False)
class PBModCompSummary(SingleTest, Table):
    """The test with the variants that fit a distribution to the reference."""

    of: PBModComp

    @property
    def kind(self) -> Any:
        """The library of tables."""
        return self.of.kind

    @property
    def statistic(self) -> float:
        """The likelihood ratio."""
        return self.of.statistic

    @property
    def df(self) -> int:
        """Difference of the numbers of parameters."""
        return self.of.df

    @property
    def p_value(self) -> float:
        """The p-value of the bootstrap test."""
        return self.of.p_value

    @property
    def method(self) -> str:
        """The method in words."""
        return METHOD

    def columns(self) -> dict[str, Any]:
        """Columns test, statistic, df, den_df, p_value."""
        t = self.of.test
        return {
            "test": ["LRT", "PBtest", "Gamma", "Bartlett", "F"],
            "statistic": np.array([t.statistic, t.statistic, t.statistic, t.bartlett, t.f_value]),
            "df": np.array([t.df, nan, nan, t.df, t.df]),
            "den_df": np.array([nan, nan, nan, nan, t.den_df]),
            "p_value": np.array([t.p_chisq, t.p_value, t.p_gamma, t.p_bartlett, t.p_f]),
        }

    def _columns_of_table(self) -> Mapping[str, Any]:
        return self.columns()

    def __repr__(self) -> str:
        return _text(self.of, *_cells(self.columns()))

    def _sheet(self) -> Sheet:
        return _sheet_of(self.of, *_cells(self.columns()))


def _cells(c: Mapping[str, Any]) -> tuple[list[str], list[str], list[list[str]], Vector]:
    """Names of the tests, headers, texts by column, p-values."""
    if "den_df" not in c:
        headers, columns = ["stat", "df"], [_statistics(c["statistic"]), _plain(c["df"])]
    else:
        df = [row[1] for row in estimate_texts(np.column_stack([c["statistic"], c["df"]]), DIGITS)]
        headers = ["stat", "df", "ddf"]
        columns = [_statistics(c["statistic"]), _blank_if_missing(c["df"], df), _plain(c["den_df"])]
    finite = [float(v) for v in c["p_value"] if not isnan(v)]
    texts = iter(format_pvalues(finite, DIGITS - 1))
    columns.append(["" if isnan(v) else next(texts) for v in c["p_value"]])
    return c["test"], [*headers, "p.value"], columns, c["p_value"]


def _sheet_of(test: PBModComp, names: list[str], headers: list[str], columns: list[list[str]], p: Vector) -> Sheet:
    rows = [list(row) for row in zip(names, *columns, strict=True)]
    block = Block(headers=["", *headers], rows=rows)
    return Sheet(blocks=[block], heading=test.heading(), footer=test.footer())


def _text(test: PBModComp, names: list[str], headers: list[str], columns: list[list[str]], p: Vector) -> str:
    legend = []
    if any(v < 0.1 for v in p):
        columns = [*columns, pad_right([stars(float(v)) for v in p])]
        headers = [*headers, ""]
        legend = ["---", LEGEND]
    rows = [list(row) for row in zip(*columns, strict=True)]
    return "\n".join([*test.heading(), matrix(names, headers, rows), *legend, *test.footer()])


def _statistics(values: Vector) -> list[str]:
    return _blank_if_missing(values, format_numbers([round_r(float(v), DIGITS - 1) for v in values], DIGITS))


def _plain(values: Vector) -> list[str]:
    return _blank_if_missing(values, format_numbers(values, DIGITS))


def _blank_if_missing(values: Vector, texts: list[str]) -> list[str]:
    return ["" if isnan(v) else text for v, text in zip(values, texts, strict=True)]
