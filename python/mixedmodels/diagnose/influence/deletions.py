"""Deletion of rows or groups of rows from any fitted model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mixedmodels.design.records import Design
from mixedmodels.diagnose.influence import refits
from mixedmodels.diagnose.influence.changes import Changes, blanked, from_covariances
from mixedmodels.diagnose.influence.deletion import Codes, of_covariance, rows_deleted, sets_deleted
from mixedmodels.diagnose.influence.leverage import balanced, whitened
from mixedmodels.diagnose.influence.linearised import Linearised, linearised
from mixedmodels.diagnose.influence.mean_shift import shift
from mixedmodels.errors import MixedModelsError
from mixedmodels.fit.any_fit import AnyFit
from mixedmodels.fit.henderson import Henderson
from mixedmodels.fit.progress import counted
from mixedmodels.fit.record import Control

Theta = Literal["fixed", "one_step", "refit"]
MANY = 3000  # rows from which on the mean-shift identity is faster than solving again
CUBES = 2000.0  # mean of the cubed sizes of the sets, over the number of rows, up to which it is
INTERRUPTED = "interrupted before it was reached"


def deletions(
    design: Design,
    fit: AnyFit,
    codes: Codes,
    n_sets: int,
    theta: Theta,
    control: Control,
    progress: bool | None = None,
) -> Changes:
    """The changes by deleting each set of rows.

    Parameters
    ----------
    codes : ndarray of int
        Set of each row, 0 .. `n_sets` - 1, each of which occurs; a set is deleted as a whole.
    theta : {"fixed", "one_step", "refit"}
        Treatment of the variance parameters: "fixed" keeps them, "one_step" takes a Newton step, "refit" fits again.
    progress : bool, optional
        See `fit.progress.counted`.
    """
    exact = not fit.mixed and (not fit.generalized or theta != "refit")
    several = _by_steps(design, fit)
    if (theta == "fixed" or exact) and not several:
        return _at_fixed_theta(design, fit, codes, n_sets, progress)
    rows, whole = refits.rows_of(design, fit), fit.joint

    first = None
    if theta == "one_step" and fit.generalized and not several:
        first = _at_fixed_theta(design, fit, codes, n_sets, progress).estimates

    def without(j: int, left: Codes) -> refits.Deleted:
        if theta == "one_step":
            assert fit.mixed
            start = whole.beta if first is None or np.isnan(first[j]).any() else first[j]
            return refits.one_step(rows, fit, left, np.ascontiguousarray(start))
        if theta == "fixed":
            assert fit.mixed
            assert fit.generalized
            return refits.with_beta_stepped(rows, fit, left)
        return refits.fitted_again(rows, fit, left, control)

    p, m = len(whole.beta), len(refits.variance_parameters(fit))
    beta, vcovs, parameters = (
        np.full((n_sets, p), np.nan),
        np.full((n_sets, p, p), np.nan),
        np.full((n_sets, m), np.nan),
    )

    def one(j: int, left: NDArray[np.bool_]) -> None:
        deleted = without(j, np.flatnonzero(left))
        beta[j], vcovs[j], parameters[j] = deleted.beta, deleted.vcov, deleted.parameters

    reasons = _each(codes, n_sets, one, progress)
    vcov = whole.vcov
    if several and theta == "fixed":
        assert fit.mixed
        assert fit.generalized
        vcov = fit.vcov_conditional
    changes = from_covariances(whole.beta, vcov, beta, vcovs)
    changes = replace(changes, parameters=parameters)
    return blanked(changes, ~np.isfinite(beta).all(axis=1), reasons)


def _by_steps(design: Design, fit: AnyFit) -> bool:
    """Whether a fit has no working linear model: of several linear predictors, or of one without random effects."""
    return fit.mixed and fit.generalized and (bool(design.further) or not design.random)


def _at_fixed_theta(design: Design, fit: AnyFit, codes: Codes, n_sets: int, progress: bool | None) -> Changes:
    model = linearised(design, fit)
    if n_sets == len(codes):
        order = np.argsort(codes)
        changes = rows_deleted(model)
        return changes if bool((order == np.arange(n_sets)).all()) else _reordered(changes, order)
    if model.random is None or _apart(design, codes, n_sets):
        return sets_deleted(model, codes, n_sets)
    return _shared_deleted(model, fit.kept, codes, n_sets, progress)


def _reordered(changes: Changes, order: Codes) -> Changes:
    place = np.argsort(order)
    values = {f.name: getattr(changes, f.name) for f in fields(Changes)}
    values = {name: v[order] if isinstance(v, np.ndarray) else v for name, v in values.items()}
    return Changes(**{**values, "reasons": {int(place[i]): why for i, why in changes.reasons.items()}})


def _apart(design: Design, codes: Codes, n_sets: int) -> bool:
    """Whether no random effect is shared between sets."""
    for group in design.groups:
        owner = np.zeros(group.n_levels, dtype=np.intp)
        owner[group.codes] = codes
        if bool((owner[group.codes] != codes).any()):
            return False
    return True


def _shared_deleted(
    model: Linearised, kept: tuple[int, ...], codes: Codes, n_sets: int, progress: bool | None
) -> Changes:
    """Sets that share random effects: of large models by the mean-shift identity where that is within reach."""
    assert model.random is not None
    cubes = float((np.bincount(codes).astype(float) ** 3).mean())
    if len(codes) >= MANY and cubes <= CUBES * len(codes):
        return _shifted(model, Henderson(*model.random, model.weights), codes, n_sets, progress)
    return _solved_again(model, kept, codes, n_sets, progress)


def _shifted(model: Linearised, equations: Henderson, codes: Codes, n_sets: int, progress: bool | None) -> Changes:
    p, white = model.x.shape[1], whitened(model)
    wr = balanced(model, white)
    added, d = np.full((n_sets, p, p), np.nan), np.full((n_sets, p), np.nan)

    def one(j: int, kept: NDArray[np.bool_]) -> None:
        added[j], d[j] = shift(white, model.weights, wr, equations, np.flatnonzero(~kept))

    reasons = _each(codes, n_sets, one, progress)
    return blanked(of_covariance(model, white, added, d), np.isnan(d).any(axis=1), reasons)


def _solved_again(
    model: Linearised, kept: tuple[int, ...], codes: Codes, n_sets: int, progress: bool | None
) -> Changes:
    """The equations of the rows that are left, solved for each set."""
    assert model.random is not None
    design, relative = model.random
    used = model.weights > 0
    rows = replace(design, response=model.response, weights=np.where(used, model.weights, 1.0), offset=None)
    beta, vcovs = np.full((n_sets, len(kept)), np.nan), np.full((n_sets, len(kept), len(kept)), np.nan)
    whole, vcov = refits.at_same_theta(rows, relative.theta, kept, np.flatnonzero(used))

    def one(j: int, left: NDArray[np.bool_]) -> None:
        beta[j], vcovs[j] = refits.at_same_theta(rows, relative.theta, kept, np.flatnonzero(left & used))

    reasons = _each(codes, n_sets, one, progress)
    # what a generalised model's working response says with all rows is not its estimate, but near it
    changes = from_covariances(model.beta, model.scale * vcov, beta - whole + model.beta, model.scale * vcovs)
    return blanked(changes, ~np.isfinite(beta).all(axis=1), reasons)


def _each(
    codes: Codes, n_sets: int, one: Callable[[int, NDArray[np.bool_]], None], progress: bool | None
) -> dict[int, str]:
    """Do something for every set, given which rows are left; why it could not be done."""
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=n_sets))
    kept, reasons, j = np.ones(len(codes), dtype=bool), dict[int, str](), 0
    with counted(n_sets, "deletions", progress) as tell:
        try:
            for j in range(n_sets):
                gone = order[ends[j - 1] if j else 0 : ends[j]]
                kept[gone] = False
                try:
                    one(j, kept)
                except (MixedModelsError, ValueError, RuntimeError, np.linalg.LinAlgError) as error:
                    reasons[j] = " ".join(str(error).split())
                kept[gone] = True
                tell(j + 1)
        except KeyboardInterrupt:
            reasons.update(dict.fromkeys(range(j, n_sets), INTERRUPTED))
    return reasons
