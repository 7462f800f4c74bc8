"""Predictions of a model of several components: a linear predictor, a mean, a probability of zero, a dispersion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import frame
from mixedmodels._typing import Matrix, Vector
from mixedmodels.design import Design, numbers_of, on_new_data
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald
from mixedmodels.estimates.component_predictors import ComponentPredictors
from mixedmodels.families.shape_scale import SHARE
from mixedmodels.fit.components.moments import QUANTITIES, quantity
from mixedmodels.fitted.rows import predictions
from mixedmodels.predict.kinds import Parts, parts_of
from mixedmodels.predict.new_levels import new_level_variance
from mixedmodels.predict.options import Options
from mixedmodels.predict.table import Form
from mixedmodels.predict.target import Target, own_rows, target

if TYPE_CHECKING:
    from mixedmodels.fit.components.record import ComponentsFit
    from mixedmodels.fitted.model import FittedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentRows:
    """Rows to be predicted.

    Attributes
    ----------
    targets : tuple of Target
        The rows in each component.
    weights : ndarray or None
        Weights of the rows, the trials of proportions.
    """

    targets: tuple[Target, ...]
    weights: Vector | None

    def __len__(self) -> int:
        return len(self.targets[0])

    @property
    def etas(self) -> list[Vector]:
        """Linear predictors."""
        return [rows.eta for rows in self.targets]


def check_quantity(type_: str) -> None:
    """Refuse what is no type of predictions.

    Raises
    ------
    DataError
        If there is no such type.
    """
    if type_ not in QUANTITIES:
        raise DataError(f"type must be one of {', '.join(map(repr, QUANTITIES))}, not {type_!r:.40}.")


def check_other_arguments(**arguments: tuple[Any, Any]) -> None:
    """Refuse arguments of other models; each is its value and the only one that there is.

    Raises
    ------
    DataError
        If one has another value.
    """
    for name, (value, only) in arguments.items():
        if value is not None and value != only:
            raise DataError(
                f"predict({name}={value!r:.40}) is not for a model fitted by glmmTMB(), whose predictions have the "
                "delta method; leave it out, or take quantiles of simulate() for new observations."
            )


def rows_of(
    model: FittedModel, newdata: Any, options: Options, weights: Any = None, offset: Any = None
) -> tuple[ComponentRows, frame.Table | None]:
    """The rows of the fit or of a table in every component, and the table."""
    fit: ComponentsFit = model._fit
    if newdata is None:
        model._need_rows("predict() without newdata")
        if offset is not None:
            raise DataError("offset is for new rows; give newdata, or leave offset out for the rows of the fit.")
        return _rows_of_fit(fit, model.design, options, fit.weights), None
    table = frame.read(newdata)
    targets = []
    parts = component_parts(model.design, options.kind, options.re_form)
    for part, d, own in zip(fit.predictors, model.design.predictors, parts, strict=True):
        new = _laid_out(d, table, own, offset if d.component == "cond" else None)
        targets.append(target(part, new, own, options.allow_new_levels))
    numbers = numbers_of(model.design.spec, table, weights, "weights")
    return ComponentRows(targets=tuple(targets), weights=None if numbers is None else np.asarray(numbers)), table


def component_parts(design: Design, kind: str | None, re_form: Any) -> list[Parts]:
    """Treatment of the random effects in each component; `re_form` is for all, or a mapping from components."""
    by_name = re_form if isinstance(re_form, Mapping) else None
    return [
        parts_of(replace(own, further=()), kind, re_form if by_name is None else by_name.get(own.component))
        for own in design.predictors
    ]


def _rows_of_fit(fit: ComponentsFit, design: Design, options: Options, weights: Vector | None) -> ComponentRows:
    """Rows of a fit's design, those that count or those of weight 0."""
    parts = component_parts(design, options.kind, options.re_form)
    rows = zip(fit.predictors, design.predictors, parts, strict=True)
    return ComponentRows(targets=tuple(own_rows(part, own, chosen) for part, own, chosen in rows), weights=weights)


def _laid_out(design: Design, table: frame.Table, parts: Parts, offset: Any) -> Design:
    return on_new_data(design.spec, table, random=parts.wanted, known_levels=parts.of_known_levels, offset=offset)


def component_values(fit: ComponentsFit, rows: ComponentRows, type_: str) -> Vector:
    """The predictions of these rows."""
    return quantity(fit.family, rows.etas, rows.weights, fit.psi, type_)


STEP = 1e-5


