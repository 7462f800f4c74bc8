"""The predictions of a model as functions of its coefficients, with exact gradients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design, on_new_data
from mixedmodels.effects.marginal.coefficients import basis_for
from mixedmodels.effects.marginal.jets import Jet
from mixedmodels.estimates.coefficients import Coefficients
from mixedmodels.estimates.linear_functions import Basis
from mixedmodels.families import Family
from mixedmodels.fit.any_fit import AnyFit
from mixedmodels.fit.henderson_rows import fixed_rows
from mixedmodels.fitted.model import FittedModel
from mixedmodels.frame import Table
from mixedmodels.predict.kinds import Parts, parts_of
from mixedmodels.predict.target import target


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanFunction:
    """Predictions of rows, differentiated in the coefficients; random effects stay at their modes.

    Attributes
    ----------
    model : FittedModel
        Fitted model.
    basis : Basis
        Coefficients with their covariance, and what can be estimated.
    parts : Parts
        Random effects that take part.
    allow_new_levels : bool
        Whether levels that the model does not know have random effects of 0.
    response : bool
        Whether predictions are means of the response, not linear predictors.
    env : mapping of str, optional
        Further names of the formula.
    """

    model: FittedModel
    basis: Basis
    parts: Parts
    allow_new_levels: bool
    response: bool
    env: Mapping[str, Any] | None = None

    @property
    def fit(self) -> AnyFit:
        """Numbers of the fit."""
        fit: AnyFit = self.model._fit
        return fit

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return len(self.basis.kept)

    def at(self, table: Table, offset: Vector | float | None = None) -> Jet:
        """Predictions of the rows of a table; NaN where something is missing or the data do not determine them.

        Parameters
        ----------
        offset : ndarray or float, optional
            Offset of the rows where the argument of the fit was an array.
        """
        new = on_new_data(
            self.model.design.spec,
            table,
            random=self.parts.wanted,
            known_levels=self.parts.of_known_levels,
            offset=offset,
            env=self.env,
        )
        rows = target(self.fit, new, self.parts, self.allow_new_levels)
        eta = rows.eta
        if self.basis.coefficients.refitted is not None:
            eta = eta + rows.x @ (self.basis.coefficients.beta - self.fit.beta)
        if self.basis.null_space is not None:
            eta = np.where(self.basis.estimable(whole_rows(new)), eta, np.nan)
        linear = Jet(eta, rows.x)
        return respond(linear, self.model.family) if self.response else linear

    def determined(self, high: Table, low: Table, step: float) -> NDArray[np.bool_]:
        """Whether the data determine what a change between two tables does to the linear predictor of each row.

        A small step away from rows that they determine is small too, so that it is judged by itself.
        """
        if self.basis.null_space is None:
            return np.ones(high.n_rows, dtype=bool)
        offset = 0.0 if self.model.design.spec.offset is not None else None
        after, before = (
            whole_rows(on_new_data(self.model.design.spec, table, random=(), offset=offset, env=self.env))
            for table in (high, low)
        )
        return self.basis.estimable((after - before) / step)


def whole_rows(new: Design) -> Matrix:
    """Rows with all columns of X, those too that the fit dropped."""
    return fixed_rows(new, range(len(new.fixed.columns)), new.n_table)


def respond(linear: Jet, family: Family) -> Jet:
    """Means of the response at linear predictors."""
    if family.link == "identity":
        return linear
    good = np.isfinite(linear.value)
    value, slope = np.full(len(linear), np.nan), np.full(len(linear), np.nan)
    value[good], slope[good] = family.mean(linear.value[good]), family.mean_derivative(linear.value[good])
    return linear.through(value, slope)


def mean_function(
    model: FittedModel, coefficients: Coefficients, *, re_form: Any, allow_new_levels: bool, response: bool
) -> MeanFunction:
    """The predictions of a model with some of its random effects."""
    return MeanFunction(
        model=model,
        basis=basis_for(model, coefficients),
        parts=parts_of(model.design, None, re_form),
        allow_new_levels=allow_new_levels,
        response=response,
        env=None if model._request is None else model._request.env,
    )
