"""statsmodels' spellings of what a model already answers, so that tools written for its results work."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.fit import estimates
from mixedmodels.inference import wald
from mixedmodels.report.rformat import format_number
from mixedmodels.report.summaries import coefficient_matrix, kept_names

if TYPE_CHECKING:
    import pandas


class StatsmodelsSpellings:
    """Names of statsmodels; estimates as pandas Series labelled by coefficient."""

    _fit: Any
    design: Any

    @property
    def _wald_df(self) -> float:
        """Degrees of freedom of the Wald statistics: normal unless a model knows better."""
        return math.inf

    def _series(self, values: Any) -> pandas.Series[float]:
        import pandas as pd

        return pd.Series(values, index=list(kept_names(self.design, self._fit)), dtype=float)

    @property
    def params(self) -> pandas.Series[float]:
        """Estimates."""
        return self._series(self._fit.beta)

    @property
    def bse(self) -> pandas.Series[float]:
        """Standard errors."""
        return self._series(coefficient_matrix(self._fit)[:, 1])

    @property
    def tvalues(self) -> pandas.Series[float]:
        """Estimates over standard errors."""
        return self._series(coefficient_matrix(self._fit)[:, 2])

    @property
    def pvalues(self) -> pandas.Series[float]:
        """Two-sided Wald p-values: t for a linear model, normal for a mixed one (which is liberal with few groups)."""
        return self._series(wald.p_values(coefficient_matrix(self._fit)[:, 2], self._wald_df))

    def conf_int(self, alpha: float = 0.05) -> pandas.DataFrame:
        """Wald limits at level ``1 - alpha``, columns 0 and 1."""
        table = coefficient_matrix(self._fit)
        limits = wald.intervals(table[:, 0], table[:, 1], 1 - alpha, self._wald_df)
        import pandas as pd

        return pd.DataFrame(limits, index=list(kept_names(self.design, self._fit)))

    def cov_params(self) -> pandas.DataFrame:
        """Covariance matrix of the estimates."""
        names = kept_names(self.design, self._fit)
        return frame.labelled(estimates.vcov(self._fit), names, names)

    def t_test(self, r_matrix: ArrayLike) -> ContrastTest:
        """Wald tests of linear combinations of the coefficients being 0.

        Parameters
        ----------
        r_matrix : shape (k, p) or (p,), one row per hypothesis.
        """
        c = np.atleast_2d(np.asarray(r_matrix, dtype=float))
        p = len(self._fit.beta)
        if c.shape[1] != p:
            raise DataError(f"r_matrix has {c.shape[1]} columns, but the model has {p} coefficients.")
        effect, sd = wald.linear_hypotheses(c, self._fit.beta, estimates.vcov(self._fit))
        return ContrastTest(effect, sd, self._wald_df)

    @property
    def resid(self) -> Any:
        """Residuals."""
        return self.residuals()  # type: ignore[attr-defined]

    @property
    def fittedvalues(self) -> Any:
        """Fitted values."""
        return self.fitted()  # type: ignore[attr-defined]

    @property
    def llf(self) -> float:
        """Log-likelihood."""
        return float(self.loglik)  # type: ignore[attr-defined]

    @property
    def scale(self) -> float:
        """Residual variance."""
        return float(self._fit.sigma) ** 2


class ContrastTest:
    """Wald tests of linear hypotheses: `effect`, `sd`, `tvalue`, `pvalue`, `conf_int()`."""

    def __init__(self, effect: Any, sd: Any, df: float) -> None:
        self.effect = effect
        self.sd = sd
        self.df_denom = df
        self.tvalue = effect / sd
        self.pvalue = wald.p_values(self.tvalue, df)

    def conf_int(self, alpha: float = 0.05) -> Any:
        """Limits at level ``1 - alpha``, shape (k, 2)."""
        return wald.intervals(self.effect, self.sd, 1 - alpha, self.df_denom)

    def __repr__(self) -> str:
        rows = zip(self.effect, self.sd, self.tvalue, self.pvalue, strict=True)
        return "\n".join(
            f"estimate {format_number(e, 5)}  std. error {format_number(s, 5)}  "
            f"statistic {format_number(t, 4)}  p {format_number(p, 3)}"
            for e, s, t, p in rows
        )
