"""Tidy tables of a model as columns by name, ready for the caller's library of tables."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np

from mixedmodels._typing import Matrix, Vector
from mixedmodels.design.records import Design
from mixedmodels.errors import DataError, MixedModelsError, MixedModelsWarning, users_line
from mixedmodels.estimates import wald
from mixedmodels.estimates.coefficients import Coefficients
from mixedmodels.estimates.response_scale import Ratio, ratio_of
from mixedmodels.families import Family
from mixedmodels.fit import likelihood
from mixedmodels.fit.any_fit import AnyFit, AnyPredictor
from mixedmodels.fit.goodness import Goodness
from mixedmodels.fit.record import GlmFit, GlmmFit, LinearFit, MixedFit
from mixedmodels.fitted.labels import coefficient_matrix, covariance_columns, kept_names, scattered
from mixedmodels.fitted.ranef import RanEf
from mixedmodels.fitted.varcorr import varcorr
from mixedmodels.formula.nodes import Node

Effects = Literal["fixed", "ran_pars", "ran_vals", "all"]
# All parameters of the model, as by default in broom.mixed. Conditional modes are predictions, and may be thousands.
ALL = ("fixed", "ran_pars")
Columns = dict[str, Any]
PARAMETER_COLUMNS = (
    "effect",
    "group",
    "level",
    "term",
    "estimate",
    "std_error",
    "statistic",
    "df",
    "p_value",
    "conf_low",
    "conf_high",
)


def fixed_columns(
    names: tuple[str, ...],
    estimate: Vector,
    std_error: Vector,
    *,
    statistic: Vector,
    p_value: Vector | None = None,
    limits: Matrix | None = None,
) -> Columns:
    """One row per coefficient."""
    out: Columns = {"term": list(names), "estimate": estimate, "std_error": std_error, "statistic": statistic}
    if p_value is not None:
        out["p_value"] = p_value
    if limits is not None:
        out["conf_low"], out["conf_high"] = limits[:, 0], limits[:, 1]
    return out


def stack(parts: Mapping[str, Columns]) -> Columns:
    """Parts under each other, named in a column `effect`; a column that a part lacks is missing there."""
    lengths = {effect: len(next(iter(columns.values()))) for effect, columns in parts.items()}
    present = [c for c in PARAMETER_COLUMNS if c != "effect" and any(c in columns for columns in parts.values())]
    out: Columns = {"effect": [effect for effect, n in lengths.items() for _ in range(n)]}
    for name in present:
        text = name in ("group", "level", "term")
        filler: Any = None if text else float("nan")
        values = [v for effect, n in lengths.items() for v in parts[effect].get(name, [filler] * n)]
        out[name] = values if text else np.array(values, dtype=float)
    return out


def tidy_mixed(
    design: Design,
    fit: AnyPredictor,
    effects: Sequence[str],
    level: float | None,
    ranef: Callable[[bool], RanEf],
    tested: Coefficients | None = None,
    ratio: Ratio | None = None,
    profiled: Mapping[str, tuple[float, float]] | None = None,
) -> Columns:
    """Rows of the requested parts; `level` adds Wald limits, `tested` gives the tests of the fixed effects.

    With `ratio` the fixed effects are ratios. `profiled` has the limits of standard deviations and correlations by
    name.
    """
    parts: dict[str, Columns] = {}
    if ratio is not None and "fixed" not in effects:
        raise DataError("exponentiate=True is for the fixed effects; add 'fixed' to effects, or leave it out.")
    for part in effects:
        if part == "fixed":
            names = kept_names(design, fit)
            columns = _wald_columns(names, fit, level) if tested is None else t_columns(tested, level)
            parts[part] = columns if ratio is None else exponentiated(columns, ratio)
        elif part == "ran_pars":
            columns = covariance_columns(varcorr(design, fit))
            if profiled is not None:
                limits = np.array([profiled.get(term, (math.nan, math.nan)) for term in columns["term"]]).reshape(-1, 2)
                columns["conf_low"], columns["conf_high"] = limits.T
            parts[part] = columns
        elif part == "ran_vals":
            columns = ranef(True).columns()
            if level is not None:
                limits = wald.intervals(np.array(columns["estimate"]), np.array(columns["std_error"]), level)
                columns["conf_low"], columns["conf_high"] = limits[:, 0], limits[:, 1]
            parts[part] = columns
        else:
            raise DataError(f"effects {part!r} is none of 'fixed', 'ran_pars', 'ran_vals', 'all'.")
    return stack(parts)


class HasIntervals(Protocol):
    """A model that has confidence intervals."""

    def confint(self, parm: Any, level: float) -> Any:
        """Profile limits."""


def profile_limits(model: HasIntervals, level: float) -> dict[str, tuple[float, float]]:
    """Profile limits of standard deviations and correlations by name, as they have no Wald limits.

    None, with a warning that says why, where there is no profile.
    """
    try:
        table = model.confint("theta_", level)
    except MixedModelsError as reason:
        message = f"standard deviations and correlations have no limits here, as there is no profile: {reason}"
        warnings.warn(message, MixedModelsWarning, stacklevel=users_line())
        return {}
    return dict(zip(table.names, zip(table["conf_low"], table["conf_high"], strict=True), strict=True))


def tidy_linear(
    design: Design,
    fit: LinearFit | GlmFit,
    level: float | None,
    tested: Coefficients | None = None,
    ratio: Ratio | None = None,
) -> Columns:
    """A row per coefficient, NaN where a column was dropped; `tested` gives covariance and degrees of freedom."""
    names = design.fixed.names
    columns = _wald_columns(names, fit, level, fit.wald_df) if tested is None else t_columns(tested, level)
    columns = columns if ratio is None else exponentiated(columns, ratio)
    return {k: list(names) if k == "term" else scattered(v, fit, len(names)) for k, v in columns.items()}


def wanted_parts(effects: str | Sequence[str]) -> tuple[str, ...]:
    """The parts of a table of parameters, each once, "all" spelt out."""
    asked = (effects,) if isinstance(effects, str) else tuple(effects)
    return tuple(dict.fromkeys(part for e in asked for part in (ALL if e == "all" else (e,))))


def ratio_or_error(family: Family, left: Node | None) -> Ratio:
    """The ratio that a model's coefficients are the logarithm of.

    Raises
    ------
    DataError
        If they are no logarithms.
    """
    ratio = ratio_of(family, left)
    if ratio is None:
        raise DataError(
            f"exponentiate=True makes ratios of logarithms, and coefficients on the {family.link} link are none; leave "
            "it out, or fit a log or logit link, or the response as log(y)."
        )
    return ratio


def exponentiated(columns: Columns, ratio: Ratio) -> Columns:
    """Coefficients and limits as ratios; statistics and p-values stay, as their hypothesis stays.

    Standard errors are by the delta method, as in broom.mixed; broom itself leaves those of a glm on the link's scale.
    """
    on_scale = ("estimate", "conf_low", "conf_high")
    with np.errstate(over="ignore"):  # a separated term may have an infinite limit
        out = {k: np.power(ratio.base, v) if k in on_scale else v for k, v in columns.items()}
    out["std_error"] = columns["std_error"] * math.log(ratio.base) * out["estimate"]
    return out


def t_columns(tested: Coefficients, level: float | None) -> Columns:
    """A row per coefficient with degrees of freedom and p-value; `level` adds limits by quantiles of t."""
    t = tested.t_tests()
    out = {"term": list(tested.names), "estimate": t.estimate, "std_error": t.std_error, "statistic": t.statistic}
    out.update(df=t.df, p_value=t.p_value)
    if level is not None:
        out["conf_low"], out["conf_high"] = wald.intervals(t.estimate, t.std_error, level, t.df).T
    return out


def _wald_columns(
    names: tuple[str, ...], fit: AnyFit | AnyPredictor, level: float | None, df: float = math.inf
) -> Columns:
    table = coefficient_matrix(fit)
    p_value = wald.p_values(table[:, 2], df)
    limits = None if level is None else wald.intervals(table[:, 0], table[:, 1], level, df)
    return fixed_columns(names, table[:, 0], table[:, 1], statistic=table[:, 2], p_value=p_value, limits=limits)


def glance_mixed(fit: MixedFit) -> Columns:
    """One row about a mixed model."""
    criterion = "reml_criterion" if fit.reml else "deviance"
    return {
        "nobs": [fit.n],
        "npar": [likelihood.n_parameters(fit)],
        "sigma": [fit.sigma],
        "loglik": [likelihood.loglik(fit)],
        "aic": [likelihood.aic(fit)],
        "bic": [likelihood.bic(fit)],
        criterion: [fit.criterion],
        "df_resid": [likelihood.df_resid(fit)],
    }


def glance_generalized(fit: GlmmFit, deviance: float) -> Columns:
    """One row about a generalised mixed model; `deviance` is that of the response given the modes."""
    return {
        "nobs": [fit.n],
        "npar": [likelihood.n_parameters(fit)],
        "sigma": [fit.sigma],
        "loglik": [likelihood.loglik(fit)],
        "aic": [likelihood.aic(fit)],
        "bic": [likelihood.bic(fit)],
        "deviance": [deviance],
        "df_resid": [likelihood.df_resid(fit)],
    }


def glance_glm(fit: GlmFit) -> Columns:
    """One row about a generalised linear model."""
    return {
        "null_deviance": [fit.null_deviance],
        "df_null": [fit.df_null],
        "dispersion": [fit.dispersion],
        "loglik": [fit.loglik],
        "aic": [likelihood.aic(fit)],
        "bic": [likelihood.bic(fit)],
        "deviance": [fit.deviance],
        "df_resid": [fit.df_resid],
        "nobs": [likelihood.n_observations(fit)],
    }


def glance_linear(fit: LinearFit, good: Goodness) -> Columns:
    """One row about a linear model."""
    return {
        "r_squared": [good.r_squared],
        "adj_r_squared": [good.adj_r_squared],
        "sigma": [fit.sigma],
        "statistic": [good.f],
        "p_value": [wald.f_p_value(good.f, good.df1, fit.wald_df) if good.df1 else math.nan],
        "df": [good.df1],
        "loglik": [likelihood.loglik(fit)],
        "aic": [likelihood.aic(fit)],
        "bic": [likelihood.bic(fit)],
        "deviance": [fit.rss],
        "df_resid": [fit.df_resid],
        "nobs": [fit.n],
    }
