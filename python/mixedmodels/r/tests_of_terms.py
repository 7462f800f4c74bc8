"""R's functions that test terms and contrasts of one model."""

from __future__ import annotations

from typing import Any

from mixedmodels.estimates.coefficients import Ddf
from mixedmodels.inference.comparison.modcomp_table import ModelTest
from mixedmodels.model import MixedModel, Model
from mixedmodels.r.small_samples import is_lmer, lmertest
from mixedmodels.tables.result_table import ResultTable

__all__ = ["Anova", "KRmodcomp", "SATmodcomp", "contest", "contest1D", "contestMD", "vcovAdj"]


def Anova(
    mod: Model,
    type: Any = "II",  # noqa: A002
    test_statistic: str | None = None,
    vcov: Ddf = None,
) -> ResultTable:
    """Type II or III tests of terms, car's ``Anova``; `vcov` is a result of ``mod.robust()``.

    As there, F tests of an lmer are Kenward and Roger's.

    Examples
    --------
    >>> from mixedmodels.r import Anova
    >>> list(Anova(baking).names)
    ['recipe', 'temperature', 'recipe:temperature']
    """
    if vcov is None and is_lmer(mod) and str(test_statistic).upper() == "F":
        vcov = "Kenward-Roger"
    return mod.car_anova(type, test_statistic, ddf=vcov)


def KRmodcomp(largeModel: MixedModel, smallModel: Any, betaH: Any = 0.0) -> ModelTest:
    """F test of two models by Kenward and Roger's method; `smallModel` is a model, a formula or a matrix.

    Examples
    --------
    >>> from mixedmodels.r import KRmodcomp
    >>> type(KRmodcomp(fit, ". ~ . - Days")).__name__
    'ModelTest'
    """
    return largeModel.KRmodcomp(smallModel, beta_h=betaH)


def SATmodcomp(largeModel: MixedModel, smallModel: Any, betaH: Any = 0.0) -> ModelTest:
    """F test of two models by Satterthwaite's method; `smallModel` is a model, a formula or a matrix.

    Examples
    --------
    >>> from mixedmodels.r import SATmodcomp
    >>> type(SATmodcomp(fit, ". ~ . - Days")).__name__
    'ModelTest'
    """
    return largeModel.SATmodcomp(smallModel, beta_h=betaH)


def contest(
    model: Model, L: Any, rhs: Any = 0.0, joint: bool = True, ddf: Ddf = None, level: float = 0.95
) -> ResultTable:
    """Tests of contrasts of the fixed effects, jointly by F or one by one by t; of an lmer as lmerTest.

    Examples
    --------
    >>> from mixedmodels.r import contest
    >>> contest(fit, [0, 1])["p_value"] < 0.05
    array([ True])
    """
    return model.contest(L, joint=joint, rhs=rhs, ddf=lmertest(model, ddf), level=level)


def contest1D(model: Model, L: Any, rhs: float = 0.0, ddf: Ddf = None, level: float = 0.95) -> ResultTable:
    """A t test of one contrast of the fixed effects.

    Examples
    --------
    >>> from mixedmodels.r import contest1D
    >>> contest1D(fit, [0, 1])["estimate"].round(2)
    array([10.47])
    """
    return model.contest1D(L, rhs=rhs, ddf=lmertest(model, ddf), level=level)


def contestMD(model: Model, L: Any, rhs: Any = 0.0, ddf: Ddf = None) -> ResultTable:
    """A joint F test of contrasts of the fixed effects.

    Examples
    --------
    >>> from mixedmodels.r import contestMD
    >>> contestMD(fit, np.eye(2))["num_df"]
    array([2.])
    """
    return model.contest(L, rhs=rhs, ddf=lmertest(model, ddf))


def vcovAdj(object: MixedModel) -> Any:  # noqa: A002
    """Kenward and Roger's adjusted covariance matrix of the fixed effects, labelled.

    Examples
    --------
    >>> from mixedmodels.r import vcovAdj
    >>> vcovAdj(fit).shape
    (2, 2)
    """
    from mixedmodels.frame import labelled

    adjusted = object._coefficients_or_warning("Kenward-Roger")
    return labelled(adjusted.vcov, adjusted.names, adjusted.names)
