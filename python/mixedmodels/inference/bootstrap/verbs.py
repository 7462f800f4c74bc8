"""The bootstrap, and comparisons by simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mixedmodels.fitted.model import FittedModel

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixedmodels.inference.bootstrap.pbmodcomp_record import PBModComp
    from mixedmodels.inference.bootstrap.record import Bootstrap


class BootstrapVerbs(FittedModel):
    """The bootstrap, and comparisons by simulation."""

    def bootstrap(
        self,
        nsim: int = 500,
        seed: Any = None,
        *,
        type: Literal["parametric", "semiparametric"] = "parametric",  # noqa: A002
        re_form: Any = "~0",
        statistic: Callable[[Any], Any] | None = None,
        threads: int | None = None,
        progress: bool | None = None,
    ) -> Bootstrap:
        """Draw responses from the model, refit it to each, and look at how the estimates vary.

        Parameters
        ----------
        nsim : int, default 500
            Number of replicates.
        seed : int or Generator, optional
            Anything that ``numpy.random.default_rng`` takes. The same seed gives the same replicates for any
            number of threads, and those of a smaller `nsim` are the first ones of a larger.
        type : {"parametric", "semiparametric"}, default "parametric"
            Kind of bootstrap: "parametric" draws from the distributions of the model; "semiparametric" adds residuals,
            drawn from the rows with replacement, to the fitted values of a linear (mixed) model, with ``re_form=None``.
        re_form : str or None, default "~0"
            Random effects that stay at their estimates. With "~0" all are drawn (unconditional, R's ``use.u = FALSE``);
            with None all stay (conditional).
        statistic : callable, optional
            Function called with each refitted model; returns a number, an array, or a mapping of names to numbers. By
            default all parameters: standard deviations and correlations of the random effects, sigma, fixed effects,
            named as in `confint`. The default is much faster, because it makes no model objects.
        threads : int, optional
            Maximum number of threads of the engine.
        progress : bool, optional
            Whether a line of progress is shown on stderr: True at once, None on a terminal after two seconds, False
            never. Ctrl-C stops and returns the replicates made so far.

        Returns
        -------
        Bootstrap
            With `t0`, `t`, `summary()`, `confint()`, `to_frame()`, `failures`.

        Examples
        --------
        >>> draws = fit.bootstrap(20, seed=1)
        >>> draws.names[-2:]
        ('(Intercept)', 'Days')
        """
        from mixedmodels.inference.bootstrap.from_model import bootstrap

        return bootstrap(
            self, nsim, seed, type=type, re_form=re_form, statistic=statistic, threads=threads, progress=progress
        )

    def pbmodcomp(
        self,
        smaller: Any,
        nsim: int = 1000,
        seed: Any = None,
        *,
        extremes: int | None = None,
        reference: Any = None,
        threads: int | None = None,
        progress: bool | None = None,
    ) -> PBModComp:
        """Compare with a smaller model by the likelihood ratio's distribution, drawn under the smaller model.

        Both models are fitted by maximum likelihood, to the data and to each response drawn.

        Parameters
        ----------
        smaller : fitted model or str
            Model of the same rows that is nested in this one, or its formula (where ``.`` stands for what is there).
            Without random terms it is an `lm` or `glm`.
        nsim : int, default 1000
            Number of responses drawn.
        seed : int or Generator, optional
            Seed of the draws; the same seed gives the same result for any number of threads.
        extremes : int, optional
            Number of ratios exceeding the observed one at which to stop, which saves time where the p-value is large.
        reference : array_like, optional
            Likelihood ratios drawn elsewhere, to be used as they are.
        threads : int, optional
            See `bootstrap`.
        progress : bool, optional
            See `bootstrap`.

        Returns
        -------
        PBModComp
            Prints as pbkrtest does; `summary()` adds the gamma, Bartlett and F variants.

        Examples
        --------
        >>> test = lin.pbmodcomp("~ . - Days", nsim=20, seed=1)
        >>> round(test.statistic, 1)
        60.8
        """
        from mixedmodels.inference.bootstrap.pbmodcomp import pbmodcomp

        return pbmodcomp(
            self,
            smaller=smaller,
            nsim=nsim,
            seed=seed,
            extremes=extremes,
            reference=reference,
            threads=threads,
            progress=progress,
        )
