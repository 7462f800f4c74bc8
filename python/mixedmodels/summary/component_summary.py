"""The summary of a model of several components, in the layout of R's glmmTMB."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixedmodels._typing import Matrix
from mixedmodels.errors import DataError
from mixedmodels.families.parts import link_family
from mixedmodels.fit import likelihood
from mixedmodels.fit.checks import dropped_columns
from mixedmodels.fitted.components import TITLES
from mixedmodels.fitted.labels import coefficient_matrix, kept_names
from mixedmodels.fitted.varcorr import VarCorr, varcorr
from mixedmodels.summary.coefficient_summary import CoefficientSummary
from mixedmodels.summary.component_scales import Scales, prior_texts, scales_of
from mixedmodels.summary.glmm_summary import with_p_values
from mixedmodels.summary.mixed_summary import alias_lines, criteria_text, groups_text, missing_lines
from mixedmodels.summary.tidy import Columns, ratio_or_error, tidy_mixed, wanted_parts
from mixedmodels.tables import html, r_numbers, r_print
from mixedmodels.tables.call import Call
from mixedmodels.tables.coefmat import coefficient_table
from mixedmodels.tables.sheet import Block, Sheet

if TYPE_CHECKING:
    from mixedmodels.design.records import Component, Design
    from mixedmodels.fit.components.record import ComponentsFit
    from mixedmodels.fitted.ranef import RanEf

Style = Literal["glmmTMB", "full"]

DIGITS = 4
CRITERIA_DECIMALS = 5  # to which R rounds before it prints seven digits
HEADERS = ("Estimate", "Std. Error", "z value", "Pr(>|z|)")
STYLES = ("glmmTMB", "full")
SQUARED = ("gaussian", "Gamma", "t")  # families whose dispersion R shows as sigma^2


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ComponentSummary:
    """What the summary shows of one component.

    Attributes
    ----------
    component : {"cond", "zi", "disp"}
        What its linear predictor is of.
    formula : str
        Its formula.
    names : tuple of str
        Names of the p coefficients.
    coefficients : ndarray, shape (p, 4)
        Estimate, standard error, z statistic and p-value.
    varcorr : VarCorr or None
        Variances of its random effects; None where it has none.
    ngroups : dict of str to int
        Number of levels of its grouping factors.
    aliased : tuple of str
        Columns dropped from its X.
    """

    component: Component
    formula: str
    names: tuple[str, ...]
    coefficients: Matrix
    varcorr: VarCorr | None
    ngroups: dict[str, int]
    aliased: tuple[str, ...]

    @property
    def title(self) -> str:
        """Its name in print."""
        return TITLES[self.component]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ComponentsSummary(CoefficientSummary):
    """Everything that the summary of a `glmmTMB` fit shows; as a table its coefficients, by component.

    Attributes
    ----------
    family : tuple of two str
        Name of the family and its link.
    call : Call
        Formula, data and other arguments.
    criteria : dict of str to float
        AIC, BIC, logLik, deviance (-2 logLik) and df.resid.
    parts : tuple of ComponentSummary
        The components.
    nobs, dropped : int
        Number of rows used, and of those omitted because of missing values.
    dispersion : tuple of two str and a float, or None
        How the dispersion is called, the family it is of, and its value.
    shapes : dict of str to float
        Further shapes of the family, by the names that R prints.
    scales : Scales
        Variance of a response, shapes with standard errors, what weights mean and what each linear predictor is.
    converged : bool
        Whether the optimiser's certificate holds.
    message : str
        Message of the engine.
    priors : tuple of str, default ()
        Priors of parameters, none of which is in the criteria.
    remarks : tuple of str, default ()
        Further remarks for the reader.
    kind : str, default "pandas"
        The library of tables.
    """

    family: tuple[str, str]
    call: Call
    criteria: dict[str, float]
    parts: tuple[ComponentSummary, ...]
    nobs: int
    dropped: int
    dispersion: tuple[str, str, float] | None
    shapes: dict[str, float]
    scales: Scales
    converged: bool
    message: str
    priors: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    kind: Any = "pandas"

    @property
    def _headers(self) -> Sequence[str]:
        return HEADERS

    def _columns_of_table(self) -> Mapping[str, Any]:
        values = np.vstack([part.coefficients for part in self.parts])
        names = ("estimate", "std_error", "statistic", "p_value")
        return {
            "component": [part.component for part in self.parts for _ in part.names],
            "term": [name for part in self.parts for name in part.names],
            **dict(zip(names, values.T, strict=True)),
        }

    def text(self, *, digits: int = DIGITS, style: Style = "glmmTMB") -> str:
        """The summary as R's glmmTMB prints it, or with what its numbers stand for.

        Parameters
        ----------
        digits : int, default 4
            Significant digits of the estimates.
        style : {"glmmTMB", "full"}, default "glmmTMB"
            "glmmTMB" for R's layout, to which a line is added that says what weights mean. "full" adds the formula of
            the variance of a response, all shapes with standard errors, and what each linear predictor is.

        Raises
        ------
        DataError
            If there is no such style.

        Examples
        --------
        >>> ticks = mm.datasets.load("grouseticks")
        >>> zi = mm.glmmTMB("TICKS ~ cHEIGHT + (1 | BROOD)", ticks, "nbinom2", ziformula="~1")
        >>> text = zi.summary().text(style="full")
        >>> print(text[text.index("Var(y)") : text.index("Shapes")].rstrip())
        Var(y) = (1 - pi) (V + pi mu^2)
          V = mu + mu^2 / theta
        """
        if style not in STYLES:
            raise DataError(f"style is {style!r:.40}; it is one of {', '.join(map(repr, STYLES))}.")
        lines = [f" Family: {self.family[0]}  ( {self.family[1]} )", *self.call_lines(), ""]
        lines += [criteria_text(self.criteria, 1), ""]
        if any(part.varcorr for part in self.parts):
            lines.append("Random effects:")
        for part in self.parts:
            if part.varcorr is not None:
                lines += ["", f"{part.title}:", part.varcorr.text(digits, ("Variance", "Std.Dev."))]
                lines.append(groups_text(self.nobs, part.ngroups))
        lines += missing_lines(self.dropped) + self.dispersion_lines()
        if style == "full":
            lines += self.scales.lines(digits)
        for part in self.parts:
            if part.names:
                table = coefficient_table(part.names, HEADERS, part.coefficients, digits=digits, pvalues=True)
                lines += ["", f"{part.title}:", table]
            lines += alias_lines(part.aliased)
        if self.priors:
            lines += ["", "Priors:", *self.priors]
        return "\n".join(lines + self._outcome_lines())

    def call_lines(self) -> list[str]:
        """The formulas of all components and the data, tildes under each other."""
        return component_call_lines(self.call, self.parts)

    def dispersion_lines(self) -> list[str]:
        """The dispersion, where it is one number."""
        if self.dispersion is None:
            return []
        what, family, value = self.dispersion
        sign = "(sigma^2)" if what == "estimate" else "()"
        return ["", f"Dispersion {what} for {family} family {sign}: {r_numbers.general(value, 3)} "]

    def short_text(self, digits: int = DIGITS) -> str:
        """What ``print(fit)`` shows in R."""
        criteria = {name: value for name, value in self.criteria.items() if name != "deviance"}
        lines = [*self.call_lines(), criteria_text(criteria, CRITERIA_DECIMALS)]
        if any(part.varcorr for part in self.parts):
            lines.append("Random-effects (co)variances:")
        for part in self.parts:
            if part.varcorr is not None:
                lines += ["", f"{part.title}:", part.varcorr.text(digits)]
        counts = [
            f"{part.title}: {'; '.join(f'{g}, {n}' for g, n in part.ngroups.items())}"
            for part in self.parts
            if part.ngroups
        ]
        lines += ["", " / ".join([f"Number of obs: {self.nobs}", *counts]), *self.dispersion_lines()]
        if self.shapes:
            texts = [f"{name} estimate: {r_numbers.general(value, 3)}" for name, value in self.shapes.items()]
            lines += ["", f"{', '.join(texts)} "]
        lines += ["", "Fixed Effects:"]
        for part in self.parts:
            if part.names:
                texts = r_numbers.format_numbers(part.coefficients[:, 0], digits)
                lines += ["", f"{part.title}:", r_print.named_vector(part.names, texts, gap=2)]
        if self.priors:
            lines += ["", f"Priors: {'; '.join(self.priors)}"]
        return "\n".join(lines + self._outcome_lines())

    def _outcome_lines(self) -> list[str]:
        lines = [*self.remarks]
        if self.call.weights is not None:
            lines.append(self.scales.weights)
        if not self.converged:
            lines.append(f"the certificate of an optimum does not hold: {self.message or 'see fit.engine'}")
        return ["", *lines] if lines else []

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        criteria = criteria_text(self.criteria, 1)
        about = "\n".join([f"Family: {self.family[0]} ( {self.family[1]} )", *self.call_lines(), criteria])
        sections = [html.paragraph(about)]
        for part in self.parts:
            if part.varcorr is not None:
                sections.append(part.varcorr.html(DIGITS, f"Random effects, {part.title.lower()}"))
        sections.append(html.paragraph("\n".join([*self.dispersion_lines(), *missing_lines(self.dropped)])))
        for block in self._coefficient_blocks():
            sections.append(html.table(block.title, block.headers, block.rows))
        return html.section("Model of several components", *sections)

    def _coefficient_blocks(self) -> list[Block]:
        return [component_block(part) for part in self.parts if part.names]

    def _sheet(self) -> Sheet:
        random = []
        for part in self.parts:
            if part.varcorr is not None:
                headers, cells = part.varcorr.cells(DIGITS, ("Variance", "Std.Dev."))
                title = f"Random effects, {part.title.lower()}"
                random.append(Block(headers=headers, rows=cells, title=title, texts=frozenset({0, 1})))
        return Sheet(
            blocks=[*random, *self._coefficient_blocks()],
            heading=[f"Family: {self.family[0]} ( {self.family[1]} )", *self.call_lines()],
            footer=[criteria_text(self.criteria, 1), *self.dispersion_lines(), *missing_lines(self.dropped)],
        )


def component_block(part: ComponentSummary) -> Block:
    """The coefficients of a component, for documents."""
    from mixedmodels.tables.coefmat import coefficient_cells

    cells = coefficient_cells(part.coefficients, digits=DIGITS, pvalues=True)
    rows = [[name, *row] for name, row in zip(part.names, cells, strict=True)]
    return Block(headers=["", *HEADERS], rows=rows, title=part.title)


def component_call_lines(call: Call, parts: Sequence[ComponentSummary]) -> list[str]:
    """Formulas, data and other arguments as R's glmmTMB prints them."""
    first = "Formula:          "
    width = len(first) + len(call.formula.partition("~")[0])
    lines = [r_print.fill(first[:-1], *r_print.deparse(call.formula))]
    for part in parts[1:]:
        label = "Zero inflation:" if part.component == "zi" else "Dispersion:"
        lines.append(label.ljust(width) + part.formula)
    for label, text in (("Data:", call.data), ("Weights:", call.weights), (" Offset:", call.offset)):
        if text is not None:
            lines.append(r_print.fill(label, *r_print.deparse(text)))
    return lines


