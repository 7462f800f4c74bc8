"""The conditional AIC, as a record that prints as a table."""

from __future__ import annotations

from dataclasses import dataclass

from mixedmodels.tables.result_table import ResultTable, ShownAsTable, one_row


@dataclass(frozen=True, repr=False)
class ConditionalAIC(ShownAsTable):
    """AIC for predictions in the groups of the data: -2 conditional log-likelihood + 2 degrees of freedom.

    Attributes
    ----------
    caic : the criterion.
    loglik : log-likelihood given the random effects.
    df : effective degrees of freedom.
    parts : what they consist of, by name.
    method : how they were found.
    mc_error : standard error of `df` by the number of draws; 0 where nothing was drawn.
    table : how it prints.
    """

    caic: float
    loglik: float
    df: float
    parts: dict[str, float]
    method: str
    mc_error: float
    table: ResultTable


def conditional_aic(
    formula: str, loglik: float, parts: dict[str, float], method: str, words: str, mc_error: float, kind: object
) -> ConditionalAIC:
    """The record of a criterion whose degrees of freedom are the sum of some parts."""
    df = float(sum(parts.values()))
    value = -2 * loglik + 2 * df
    footer = [words]
    if len(parts) > 1:
        footer.append("df = " + " + ".join(f"{v:.4f} ({name})" for name, v in parts.items()))
    if mc_error:
        footer.append(f"Standard error of df by the number of draws: {mc_error:.2g}")
    table = one_row(
        {"loglik": loglik, "df": df, "caic": value},
        "",
        row_column="model",
        headers={"caic": "cAIC", "df": "df"},
        heading=("Conditional AIC", "", "Model:", formula),
        footer=tuple(footer),
        kind=kind,
        digits=7,
    )
    return ConditionalAIC(value, loglik, df, parts, method, mc_error, table)
