"""Parametric bootstrap test of a model against a smaller one: both are refitted to responses drawn from the smaller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np

from mixedmodels import formula as formulas
from mixedmodels._typing import Vector
from mixedmodels.errors import DataError, FitError
from mixedmodels.fit import likelihood
from mixedmodels.fit.many_responses.linear_mixed import ManyFits, joined
from mixedmodels.fit.seeds import drawn_seed, generator
from mixedmodels.fit.simulated_responses import checked
from mixedmodels.fitted.model import FittedModel
from mixedmodels.fitted.refits import by_maximum_likelihood, design_of, refitted
from mixedmodels.fitted.registry import model_of
from mixedmodels.fitted.replicates import Refit, drawer, limited, refitter
from mixedmodels.inference.bootstrap import replicates
from mixedmodels.inference.bootstrap.likelihood_ratio import bootstrap_test, ratios, stopped_at
from mixedmodels.inference.bootstrap.pbmodcomp_record import PBModComp
from mixedmodels.inference.comparison.comparable import check_comparable, check_laws

BATCH = 200  # ratios between two looks at how many exceed the observed one
SLOW = 16  # generalised models refitted between two looks at the line of progress


def pbmodcomp(
    model: FittedModel,
    smaller: Any,
    nsim: int,
    seed: Any,
    extremes: int | None,
    reference: Any,
    threads: int | None,
    progress: bool | None,
) -> PBModComp:
    """See `BootstrapVerbs.pbmodcomp`."""
    model._need_rows("pbmodcomp()")
    small = _smaller(model, smaller)
    check_comparable((model, small), ("the model", "the smaller one"), True)
    check_laws((small, model), ("the smaller model", "the model"))
    large = _by_ml(model)
    small = _by_ml(small)
    df = model.npar - small.npar
    if df <= 0:
        raise DataError(
            f"the smaller model, {small.formula!r}, has {small.npar} parameters and the model {model.npar}; give a "
            "model that is nested in this one."
        )
    if extremes is not None and (not isinstance(extremes, int) or extremes < 1):
        raise DataError(f"extremes must be a positive whole number or None; got {extremes!r:.40}.")
    statistic = 2 * (likelihood.loglik(large._fit) - likelihood.loglik(small._fit))
    began, failures = perf_counter(), 0
    if reference is not None:
        drawn, samples, seed = _as_reference(reference), None, None
    else:
        samples, seed = checked(nsim), drawn_seed(seed)
        with limited(threads):
            many = _reference(small, large, samples, seed, statistic, extremes, progress)
        drawn, failures = many.criterion, int(np.isnan(many.criterion).sum())
    if not np.isfinite(drawn).any():
        raise FitError("none of the responses drawn under the smaller model could be fitted by both models.")
    return PBModComp(
        test=bootstrap_test(statistic, df, drawn),
        reference=drawn,
        large=model.formula,
        small=small.formula,
        asked=samples,
        failed=failures,
        stopped=extremes is not None and samples is not None and len(drawn) < samples,
        seed=seed,
        seconds=perf_counter() - began,
        kind=model._source.kind,
    )


def reference_distribution(
    large: FittedModel, smaller: Any, nsim: int, seed: Any = None, progress: bool | None = None
) -> Vector:
    """Likelihood ratios of responses drawn from the smaller model, shape (nsim,); NaN where a fit failed."""
    small = _by_ml(_smaller(large, smaller))
    return _reference(small, _by_ml(large), checked(nsim), seed, np.inf, None, progress).criterion


def _reference(
    small: FittedModel,
    large: FittedModel,
    nsim: int,
    seed: Any,
    statistic: float,
    extremes: int | None,
    progress: bool | None,
) -> ManyFits:
    """Fits of the larger model whose criterion is the likelihood ratio."""
    draw = drawer(small, "parametric", "~0", generator(seed))
    work = _both(refitter(small), refitter(large))
    chunk = SLOW if large._fit.generalized else None
    parts: list[ManyFits] = []
    for count in _batches(nsim, extremes):
        parts.append(replicates.refitted(draw, work, count, large._fit.n, progress, chunk))
        fits = joined(parts)
        stop = stopped_at(fits.criterion, statistic, extremes)
        if stop < len(fits):
            return fits.taken(np.arange(stop))
        if parts[-1].interrupted:
            break
    return joined(parts)


def _batches(nsim: int, extremes: int | None) -> Iterator[int]:
    size = nsim if extremes is None else BATCH
    for done in range(0, nsim, size):
        yield min(size, nsim - done)


def _both(small: Refit, large: Refit) -> Refit:
    """Refits both; the criterion of the result is the ratio, its status the worse of both."""

    def work(responses: Any) -> ManyFits:
        one = small(responses)
        if one.interrupted:
            raise KeyboardInterrupt
        two = large(responses)
        status = np.maximum(one.status, two.status)
        reasons = {**one.reasons, **two.reasons}
        return replace(two, criterion=ratios(one.criterion, two.criterion), status=status, reasons=reasons)

    return work


def _as_reference(reference: Any) -> Vector:
    try:
        drawn = np.asarray(reference, dtype=float).ravel()
    except (TypeError, ValueError) as error:
        raise DataError(f"reference must be likelihood ratios, numbers; got {reference!r:.60}.") from error
    if not np.isfinite(drawn).any():
        raise DataError("reference holds no finite number.")
    return drawn


def _smaller(model: FittedModel, smaller: Any) -> FittedModel:

    if isinstance(smaller, FittedModel):
        return smaller
    if not isinstance(smaller, str):
        raise DataError(f"the smaller model must be a fitted model or a formula; got {smaller!r:.60}.")
    design = design_of(model, formulas.update(model.design.formula, smaller).text)
    return model_of(refitted(model, design), design, model._source, model._request)


def _by_ml(model: FittedModel) -> FittedModel:
    fit = by_maximum_likelihood(model)
    return model if fit is model._fit else model_of(fit, model.design, model._source, model._request)
