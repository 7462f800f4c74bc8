"""The table of coefficients as R's ``printCoefmat()`` shows it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mixedmodels.tables.r_numbers import format_numbers, format_pvalues, pad_right, round_r
from mixedmodels.tables.r_print import matrix

LEGEND = "Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1"
_CUTS = ((0.001, "***"), (0.01, "**"), (0.05, "*"), (0.1, "."), (1.0, " "))


def stars(p: float) -> str:
    """The mark of significance of a p-value."""
    return next((mark for cut, mark in _CUTS if p <= cut), "") if not math.isnan(p) else ""


def estimate_texts(values: NDArray[np.float64], digits: int) -> list[list[str]]:
    """Estimates and standard errors share their decimals: enough for the largest to show `digits` digits."""
    magnitudes = np.abs(values[np.isfinite(values) & (values != 0)])
    decimals = digits
    if np.isfinite(values).any():
        places = np.floor(np.log10([magnitudes.min(), magnitudes.max()])) if len(magnitudes) else np.array([0.0, 0.0])
        # R takes 1 + the exponents of the smallest and of the largest; the smaller of the decimals never goes below 1
        decimals = max(1, *(int(digits - 1 - e) for e in places))
    texts = format_numbers([round_r(v, decimals) for v in values.ravel(order="F")], digits)
    n = len(values)
    return [texts[i::n] for i in range(n)]


def coefficient_table(
    names: Sequence[str],
    headers: Sequence[str],
    values: NDArray[np.float64],
    *,
    digits: int = 4,
    pvalues: bool,
    na: str = "NA",
) -> str:
    """Lines of a table of estimates, standard errors, statistics and, where `pvalues`, p-values with stars.

    Parameters
    ----------
    names : sequence of str
        Names of the rows, length p.
    headers : sequence of str
        Names of the columns: Estimate, Std. Error, [df,] statistic[, p-value].
    values : ndarray, shape (p, len(headers))
        Numbers of the table.
    digits : int, default 4
        Significant digits of the estimates; the statistic and p-value show one less (at most 5).
    """
    cells = coefficient_cells(values, digits=digits, pvalues=pvalues, na=na)
    columns = list(headers)
    legend = ""
    if pvalues:
        probability = [float(p) for p in values[:, -1]]
        if any(p < 0.1 for p in probability):
            for row, mark in zip(cells, pad_right([stars(p) for p in probability]), strict=True):
                row.append(mark)
            columns.append("")
            legend = f"\n---\n{LEGEND}"
    return matrix(names, columns, cells) + legend


def coefficient_cells(
    values: NDArray[np.float64], *, digits: int = 4, pvalues: bool, na: str = "NA"
) -> list[list[str]]:
    """Texts of the table of `coefficient_table`, row by row, without stars."""
    p, k = values.shape
    test = k - 1 - pvalues
    test_digits = max(1, min(5, digits - 1))
    cells = [[""] * k for _ in range(p)]
    for i, shared in enumerate(estimate_texts(values[:, :test], digits)):
        cells[i][:test] = shared
    statistics = format_numbers([round_r(v, test_digits) for v in values[:, test]], digits)
    for i, text in enumerate(statistics):
        cells[i][test] = text
    unround_zeros(cells, values, digits, [j for j in range(k - pvalues) if j != test])
    for i, j in zip(*np.nonzero(np.isnan(values)), strict=True):
        cells[i][j] = na if math.isnan(values[i, 0]) else "NaN"
    if pvalues:
        probability = values[:, k - 1]
        present = [i for i in range(p) if not math.isnan(probability[i])]
        for i, text in zip(present, format_pvalues([float(probability[i]) for i in present], test_digits), strict=True):
            cells[i][k - 1] = text
    return cells


def unround_zeros(cells: list[list[str]], values: NDArray[np.float64], digits: int, columns: list[int]) -> None:
    """Where rounding made a number print as zero although it is not, those cells show their own digits instead."""
    wrong = [
        (i, j)
        for j in columns
        for i in range(len(cells))
        if math.isfinite(values[i, j]) and (values[i, j] == 0) != (float(cells[i][j]) == 0)
    ]
    own = format_numbers([float(values[i, j]) for i, j in wrong], max(1, digits - 1))
    for (i, j), text in zip(wrong, own, strict=True):
        cells[i][j] = text
