"""The bootstrap, comparisons by simulation, and refits to many responses."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixedmodels.errors import MixedModelsWarning
from mixedmodels.fit.record import GlmFit, GlmmFit, LinearFit, Matrix, MixedFit, Vector
from mixedmodels.inference.bootstrap import replicates as replication
from mixedmodels.inference.bootstrap.acceleration import blocks, influence
from mixedmodels.inference.bootstrap.replicates import Replicates

if TYPE_CHECKING:
    from mixedmodels.fitted.model import Model
    from mixedmodels.inference.bootstrap.pbmodcomp_record import PBModComp
    from mixedmodels.inference.bootstrap.record import Bootstrap
    from mixedmodels.many.record import FitMany

SLOW = 16  # generalised models refitted between two looks at the line of progress


class Resampling:
    """The bootstrap, comparisons by simulation, and refits to many responses."""

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
        nsim : replicates.
        seed : anything that ``numpy.random.default_rng`` takes. The same seed gives the same replicates, whatever the
            number of threads, and those of a smaller `nsim` are the first ones of a larger.
        type : "parametric" draws from the distributions of the model; "semiparametric" adds residuals, drawn from the
            rows with replacement, to the fitted values of a linear (mixed) model, with ``re_form=None``.
        re_form : random effects that stay at their estimates. "~0" draws all anew (unconditional, R's
            ``use.u = FALSE``), None none (conditional).
        statistic : called with each refitted model; returns a number, an array, or a mapping of names to numbers. By
            default all parameters: standard deviations and correlations of the random effects, sigma, fixed effects,
            named as in `confint`. That is faster by far, as no model objects are made.
        threads : of the engine at most.
        progress : a line on stderr: True at once, None on a terminal after two seconds, False never. Ctrl-C stops, and
            gives what there is.

        Returns
        -------
        Bootstrap
            With `t0`, `t`, `summary()`, `confint()`, `to_frame()`, `failures`.
        """
        from mixedmodels.fit.simulated_responses import checked, generator
        from mixedmodels.fitted.replicates import drawer, limited, new_seed
        from mixedmodels.inference.bootstrap.record import Bootstrap

        model: Model = self  # type: ignore[assignment]
        model._need_rows("bootstrap()")
        seed = new_seed() if seed is None else seed
        draw = drawer(model, type, re_form, generator(seed))
        began, theta = perf_counter(), None
        with limited(threads):
            if statistic is None:
                found, theta = _parameters(model, draw, checked(nsim), progress)
                jackknife = partial(_parameter_influence, model)
            else:
                found = _asked(model, draw, checked(nsim), statistic, progress)
                jackknife = partial(_statistic_influence, model, statistic)
        return Bootstrap(
            found,
            model.formula,
            _title(model, type, re_form),
            seed,
            perf_counter() - began,
            theta,
            jackknife,
            model._source.kind,
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
        smaller : a model of the same rows that lies within this one, or its formula (where ``.`` stands for what is
            there). Without random terms it is an `lm` or `glm`.
        nsim : responses drawn.
        seed : the same seed gives the same result, whatever the number of threads.
        extremes : stop once so many ratios exceed the observed one, which saves time where the p-value is large.
        reference : likelihood ratios drawn elsewhere, to be used as they are.
        threads, progress : as for `bootstrap`.

        Returns
        -------
        PBModComp
            Prints as pbkrtest does; `summary()` adds the gamma, Bartlett and F variants.
        """
        from mixedmodels.inference.bootstrap.pbmodcomp import pbmodcomp

        return pbmodcomp(self, smaller, nsim, seed, extremes, reference, threads, progress)  # type: ignore[arg-type]

    def refit_many(self, responses: Any, *, ddf: bool = True, progress: bool | None = None) -> FitMany:
        """The same model for many other responses.

        Parameters
        ----------
        responses : a table with a column per response, or an array of shape (rows, responses); one value per row used
            or per row of the model's table. Missing values are allowed: each response is fitted to the rows it has.
        ddf : whether degrees of freedom (Satterthwaite's) and p-values are wanted.
        progress : as for `bootstrap`.

        Returns
        -------
        FitMany
        """
        from mixedmodels.many.fit_many import refit_many

        return refit_many(self, responses, ddf, progress)  # type: ignore[arg-type]


def _parameters(model: Model, draw: Any, nsim: int, progress: bool | None) -> tuple[Replicates, Matrix]:
    """All parameters of each replicate, and theta."""
    from mixedmodels.fitted import replicates

    fit = model._fit
    most = SLOW if isinstance(fit, GlmFit | GlmmFit) else None
    many = replication.refitted(draw, replicates.refitter(model), nsim, fit.n, progress, most)
    found = Replicates(
        names=replicates.parameter_names(model.design, fit),
        t0=replicates.parameter_values(replicates.as_row(fit), fit)[0],
        t=replicates.parameter_values(many, fit),
        singular=many.singular,
        status=many.status,
        reasons=many.reasons,
        asked=nsim,
    )
    return found, many.theta


def _parameter_influence(model: Model) -> Matrix:
    from mixedmodels.fitted import replicates

    fit = model._fit

    def estimate(rows: Any) -> Vector:
        return np.asarray(replicates.parameter_values(replicates.part_refitted(model, rows), fit)[0])

    return influence(blocks(model.design, fit.n), estimate)


def _asked(model: Model, draw: Any, nsim: int, statistic: Callable[[Any], Any], progress: bool | None) -> Replicates:
    """What a function says of each refitted model."""
    names, t0 = replication.flattened(statistic(model))
    again = _start(model._fit)

    def one(y: Vector) -> tuple[Any, bool]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MixedModelsWarning)
            other = model.refit(y, **again)  # type: ignore[attr-defined]
            return statistic(other), bool(getattr(other, "is_singular", False))

    return replication.statistics(draw, one, t0, names or tuple(f"t{i + 1}" for i in range(len(t0))), nsim, progress)


def _start(fit: Any) -> dict[str, Any]:
    from mixedmodels.fit.many_responses.other_classes import start_of

    if isinstance(fit, MixedFit):
        return {"start": fit.theta}
    return {"start": start_of(fit)} if isinstance(fit, GlmmFit) else {}


def _statistic_influence(model: Model, statistic: Callable[[Any], Any]) -> Matrix:
    numbers = model._rows.numbers

    def estimate(rows: Any) -> Vector:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MixedModelsWarning)
            return replication.flattened(statistic(model.update(subset=numbers[rows])))[1]  # type: ignore[attr-defined]

    return influence(blocks(model.design, model._fit.n), estimate)


def _title(model: Model, type: str, re_form: Any) -> str:  # noqa: A002
    if type == "semiparametric":
        return "Semiparametric bootstrap"
    if isinstance(model._fit, LinearFit | GlmFit):
        return "Parametric bootstrap"
    if re_form is None:
        return "Parametric bootstrap, given the random effects,"
    drawn = "with all random effects drawn," if re_form == "~0" else f"with the random effects {re_form} kept,"
    return f"Parametric bootstrap, {drawn}"