def components_summary(design: Design, fit: ComponentsFit, call: Call, kind: Any = "pandas") -> ComponentsSummary:
    """The summary of a model of several components."""
    base = fit.family.base
    parts = tuple(
        ComponentSummary(
            component=own.component,
            formula=own.formula.replace("~ ", "~", 1) if own.component != "cond" else own.formula,
            names=kept_names(own, part),
            coefficients=with_p_values(coefficient_matrix(part)),
            varcorr=varcorr(own, part) if own.random or (part.residual_sd is not None and any_random(design)) else None,
            ngroups={g.name: g.n_levels for g in own.groups},
            aliased=dropped_columns(own, part),
        )
        for own, part in zip(design.predictors, fit.predictors, strict=True)
    )
    return ComponentsSummary(
        family=(base.engine_name, base.link),
        call=call,
        criteria={
            "AIC": likelihood.aic(fit),
            "BIC": likelihood.bic(fit),
            "logLik": likelihood.loglik(fit),
            "deviance": fit.criterion,
            "df.resid": likelihood.df_resid(fit),
        },
        parts=parts,
        nobs=fit.n,
        dropped=design.dropped,
        dispersion=dispersion_of(fit),
        shapes=fit.family.params(fit.psi),
        scales=scales_of(fit),
        priors=prior_texts(design, fit),
        converged=fit.run.converged,
        message=fit.run.message,
        kind=kind,
    )


