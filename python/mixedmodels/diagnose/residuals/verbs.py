"""Simulated residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mixedmodels._spellings import spelled
from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from mixedmodels.diagnose.residuals.record import SimulatedResiduals


class ResidualVerbs(FittedModel):
    """Simulated residuals."""

    @spelled(nsim="n")  # as DHARMa calls it
    def simulate_residuals(
        self,
        nsim: int = 250,
        seed: Any = None,
        *,
        re_form: Any = None,
        refit: bool = False,
        integer_response: bool | None = None,
        method: Literal["PIT", "traditional"] = "PIT",
        rotation: Any = None,
        progress: bool | None = None,
    ) -> SimulatedResiduals:
        """Residuals that are uniform on (0, 1) if the model is true, for every kind of response (R's DHARMa).

        The residual of an observation is the share of `nsim` simulations below it; where some equal it, a number drawn
        between the shares below and not above it.

        Parameters
        ----------
        nsim : int, default 250
            Number of simulations.
        seed : int or Generator, optional
            Anything that ``numpy.random.default_rng`` takes; the same seed gives the same residuals. None draws one,
            and the result has it; DHARMa always takes 123.
        re_form : str, optional
            Random effects that stay at their estimates in the simulations. None keeps all (conditional, DHARMa's
            default since 0.5), "~0" draws all anew (unconditional, its default before), ``"~ (1 | g)"`` keeps some.
        refit : bool, default False
            Whether to refit the model to each simulation and compare residuals, not responses: slower, and rarely
            needed.
        integer_response : bool, optional
            Whether responses are counts; None asks the family. It matters to "traditional" and to the choice of the
            outlier test.
        method : {"PIT", "traditional"}, optional
            Method: "PIT", or "traditional", DHARMa's before 0.3.1 (which `refit` always uses).
        rotation : str or array_like, optional
            Covariance to be removed from the residuals where the model has correlated errors: "estimated", or the
            covariance matrix of the responses, shape (n, n).
        progress : bool, optional
            Whether a line of progress is shown on stderr while models are refitted: True at once, None on a terminal
            after two seconds, False never. Ctrl-C stops, and returns the results so far.

        Returns
        -------
        SimulatedResiduals
            With `scaled_residuals`, tests (`test_uniformity`, `test_dispersion`, ...), and tables for pictures
            (`qq_table`, `quantile_table`); `recalculate` gives residuals of groups.

        Examples
        --------
        >>> residuals = gm.simulate_residuals(nsim=100, seed=1)
        >>> residuals.n, residuals.nobs
        (100, 56)
        """
        from mixedmodels.diagnose.residuals.draws import simulated_residuals

        return simulated_residuals(
            self,
            nsim=nsim,
            seed=seed,
            re_form=re_form,
            refit=refit,
            integer=integer_response,
            method=method,
            rotation=rotation,
            progress=progress,
        )
