"""Fixed terms dropped or added one at a time: the models, their refits, and the table."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedmodels import formula as formulas
from mixedmodels.design import Design
from mixedmodels.errors import DataError, MixedModelsWarning
from mixedmodels.estimates.coefficients import Ddf
from mixedmodels.estimates.statistic_choice import checked_test
from mixedmodels.fit.ols import dense_columns
from mixedmodels.fitted.refits import all_refitted, by_maximum_likelihood, design_of
from mixedmodels.formula import Terms
from mixedmodels.inference.anova.r_tables import drop1_f_table
from mixedmodels.inference.comparison.drop1_tables import (
    generalized_table,
    likelihood_table,
    linear_table,
    score_statistic,
)
from mixedmodels.inference.comparison.lrt import Columns, likelihood_of
from mixedmodels.inference.comparison.marginality import (
    addable,
    check_droppable,
    checked_scope,
    droppable,
    with_terms,
    without,
)
from mixedmodels.tables.result_table import ResultTable

if TYPE_CHECKING:
    from mixedmodels.fitted.model import FittedModel

Scope = str | Sequence[str] | None


def drop1(model: FittedModel, test: str | None, scope: Scope, ddf: Ddf) -> ResultTable:
    """See `ComparisonVerbs.drop1`."""
    model._need_rows("drop1()")
    wanted = checked_test(test, _tests(model))
    terms = _terms(model)
    if scope is None:
        labels = droppable(terms)
    else:
        if isinstance(scope, str):
            scope = formulas.parse(_updated(model, scope)).fixed.labels if "~" in scope else [scope]
        labels = checked_scope(scope, terms)
    if wanted == "F" or not model._fit.mixed:
        check_droppable(labels, terms)
    if model._fit.mixed and wanted == "F":
        return drop1_f_table(model, ddf, labels)
    if ddf is not None:
        raise DataError("ddf is for drop1(test='F') of a linear mixed model; other tables compare fits.")
    base = by_maximum_likelihood(model)
    fits: list[Any] = all_refitted(model, [_without(model, label) for label in labels])
    scores = [score_statistic(f, _kept(model.design, base)) for f in fits] if wanted == "Rao" else None
    columns = _columns(base, fits, wanted, False, scores)
    return _table(model, columns, labels, wanted, ("Single term deletions", "", "Model:", model.formula))


def add1(model: FittedModel, scope: Scope, test: str | None) -> ResultTable:
    """See `ComparisonVerbs.add1`."""
    model._need_rows("add1()")
    wanted = checked_test(test, [name for name in _tests(model) if name != "F" or not model.design.random])
    terms = _terms(model)
    if scope is None:
        raise DataError("add1() needs the terms to try: scope='~ . + x + f' or scope=['x', 'f'].")
    if isinstance(scope, str) and "~" in scope:
        labels: Sequence[str] = addable(terms, formulas.parse(_updated(model, scope)).fixed)
    else:
        labels = [scope] if isinstance(scope, str) else list(scope)
    if not labels:
        raise DataError(f"the scope has no term that could be added to {model.formula!r}.")
    whole = design_of(model, _updated(model, ". ~ . + " + " + ".join(labels)))
    by_variables = {_variables(label): label for label in whole.fixed.terms}
    own = [by_variables[_variables(label)] for label in terms.labels]
    base: Any = by_maximum_likelihood(model)
    designs = [with_terms(whole, [*own, by_variables[_variables(label)]]) for label in labels]
    fits = all_refitted(model, designs)
    scores = None
    if wanted == "Rao":
        scores = [score_statistic(base, _kept(d, f)) for d, f in zip(designs, fits, strict=True)]
    columns = _columns(base, fits, wanted, True, scores)
    return _table(model, columns, labels, wanted, ("Single term additions", "", "Model:", model.formula))


def _tests(model: FittedModel) -> tuple[str, ...]:
    if not model._fit.generalized:
        return ("none", "Chisq", "F")
    return ("none", "Chisq") if model._fit.mixed else ("none", "Chisq", "F", "Rao")


def _terms(model: FittedModel) -> Terms:
    terms: Terms = model.design.spec.formula.fixed
    return terms


def _updated(model: FittedModel, change: str) -> str:
    """The formula, where a ``.`` of `change` stands for the old side."""
    return formulas.update(model.design.spec.formula, change).text


def _variables(label: str) -> frozenset[str]:
    return frozenset(part.strip() for part in label.split(":"))


def _without(model: FittedModel, label: str) -> Design:
    """The design without a term: its columns left out, or laid out anew where other terms' coding depends on it.

    For lm and glm R leaves columns out, which is refused here where an interaction holds the term; lme4 updates the
    formula. Both are the same where there is an intercept and no interaction holds the term.
    """
    terms = _terms(model)
    if not model.design.random or (terms.intercept and label in droppable(terms)):
        return without(model.design, label)
    return design_of(model, _updated(model, f". ~ . - {label}"))


def _kept(design: Design, fit: Any) -> Any:
    return dense_columns(design, fit.kept, fit.n)


def _columns(base: Any, fits: Sequence[Any], test: str, adding: bool, scores: Sequence[float] | None) -> Columns:
    if base.mixed:
        return likelihood_table(likelihood_of(base), [likelihood_of(f) for f in fits], test, adding)
    if base.generalized:
        if test == "F" and base.family.name in ("binomial", "poisson"):
            warnings.warn(
                MixedModelsWarning(
                    f"an F test supposes a dispersion that is estimated, and that of the {base.family.name} family is "
                    "1; test='Chisq' is the test of this family."
                ),
                stacklevel=5,
            )
        return generalized_table(base, fits, test, adding, None if scores is None else np.array(scores))
    return linear_table(base, fits, test, adding)


def _table(
    model: FittedModel, columns: Columns, labels: Sequence[str], test: str, heading: tuple[str, ...]
) -> ResultTable:
    fit, mixed = model._fit, model._fit.mixed
    fixed = fit.generalized and not fit.mixed and fit.dispersion == 1
    p = {"Chisq": "Pr(Chi)" if mixed else "Pr(>Chi)", "Rao": "Pr(>Chi)", "F": "Pr(>F)"}.get(test, "")
    headers = {
        "sum_sq": "Sum of Sq",
        "rss": "RSS",
        "deviance": "Deviance",
        "score": "Rao score" if fixed else "scaled Rao sc.",
        "lrt": "LRT" if mixed or fixed else "scaled dev.",
        "p_value": p,
    }
    return ResultTable(
        columns=columns, names=("<none>", *labels), headers=headers, heading=heading, kind=model._source.kind
    )
