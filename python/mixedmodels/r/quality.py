"""R's functions for singular fits, ICC, R2, conditional AIC, several starts, and separate models of groups."""

from __future__ import annotations

from typing import Any

from mixedmodels import api
from mixedmodels.diagnose.convergence.all_fit_record import AllFit
from mixedmodels.diagnose.quality.caic_record import ConditionalAIC
from mixedmodels.diagnose.quality.model_table import model_table
from mixedmodels.diagnose.quality.model_table_record import ModelTable
from mixedmodels.diagnose.quality.performance import compared
from mixedmodels.errors import DataError
from mixedmodels.fit.covariance import is_singular
from mixedmodels.model import Model
from mixedmodels.model.lm_list_record import LmList
from mixedmodels.tables.caller_names import caller_names
from mixedmodels.tables.result_table import ResultTable

__all__ = [
    "allFit",
    "cAIC",
    "check_singularity",
    "compare_performance",
    "icc",
    "lmList",
    "model_performance",
    "r2",
    "r2_mcfadden",
    "r2_nagelkerke",
    "r2_nakagawa",
    "r2_tjur",
    "r_squaredGLMM",
    "r_squaredLR",
    "tab_model",
    "variance_decomposition",
]


def icc(model: Model, by_group: bool = False, ci: float | None = None, **arguments: Any) -> Any:
    """Intraclass correlations, performance's ``icc``; further arguments as in the method `icc`.

    Examples
    --------
    >>> from mixedmodels.r import icc
    >>> round(icc(fit)["adjusted"], 3)
    0.722
    """
    return model.icc(by_group, level=ci, **arguments)


def r2(model: Model, ci: float | None = None, **arguments: Any) -> Any:
    """R2 by the default of the model's class, performance's ``r2``; further arguments as in the method `r2`.

    Examples
    --------
    >>> from mixedmodels.r import r2
    >>> round(r2(fit)["conditional"], 3)
    0.799
    """
    return model.r2(level=ci, **arguments)


def r2_nakagawa(model: Model, by_group: bool = False, ci: float | None = None, **arguments: Any) -> Any:
    """Marginal and conditional R2 of a mixed model; further arguments as in the method `r2`.

    Examples
    --------
    >>> from mixedmodels.r import r2_nakagawa
    >>> round(r2_nakagawa(gm)["marginal"], 3)
    0.085
    """
    return model.r2("nakagawa", by_group=by_group, level=ci, **arguments)


def r2_tjur(model: Model) -> float:
    """Tjur's coefficient of discrimination of a binomial model.

    Examples
    --------
    >>> from mixedmodels.r import r2_tjur
    >>> round(r2_tjur(logit), 2)
    0.05
    """
    return float(model.r2("tjur")["tjur"])


def r2_nagelkerke(model: Model) -> float:
    """Nagelkerke's R2.

    Examples
    --------
    >>> from mixedmodels.r import r2_nagelkerke
    >>> round(r2_nagelkerke(logit), 3)
    0.092
    """
    return float(model.r2("nagelkerke")["nagelkerke"])


def r2_mcfadden(model: Model) -> Any:
    """McFadden's R2, plain and adjusted.

    Examples
    --------
    >>> from mixedmodels.r import r2_mcfadden
    >>> round(r2_mcfadden(logit)["mcfadden"], 3)
    0.067
    """
    return model.r2("mcfadden")


def r_squaredGLMM(object: Model, **arguments: Any) -> ResultTable:  # noqa: A002
    """Marginal and conditional R2 by each method for a family's variance, MuMIn's ``r.squaredGLMM``.

    Parameters
    ----------
    object : Model
        Fitted model.
    **arguments : Any
        Choices `mean` and `per` of the method `icc`.

    Examples
    --------
    >>> from mixedmodels.r import r_squaredGLMM
    >>> list(r_squaredGLMM(gm).names)
    ['theoretical', 'delta']
    """
    from mixedmodels.diagnose.quality.r2_of_model import by_approximation

    return by_approximation(object, arguments.pop("mean", None), arguments.pop("per", None), **arguments)


def r_squaredLR(object: Model, null_RE: bool = False) -> Any:  # noqa: A002
    """R2 by likelihood ratio, MuMIn's ``r.squaredLR``; `null_RE` keeps the random effects in the null model.

    Examples
    --------
    >>> from mixedmodels.r import r_squaredLR
    >>> round(r_squaredLR(fit)["lr"], 3)
    0.687
    """
    return object.r2("lr", keep_random=null_RE)


