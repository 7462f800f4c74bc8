"""General linear hypotheses about the coefficients of a model, several at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mixedmodels._spellings import recased
from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald
from mixedmodels.estimates.coefficients import Coefficients
from mixedmodels.estimates.symbolic_hypotheses import Hypotheses
from mixedmodels.inference.multiplicity import adjust
from mixedmodels.inference.multiplicity.closed_tests import closed_p

CLOSED = ("Westfall", "Shaffer")


@dataclass(frozen=True, kw_only=True)
class LinearHypotheses:
    """Hypotheses with what is needed to test them.

    Attributes
    ----------
    names : tuple of str
        Hypotheses as in `Hypotheses`, the columns those of the p estimated coefficients.
    matrix, rhs : ndarray
        Hypotheses as in `Hypotheses`, the columns those of the p estimated coefficients.
    alternative : str
        Hypotheses as in `Hypotheses`, the columns those of the p estimated coefficients.
    estimate : ndarray, shape (r,)
        Estimates ``matrix @ beta``.
    vcov : ndarray, shape (r, r)
        Covariance of the estimates.
    df : ndarray
        Degrees of freedom of each estimate, infinite for the normal distribution.
    """

    names: tuple[str, ...]
    matrix: Matrix
    rhs: Vector
    alternative: str
    estimate: Vector
    vcov: Matrix
    df: Vector

    @property
    def std_error(self) -> Vector:
        """Standard errors of the estimates."""
        return np.sqrt(np.diag(self.vcov))

    @property
    def statistic(self) -> Vector:
        """Distance from the hypothesis in standard errors."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((self.estimate - self.rhs) / self.std_error)

    @cached_property
    def correlation(self) -> Matrix:
        """Correlation matrix of the estimates, which may be singular."""
        return adjust.correlation(self.vcov)

    @property
    def is_t(self) -> bool:
        """Whether some degrees of freedom are finite."""
        return bool(np.isfinite(self.df).any())

    def p_values(self, test: str = "single-step") -> Vector:
        """Adjusted p-values.

        Parameters
        ----------
        test : str, default "single-step"
            Method of `multiplicity`, or "Westfall" or "Shaffer".
        """
        test = recased(test, CLOSED)
        if test in CLOSED:
            return self._closed(test)
        return adjust.adjusted_p(self.statistic, self.df, self.correlation, test, alternative=self.alternative)

    def _closed(self, test: str) -> Vector:
        t, alternative = self.statistic, self.alternative
        upper = {"two.sided": np.abs(t), "less": -t, "greater": t}[alternative]
        method = "single-step" if test == "Westfall" else "bonferroni"

        def smallest(rows: list[int]) -> float:
            corr = self.correlation[np.ix_(rows, rows)]
            best = [rows[int(np.argmax(upper[rows]))]]
            if method == "bonferroni":
                p = adjust.univariate_p(t[best], self.df[best], alternative)
                return float(min(1.0, len(rows) * p[0]))
            return float(adjust.largest_tail(upper[best], self.df[best], corr, alternative == "two.sided")[0])

        return closed_p(self.matrix, upper, smallest)

    def limits(self, level: float = 0.95, calpha: str | float = "adjusted") -> tuple[Vector, Vector, Vector]:
        """Lower and upper limits, and the critical values.

        Parameters
        ----------
        level : float, default 0.95
            Confidence that all intervals hold ("adjusted") or each by itself ("univariate").
        calpha : str or float, default "adjusted"
            "adjusted", "univariate", a method of `multiplicity`, or the critical value itself.
        """
        if isinstance(calpha, str):
            method = {"adjusted": "mvt", "univariate": "none"}.get(calpha, calpha)
            critical = adjust.critical_value(
                self.df, self.correlation, method, level, len(self.df), alternative=self.alternative
            )
        else:
            critical = np.full(len(self.df), float(calpha))
        reach = critical * self.std_error
        low = np.full_like(reach, -np.inf) if self.alternative == "less" else self.estimate - reach
        high = np.full_like(reach, np.inf) if self.alternative == "greater" else self.estimate + reach
        return low, high, critical


def linear_hypotheses(
    coefficients: Coefficients, hypotheses: Hypotheses, alternative: str, df: float | None = None
) -> LinearHypotheses:
    """Estimates, covariance and degrees of freedom of hypotheses about the estimated coefficients.

    Parameters
    ----------
    coefficients : Coefficients
        Coefficients of the model, by the method that is to give degrees of freedom.
    hypotheses : Hypotheses
        Hypotheses whose columns are those of ``coefficients.names``.
    alternative : str
        Direction of the alternative.
    df : float, optional
        Degrees of freedom of all of them; 0 or infinity for the normal distribution.

    Raises
    ------
    DataError
        If `df` is negative or the alternative unknown.
    """
    alternative = adjust.check_alternative(alternative)
    c = hypotheses.matrix
    if df is not None and not df >= 0:
        raise DataError(f"df must be a positive number (or 0 for the normal distribution); got {df}.")
    own = coefficients.df(c) if df is None else np.full(len(c), float(df) if df else np.inf)
    return LinearHypotheses(
        names=hypotheses.names,
        matrix=c,
        rhs=hypotheses.rhs,
        alternative=alternative,
        estimate=c @ coefficients.beta,
        vcov=np.asarray(c @ coefficients.vcov @ c.T),
        df=np.asarray(own, dtype=float),
    )


def joint_chisq(coefficients: Coefficients, c: Matrix, rhs: Vector) -> tuple[float, int, float]:
    """Wald's chi-squared that ``c @ beta`` is `rhs` in all rows at once, its degrees of freedom and p-value.

    Raises
    ------
    DataError
        If rows contradict each other.
    """
    chisq, basis = coefficients.wald_statistic(c, rhs)
    return chisq, len(basis), float(wald.chi_squared_p(chisq, len(basis)))