def uncertain_components(model: FittedModel, rows: ComponentRows, options: Options, type_: str) -> dict[str, Vector]:
    """Columns fit, se_fit, conf_low and conf_high by the delta method.

    Limits of a mean of the conditional part, of a probability and of a dispersion are computed on the scale of their
    linear predictor. Those of a mean over both parts are computed on the logarithmic scale where it is positive, and on
    the logit scale for proportions.
    """
    fit: ComponentsFit = model._fit
    errors = component_predictors(model)
    everything = options.uncertainty == "all"
    x = [t.x for t in rows.targets]
    covariance, slopes = errors.covariances(x, [t.random for t in rows.targets], everything)
    for r, (part, t) in enumerate(zip(fit.predictors, rows.targets, strict=True)):
        covariance[:, r, r] += new_level_variance(part, t.unseen, len(rows))
    value = component_values(fit, rows, type_)
    by_eta, by_psi = derivatives(fit, rows, type_)
    variance = np.einsum("ns,nst,nt->n", by_eta, covariance, by_eta)
    if everything and by_psi.shape[1]:
        m = slopes.shape[2] - by_psi.shape[1]
        v = errors.covariance
        own = np.einsum("ns,nsp->np", by_eta, slopes)
        variance += np.einsum("np,pq,nq->n", by_psi, v[m:, m:], by_psi)
        variance += 2 * np.einsum("np,pq,nq->n", own, v[:, m:], by_psi)
    se = np.sqrt(np.maximum(variance, 0.0))
    low = high = None
    if options.interval is not None:
        half = wald.quantile((1 + options.level) / 2, inf) * se
        low, high = _limits(fit, value, half, type_)
    form = Form(type_ != "link", options.se_fit, options.interval, options.level)
    return form.columns(value, se, low, high)


def derivatives(fit: ComponentsFit, rows: ComponentRows, type_: str) -> tuple[Matrix, Matrix]:
    """Derivatives of a quantity in the linear predictors of its row and in psi, by central differences."""

    def at(etas: list[Vector], psi: Vector) -> Vector:
        return quantity(fit.family, etas, rows.weights, psi, type_)

    etas = rows.etas
    by_eta = np.empty((len(rows), len(etas)))
    for r in range(len(etas)):
        sides = [at([eta + step * (s == r) for s, eta in enumerate(etas)], fit.psi) for step in (STEP, -STEP)]
        by_eta[:, r] = (sides[0] - sides[1]) / (2 * STEP)
    by_psi = np.empty((len(rows), len(fit.psi)))
    for j in range(len(fit.psi)):
        steps = [fit.psi + step * (np.arange(len(fit.psi)) == j) for step in (STEP, -STEP)]
        by_psi[:, j] = (at(etas, steps[0]) - at(etas, steps[1])) / (2 * STEP)
    return by_eta, by_psi


def _limits(fit: ComponentsFit, value: Vector, half: Vector, type_: str) -> tuple[Vector, Vector]:
    """Limits of a quantity whose error has the half-width `half`, on a scale where they stay in its range."""
    if type_ in ("link", "zlink"):
        return value - half, value + half
    if type_ in ("zprob", "zero_probability") or (type_ != "disp" and fit.family.in_unit_interval):
        with np.errstate(divide="ignore", invalid="ignore"):
            at, wide = SHARE.psi(value), half / SHARE.slope(value)
        return SHARE.value(at - wide), SHARE.value(at + wide)
    if type_ == "disp" or fit.family.support != "real":
        factor = np.exp(half / value)
        return value / factor, value * factor
    return value - half, value + half


def component_predictors(model: FittedModel) -> ComponentPredictors:
    """Errors of the linear predictors of a fit."""
    model._need_rows("standard errors of predictions")
    return model._once("component_errors", lambda: ComponentPredictors(model.design, model._fit))


def predicted_components(
    model: FittedModel, newdata: Any, options: Options, type_: str, weights: Any = None, offset: Any = None
) -> Any:
    """The return value of the verb `predict` of a model of several components."""
    rows, table = rows_of(model, newdata, options, weights, offset)
    rest = None if table is not None else _weightless(model, options)
    if options.certain:
        value = component_values(model._fit, rows, type_)
        if table is not None:
            return predictions(value, table.kind, table.index)
        return model._rows.predictions(value, None if rest is None else component_values(model._fit, rest, type_))
    columns = uncertain_components(model, rows, options, type_)
    if table is not None:
        return frame.to_kind(columns, table.kind, table.index)
    return model._rows.table(columns, None if rest is None else uncertain_components(model, rest, options, type_))


def population_means(model: FittedModel) -> tuple[Vector, Vector | None]:
    """Means of the rows of the fit with random effects of 0 in all components, and those of the rows of weight 0."""
    options = Options(
        kind=None,
        re_form="~0",
        type="response",
        se_fit=False,
        interval=None,
        level=0.95,
        method="delta",
        uncertainty="all",
        nsim=None,
        seed=None,
        allow_new_levels=False,
        ddf=None,
        progress=None,
    )
    rows, _ = rows_of(model, None, options)
    rest = _weightless(model, options)
    own = component_values(model._fit, rows, "response")
    return own, None if rest is None else component_values(model._fit, rest, "response")


def _weightless(model: FittedModel, options: Options) -> ComponentRows | None:
    """The rows of weight 0, which get predictions as all others."""
    rest = model.design.weightless
    return None if rest is None else _rows_of_fit(model._fit, rest, options, None)
