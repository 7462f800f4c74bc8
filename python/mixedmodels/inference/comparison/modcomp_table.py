"""The F test of two models that differ in their fixed effects, printed as pbkrtest prints it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.tables.coefmat import LEGEND, stars
from mixedmodels.tables.r_numbers import format_number, format_numbers, format_pvalues, round_r
from mixedmodels.tables.r_print import matrix
from mixedmodels.tables.single_test import RecordedTest


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelTest(RecordedTest):
    """An F test of restrictions on the fixed effects of a linear mixed model.

    Attributes
    ----------
    method : str
        Method, "Kenward-Roger" or "Satterthwaite".
    large : str
        Formula of the larger model.
    small : str or None
        Formula of the smaller model; None where the restrictions were given as a matrix.
    contrasts : ndarray, shape (rows, p)
        Matrix L: under the hypothesis ``L (beta - beta_h)`` is 0.
    beta_h : ndarray, shape (p,)
        Coefficients under the hypothesis.
    statistic : float
        Statistic F, scaled where the method scales it.
    num_df : int
        Degrees of freedom of the numerator and the denominator.
    den_df : float
        Degrees of freedom of the numerator and the denominator.
    scale : float
        Factor of the scaled F.
    p_value : float
        Upper tail probability of `statistic`.
    unscaled : float
        Statistic F before scaling.
    remarks : tuple of str, default ()
        Sentences about what else the reader must know.
    kind : str, default "pandas"
        The library of tables.

    Examples
    --------
    >>> test = mm.r.SATmodcomp(fit, "~ . - Days")
    >>> test.num_df, round(test.statistic, 2)
    (1, 45.85)
    """

    method: str
    large: str
    small: str | None
    contrasts: Matrix
    beta_h: Vector
    statistic: float
    num_df: int
    den_df: float
    scale: float
    p_value: float
    unscaled: float
    remarks: tuple[str, ...] = ()
    kind: Any = "pandas"

    @property
    def df(self) -> tuple[float, float]:
        """Degrees of freedom of the numerator and the denominator."""
        return float(self.num_df), self.den_df

    def __repr__(self) -> str:
        lines = [f"large : {self.large}", *self._smaller()]
        lines += _kenward_roger(self) if self.method == "Kenward-Roger" else _satterthwaite(self)
        return "\n".join([*lines, *self.remarks])

    def _smaller(self) -> list[str]:
        if self.small is not None:
            return [f"small : {self.small}"]
        rows = [f"[{i + 1},]" for i in range(len(self.contrasts))]
        columns = [f"[,{j + 1}]" for j in range(self.contrasts.shape[1])]
        cells = [[format_number(float(v)) for v in row] for row in self.contrasts]
        lines = ["L = ", *matrix(rows, columns, cells).split("\n")]
        if np.any(self.beta_h):
            lines += ["betaH=", " ".join(format_numbers(self.beta_h))]
        return lines


def _kenward_roger(test: ModelTest) -> list[str]:
    values = (test.statistic, test.num_df, test.den_df)
    texts = format_numbers([round_r(float(v), 4) for v in values], 5)
    return _row("Ftest", ("stat", "ndf", "ddf", "F.scaling"), [*texts, *format_numbers([test.scale], 5)], test.p_value)


def _satterthwaite(test: ModelTest) -> list[str]:
    texts = format_numbers([round_r(float(v), 5) for v in (test.statistic, test.num_df)], 5)
    texts += format_numbers([round_r(test.den_df, 4)], 5)
    return _row("[1,]", ("statistic", "ndf", "ddf"), texts, test.p_value)


def _row(name: str, headers: tuple[str, ...], texts: list[str], p_value: float) -> list[str]:
    """One row with a p-value and its stars."""
    cells, columns = [*texts, *format_pvalues([p_value], 4)], [*headers, "p.value"]
    mark = stars(p_value)
    if p_value >= 0.1:
        return matrix([name], columns, [cells]).split("\n")
    return [*matrix([name], [*columns, ""], [[*cells, mark]]).split("\n"), "---", LEGEND]
