"""The predictions of a model of several components as functions of all its coefficients, with their gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design, on_new_data
from mixedmodels.effects.marginal.coefficients import GivenCovariance
from mixedmodels.effects.marginal.jets import Jet
from mixedmodels.effects.marginal.means import MeanFunction, whole_rows
from mixedmodels.errors import DataError
from mixedmodels.estimates.coefficients import Asymptotic, Coefficients
from mixedmodels.estimates.component_predictors import joint_covariance
from mixedmodels.estimates.linear_functions import Basis, null_space
from mixedmodels.fit.components.record import ComponentsFit
from mixedmodels.fitted.labels import component_names
from mixedmodels.frame import Table
from mixedmodels.predict.components import ComponentRows, component_parts, component_values, derivatives
from mixedmodels.predict.kinds import Parts
from mixedmodels.predict.target import Target, target


@dataclass(frozen=True, kw_only=True, eq=False)
class ComponentMeans(MeanFunction):
    """Predictions of rows, differentiated in the coefficients of all components and in the shapes.

    Attributes
    ----------
    quantity : str
        What is predicted: "response", "conditional", "zprob", "zlink", "disp" or "zero_probability".
    chosen : sequence of Parts
        Random effects that take part, for each component.
    spaces : sequence of Basis
        What can be estimated in each component.
    """

    quantity: str
    chosen: Sequence[Parts]
    spaces: Sequence[Basis]

    @property
    def p(self) -> int:
        """Number of coefficients and shapes."""
        return len(self.basis.coefficients.beta)

    @property
    def _designs(self) -> tuple[Design, ...]:
        return self.model.design.predictors

    def at(self, table: Table, offset: Vector | float | None = None) -> Jet:
        """Predictions of the rows of a table; NaN where something is missing or the data do not determine them.

        Parameters
        ----------
        offset : ndarray or float, optional
            Offset of the conditional part where the argument of the fit was an array.
        """
        fit: ComponentsFit = self.model._fit
        targets, good = [], np.ones(table.n_rows, dtype=bool)
        for design, part, parts, space in zip(self._designs, fit.predictors, self.chosen, self.spaces, strict=True):
            new = on_new_data(
                design.spec,
                table,
                random=parts.wanted,
                known_levels=parts.of_known_levels,
                offset=offset if design.component == "cond" else None,
                env=self.env,
            )
            rows = target(part, new, parts, self.allow_new_levels)
            good &= np.isfinite(rows.eta)
            if space.null_space is not None:
                good &= space.estimable(whole_rows(new))
            targets.append(rows)
        value, gradient = np.full(len(good), np.nan), np.full((len(good), self.p), np.nan)
        if good.any():
            some = tuple(Target(eta=rows.eta[good], x=rows.x[good]) for rows in targets)
            value[good], gradient[good] = self._quantities(fit, ComponentRows(targets=some, weights=None))
        return Jet(value, gradient)

    def _quantities(self, fit: ComponentsFit, rows: ComponentRows) -> tuple[Vector, Matrix]:
        by_eta, by_psi = derivatives(fit, rows, self.quantity)
        by_beta = [by_eta[:, r, None] * part.x for r, part in enumerate(rows.targets)]
        return component_values(fit, rows, self.quantity), np.hstack([*by_beta, by_psi])

    def determined(self, high: Table, low: Table, step: float) -> NDArray[np.bool_]:
        """Whether the data determine what a change between two tables does to all linear predictors of each row."""
        out = np.ones(high.n_rows, dtype=bool)
        for design, space in zip(self._designs, self.spaces, strict=True):
            if space.null_space is not None:
                offset = 0.0 if design.spec.offset is not None else None
                after, before = (
                    whole_rows(on_new_data(design.spec, table, random=(), offset=offset, env=self.env))
                    for table in (high, low)
                )
                out &= space.estimable((after - before) / step)
        return out


def component_means(
    model: Any, quantity: str, *, re_form: Any, allow_new_levels: bool, vcov: Any, ddf: Any
) -> ComponentMeans:
    """The predictions of a model of several components, with some of its random effects.

    Parameters
    ----------
    vcov : bool or array_like
        Covariance of all coefficients and shapes: True for the model's own, False for none, or a matrix.

    Raises
    ------
    DataError
        If `vcov` or `ddf` is of the conditional part alone, or the quantity depends on trials.
    """
    fit: ComponentsFit = model._fit
    if quantity == "zero_probability" and fit.family.support == "proportion":
        raise DataError(
            "the probability of a zero among trials depends on their number, which averages do not have; take "
            "predict(type='zero_probability', weights=...)."
        )
    designs = model.design.predictors
    coefficients = _coefficients(model, vcov, ddf)
    spaces = [
        Basis(coefficients, tuple(part.kept), null_space(design, part.kept))
        for design, part in zip(designs, fit.predictors, strict=True)
    ]
    space = next((s.null_space for s in spaces if s.null_space is not None), None)
    chosen = component_parts(model.design, None, re_form)
    return ComponentMeans(
        model=model,
        basis=Basis(coefficients, tuple(fit.kept), space),
        parts=next((parts for parts in chosen if parts.wanted), chosen[0]),
        allow_new_levels=allow_new_levels,
        response=True,
        env=None if model._request is None else model._request.env,
        quantity=quantity,
        chosen=chosen,
        spaces=spaces,
    )


def _coefficients(model: Any, vcov: Any, ddf: Any) -> Coefficients:
    """All coefficients and shapes, and their covariance."""
    fit: ComponentsFit = model._fit
    theta, beta, psi = fit.point
    m, names = len(theta), component_names(model.design, fit)
    at, labels = np.concatenate([beta, psi]), names[len(theta) :]
    if ddf not in (None, "normal", "asymptotic"):
        raise DataError(f"ddf={ddf!r:.40} is of one linear predictor; a prediction of several components is normal.")
    if vcov is False:
        return Asymptotic(labels, at, np.zeros((len(at), len(at))))
    if vcov is None or vcov is True:
        return Asymptotic(labels, at, joint_covariance(fit)[m:, m:])
    matrix = None if isinstance(vcov, str | Coefficients) else np.asarray(vcov, dtype=float)
    if matrix is None or matrix.shape != (len(at), len(at)):
        raise DataError(
            f"vcov= is of the coefficients of one linear predictor, and this prediction depends on {len(at)} "
            f"parameters: {', '.join(labels)}. Give True, a matrix of shape ({len(at)}, {len(at)}), or type='link'."
        )
    return GivenCovariance(labels, at, matrix)
