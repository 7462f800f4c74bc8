"""What tests and intervals know of a model's coefficients: estimates, covariance, degrees of freedom.

Whatever tests a linear hypothesis (coefficient tables, anova tables, marginal means, general linear hypotheses) asks
one of these, so that a method for small samples is written once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mixedmodels.errors import DataError
from mixedmodels.inference import wald

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FTest:
    """A joint test of rows of a contrast matrix.

    Attributes
    ----------
    f_value : F statistic (Wald's chi-squared over `num_df`, scaled where the method scales it).
    num_df : rank of the hypothesis.
    den_df : denominator degrees of freedom; infinite where the test is asymptotic.
    p_value : upper tail probability.
    scale : what Wald's statistic was multiplied by (Kenward and Roger), else 1.
    """

    f_value: float
    num_df: int
    den_df: float
    p_value: float
    scale: float = 1.0


class Coefficients(ABC):
    """Estimated coefficients with a covariance matrix and a rule for degrees of freedom.

    Attributes
    ----------
    method : name of the rule as users write it.
    names : of the p estimated coefficients.
    beta : shape (p,).
    vcov : shape (p, p), adjusted where the method adjusts it.
    """

    method: ClassVar[str]

    def __init__(self, names: tuple[str, ...], beta: Vector, vcov: Matrix) -> None:
        self.names = names
        self.beta = beta
        self.vcov = vcov

    @abstractmethod
    def df(self, c: Matrix) -> Vector:
        """Degrees of freedom of each row of `c` (shape (r, p)); infinite where the normal distribution serves."""

    @abstractmethod
    def f_test(self, c: Matrix) -> FTest:
        """Test that ``c @ beta`` is 0 in all rows at once; rows that depend on others do not count."""

    def estimates(self, c: Matrix) -> tuple[Vector, Vector]:
        """``c @ beta`` and its standard errors."""
        return wald.linear_hypotheses(c, self.beta, self.vcov)

    def wald_statistic(self, c: Matrix, against: Vector | None = None) -> tuple[float, Matrix]:
        """Wald's chi-squared of the rows of `c` (of ``c @ beta - against``), and an orthonormal basis of its rank.

        The rows of the second result, shape (rank, p), are uncorrelated under `vcov` and span what can be tested.
        """
        values, vectors = np.linalg.eigh(c @ self.vcov @ c.T)
        kept = values > max(values.max(initial=0.0), 0.0) * len(values) * 1e-12
        basis = vectors[:, kept].T @ c
        shift = self.beta @ basis.T - (0 if against is None else vectors[:, kept].T @ against)
        return float(np.sum(shift**2 / values[kept])), basis


class Asymptotic(Coefficients):
    """Normal and chi-squared distributions, as if the covariance were known."""

    method = "asymptotic"

    def df(self, c: Matrix) -> Vector:
        return np.full(len(np.atleast_2d(c)), inf)

    def f_test(self, c: Matrix) -> FTest:
        from scipy.special import chdtrc

        chisq, basis = self.wald_statistic(c)
        rank = len(basis)
        return FTest(chisq / rank if rank else np.nan, rank, inf, float(chdtrc(rank, chisq)) if rank else np.nan)


class Residual(Coefficients):
    """t and F distributions with the residual degrees of freedom of a model without random effects."""

    method = "residual"

    def __init__(self, names: tuple[str, ...], beta: Vector, vcov: Matrix, df_resid: float) -> None:
        super().__init__(names, beta, vcov)
        self.df_resid = df_resid

    def df(self, c: Matrix) -> Vector:
        return np.full(len(np.atleast_2d(c)), float(self.df_resid))

    def f_test(self, c: Matrix) -> FTest:
        chisq, basis = self.wald_statistic(c)
        rank = len(basis)
        f = chisq / rank if rank else np.nan
        p = wald.f_p_value(f, rank, self.df_resid) if rank else np.nan
        return FTest(f, rank, float(self.df_resid), p)


def check_ddf(given: str | None, known: Sequence[str | None]) -> None:
    """Refuse a way to degrees of freedom that a model does not have.

    Raises
    ------
    DataError
        If `given` is none of `known`.
    """
    if given not in known:
        names = ", ".join(repr(name) for name in known if name is not None)
        raise DataError(f"ddf {given!r} is not for this model; it has {names}.")
