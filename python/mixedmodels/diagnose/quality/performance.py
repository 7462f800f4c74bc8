"""Measures of a model's performance in one row, and of several models in one table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels.diagnose.quality import intraclass, scores
from mixedmodels.diagnose.quality.null_models import variance_parts
from mixedmodels.diagnose.quality.r2_of_model import r2
from mixedmodels.errors import DataError
from mixedmodels.fit import family_moments
from mixedmodels.fit.likelihood import loglik, n_observations, n_parameters, reml_criterion
from mixedmodels.fit.record import GlmFit, GlmmFit
from mixedmodels.fitted.refits import by_maximum_likelihood
from mixedmodels.inference.comparison.comparable import check_comparable
from mixedmodels.inference.comparison.lrt import restricted_loglik
from mixedmodels.tables.result_table import ResultTable

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel

HEADERS = {
    "aic": "AIC",
    "aicc": "AICc",
    "bic": "BIC",
    "r2": "R2",
    "r2_adjusted": "R2 (adj.)",
    "r2_conditional": "R2 (cond.)",
    "r2_marginal": "R2 (marg.)",
    "icc": "ICC",
    "rmse": "RMSE",
    "sigma": "Sigma",
    "log_loss": "Log loss",
    "score_log": "Log score",
    "aic_weight": "AIC weight",
    "aicc_weight": "AICc weight",
    "bic_weight": "BIC weight",
    "score": "Score",
}


def performance(model: FittedModel, estimator: str | None) -> ResultTable:
    """See `QualityVerbs.performance`."""
    row = _row(model, estimator)
    columns: dict[str, Any] = {name: np.array([value]) for name, value in row.items()}
    return ResultTable(
        columns=columns,
        names=("",),
        row_column="model",
        headers=_headers(columns),
        heading=("Performance of", model.formula),
        kind=model._source.kind,
    )


def compared(models: Sequence[FittedModel], names: Sequence[str], rank: bool, estimator: str | None) -> ResultTable:
    """See `mixedmodels.r.compare_performance`."""
    check_comparable(models, names, refit=estimator != "REML")
    rows = [_row(m, estimator) for m in models]
    measures = [name for name in HEADERS if any(name in row for row in rows)]
    measures += [name for row in rows for name in row if name not in measures]
    columns: dict[str, Any] = {}
    for name in dict.fromkeys(measures):
        columns[name] = np.array([row.get(name, math.nan) for row in rows])
        if name in scores.RAW:
            columns[f"{name}_weight"] = scores.weights_of(columns[name])
    if rank:
        columns["score"] = scores.ranks(columns)
        order = np.argsort(-columns["score"], kind="stable")
        columns = {name: values[order] for name, values in columns.items()}
        names = [names[i] for i in order]
    return ResultTable(
        columns=columns,
        names=tuple(names),
        row_column="model",
        headers=_headers(columns),
        heading=("Comparison of performance",),
        footer=("Score: mean place between the worst (0) and the best model (1).",) if rank else (),
        kind=models[0]._source.kind,
        missing="NA",
    )


def _headers(columns: dict[str, Any]) -> dict[str, str]:
    return {name: HEADERS.get(name, f"R2 ({name})") for name in columns}


def _row(model: FittedModel, estimator: str | None) -> dict[str, float]:
    model._need_rows("performance()")
    fit = model._fit
    value, npar, n = _likelihood(model, estimator)
    out = {"aic": -2 * value + 2 * npar, "aicc": scores.aicc(value, npar, n), "bic": -2 * value + math.log(n) * npar}
    shares = r2(model, None, (None, None, None))
    mixed = fit.mixed
    for name, share in shares.items():
        out[f"r2_{name}" if mixed else name] = share
    if mixed:
        out["icc"] = intraclass.icc(variance_parts(model, None, None, None))["adjusted"]
    residual = model._response() - model._fitted()
    out["rmse"] = float(np.sqrt(np.mean(residual**2)))
    out["sigma"] = model.sigma
    if fit.generalized:
        out |= _predictive(fit)
    return out


def _predictive(fit: GlmFit | GlmmFit) -> dict[str, float]:
    """Log loss of a proportion's trials, log score (mean log-probability given the modes) of counts."""
    weights = np.ones(len(fit.y)) if fit.weights is None else fit.weights
    if fit.family.support == "proportion":
        mu = family_moments.mean(fit.family, fit.eta)
        return {"log_loss": scores.log_loss(fit.y * weights, weights, mu)}
    if fit.family.support != "counts":
        return {}
    if fit.mixed and fit.n_further:  # of zero inflation or the dispersion
        ones = np.ones(len(fit.y))
        density = np.asarray(fit.family.handle.log_density(fit.y, ones, fit.etas, fit.psi.tolist()))
    else:
        density = fit.family.log_density(fit.y, None, fit.eta, family_moments.shapes_of(fit))
    return {"score_log": float(np.average(density, weights=weights))}


def _likelihood(model: FittedModel, estimator: str | None) -> tuple[float, int, int]:
    """Log-likelihood, parameters, observations; of linear models by the chosen estimator."""
    fit = model._fit
    if estimator not in (None, "ML", "REML"):
        raise DataError(f"estimator is {estimator!r}; it can be 'ML' or 'REML', None for the fit's own.")
    npar, n = n_parameters(fit), n_observations(fit)
    if estimator == "REML" and not fit.generalized and not fit.mixed:
        return restricted_loglik(fit), npar, n
    if estimator == "REML" and not fit.generalized and fit.kept:
        return -reml_criterion(fit) / 2, npar, n
    if estimator == "ML":
        return loglik(by_maximum_likelihood(model)), npar, n
    return loglik(fit), npar, n
