"""Printed text of a model whose parameters were given."""

from __future__ import annotations

from mixedmodels.design.records import Design
from mixedmodels.fit.any_fit import AnyFit
from mixedmodels.fitted.labels import coefficient_matrix, kept_names
from mixedmodels.fitted.varcorr import varcorr
from mixedmodels.tables.coefmat import coefficient_table
from mixedmodels.tables.r_numbers import format_number
from mixedmodels.tables.r_print import deparse, fill

HEADERS = ("Given", "Std. Error", "Ratio")


def planned_text(design: Design, fit: AnyFit) -> str:
    """Formula, random effects, and the coefficients with the standard errors that the design promises."""
    lines = [_title(fit), fill("Formula:", *deparse(design.formula))]
    if fit.generalized:
        lines.append(f" Family: {fit.family}")
    if fit.mixed:
        lines += ["", "Random effects:", varcorr(design, fit).text(4, ("Variance", "Std.Dev."))]
        groups = "; ".join(f"{g.name}, {g.n_levels}" for g in design.groups)
        lines.append(f"Number of rows: {fit.n}, groups:  {groups}")
    else:
        scale = fit.residual_sd
        lines += ["", f"Number of rows: {fit.n}"]
        lines += [] if scale is None else [f"Residual standard deviation: {format_number(scale, 4)}"]
    if len(fit.beta):
        table = coefficient_table(kept_names(design, fit), HEADERS, coefficient_matrix(fit), pvalues=False)
        lines += ["", "Fixed effects:", table]
    return "\n".join(lines)


def _title(fit: AnyFit) -> str:
    title = "Generalized linear" if fit.generalized else "Linear"
    return f"{title}{' mixed' if fit.mixed else ''} model with given parameters"
