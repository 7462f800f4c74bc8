"""The random effects that a prediction uses: R's ``re.form``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixedmodels.design import Design
from mixedmodels.errors import FormulaError
from mixedmodels.formula import parse
from mixedmodels.formula.grammar import read_expression
from mixedmodels.formula.nodes import Binary

Chosen = NDArray[np.bool_]
INTERCEPT = "(Intercept)"


def chosen_effects(design: Design, re_form: Any) -> list[Chosen]:
    """For each random term which of its k columns `re_form` keeps.

    Parameters
    ----------
    re_form : str, bool, float, mapping or None
        None for all random effects; "~0" (or "NA", NaN, False) for none; or a one-sided formula with random terms of
        the model, or parts of them: "~ (1 | g)", of a single one also "~ 1 | g". Of a model of several components a
        formula is for all of them, and a mapping has one for each, None where it has none. Terms then stand in the
        order of the components.

    Raises
    ------
    FormulaError
        If it names a random effect that the model does not have.
    """
    if design.further:
        return _of_components(design.predictors, re_form)
    return _of_one(design, re_form)


def _of_components(designs: Sequence[Design], re_form: Any) -> list[Chosen]:
    """The chosen effects of each component in turn; what none of them has is an error."""
    if isinstance(re_form, Mapping):
        strange = [name for name in re_form if name not in {d.component for d in designs}]
        if strange:
            there = ", ".join(repr(d.component) for d in designs)
            raise FormulaError(f"re_form has no component {strange[0]!r}; the model has {there}.")
        return [c for d in designs for c in _of_one(d, re_form.get(d.component))]
    parts: list[list[Chosen]] = []
    failures = []
    for design in designs:
        try:
            parts.append(_of_one(design, re_form))
        except FormulaError as error:
            failures.append(error)
            parts.append([np.zeros(len(t.effects), dtype=bool) for t in design.random])
    if len(failures) == len(designs):
        raise failures[0]
    return [c for part in parts for c in part]


def _of_one(design: Design, re_form: Any) -> list[Chosen]:
    if re_form is None:
        return [np.ones(len(t.effects), dtype=bool) for t in design.random]
    chosen = [np.zeros(len(t.effects), dtype=bool) for t in design.random]
    if _is_none(re_form):
        return chosen
    if not isinstance(re_form, str):
        raise FormulaError(f"re_form must be None, '~0' or a formula such as '~ (1 | g)'; got {re_form!r}.")
    formula = parse(_with_parentheses(re_form))
    if formula.left is not None or formula.fixed.terms or not formula.random:
        raise FormulaError(f"re_form {re_form!r} must be one-sided and hold random terms only, as '~ (1 | g)' does.")
    for bar in formula.random:
        wanted = set(bar.effects.labels) | ({INTERCEPT} if bar.effects.intercept else set())
        missing = set(wanted)
        for i, term in enumerate(design.random):
            if design.groups[term.group].name == bar.group:
                owners = [owner(effect, effect_labels(design, i)) for effect in term.effects]
                missing -= set(owners)
                chosen[i] |= np.array([o in wanted for o in owners])
        if missing:
            there = ", ".join(f"({t.text})" for t in design.random)
            raise FormulaError(
                f"re_form {re_form!r}: ({bar.text}) is not part of the model, whose random terms are {there}."
            )
    return chosen


def _with_parentheses(re_form: str) -> str:
    """The formula of a single random term with its parentheses: ``~ 1 | g`` says what ``~ (1 | g)`` says."""
    left, tilde, right = re_form.rpartition("~")
    node = read_expression(right)
    single = isinstance(node, Binary) and node.operator in ("|", "||")
    return f"{left}{tilde or '~'} ({right})" if single else f"{left}{tilde or '~'}{right}"


def _is_none(re_form: Any) -> bool:
    if isinstance(re_form, str):
        return re_form.replace(" ", "") in ("~0", "~-1", "~NA", "NA")
    return re_form is False or (isinstance(re_form, float) and math.isnan(re_form))


def effect_labels(design: Design, term: int) -> tuple[str, ...]:
    """Labels of the terms that vary among the groups of a random term: "x", "f", "x:f"."""
    return tuple(design.spec.formula.random[design.spec.order[term][0]].effects.labels)


def owner(effect: str, labels: Sequence[str]) -> str:
    """The label of the term that a column belongs to: a factor's columns carry its name before that of the level."""
    parts = effect.split(":")

    def fits(label: str) -> bool:
        names = label.split(":")
        return len(names) == len(parts) and all(p.startswith(n) for p, n in zip(parts, names, strict=True))

    return max((label for label in labels if fits(label)), key=len, default=INTERCEPT)


def wanted_terms(chosen: Sequence[Chosen]) -> list[int]:
    """Random terms of which any effect is chosen."""
    return [i for i, columns in enumerate(chosen) if columns.any()]
