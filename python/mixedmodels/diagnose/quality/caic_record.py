"""The conditional AIC, as a record that prints as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mixedmodels.tables.result_table import ResultTable, ShownAsTable, one_row


@dataclass(frozen=True, repr=False, kw_only=True)
class ConditionalAIC(ShownAsTable):
    """AIC for predictions in the groups of the data: -2 conditional log-likelihood + 2 degrees of freedom.

    Attributes
    ----------
    caic : float
        The criterion.
    loglik : float
        Log-likelihood given the random effects.
    df : float
        Effective degrees of freedom.
    parts : dict of str to float
        Parts that the degrees of freedom consist of, by name.
    method : str
        Method of computing the degrees of freedom.
    mc_error : float
        Standard error of `df` by the number of draws; 0 where nothing was drawn.
    table : ResultTable
        Table that is printed.

    Examples
    --------
    >>> round(fit.caic().df, 2)
    31.25
    """

    caic: float
    loglik: float
    df: float
    parts: dict[str, float]
    method: str
    mc_error: float
    table: ResultTable

    @property
    def seed(self) -> Any:
        """Seed that gives the same draws again; None where nothing was drawn."""
        return self.table.seed


def conditional_aic(
    formula: str,
    loglik: float,
    parts: dict[str, float],
    method: str,
    words: str,
    mc_error: float,
    kind: object,
    seed: Any = None,
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
        seed=seed,
    )
    return ConditionalAIC(caic=value, loglik=loglik, df=df, parts=parts, method=method, mc_error=mc_error, table=table)
