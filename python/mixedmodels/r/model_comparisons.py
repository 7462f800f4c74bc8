"""R's functions that compare models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mixedmodels.errors import DataError
from mixedmodels.inference.comparison.exact_lrt import exact_lrt, exact_rlrt
from mixedmodels.inference.comparison.exact_table import ExactTest
from mixedmodels.inference.comparison.step_record import Step
from mixedmodels.model import LinearModel, MixedModel, Model
from mixedmodels.r.small_samples import lmertest
from mixedmodels.tables.caller_names import caller_names
from mixedmodels.tables.result_table import ResultTable

__all__ = ["add1", "anova", "drop1", "exactLRT", "exactRLRT", "get_model", "ranova", "step"]


def anova(object: Model, *others: Model, model_names: Any = None, **arguments: Any) -> Any:  # noqa: A002
    """Test the terms of one model, or compare several models; arguments as in the method `anova`.

    The terms of an lmer have Satterthwaite's degrees of freedom, as in lmerTest, unless `ddf` says otherwise.

    Parameters
    ----------
    object : Model
        Fitted model.
    *others : Model
        Further models. Without any, the terms of `object` are tested.
    model_names : sequence of str, optional
        Names of the models in the table.
    **arguments : Any
        Further arguments of the model's method.

    Examples
    --------
    >>> from mixedmodels.r import anova
    >>> smaller = fit.update(". ~ . - Days")
    >>> anova(fit, smaller)["npar"].tolist()
    [5, 6]
    """
    if not isinstance(object, Model):
        raise DataError(f"anova() is of fitted models, not of {type(object).__name__}.")
    if others and model_names is None:
        model_names = caller_names((object, *others))
    names = {} if model_names is None else {"names": model_names}
    if not others:
        arguments["ddf"] = lmertest(object, arguments.get("ddf"))
    return object.anova(*others, **names, **arguments)


def drop1(object: Model, scope: Any = None, test: str | None = "none", **arguments: Any) -> ResultTable:  # noqa: A002
    """Compare the model with those that drop one fixed term.

    Examples
    --------
    >>> from mixedmodels.r import drop1
    >>> drop1(fit)["npar"].tolist()
    [nan, 1.0]
    """
    if str(test).upper() == "F":
        arguments["ddf"] = lmertest(object, arguments.get("ddf"))
    return object.drop1(test, scope, **arguments)


def add1(object: Model, scope: Any, test: str | None = "none") -> ResultTable:  # noqa: A002
    """Compare the model with those that add one fixed term.

    Examples
    --------
    >>> from mixedmodels.r import add1
    >>> add1(lin, ". ~ . + I(Days^2)")["df"].tolist()
    [nan, 1.0]
    """
    return object.add1(scope, test)


def ranova(model: Model, reduce_terms: bool = True, test: str | None = "Chisq") -> ResultTable:
    """Compare the model with those that drop one random term, or one of its effects.

    Examples
    --------
    >>> from mixedmodels.r import ranova
    >>> list(ranova(fit).names)
    ['<none>', 'Days in (Days | Subject)']
    """
    return model.ranova(reduce_terms, test)


def step(
    object: MixedModel,  # noqa: A002
    ddf: Any = None,
    alpha_random: float = 0.1,
    alpha_fixed: float = 0.05,
    reduce_fixed: bool = True,
    reduce_random: bool = True,
    keep: str | Sequence[str] = (),
) -> Step:
    """Leave out random terms and then fixed ones that no test speaks for, as in lmerTest.

    Examples
    --------
    >>> from mixedmodels.r import step
    >>> step(fit).fixed["eliminated"].tolist()
    [0.0]
    """
    return object.step(
        ddf=lmertest(object, ddf),
        alpha_random=alpha_random,
        alpha_fixed=alpha_fixed,
        reduce_fixed=reduce_fixed,
        reduce_random=reduce_random,
        keep=keep,
    )


def get_model(x: Step) -> Model:
    """The model that `step` found.

    Examples
    --------
    >>> from mixedmodels.r import get_model, step
    >>> get_model(step(fit)).formula
    'Reaction ~ Days + (Days | Subject)'
    """
    model: Model = x.get_model()
    return model


def exactRLRT(
    m: MixedModel, mA: Model | None = None, m0: Model | None = None, seed: Any = None, nsim: int = 10_000
) -> ExactTest:
    """Exact restricted likelihood-ratio test of one variance.

    Parameters
    ----------
    m : MixedModel
        Model with the tested variance. Without `mA` and `m0` it must have one random effect. With them it has only the
        tested random effect, and its design gives the null distribution.
    mA, m0 : Model, optional
        Models with all random effects, and without the tested one; needed if there are several random effects.
    seed : int or Generator, optional
        Anything that ``numpy.random.default_rng`` takes.
    nsim : int, default 10000
        Number of draws of the null distribution.

    Returns
    -------
    ExactTest
        Test, which prints as in R. Models that were fitted by ML are fitted by REML first.

    Examples
    --------
    >>> from mixedmodels.r import exactRLRT
    >>> intercepts = mm.lmer("Reaction ~ Days + (1 | Subject)", sleep)
    >>> exactRLRT(intercepts, seed=1, nsim=500).p_value < 0.01
    True
    """
    return exact_rlrt(m, mA, m0, nsim, seed)


def exactLRT(m: MixedModel, m0: LinearModel, seed: Any = None, nsim: int = 10_000) -> ExactTest:
    """Exact likelihood-ratio test of one variance, and of fixed effects that `m0` lacks.

    Parameters
    ----------
    m : MixedModel
        Model with one random effect. A REML fit is fitted by ML first.
    m0 : LinearModel
        Linear model without the random effect. Its fixed effects must be among those of `m`.
    seed : int or Generator, optional
        See `exactRLRT`.
    nsim : int, default 10000
        See `exactRLRT`.

    Examples
    --------
    >>> from mixedmodels.r import exactLRT
    >>> intercepts = mm.lmer("Reaction ~ Days + (1 | Subject)", sleep)
    >>> exactLRT(intercepts, lin, seed=1, nsim=500).p_value < 0.01
    True
    """
    return exact_lrt(m, m0, nsim, seed)
