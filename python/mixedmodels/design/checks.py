"""Checks of a design before the model is fitted."""

from __future__ import annotations

import warnings
from collections.abc import Container, Mapping
from typing import Any

from mixedmodels.design.contrasts import coding
from mixedmodels.design.records import GroupingFactor, RandomTerm
from mixedmodels.design.response import is_constant
from mixedmodels.design.values import Array, Value
from mixedmodels.errors import DesignError, MixedModelsWarning
from mixedmodels.formula import STRUCTURES, Formula, show
from mixedmodels.frame import Factor, Logical, Numeric, date_unit, nearest

FITTED_STRUCTURES = frozenset(["us", "diag"])


def formula(plan: Formula, random: str) -> None:
    """Check that the formula has the random terms it must have, and that their structures can be fitted."""
    if random == "required" and not plan.random:
        raise DesignError(
            f"{plan.text!r} has no random term; add one such as (1 | group), or use lm() or glm() for a model without"
        )
    if random == "forbidden" and plan.random:
        raise DesignError(
            f"{plan.text!r} has the random term ({plan.random[0].text}); use lmer() or glmer() for it, or remove it"
        )
    for bar in plan.random:
        where = f"random term {bar.structure}({bar.text})"
        if bar.structure not in FITTED_STRUCTURES:
            raise DesignError(
                f"{where}: the structure {bar.structure!r} ({STRUCTURES[bar.structure]}) is not fitted yet; write the "
                "term without it for an unstructured covariance matrix, or with diag() for independent effects"
            )
        if bar.settings:
            settings = ", ".join(f"{a.keyword or 'argument'} = {show(a.value)}" for a in bar.settings)
            raise DesignError(f"{where}: the setting {settings} is not fitted yet; leave it out")


def contrasts(codings: Mapping[str, Any], values: Mapping[str, Value], fixed: Container[str]) -> None:
    """Check that contrasts belong to factors of the fixed effects, and that each could be used.

    Parameters
    ----------
    codings : mapping of str
        What the user gave, by factor.
    values : mapping of str to Value
        Variables of the model, by their text.
    fixed : container of str
        Texts of the variables of the fixed effects.
    """
    factors = tuple(t for t, value in values.items() if t in fixed and isinstance(value, (Factor, Logical)))
    strangers = [name for name in codings if name not in fixed]
    if strangers:
        random = [name for name in strangers if name in values]
        one = len(random or strangers) == 1
        where = f"{'is not a factor' if one else 'are no factors'} of the formula"
        if random:
            where = f"{'has' if one else 'have'} random effects only, whose contrasts are the default"
        shown = " and ".join(map(repr, random or strangers))
        near = nearest((random or strangers)[0], factors)
        offer = f"did you mean {near!r}?" if near else f"its factors are {', '.join(factors) or 'none'}."
        raise DesignError(f"contrasts are given for {shown}, which {where}; {offer}")
    for name, wanted in codings.items():
        value = values[name]
        if name not in factors:
            raise DesignError(
                f"contrasts are given for {name!r}, which is not a factor; write factor({name}) in the "
                "formula, or leave them out"
            )
        if isinstance(value, Factor):
            coding(name, value.levels, wanted, value.ordered)  # of a factor whose columns are indicators too


def identified(groups: tuple[GroupingFactor, ...], terms: tuple[RandomTerm, ...], n: int, residual: bool) -> None:
    """Check that there are fewer random effects than observations, and two levels or more per grouping factor.

    Without a residual variance there may be one random effect for each observation.
    """
    for group in groups:
        if group.n_levels < 2:
            raise DesignError(
                f"grouping factor {group.name!r} has one level, {group.levels.labels[0]!r}, in the {n} rows "
                "used, and a variance among groups needs at least two; remove its random term or choose another factor"
            )
    for term in terms:
        group = groups[term.group]
        effects = group.n_levels * len(term.columns)
        if not residual:
            if effects > n:
                raise DesignError(
                    f"random term ({term.text}): {effects} random effects for {n} observations are more than can be "
                    f"distinguished; use a coarser grouping factor than {group.name!r} or drop a column"
                )
            continue
        if group.n_levels >= n:
            raise DesignError(
                f"random term ({term.text}): {group.name!r} has {group.n_levels} levels for {n} observations, so its "
                "effects cannot be distinguished from the residual; use a coarser grouping factor"
            )
        if effects >= n:
            raise DesignError(
                f"random term ({term.text}): {effects} random effects for {n} observations, so they cannot be "
                f"distinguished from the residual; use a coarser grouping factor than {group.name!r} or drop a column"
            )


def varies(response: Array, plan: Formula) -> None:
    """A constant response leaves nothing to explain."""
    if is_constant(response):
        raise DesignError(
            f"the response {plan.response!r} is {response[0]:g} in all {len(response)} rows used; "
            "there is nothing to explain: look whether it is the right column"
        )


def warn_of_seconds(plan: Formula, values: Mapping[str, Value]) -> None:
    """Warn of times that enter as numbers: their coefficients are for a second, which is rarely meant."""
    times = [text for text, value in values.items() if isinstance(value, Numeric) and _counts_seconds(value)]
    if not times:
        return
    effects = {text for terms in (plan.fixed, *(bar.effects for bar in plan.random)) for text in terms.variables_used()}
    for text in times:
        if text in effects:  # and not a group alone
            message = (
                f"{text!r} holds times, which count seconds since 1970-01-01, so that its coefficient is for one "
                f"second; write I({text} / 86400) for days, scale({text}), or give the column as dates"
            )
            warnings.warn(message, MixedModelsWarning, stacklevel=3)


def _counts_seconds(column: Numeric) -> bool:
    dates = column.origin
    return dates is not None and dates.dtype.kind == "M" and date_unit(dates) == "seconds"
