"""Adjusted predictions of a model: terms to a grid, the grid to predictions, these to a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mixedmodels import frame
from mixedmodels._spellings import recased
from mixedmodels.effects.adjusted.averages import averaged
from mixedmodels.effects.adjusted.from_model import (
    TYPES,
    array_offset,
    axis_of,
    back_and_notes,
    basis_for,
    bends,
    conditional_notes,
    mean_offset,
    offset_names,
    population,
    title_of,
    variables_for,
    wants_all,
)
from mixedmodels.effects.adjusted.grid import Grid, lay_out_grid, make_grid
from mixedmodels.effects.adjusted.predictions import (
    Predicted,
    Scale,
    added_variance,
    default_variance,
    df_of_interval,
    predict_layout,
    predict_rows,
)
from mixedmodels.effects.adjusted.record import AdjustedPredictions
from mixedmodels.effects.adjusted.simulated import simulated
from mixedmodels.effects.adjusted.terms import Sample, Term, parse_terms
from mixedmodels.effects.adjusted.variables import Variables
from mixedmodels.errors import DataError
from mixedmodels.estimates.linear_functions import Basis
from mixedmodels.fit.re_form import chosen_effects
from mixedmodels.fit.seeds import drawn_seed, generator
from mixedmodels.fit.simulated_responses import simulate_fit
from mixedmodels.inference.emmeans.marginal_means import marginal_means
from mixedmodels.predict.point import prediction_errors
from mixedmodels.predict.variances import LinearMixedErrors

MARGINS = ("mean_reference", "mean_mode", "marginalmeans", "proportional", "empirical")
WEIGHTS = {"marginalmeans": "equal", "proportional": "outer"}


@dataclass(frozen=True, kw_only=True)
class PredictionRequest:
    """Arguments of `ggpredict` as they were given; see there."""

    terms: Any
    type: str = "fixed"
    condition: Any = None
    typical: Any = "mean"
    interval: str | None = None
    level: float = 0.95
    ddf: Any = None
    back_transform: bool = True
    bias_correction: bool = False
    margin: str = "mean_reference"
    scale: str = "response"
    variance: Any = None
    nsim: int = 1000
    seed: Any = None


def adjusted_predictions(model: Any, request: PredictionRequest) -> AdjustedPredictions:
    """The predictions that are requested."""
    request = _checked(model, request)
    terms = parse_terms(request.terms)
    request = replace(request, seed=_seed(request, terms))
    variables = variables_for(model)
    if request.margin == "proportional":  # as in R's effects, where means of numbers are never weighted
        variables = replace(variables, weights=None)
    grid = make_grid(
        variables,
        terms,
        condition=request.condition,
        typical=None if request.margin == "empirical" else "mode" if request.margin == "mean_mode" else request.typical,
        smooth=bends(model) and not model._fit.mixed and not wants_all(terms),
        rng=generator(request.seed),
    )
    if request.type.startswith("simulate"):
        return _simulated(model, request, variables, grid, terms)
    _check_average(model, request)
    basis, method, more = basis_for(model, request.ddf)
    more = (*more, *conditional_notes(model, request.scale))
    back, notes = back_and_notes(model, request.scale, request.back_transform)
    add = request.variance or default_variance(model._fit) if request.interval == "prediction" else None
    scale = Scale(back, request.level, add, request.bias_correction)
    random = request.type == "random"
    errors = _errors(model) if method in ("Satterthwaite", "Kenward-Roger") else None
    if request.margin == "empirical":
        predicted = averaged(
            model._fit, basis, variables, grid, random=random, level=request.level, back=back,
            offset=array_offset(model, variables),
        )  # fmt: skip
        left: tuple[str, ...] = ()
    elif request.margin in WEIGHTS:
        predicted, grid = _marginal(model, basis, request, variables, grid, scale, errors)
        left = ()
    else:
        grid, layout, left = lay_out_grid(variables, grid, terms, mean_offset(model, variables))
        predicted = predict_layout(model._fit, basis, layout, scale, random, errors)
    lost = int(np.isnan(predicted.predicted).sum())
    if lost:
        why = "the data do not determine them, or the formula has no value there"
        left = (*left, f"{lost} of {len(grid)} predictions are missing: {why}.")
    return AdjustedPredictions(
        terms=grid.terms,
        levels=grid.levels,
        labels=grid.labels,
        constants=grid.constants,
        population=() if request.margin == "empirical" and random else population(variables, grid),
        predicted=predicted.predicted,
        std_error=predicted.std_error,
        df=predicted.df,
        conf_low=predicted.conf_low,
        conf_high=predicted.conf_high,
        gradient=predicted.gradient,
        coefficients=basis.coefficients,
        title=title_of(model, request.scale),
        axis=axis_of(model, request.scale),
        eta=None if request.margin == "empirical" else predicted.eta,
        scale=request.scale,
        interval=request.interval or "confidence",
        included=predicted.included,
        margin=request.margin,
        random=random,
        level=request.level,
        notes=(*notes, *left, *more),
        kind=model._source.kind,
        method=method,
        seed=request.seed,
    )


def _check_average(model: Any, request: PredictionRequest) -> None:
    """Refuse an average of means that are none of the response."""
    if request.margin == "empirical" and request.scale == "response" and conditional_notes(model, "response"):
        raise DataError(
            "ggaverage() averages the inverse link of one linear predictor, which is not the mean of "
            f"{model.design.response_name!r} here; take avg_predictions(variables=..., re_form='~0'), which has the "
            "mean over all components."
        )


def _errors(model: Any) -> LinearMixedErrors:
    errors = prediction_errors(model)
    assert isinstance(errors, LinearMixedErrors)
    return errors


SCALES = ("response", "link")


def _checked(model: Any, request: PredictionRequest) -> PredictionRequest:
    """The request by the full names of its choices; refused where they do not go together."""
    request = replace(request, type=recased(request.type, [*TYPES, *SCALES]))
    if request.type in SCALES:  # what `type` is in `predict`
        request = replace(request, type="fixed", scale=request.type)
    if request.type not in TYPES:
        raise DataError(
            f"type is {request.type!r}; it is one of {', '.join(map(repr, dict.fromkeys(TYPES.values())))}."
        )
    type_name = TYPES[request.type]
    if request.margin not in MARGINS:
        raise DataError(f"margin is {request.margin!r}; it is one of {', '.join(map(repr, MARGINS))}.")
    mixed = model._fit.mixed
    if type_name == "random" and not mixed:
        raise DataError("type='random' is for mixed models; this one has no random effects: take type='fixed'.")
    if request.margin != "mean_reference" and type_name.startswith("simulate"):
        raise DataError(f"type={type_name!r} averages simulated rows of the data; it goes with no other margin.")
    interval = request.interval
    if interval not in (None, "confidence", "prediction"):
        raise DataError(f"interval must be 'confidence' or 'prediction', not {interval!r}.")
    interval = interval or ("prediction" if type_name == "random" and request.margin != "empirical" else "confidence")
    if interval == "prediction" and request.margin == "empirical":
        raise DataError("an average over rows is no new observation; it has interval='confidence' only.")
    if request.variance is not None and interval != "prediction":
        raise DataError("variance= says what a prediction interval adds; ask for interval='prediction'.")
    if request.bias_correction and request.margin in (*WEIGHTS, "empirical"):
        raise DataError(f"bias_correction goes with predictions at typical values, not with margin={request.margin!r}.")
    if request.bias_correction and back_and_notes(model, request.scale, request.back_transform)[0] is None:
        raise DataError("bias_correction is for predictions that come back from a link or a transformed response.")
    if request.bias_correction and not mixed and model.family.link != "identity":
        raise DataError(
            "bias_correction of a generalised linear model has nothing to correct for: no random effects vary around "
            "its linear predictor."
        )
    return replace(request, type=type_name, interval=interval)


def _marginal(
    model: Any,
    basis: Basis,
    request: PredictionRequest,
    variables: Variables,
    grid: Grid,
    scale: Scale,
    errors: LinearMixedErrors | None,
) -> tuple[Predicted, Grid]:
    """Estimated marginal means at the focal values, the rest of the factors averaged over."""
    fixed = [n for n in variables.fixed if n not in offset_names(model)]
    outside = next((n for n in grid.terms if n not in fixed), None)
    if outside is not None:
        raise DataError(
            f"{outside!r} is not among the fixed effects, so that it has no marginal means; take ggpredict()."
        )
    condition = request.condition or {}
    held = {n: v for n, v in grid.constants.items() if n in fixed and (variables.is_number(n) or n in condition)}
    beside = {
        n: v for n, v in grid.constants.items() if n in condition and n in (*offset_names(model), *variables.offset)
    }
    at = {n: list(grid.levels[n]) for n in grid.terms} | {n: [v] for n, v in (held | beside).items()}
    cells = model.ref_grid(at, nesting={}, ddf="normal" if model._fit.mixed else None)
    means = marginal_means(cells.functions, grid.terms, WEIGHTS[request.margin]).functions
    place = {key: i for i, key in enumerate(zip(*(means.labels[n] for n in grid.terms), strict=True))}
    order = [place[key] for key in zip(*(grid.labels[n] for n in grid.terms), strict=True)]
    rows = means.rows[order]
    offset = None if means.offset is None else means.offset[order]
    extra, included, df = np.zeros(1), tuple[str, ...](), None
    if scale.add is not None:
        _, layout, _ = lay_out_grid(variables, grid, (), mean_offset(model, variables))
        extra, included = added_variance(model._fit, layout, scale.add, random=False)
        df = df_of_interval(errors, basis, rows, layout, scale, random=False)
    constants = dict(held)
    if offset is not None:
        constants["offset"] = float(offset[0])
    predicted = predict_rows(basis, rows, offset, scale, 0.0, extra, included, df=df)
    return predicted, replace(grid, constants=constants)


def _simulated(
    model: Any, request: PredictionRequest, variables: Variables, grid: Grid, terms: tuple[Term, ...]
) -> AdjustedPredictions:
    model._need_rows("simulated predictions")
    if model.family.support == "proportion":
        raise DataError("quantiles of simulated proportions say little; take type='fixed' or type='random'.")
    if request.condition:
        raise DataError("simulated predictions are those of the rows of the data; condition= cannot hold a variable.")
    levels = {t.name: grid.levels[t.name] if t.wanted is not None else tuple(variables.levels(t.name)) for t in terms}
    labels, columns = simulated(variables, grid.terms, levels, _draws(model, request), request.level)
    r = len(columns["predicted"])
    return AdjustedPredictions(
        terms=grid.terms,
        levels=levels,
        labels=labels,
        constants={},
        population=(),
        predicted=columns["predicted"],
        std_error=columns["std_error"],
        df=np.full(r, np.nan),
        conf_low=columns["conf_low"],
        conf_high=columns["conf_high"],
        gradient=None,
        coefficients=None,
        title=title_of(model, "response"),
        axis=axis_of(model, "response"),
        interval="prediction",
        random=True,
        level=request.level,
        notes=(f"Means of {request.nsim} simulated responses of the rows with these values.",),
        kind=model._source.kind,
        seed=request.seed,
    )


def _seed(request: PredictionRequest, terms: Sequence[Term]) -> Any:
    """The seed of what is drawn; None where nothing is."""
    draws = request.type.startswith("simulate") or any(isinstance(term.wanted, Sample) for term in terms)
    return drawn_seed(request.seed) if draws else None


def _draws(model: Any, request: PredictionRequest) -> Any:
    """Simulated responses, shape (n, nsim), given the modes or with new random effects."""
    if model._fit.mixed:
        chosen = chosen_effects(model.design, None if request.type == "simulate" else "~0")
        return simulate_fit(model.design, model._fit, request.nsim, generator(request.seed), chosen)
    table = frame.read(model.simulate(request.nsim, request.seed))
    return np.column_stack([getattr(table.column(name), "values") for name in table.names])  # noqa: B009
