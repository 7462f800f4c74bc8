"""Random terms left out one by one: the models, fitted again, and their table."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from mixedmodels import formula as formulas
from mixedmodels.errors import DataError
from mixedmodels.estimates import wald
from mixedmodels.estimates.statistic_choice import checked_test
from mixedmodels.fitted.refits import all_refitted, design_of
from mixedmodels.formula import Bar, Formula
from mixedmodels.inference.comparison.chi_bar_squared import mixture, null_distributions
from mixedmodels.inference.comparison.lrt import likelihood_of
from mixedmodels.inference.comparison.marginality import droppable
from mixedmodels.tables.result_table import ResultTable

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel


def ranova(model: FittedModel, reduce_terms: bool, test: str | None) -> ResultTable:
    """See `ComparisonVerbs.ranova`."""
    if not model.design.random:
        raise DataError(f"ranova() leaves out random terms, and {model.formula!r} has none.")
    wanted = checked_test(test, ("Chisq", "mixture"), "Chisq")
    whole: Formula = model.design.spec.formula
    restricted = model._fit.reml
    smaller = reductions(whole.random, reduce_terms)
    designs = [design_of(model, formula_with(whole, bars)) for _, bars in smaller]
    models = list(zip(designs, all_refitted(model, designs, reml=restricted, stacklevel=4), strict=True))
    values = [likelihood_of(model._fit), *(likelihood_of(fit, restricted) for _, fit in models)]
    npar = np.array([v.npar for v in values])
    loglik = np.array([v.loglik for v in values])
    lrt = np.r_[nan, 2 * (loglik[0] - loglik[1:])]
    df = np.r_[nan, npar[0] - npar[1:]]
    labels = ("<none>", *(label for label, _ in smaller))
    p = wald.chi_squared_p(lrt, df)
    footer: tuple[str, ...] = ()
    if wanted == "mixture":
        mixtures = [mixture(small, (model.design, model._fit)) for small in models]
        p = np.array([nan, *(m.p_value(x) for m, x in zip(mixtures, lrt[1:], strict=True))])
        footer = null_distributions(labels[1:], mixtures)
    aic = np.array([v.aic for v in values])
    return ResultTable(
        columns={"npar": npar, "loglik": loglik, "aic": aic, "lrt": lrt, "df": df, "p_value": p},
        names=labels,
        heading=(
            "ANOVA-like table for random-effects: Single term deletions",
            "",
            "Model:",
            formula_with(whole, whole.random),
        ),
        footer=footer,
        kind=model._source.kind,
    )


def reductions(bars: Sequence[Bar], reduce_terms: bool) -> list[tuple[str, list[str]]]:
    """Effects to leave out, by the name of their row, and the random terms that remain, as texts."""
    texts = [bar_text(bar) for bar in bars]
    out = []
    for place, bar in enumerate(bars):
        others = [text for i, text in enumerate(texts) if i != place]
        parts = droppable(bar.effects) if reduce_terms and bar.structure == "us" else ()
        for label in parts:
            rest = [other for other in bar.effects.labels if other != label]
            kept = " + ".join([*([] if bar.effects.intercept else ["0"]), *rest]) or "1"
            none = not rest and not bar.effects.intercept
            smaller = [] if none else [f"({kept} | {bar.group})"]
            out.append((f"{label} in {texts[place]}", [*texts[:place], *smaller, *texts[place + 1 :]]))
        if not parts:
            out.append((texts[place], others))
    return out


def bar_text(bar: Bar) -> str:
    """A random term as a formula writes it."""
    text = f"({bar.text})"
    if bar.structure == "us":
        return text
    return f"{bar.structure}{text}"


def formula_with(whole: Formula, bars: Sequence[Bar] | Sequence[str]) -> str:
    """The formula with these random terms, simplified as R's ``update`` does."""
    terms = whole.fixed
    parts = [*terms.labels, *(b if isinstance(b, str) else bar_text(b) for b in bars)]
    parts += [text for text, _ in whole.offset_texts]
    right = " + ".join(parts) or "1"
    text = f"{whole.response} ~ {right}" + ("" if terms.intercept else " - 1")
    parsed = formulas.parse(text)
    return f"{whole.response} ~ {formulas.simplified(parsed)}"
