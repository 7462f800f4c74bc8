"""Responses that a model draws for a table of new rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import formula as formulas
from mixedmodels import frame
from mixedmodels._typing import Vector
from mixedmodels.design import build
from mixedmodels.design.new_levels import on_own_levels
from mixedmodels.errors import DataError, UnknownColumnError
from mixedmodels.fit.re_form import chosen_effects
from mixedmodels.fit.seeds import drawn_seed, generator, with_seed
from mixedmodels.fit.simulated_responses import simulate_fit
from mixedmodels.formula.nodes import Call
from mixedmodels.simulate.new_rows import simulate_new_rows

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel
    from mixedmodels.frame import Table


def simulated_at(
    model: FittedModel,
    newparams: Mapping[str, Any] | None,
    newdata: Any,
    nsim: int,
    seed: Any,
    re_form: Any,
    weights: Any,
    offset: Any,
) -> Any:
    """The return value of the verb `simulate`: responses of the rows of the fit or of new ones."""
    if newparams is not None:
        from mixedmodels.fitted.new_parameters import at_new_parameters

        model = at_new_parameters(model, newparams)
    if newdata is not None:
        return simulated_on(model, newdata, nsim, seed, re_form, weights, offset)
    return simulated(model, nsim, seed, re_form)


def simulated(model: FittedModel, nsim: int, seed: Any, re_form: Any) -> Any:
    """A table of `nsim` responses of the rows of the fit."""
    model._need_rows("simulate()")
    chosen = chosen_effects(model.design, re_form)
    seed = drawn_seed(seed)
    return with_seed(model._simulated(simulate_fit(model.design, model._fit, nsim, generator(seed), chosen)), seed)


def simulated_on(
    model: FittedModel, newdata: Any, nsim: int, seed: Any, re_form: Any, weights: Any, offset: Any
) -> Any:
    """A table of `nsim` responses of the rows of `newdata`."""
    table = frame.read(newdata)
    env = model._request.env if model._request else None
    new = on_own_levels(model.design.spec, table, offset=offset, env=env)
    further = tuple(
        replace(on_own_levels(own.spec, table, env=env), component=own.component) for own in model.design.further
    )
    new = replace(new, further=further)
    chosen = chosen_effects(model.design, re_form)
    w = _weights(model, table, weights)
    seed = drawn_seed(seed)
    draws = simulate_new_rows(model._fit, model.design, new, w, nsim, generator(seed), chosen)
    columns = {f"sim_{i + 1}": draws[:, i] for i in range(draws.shape[1])}
    return with_seed(frame.to_kind(columns, table.kind, table.index), seed)


def _weights(model: FittedModel, table: Table, weights: Any) -> Vector | None:
    """Weights of new rows: those given, else by the model's own expression; ones where the model had none."""
    if weights is None:
        left = formulas.parse(model.formula).left
        if model.family.support == "proportion" and isinstance(left, Call) and left.function == "cbind":
            return _trials(model, table)
        had = None if model._request is None else model._request.weights
        if had is None and model._prior_weights() is None:
            return None
        if not isinstance(had, str):
            raise DataError("the model has weights, and new rows need their own; give them as weights=.")
        weights = had
    if table.n_rows == 0:
        return np.empty(0)
    design = build("~ 1", table, weights=weights, na_action="fail", env=model.design.spec.env)
    return design.weights


def _trials(model: FittedModel, table: Table) -> Vector:
    left = model.design.response_name
    if table.n_rows == 0:
        return np.empty(0)
    try:
        counts = build(f"{left} ~ 1", table, na_action="fail", env=model.design.spec.env).response
    except UnknownColumnError as error:
        raise DataError(
            f"the trials of {left} are not known in the new rows; give weights=, the number of trials of each."
        ) from error
    assert counts is not None
    return np.asarray(counts.sum(axis=1))
