"""Smaller random parts for a model whose fit is singular, and their fits."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from mixedmodels import formula as formulas
from mixedmodels.design import Design
from mixedmodels.errors import DesignError, MixedModelsWarning
from mixedmodels.estimates.singular_directions import Direction, parameters_at_rank, states
from mixedmodels.fit.any_fit import AnyFit, AnyMixedFit
from mixedmodels.fitted.refits import all_refitted, design_of
from mixedmodels.formula import Bar, Formula
from mixedmodels.inference.comparison.lrt import likelihood_of
from mixedmodels.inference.comparison.marginality import droppable
from mixedmodels.inference.comparison.ranova import bar_text, formula_with

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel

EQUAL = 0.01  # of -2 log-likelihood: less is no loss
ROUNDS = 6  # of going on from a smaller model that is singular again
Missing = dict[int, list[Direction]]  # for each bar of a formula what its terms lack


@dataclass(frozen=True, kw_only=True)
class Smaller:
    """A smaller model.

    Attributes
    ----------
    formula : str
        The whole formula.
    random : str
        Random part of the formula; "none" where there is nothing left.
    change : str
        Effects that were left out, in words.
    design : Design, optional
        Design of the model; None where it was not fitted.
    fit : LinearFit, MixedFit, GlmFit or GlmmFit, optional
        Fit of the model; None where it was not fitted.
    origin : bool, default False
        Whether the model has slopes without the intercepts that belong to them, so that it depends on where x is 0.
    """

    formula: str
    random: str
    change: str
    origin: bool = False
    design: Design | None = None
    fit: AnyFit | None = None


def proposals(design: Design, fit: AnyFit) -> list[Smaller]:
    """Formulas that lack what a singular fit has no variance for, each once."""
    assert fit.mixed
    whole: Formula = design.spec.formula
    missing, effects = _missing(design, fit)
    texts = [bar_text(bar) for bar in whole.random]
    out: dict[str, Smaller] = {}
    everywhere = list(texts)
    for i, lacks in missing.items():
        for change, kept in _of_bar(whole.random[i], lacks, effects[i]):
            rest = [*texts[:i], *([kept] if kept else []), *texts[i + 1 :]]
            _add(out, whole, rest, change)
        everywhere[i] = _all_at_once(whole.random[i], lacks, effects[i])
    if len(missing) > 1:
        _add(out, whole, [t for t in everywhere if t], "all of this at once")
    return list(out.values())


def _missing(design: Design, fit: AnyMixedFit) -> tuple[Missing, dict[int, list[str]]]:
    """Directions that the terms of each bar lack, and the names of the bar's effects."""
    out: Missing = {}
    effects: dict[int, list[str]] = {}
    for (bar, effect), state in zip(design.spec.order, states(design, fit), strict=True):
        effects.setdefault(bar, []).extend(state.effects)
        for d in state.directions:
            # Of a term that diag() split, the effect's place among the columns of the whole bar.
            out.setdefault(bar, []).append(d if effect < 0 else Direction(effect=effect, kind=d.kind))
    return out, effects


