"""The ways to degrees of freedom that R's packages take where nobody says which."""

from __future__ import annotations

from typing import Any

from mixedmodels.errors import FitError
from mixedmodels.estimates.coefficients import Ddf

EMMEANS_ROWS = 3000  # above so many emmeans has no degrees of freedom (its options pbkrtest.limit and lmerTest.limit)


def is_lmer(model: Any) -> bool:
    """Whether a model is a linear mixed one, of which alone packages differ."""
    return bool(model._fit.mixed and not model._fit.generalized)


def lmertest(model: Any, ddf: Ddf) -> Ddf:
    """What is asked for, or as lmerTest: Satterthwaite's method for an lmer."""
    return "Satterthwaite" if ddf is None and is_lmer(model) else ddf


def multcomp(model: Any, df: Ddf | float) -> Ddf | float:
    """What is asked for, or as multcomp: residual degrees of freedom of an lm, else the normal distribution."""
    return "normal" if df is None and model._fit.function != "lm" else df


def emmeans(model: Any, ddf: Ddf | float) -> Ddf | float:
    """What is asked for, or as emmeans: of an lmer Kenward-Roger, Satterthwaite where that fails, none of many rows."""
    if ddf is not None or not is_lmer(model):
        return ddf
    if model._fit.n > EMMEANS_ROWS or model._stored is not None:
        return "normal"
    try:
        model._coefficients("Kenward-Roger")
    except FitError:
        return "Satterthwaite"
    return "Kenward-Roger"


def ggeffects(model: Any, ddf: Ddf | float, means: bool) -> Ddf | float:
    """What is asked for, or as ggeffects: t with rows less parameters for predictions of an lmer, normal for means.

    Parameters
    ----------
    means : bool
        Whether marginal means are wanted.
    """
    if ddf is not None or not model._fit.mixed:
        return ddf
    return "normal" if means or model._fit.generalized else float(model.df_resid)
