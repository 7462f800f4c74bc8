"""Families as R writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixedmodels.tables.r_numbers import format_number

if TYPE_CHECKING:
    from mixedmodels.families import Family


def call_text(family: Family) -> str:
    """The family in a call: ``binomial``, ``binomial(link = "probit")``, ``negative.binomial(2)``."""
    link = "" if family.link == family.handle.links[0] else f'link = "{family.link}"'
    if family.theta is not None:
        inside = ", ".join(part for part in (format_number(family.theta), link) if part)
        return f"negative.binomial({inside})"
    return f"{family.name}({link})" if link else str(family.name)
