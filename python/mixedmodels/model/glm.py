"""A fitted generalised linear model."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixedmodels import frame
from mixedmodels._typing import Data_co
from mixedmodels.fit import likelihood
from mixedmodels.fitted.family_model import FamilyModel
from mixedmodels.fitted.registry import fit_request
from mixedmodels.model.verbs import FixedEffectsModel

if TYPE_CHECKING:
    from mixedmodels._typing import Vector
    from mixedmodels.estimates.coefficients import Ddf
    from mixedmodels.fit.record import GlmFit
    from mixedmodels.summary.glm_summary import GlmSummary
    from mixedmodels.tables.call import Call


class GeneralizedLinearModel(FamilyModel, FixedEffectsModel[Data_co]):
    """A generalised linear model fitted by `glm` or `glm_nb`; immutable.

    Examples
    --------
    >>> round(logit.deviance, 2), logit.df_resid
    (114.1, 52)
    """

    _fit: GlmFit
    _kind = "generalised linear model"

    # -- numbers ------------------------------------------------------------------------------------------------

    @property
    def nobs(self) -> int:
        """Rows used whose weight is not 0."""
        return likelihood.n_observations(self._fit)

    @property
    def deviance(self) -> float:
        """Residual deviance: twice the log-likelihood ratio of the saturated model, times the dispersion."""
        return self._fit.deviance

    @property
    def null_deviance(self) -> float:
        """Deviance of the model with only an intercept (if this one has it) and the offset."""
        return self._fit.null_deviance

    @property
    def df_null(self) -> int:
        """Residual degrees of freedom of the null model."""
        return self._fit.df_null

    @property
    def dispersion(self) -> float:
        """Factor of the variance: 1, or Pearson's estimate in families that have one."""
        return self._fit.dispersion

    @property
    def rank(self) -> int:
        """Rank of X."""
        return len(self._fit.kept)

    @property
    def converged(self) -> bool:
        """Whether the iterations ended at an optimum."""
        return self._fit.converged

    @property
    def iterations(self) -> int:
        """Iterations of reweighted least squares until the deviance settled by R's rule."""
        return self._fit.iterations

    @property
    def penalty(self) -> str | None:
        """The penalty of the likelihood, or None."""
        return self._fit.penalty

    @property
    def theta(self) -> float | None:
        """Theta of a negative binomial, known or estimated; None of other families."""
        theta = self._fit.family.theta
        return None if theta is None else float(theta)

    @property
    def theta_se(self) -> float | None:
        """Standard error of an estimated theta."""
        return self._fit.theta_se

    # -- reports ------------------------------------------------------------------------------------------------

    @property
    def call(self) -> Call:
        """The call that fitted the model, as it is printed."""
        from mixedmodels.tables.call import Call
        from mixedmodels.tables.family_text import call_text

        if self._stored is not None:
            return Call(**self._stored["call"])
        if self._fit.estimated_theta is not None:
            return replace(super().call, theta=self._fit.estimated_theta, link=self._fit.family.link)
        return replace(super().call, family=call_text(self._fit.family))

    @cached_property
    def _summary(self) -> GlmSummary:
        from mixedmodels.summary.glm_summary import glm_summary

        return glm_summary(self.design, self._fit, self.call, self._quartiles, self._few, self._source.kind)

    def summary(self, ddf: Ddf = None) -> GlmSummary:
        """The summary, printed as in R; ``summary().text(show_residuals=True)`` prints it as before R 4.3.

        Examples
        --------
        >>> print(logit.summary().text().splitlines()[-4])
        Residual deviance: 114.10  on 52  degrees of freedom
        """
        self._own_tests(ddf)
        return self._summary

    def _summary_residuals(self) -> Vector:
        return self._residuals(self._shown_residual)

    def glance(self) -> Any:
        """One row of figures about the whole fit.

        Examples
        --------
        >>> logit.glance()["deviance"].round(2).tolist()
        [114.1]
        """
        from mixedmodels.summary.tidy import glance_glm

        return frame.to_kind(glance_glm(self._fit), self._source.kind)

    # -- other rows, other responses ----------------------------------------------------------------------------

    def update(self, formula: str | None = None, **changes: Any) -> GeneralizedLinearModel:
        """A new model with a changed formula, in which ``.`` is the old part, or with changed arguments of `glm`.

        Examples
        --------
        >>> logit.update(". ~ 1").formula
        'cbind(incidence, size - incidence) ~ 1'
        """
        model: GeneralizedLinearModel = fit_request(self._updated(formula, changes), mixed=False)
        return model

    def refit(self, response: Any) -> GeneralizedLinearModel:
        """Fit the same model to another response, with one value per row used or per row of the table.

        A binomial response has the form of the original fit. After ``cbind()``, give two columns of successes and
        failures, or proportions of the same trials as `simulate` returns.

        Examples
        --------
        >>> draws = logit.simulate(1, seed=1)
        >>> logit.refit(draws["sim_1"]).nobs
        56
        """
        from mixedmodels.fitted.refits import fit_glm_design

        self._need_rows("refit()")
        assert self._request is not None
        design = self._with_response(response)
        return GeneralizedLinearModel(fit_glm_design(design, self._request), design, self._source, self._request)

    def __repr__(self) -> str:
        from mixedmodels.summary.glm_summary import glm_short_text

        return glm_short_text(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()
