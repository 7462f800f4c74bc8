"""New responses of a fitted model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mixedmodels.fitted.fixed_effects import FixedEffects
from mixedmodels.fitted.mixed_effects import MixedEffects


class FixedSimulationVerbs(FixedEffects):
    """New responses of a model without random effects."""

    def simulate(
        self,
        nsim: int = 1,
        seed: Any = None,
        *,
        newdata: Any = None,
        weights: Any = None,
        offset: Any = None,
        newparams: Mapping[str, Any] | None = None,
    ) -> Any:
        """A table of `nsim` new responses, columns sim_1, sim_2, ...; of a binomial model proportions of successes.

        Parameters
        ----------
        nsim : int, default 1
            Number of responses.
        seed : int or Generator, optional
            Anything that ``numpy.random.default_rng`` takes; the same seed gives the same table.
        newdata : table, optional
            A table of other rows to draw for.
        weights, offset : str or array_like, optional
            Weights and offset of the new rows, where the model had arrays.
        newparams : mapping of str, optional
            Parameters in place of the estimates: see `predict`.

        Examples
        --------
        >>> lin.simulate(1, seed=1).round(1).head(2)
           sim_1
        0  267.9
        1  301.1
        """
        from mixedmodels.simulate.new_responses import simulated_at

        return simulated_at(self, newparams, newdata, nsim, seed, None, weights, offset)


class MixedSimulationVerbs(MixedEffects):
    """New responses of a model with random effects."""

    def simulate(
        self,
        nsim: int = 1,
        seed: Any = None,
        *,
        re_form: Any = "~0",
        newdata: Any = None,
        weights: Any = None,
        offset: Any = None,
        newparams: Mapping[str, Any] | None = None,
    ) -> Any:
        """A table of `nsim` new responses, columns sim_1, sim_2, ...; of a binomial model proportions of successes.

        Parameters
        ----------
        nsim : int, default 1
            Number of responses.
        seed : int or Generator, optional
            Anything that ``numpy.random.default_rng`` takes; the same seed gives the same table.
        re_form : str or None, default "~0"
            Random effects that stay at their estimates; the others are drawn. "~0" draws all, None none.
        newdata : table, optional
            A table of other rows to draw for; effects of levels that the model has not seen are always drawn.
        weights, offset : str or array_like, optional
            Weights and offset of the new rows, where the model had arrays; weights are the trials of a binomial
            response.
        newparams : mapping of str, optional
            Parameters in place of the estimates: see `predict`.

        Examples
        --------
        >>> fit.simulate(2, seed=1).round(1).head(2)
           sim_1  sim_2
        0  246.8  246.9
        1  233.2  230.5
        """
        from mixedmodels.simulate.new_responses import simulated_at

        return simulated_at(self, newparams, newdata, nsim, seed, re_form, weights, offset)
