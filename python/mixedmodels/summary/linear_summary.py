"""The summary of a linear model: its record, its text in R's layout, its HTML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.estimates import wald
from mixedmodels.fit.checks import dropped_columns
from mixedmodels.fit.goodness import Goodness
from mixedmodels.fit.record import LinearFit
from mixedmodels.fitted.labels import coefficient_matrix
from mixedmodels.summary.coefficient_summary import CoefficientSummary
from mixedmodels.summary.mixed_summary import QUARTILES, missing_lines, quartile_text
from mixedmodels.tables import html, r_numbers, r_print
from mixedmodels.tables.call import Call
from mixedmodels.tables.coefmat import coefficient_table
from mixedmodels.tables.sheet import Sheet

DIGITS = 4
HEADERS = ("Estimate", "Std. Error", "t value", "Pr(>|t|)")
NORMAL_HEADERS = ("Estimate", "Std. Error", "z value", "Pr(>|z|)")


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class LinearSummary(CoefficientSummary):
    """Everything that the summary of an lm fit shows.

    Attributes
    ----------
    call : Call
        Formula, data and other arguments.
    weighted : bool
        Whether the weights differ.
    quartiles : tuple of float
        Quartiles of the (weighted) residuals.
    few : dict of str to float or None
        Residuals by row label, if there are at most five residual degrees of freedom; else None.
    names : tuple of str
        All columns of X.
    coefficients : ndarray, shape (len(names), 4)
        Estimate, standard error, t and p, NaN where aliased.
    aliased : tuple of str
        Names of the columns not estimated.
    sigma : float
        Residual standard error.
    df_resid : int
        Residual degrees of freedom.
    dropped : int
        Number of rows omitted because of missing values.
    r_squared, adj_r_squared : float
        Coefficients of determination, plain and adjusted.
    fstatistic : tuple of four float or None
        F statistic, its two degrees of freedom and its p-value; None for a model with only an intercept.
    known_sigma : bool, default False
        Whether sigma is known, so that tests are normal.
    kind : str, default "pandas"
        The library of tables.
    """

    call: Call
    weighted: bool
    quartiles: tuple[float, ...]
    few: dict[str, float] | None
    names: tuple[str, ...]
    coefficients: Matrix
    aliased: tuple[str, ...]
    sigma: float
    df_resid: int
    dropped: int
    r_squared: float
    adj_r_squared: float
    fstatistic: tuple[float, float, float, float] | None
    known_sigma: bool = False
    kind: Any = "pandas"

    @property
    def _headers(self) -> Sequence[str]:
        return NORMAL_HEADERS if self.known_sigma else HEADERS

    def text(self, *, digits: int = DIGITS) -> str:
        """The summary in R's layout.

        Examples
        --------
        >>> print(lin.summary().text().splitlines()[-3])
        Residual standard error: 47.71 on 178 degrees of freedom
        """
        lines = ["", "Call:", self.call.linear_text(), "", f"{'Weighted ' if self.weighted else ''}Residuals:"]
        lines += [self._residual_text(digits), ""]
        if self.names:
            k = len(self.aliased)
            lines.append("Coefficients:" + (f" ({k} not defined because of singularities)" if k else ""))
            lines.append(coefficient_table(self.names, self._headers, self.coefficients, digits=digits, pvalues=True))
        else:
            lines.append("No Coefficients")
        return "\n".join([*lines, "", *self._footer(digits), ""])

    def _residual_text(self, digits: int) -> str:
        if self.df_resid == 0:
            count = len(self.names) - len(self.aliased)
            return f"ALL {count} residuals are 0: no residual degrees of freedom!"
        if self.few is not None:
            return r_print.named_vector(list(self.few), r_numbers.format_numbers(list(self.few.values()), digits))
        return quartile_text(self.quartiles, digits)

    def _footer(self, digits: int) -> list[str]:
        error = "NaN" if math.isnan(self.sigma) else r_numbers.format_number(r_numbers.signif(self.sigma, digits))
        lines = [
            f"Residual standard error: {error}, known"
            if self.known_sigma
            else f"Residual standard error: {error} on {self.df_resid} degrees of freedom",
            *missing_lines(self.dropped),
        ]
        if self.fstatistic is not None:
            f, df1, df2, p = self.fstatistic
            r2, adjusted = (r_numbers.general(v, digits) for v in (self.r_squared, self.adj_r_squared))
            pvalue = "NA" if math.isnan(p) else r_numbers.format_pvalues([p], digits)[0]
            value = r_numbers.general(f, digits)
            lines.append(f"Multiple R-squared:  {r2},\tAdjusted R-squared:  {adjusted} ")
            lines.append(
                f"F-statistic: {value} on {r_numbers.format_number(df1)} and {r_numbers.format_number(df2)} DF,  "
                f"p-value: {pvalue}"
            )
        return lines

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        block = self._coefficient_block("Coefficients", DIGITS)
        return html.section(
            "Linear model",
            html.paragraph(self.call.linear_text()),
            self._residual_html(),
            html.table(block.title, block.headers, block.rows),
            html.paragraph("\n".join(s.strip() for s in self._footer(DIGITS))),
        )

    def _residual_html(self) -> str:
        if self.df_resid == 0:
            return html.paragraph(self._residual_text(DIGITS))
        names, values = list[str](QUARTILES), list[float](r_numbers.zapsmall(self.quartiles, DIGITS + 1))
        if self.few is not None:
            names, values = list(self.few), list(self.few.values())
        texts = r_numbers.format_numbers(values, DIGITS, width=False)
        return html.table("Residuals", ["", *names], [["", *texts]])

    def _sheet(self) -> Sheet:
        block = self._coefficient_block("", DIGITS)
        return Sheet(blocks=[block], heading=[self.call.linear_text()], footer=self._footer(DIGITS))


def short_text(call: Call, names: Sequence[str], beta: Vector, digits: int = DIGITS) -> str:
    """What ``print(fit)`` shows for an lm in R."""
    lines = ["", "Call:", call.linear_text(), ""]
    if names:
        lines += ["Coefficients:", r_print.named_vector(names, r_numbers.format_numbers(beta, digits), gap=2)]
    else:
        lines.append("No coefficients")
    return "\n".join([*lines, ""])


def linear_summary(
    design: Design,
    fit: LinearFit,
    call: Call,
    quartiles: Sequence[float],
    few: dict[str, float] | None,
    good: Goodness,
    weighted: bool,
    kind: Any = "pandas",
) -> LinearSummary:
    """Summary of a linear model; `quartiles` are those of its (with differing weights, `weighted`) residuals."""
    p = len(design.fixed.names)
    table = coefficient_matrix(fit)
    complete = np.column_stack(
        [table, wald.p_values(table[:, 2], fit.wald_df) if fit.wald_df else table[:, 2] * math.nan]
    )
    aliased = np.full((p, 4), math.nan)
    aliased[list(fit.kept)] = complete
    f = None
    if good.df1:
        p_value = math.nan if math.isnan(good.f) else wald.f_p_value(good.f, good.df1, fit.wald_df)
        f = (good.f, good.df1, fit.wald_df if fit.known_sigma else good.df2, p_value)
    return LinearSummary(
        call=call,
        weighted=weighted,
        quartiles=tuple(quartiles),
        few=few,
        names=design.fixed.names,
        coefficients=aliased,
        aliased=dropped_columns(design, fit),
        sigma=fit.sigma,
        df_resid=fit.df_resid,
        dropped=design.dropped,
        r_squared=good.r_squared,
        adj_r_squared=good.adj_r_squared,
        fstatistic=f,
        known_sigma=fit.known_sigma,
        kind=kind,
    )
