"""Convergence and singularity of a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixedmodels.fitted.mixed_effects import MixedEffects
from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from mixedmodels.diagnose.convergence.all_fit_record import AllFit
    from mixedmodels.diagnose.convergence.engine_account import EngineReport
    from mixedmodels.diagnose.convergence.singularity_record import Singularity


class ConvergenceVerbs(FittedModel):
    """Convergence and singularity of a fit."""

    def singularity(self, fit: bool = True) -> Singularity:
        """Directions of the random effects without variance, in words, and smaller models to use instead.

        Parameters
        ----------
        fit : bool, default True
            Whether to fit the smaller models and compare them; False only lists their formulas.

        Returns
        -------
        Singularity
            True as a truth value where the fit is singular. `directions` are sentences, `table` compares the models
            (each tested against this fit by the distribution that holds at the boundary), `recommended` is a formula,
            None for this fit itself: of the models that are not singular the smallest that loses nothing of the
            likelihood; if there is none, that with the smallest AIC, unless a singular one, its parameters counted
            without the directions that have no variance, has an AIC smaller by 2 or more. Of a fit that is not singular
            it says how far it is from that.

        Raises
        ------
        DataError
            If the model has no random effects.

        Examples
        --------
        >>> state = fit.singularity()
        >>> bool(state), state.directions
        (False, ())
        """
        from mixedmodels.diagnose.convergence.advice import singularity

        return singularity(self, fit)

    def all_fit(self, random_starts: int = 4, seed: Any = None) -> AllFit:
        """Fit the model again from several starts and by scipy's optimisers, to check its optimum.

        Parameters
        ----------
        random_starts : int, default 4
            Number of starts drawn at random, beside the identity, small and large variances and the estimate.
        seed : int or Generator, optional
            Seed of the starts drawn at random; None draws one, which the result tells.

        Returns
        -------
        AllFit
            A row per search, with its criterion and estimates. `agree` is True where all ended in one optimum.

        Raises
        ------
        DataError
            If the model has no random effects.

        Examples
        --------
        >>> gm.all_fit(random_starts=1).agree
        True
        """
        from mixedmodels.diagnose.convergence.all_fit import all_fit

        return all_fit(self, random_starts, seed)


class EngineVerbs(MixedEffects):
    """The engine's account of a fit."""

    @property
    def engine(self) -> EngineReport:
        """The engine's account of the fit: its path, the reason for it, and its run.

        Examples
        --------
        >>> fit.engine.status, fit.engine.certificate["holds"]
        ('converged', True)
        """
        from mixedmodels.diagnose.convergence.engine_account import EngineReport

        groups = tuple(g.name for g in self.design.groups)
        fit = self._fit
        if not fit.generalized:
            return EngineReport(
                fit.run, self._described, groups, criterion_error=fit.criterion_error, kind=self._source.kind
            )
        return EngineReport(fit.run, self._described, groups, inner=fit.inner, kind=self._source.kind)
