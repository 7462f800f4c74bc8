"""A fitted linear model."""

from __future__ import annotations

import warnings
from dataclasses import asdict, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Data_co
from mixedmodels.fitted.registry import fit_request
from mixedmodels.model.verbs import FixedEffectsModel

if TYPE_CHECKING:
    from mixedmodels._typing import Vector
    from mixedmodels.estimates.coefficients import Ddf
    from mixedmodels.fit.goodness import Goodness
    from mixedmodels.fit.record import LinearFit
    from mixedmodels.summary.linear_summary import LinearSummary


class LinearModel(FixedEffectsModel[Data_co]):
    """A linear model fitted by `lm`; immutable.

    Examples
    --------
    >>> round(lin.fixef()["Days"], 2), lin.df_resid
    (10.47, 178)
    """

    _fit: LinearFit
    _kind = "linear model"

    # -- numbers ------------------------------------------------------------------------------------------------

    @property
    def deviance(self) -> float:
        """Weighted residual sum of squares."""
        return self._fit.rss

    @property
    def rank(self) -> int:
        """Rank of X."""
        return len(self._fit.kept)

    @cached_property
    def _goodness(self) -> Goodness:
        from mixedmodels.fit.goodness import Goodness, goodness

        if self._stored is not None:
            return Goodness(**self._stored["goodness"])
        return goodness(self.design, self._fit)

    @property
    def rsquared(self) -> float:
        """Share of the variation that the model explains."""
        return self._goodness.r_squared

    @property
    def rsquared_adj(self) -> float:
        """R squared adjusted for the number of coefficients."""
        return self._goodness.adj_r_squared

    @property
    def fstatistic(self) -> tuple[float, int, int]:
        """F of all coefficients but the intercept, and its two degrees of freedom; NaN for an intercept alone."""
        return self._goodness.f, self._goodness.df1, self._goodness.df2

    # -- reports ------------------------------------------------------------------------------------------------

    @cached_property
    def _summary(self) -> LinearSummary:
        from mixedmodels.summary.linear_summary import linear_summary

        return linear_summary(
            self.design,
            self._fit,
            self.call,
            self._quartiles,
            self._few,
            self._goodness,
            self._weighted,
            self._source.kind,
        )

    def _kept_numbers(self) -> dict[str, Any]:
        return {**super()._kept_numbers(), "goodness": asdict(self._goodness), "weighted": self._weighted}

    def summary(self, ddf: Ddf = None) -> LinearSummary:
        """The summary, which prints as R prints it.

        Examples
        --------
        >>> print(lin.summary().text().splitlines()[2])
        lm(formula = Reaction ~ Days, data = ...)
        """
        self._own_tests(ddf)
        return self._summary

    def _summary_residuals(self) -> Vector:
        return self._residuals("pearson")

    @property
    def _weighted(self) -> bool:
        if self._stored is not None:
            return bool(self._stored["weighted"])
        return self.design.weights is not None and bool(np.ptp(self.design.weights) > 0)

    def glance(self) -> Any:
        """One row of figures about the whole fit.

        Examples
        --------
        >>> lin.glance()["r_squared"].round(3).tolist()
        [0.286]
        """
        from mixedmodels.summary.tidy import glance_linear

        return frame.to_kind(glance_linear(self._fit, self._goodness), self._source.kind)

    # -- other rows, other responses ----------------------------------------------------------------------------

    def update(self, formula: str | None = None, **changes: Any) -> LinearModel:
        """A new model with a changed formula, in which ``.`` is the old part, or with changed arguments of `lm`.

        Examples
        --------
        >>> lin.update(". ~ . + I(Days^2)").formula
        'Reaction ~ Days + I(Days^2)'
        """
        model: LinearModel = fit_request(self._updated(formula, changes), mixed=False)
        return model

    def refit(self, response: Any) -> LinearModel:
        """Fit the same model to another response, with one value per row used or per row of the table.

        Examples
        --------
        >>> round(lin.refit(2 * sleep["Reaction"]).fixef()["Days"], 2)
        20.93
        """
        from mixedmodels.fit.checks import exact_warning
        from mixedmodels.fit.ols import fit_ols

        self._need_rows("refit()")
        design = replace(self.design, response=self._rows.response(response))
        fit = fit_ols(design, self._fit.method.sigma)
        if fit.exact:
            warnings.warn(exact_warning(design, fit), stacklevel=2)
        return LinearModel(fit, design, self._source, self._request)

    def __repr__(self) -> str:
        from mixedmodels.summary.linear_summary import short_text

        coef = self.coef()
        return short_text(self.call, coef.names, np.asarray(coef))

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()
