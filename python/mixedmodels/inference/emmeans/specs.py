"""The specification of marginal means: factors, by-factors and contrasts, as users write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mixedmodels._names import listed, meant
from mixedmodels._spellings import recased
from mixedmodels.errors import DataError
from mixedmodels.formula import show
from mixedmodels.formula.grammar import read_expression
from mixedmodels.formula.nodes import Binary, Unary, column_names

Names = str | Sequence[str] | None


def names_of(names: Names, levels: Iterable[str] = ()) -> tuple[str, ...]:
    """One name, several, or none, as the grid has them."""
    return tuple(meant(name, levels) for name in listed(names))


def is_response(scale: str) -> bool:
    """Whether a type asks for the scale of the response.

    Raises
    ------
    DataError
        If it is no type.
    """
    scale = recased(scale, ("link", "response"))
    if scale not in ("link", "response"):
        raise DataError(f"type must be 'link' or 'response', not {scale!r}.")
    return scale == "response"


def parse_specs(
    specs: Any, by: Names = None, levels: Iterable[str] = ()
) -> tuple[tuple[str, ...], tuple[str, ...], Any]:
    """Factors, factors to group by, and contrasts, of ``"A"``, ``["A", "B"]`` or ``"pairwise ~ A | B"``."""
    groups = names_of(by, levels)
    if not isinstance(specs, str) or "~" not in specs:
        factors = names_of(specs, levels)
        return tuple(f for f in factors if f not in groups and f != "1"), groups, None
    node = read_expression(specs)
    method = None
    if isinstance(node, Binary) and node.operator == "~":
        method, node = show(node.left), node.right
    elif isinstance(node, Unary):
        node = node.operand
    if isinstance(node, Binary) and node.operator == "|":
        groups = tuple(dict.fromkeys([*column_names(node.right), *groups]))
        node = node.left
    return tuple(f for f in column_names(node) if f not in groups), groups, method
