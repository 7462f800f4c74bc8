"""Predictions with their uncertainty."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixedmodels import frame
from mixedmodels.design import Design, numbers_of, on_new_data
from mixedmodels.errors import DataError, MixedModelsWarning, RankDeficientWarning
from mixedmodels.estimates.coefficients import Ddf
from mixedmodels.fit.record import GlmmFit, LinearFit, MixedFit, Vector
from mixedmodels.predict.kinds import Kind, Parts, parts_of
from mixedmodels.predict.target import Target, own_rows, target

if TYPE_CHECKING:
    from mixedmodels.fitted.model import Model
    from mixedmodels.predict.variances import Evidence

Type = Literal["link", "response"]
Interval = Literal["confidence", "prediction"]
Method = Literal["delta", "simulation", "bootstrap"]
Uncertainty = Literal["all", "given_theta"]


@dataclass(frozen=True, slots=True)
class Options:
    """The arguments of `predict` but for the rows; see there."""

    kind: Kind | None
    re_form: Any
    type: Type
    se_fit: bool
    interval: Interval | None
    level: float
    method: Method
    uncertainty: Uncertainty
    nsim: int | None
    seed: Any
    allow_new_levels: bool
    ddf: Ddf
    progress: bool | None

    def __post_init__(self) -> None:
        _one_of("interval", self.interval, (None, "confidence", "prediction"))
        _one_of("method", self.method, ("delta", "simulation", "bootstrap"))
        _one_of("uncertainty", self.uncertainty, ("all", "given_theta"))

    @property
    def certain(self) -> bool:
        """Whether the predictions alone are wanted."""
        return not self.se_fit and self.interval is None


class Predictions:
    """Predictions with their uncertainty."""

    _fit: Any
    design: Any

    def _predicted(self, newdata: Any, options: Options, weights: Any, offset: Any) -> Any:
        """What the classes' `predict` returns."""
        model: Model = self  # type: ignore[assignment]
        model._check_type(options.type)
        parts = parts_of(self.design, options.kind, options.re_form)
        table = None if newdata is None else frame.read(newdata)
        if table is None:
            model._need_rows("predict() without newdata")
            rows = own_rows(self._fit, _with_offset(model, offset), parts)
        else:
            rows = _laid_out(model, table, parts, options, offset)
        if options.certain:
            value = self._values(rows, options)
            return model._rows.label(value) if table is None else model._new_rows(table, value)
        from mixedmodels.predict.standard_errors import uncertain

        columns = uncertain(model, rows, options, _weights(model, table, weights, options), table is None)
        if table is None:
            return model._rows.table(columns)
        return frame.to_kind(columns, table.kind, table.index)

    def _values(self, rows: Target, options: Options) -> Vector:
        """The predictions themselves."""
        model: Model = self  # type: ignore[assignment]
        if isinstance(self._fit, GlmmFit) and options.kind == "marginal":
            from mixedmodels.predict.marginal import marginal_mean
            from mixedmodels.predict.new_levels import fresh_variance

            family = self._fit.family
            mean = marginal_mean(family, rows.eta, fresh_variance(self._fit, rows.integrated, len(rows))).mean
            return mean if options.type == "response" else np.asarray(family.predictor(mean))
        return model._on_scale(rows.eta, options.type)

    @cached_property
    def _evidence(self) -> Evidence:
        """What the fit says about the errors of linear predictors."""
        from mixedmodels.predict import variances

        model: Any = self
        fit = self._fit
        if not isinstance(fit, MixedFit | GlmmFit):
            return variances.Evidence(fit)
        kind = variances.LinearEvidence if isinstance(fit, MixedFit) else variances.GeneralizedEvidence

        def weights() -> Vector:
            _need_rows(model)
            w: Vector = model._working_weights()
            return w

        def engine() -> Any:
            _need_rows(model)
            return model._engine

        return kind(self.design, fit, weights, engine)


def _need_rows(model: Model) -> None:
    if model._stored is not None:
        more = "" if isinstance(model._fit, GlmmFit) else ", uncertainty='given_theta' and ddf='asymptotic'"
        raise DataError(
            "these standard errors need the rows that the model was fitted to, and a model loaded from a file has "
            f"none; it has the predictions themselves, and standard errors and limits with kind='typical'{more}."
        )


def _laid_out(model: Model, table: frame.Table, parts: Parts, options: Options, offset: Any) -> Target:
    """New rows as arrays."""
    new = on_new_data(model.design.spec, table, random=parts.wanted, known_levels=parts.of_known_levels, offset=offset)
    fit = model._fit
    if len(fit.kept) < len(model.design.fixed.columns) and model._stored is None:
        _check_estimable(model, new)
    return target(fit, new, parts, options.allow_new_levels)


def _check_estimable(model: Model, new: Design) -> None:
    """Warn of rows for which the columns that the fit dropped are other combinations than they were."""
    from mixedmodels.estimates.linear_functions import Basis, null_space
    from mixedmodels.fit.henderson_rows import fixed_rows

    space = null_space(model.design, model._fit.kept)
    rows = fixed_rows(new, range(len(new.fixed.columns)), new.n_table)
    known = np.isfinite(rows).all(axis=1)
    lost = known & ~Basis(model._coefficients("asymptotic"), model._fit.kept, space).estimable(rows)
    if lost.any():
        first = int(np.flatnonzero(lost)[0])
        warnings.warn(
            f"{int(lost.sum())} of {len(rows)} predictions (the first in row {first}) depend on coefficients that the "
            "data do not determine, as the model matrix has not full rank; they take the dropped coefficients as 0.",
            RankDeficientWarning,
            stacklevel=5,
        )


def _with_offset(model: Model, offset: Any) -> Design:
    if offset is not None:
        raise DataError("offset is for new rows; give newdata, or leave offset out for the rows of the fit.")
    return model.design


def _weights(model: Model, table: frame.Table | None, given: Any, options: Options) -> Vector | None:
    """Weights of new observations; None where they are not needed.

    Raises
    ------
    DataError
        If they are not positive numbers, one for each row.
    """
    if options.interval != "prediction":
        if given is not None:
            raise DataError("weights are of new observations; they need interval='prediction'.")
        return None
    own = model._prior_weights()
    if table is None:
        if given is not None:
            raise DataError("weights are of new rows; the rows of the fit have theirs.")
        return np.ones(model._fit.n) if own is None else own
    found = numbers_of(model.design.spec, table, given, "weights")
    if found is None:
        if isinstance(model._fit, LinearFit | MixedFit) and own is not None and bool(np.ptp(own) > 0):
            warnings.warn(
                "the model was fitted with weights, and new observations are taken to have weight 1; give weights=.",
                MixedModelsWarning,
                stacklevel=4,
            )
        return np.ones(table.n_rows)
    bad = np.flatnonzero(~(found > 0))
    if len(bad):
        raise DataError(f"weights must be positive; row {int(bad[0])} has {found[bad[0]]}.")
    return np.asarray(found, dtype=float)


def none_if_false(interval: Interval | Literal[False] | None) -> Interval | None:
    """No interval, also where it is said with False."""
    return None if interval is False else interval


def _one_of(name: str, given: Any, known: tuple[Any, ...]) -> None:
    if given not in known:
        raise DataError(f"{name} is {given!r:.40}; give {', '.join(map(repr, known[:-1]))} or {known[-1]!r}.")
