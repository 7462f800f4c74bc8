"""The summary of a mixed model: its record, its text in lme4's layout, its HTML."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.fit import likelihood
from mixedmodels.fit.any_fit import AnyMixedFit
from mixedmodels.fit.checks import dropped_columns, unidentified_message
from mixedmodels.fit.record import MixedFit
from mixedmodels.fitted.labels import coefficient_matrix, kept_names
from mixedmodels.fitted.varcorr import VarCorr, varcorr
from mixedmodels.summary.coefficient_summary import CoefficientSummary
from mixedmodels.tables import html, r_numbers, r_print
from mixedmodels.tables.abbreviate import abbreviate
from mixedmodels.tables.call import Call
from mixedmodels.tables.coefmat import coefficient_table
from mixedmodels.tables.sheet import Block, Sheet

DIGITS = 4
MAX_CORRELATIONS = 12  # lme4 hides larger matrices
QUARTILES = ("Min", "1Q", "Median", "3Q", "Max")
HEADERS = ("Estimate", "Std. Error", "t value")
WIDTH = 80


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class MixedSummary(CoefficientSummary):
    """Everything that the summary of an lmer or glmer fit shows.

    Attributes
    ----------
    title : str
        Method of the fit, in words.
    family : tuple of two str or None
        Name of the family and its link, of a glmer.
    call : Call
        Formula, data and other arguments.
    criteria : dict of str to float
        Criteria: ("REML", value), or AIC, BIC, logLik, deviance (-2 logLik), df.resid of an ML fit.
    quartiles : tuple of float
        Quartiles of the scaled residuals.
    varcorr : VarCorr
        Variances and correlations of the random effects.
    nobs : int
        Number of rows used.
    ngroups : dict of str to int
        Number of levels per grouping factor.
    dropped : int
        Number of rows omitted because of missing values.
    names : tuple of str
        Names of the p fixed effects.
    headers : tuple of str
        Names of the columns of `coefficients`.
    coefficients : ndarray, shape (p, len(headers))
        Estimate, standard error and statistic; for a glmer also the p-value.
    vcov : ndarray, shape (p, p)
        Covariance matrix of the coefficients.
    aliased : tuple of str
        Columns dropped from X.
    singular : bool
        Whether the fit is singular.
    converged : bool
        Whether the optimiser's certificate holds.
    message : str
        Message of the engine.
    criterion_error : float, default 0.0
        Standard error of the criterion if it is estimated, else 0.
    remarks : tuple of str, default ()
        Further remarks for the reader, as sentences.
    r_class : str, default "lmerMod"
        R's name of such a model.
    kind : str, default "pandas"
        The library of tables.
    """

    title: str
    family: tuple[str, str] | None
    call: Call
    criteria: dict[str, float]
    quartiles: tuple[float, ...]
    varcorr: VarCorr
    nobs: int
    ngroups: dict[str, int]
    dropped: int
    names: tuple[str, ...]
    headers: tuple[str, ...]
    coefficients: Matrix
    vcov: Matrix
    aliased: tuple[str, ...]
    singular: bool
    converged: bool
    message: str
    criterion_error: float = 0.0
    remarks: tuple[str, ...] = ()
    r_class: str = "lmerMod"
    kind: Any = "pandas"

    @property
    def _headers(self) -> Sequence[str]:
        return self.headers

    def text(self, *, digits: int = DIGITS, correlation: bool | None = None) -> str:
        """The summary in lme4's layout.

        Parameters
        ----------
        digits : int, default 4
            Significant digits of the estimates.
        correlation : bool, optional
            Whether to show the correlations of the fixed effects; None shows them up to 12 fixed effects.

        Examples
        --------
        >>> text = fit.summary().text(correlation=False)
        >>> "Correlation of Fixed Effects" in text
        False
        """
        lines = [*self.heading(), *self.call.mixed_lines(), "", criteria_text(self.criteria, 1)]
        lines += [*estimated_lines(self.criterion_error), ""]
        lines += ["Scaled residuals: ", quartile_text(self.quartiles, digits), ""]
        lines += ["Random effects:", self.varcorr.text(digits, ("Variance", "Std.Dev."))]
        lines += [groups_text(self.nobs, self.ngroups), *missing_lines(self.dropped)]
        if self.names:
            table = coefficient_table(
                self.names, self.headers, self.coefficients, digits=digits, pvalues=self._has_pvalues
            )
            lines += ["", "Fixed effects:", table]
            lines += self._correlation_lines(correlation)
        lines += alias_lines(self.aliased) + self._outcome_lines()
        return "\n".join(lines)

    def heading(self) -> list[str]:
        """The lines above the formula."""
        return [*_wrapped(self.title, self.r_class if self.family is None else "glmerMod"), *self._family_lines()]

    def _family_lines(self) -> list[str]:
        return [] if self.family is None else [f" Family: {self.family[0]}  ( {self.family[1]} )"]

    @property
    def _has_pvalues(self) -> bool:
        return len(self.headers) > len(HEADERS)

    def _correlation_lines(self, wanted: bool | None) -> list[str]:
        p = len(self.names)
        if wanted is None and p > MAX_CORRELATIONS:
            return [
                "",
                f"Correlation matrix not shown by default, as p = {p} > {MAX_CORRELATIONS}.",
                "Use print(fit.summary().text(correlation=True))  or",
                "    fit.vcov()        if you need it",
            ]
        if p < 2 or wanted is False:
            return []
        return ["", "Correlation of Fixed Effects:", correlation_text(self.names, self.vcov)]

    def _outcome_lines(self) -> list[str]:
        lines = [line for remark in self.remarks for line in textwrap.wrap(remark, WIDTH - 2, subsequent_indent="  ")]
        if self.converged and not self.singular:
            return [*lines, ""] if lines else []
        code = "0 (OK)" if self.converged else f"1 ({self.message or 'certificate does not hold'})"
        lines.append(f"optimizer (trust-region Newton) convergence code: {code}")
        if self.singular:
            lines.append("boundary (singular) fit: see fit.singularity()")
        return [*lines, ""]

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        quartiles = r_numbers.format_numbers(r_numbers.zapsmall(self.quartiles, DIGITS + 1), DIGITS, width=False)
        criteria = [[name, text] for name, text in criteria_texts(self.criteria, 1).items()]
        fixed = self._coefficient_block("Fixed effects", DIGITS)
        about = [*self._family_lines(), *self.call.mixed_lines()]
        return html.section(
            self.title.strip(),
            html.paragraph("\n".join(line.strip() for line in about)),
            html.table("Criteria", ["", "value"], criteria),
            html.paragraph("\n".join(estimated_lines(self.criterion_error))),
            html.table("Scaled residuals", ["", *QUARTILES], [["", *quartiles]]),
            self.varcorr.html(DIGITS),
            html.paragraph("\n".join([groups_text(self.nobs, self.ngroups), *missing_lines(self.dropped)])),
            html.table(fixed.title, fixed.headers, fixed.rows),
            self._correlation_html(),
            html.paragraph("\n".join(alias_lines(self.aliased) + self._outcome_lines())),
        )

    def _correlation_html(self) -> str:
        p = len(self.names)
        if not 2 <= p <= MAX_CORRELATIONS:
            return ""
        rows = correlation_cells(self.vcov)
        cells = [[name, *row] for name, row in zip(self.names[1:], rows, strict=True)]
        return html.table("Correlation of fixed effects", ["", *self.names[:-1]], cells)

    def _sheet(self) -> Sheet:
        headers, cells = self.varcorr.cells(DIGITS, ("Variance", "Std.Dev."))
        random = Block(headers=headers, rows=cells, title="Random effects", texts=frozenset({0, 1}))
        likelihood_ = ", ".join(f"{name} {text.strip()}" for name, text in criteria_texts(self.criteria, 1).items())
        about = [*self._family_lines(), *self.call.mixed_lines()]
        notes = [*missing_lines(self.dropped), *alias_lines(self.aliased), *self._outcome_lines()]
        return Sheet(
            blocks=[random, self._coefficient_block("Fixed effects", DIGITS)],
            heading=[self.title, *about],
            footer=[likelihood_, groups_text(self.nobs, self.ngroups), *notes],
        )


def _wrapped(title: str, class_name: str) -> list[str]:
    """The title and the name of R's class, over two lines if one is too short."""
    if len(title) + len(class_name) + 5 <= WIDTH:
        return [f"{title} ['{class_name}']"]
    *first, last = textwrap.wrap(title, WIDTH - 3, subsequent_indent="  ", break_on_hyphens=False)
    if len(last) + len(class_name) + 3 > WIDTH:
        return [*first, f"{last} [", f"{class_name}]"]
    return [*first, f"{last} [{class_name}]"]


