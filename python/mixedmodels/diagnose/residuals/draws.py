"""Responses drawn from a model for simulated residuals, its predictions, and refits to each response."""

from __future__ import annotations

import warnings
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.diagnose.residuals.dispersion import PearsonSum
from mixedmodels.diagnose.residuals.pit import BLOCK, Method
from mixedmodels.diagnose.residuals.record import SimulatedResiduals
from mixedmodels.diagnose.residuals.simulated import FEWEST, Refits, scaled
from mixedmodels.errors import DataError, MixedModelsWarning
from mixedmodels.fit.components.moments import quantity
from mixedmodels.fit.components.record import ComponentsFit
from mixedmodels.fit.many_responses.other_classes import start_of
from mixedmodels.fit.moments import fixed_part, predict_old
from mixedmodels.fit.progress import counted
from mixedmodels.fit.re_form import chosen_effects
from mixedmodels.fit.seeds import drawn_seed, generator
from mixedmodels.fit.simulated_responses import checked
from mixedmodels.fitted.labels import predictors
from mixedmodels.fitted.replicates import drawer
from mixedmodels.fitted.row_columns import row_column

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel


MANY_ROWS = 2  # to a level: where there are fewer, the random effects fit the rows too well


def simulated_residuals(
    model: FittedModel,
    nsim: int,
    seed: Any,
    re_form: Any,
    refit: bool,
    integer: bool | None,
    method: Method,
    rotation: Any,
    progress: bool | None,
) -> SimulatedResiduals:
    """See `ResidualVerbs.simulate_residuals`."""
    model._need_rows("simulate_residuals()")
    if checked(nsim) < 2:
        raise DataError(f"nsim is {nsim}; residuals need 2 or more simulations, and 250 are usual.")
    if refit and rotation is not None:
        raise DataError("rotation is for residuals of responses; it cannot be used with refit=True.")
    _check_rows(model)
    seed = drawn_seed(seed)
    rng = generator(seed)
    drawn = drawer(model, "parametric", re_form, rng)(nsim)
    failures: Counter[str] = Counter()
    refits = None
    if refit:
        method = "traditional"
        refits, kept, failures = _refitted(model, drawn, progress)
        drawn = drawn[kept]
    trials = _trials(model)
    numbers = scaled(
        _counts(model._response(), trials),
        _predicted(model) * trials,
        _row_by_row(drawn, trials),
        rng,
        integer=_is_integer(model) if integer is None else bool(integer),
        method=method,
        rotation=rotation,
        refits=refits,
    )
    return SimulatedResiduals(
        numbers=numbers,
        formula=model.formula,
        how=_in_words(model, re_form),
        seed=seed,
        rows=model._rows,
        kind=model._source.kind,
        find=partial(row_column, model),
        pearson=partial(pearson_sum, model),
        failures=dict(failures.most_common()),
        notes=_notes(model, re_form),
    )


def _check_rows(model: FittedModel) -> None:
    """Refuse models whose rows have no residuals; tell of weights that do not enter the draws."""
    fit, weights = model._fit, model._prior_weights()
    if fit.n < FEWEST:
        raise DataError(f"the model has {fit.n} rows; residuals need {FEWEST} or more.")
    if weights is None:
        return
    if bool((weights == 0).any()):
        raise DataError(
            f"{int((weights == 0).sum())} rows have weight 0, so they have no residuals; fit without them, by subset=."
        )
    if model.family.weights_role == "cases" and bool(np.ptp(weights) > 0 or weights[0] != 1):
        warnings.warn(
            f"prior weights of a {model.family.name} model multiply the log-likelihood of rows, from which no response "
            "can be drawn; responses are simulated as if all weights were 1.",
            MixedModelsWarning,
            stacklevel=5,  # the verb answers to other spellings by a frame of its own
        )


def _trials(model: FittedModel) -> Vector | float:
    """The factor that makes a response as the family sees it a count of successes."""
    weights = model._prior_weights()
    return weights if weights is not None and model.family.weights_role == "trials" else 1.0


