"""R2 of a model by a chosen method."""

from __future__ import annotations

from math import isfinite, log
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels._spellings import recased
from mixedmodels._typing import Vector
from mixedmodels.diagnose.quality import determination, icc_of_model
from mixedmodels.diagnose.quality.null_models import null_fit, variance_parts
from mixedmodels.diagnose.quality.records import R2
from mixedmodels.errors import DataError
from mixedmodels.fit import family_moments
from mixedmodels.fit.any_fit import AnyFit
from mixedmodels.fit.likelihood import loglik, ml_deviance, n_observations
from mixedmodels.fit.record import GlmFit, GlmmFit, LinearFit
from mixedmodels.tables.result_table import ResultTable

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel

METHODS = ("nakagawa", "ols", "tjur", "lr", "cox_snell", "nagelkerke", "mcfadden")
TITLES = {
    "nakagawa": "R2 by Nakagawa, Johnson and Schielzeth (2017)",
    "ols": "R2",
    "tjur": "R2 by Tjur (2009), the coefficient of discrimination",
    "lr": "R2 by likelihood ratio (Magee, 1990)",
    "cox_snell": "R2 by Cox and Snell",
    "nagelkerke": "R2 by Nagelkerke (1991)",
    "mcfadden": "R2 by McFadden (1974)",
}


def r2(
    model: FittedModel,
    method: str | None,
    choices: icc_of_model.Choices,
    ci: tuple[float, int, Any] | None = None,
    keep_random: bool = False,
) -> R2:
    """See `QualityVerbs.r2`."""
    chosen = _checked(model, method)
    values, footer = _figures(model, chosen, choices, keep_random)
    columns: dict[str, Any] = {"r2": np.array(list(values.values()))}
    seed = None
    if ci is not None:
        level, nsim, seed = ci

        def statistic(m: Any) -> dict[str, float]:
            return _figures(m, chosen, choices, keep_random)[0]

        drawn = icc_of_model.bootstrapped(model, statistic, level, nsim, seed)
        limits, seed, more = icc_of_model.limits_of(drawn), drawn.seed, "; ".join(drawn.footer)
        columns |= {"conf_low": limits[:, 0], "conf_high": limits[:, 1]}
        footer = [*footer, f"{level:.4g} confidence, bootstrap percentile intervals: {more}."]
    table = ResultTable(
        columns=columns,
        names=tuple(values),
        row_column="figure",
        headers={"r2": "R2", "conf_low": "lower", "conf_high": "upper"},
        heading=(TITLES[chosen], "", "Model:", model.formula),
        footer=tuple(footer),
        kind=model._source.kind,
        missing="NA",
        seed=seed,
    )
    return R2(values, table, chosen)


def r2_by_level(model: FittedModel, choices: icc_of_model.Choices) -> ResultTable:
    """See `QualityVerbs.r2`, by_group."""
    if not model._fit.mixed:
        raise DataError(f"r2(by_group=True) is about groups, and {model.formula!r} has no random effects.")
    of = variance_parts(model, *choices)
    null = variance_parts(_null_model(model), *choices)
    values = determination.by_level(of, null)
    footer = [
        (
            "1 - variance / variance in the null model (an intercept and the same random effects); negative where "
            "predictors make a variance larger."
        ),
        *icc_of_model.notes(model, of),
    ]
    return ResultTable(
        columns={"r2": np.array(list(values.values()))},
        names=tuple(values),
        row_column="level",
        headers={"r2": "R2"},
        heading=("R2 by level", "", "Model:", model.formula),
        footer=tuple(footer),
        kind=model._source.kind,
        missing="NA",
    )


def _null_model(model: FittedModel) -> FittedModel:
    from mixedmodels.diagnose.quality.null_models import null_design

    fit: Any = null_fit(model)
    if fit is model._fit:
        return model
    return type(model)(fit, null_design(model.design), model._source, model._request)


def _checked(model: FittedModel, method: str | None) -> str:
    fit = model._fit
    mixed = fit.mixed
    if method is None:
        return "nakagawa" if mixed else _of_fixed(fit)
    method = recased(method, METHODS)
    if method not in METHODS:
        raise DataError(f"method is {method!r}; r2() has {', '.join(map(repr, METHODS))}.")
    if method == "ols" and (fit.mixed or fit.family.engine_name != "gaussian"):
        raise DataError("method='ols' is for linear models; see 'nakagawa' (mixed models) or 'lr' (all).")
    proportion = fit.generalized and fit.family.support == "proportion"
    if method == "tjur" and not proportion:
        raise DataError(f"method='tjur' is for binomial models, and this one is {model.family}.")
    if method == "nagelkerke" and (
        not fit.generalized or fit.family.weights_role == "precision" or not fit.family.has_deviance
    ):
        raise DataError(
            "method='nagelkerke' divides by the R2 of a model that fits every row exactly, whose likelihood has no "
            f"bound, or is not known, for {model.family}; use method='lr'."
        )
    return method