def tidy_components(
    design: Design,
    fit: ComponentsFit,
    effects: str | Sequence[str],
    level: float | None,
    ranef: Callable[..., RanEf],
    exponentiate: bool = False,
) -> Columns:
    """Rows of the requested parts, component by component."""
    tables: list[Columns] = []
    for own, part in zip(design.predictors, fit.predictors, strict=True):

        def modes(cond_var: bool, component: str = own.component) -> RanEf:
            return ranef(cond_var, component=component)

        wanted = [effect for effect in wanted_parts(effects) if effect == "fixed" or own.random]
        if wanted:
            ratio = None
            if exponentiate:
                family = fit.family.base if own.component == "cond" else link_family(own.component)
                ratio = ratio_or_error(family, own.spec.formula.left)
            columns = tidy_mixed(own, part, wanted, level, modes, ratio=ratio)
            n = len(columns["term"])
            tables.append({"component": [own.component] * n, **columns})
    names = list(dict.fromkeys(name for table in tables for name in table))
    return {name: _joined([(table.get(name), len(table["term"])) for table in tables]) for name in names}


def _joined(parts: Sequence[tuple[Any, int]]) -> Any:
    """Columns under each other, missing where a table has none."""
    text = any(isinstance(values, list) for values, _ in parts)
    if text:
        return [v for values, n in parts for v in (values if values is not None else [None] * n)]
    return np.concatenate([np.full(n, np.nan) if values is None else values for values, n in parts])


def any_random(design: Design) -> bool:
    """Whether some component has random effects."""
    return any(part.random for part in design.predictors)


def dispersion_of(fit: ComponentsFit) -> tuple[str, str, float] | None:
    """How R calls the dispersion, the family and its value; None where the family has none, or a model of it."""
    base = fit.family.base
    if fit.family.dispersion_model or not base.handle.shapes:
        return None
    if base.engine_name in SQUARED:
        return "estimate", base.engine_name, fit.sigma**2
    return "parameter", base.engine_name, fit.sigma
