"""Adjusted predictions as a record that prints itself and compares its predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Matrix, Vector
from mixedmodels.effects.adjusted.comparisons import compare
from mixedmodels.effects.adjusted.table import POPULATION, ROLES, AdjustedTable
from mixedmodels.errors import DataError
from mixedmodels.estimates.coefficients import Coefficients
from mixedmodels.estimates.linear_functions import Level
from mixedmodels.fit.seeds import seed_text
from mixedmodels.tables.result_table import T_HEADERS, Z_HEADERS, ResultTable, ShownAsTable

Margin = Literal["mean_reference", "mean_mode", "marginalmeans", "proportional", "empirical"]


@dataclass(frozen=True, repr=False, kw_only=True)
class AdjustedPredictions(ShownAsTable):
    """Predictions at focal values, adjusted for all other variables.

    ``found["predicted"]`` is a column, `to_frame` the table of the caller's library, with columns x, predicted,
    std_error, conf_low, conf_high, group, and with more than two terms facet and panel.

    Attributes
    ----------
    terms : tuple of str
        Names of the variables in focus.
    levels : mapping of str to tuple of Level
        Values that each variable in focus takes.
    labels : mapping of str to tuple of Level
        Value of each variable in focus in each of the r rows.
    constants : mapping of str to Level
        Values at which variables are held.
    population : tuple of str
        Groups whose random effects are 0.
    predicted, std_error, df, conf_low, conf_high : ndarray
        Predictions of each row with their uncertainty; `std_error` is on the scale of the linear predictor, of averages
        over rows on that of `predicted`.
    gradient : ndarray, shape (r, p) or None
        Gradient of `predicted` in the coefficients.
    coefficients : Coefficients or None
        Coefficients with covariance and degrees of freedom; None of simulated predictions.
    title : str
        Title of the table.
    axis : str, optional
        Label of an axis of the predictions: "Probability of out = 'dead'"; None for `title`.
    eta : ndarray, optional
        Linear predictor of each row; None of averages over rows and of simulated predictions.
    scale : str, default "response"
        Scale of the predictions, "response" or "link".
    interval : str, default "confidence"
        Kind of interval, "confidence" or "prediction".
    included : tuple of str, default ()
        Variances that prediction intervals include beside the uncertainty of the fixed effects.
    margin : str, default "mean_reference"
        Treatment of the other variables.
    random : bool, default False
        Whether predictions have the conditional modes of known groups.
    level : float, default 0.95
        Confidence level, as printed.
    notes : tuple of str, default ()
        Lines below the table.
    kind : str, default "pandas"
        Library of tables.
    method : str, optional
        Method of the degrees of freedom, where the model has a choice of methods.
    seed : int or Generator, optional
        Seed that gives the same draws again; None where nothing was drawn.

    Examples
    --------
    >>> prediction = fit.ggpredict("Days [0, 9]")
    >>> prediction.terms, prediction.labels["Days"]
    (('Days',), (0.0, 9.0))
    >>> prediction.to_frame().columns.tolist()
    ['x', 'predicted', 'std_error', 'conf_low', 'conf_high', 'group']
    """

    terms: tuple[str, ...]
    levels: Mapping[str, tuple[Level, ...]]
    labels: Mapping[str, tuple[Level, ...]]
    constants: Mapping[str, Level]
    population: tuple[str, ...]
    predicted: Vector
    std_error: Vector
    df: Vector
    conf_low: Vector
    conf_high: Vector
    gradient: Matrix | None
    coefficients: Coefficients | None
    title: str
    axis: str | None = None
    eta: Vector | None = None
    scale: str = "response"
    interval: str = "confidence"
    included: tuple[str, ...] = ()
    margin: str = "mean_reference"
    random: bool = False
    level: float = 0.95
    notes: tuple[str, ...] = ()
    kind: Any = "pandas"
    method: str | None = None
    seed: Any = None

    @cached_property
    def table(self) -> AdjustedTable:
        """The printed table."""
        return AdjustedTable(
            columns=self.columns,
            terms=self.terms,
            title=self.title,
            constants={**self.constants, **dict.fromkeys(self.population, POPULATION)},
            level=self.level,
            footer=self._footer(),
            kind=self.kind,
        )

    @cached_property
    def columns(self) -> dict[str, Any]:
        """Name -> values, in the order of ggeffects."""
        x = self._focal(0)
        out = {
            "x": x,
            "predicted": self.predicted,
            "std_error": self.std_error,
            "conf_low": self.conf_low,
            "conf_high": self.conf_high,
            "group": self._focal(1) if len(self.terms) > 1 else ["1"] * len(self.predicted),
        }
        return out | {ROLES[j]: self._focal(j) for j in range(2, len(self.terms))}

    def _focal(self, j: int) -> list[Level]:
        return list(self.labels[self.terms[j]])

    def _footer(self) -> tuple[str, ...]:
        lines = list(self.notes)
        if self.method is not None:
            lines.insert(0, f"Degrees-of-freedom method: {self.method}")
        if self.interval == "prediction":
            of = " and ".join(["the fixed effects", *self.included]) if self.included else "draws"
            lines.append(f"Intervals are prediction intervals, of {of}.")
        if self.seed is not None:
            lines.append(f"Drawn with {seed_text(self.seed)}.")
        return tuple(lines)

    def __len__(self) -> int:
        return len(self.predicted)

    def __getitem__(self, column: str) -> Any:
        return self.table[column]

    def to_frame(self, kind: Any = None, *, term_names: bool = False) -> Any:
        """The table in a library of tables; with `term_names` columns have the variables' names in place of x, ...

        Examples
        --------
        >>> fit.ggpredict("Days [0, 9]").to_frame(term_names=True).columns[0]
        'Days'
        """
        return self.table.to_frame(kind, term_names=term_names)

    def vcov(self) -> Matrix:
        """Covariance matrix of `predicted`, shape (r, r), by the delta method.

        Examples
        --------
        >>> fit.ggpredict("Days [0, 9]").vcov().shape
        (2, 2)
        """
        gradient, coefficients = self._gradient_and_coefficients("a covariance matrix")
        return np.asarray(gradient @ coefficients.vcov @ gradient.T)

    def compare(self, test: Any = "pairwise", *, adjust: str | None = None) -> ResultTable:
        """Differences between the predictions, on the scale that they are on.

        Parameters
        ----------
        test : str, array_like or None, default "pairwise"
            Comparisons: "pairwise", "reference" (to the first row), "consecutive", None for the predictions themselves,
            or a matrix with a row of weights for each comparison.
        adjust : str, optional
            Adjustment of the p-values: "holm", "hochberg", "hommel", "bonferroni", "BH", "BY", "fdr", "sidak".

        Examples
        --------
        >>> comparison = fit.ggpredict("Days [0, 9]").compare()
        >>> comparison["estimate"].round(1)
        array([-94.2])
        """
        gradient, coefficients = self._gradient_and_coefficients("comparisons")
        labels = [", ".join(frame.label(self.labels[t][i]) for t in self.terms) for i in range(len(self.predicted))]
        names, columns = compare(self.predicted, gradient, coefficients, labels, test, adjust, self.level)
        headers = T_HEADERS if np.isfinite(columns["df"]).all() else Z_HEADERS
        return ResultTable(
            columns=columns,
            names=names,
            row_column="comparison",
            headers=headers,
            footer=coefficients.lines_beside_r,
            kind=self.kind,
        )

    def _gradient_and_coefficients(self, what: str) -> tuple[Matrix, Coefficients]:
        if self.gradient is None or self.coefficients is None:
            raise DataError(f"simulated predictions have no {what}; take type='fixed' or 'random'.")
        return self.gradient, self.coefficients
