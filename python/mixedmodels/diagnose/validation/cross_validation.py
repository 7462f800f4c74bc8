"""A model fitted again without each fold, and what it then says about the rows of the fold."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Vector
from mixedmodels.design import Design, checks
from mixedmodels.design.row_subset import beside_part, part_of
from mixedmodels.diagnose.validation.component_folds import (
    component_log_density,
    determined,
    fold_rows,
    predicted_mean,
)
from mixedmodels.diagnose.validation.fold_design import own_design, without_fold
from mixedmodels.diagnose.validation.folds import Folds
from mixedmodels.diagnose.validation.predictive_density import log_density, normal_log_density
from mixedmodels.errors import DataError, FitError, MixedModelsError
from mixedmodels.estimates.linear_functions import Basis, null_space
from mixedmodels.fit.components.record import ComponentsFit
from mixedmodels.fit.family_moments import shapes_of
from mixedmodels.fit.generalized_linear.glm_checks import separated
from mixedmodels.fit.henderson_rows import fixed_rows
from mixedmodels.fit.lmm import as_control
from mixedmodels.fit.progress import counted
from mixedmodels.fitted.refits import refitted_to_part
from mixedmodels.fitted.registry import model_of
from mixedmodels.predict.kinds import Parts, parts_of
from mixedmodels.predict.new_levels import new_level_variance
from mixedmodels.predict.options import Options
from mixedmodels.predict.point import prediction_errors, values
from mixedmodels.predict.target import Target, target

if TYPE_CHECKING:
    from mixedmodels.fit.any_fit import AnyFit
    from mixedmodels.fitted.model import FittedModel

Rows = NDArray[np.intp]
NOT_REACHED = "interrupted before it was reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Without:
    """What the fits without each fold say.

    Attributes
    ----------
    predicted, log_density : ndarray, shape (n,)
        Of every row by the fit without its fold; NaN where there is none.
    singular, stopped, separated : list of int
        Folds without which the fit is singular, did not converge, or has infinite estimates.
    undetermined : int
        Rows that depend on coefficients that the other folds do not determine.
    reasons : dict of int
        Why a fold has no predictions.
    """

    predicted: Vector
    log_density: Vector
    singular: list[int] = field(default_factory=list)
    stopped: list[int] = field(default_factory=list)
    separated: list[int] = field(default_factory=list)
    undetermined: Rows
    reasons: dict[int, str] = field(default_factory=dict)


def without_each(
    model: FittedModel, folds: Folds, kind: Any, re_form: Any, density: bool, progress: bool | None
) -> Without:
    """Fit the model without each fold and predict its rows; an interrupt ends it with the folds so far.

    Parameters
    ----------
    density : bool
        Whether predictive densities are wanted.
    """
    fit, design = model._fit, own_design(model)
    if kind == "marginal" and isinstance(fit, ComponentsFit):
        raise DataError("kind='marginal' is not of a model of several components; take 'conditional' or 'typical'.")
    kept = parts_of(model.design, kind, re_form).kept
    # The effects that a prediction does not use are unknown, not 0: they spread the predictive density.
    task = _Task(model, design, Parts(kept, tuple(~c for c in kept)), kind, density)
    n = fit.n
    out = Without(
        predicted=np.full(n, np.nan), log_density=np.full(n, np.nan), undetermined=np.zeros(len(folds), dtype=np.intp)
    )
    j = 0
    with counted(len(folds), "folds", progress) as tell:
        try:
            for j in range(len(folds)):
                try:
                    task.fold(j, folds.codes, out)
                except (MixedModelsError, ValueError, RuntimeError, np.linalg.LinAlgError) as error:
                    out.reasons[j] = " ".join(str(error).split())
                tell(j + 1)
        except KeyboardInterrupt:
            if j == 0:
                raise
            out.predicted[folds.codes == j] = np.nan
            out.reasons.update(dict.fromkeys(range(j, len(folds)), NOT_REACHED))
    return out


class _Task:
    """What is the same for all folds."""

    def __init__(self, model: FittedModel, design: Design, parts: Parts, kind: Any, density: bool) -> None:
        self.model, self.design, self.parts, self.density = model, design, parts, density
        self.control = as_control(model._request.control if model._request else None)
        self.options = Options(
            kind=kind,
            re_form=None,
            type="response",
            se_fit=False,
            interval=None,
            level=0.95,
            method="delta",
            uncertainty="given_theta",
            nsim=None,
            seed=None,
            allow_new_levels=True,
            ddf=None,
            progress=None,
        )

    def fold(self, j: int, codes: Rows, out: Without) -> None:
        left, gone = np.flatnonzero(codes != j), np.flatnonzero(codes == j)
        design = without_fold(self.model, self.design, left)
        part = part_of(design, left)
        fit = self.fitted(part)
        self.note(j, part, fit, out)
        model = model_of(fit, part, self.model._source, self.model._request)
        beside = beside_part(design, left, gone)
        further = tuple(replace(own, n_table=len(gone)) for own in beside.further)
        new = replace(beside, n_table=len(gone), further=further)
        if isinstance(fit, ComponentsFit):
            self.components(model, part, new, gone, j, out)
            return
        rows = target(fit, new, self.parts, True)
        known = _determined(model, part, new, len(gone))
        out.undetermined[j] = int((~known).sum())
        out.predicted[gone] = np.where(known, values(model, rows, self.options), np.nan)
        if self.density:
            assert new.response is not None
            out.log_density[gone] = np.where(known, _log_density(model, rows, new.response, new.weights), np.nan)

    def components(self, model: FittedModel, part: Design, new: Design, gone: Rows, j: int, out: Without) -> None:
        """Of a model of several components."""
        rows = fold_rows(model, new, self.parts)
        known = determined(model, part, new)
        out.undetermined[j] = int((~known).sum())
        out.predicted[gone] = np.where(known, predicted_mean(model, rows), np.nan)
        if self.density:
            assert new.response is not None
            out.log_density[gone] = np.where(known, component_log_density(model, rows, new.response), np.nan)

    def fitted(self, part: Design) -> AnyFit:
        fit = self.model._fit
        if fit.mixed:
            assert part.response is not None
            residual = not fit.generalized or fit.family.weights_role == "precision"
            for own in part.predictors:
                checks.identified(own.groups, own.random, len(part.response), residual)
        again = refitted_to_part(fit, part, self.control)
        if not np.isfinite(again.beta).all():
            raise FitError("the estimates without it are not finite.")
        return again

    def note(self, j: int, part: Design, fit: AnyFit, out: Without) -> None:
        if fit.mixed and fit.singular:
            out.singular.append(j)
        if not _converged(fit):
            out.stopped.append(j)
        if fit.generalized and fit.method.penalty is None and separated(part, fit):
            out.separated.append(j)


def _converged(fit: AnyFit) -> bool:
    if fit.mixed:
        return fit.run.converged
    return not fit.generalized or fit.converged


def _determined(model: FittedModel, part: Design, new: Design, n: int) -> NDArray[np.bool_]:
    """Rows whose fixed effects the other folds determine."""
    columns = range(len(part.fixed.columns))
    space = null_space(part, model._fit.kept)
    if space is None:
        return np.ones(n, dtype=bool)
    return Basis(model._coefficients("asymptotic"), model._fit.kept, space).estimable(fixed_rows(new, columns, n))


def _log_density(model: FittedModel, rows: Target, y: Vector, weights: Vector | None) -> Vector:
    """Of responses, variance parameters known, and coefficients, random effects and effects of new levels not."""
    fit, n = model._fit, len(rows)
    if fit.generalized and not fit.kept and not fit.mixed:
        variance = np.zeros(n)
    else:
        variance = prediction_errors(model).spread(rows.x, rows.random, False).variance
    if fit.mixed:
        variance = variance + fit.effects_scale**2 * new_level_variance(fit, rows.new_effects, n)
    if not fit.generalized:
        residual = fit.sigma**2 / (np.ones(n) if weights is None else weights)
        return normal_log_density(y, rows.eta, variance + residual)
    return log_density(fit.family, y, weights, shapes_of(fit), rows.eta, variance)
