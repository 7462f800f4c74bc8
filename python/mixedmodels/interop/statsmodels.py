"""The names of statsmodels for the results of a model, so that tools written for statsmodels work."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.fitted.labels import kept_names
from mixedmodels.fitted.mixed_effects import MixedEffects
from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas
    from numpy.typing import ArrayLike

    from mixedmodels.estimates.coefficients import Ddf
    from mixedmodels.estimates.symbolic_hypotheses import Hypotheses
    from mixedmodels.interop.statsmodels_results import ContrastTest, PredictionResults, WaldTest


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

        from mixedmodels.estimates import wald

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
        from mixedmodels.estimates import wald
        from mixedmodels.inference.glht.text import row_names
        from mixedmodels.interop.statsmodels_results import ContrastTest
        from mixedmodels.tables.result_table import T_HEADERS, Z_HEADERS

        hypotheses = self._constraints(r_matrix)
        coefficients = self._coefficients(ddf)
        t = coefficients.t_tests(hypotheses.matrix)
        tvalue = (t.estimate - hypotheses.rhs) / t.std_error
        student = bool(np.isfinite(t.df).all())
        columns = {"estimate": t.estimate, "std_error": t.std_error}
        columns |= {"df": t.df} if student else {}
        columns |= {"statistic": tvalue, "p_value": wald.p_values(tvalue, t.df)}
        return ContrastTest(
            columns=columns,
            names=row_names(hypotheses.names, hypotheses.rhs, "two.sided"),
            row_column="hypothesis",
            headers=T_HEADERS if student else Z_HEADERS,
            footer=coefficients.footer,
            kind=self._source.kind,
            method=f"Wald {'t' if student else 'z'} test",
            df_denom=t.df,
        )

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
        from mixedmodels.estimates import wald
        from mixedmodels.inference.glht.tests import joint_chisq
        from mixedmodels.interop.statsmodels_results import WaldTest

        hypotheses = self._constraints(r_matrix)
        kind, coefficients = self._source.kind, self._coefficients(ddf)
        f = coefficients.f_test(hypotheses.matrix, hypotheses.rhs)
        if not (math.isfinite(f.den_df) if use_f is None else use_f):
            chisq, df, p = joint_chisq(coefficients, hypotheses.matrix, hypotheses.rhs)
            return WaldTest(chisq, p, df, None, kind, coefficients.footer)
        if math.isfinite(f.den_df):
            return WaldTest(f.f_value, f.p_value, f.num_df, f.den_df, kind, coefficients.footer)
        df_denom = float(self.df_resid) if self._fit.has_dispersion else math.inf
        p = wald.f_p_value(f.f_value, f.num_df, df_denom)
        return WaldTest(f.f_value, p, f.num_df, df_denom, kind, coefficients.footer)

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
        from mixedmodels.interop.statsmodels_results import PredictionResults

        columns = partial(self.predict, exog, **{"kind": "typical", "type": "response", **how})
        return PredictionResults(columns, self._source.kind)

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