def _of_fixed(fit: LinearFit | GlmFit) -> str:
    """The default of a model without random effects, as in R's performance where that is sound."""
    if not fit.generalized or fit.family.engine_name == "gaussian":
        return "ols"
    if fit.family.weights_role == "precision" or not fit.family.least_squares:
        return "lr"
    binary = fit.family.support == "proportion" and (fit.weights is None or bool(np.all(fit.weights == 1)))
    return "tjur" if binary and fit.family.link == "logit" else "nagelkerke"


def _figures(
    model: FittedModel, method: str, choices: icc_of_model.Choices, keep_random: bool
) -> tuple[dict[str, float], list[str]]:
    """The figures, and notes about them."""
    fit = model._fit
    if method == "nakagawa":
        of = variance_parts(model, *choices)
        return determination.nakagawa(of), icc_of_model.notes(model, of)
    if method == "ols":
        return _ols(model), []
    model._need_rows("r2()")
    if method == "tjur":
        k, m = _counts(fit)
        condition = "given the random effects" if fit.mixed else ""
        note = [
            "Mean fitted probability of successes less that of failures" + (f", {condition}." if condition else ".")
        ]
        return {"tjur": determination.tjur(k, m - k, family_moments.mean(fit.family, fit.eta))}, note
    null = null_fit(model, random=keep_random, reml=False)
    return _by_likelihood(model, null, method, keep_random)


def _by_likelihood(
    model: FittedModel, null: AnyFit, method: str, keep_random: bool
) -> tuple[dict[str, float], list[str]]:
    fit = model._fit
    own, base = _loglik(fit), _loglik(null)
    n = n_observations(fit)
    if fit.generalized and fit.family.support == "proportion":
        # Counted trial by trial, so that rows with the same predictors can be merged or not.
        k, m = _counts(fit)
        constant = _log_choose(k, m)
        own, base, n = own - constant, base - constant, round(m.sum())
    footer = [
        (
            f"Null model: an intercept{' and the same random effects' if keep_random and model.design.random else ''}; "
            f"log-likelihoods {own:.4f} and {base:.4f}, n = {n}."
        )
    ]
    if method == "mcfadden":
        return determination.mcfadden(own, base, len(fit.kept)), footer
    if method == "nagelkerke":
        return {"nagelkerke": determination.nagelkerke(own, base, 2 * (_saturated(fit) - base), n)}, footer
    values = determination.likelihood_ratio(own, base, n)
    if method == "cox_snell":
        return {"cox_snell": values["lr"]}, footer
    if not isfinite(values["lr_adjusted"]):
        values.pop("lr_adjusted")
    return values, footer


def _ols(model: FittedModel) -> dict[str, float]:
    if not model._fit.generalized:
        return {"r2": model.rsquared, "r2_adjusted": model.rsquared_adj}  # type: ignore[attr-defined]
    fit: GlmFit = model._fit
    model._need_rows("r2()")
    value = determination.of_predictions(fit.y, np.asarray(fit.family.mean(fit.eta)), fit.weights)
    return {"r2": value, "r2_adjusted": 1 - (1 - value) * fit.df_null / fit.df_resid if fit.df_resid else np.nan}


def _loglik(fit: AnyFit) -> float:
    """The log-likelihood, of a REML fit at its theta, as R's ``logLik(REML = FALSE)``."""
    return -ml_deviance(fit) / 2 if fit.mixed and not fit.generalized else loglik(fit)


def _saturated(fit: GlmFit | GlmmFit) -> float:
    """Log-likelihood of a model that fits every row (of a proportion, every trial) exactly."""
    if fit.family.support == "proportion":
        return 0.0
    mu = family_moments.mean(fit.family, fit.eta)
    density = fit.family.log_density(fit.y, fit.weights, fit.eta, fit.psi)
    deviance = family_moments.unit_deviance(fit.family, fit.y, mu, fit.psi)
    w = np.ones(len(fit.y)) if fit.weights is None else fit.weights
    return float(np.sum(density) + w @ deviance / 2)


def _counts(fit: GlmFit | GlmmFit) -> tuple[Vector, Vector]:
    """Successes and trials of each row."""
    m = np.ones(len(fit.y)) if fit.weights is None else fit.weights
    return fit.y * m, m


def _log_choose(k: Vector, m: Vector) -> float:
    from scipy.special import gammaln

    if log(max(float(m.max()), 1.0)) == 0:
        return 0.0
    return float(np.sum(gammaln(m + 1) - gammaln(k + 1) - gammaln(m - k + 1)))


def by_approximation(model: FittedModel, mean: str | None, per: str | None) -> ResultTable:
    """Nakagawa's R2 by every approximation of a family's variance, a row each."""
    from mixedmodels.estimates.distribution_variance import approximations

    fit = model._fit
    choices = (None,) if not fit.generalized else approximations(fit.family)
    figures = [determination.nakagawa(variance_parts(model, choice, mean, per)) for choice in choices]
    marginal = np.array([f["marginal"] for f in figures])
    return ResultTable(
        columns={"r2m": marginal, "r2c": np.array([f.get("conditional", f["marginal"]) for f in figures])},
        names=tuple(choice or "sigma^2" for choice in choices),
        row_column="approximation",
        headers={"r2m": "R2m", "r2c": "R2c"},
        kind=model._source.kind,
        digits=7,
    )
