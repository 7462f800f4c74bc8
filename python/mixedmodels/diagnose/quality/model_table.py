"""Several models in one table: the rows of each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mixedmodels.diagnose.quality.model_table_record import ModelTable
from mixedmodels.diagnose.quality.r2_of_model import r2
from mixedmodels.diagnose.quality.records import R2
from mixedmodels.errors import DataError, MixedModelsError
from mixedmodels.estimates import wald
from mixedmodels.estimates.coefficients import Coefficients, Ddf
from mixedmodels.fitted.labels import covariance_columns
from mixedmodels.fitted.model import FittedModel
from mixedmodels.fitted.varcorr import varcorr
from mixedmodels.tables.caller_names import caller_names

COLUMNS = ("model", "part", "term", "estimate", "std_error", "conf_low", "conf_high", "p_value")


def model_table(
    *models: FittedModel,
    names: Sequence[str] | None = None,
    terms: Sequence[str] | None = None,
    exp: bool = False,
    level: float = 0.95,
    ddf: Ddf = None,
) -> ModelTable:
    """Models side by side, as a paper shows them: estimates, intervals, p-values, variances, R2.

    Parameters
    ----------
    *models : fitted models
        One or more fitted models, of any class.
    names : sequence of str, optional
        Names of the models; by default those of the variables that hold them.
    terms : sequence of str, optional
        Coefficients to show, in this order; None for all.
    exp : bool, default False
        Whether to exponentiate estimates and limits of generalised models, which makes odds ratios of a logistic and
        ratios of means of a log link; their standard errors become those of the ratios (delta method).
    level : float, default 0.95
        Confidence level of the intervals.
    ddf : str or Coefficients, optional
        Degrees of freedom of linear mixed models: "Satterthwaite", "Kenward-Roger" or "normal"; None for each model's
        own `ddf`, which other models always have.

    Returns
    -------
    ModelTable
        Prints as text; `to_frame()`, `to_html(path)`, `to_markdown()`.

    Raises
    ------
    DataError
        Without a model, with names that do not go with the models, or a term that no model has.

    Examples
    --------
    >>> print(mm.model_table(lin, fit, terms=["Days"]))
                                                 lin                                fit
                                   Estimate          95% CI       p   Estimate          95% CI       p
    Fixed effects
    Days                              10.47  [8.024, 12.91]  <0.001      10.47  [7.206, 13.73]  <0.001
    ...
    """
    if not models or not all(isinstance(m, FittedModel) for m in models):
        wrong = next((type(m).__name__ for m in models if not isinstance(m, FittedModel)), "nothing")
        raise DataError(f"model_table() takes fitted models, as lmer() and glm() return them; got {wrong}.")
    wald.check_level(level)
    if exp and not any(m._fit.generalized for m in models):
        raise DataError("exp=True is for generalised models, and all of these are linear.")
    called = tuple(caller_names(models)) if names is None else tuple(map(str, names))
    if len(called) != len(models) or len(set(called)) < len(called):
        raise DataError(f"names must be {len(models)} different texts, one for each model; got {list(called)}.")
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for name, model in zip(called, models, strict=True):
        rows = _fixed(model, terms, exp, level, ddf) + _random(model) + _whole(model)
        for row in rows:
            for key, value in zip(COLUMNS, (name, *row), strict=True):
                columns[key].append(value)
    if terms is not None:
        missing = [t for t in terms if t not in columns["term"]]
        if missing:
            raise DataError(f"no model has the coefficient {missing[0]!r}; they have {', '.join(_all_terms(models))}.")
    head = _heading(models, exp)
    return ModelTable(
        columns=columns,
        names=called,
        estimate=head,
        level=level,
        notes=_notes(dict(zip(called, models, strict=True)), exp, ddf),
        kind=models[0]._source.kind,
    )


Row = tuple[str, str, float, float, float, float, float]


def _fixed(model: FittedModel, terms: Sequence[str] | None, exp: bool, level: float, ddf: Ddf) -> list[Row]:
    tests = _tests(model, ddf)
    t_tests = tests.t_tests()
    limits = wald.intervals(t_tests.estimate, t_tests.std_error, level, t_tests.df)
    out = {}
    for i, term in enumerate(tests.names):
        estimate, error = float(t_tests.estimate[i]), float(t_tests.std_error[i])
        low, high = map(float, limits[i])
        if exp and model._fit.generalized:
            estimate, low, high = math.exp(estimate), math.exp(low), math.exp(high)
            error *= estimate
        out[term] = ("fixed", term, estimate, error, low, high, float(t_tests.p_value[i]))
    return list(out.values()) if terms is None else [out[t] for t in terms if t in out]


def _tests(model: FittedModel, ddf: Ddf) -> Coefficients:
    return model._coefficients(ddf if _is_lmer(model) else None)


def _random(model: FittedModel) -> list[Row]:
    """Standard deviations and correlations, and what the response has besides."""
    if model._fit.mixed:
        table = covariance_columns(varcorr(model.design, model._fit))
        return [_figure("random", t, v) for t, v in zip(table["term"], table["estimate"], strict=True)]
    return [] if model._fit.generalized else [_figure("random", "sigma", model.sigma)]


def _is_lmer(model: FittedModel) -> bool:
    return bool(model._fit.mixed and not model._fit.generalized)


def _whole(model: FittedModel) -> list[Row]:
    """Rows, levels, R2, ICC, likelihood; what a model does not have is left out."""
    rows = [_figure("fit", "observations", model.nobs)]
    rows += [_figure("fit", f"levels of {g}", n) for g, n in _levels(model).items()]
    rows.append(_figure("fit", "restricted log-likelihood" if model._fit.reml else "log-likelihood", model.loglik))
    rows.append(_figure("fit", "AIC", model.aic))
    for name, value in _r2_values(model):
        rows.append(_figure("fit", f"R2 {name.removeprefix('r2').replace('_', ' ').strip()}".strip(), value))
    return rows


def _r2_values(model: FittedModel) -> list[tuple[str, float]]:
    try:
        values = r2(model, None, (None, None, None), None, False)
        return list(values.to_dict().items()) if isinstance(values, R2) else []
    except MixedModelsError:  # such as no rows, or a family that has none
        return []


def _levels(model: FittedModel) -> dict[str, int]:
    return {g.name: g.n_levels for g in model.design.groups}


def _figure(part: str, term: str, value: float) -> Row:
    return (part, str(term), float(value), np.nan, np.nan, np.nan, np.nan)


def _all_terms(models: Sequence[FittedModel]) -> list[str]:
    return list(dict.fromkeys(name for m in models for name in m.fixef()))


def _heading(models: Sequence[FittedModel], exp: bool) -> str:
    return "exp(Est.)" if exp and all(m._fit.generalized for m in models) else "Estimate"


def _notes(models: Mapping[str, FittedModel], exp: bool, ddf: Ddf) -> tuple[str, ...]:
    footers = {name: _tests(m, ddf).footer for name, m in models.items() if _is_lmer(m)}
    if len(set(footers.values())) == 1:
        notes = list(next(iter(footers.values())))
    else:
        notes = [f"{name}: {line}" for name, lines in footers.items() for line in lines]
    if len(models) > 1 and any(m._fit.reml for m in models.values()):
        notes.append("AIC of REML fits compares models with the same fixed effects only.")
    if exp:
        notes.append("Coefficients of generalised models are exponentiated.")
    return tuple(notes)
