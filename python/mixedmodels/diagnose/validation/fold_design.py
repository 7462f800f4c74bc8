"""The design of a model as it is without a fold: bases of data-dependent calls are of the rows that are left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels import frame
from mixedmodels.design import Design, on_new_data
from mixedmodels.design.new_data import with_states_of
from mixedmodels.design.row_subset import part_of
from mixedmodels.fit.many_responses.other_classes import family_design

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel

Rows = NDArray[np.intp]


def own_design(model: FittedModel) -> Design:
    """The rows used, response and weights as the family sees them."""
    fit = model._fit
    return family_design(model.design, fit) if fit.generalized else model.design


def without_fold(model: FittedModel, design: Design, left: Rows) -> Design:
    """The rows used laid out with what `left`, some of them, say: knots of splines, centres and scales.

    Levels of factors, the response and its scale stay those of all rows.

    Parameters
    ----------
    design : Design
        The model's own, which is returned where nothing in it depends on the data.
    left : ndarray of int
        Positions among the rows used.
    """
    if not any(own.spec.states for own in design.predictors):
        return design
    further = tuple(_without_fold(model, own, left) for own in design.further)
    return replace(_without_fold(model, design, left), further=further)


def _without_fold(model: FittedModel, design: Design, left: Rows) -> Design:
    if not design.spec.states:
        return design
    request: Any = model._request
    places = model._rows.numbers
    data = frame.rows_at_hand(request.data)
    table = frame.read(frame.take_rows(data, places[left]))
    spec = with_states_of(design.spec, table, request.env)
    offset = 0.0 if spec.offset is True else None  # an array's values are in the design
    whole = on_new_data(spec, frame.read(data), offset=offset, env=request.env)
    return replace(
        part_of(whole, places),
        response=design.response,
        weights=design.weights,
        offset=design.offset,
        component=design.component,
    )
