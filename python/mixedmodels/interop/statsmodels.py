"""The names of statsmodels for the results of a model, so that tools written for statsmodels work."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald
from mixedmodels.fitted.labels import kept_names
from mixedmodels.fitted.mixed_effects import MixedEffects
from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas
    from numpy.typing import ArrayLike, NDArray

    from mixedmodels.estimates.coefficients import Ddf
    from mixedmodels.estimates.symbolic_hypotheses import Hypotheses


class StatsmodelsSpellings(FittedModel):
    """Names of statsmodels; estimates as pandas Series labelled by coefficient."""

    predict: Callable[..., Any]  # the verb of the class of models

    def _series(self, values: Any) -> pandas.Series[float]:
        import pandas as pd

        return pd.Series(values, index=list(kept_names(self.design, self._fit)), dtype=float)

    @property
    def params(self) -> pandas.Series[float]:
        """Estimates.

        Examples
        --------
        >>> fit.params.round(2).to_dict()
        {'(Intercept)': 251.41, 'Days': 10.47}
        """
        return self._series(self._fit.beta)

    @property
    def bse(self) -> pandas.Series[float]:
        """Standard errors; adjusted where the model's `ddf` is Kenward-Roger."""
        return self._series(self._coefficients_or_warning().t_tests().std_error)

    @property
    def tvalues(self) -> pandas.Series[float]:
        """Estimates over standard errors."""
        return self._series(self._coefficients_or_warning().t_tests().statistic)

    @property
    def pvalues(self) -> pandas.Series[float]:
        """Two-sided Wald p-values, with degrees of freedom by the model's `ddf`."""
        return self._series(self._coefficients_or_warning().t_tests().p_value)

    def conf_int(self, alpha: float = 0.05, *, ddf: Ddf = None) -> pandas.DataFrame:
        """Wald limits at level ``1 - alpha``, columns 0 and 1.

        Parameters
        ----------
        alpha : float, default 0.05
            One less the confidence level.
        ddf : str or Coefficients, optional
            Way to degrees of freedom, or what `robust` returned; None for the model's own `ddf`.

        Examples
        --------
        >>> lin.conf_int().loc["Days"].round(2).tolist()
        [8.02, 12.91]
        """
        import pandas as pd

        coefficients = self._coefficients_or_warning(ddf)
        t = coefficients.t_tests()
        limits = wald.intervals(t.estimate, t.std_error, 1 - alpha, t.df)
        return pd.DataFrame(limits, index=list(coefficients.names))

    def cov_params(self) -> pandas.DataFrame:
        """Covariance matrix of the estimates, whose diagonal has the squares of `bse`."""
        coefficients = self._coefficients_or_warning()
        return frame.labelled(coefficients.vcov, coefficients.names, coefficients.names)

    def t_test(self, r_matrix: str | Sequence[str] | ArrayLike, *, ddf: Ddf = None) -> ContrastTest:
        """Wald tests of linear combinations of the coefficients, one by one.

        Parameters
        ----------
        r_matrix : str, sequence of str or array_like
            Hypotheses: texts ("Days = 10", "a - b"); or a matrix of shape (k, p) or (p,), one row per hypothesis; or
            such a matrix with the values that its rows are to have, ``(matrix, values)``.
        ddf : str or Coefficients, optional
            Way to degrees of freedom, or what `robust` returned; None for the model's own `ddf`.

        Examples
        --------
        >>> lin.t_test("Days = 10").pvalue.round(3)
        array([0.706])
        """
        hypotheses = self._constraints(r_matrix)
        coefficients = self._coefficients(ddf)
        t = coefficients.t_tests(hypotheses.matrix)
        return ContrastTest(t.estimate, t.std_error, t.df, hypotheses.rhs, coefficients.footer)

    def wald_test(
        self, r_matrix: str | Sequence[str] | ArrayLike, use_f: bool | None = None, *, ddf: Ddf = None
    ) -> WaldTest:
        """One Wald test that all linear combinations hold.

        Parameters
        ----------
        r_matrix : str, sequence of str or array_like
            See `t_test`.
        use_f : bool, optional
            Whether to use the F distribution instead of chi-squared; by default for a model whose statistics are t. Its
            degrees of freedom are the method's; of the normal distribution the residual ones.
        ddf : str or Coefficients, optional
            Way to degrees of freedom, or what `robust` returned; None for the model's own `ddf`.

        Examples
        --------
        >>> lin.wald_test("Days = 0").df_num
        1
        """
        from mixedmodels.inference.glht.tests import joint_chisq

        hypotheses = self._constraints(r_matrix)
        coefficients = self._coefficients(ddf)
        f = coefficients.f_test(hypotheses.matrix, hypotheses.rhs)
        if not (math.isfinite(f.den_df) if use_f is None else use_f):
            chisq, df, p = joint_chisq(coefficients, hypotheses.matrix, hypotheses.rhs)
            return WaldTest(chisq, p, df, None, coefficients.footer)
        if math.isfinite(f.den_df):
            return WaldTest(f.f_value, f.p_value, f.num_df, f.den_df, coefficients.footer)
        df_denom = float(self.df_resid)
        p = wald.f_p_value(f.f_value, f.num_df, df_denom)
        return WaldTest(f.f_value, p, f.num_df, df_denom, coefficients.footer)

    def _constraints(self, r_matrix: Any) -> Hypotheses:
        from mixedmodels.inference.glht.verbs import hypotheses_about, with_rhs

        values = None
        if isinstance(r_matrix, tuple) and len(r_matrix) == 2 and np.ndim(r_matrix[0]) == 2:
            r_matrix, values = r_matrix
        return with_rhs(hypotheses_about(r_matrix, kept_names(self.design, self._fit)), values)

    def get_prediction(self, exog: Any = None, **how: Any) -> PredictionResults:
        """Predicted means with standard errors and limits, in the form of statsmodels.

        Parameters
        ----------
        exog : table, optional
            Table of new rows, or None for the rows of the fit.
        **how : Any
            Further arguments of `predict`. Of a mixed model random effects are 0 (``kind="typical"``), as statsmodels
            has them, unless `kind` says otherwise.

        Examples
        --------
        >>> lin.get_prediction(pd.DataFrame({"Days": [0]})).predicted_mean.round(1)
        array([251.4])
        """
        how = {"kind": "typical", "type": "response", **how}

        def columns(**more: Any) -> Any:
            return self.predict(exog, **{**how, **more})

        return PredictionResults(columns)

    @property
    def resid(self) -> Any:
        """Residuals."""
        return self.residuals()

    @property
    def fittedvalues(self) -> Any:
        """Fitted values."""
        return self.fitted()

    @property
    def llf(self) -> float:
        """Log-likelihood."""
        return float(self.loglik)

    @property
    def scale(self) -> float:
        """Residual variance; the dispersion of a generalised model, 1 of a family without one."""
        return self._dispersion


