"""Power, sample sizes, and larger designs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from mixedmodels.power.planned_model import PlannedModel
    from mixedmodels.power.record import Power, PowerCurve

Method = Literal["simulation", "analytic", "both"]
Test = str | Callable[[Any], Any] | None


class PlanVerbs:
    """Power, sample sizes and larger designs of fitted and of planned models."""

    def _planned(self, what: str) -> PlannedModel:
        """The plan: a design with parameters that are known."""
        raise NotImplementedError  # pragma: no cover

    def power(
        self,
        test: Test = None,
        nsim: int = 1000,
        seed: Any = None,
        *,
        effect: float | Mapping[str, float] | None = None,
        by: str | None = None,
        alpha: float = 0.05,
        method: Method = "simulation",
        level: float = 0.95,
        threads: int | None = None,
        progress: bool | None = None,
    ) -> Power:
        """Power of a test at this design.

        Parameters
        ----------
        test : str or callable, optional
            The test: a coefficient ("Days", "period2"); a term of several ("period"); a hypothesis ("dose2 -
            dose1 = 0"); the formula of a smaller model (``"~ . - Days"``), compared by likelihood ratio; or a function
            of the fitted model that returns a p-value or a record with `p_value`. None for the first coefficient that
            is no intercept.
        nsim : int, default 1000
            Number of responses drawn.
        seed : int or Generator, optional
            Anything that ``numpy.random.default_rng`` takes; the same seed gives the same draws, and more of them begin
            with the same ones.
        effect : float or mapping of str to float, optional
            Size of the tested coefficient, or sizes of several by name; None for those that the model has.
        by : str, optional
            Test: "t" (or "Satterthwaite"; F of several coefficients), "Kenward-Roger", "z" (chi-squared of several),
            "LRT". None is "t" for `lmer`, `lm` and a glm with a dispersion, else "z".
        alpha : float, default 0.05
            Level of significance.
        method : {"simulation", "analytic", "both"}, default "simulation"
            Method: "simulation"; "analytic", by a noncentral distribution; or "both".
        level : float, default 0.95
            Confidence level of the power's exact limits.
        threads : int, optional
            Maximum number of threads; None for the package's limit.
        progress : bool, optional
            Whether a line of progress is shown on stderr: True at once, None on a terminal after two seconds, False
            never. Ctrl-C stops, and returns the results so far.

        Returns
        -------
        Power
            Fits that fail count as not significant; `failures()` says why.

        Warns
        -----
        MixedModelsWarning
            If the effects are a fit's own estimates.

        Examples
        --------
        >>> result = fit.power("Days", effect={"Days": 3}, method="analytic")
        >>> print(f"{result.power:.2f}")
        0.45
        """
        from mixedmodels.power.power import Settings, power_of, with_effect

        settings = Settings(
            nsim=nsim, seed=seed, alpha=alpha, level=level, method=method, threads=threads, progress=progress
        )
        plan = with_effect(self._planned("power()"), test, by, effect)
        return power_of(plan, test, by, settings)

    def power_curve(
        self,
        test: Test = None,
        nsim: int = 1000,
        seed: Any = None,
        *,
        along: str | None = None,
        within: str | Sequence[str] | None = None,
        sizes: Sequence[int] | None = None,
        effect: float | Mapping[str, float] | None = None,
        by: str | None = None,
        alpha: float = 0.05,
        method: Method = "simulation",
        level: float = 0.95,
        threads: int | None = None,
        progress: bool | None = None,
    ) -> PowerCurve:
        """Power along sizes of the design, all of them from the same draws.

        Parameters
        ----------
        test : str or callable, optional
            See `power`.
        nsim : int, default 1000
            See `power`.
        seed : int or Generator, optional
            See `power`.
        along : str, optional
            Variable of which the first so many values are used; None for the first grouping factor.
        within : str or sequence of str, optional
            Factors, in place of `along`, in each of whose cells so many rows are used: "Subject + Days".
        sizes : sequence of int, optional
            Numbers of values or rows; the design is extended (see `extend`) where it has fewer. None for ten sizes up
            to what there is.
        effect : float or mapping of str to float, optional
            See `power`.
        by : str, optional
            See `power`.
        alpha : float, default 0.05
            See `power`.
        method : {"simulation", "analytic", "both"}, default "simulation"
            See `power`.
        level : float, default 0.95
            See `power`.
        threads : int, optional
            See `power`.
        progress : bool, optional
            See `power`.

        Returns
        -------
        PowerCurve
            With ``curve[40]``, `to_frame()` and ``smallest(0.8)``.

        Examples
        --------
        >>> plan = fit.with_parameters(fixef={"Days": 5})
        >>> plan.power_curve("Days", along="Subject", method="analytic").smallest(0.8)
        16
        """
        from mixedmodels.power.extend import axis
        from mixedmodels.power.power import Settings, curve_of, with_effect

        settings = Settings(
            nsim=nsim, seed=seed, alpha=alpha, level=level, method=method, threads=threads, progress=progress
        )
        plan = with_effect(self._planned("power_curve()"), test, by, effect)
        plan, rows = axis(plan, along, within, sizes)
        return curve_of(plan, test, by, rows, settings)

    def extend(
        self,
        along: str | None = None,
        *,
        within: str | Sequence[str] | None = None,
        n: int | None = None,
        values: Sequence[Any] | None = None,
    ) -> PlannedModel:
        """The model over more (or fewer) rows, with the parameters that it has.

        Parameters
        ----------
        along : str, optional
            Variable that gets `n` values, each with the rows of an old one, in turn. A number continues in its steps, a
            grouping factor gets new levels, and so do factors nested in it.
        within : str or sequence of str, optional
            Factors, in place of `along`, in each of whose cells there are to be `n` rows: "Subject + Days".
        n : int, optional
            Number of values or rows.
        values : sequence, optional
            Values of `along` themselves, in place of `n`.

        Examples
        --------
        >>> fit.extend(along="Subject", n=30).nobs
        300
        """
        from mixedmodels.power.extend import extended

        return extended(self._planned("extend()"), along, within, n, values)

    def with_parameters(
        self,
        fixef: Any = None,
        VarCorr: Any = None,
        *,
        sd: Any = None,
        theta: Any = None,
        sigma: float | None = None,
        shapes: Mapping[str, float] | None = None,
    ) -> PlannedModel:
        """The design with other parameters; those that are not given stay as they are.

        Parameters
        ----------
        fixef : mapping or array_like, optional
            Coefficients, a mapping of those that change or all of them in order.
        VarCorr : VarCorr, mapping or array_like, optional
            See `make_lmer` and `make_glmer`; a mapping may name some random terms only.
        sd : mapping or array_like, optional
            See `make_lmer` and `make_glmer`; a mapping may name some random terms only.
        theta : array_like, optional
            See `make_lmer` and `make_glmer`; a mapping may name some random terms only.
        sigma : float, optional
            See `make_lmer` and `make_glmer`; a mapping may name some random terms only.
        shapes : mapping of str to float, optional
            See `make_lmer` and `make_glmer`; a mapping may name some random terms only.

        Examples
        --------
        >>> plan = fit.with_parameters(fixef={"Days": 5}, sigma=20)
        >>> print(plan.fixef())
        (Intercept)        Days
           251.4051      5.0000
        """
        from mixedmodels.power.with_parameters import changed

        return changed(self._planned("with_parameters()"), fixef, VarCorr, sd, theta, sigma, shapes)


class PowerVerbs(PlanVerbs, FittedModel):
    """Power, sample sizes, and larger designs, at the estimates of a fitted model."""

    def _planned(self, what: str) -> PlannedModel:
        from mixedmodels.power.planned_model import plan_of

        return plan_of(self, what)
