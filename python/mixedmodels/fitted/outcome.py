"""The name of what a model is of: which outcome's probability, whose mean count, or the response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixedmodels.formula import show
from mixedmodels.formula.nodes import Binary, Call, Name, strip

if TYPE_CHECKING:
    from mixedmodels.design import Design
    from mixedmodels.families import Family


def outcome(design: Design) -> str:
    """What happens or is counted: "out = 'dead'", "incidence" of ``cbind(incidence, size - incidence)``.

    It is for models of proportions.

    Examples
    --------
    >>> from mixedmodels.fitted.outcome import outcome
    >>> outcome(gm.design)
    'incidence'
    """
    left = design.spec.formula.left
    node = None if left is None else strip(left)
    if isinstance(node, Call) and node.function == "cbind" and node.arguments:
        return show(node.arguments[0].value)
    if design.event is None:
        return show(node.left) if isinstance(node, Binary) and node.operator == "/" else design.response_name
    says_itself = design.event == "= TRUE" and not isinstance(node, Name)  # as in `age > 30`
    return design.response_name if says_itself else f"{design.response_name} {design.event}"


def outcome_label(design: Design, family: Family) -> str:
    """The mean that a model is of, in words.

    Examples
    --------
    >>> from mixedmodels.fitted.outcome import outcome_label
    >>> outcome_label(fit.design, fit.family)
    'Reaction'
    """
    if family.support == "proportion":
        return f"Probability of {outcome(design)}"
    return f"Mean count of {design.response_name}" if family.support == "counts" else design.response_name


def modelled(design: Design) -> str:
    """A line that says which of two outcomes a binomial model is about; empty where the formula says it."""
    event = design.event
    return "" if event is None or event == "= 1" else f"Probability modelled: {outcome(design)}"
