"""What models without random effects have in common."""

from __future__ import annotations

from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mixedmodels import frame
from mixedmodels.errors import DataError
from mixedmodels.estimates.coefficients import Coefficients, Ddf, Residual, check_ddf
from mixedmodels.fit import any_fit
from mixedmodels.fitted.labels import kept_names, scattered
from mixedmodels.fitted.model import Model
from mixedmodels.predict.kinds import Kind
from mixedmodels.predict.verbs import Interval, Method, Options, Type, none_if_false
from mixedmodels.summary.tidy import tidy_linear
from mixedmodels.tables.vectors import NamedVector

if TYPE_CHECKING:
    import pandas


FEW = 5  # with so few residual degrees of freedom R shows the residuals themselves


class FixedEffectsModel(Model):
    """A model whose coefficients are all fixed effects."""

    _kind: ClassVar[str]

    def _coefficients_by(self, method: str | None) -> Coefficients:
        check_ddf(method, (None, "residual", "asymptotic"))
        df = any_fit.wald_df(self._fit)
        if method == "asymptotic" or (method is None and not isfinite(df)):
            return super()._coefficients_by(method)
        return Residual(kept_names(self.design, self._fit), self._fit.beta, any_fit.vcov(self._fit), df)

    def coef(self) -> NamedVector:
        """All coefficients by R's names, NaN where a column is a combination of earlier ones."""
        names = self.design.fixed.names
        return NamedVector(names, scattered(self._fit.beta, self._fit, len(names)))

    def model_matrix(self, which: Literal["X"] = "X") -> pandas.DataFrame:
        """The matrix X, a labelled table."""
        if which != "X":
            raise DataError(f"model_matrix() of a {self._kind} has 'X' only, not {which!r}.")
        return self._labelled_x()

    def tidy(self, *, conf_int: bool = False, conf_level: float = 0.95, ddf: Ddf = None) -> Any:
        """A row per coefficient.

        Parameters
        ----------
        conf_int : adds Wald limits `conf_low`, `conf_high`.
        ddf : "asymptotic", "residual" or what `robust` returned: gives covariance and degrees of freedom, the latter in
            a column `df`; None for those that the summary prints.
        """
        tested = None if ddf is None else self._coefficients(ddf)
        columns = tidy_linear(self.design, self._fit, conf_level if conf_int else None, tested)
        return frame.to_kind(columns, self._source.kind)

    def predict(
        self,
        newdata: Any = None,
        *,
        kind: Kind | None = None,
        type: Type = "link",  # noqa: A002
        se_fit: bool = False,
        interval: Interval | Literal[False] | None = None,
        level: float = 0.95,
        method: Method = "delta",
        nsim: int | None = None,
        seed: Any = None,
        weights: Any = None,
        offset: Any = None,
        ddf: Ddf = None,
        progress: bool | None = None,
    ) -> Any:
        """Predictions on the rows of the fit or on new ones, with standard errors and limits if asked.

        Parameters
        ----------
        newdata : a table with the formula's columns, or None. A row that misses a predictor has NaN.
        kind : as of a mixed model; without random effects all kinds are the same.
        type : "link", the linear predictor, or "response", the mean; the same for an lm.
        se_fit : standard errors too. Those of means come from the linear predictor's by the slope of the link.
        interval : None or False for none; "confidence" for limits of the mean (made for the linear predictor and
            carried to the response), "prediction" for limits of a new observation (of a glm
            that is not Gaussian simulated, ``type="response"``).
        level : of the limits.
        method : "delta", "simulation" of coefficients and dispersion, or "bootstrap" (parametric).
        nsim, seed : draws (by default 2,000; 500 of the bootstrap), and what ``numpy.random.default_rng`` takes.
        weights : of new observations, for interval="prediction": a column name, numbers, or a number; 1 by default.
            Trials of a binomial response, whose limits are proportions.
        offset : of the new rows, in place of the `offset` argument of the fit (needed where that was an array).
        ddf : as of `tidy`: covariance and degrees of freedom by another method, or what `robust` returned.
        progress : of the bootstrap, as for `bootstrap`.

        Returns
        -------
        Series or array of predictions; with `se_fit` or `interval` a table with columns `fit` and, as asked,
        `se_fit`, `conf_low`, `conf_high`.
        """
        options = Options(
            kind, None, type, se_fit, none_if_false(interval), level, method, "all", nsim, seed, False, ddf, progress
        )
        return self._predicted(newdata, options, weights, offset)

    @cached_property
    def _few(self) -> dict[str, float] | None:
        """The residuals that a summary shows one by one, where there are few."""
        if self._stored is not None:
            return self._stored["few"]  # type: ignore[no-any-return]
        if self._fit.df_resid > FEW:
            return None
        labels = [str(i + 1) for i in self._rows.numbers]
        return dict(zip(labels, self._summary_residuals().tolist(), strict=True))