class MixedSpellings(MixedEffects):
    """Names of statsmodels for random effects."""

    @property
    def random_effects(self) -> dict[str, pandas.Series[float]]:
        """Level -> its effects, for a model with one grouping factor (statsmodels' spelling).

        Examples
        --------
        >>> fit.random_effects["308"].round(2).tolist()
        [2.26, 9.2]
        """
        (name,) = self._one_group("random_effects")
        ranef = self.ranef()
        place = ranef.names.index(name)
        table = frame.labelled(ranef.modes[place], list(ranef.levels[place]), ranef.effects[place])
        return {str(label): row for label, row in table.iterrows()}

    @property
    def cov_re(self) -> pandas.DataFrame:
        """Covariance of the random effects, for a model with one random term (statsmodels' spelling).

        Examples
        --------
        >>> fit.cov_re.shape
        (2, 2)
        """
        self._one_group("cov_re")
        return self.VarCorr()[self.design.random[0].label]

    def _one_group(self, what: str) -> tuple[str]:
        if len(self.design.random) != 1:
            raise DataError(
                f"{what} is for one random term and this model has {len(self.design.random)}; use ranef() or VarCorr()."
            )
        return (self.design.groups[0].name,)


class PredictionResults:
    """Predicted means: `predicted_mean`, `se_mean`, `conf_int()`, `summary_frame()`."""

    def __init__(self, columns: Callable[..., Any]) -> None:
        self._columns = columns

    @cached_property
    def _means(self) -> Any:
        return self._columns(se_fit=True)

    @property
    def predicted_mean(self) -> NDArray[np.float64]:
        """Shape (n,)."""
        return np.asarray(self._means["fit"], dtype=float)

    @property
    def se_mean(self) -> NDArray[np.float64]:
        """Standard errors of the means, shape (n,)."""
        return np.asarray(self._means["se_fit"], dtype=float)

    def conf_int(self, obs: bool = False, alpha: float = 0.05) -> NDArray[np.float64]:
        """Limits at level ``1 - alpha`` of the means, or of new observations; shape (n, 2)."""
        table = self._columns(interval="prediction" if obs else "confidence", level=1 - alpha)
        return np.column_stack([np.asarray(table[name], dtype=float) for name in ("conf_low", "conf_high")])

    def summary_frame(self, alpha: float = 0.05) -> pandas.DataFrame:
        """Means, their standard errors and limits, and the limits of new observations, by statsmodels' names."""
        import pandas as pd

        mean, observation = self.conf_int(alpha=alpha), self.conf_int(obs=True, alpha=alpha)
        out = {"mean": self.predicted_mean, "mean_se": self.se_mean}
        out |= {"mean_ci_lower": mean[:, 0], "mean_ci_upper": mean[:, 1]}
        out |= {"obs_ci_lower": observation[:, 0], "obs_ci_upper": observation[:, 1]}
        return pd.DataFrame(out, index=getattr(self._means, "index", None))