def _of_bar(bar: Bar, lacks: Sequence[Direction], effects: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Effects to leave out of a term, in words, and the term that is left; empty for none."""
    own, labels, intercept = bar_text(bar), bar.effects.labels, bar.effects.intercept
    if len(effects) > 1 and bar.structure == "us":
        yield f"no correlations in {own}", _uncorrelated(bar, effects)
        if (
            len(labels) == 1 and len(effects) > 1 + intercept
        ):  # a factor: the same correlation between all of its levels
            yield f"one correlation in {own}", f"(1 | {bar.group}) + (1 | {labels[0]}:{bar.group})"
    if len(labels) + intercept > 1:
        for label in droppable(bar.effects):
            yield f"no {label} in {own}", _with_effects(bar, [x for x in labels if x != label], intercept)
        if len(labels) > 1 and intercept:
            yield f"intercepts alone in {own}", f"(1 | {bar.group})"
        if intercept and any(d.kind == "none" and d.effect == 0 for d in lacks):
            yield f"no intercepts in {own}", _with_effects(bar, labels, False)
    yield f"without {own}", ""


def _all_at_once(bar: Bar, lacks: Sequence[Direction], effects: Sequence[str]) -> str:
    """The term less the effects without variance, and without correlations where these are 1."""
    labels, intercept = bar.effects.labels, bar.effects.intercept
    if len(effects) > 1 and bar.structure == "us" and any(d.kind != "none" for d in lacks):
        return _uncorrelated(bar, effects)
    if len(labels) + intercept == 1:
        return ""
    last = droppable(bar.effects)[-1]
    return _with_effects(bar, [x for x in labels if x != last], intercept)


def _uncorrelated(bar: Bar, effects: Sequence[str]) -> str:
    """With ``||`` where it separates all columns, which it does not do with those of a factor; else ``diag()``."""
    if set(bar.effects.labels) <= set(effects):
        return f"({bar.text.replace(' | ', ' || ', 1)})"
    return f"diag({bar.text})"


def _with_effects(bar: Bar, labels: Sequence[str], intercept: bool) -> str:
    effects = " + ".join([*([] if intercept else ["0"]), *labels]) or "1"
    text = f"({effects} | {bar.group})"
    return text if bar.structure == "us" else f"{bar.structure}{text}"


def _add(out: dict[str, Smaller], whole: Formula, random: Sequence[str], change: str) -> None:
    formula = formula_with(whole, random)
    origin = bool(_with_slopes_alone(formulas.parse(formula).random) - _with_slopes_alone(whole.random))
    out.setdefault(
        key(formula), Smaller(formula=formula, random=" + ".join(random) or "none", change=change, origin=origin)
    )


def _with_slopes_alone(bars: Sequence[Bar]) -> set[str]:
    """Groups that have slopes without intercepts."""
    return {bar.group for bar in bars} - {bar.group for bar in bars if bar.effects.intercept}


def key(formula: str) -> str:
    """A key that is equal for formulas that differ only in how their random terms are written."""
    return " + ".join(sorted(bar_text(bar) for bar in formulas.parse(formula).random))


def fitted(model: FittedModel, reml: bool) -> list[Smaller]:
    """All proposals fitted; from smaller models that are singular again the search goes on, by the smallest AIC.

    The order is that of the search, each formula once.
    """
    done: dict[str, Smaller] = {}
    design, fit = model.design, model._fit
    gone_on = set[str]()
    for _ in range(ROUNDS):
        new = [p for p in proposals(design, fit) if key(p.formula) not in done]
        laid_out = [(p, d) for p in new if (d := _design(model, p.formula)) is not None]
        fits = all_refitted(model, [d for _, d in laid_out], reml=reml, stacklevel=6)
        for (p, d), f in zip(laid_out, fits, strict=True):
            done[key(p.formula)] = replace(p, design=d, fit=f)
        proper = [aic(s, reml) for s in done.values() if not is_singular(s)]
        again = [s for s in done.values() if s.formula not in gone_on and is_singular(s)]
        again = [s for s in again if aic_at_rank(s, reml) < min(proper, default=inf)]
        if not again:
            break
        last = min(again, key=lambda s: aic_at_rank(s, reml))
        gone_on.add(last.formula)
        design, fit = _design_of(last), _fit_of(last)
    return list(done.values())


def aic(smaller: Smaller, reml: bool) -> float:
    """AIC, of a REML fit by the restricted likelihood."""
    return likelihood_of(_fit_of(smaller), reml).aic


def aic_at_rank(smaller: Smaller, reml: bool) -> float:
    """AIC with the parameters of a singular fit counted at its rank."""
    fit = smaller.fit
    if fit is None or not fit.mixed:
        return aic(smaller, reml)
    return aic(smaller, reml) - 2 * (len(fit.theta) - parameters_at_rank(states(_design_of(smaller), fit)))


def _design(model: FittedModel, formula: str) -> Design | None:
    """The design of a formula; None where its effects cannot be distinguished from the residual."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MixedModelsWarning)
            return design_of(model, formula)
    except DesignError:
        return None


def loss(smaller: Smaller, best: float, reml: bool) -> float:
    """The excess of -2 log-likelihood over `best`."""
    return -2 * likelihood_of(_fit_of(smaller), reml).loglik - best


def is_singular(smaller: Smaller) -> bool:
    """Whether the smaller model's fit lies on the boundary too."""
    fit = smaller.fit
    return fit is not None and fit.mixed and any(s.directions for s in states(_design_of(smaller), fit))


def _fit_of(smaller: Smaller) -> AnyFit:
    assert smaller.fit is not None
    return smaller.fit


def _design_of(smaller: Smaller) -> Design:
    assert smaller.design is not None
    return smaller.design


def recommended(candidates: Sequence[Smaller], best: float, own: float, reml: bool) -> tuple[Smaller | None, str]:
    """The model to prefer, None for the fit itself, and the rule that chose it.

    1. "free": of the models that are not singular and lose nothing, the one with fewest parameters (one that has slopes
       without intercepts only if there is no other).
    2. "aic": else, of those that are not singular, the one with the smallest AIC.
    3. "keep": but where the AIC of a singular one (or of the fit itself), its parameters counted at its rank, is
       smaller by 2 or more, that one.

    Parameters
    ----------
    best : float
        Value of -2 log-likelihood of the fit.
    own : float
        AIC of the fit, the parameters counted at its rank.
    """
    proper = [s for s in candidates if not is_singular(s)]
    free = [s for s in proper if loss(s, best, reml) < EQUAL]
    if free:
        return min(free, key=lambda s: (s.origin, likelihood_of(_fit_of(s), reml).npar)), "free"
    at_rank: list[tuple[float, Smaller | None]] = [(aic_at_rank(s, reml), s) for s in candidates if is_singular(s)]
    least, singular = min([(own, None), *at_rank], key=lambda pair: pair[0])
    first = min(proper, key=lambda s: aic(s, reml), default=None)
    return (first, "aic") if first is not None and aic(first, reml) < least + 2 else (singular, "keep")