def linear_title(reml: bool) -> str:
    """Title of a linear mixed model, with its method."""
    return f"Linear mixed model fit by {'REML' if reml else 'maximum likelihood '}"


def criteria_text(criteria: dict[str, float], decimals: int) -> str:
    """The REML criterion, or the table of AIC, BIC, log-likelihood, deviance and residual degrees of freedom."""
    texts = criteria_texts(criteria, decimals)
    if list(criteria) == ["REML"]:
        return f"REML criterion at convergence: {texts['REML']}"
    return r_print.named_vector(list(texts), list(texts.values()))


def criteria_texts(criteria: dict[str, float], decimals: int) -> dict[str, str]:
    """Text of each criterion; those of the likelihood in one format."""
    rounded = {k: r_numbers.round_r(v, decimals) for k, v in criteria.items()}
    if list(criteria) == ["REML"]:
        return {"REML": r_numbers.format_number(rounded["REML"])}
    texts = dict(zip(rounded, r_numbers.format_numbers(list(rounded.values())), strict=True))
    return {**texts, "df.resid": r_numbers.format_number(rounded["df.resid"])}


def estimated_lines(error: float) -> list[str]:
    """A line if the criterion is an estimate."""
    return [f"(criterion estimated, standard error {error:.2g}; see fit.engine)"] if error > 0 else []


