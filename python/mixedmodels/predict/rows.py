"""Predictions on old and new rows, with all, some or none of the random effects."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mixedmodels._typing import Vector
from mixedmodels.design import Design
from mixedmodels.errors import DataError
from mixedmodels.fit.any_fit import AnyFit, AnyPredictor
from mixedmodels.fit.moments import add_effects, fixed_part
from mixedmodels.fit.re_form import Chosen, wanted_terms


def predict_rows(fit: AnyFit | AnyPredictor, new: Design, chosen: Sequence[Chosen], allow_new_levels: bool) -> Vector:
    """Linear predictor of rows laid out by `design.on_new_data` with the `wanted_terms`, shape (n,).

    A level that the model has not seen has random effects 0 if `allow_new_levels`; a row with a missing predictor or
    group is NaN.

    Raises
    ------
    DataError
        On an unseen level without `allow_new_levels`.
    """
    eta = fixed_part(new, fit.kept, fit.beta, new.n_table)
    if not fit.mixed:
        return eta
    wanted = wanted_terms(chosen)
    for i, term in zip(wanted, new.random, strict=True):
        modes, columns = fit.b[i], chosen[i]
        group = new.groups[term.group]
        codes = group.codes.astype(np.intp)  # the places below go past what a byte holds
        unseen = codes == -1
        if not allow_new_levels and bool(unseen.any()):
            rows = np.flatnonzero(unseen)
            raise DataError(
                f"grouping factor {group.name!r} has a level in row {int(rows[0])} ({len(rows)} rows in all) that the "
                "model was not fitted to; pass allow_new_levels=True to predict with random effects of 0 there, or "
                "re_form='~0' for none."
            )
        table = np.vstack([modes, np.zeros_like(modes[:1]), np.full_like(modes[:1], math.nan)])
        places = np.where(unseen, len(modes), np.where(codes == -2, len(modes) + 1, codes))
        add_effects(eta, table, places, term.columns, columns)
    return eta
