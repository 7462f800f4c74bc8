"""How each verb of a fit is called, and what it returns: `VERBS` by the verb's name, `FURTHER` what results return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np

import mixedmodels as mm
from mixedmodels import r

CAKE = mm.datasets.load("cake")
CAKE["order"] = np.arange(len(CAKE)) % 7.0
CBPP = mm.datasets.load("cbpp")
CBPP["order"] = np.arange(len(CBPP)) % 7.0
MODELS = ("lm", "lmer", "glm", "glmer")
LINEAR, COUNTS, FIXED, NOT_LMER = ("lm", "lmer"), ("glm", "glmer"), ("lm", "glm"), ("lm", "glm", "glmer")

Kind = Literal["table", "test", "tests", "named", "other"]


@cache
def model(name: str) -> Any:
    """A small fit of each class, with two terms and one variance, so that every verb has something to do."""
    if name == "lm":
        return mm.lm("angle ~ recipe + temp", CAKE)
    if name == "lmer":
        return mm.lmer("angle ~ recipe + temp + (1 | replicate)", CAKE)
    if name == "glm":
        return mm.glm("incidence ~ period + size", CBPP, "poisson")
    return mm.glmer("incidence ~ period + size + (1 | herd)", CBPP, "poisson")


@dataclass(frozen=True)
class Verb:
    """A call, the kind of its result, and the classes of models that have the verb but refuse it."""

    kind: Kind
    call: Callable[[Any], Any]
    refused_by: tuple[str, ...] = ()


def attribute(kind: Kind, name: str) -> Verb:
    """A property."""
    return Verb(kind, lambda fit: getattr(fit, name))


def method(kind: Kind, name: str, *args: Any, refused_by: tuple[str, ...] = (), **more: Any) -> Verb:
    """A method with the same arguments for all models."""
    return Verb(kind, lambda fit: getattr(fit, name)(*args, **more), refused_by)


def of(verb: str, kind: Kind, name: str, *args: Any, **more: Any) -> Verb:
    """A method of what a verb returns; that is refused by the same classes."""
    first = VERBS[verb]
    return Verb(kind, lambda fit: getattr(first.call(fit), name)(*args, **more), first.refused_by)


# -- names that differ between the models -------------------------------------------------------------------------


def _is_cake(fit: Any) -> bool:
    return bool(fit.response_name == "angle")


def factor(fit: Any) -> str:
    """The factor among the predictors."""
    return "recipe" if _is_cake(fit) else "period"


def number(fit: Any) -> str:
    """The number among the predictors, which is the last term."""
    return "temp" if _is_cake(fit) else "size"


def group(fit: Any) -> str:
    """The grouping factor, also of a model without random effects."""
    return "replicate" if _is_cake(fit) else "herd"


def smaller(fit: Any) -> Any:
    """The model without its last term."""
    return fit.update(f". ~ . - {number(fit)}")


def crossed(fit: Any) -> Any:
    """The model with a product of two numbers."""
    return fit.update(f". ~ . + order * {number(fit)}")


def contrasts(fit: Any) -> Any:
    """A row for each coefficient."""
    return np.eye(len(fit.fixef()))


def nothing(fit: Any) -> Any:
    """A verb that is not called: it changes what marginaleffects sees, or writes a report, as the tests of pages do."""


# -- verbs --------------------------------------------------------------------------------------------------------

# Numbers, texts, models, pictures, arrays, tables of the caller's library.
ATTRIBUTES = [
    "aic",
    "bic",
    "bse",
    "call",
    "converged",
    "ddf",
    "cov_re",
    "design",
    "deviance",
    "df_resid",
    "dispersion",
    "family",
    "fittedvalues",
    "formula",
    "frame",
    "iterations",
    "fstatistic",
    "df_null",
    "null_deviance",
    "penalty",
    "theta_se",
    "laplace",
    "nAGQ",
    "shapes",
    "rsquared",
    "rsquared_adj",
    "rank",
    "is_reml",
    "is_singular",
    "llf",
    "loglik",
    "n_dropped",
    "ngroups",
    "nobs",
    "npar",
    "objective",
    "outcome_label",
    "params",
    "pvalues",
    "random_effects",
    "reml_criterion",
    "resid",
    "response_name",
    "scale",
    "sigma",
    "table_kind",
    "theta",
    "tvalues",
]
METHODS = [
    "augment",
    "conf_int",
    "cooks_distance",
    "cov_params",
    "cov_ratio",
    "dfbeta",
    "dfbetas",
    "family_params",
    "find_predictors",
    "find_response",
    "find_variables",
    "fitted",
    "for_marginaleffects",
    "get_autodiff_args",
    "get_coef",
    "get_coefnames",
    "get_df",
    "get_engine_running",
    "get_formula",
    "get_formula_engine",
    "get_modeldata",
    "get_package",
    "get_variable_type",
    "get_vcov",
    "datagrid",
    "glance",
    "hat_values",
    "leverage",
    "logLik",
    "model_matrix",
    "predict",
    "residuals",
    "rstandard",
    "rstudent",
    "simulate",
    "tidy",
    "vcov",
    "vcov_full",
    "vcov_robust",
]

VERBS: dict[str, Verb] = {
    **{name: attribute("other", name) for name in ATTRIBUTES},
    **{name: method("other", name) for name in METHODS},
    "engine": attribute("table", "engine"),
    # figures by name, effects by group
    "VarCorr": method("named", "VarCorr"),
    "coef": method("named", "coef"),
    "fixef": method("named", "fixef"),
    "icc": method("named", "icc", refused_by=FIXED),
    "r2": method("named", "r2"),
    "ranef": method("named", "ranef", cond_var=True),
    "rePCA": method("named", "rePCA"),
    "singularity": method("other", "singularity", refused_by=FIXED),  # of a model that is singular see FURTHER
    "step": method("other", "step", refused_by=COUNTS),  # two tables and a model
    # tables
    "add1": Verb("table", lambda fit: smaller(fit).add1(f". ~ . + {number(fit)}", "Chisq")),
    "all_fit": method("table", "all_fit", random_starts=0, refused_by=FIXED),
    "anova": method("table", "anova"),
    "bootstrap": method("table", "bootstrap", 6, seed=1, progress=False),
    "caic": method("table", "caic"),
    "car_anova": method("table", "car_anova"),
    "check_collinearity": method("table", "check_collinearity"),
    "check_model": method("table", "check_model"),
    "confint": method("table", "confint", method="wald"),
    "drop1": method("table", "drop1", "Chisq"),
    "emmeans": Verb("table", lambda fit: fit.emmeans(factor(fit))),
    "emtrends": Verb("table", lambda fit: fit.emtrends("1", number(fit))),
    "get_prediction": method("table", "get_prediction"),
    "ggaverage": Verb("table", lambda fit: fit.ggaverage(number(fit))),
    "ggeffect": Verb("table", lambda fit: fit.ggeffect(number(fit))),
    "ggemmeans": Verb("table", lambda fit: fit.ggemmeans(number(fit))),
    "avg_comparisons": method("table", "avg_comparisons"),
    "avg_predictions": Verb("table", lambda fit: fit.avg_predictions(by=factor(fit))),
    "avg_slopes": Verb("table", lambda fit: fit.avg_slopes(variables=number(fit))),
    "comparisons": Verb("table", lambda fit: fit.comparisons(variables=factor(fit))),
    "predictions": method("table", "predictions"),
    "slopes": Verb("table", lambda fit: fit.slopes(variables=number(fit), newdata="mean")),
    "hypotheses": Verb("table", lambda fit: fit.hypotheses(f"{number(fit)} = 0")),
    "cross_validate": method("table", "cross_validate", k=3, seed=1),
    "ggpredict": Verb("table", lambda fit: fit.ggpredict(number(fit))),
    "glht": Verb("table", lambda fit: fit.glht(mm.mcp(**{factor(fit): "Tukey"}))),
    "group_lines": Verb("table", lambda fit: fit.group_lines(number(fit)), refused_by=FIXED),
    "infinitesimal_jackknife": method("table", "infinitesimal_jackknife", refused_by=FIXED),
    "influence": method("table", "influence"),
    "johnson_neyman": Verb("table", lambda fit: crossed(fit).johnson_neyman(number(fit), "order")),
    "joint_tests": method("table", "joint_tests"),
    "laplace_error": method("table", "laplace_error"),
    "partial_residuals": Verb("table", lambda fit: fit.partial_residuals(number(fit))),
    "performance": method("table", "performance"),
    "pooling": method("table", "pooling", refused_by=FIXED),
    "power": Verb("table", lambda fit: fit.power(number(fit), nsim=3, seed=1, progress=False)),
    "power_curve": Verb(
        "table",
        lambda fit: fit.power_curve(number(fit), along=group(fit), sizes=(10, 12), nsim=3, seed=1, progress=False),
    ),
    "profile": Verb("table", lambda fit: fit.profile(number(fit), points=2), refused_by=FIXED),
    "ranova": method("table", "ranova", refused_by=FIXED),
    "ref_grid": method("table", "ref_grid"),
    "refit_many": Verb(
        "table", lambda fit: fit.refit_many(np.column_stack([fit._response(), fit._response()[::-1]]), progress=False)
    ),
    "robust": Verb("table", lambda fit: fit.robust(cluster=group(fit))),
    "scores": Verb("table", lambda fit: fit.scores(group(fit)), refused_by=FIXED),
    "simulate_residuals": method("table", "simulate_residuals", 20, seed=1),
    "summary": method("table", "summary"),
    "variance_partition": method("table", "variance_partition"),
    "vif": method("table", "vif"),
    # tests
    "KRmodcomp": Verb("test", lambda fit: fit.KRmodcomp(smaller(fit)), refused_by=NOT_LMER),
    "SATmodcomp": Verb("test", lambda fit: fit.SATmodcomp(smaller(fit)), refused_by=NOT_LMER),
    "check_autocorrelation": method("test", "check_autocorrelation", 50),
    "check_heteroscedasticity": method("test", "check_heteroscedasticity", refused_by=COUNTS),
    "check_normality": method("test", "check_normality", refused_by=COUNTS),
    "check_outliers": method("test", "check_outliers"),
    "check_overdispersion": method("test", "check_overdispersion", refused_by=LINEAR),
    "check_zeroinflation": method("test", "check_zeroinflation", refused_by=LINEAR),
    "contest": Verb("test", lambda fit: fit.contest(contrasts(fit)[1:])),
    "contest1D": Verb("test", lambda fit: fit.contest1D(contrasts(fit)[1])),
    "linear_hypothesis": Verb("test", lambda fit: fit.linear_hypothesis(f"{number(fit)} = 0")),
    "pbmodcomp": Verb("test", lambda fit: fit.pbmodcomp(smaller(fit), 10, seed=1, progress=False)),
    "rlrt": method("test", "rlrt", 50, seed=1, refused_by=NOT_LMER),
    "t_test": Verb("test", lambda fit: fit.t_test(f"{number(fit)} = 0")),
    "wald_test": Verb("test", lambda fit: fit.wald_test(f"{number(fit)} = 0")),
    # models, pictures, files, arrays
    "extend": Verb("other", lambda fit: fit.extend(group(fit), n=20)),
    "getME": method("other", "getME", "theta"),
    "get_exog": Verb("other", lambda fit: fit.get_exog(fit.get_modeldata())),
    "get_predict": Verb("other", lambda fit: fit.get_predict(fit.get_coef(), fit.get_modeldata())),
    "plot": method("other", "plot"),
    "refit": Verb("other", lambda fit: fit.refit(fit._response())),
    "report": Verb("other", nothing),
    "save": method("other", "save", "fit.mm"),
    "set_variable_type": Verb("other", nothing),
    "update": Verb("other", smaller),
    "vcov_full": method("other", "vcov_full", refused_by=FIXED),
    "with_parameters": Verb("other", lambda fit: fit.with_parameters(fixef={number(fit): 1.0})),
}


# -- what results return, and functions of the package ------------------------------------------------------------


def residuals(fit: Any) -> Any:
    """Simulated residuals."""
    return fit.simulate_residuals(20, seed=1)


def _singular(fit: Any) -> Any:
    """A model whose variance is 0."""
    sleep = mm.datasets.load("sleepstudy")
    noise = np.random.default_rng(4).normal(size=len(sleep))
    return mm.lmer("y ~ Days + (Days | Subject)", sleep.assign(y=noise))


FURTHER: dict[str, Verb] = {
    "anova of two models": Verb("table", lambda fit: fit.anova(smaller(fit), names=["large", "small"])),
    "check_normality of effects": Verb("named", lambda fit: fit.check_normality("random"), FIXED),
    "chisq of glht": of("glht", "test", "chisq"),
    "cld of emmeans": of("emmeans", "table", "cld"),
    "coef_test": Verb("table", lambda fit: r.coef_test(fit, "CR1", group(fit))),
    "compare of ggpredict": Verb("table", lambda fit: fit.ggpredict(factor(fit)).compare()),
    "components of rePCA": Verb("named", lambda fit: next(iter(fit.rePCA().values())), FIXED),
    "confint of bootstrap": of("bootstrap", "table", "confint"),
    "confint of glht": of("glht", "table", "confint"),
    "confint of profile": of("profile", "table", "confint"),
    "confint of robust": of("robust", "table", "confint"),
    "contest one by one": Verb("tests", lambda fit: fit.contest(contrasts(fit), joint=False)),
    "exactLRT": Verb("test", lambda fit: r.exactLRT(fit, model("lm"), nsim=50, seed=1), refused_by=NOT_LMER),
    "exactRLRT": Verb("test", lambda fit: r.exactRLRT(fit, nsim=50, seed=1), refused_by=NOT_LMER),
    "fit_many": Verb("table", lambda fit: mm.fit_many("~ temp + (1 | replicate)", CAKE, CAKE[["angle"]])),
    "ftest of glht": of("glht", "test", "ftest"),
    "influence of groups": Verb("table", lambda fit: fit.influence(group(fit))),
    "lm_list": Verb("named", lambda fit: mm.lm_list("angle ~ temp | replicate", CAKE)),
    "summary of lm_list": Verb("table", lambda fit: mm.lm_list("angle ~ temp | replicate", CAKE).summary()),
    "model_table": Verb("table", lambda fit: mm.model_table(fit, smaller(fit), names=["large", "small"])),
    "pairs of emmeans": of("emmeans", "table", "pairs"),
    "r2 by group": Verb("table", lambda fit: fit.r2(by_group=True), FIXED),
    "singularity of a singular fit": Verb("named", lambda fit: _singular(fit).singularity()),
    "summary of bootstrap": of("bootstrap", "table", "summary"),
    "summary of emmeans": of("emmeans", "table", "summary"),
    "summary of glht": of("glht", "table", "summary"),
    "summary of pbmodcomp": of("pbmodcomp", "test", "summary"),
    "summary with p-values": Verb("table", lambda fit: fit.summary(ddf="Satterthwaite"), refused_by=NOT_LMER),
    "t0 of bootstrap": Verb("named", lambda fit: VERBS["bootstrap"].call(fit).t0),
    "t_test of several": Verb("tests", lambda fit: fit.t_test(contrasts(fit))),
    "wald_test of robust": of("robust", "test", "wald_test"),
    # DHARMa's tests
    "test_residuals": Verb("table", lambda fit: residuals(fit).test_residuals()),
    "test_uniformity": Verb("test", lambda fit: residuals(fit).test_uniformity()),
    "test_dispersion": Verb("test", lambda fit: residuals(fit).test_dispersion()),
    "test_dispersion by Pearson": Verb(
        "test", lambda fit: residuals(fit).test_dispersion(type="PearsonChisq"), refused_by=LINEAR
    ),
    "test_outliers": Verb("test", lambda fit: residuals(fit).test_outliers()),
    "test_zero_inflation": Verb("test", lambda fit: residuals(fit).test_zero_inflation()),
    "test_generic": Verb("test", lambda fit: residuals(fit).test_generic(np.mean)),
    "test_quantiles": Verb("test", lambda fit: residuals(fit).test_quantiles()),
    "test_categorical": Verb("test", lambda fit: residuals(fit).test_categorical(factor(fit))),
    "Levene's test": Verb("test", lambda fit: residuals(fit).test_categorical(factor(fit)).levene),
    "test_temporal_autocorrelation": Verb(
        "test", lambda fit: residuals(fit).test_temporal_autocorrelation(np.arange(fit.nobs, dtype=float))
    ),
    "test_spatial_autocorrelation": Verb(
        "test",
        lambda fit: residuals(fit).test_spatial_autocorrelation(
            np.arange(fit.nobs, dtype=float), np.arange(fit.nobs, dtype=float) ** 2
        ),
    ),
    "recalculate": Verb("table", lambda fit: residuals(fit).recalculate(factor(fit))),
}
