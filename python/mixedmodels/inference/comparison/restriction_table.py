"""The test of a model against a restriction of it, printed as two rows: the restricted model and the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan
from typing import Any

import numpy as np

from mixedmodels.tables.result_text import cells, text
from mixedmodels.tables.sheet import Block, Sheet
from mixedmodels.tables.single_test import TestTable


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class RestrictionTable(TestTable):
    """One row of results; in print, those of its `layout`: header -> values of the restricted and the full model."""

    layout: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        body = text(("1", "2"), list(self.layout), _columns(self.layout), self.digits)
        return "\n".join([*self.heading, body, *self.footer])

    def _sheet(self) -> Sheet:
        shown = cells(_columns(self.layout), list(self.layout), self.digits)
        rows = [[name, *row] for name, row in zip(("1", "2"), shown, strict=True)]
        return Sheet(blocks=[Block(headers=["", *self.layout], rows=rows)], heading=self.heading)


def _columns(layout: Mapping[str, Any]) -> dict[str, Any]:
    return {"p_value" if header.startswith("Pr(") else header: values for header, values in layout.items()}


def restriction_heading(names: tuple[str, ...], rhs: Any, formula: str) -> tuple[str, ...]:
    """Lines above the table: the hypotheses, and the model of each row."""
    lines = [f"{name} = {value:g}" for name, value in zip(names, rhs, strict=True)]
    models = ("Model 1: restricted model", f"Model 2: {formula}")
    return ("Linear hypothesis test", "", "Hypothesis:", *lines, "", *models, "")


def restriction_layout(
    values: Mapping[str, float], df: int, ratio: float, residual: float | None, rss: float | None
) -> dict[str, Any]:
    """Columns of the two rows.

    Parameters
    ----------
    values : mapping of str to float
        The test, with "f_value" or "chisq", and "p_value".
    df : int
        Number of restrictions.
    ratio : float
        Statistic F, or chi-squared over `df`.
    residual : float or None
        Residual degrees of freedom of the model, where it has any.
    rss : float or None
        Residual sum of squares of a linear model, else None.
    """
    layout: dict[str, Any] = {}
    if residual is not None:
        layout["Res.Df"] = np.array([residual + df, residual])
    if rss is not None and residual is not None:
        more = ratio * df * rss / residual if residual else nan
        layout["RSS"] = np.array([rss + more, rss])
        layout["Df"] = np.array([nan, df])
        layout["Sum of Sq"] = np.array([nan, more])
    else:
        layout["Df"] = np.array([nan, df])
    name, end = ("F", "Pr(>F)") if "f_value" in values else ("Chisq", "Pr(>Chisq)")
    layout[name] = np.array([nan, values["f_value" if name == "F" else "chisq"]])
    layout[end] = np.array([nan, values["p_value"]])
    return layout