def cAIC(object: Model, method: Any = None, B: int | None = None, seed: Any = None) -> ConditionalAIC:  # noqa: A002
    """Conditional AIC, cAIC4's ``cAIC``.

    Parameters
    ----------
    object : Model
        Fitted model.
    method : str, optional
        Method: "steinian", "conditionalBootstrap", or a method of `caic`; None for its default.
    B : int, optional
        Number of replicates of the bootstrap.
    seed : int or Generator, optional
        Seed of the bootstrap.

    Examples
    --------
    >>> from mixedmodels.r import cAIC
    >>> round(cAIC(fit).caic, 2)
    1711.52
    """
    names = {"conditionalBootstrap": "bootstrap"}
    analytic = method == "steinian" and object.family.engine_name == "gaussian"
    return object.caic("analytic" if analytic else names.get(method, method), nsim=B, seed=seed)


def variance_decomposition(model: Model, **arguments: Any) -> ResultTable:
    """Partition the variance of the rows; arguments as in the method `variance_partition`.

    Examples
    --------
    >>> from mixedmodels.r import variance_decomposition
    >>> list(variance_decomposition(fit).names)
    ['fixed effects', '(Days | Subject)', 'residual']
    """
    return model.variance_partition(**arguments)


def model_performance(model: Model, estimator: Any = None) -> ResultTable:
    """Measures of performance in one row.

    Examples
    --------
    >>> from mixedmodels.r import model_performance
    >>> list(model_performance(lin).columns)[:3]
    ['aic', 'aicc', 'bic']
    """
    return model.performance(estimator=estimator)


def compare_performance(
    *models: Model, rank: bool = False, estimator: Any = "ML", model_names: Any = None
) -> ResultTable:
    """Measures of performance of several models of the same data, with a row each and Akaike weights.

    Parameters
    ----------
    *models : Model
        Fitted models to compare.
    rank : bool, default False
        Whether to sort by each model's mean position between the worst and the best value of each measure.
    estimator : str, optional
        Likelihood of the criteria. "ML" refits REML models; "REML" is for models with the same fixed effects.
    model_names : sequence of str, optional
        Names of the rows; by default the names of the variables that hold the models.

    Examples
    --------
    >>> from mixedmodels.r import compare_performance
    >>> compare_performance(lin, fit).names
    ('lin', 'fit')
    """
    if not models:
        raise DataError("compare_performance() needs a model or more.")
    return compared(models, caller_names(models) if model_names is None else tuple(model_names), rank, estimator)


def check_singularity(x: Model, tolerance: float = 1e-5) -> bool:
    """Whether random effects have in some direction a standard deviation below `tolerance`; see ``x.singularity()``.

    Examples
    --------
    >>> from mixedmodels.r import check_singularity
    >>> check_singularity(fit)
    False
    """
    fit = x._fit
    if not fit.mixed:
        raise DataError(f"check_singularity() is about random effects, and {x.formula!r} has none.")
    return is_singular(fit.theta, fit.sizes, fit.standards, tolerance)


def allFit(object: Model, **arguments: Any) -> AllFit:  # noqa: A002
    """Fit the model from several starts and by several optimisers.

    Examples
    --------
    >>> from mixedmodels.r import allFit
    >>> fits = allFit(fit)
    >>> type(fits).__name__
    'AllFit'
    """
    return object.all_fit(**arguments)


def lmList(formula: str, data: Any, family: Any = None, pool: bool = True, **arguments: Any) -> LmList:
    """A separate model for each level of a grouping factor, ``y ~ x | g``.

    Examples
    --------
    >>> from mixedmodels.r import lmList
    >>> len(lmList("Reaction ~ Days | Subject", sleep))
    18
    """
    return api.lm_list(formula, data, family=family, pool=pool, **arguments)


def tab_model(
    *models: Model, transform: str | None = "exp", file: Any = None, df_method: str = "wald", **arguments: Any
) -> ModelTable:
    """A table of models side by side, sjPlot's ``tab_model``; models with a link are exponentiated.

    Parameters
    ----------
    *models : Model
        Fitted models.
    transform : str or None, default "exp"
        Transformation of the estimates of generalised models, "exp" or None.
    file : str or Path, optional
        File to write the HTML to, if any.
    df_method : str, default "wald"
        Degrees of freedom of linear mixed models: "wald" (normal, as sjPlot's default), "satterthwaite" or "kr".
    **arguments : Any
        Further arguments of ``model_table``.

    Examples
    --------
    >>> from mixedmodels.r import tab_model
    >>> type(tab_model(fit)).__name__
    'ModelTable'
    """
    ways = {"wald": "normal", "satterthwaite": "Satterthwaite", "kr": "Kenward-Roger"}
    if df_method not in ways:
        raise DataError(f"df_method is {df_method!r}; give {', '.join(map(repr, ways))}.")
    if transform not in (None, "exp"):
        raise DataError(f"transform is {transform!r}; give 'exp' or None.")
    arguments.setdefault("names", caller_names(models))
    exponentiate = transform == "exp" and any(m.family.link != "identity" for m in models)
    table = model_table(*models, exp=exponentiate, ddf=ways[df_method], **arguments)
    if file is not None:
        table.to_html(file)
    return table