class ContrastTest:
    """Wald tests of linear hypotheses: `effect`, `sd`, `df_denom`, `tvalue`, `pvalue`, `conf_int()`."""

    def __init__(self, effect: Any, sd: Any, df: Any, against: Any = 0.0, footer: tuple[str, ...] = ()) -> None:
        self.effect = effect
        self.sd = sd
        self.df_denom = df
        self.tvalue = (effect - against) / sd
        self.pvalue = wald.p_values(self.tvalue, df)
        self._footer = footer

    def conf_int(self, alpha: float = 0.05) -> Any:
        """Limits at level ``1 - alpha``, shape (k, 2)."""
        return wald.intervals(self.effect, self.sd, 1 - alpha, self.df_denom)

    def __repr__(self) -> str:
        from mixedmodels.tables.r_numbers import format_number

        rows = zip(self.effect, self.sd, self.df_denom, self.tvalue, self.pvalue, strict=True)
        lines = [
            f"estimate {format_number(e, 5)}  std. error {format_number(s, 5)}  "
            f"statistic {format_number(t, 4)}  df {format_number(d, 5)}  p {format_number(p, 3)}"
            for e, s, d, t, p in rows
        ]
        return "\n".join([*lines, *self._footer])


@dataclass(frozen=True)
class WaldTest:
    """A joint Wald test: `statistic` (chi-squared, or F where `df_denom` is known), `pvalue`, `df_num`, `df_denom`."""

    statistic: float
    pvalue: float
    df_num: int
    df_denom: float | None
    footer: tuple[str, ...] = ()

    def __repr__(self) -> str:
        from mixedmodels.tables.r_numbers import format_number

        name, more = ("chi2", "") if self.df_denom is None else ("F", f", df_denom={format_number(self.df_denom, 6)}")
        return (
            f"<Wald test ({name}): statistic={format_number(self.statistic, 6)}, "
            f"p-value={format_number(self.pvalue, 6)}, df_num={self.df_num}{more}>"
        ) + "".join(f"\n{line}" for line in self.footer)
