"""Terms that can be dropped or added without leaving an interaction that lacks a margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mixedmodels._names import listed, meant
from mixedmodels.design import Design
from mixedmodels.design.records import FixedDesign
from mixedmodels.errors import DataError
from mixedmodels.formula import Terms


def variables(terms: Terms) -> dict[str, frozenset[str]]:
    """Label of each term -> the texts of its variables."""
    sets = [frozenset(terms.names[i] for i in term) for term in terms.terms]
    return dict(zip(terms.labels, sets, strict=True))


def droppable(terms: Terms) -> tuple[str, ...]:
    """Labels of the terms that are part of no other term."""
    sets = variables(terms)
    return tuple(label for label, own in sets.items() if not any(own < other for other in sets.values()))


def addable(terms: Terms, upper: Terms) -> tuple[str, ...]:
    """Labels of the terms of `upper` that `terms` lacks and that no other such term is part of.

    Raises
    ------
    DataError
        If a term of the model is not among those of the scope.
    """
    present, wanted = set(variables(terms).values()), variables(upper)
    lost = [label for label, own in variables(terms).items() if own not in wanted.values()]
    if lost:
        raise DataError(f"the scope lacks the term {lost[0]!r} of the model; write it as '~ . + ...'.")
    new = {label: own for label, own in wanted.items() if own not in present}
    return tuple(label for label, own in new.items() if not any(other < own for other in new.values()))


def checked_scope(scope: Sequence[str], terms: Terms) -> tuple[str, ...]:
    """Labels as the model has them, whatever the order of the variables in an interaction.

    Raises
    ------
    DataError
        If one is no term of the model.
    """
    by_variables = {own: label for label, own in variables(terms).items()}
    if not scope:
        raise DataError("the scope is empty; name at least one term, or leave it out for all that can be dropped.")
    out = []
    for text in listed(scope):
        label = meant(text, terms.labels)
        if label not in terms.labels:
            parts = [part.strip() for part in str(label).split(":")]
            label = by_variables.get(frozenset(meant(part, terms.names) for part in parts))
        if label is None:
            labels = ", ".join(map(repr, terms.labels)) or "none"
            raise DataError(f"scope: {text!r} is not a term of the model; its terms are {labels}.")
        out.append(label)
    return tuple(out)


def check_droppable(labels: Sequence[str], terms: Terms) -> None:
    """Refuse to drop the columns of a term beside those of its interactions.

    Raises
    ------
    DataError
        If one is part of another term: what is left depends on the contrasts, and on where a covariate has its zero.
    """
    free = droppable(terms)
    for label in labels:
        if label not in free:
            own = variables(terms)[label]
            inside = next(other for other, held in variables(terms).items() if own < held)
            raise DataError(
                f"{label!r} is part of {inside!r}: what remains without its columns depends on the coding of factors "
                "and on the zeros of covariates. Drop the interaction too, or take anova(type=2) or (type=3); "
                "car_anova(type=3) tests coefficients as they are coded."
            )


def without(design: Design, label: str) -> Design:
    """The design without the columns of a fixed term."""
    place = design.fixed.terms.index(label)
    return with_columns(design, [j for j, term in enumerate(design.fixed.assign) if term != place])


def with_terms(design: Design, labels: Sequence[str]) -> Design:
    """The design with the columns of some fixed terms, and of the intercept, only."""
    places = {design.fixed.terms.index(label) for label in labels} | {-1}
    return with_columns(design, [j for j, term in enumerate(design.fixed.assign) if term in places])


def with_columns(design: Design, chosen: Sequence[int]) -> Design:
    """The design with some of the columns of X only."""
    x = design.fixed
    some = FixedDesign(
        names=tuple(x.names[j] for j in chosen),
        columns=tuple(x.columns[j] for j in chosen),
        assign=tuple(x.assign[j] for j in chosen),
        terms=x.terms,
        contrasts=x.contrasts,
    )
    return replace(design, fixed=some)
