"""The summary of a generalised linear model: its record, its text in R's layout, its HTML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedmodels._typing import Matrix
from mixedmodels.design.records import Design
from mixedmodels.estimates import wald
from mixedmodels.fit import likelihood
from mixedmodels.fit.checks import dropped_columns
from mixedmodels.fit.record import GlmFit
from mixedmodels.fitted.labels import coefficient_matrix, scattered
from mixedmodels.fitted.outcome import modelled
from mixedmodels.summary.coefficient_summary import CoefficientSummary
from mixedmodels.summary.glmm_summary import family_label
from mixedmodels.summary.mixed_summary import missing_lines, quartile_text
from mixedmodels.tables import html, r_numbers, r_print
from mixedmodels.tables.call import Call
from mixedmodels.tables.coefmat import coefficient_table
from mixedmodels.tables.sheet import Sheet

DIGITS = 4
PENALISED = "Estimates maximise the likelihood times Jeffreys' prior; deviance and AIC are without it"


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class GlmSummary(CoefficientSummary):
    """Everything that the summary of a glm fit shows.

    Attributes
    ----------
    call : Call
        Formula, family, data and other arguments.
    family : str
        Name of the family as R prints it.
    quartiles : tuple of float
        Quartiles of the deviance residuals.
    few : dict of str to float or None
        Residuals by row label, if there are at most five residual degrees of freedom; else None.
    names : tuple of str
        All columns of X.
    headers : tuple of str
        Headers of the columns of `coefficients`, z or t.
    coefficients : ndarray, shape (len(names), 4)
        Estimate, standard error, statistic and p, NaN where aliased.
    aliased : tuple of str
        Names of the columns not estimated.
    dispersion : float
        Dispersion: 1, or Pearson's estimate.
    deviance, null_deviance : float
        Value as the fit has it.
    df_resid, df_null : int
        Value as the fit has it.
    aic : float
        Value as the fit has it.
    iterations : int
        Value as the fit has it.
    dropped : int
        Number of rows omitted because of missing values.
    shapes : tuple of (str, float, float), optional
        Name, estimate and standard error of each shape that was estimated with the coefficients; None of families that
        reweighted least squares fits.
    theta : tuple of three float or None
        Theta of a negative binomial: its estimate, standard error, and twice the log-likelihood; else None.
    penalised : bool
        Whether Jeffreys' prior was added.
    modelled : str, default ""
        Which of two outcomes the probability is of; empty where the formula says it.
    kind : str, default "pandas"
        The library of tables.
    """

    call: Call
    family: str
    quartiles: tuple[float, ...]
    few: dict[str, float] | None
    names: tuple[str, ...]
    headers: tuple[str, ...]
    coefficients: Matrix
    aliased: tuple[str, ...]
    dispersion: float
    deviance: float
    null_deviance: float
    df_resid: int
    df_null: int
    aic: float
    iterations: int
    dropped: int
    theta: tuple[float, float, float] | None
    penalised: bool
    modelled: str = ""
    kind: Any = "pandas"
    shapes: tuple[tuple[str, float, float], ...] | None = None

    @property
    def _headers(self) -> Sequence[str]:
        return self.headers

    def text(self, *, digits: int = DIGITS, show_residuals: bool = False) -> str:
        """The summary in R's layout.

        Parameters
        ----------
        show_residuals : bool, default False
            Whether to print quartiles of the deviance residuals first, as before R 4.3.

        Examples
        --------
        >>> "Deviance Residuals" in logit.summary().text(show_residuals=True)
        True
        """
        lines = ["", "Call:", self.call.glm_text(), ""]
        if show_residuals:
            lines += ["Deviance Residuals: ", self._residual_text(digits), ""]
        if self.names:
            k = len(self.aliased)
            lines.append("Coefficients:" + (f" ({k} not defined because of singularities)" if k else ""))
            lines.append(coefficient_table(self.names, self.headers, self.coefficients, digits=digits, pvalues=True))
        else:
            lines.append("No Coefficients")
        return "\n".join([*lines, "", *self._footer(digits), ""])

    def _residual_text(self, digits: int) -> str:
        if self.few is None:
            return quartile_text(self.quartiles, digits, gap=2)
        values = r_numbers.zapsmall(list(self.few.values()), digits + 1)
        return r_print.named_vector(list(self.few), r_numbers.format_numbers(values, digits), gap=2)

    def _footer(self, digits: int) -> list[str]:
        if self.shapes is not None:
            return self._footer_of_likelihood(self.shapes, digits)
        dispersion = "NaN" if math.isnan(self.dispersion) else r_numbers.format_number(self.dispersion)
        deviances = r_numbers.format_numbers([self.null_deviance, self.deviance], max(5, digits + 1))
        df = r_numbers.format_numbers([self.df_null, self.df_resid])
        lines = [
            f"(Dispersion parameter for {self.family} family taken to be {dispersion})",
            "",
            f"    Null deviance: {deviances[0]}  on {df[0]}  degrees of freedom",
            f"Residual deviance: {deviances[1]}  on {df[1]}  degrees of freedom",
            *missing_lines(self.dropped),
            f"AIC: {r_numbers.format_number(self.aic, max(4, digits + 1))}",
            "",
            f"Number of Fisher Scoring iterations: {self.iterations}",
        ]
        if self.modelled:
            lines += ["", self.modelled]
        if self.penalised:
            lines += ["", PENALISED]
        return lines if self.theta is None else [*lines, "", *theta_lines(*self.theta)]

    def _footer_of_likelihood(self, shapes: tuple[tuple[str, float, float], ...], digits: int) -> list[str]:
        """Shapes with standard errors, and -2 log-likelihood, which such a model has in place of a deviance."""
        r = r_numbers.format_numbers([self.null_deviance, self.deviance], max(5, digits + 1))
        df = r_numbers.format_numbers([self.df_null, self.df_resid])
        lines = [f"Family: {self.family}"]
        lines += [f"{name}: {_with_error(value, error)}" for name, value, error in shapes]
        lines += [
            "",
            f"-2 log-likelihood: {r[1]}  on {df[1]}  residual degrees of freedom",
            f"  of the intercept: {r[0]}  on {df[0]}  residual degrees of freedom",
            *missing_lines(self.dropped),
            f"AIC: {r_numbers.format_number(self.aic, max(4, digits + 1))}",
        ]
        return [*lines, "", self.modelled] if self.modelled else lines

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        block = self._coefficient_block("Coefficients", DIGITS)
        return html.section(
            "Generalised linear model",
            html.paragraph(self.call.glm_text()),
            html.table(block.title, block.headers, block.rows),
            html.paragraph("\n".join(s.strip() for s in self._footer(DIGITS) if s)),
        )

    def _sheet(self) -> Sheet:
        block = self._coefficient_block("", DIGITS)
        return Sheet(blocks=[block], heading=[self.call.glm_text()], footer=self._footer(DIGITS))


def _with_error(value: float, error: float) -> str:
    shown = (r_numbers.format_number(r_numbers.signif(v, 4)) for v in (value, error))
    return "{} (Std. Error {})".format(*shown)


def shape_rows(fit: GlmFit) -> tuple[tuple[str, float, float], ...] | None:
    """Name, estimate and standard error of each free shape; None of what reweighted least squares fitted."""
    if fit.family.least_squares or fit.vcov_joint is None:
        return None
    errors = np.sqrt(np.diag(fit.vcov_joint)[len(fit.kept) :]) * np.abs(fit.family.shape_slopes(fit.psi))
    return tuple((name, v, float(e)) for (name, v), e in zip(fit.free_shapes.items(), errors, strict=True))


def theta_lines(theta: float, std_error: float, twice_loglik: float) -> list[str]:
    """What the summary of a ``glm.nb`` says below that of a glm."""
    decimals = max(2 - math.floor(math.log10(std_error)), 0) if std_error > 0 else 0
    shown = [r_numbers.format_number(r_numbers.round_r(v, decimals), nsmall=decimals) for v in (theta, std_error)]
    likelihood_ = r_numbers.format_number(r_numbers.round_r(twice_loglik, 3), nsmall=decimals)
    return [
        "",
        f"              Theta:  {shown[0]} ",
        f"          Std. Err.:  {shown[1]} ",
        "",
        f" 2 x log-likelihood:  {likelihood_} ",
    ]


def glm_summary(
    design: Design,
    fit: GlmFit,
    call: Call,
    quartiles: Sequence[float],
    few: dict[str, float] | None,
    kind: Any = "pandas",
) -> GlmSummary:
    """Summary of a generalised linear model; `quartiles` are those of its deviance residuals."""
    p = len(design.fixed.names)
    table = coefficient_matrix(fit)
    free = fit.has_dispersion
    if not free:
        probability = wald.p_values(table[:, 2])
    else:
        probability = wald.p_values(table[:, 2], fit.df_resid) if fit.df_resid else table[:, 2] * math.nan
    complete = np.column_stack([table, probability])
    statistic = ("t value", "Pr(>|t|)") if free else ("z value", "Pr(>|z|)")
    theta = None
    if fit.estimated_theta is not None and fit.theta_se is not None:
        theta = (fit.estimated_theta, fit.theta_se, 2 * fit.loglik)
    return GlmSummary(
        call=call,
        family=family_label(fit),
        quartiles=tuple(quartiles),
        few=few,
        names=design.fixed.names,
        headers=("Estimate", "Std. Error", *statistic),
        coefficients=np.column_stack([scattered(column, fit, p) for column in complete.T]),
        aliased=dropped_columns(design, fit),
        dispersion=fit.dispersion,
        deviance=fit.deviance,
        null_deviance=fit.null_deviance,
        df_resid=fit.df_resid,
        df_null=fit.df_null,
        aic=likelihood.aic(fit),
        iterations=fit.iterations,
        dropped=design.dropped,
        theta=theta,
        penalised=fit.penalty is not None,
        modelled=modelled(design),
        kind=kind,
        shapes=shape_rows(fit),
    )


def glm_short_text(summary: GlmSummary, digits: int = DIGITS) -> str:
    """What ``print(fit)`` shows for a glm in R."""
    lines = ["", f"Call:  {summary.call.glm_text()}", ""]
    if summary.names:
        values = r_numbers.format_numbers(summary.coefficients[:, 0], digits)
        lines += ["Coefficients:", r_print.named_vector(summary.names, values, gap=2), ""]
    else:
        lines += ["No coefficients", "", ""]
    null, residual, aic = (
        r_numbers.format_number(r_numbers.signif(v, digits))
        for v in (summary.null_deviance, summary.deviance, summary.aic)
    )
    return "\n".join(
        [
            *lines,
            f"Degrees of Freedom: {summary.df_null} Total (i.e. Null);  {summary.df_resid} Residual",
            *missing_lines(summary.dropped),
            f"Null Deviance:\t    {null} ",
            f"Residual Deviance: {residual} \tAIC: {aic}",
        ]
    )
