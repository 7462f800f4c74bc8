"""Predictions of a fitted model, on its own rows or on new ones, alone or with their uncertainty."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Vector
from mixedmodels.design import Design, numbers_of, on_new_data
from mixedmodels.errors import DataError, MixedModelsWarning, RankDeficientWarning, users_line
from mixedmodels.fit.method import ddf_name
from mixedmodels.fit.moments import fixed_part
from mixedmodels.fit.seeds import drawn_seed, with_seed
from mixedmodels.fitted.model import FittedModel
from mixedmodels.fitted.rows import predictions
from mixedmodels.predict.kinds import Parts, parts_of
from mixedmodels.predict.options import Options
from mixedmodels.predict.point import values
from mixedmodels.predict.target import Target, own_rows, target


def predicted(
    model: FittedModel, newdata: Any, options: Options, weights: Any, offset: Any, newparams: Any = None
) -> Any:
    """The return value of the verb `predict`, for every class of model."""
    model._check_type(options.type)
    if newparams is not None:
        model = _at(model, newparams, options)
    if options.certain and isinstance(options.ddf, str) and ddf_name(options.ddf) is None:
        model._coefficients(options.ddf)  # refuses what is no method, though nothing has degrees of freedom here
    parts = parts_of(model.design, options.kind, options.re_form)
    if options.random_only:
        options.check_random_only(model._fit.generalized)
        if not parts.wanted:
            raise DataError(f"random_only=True with re_form={options.re_form!r} leaves nothing to predict; give one.")
    table = None if newdata is None else frame.read(newdata)
    if table is None:
        model._need_rows("predict() without newdata")
        design = _with_offset(model, offset)
        rows = own_rows(model._fit, design, parts)
        if options.random_only:
            rows = rows.random_part(fixed_part(design, model._fit.kept, model._fit.beta, model._fit.n))
    else:
        rows = _laid_out(model, table, parts, options, offset)
    if options.certain:
        value = values(model, rows, options)
        if table is not None:
            return predictions(value, table.kind, table.index)
        beside = _weightless(model, parts, options, offset)
        return model._rows.predictions(value, None if beside is None else values(model, beside, options))
    from mixedmodels.predict.standard_errors import draws_at_random, uncertain

    if options.interval is not None and options.ddf is None and options.method == "delta":
        for remark in model._coefficients().substitutions:  # why the normal distribution is used
            warnings.warn(remark, MixedModelsWarning, stacklevel=users_line())
    if draws := draws_at_random(model, options):
        options = replace(options, seed=drawn_seed(options.seed))
    columns = uncertain(model, rows, options, _weights(model, table, weights, options), table is None)
    if table is None:
        beside = _weightless(model, parts, options, offset)
        made = model._rows.table(columns, None if beside is None else uncertain(model, beside, options, None, False))
    else:
        made = frame.to_kind(columns, table.kind, table.index)
    return with_seed(made, options.seed) if draws else made


def _weightless(model: FittedModel, parts: Parts, options: Options, offset: Any) -> Target | None:
    """The rows of weight 0, which get predictions as all others."""
    rest = model.design.weightless
    return None if rest is None else own_rows(model._fit, rest, parts)


def _laid_out(model: FittedModel, table: frame.Table, parts: Parts, options: Options, offset: Any) -> Target:
    """New rows as arrays."""
    new = on_new_data(model.design.spec, table, random=parts.wanted, known_levels=parts.of_known_levels, offset=offset)
    fit = model._fit
    if len(fit.kept) < len(model.design.fixed.columns) and model._stored is None:
        _check_estimable(model, new)
    rows = target(fit, new, parts, options.allow_new_levels)
    return rows.random_part(fixed_part(new, fit.kept, fit.beta, new.n_table)) if options.random_only else rows


def _at(model: FittedModel, newparams: Any, options: Options) -> FittedModel:
    """The model at other parameters, for which there are predictions alone."""
    from mixedmodels.fitted.new_parameters import at_new_parameters

    if not options.certain:
        raise DataError(
            "newparams are no estimates, so that predictions at them have no standard errors or limits; leave se_fit "
            "and interval out, or draw responses by simulate(newparams=)."
        )
    return at_new_parameters(model, newparams)


def _check_estimable(model: FittedModel, new: Design) -> None:
    """Warn of rows for which the columns that the fit dropped are other combinations than they were."""
    from mixedmodels.estimates.linear_functions import Basis, null_space
    from mixedmodels.fit.henderson_rows import fixed_rows

    space = null_space(model.design, model._fit.kept)
    rows = fixed_rows(new, range(len(new.fixed.columns)), new.n_table)
    complete = np.isfinite(rows).all(axis=1)
    lost = complete & ~Basis(model._coefficients("normal"), model._fit.kept, space).estimable(rows)
    if lost.any():
        first = int(np.flatnonzero(lost)[0])
        warnings.warn(
            f"{int(lost.sum())} of {len(rows)} predictions (the first in row {first}) depend on coefficients that the "
            "data do not determine, as the model matrix has not full rank; they take the dropped coefficients as 0.",
            RankDeficientWarning,
            stacklevel=5,
        )


def _with_offset(model: FittedModel, offset: Any) -> Design:
    if offset is not None:
        raise DataError("offset is for new rows; give newdata, or leave offset out for the rows of the fit.")
    return model.design


def _weights(model: FittedModel, table: frame.Table | None, weights: Any, options: Options) -> Vector | None:
    """Weights of new observations; None where they are not needed.

    Raises
    ------
    DataError
        If they are not positive numbers, one for each row.
    """
    if options.interval != "prediction":
        if weights is not None:
            raise DataError("weights are of new observations; they need interval='prediction'.")
        return None
    own = model._prior_weights()
    if table is None:
        if weights is not None:
            raise DataError("weights are of new rows; the rows of the fit have theirs.")
        return np.ones(model._fit.n) if own is None else own
    numbers = numbers_of(model.design.spec, table, weights, "weights")
    if numbers is None:
        if not model._fit.generalized and own is not None and bool(np.ptp(own) > 0):
            warnings.warn(
                "the model was fitted with weights, and new observations are taken to have weight 1; give weights=.",
                MixedModelsWarning,
                stacklevel=4,
            )
        return np.ones(table.n_rows)
    bad = np.flatnonzero(~(numbers > 0))
    if len(bad):
        raise DataError(f"weights must be positive; row {int(bad[0])} has {numbers[bad[0]]}.")
    return np.asarray(numbers, dtype=float)