def quartile_text(quartiles: Sequence[float], digits: int, gap: int = 1) -> str:
    """Five numbers under their names."""
    texts = r_numbers.format_numbers(r_numbers.zapsmall(quartiles, digits + 1), digits)
    return r_print.named_vector(QUARTILES, texts, gap=gap)


def groups_text(nobs: int, ngroups: dict[str, int]) -> str:
    """Number of observations and of levels of each grouping factor."""
    return r_print.fill(f"Number of obs: {nobs}, groups: ", "; ".join(f"{g}, {n}" for g, n in ngroups.items()))


def missing_lines(dropped: int) -> list[str]:
    """The number of rows omitted, if any."""
    if not dropped:
        return []
    return [f"  ({dropped} observation{'s' if dropped > 1 else ''} deleted due to missingness)"]


def alias_lines(aliased: Sequence[str]) -> list[str]:
    """Columns dropped from X, if any."""
    if not aliased:
        return []
    k, s = len(aliased), "s" if len(aliased) > 1 else ""
    return [
        "fit warnings:",
        f"fixed-effect model matrix is rank deficient so dropping {k} column{s} / coefficient{s}",
        r_print.fill("Dropped:", *[f"{name}," for name in aliased[:-1]], aliased[-1]),
    ]


def correlation_text(names: Sequence[str], vcov: Matrix) -> str:
    """Lower triangle of the correlations of the fixed effects, with names abbreviated as R does."""
    cells = correlation_cells(vcov)
    return r_print.matrix(abbreviate(names, 11)[1:], abbreviate(names, 6)[:-1], cells, right=False)


def correlation_cells(vcov: Matrix) -> list[list[str]]:
    """Texts of the lower triangle of the correlations, without the first row and the last column."""
    sd: Vector = np.sqrt(np.diag(vcov))
    p = len(vcov)
    with np.errstate(invalid="ignore", divide="ignore"):
        r = vcov / np.outer(sd, sd)
    texts = r_numbers.format_numbers([r_numbers.round_r(float(v), 3) for v in r.ravel()], nsmall=3)
    return [[texts[i * p + j] if j < i else "" for j in range(p - 1)] for i in range(1, p)]


def short_text(summary: MixedSummary, digits: int = DIGITS) -> str:
    """What ``print(fit)`` shows in lme4."""
    lines = [*summary.heading(), *summary.call.mixed_lines(long=False), criteria_text(summary.criteria, 4)]
    lines += estimated_lines(summary.criterion_error)
    lines += ["Random effects:", summary.varcorr.text(digits), groups_text(summary.nobs, summary.ngroups)]
    lines += missing_lines(summary.dropped)
    if summary.names:
        texts = r_numbers.format_numbers(summary.coefficients[:, 0], digits)
        lines += ["Fixed Effects:", r_print.named_vector(summary.names, texts, gap=2)]
    else:
        lines.append("No fixed effect coefficients")
    return "\n".join(lines + alias_lines(summary.aliased) + summary._outcome_lines()[:-1])


def criteria(fit: AnyMixedFit) -> dict[str, float]:
    """The summary's figures about the likelihood."""
    if fit.reml:
        return {"REML": fit.criterion}
    return {
        "AIC": likelihood.aic(fit),
        "BIC": likelihood.bic(fit),
        "logLik": likelihood.loglik(fit),
        "deviance": fit.criterion,
        "df.resid": likelihood.df_resid(fit),
    }


def _known(fit: MixedFit) -> tuple[str, ...]:
    return ("The residual variance is known, not estimated.",) if fit.known_sigma else ()


def mixed_summary(
    design: Design, fit: MixedFit, call: Call, quartiles: Sequence[float], kind: Any = "pandas"
) -> MixedSummary:
    """Summary of a linear mixed model; `quartiles` are those of the scaled residuals."""
    return MixedSummary(
        title=linear_title(fit.reml),
        family=None,
        call=call,
        criteria=criteria(fit),
        quartiles=tuple(quartiles),
        varcorr=varcorr(design, fit),
        nobs=fit.n,
        ngroups={g.name: g.n_levels for g in design.groups},
        dropped=design.dropped,
        names=kept_names(design, fit),
        headers=HEADERS,
        coefficients=coefficient_matrix(fit),
        vcov=fit.vcov,
        aliased=dropped_columns(design, fit),
        singular=fit.singular,
        converged=fit.run.converged,
        message=fit.run.message,
        criterion_error=fit.criterion_error,
        remarks=(*_known(fit), *((unidentified_message(fit),) if fit.unidentified else ())),
        kind=kind,
    )
