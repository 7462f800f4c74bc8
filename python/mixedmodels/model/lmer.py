"""A fitted linear mixed model."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Data_co
from mixedmodels.fit import likelihood
from mixedmodels.fit.engine import Lmm
from mixedmodels.fit.lmm import as_control, conditional_covariances, new_engine, refit_lmm
from mixedmodels.fit.method import DdfName, as_ddf, check_reml
from mixedmodels.fitted.labels import kept_names
from mixedmodels.fitted.registry import fit_request
from mixedmodels.fitted.request import DEFAULT
from mixedmodels.model.verbs import RandomEffectsModel

if TYPE_CHECKING:
    from mixedmodels._typing import Matrix, Vector
    from mixedmodels.estimates.coefficients import Coefficients, Ddf
    from mixedmodels.fit.objective import Objective
    from mixedmodels.fit.record import MixedFit
    from mixedmodels.summary.mixed_summary import MixedSummary


class MixedModel(RandomEffectsModel[Data_co]):
    """A linear mixed model fitted by `lmer`.

    Examples
    --------
    >>> round(fit.sigma, 2), fit.nobs, fit.ngroups
    (25.59, 180, {'Subject': 18})
    """

    _fit: MixedFit

    # -- numbers ------------------------------------------------------------------------------------------------

    @property
    def is_reml(self) -> bool:
        """Whether the restricted likelihood was maximised."""
        return self._fit.reml

    @property
    def deviance(self) -> float:
        """-2 log-likelihood; of a REML fit that at the REML estimate of theta."""
        return likelihood.ml_deviance(self._fit)

    @property
    def reml_criterion(self) -> float:
        """-2 restricted log-likelihood; of an ML fit that at the ML estimate of theta."""
        return likelihood.reml_criterion(self._fit)

    @property
    def _engine(self) -> Lmm:
        handle = super()._engine
        assert isinstance(handle, Lmm)
        return handle

    def _new_engine(self) -> Lmm:
        return new_engine(self.design, self._fit.reml, self._fit.method.sigma)

    def _working_weights(self) -> Vector:
        weights = self.design.weights
        return np.ones(self.nobs) if weights is None else weights

    def _conditional_covariances(self) -> list[Matrix]:
        return conditional_covariances(self._engine, self._fit)

    @property
    def objective(self) -> Objective:
        """The criterion as a function of theta, with its derivatives."""
        from mixedmodels.fit.objective import Objective

        return Objective(self._engine, self._fit.sizes)

    @property
    def ddf(self) -> str:
        """As of all models: what `lmer` was told."""
        if self._stored is not None:
            return str(self._stored.get("ddf", DEFAULT.ddf))
        return (self._request.method if self._request else DEFAULT).ddf

    def _check_ddf(self) -> None:
        """Any way will do."""

    def _kept_numbers(self) -> dict[str, Any]:
        from mixedmodels.estimates import ddf as estimates_ddf

        if self._stored is None:
            tests = estimates_ddf.kept_numbers(self.ddf, self._coefficients_by)
        else:
            tests = self._stored.get("tests", {})
        return {**super()._kept_numbers(), "ddf": self.ddf, "tests": tests}

    def _coefficients_by(self, method: str | None) -> Coefficients:
        """Coefficients by "Satterthwaite", "Kenward-Roger" ("KR"), or "normal" ("asymptotic", "lme4", "z").

        None is the model's own way, or the normal distribution where that is out of reach.
        """
        from mixedmodels.estimates import ddf as estimates_ddf

        if method is None:
            return self._once("own way", lambda: estimates_ddf.or_normal(self.ddf, self._coefficients_by))
        name = estimates_ddf.method_name(method)
        return self._once(name, lambda: self._made_by(name))

    def _made_by(self, method: str) -> Coefficients:
        """Coefficients by the name of a method, from the engine or from the file."""
        from mixedmodels.estimates import ddf as estimates_ddf

        names = kept_names(self.design, self._fit)
        if self._stored is not None:
            stored = estimates_ddf.from_kept(method, names, self._fit, self._stored.get("tests", {}))
            if stored is not None:
                return stored
        engine = None if method == "normal" else self._engine
        return estimates_ddf.coefficients(method, names, self.design, self._fit, engine)

    # -- reports ------------------------------------------------------------------------------------------------

    @cached_property
    def _summary(self) -> MixedSummary:
        from mixedmodels.summary.mixed_summary import mixed_summary

        return mixed_summary(self.design, self._fit, self.call, self._quartiles, self._source.kind)

    def summary(self, ddf: Ddf = None) -> MixedSummary:
        """The summary, which prints as lme4 prints it; ``summary().text(correlation=False)`` has options.

        Parameters
        ----------
        ddf : str or Coefficients, optional
            Degrees of freedom: "Satterthwaite" or "Kenward-Roger" add degrees of freedom and p-values, as lmerTest
            prints them; so does what `robust` returned.

        Examples
        --------
        >>> print(fit.summary(ddf="Satterthwaite").text().splitlines()[0])
        Linear mixed model fit by REML. t-tests use Satterthwaite's method [
        """
        from mixedmodels.estimates import ddf as estimates_ddf
        from mixedmodels.summary.lmertest_summary import with_tests

        if ddf is None or estimates_ddf.is_normal(ddf):
            return self._summary
        return with_tests(self._summary, self._coefficients(ddf))

    def _summary_residuals(self) -> Vector:
        return self._residuals("pearson", scaled=True)

    def glance(self) -> Any:
        """One row of figures about the whole fit.

        Examples
        --------
        >>> fit.glance().columns.tolist()[:3]
        ['nobs', 'npar', 'sigma']
        """
        from mixedmodels.summary.tidy import glance_mixed

        return frame.to_kind(glance_mixed(self._fit), self._source.kind)

    # -- other rows, other responses ----------------------------------------------------------------------------

    def update(self, formula: str | None = None, **changes: Any) -> MixedModel:
        """A new model with a changed formula, where ``.`` stands for what was there, or changed arguments of `lmer`.

        Examples
        --------
        >>> fit.update(". ~ . - Days").formula
        'Reaction ~ (Days | Subject)'
        """
        if formula is None and changes.keys() == {"ddf"}:
            return self._with_ddf(as_ddf(changes["ddf"]))
        model: MixedModel = fit_request(self._updated(formula, changes), mixed=True)
        return model

    def _with_ddf(self, ddf: DdfName) -> MixedModel:
        """The same fit with another way to degrees of freedom, which needs no optimisation."""
        check_reml(ddf, self.is_reml)
        if self._stored is not None:
            return MixedModel(self._fit, self.design, self._source, None, None, {**self._stored, "ddf": ddf})
        return MixedModel(self._fit, self.design, self._source, self._updated(None, {"ddf": ddf}), self._handle)

    def refit(self, response: Any, *, start: Any = None) -> MixedModel:
        """The same model for another response, one value per row used or per row of the table.

        Examples
        --------
        >>> round(fit.refit(2 * sleep["Reaction"]).fixef()["Days"], 2)
        20.93
        """
        from mixedmodels.fit.checks import warn_mixed

        self._need_rows("refit()")
        design = replace(self.design, response=self._rows.response(response))
        control = as_control(self._request.control if self._request else None)
        verbose = self._request.verbose if self._request else 0
        fit, engine = refit_lmm(self._engine, design, self._fit, start=start, control=control, verbose=verbose)
        warn_mixed(design, fit, stacklevel=3)
        return MixedModel(fit, design, self._source, self._request, engine)

    def __repr__(self) -> str:
        from mixedmodels.summary.mixed_summary import mixed_summary, short_text

        return short_text(mixed_summary(self.design, self._fit, self.call, (np.nan,) * 5))

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()
