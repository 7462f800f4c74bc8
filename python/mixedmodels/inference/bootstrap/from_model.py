"""Replicates of a fitted model: responses drawn from it, the model refitted to each."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.errors import MixedModelsWarning
from mixedmodels.fit.seeds import drawn_seed, generator
from mixedmodels.fit.simulated_responses import checked
from mixedmodels.fitted.replicates import (
    as_row,
    drawer,
    limited,
    parameter_names,
    parameter_values,
    part_refitted,
    refitter,
)
from mixedmodels.inference.bootstrap.acceleration import blocks, influence
from mixedmodels.inference.bootstrap.record import Bootstrap
from mixedmodels.inference.bootstrap.replicates import Replicates, flattened, refitted, statistics

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel

SLOW = 16  # generalised models refitted between two looks at the line of progress


def bootstrap(
    model: FittedModel,
    nsim: int = 500,
    seed: Any = None,
    *,
    type: str = "parametric",  # noqa: A002
    re_form: Any = "~0",
    statistic: Callable[[Any], Any] | None = None,
    threads: int | None = None,
    progress: bool | None = None,
) -> Bootstrap:
    """See the verb of this name."""
    model._need_rows("bootstrap()")
    seed = drawn_seed(seed)
    draw = drawer(model, type, re_form, generator(seed))
    began, theta = perf_counter(), None
    with limited(threads):
        if statistic is None:
            sample, theta = _parameters(model, draw, checked(nsim), progress)
            jackknife = partial(_parameter_influence, model)
        else:
            sample = _statistics(model, draw, checked(nsim), statistic, progress)
            jackknife = partial(_statistic_influence, model, statistic)
    return Bootstrap(
        replicates=sample,
        formula=model.formula,
        method=_title(model, type, re_form),
        seed=seed,
        seconds=perf_counter() - began,
        theta=theta,
        jackknife=jackknife,
        kind=model._source.kind,
    )


def _parameters(model: FittedModel, draw: Any, nsim: int, progress: bool | None) -> tuple[Replicates, Matrix]:
    """All parameters of each replicate, and theta."""
    fit = model._fit
    chunk = SLOW if fit.generalized else None
    many = refitted(draw, refitter(model), nsim, fit.n, progress, chunk)
    sample = Replicates(
        names=parameter_names(model.design, fit),
        t0=parameter_values(as_row(fit), fit)[0],
        t=parameter_values(many, fit),
        singular=many.singular,
        status=many.status,
        reasons=many.reasons,
        asked=nsim,
    )
    return sample, many.theta


def _parameter_influence(model: FittedModel) -> Matrix:
    fit = model._fit

    def estimate(rows: Any) -> Vector:
        return np.asarray(parameter_values(part_refitted(model, rows), fit)[0])

    return influence(blocks(model.design, fit.n), estimate)


def _statistics(
    model: FittedModel, draw: Any, nsim: int, statistic: Callable[[Any], Any], progress: bool | None
) -> Replicates:
    """Values of a function of each refitted model."""
    names, t0 = flattened(statistic(model))
    refittable: Any = model
    again = _start(model._fit)

    def one(y: Vector) -> tuple[Any, bool]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MixedModelsWarning)
            other = refittable.refit(y, **again)
            return statistic(other), bool(getattr(other, "is_singular", False))

    return statistics(draw, one, t0, names or tuple(f"t{i + 1}" for i in range(len(t0))), nsim, progress)


def _start(fit: Any) -> dict[str, Any]:
    from mixedmodels.fit.many_responses.other_classes import start_of

    if not fit.mixed:
        return {}
    return {"start": start_of(fit) if fit.generalized else fit.theta}


def _statistic_influence(model: FittedModel, statistic: Callable[[Any], Any]) -> Matrix:
    numbers = model._rows.numbers
    refittable: Any = model

    def estimate(rows: Any) -> Vector:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MixedModelsWarning)
            return flattened(statistic(refittable.update(subset=numbers[rows])))[1]

    return influence(blocks(model.design, model._fit.n), estimate)


def _title(model: FittedModel, type: str, re_form: Any) -> str:  # noqa: A002
    if type == "semiparametric":
        return "Semiparametric bootstrap"
    if not model._fit.mixed:
        return "Parametric bootstrap"
    if re_form is None:
        return "Parametric bootstrap, given the random effects,"
    drawn = "with all random effects drawn," if re_form == "~0" else f"with the random effects {re_form} kept,"
    return f"Parametric bootstrap, {drawn}"
