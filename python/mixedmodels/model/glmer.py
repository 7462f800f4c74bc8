"""A fitted generalised linear mixed model."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels._spellings import spelled
from mixedmodels._typing import Data_co, Matrix, Vector
from mixedmodels.errors import DataError
from mixedmodels.fit.engine import Glmm
from mixedmodels.fit.lmm import as_control
from mixedmodels.fitted.family_model import FamilyModel
from mixedmodels.fitted.labels import joint_names, kept_names
from mixedmodels.fitted.registry import fit_request
from mixedmodels.model.verbs import RandomEffectsModel

if TYPE_CHECKING:
    from mixedmodels._typing import Matrix, Vector
    from mixedmodels.diagnose.convergence.laplace_table import LaplaceTable
    from mixedmodels.estimates.coefficients import Ddf
    from mixedmodels.fit.objective import GeneralizedObjective
    from mixedmodels.fit.record import GlmmFit
    from mixedmodels.summary.mixed_summary import MixedSummary


class GeneralizedMixedModel(FamilyModel, RandomEffectsModel[Data_co]):
    """A generalised linear mixed model fitted by `glmer` or `glmer_nb`; theta is on the scale of the random effects.

    Examples
    --------
    >>> gm.family.name, gm.nAGQ, round(gm.loglik, 2)
    ('binomial', 1, -92.03)
    """

    _fit: GlmmFit

    # -- numbers ------------------------------------------------------------------------------------------------

    @property
    def nAGQ(self) -> int:
        """Quadrature points for each random effect; 1 is Laplace's approximation, 0 has beta at the joint mode."""
        return self._fit.nagq

    @property
    def laplace(self) -> str:
        """Whether the determinant is of the "observed" or of the expected ("fisher") information."""
        return self._fit.laplace

    @property
    def penalty(self) -> str | None:
        """The penalty of the likelihood, "soft" or None; `loglik`, AIC and BIC are always without it."""
        penalty: str | None = self._fit.method.penalty
        return penalty

    @property
    def shapes(self) -> dict[str, float]:
        """Estimates of the family's free shapes by name, such as theta of a negative binomial."""
        return self._fit.free_shapes

    @property
    def deviance(self) -> float:
        """Sum of squared deviance residuals given the conditional modes, as in lme4; not -2 `loglik`."""
        if self._stored is not None:
            return float(self._stored["deviance"])
        from mixedmodels.fit import family_moments

        fit = self._fit
        return family_moments.deviance(fit.y, fit.weights, fit.eta, fit.family, fit.psi)

    def vcov(self, *, full: bool = False, conditional: bool = False) -> Any:
        """Covariance matrix of `fixef()`, labelled.

        It is the block of the inverse of the criterion's full Hessian, so it includes the uncertainty of theta and of
        the shapes. A penalised fit uses the Hessian of the penalised criterion.

        Parameters
        ----------
        full : bool, default False
            Whether to return the covariance of theta, the fixed effects and the logarithms of the family's free shapes,
            in this order.
        conditional : bool, default False
            Whether to treat theta, the shapes and the weights at the modes as known. lme4 does so with
            ``use.hessian = FALSE``.

        Returns
        -------
        pandas.DataFrame, polars.DataFrame or pyarrow.Table
            Like the data of the model, pandas also for DuckDB; ``numpy.asarray`` of it is p x p.

        Examples
        --------
        >>> gm.vcov().shape, gm.vcov(full=True).shape
        ((4, 4), (5, 5))
        """
        if full and conditional:
            raise DataError("vcov() is 'full', with theta and shapes, or 'conditional' on them; choose one.")
        names = joint_names(self.design, self._fit) if full else kept_names(self.design, self._fit)
        if full:
            return frame.matrix(self._fit.vcov_joint, names, names, self._source.kind)
        matrix = self._fit.vcov_conditional if conditional else self._fit.vcov
        return frame.matrix(matrix, names, names, self._source.kind)

    @property
    def _engine(self) -> Glmm:
        handle = super()._engine
        assert isinstance(handle, Glmm)
        return handle

    def _new_engine(self) -> Glmm:
        from mixedmodels.fit.glmm import new_engine

        return new_engine(self.design, self._fit)

    def _conditional_covariances(self) -> list[Matrix]:
        from mixedmodels.fit.glmm import conditional_covariances

        return conditional_covariances(self._engine, self._fit)

    def _working_weights(self) -> Vector:
        fit = self._fit
        w = fit.family.handle.derivatives(fit.y, fit.weights, fit.eta, list(fit.psi))["w"]
        out: Vector = np.maximum(np.asarray(w, dtype=float), 0.0)
        return out

    @property
    def objective(self) -> GeneralizedObjective:
        """The criterion (of a penalised fit with the penalty) as a function of theta, beta and psi."""
        from mixedmodels.fit.objective import GeneralizedObjective

        return GeneralizedObjective(self._engine, self._fit)

    @spelled(nsim="draws")
    def laplace_error(self, nsim: int = 1000, seed: Any = None) -> LaplaceTable:
        """Estimate the error of this fit's log-likelihood at the estimates, with advice.

        With one grouping factor, the method is adaptive quadrature with more and more points. Otherwise, or if a grid
        would be too large, it is importance sampling around the mode, with a standard error. If the draws are not
        conclusive, the result says so.

        Parameters
        ----------
        nsim : int, default 1000
            Number of draws of importance sampling; the standard error falls with their square root.
        seed : int or Generator, optional
            Anything that ``numpy.random.default_rng`` takes. The same seed gives the same result. None draws a seed,
            and the result has it.

        Examples
        --------
        >>> round(gm.laplace_error().error, 2)
        0.04
        """
        from mixedmodels.diagnose.convergence.laplace_table import laplace_table_of
        from mixedmodels.fit.laplace_error.estimate import laplace_error
        from mixedmodels.fit.seeds import drawn_seed, generator

        self._need_rows("laplace_error()")
        if not len(self._fit.joint.theta):
            raise DataError(f"{self.formula!r} has no random effects, so that its likelihood is exact.")
        seed = drawn_seed(seed)
        number = int(generator(seed).integers(2**63))
        error = laplace_error(self._engine, self.design, self._fit, nsim, number)
        error = error if error.draws is None else replace(error, seed=seed)
        return laplace_table_of(error, self._source.kind)

    @cached_property
    def _indicated(self) -> float:
        from mixedmodels.fit.laplace_error.indicator import indicated_error

        if self._stored is not None:
            return float(self._stored.get("indicated", np.nan))
        return indicated_error(lambda: self._engine, self.design, self._fit)

    # -- reports ------------------------------------------------------------------------------------------------

    @cached_property
    def _summary(self) -> MixedSummary:
        from mixedmodels.summary.glmm_summary import generalized_summary

        return generalized_summary(
            self.design, self._fit, self.call, self._quartiles, self._indicated, self._source.kind
        )

    def _kept_numbers(self) -> dict[str, Any]:
        return {**super()._kept_numbers(), "deviance": self.deviance, "indicated": self._indicated}

    def summary(self, ddf: Ddf = None) -> MixedSummary:
        """The summary, which prints as lme4 prints it; ``summary().text(correlation=False)`` has options.

        Examples
        --------
        >>> print(gm.summary().text().splitlines()[0])
        Generalized linear mixed model fit by maximum likelihood (Laplace
        """
        self._own_tests(ddf)
        return self._summary

    def _summary_residuals(self) -> Vector:
        return self._residuals("pearson", scaled=True)

    def glance(self) -> Any:
        """One row of figures about the whole fit.

        Examples
        --------
        >>> gm.glance()["aic"].round(2).tolist()
        [194.05]
        """
        from mixedmodels.summary.tidy import glance_generalized

        return frame.to_kind(glance_generalized(self._fit, self.deviance), self._source.kind)

    # -- other responses ----------------------------------------------------------------------------------------

    def update(self, formula: str | None = None, **changes: Any) -> Any:
        """A new model with a changed formula, in which ``.`` is the old part, or with changed arguments.

        Examples
        --------
        >>> gm.update(nAGQ=5).nAGQ
        5
        """
        return fit_request(self._updated(formula, changes), mixed=True)

    def refit(self, response: Any, *, start: Any = None) -> GeneralizedMixedModel:
        """Fit the same model to another response, with one value per row used or per row of the table.

        A binomial response has the form of the original fit. After ``cbind()``, give two columns of successes and
        failures, or proportions of the same trials as `simulate` returns.

        Examples
        --------
        >>> draws = gm.simulate(1, seed=1)
        >>> gm.refit(draws["sim_1"]).nobs
        56
        """
        from mixedmodels.fit.checks import warn_mixed
        from mixedmodels.fit.glmm import constraints_as_in, fit_glmm

        self._need_rows("refit()")
        design = self._with_response(response)
        request = self._request
        fit, engine = fit_glmm(
            design,
            self._fit.family,
            nagq=self._fit.nagq,
            laplace=self._fit.laplace,
            penalty=self.penalty,
            start=start,
            control=as_control(request.control if request else None),
            verbose=request.verbose if request else 0,
            like=(self._engine, self._fit),
            constraints=constraints_as_in(self._fit),
        )
        warn_mixed(design, fit, stacklevel=3)
        return type(self)(fit, design, self._source, request, engine)

    def __repr__(self) -> str:
        from mixedmodels.summary.glmm_summary import generalized_summary
        from mixedmodels.summary.mixed_summary import short_text

        return short_text(generalized_summary(self.design, self._fit, self.call, (np.nan,) * 5))

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()