def _row_by_row(drawn: Matrix, trials: Vector | float) -> Matrix:
    """Counts of simulations of shape (m, n), as an array of shape (n, m) made of few rows at a time."""
    m, n = drawn.shape
    out, rows = np.empty((n, m)), max(1, BLOCK // m)
    for at in range(0, n, rows):
        part = slice(at, at + rows)
        out[part] = _counts(drawn[:, part], trials if isinstance(trials, float) else trials[part]).T
    return out


def _counts(values: Matrix, trials: Vector | float) -> Matrix:
    if isinstance(trials, float):
        return values
    out: Matrix = np.round(values * trials, 6)  # shares of 3 trials, times 3, are whole numbers again
    return out


def _is_integer(model: FittedModel) -> bool:
    return model.family.is_count or model.family.support == "proportion"


def _predicted(model: FittedModel) -> Vector:
    """Mean without random effects, shape (n,)."""
    fit = model._fit
    if not fit.mixed:
        return model._fitted()
    if isinstance(fit, ComponentsFit):
        etas = [fixed_part(own, part.kept, part.beta, fit.n) for _, own, part in predictors(model.design, fit)]
        return quantity(fit.family, etas, fit.weights, fit.psi, "response")
    eta = predict_old(fit, model.design, chosen_effects(model.design, "~0"))
    return model._on_scale(eta, "response")


def _in_words(model: FittedModel, re_form: Any) -> str:
    if not model._fit.mixed:
        return "of the model"
    if re_form is None:
        return "given the random effects"
    if not any(c.any() for c in chosen_effects(model.design, re_form)):
        return "with the random effects drawn"
    return f"with the random effects {re_form} kept"


def _notes(model: FittedModel, re_form: Any) -> tuple[str, ...]:
    """Tell of random effects that are kept and have so many levels that they take the residuals with them."""
    design, out = model.design, []
    terms = [(own, term) for own in design.predictors for term in own.random]
    for (own, term), kept in zip(terms, chosen_effects(design, re_form), strict=True):
        levels = own.groups[term.group].n_levels
        if kept.any() and levels > model._fit.n / MANY_ROWS:
            out.append(
                f"({term.text}) has {levels} levels for {model._fit.n} rows; given its effects residuals are too near "
                "the middle. Draw them, by a re_form without this term."
            )
    return tuple(out)


def pearson_sum(model: FittedModel) -> PearsonSum:
    """Sum of squared Pearson residuals of a family without dispersion, and its degrees of freedom."""
    law = getattr(model.family, "base", model.family)  # whatever its weights are
    if law.weights_role == "precision":
        raise DataError(
            f"type='PearsonChisq' is for families without a dispersion parameter, and {model.family.name} has one, "
            "estimated from these residuals; use type='DHARMa'."
        )
    return PearsonSum(float(np.square(model._residuals("pearson")).sum()), model.df_resid)


def _refitted(model: Any, drawn: Matrix, progress: bool | None) -> tuple[Refits, list[int], Counter[str]]:
    """The model refitted to responses, shape (m, n); which of them could be fitted, and why others could not."""
    again: dict[str, Any] = {}
    if model._fit.mixed:
        again = {"start": start_of(model._fit) if model._fit.generalized else model._fit.theta}
    accounts: list[tuple[Vector, Vector, Vector]] = []
    kept: list[int] = []
    reasons: Counter[str] = Counter()
    with counted(len(drawn), "models", progress) as tell:
        try:
            for i, y in enumerate(drawn):
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore", MixedModelsWarning)
                        accounts.append(_account(model.refit(y, **again)))
                    kept.append(i)
                except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
                    reasons[" ".join(str(error).split())] += 1
                tell(i + 1)
        except KeyboardInterrupt:
            if len(kept) < 2:
                raise
    if len(kept) < 2:
        why = reasons.most_common(1)[0][0]
        raise DataError(f"the model could be refitted to {len(kept)} of {len(drawn)} simulations; most often: {why}")
    residuals, predicted, pearson = (np.column_stack(part) for part in zip(*accounts, strict=True))
    observed, _, observed_pearson = _account(model)
    return (
        Refits(
            observed=observed,
            residuals=residuals,
            predicted=predicted,
            observed_pearson=observed_pearson,
            pearson=pearson,
        ),
        kept,
        reasons,
    )


def _account(model: Any) -> tuple[Vector, Vector, Vector]:
    """Residuals of the response, means without random effects, Pearson residuals; shapes (n,)."""
    trials = _trials(model)
    r = (model._response() - model._fitted()) * trials
    return r, _predicted(model) * trials, model._residuals("pearson")
