"""Tables that compare several models, in the layout of R."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import pairwise
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels.errors import MixedModelsWarning
from mixedmodels.estimates.statistic_choice import checked_test
from mixedmodels.fitted.labels import predictors
from mixedmodels.fitted.refits import by_maximum_likelihood
from mixedmodels.inference.comparison.chi_bar_squared import mixture, null_distributions
from mixedmodels.inference.comparison.comparable import check_comparable, check_laws
from mixedmodels.inference.comparison.lrt import deviance_table, is_restricted, likelihood_of, ratio_table
from mixedmodels.inference.comparison.nesting import blocks, fixed_nested
from mixedmodels.tables.result_table import ResultTable

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel

REFITTED = "refitting model(s) with ML (instead of REML)"


def compare(models: Sequence[FittedModel], names: Sequence[str], test: str | None, refit: bool) -> ResultTable:
    """Each model against the one before it (see `ComparisonVerbs.anova`)."""
    check_comparable(models, names, refit)
    fits = [m._fit for m in models]
    if any(f.mixed for f in fits):
        return _likelihoods(models, names, test, refit)
    if not any(f.generalized for f in fits):
        return _deviances(models, names, test, linear=True)
    if all(f.generalized and f.estimated_theta is None for f in fits):
        return _deviances(models, names, test, linear=False)
    return _likelihoods(models, names, test, refit)


def _likelihoods(models: Sequence[FittedModel], names: Sequence[str], test: str | None, refit: bool) -> ResultTable:
    """R's table for a list with a mixed model in it."""
    wanted = checked_test(test, ("Chisq", "mixture", "none"), "Chisq")
    restricted = any(is_restricted(m._fit) for m in models)
    heading = [REFITTED] if restricted and refit else []
    fits = [by_maximum_likelihood(m, stacklevel=5) for m in models] if refit else [m._fit for m in models]
    values = [likelihood_of(fit, restricted and not refit) for fit in fits]
    order = sorted(range(len(models)), key=lambda i: values[i].npar)
    if wanted != "none":
        check_laws([models[i] for i in order], [names[i] for i in order])
    columns = ratio_table([values[i] for i in order])
    heading += _heading([models[i] for i in order], [names[i] for i in order])
    pairs = [((models[i].design, fits[i]), (models[j].design, fits[j])) for i, j in pairwise(order)]
    footer: tuple[str, ...] = ()
    if wanted == "mixture":
        mixtures = [mixture(*pair) for pair in pairs]
        columns["p_value"] = np.array(
            [nan, *(m.p_value(x) for m, x in zip(mixtures, columns["chisq"][1:], strict=True))]
        )
        footer = null_distributions([names[j] for j in order[1:]], mixtures)
    elif wanted == "none":
        del columns["chisq"], columns["df"], columns["p_value"]
    else:
        _warn_not_nested(pairs, [names[i] for i in order])
    components = all(fit.mixed and fit.function == "glmmTMB" for fit in fits)
    return ResultTable(
        columns=columns,
        names=tuple(names[i] for i in order),
        row_column="model",
        headers={"npar": "Df", "deviance": "deviance", "df": "Chi Df"} if components else {},
        heading=tuple(heading),
        footer=footer,
        kind=models[0]._source.kind,
    )


def _heading(models: Sequence[FittedModel], names: Sequence[str]) -> list[str]:
    lines = []
    data = {m.call.data for m in models}
    if len(data) == 1 and None not in data:
        lines.append(f"Data: {models[0].call.data}")
    subset = {m.call.subset for m in models}
    if len(subset) == 1 and None not in subset:
        lines.append(f"Subset: {models[0].call.subset}")
    return [*lines, "Models:", *(f"{name}: {_formulas(m)}" for name, m in zip(names, models, strict=True))]


def _formulas(model: FittedModel) -> str:
    """The formula; of a model of several components all of them, as R's glmmTMB prints them."""
    request = model._request
    if request is None or request.ziformula is None:
        return model.formula
    own = {other.component: other.formula.replace("~ ", "~", 1) for other in model.design.further}
    return f"{model.formula}, zi={own.get('zi', '~0')}, disp={own.get('disp', '~1')}"


def _warn_not_nested(pairs: Sequence[Any], names: Sequence[str]) -> None:
    for k, (small, large) in enumerate(pairs):
        if _nested(small, large):
            continue
        warnings.warn(
            MixedModelsWarning(
                f"{names[k]} does not lie within {names[k + 1]} (its fixed effects, offset or random terms are not "
                "part of the other's), so that the chi-squared distribution does not hold for twice their difference; "
                "compare AIC or BIC."
            ),
            stacklevel=5,
        )


def _nested(small: Any, large: Any) -> bool:
    """Whether all components of a model lie within those of another."""
    outer = {own.component: (own, part) for _, own, part in predictors(*large)}
    for _, own, part in predictors(*small):
        other = outer.get(own.component)
        if other is None or not fixed_nested((own, part), other) or blocks(own, other[0]) is None:
            return False
    return True


def _deviances(models: Sequence[FittedModel], names: Sequence[str], test: str | None, linear: bool) -> ResultTable:
    """R's tables for lists of lm or of glm: in the order given, against the dispersion of the largest model."""
    fits: list[Any] = [m._fit for m in models]
    largest = fits[min(range(len(fits)), key=lambda i: fits[i].df_resid)]
    fixed = largest.known_sigma if linear else largest.dispersion == 1
    wanted = checked_test(test, ("F", "Chisq", "none"), "Chisq" if fixed else "F")
    if wanted != "none":
        check_laws(models, names)
    scale = largest.error_variance if linear else largest.dispersion
    deviance = [f.rss if linear else f.deviance for f in fits]
    columns = deviance_table([f.df_resid for f in fits], deviance, wanted, scale, fixed)
    headers = {"f_value": "F", "p_value": "Pr(>F)" if wanted == "F" else "Pr(>Chi)"}
    if linear:
        headers |= {"resid_df": "Res.Df", "resid_deviance": "RSS", "gain": "Sum of Sq"}
    else:
        headers |= {"resid_df": "Resid. Df", "resid_deviance": "Resid. Dev", "gain": "Deviance"}
    title = f"Analysis of {'Variance' if linear else 'Deviance'} Table"
    width = len(str(len(models)))
    return ResultTable(
        columns=columns,
        names=tuple(str(i + 1) for i in range(len(models))),
        row_column="model",
        headers=headers,
        heading=(title, "", *(f"Model {i + 1:>{width}}: {m.formula}" for i, m in enumerate(models))),
        kind=models[0]._source.kind,
    )
